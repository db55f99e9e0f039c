"""The lab: what happens to real daemons is told by the real Prometheus and Alertmanager, or is rightly not told.

All troubles begin together (`lab.trouble`); each test waits for what follows from one of them. `make lab-prometheus`.
"""

import urllib.request
from collections.abc import Iterator
from itertools import pairwise

import pytest

from tests.deploy import page
from tests.deploy.dashboards import Query, queries
from tests.deploy.lab import FARMS, FLEET, Lab, open_lab
from tests.deploy.rules import alerts
from tests.deploy.tools import faketime_library, needs, run
from tests.waiting import wait_until

pytestmark = [needs("prometheus", "alertmanager", "promtool"), pytest.mark.timeout(500)]


@pytest.fixture(scope="module")
def page_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[page.Run]:
    """docs/zero-to-paged.md, under way while the lab is."""
    run = page.start(tmp_path_factory.mktemp("page"))
    try:
        yield run
    finally:
        run.close()


@pytest.fixture(scope="module")
def lab(page_run: page.Run, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with open_lab(tmp_path_factory.mktemp("lab")) as opened:
        yield opened


BY_GATEWAY = {
    "down": "IBGatewayDown",
    "upstream": "IBUpstreamLost",
    "farm": "IBFarmDown",
    "farmflap": "IBFarmFlapping",
    "flap": "IBSessionFlapping",
    "slow": "IBHeartbeatSlow",
    "overdue": "IBRestartOverdue",
    "conflict": "IBClientIdConflict",
    "competing": "IBCompetingSession",
    "mismatch": "IBAccountMismatch",
    "skew": "IBClockSkew",
    "zone": "IBTimezoneMismatch",
    "desupport": "IBGatewayVersionDesupported",
    "paused": "IBGatewayPausedLong",
    "due": "IBReauthDueSoon",
    "upflap": "IBUpstreamFlapping",
    "brief": "IBBriefOutage",
    "undecodable": "IBMessagesUndecodable",
    "dropped": "IBGatewayUnwatched",
}


@pytest.mark.parametrize("gateway", BY_GATEWAY)
def test_trouble_of_a_gateway_arrives_at_the_webhook(lab: Lab, gateway: str) -> None:
    lab.wait_told(BY_GATEWAY[gateway], gateway=gateway, timeout=90)


def test_a_farm_that_breaks_is_told_and_its_end_too(lab: Lab) -> None:
    lab.wait_told("IBFarmDown", gateway="farm", kind="market_data", farm="usfarm")
    lab.gateways["farm"].do("notice", code=2104, text="Market data farm connection is OK:usfarm")
    lab.wait_told("IBFarmDown", "resolved", gateway="farm", farm="usfarm")


def test_a_gateway_that_comes_back_is_told_as_well(lab: Lab) -> None:
    lab.wait_told("IBGatewayDown", gateway="down")
    lab.gateways["down"].do("heal")
    lab.wait_told("IBGatewayDown", "resolved", gateway="down")


def test_an_overdue_restart_pages_once_and_under_its_own_name(lab: Lab) -> None:
    lab.wait_told("IBRestartOverdue", gateway="overdue", timeout=90)
    assert lab.prometheus.query('last_over_time(ALERTS{alertname="IBGatewayDown", gateway="overdue"}[30m])') == []


@pytest.mark.parametrize("gateway", ["conflict", "mismatch"])
def test_what_has_a_name_of_its_own_is_not_told_as_a_gateway_that_is_down(lab: Lab, gateway: str) -> None:
    """Programs on such a gateway can trade; to say that they cannot would be false."""
    lab.wait_told(BY_GATEWAY[gateway], gateway=gateway, timeout=90)
    down = f'last_over_time(ALERTS{{alertname="IBGatewayDown", alertstate="firing", gateway="{gateway}"}}[30m])'
    assert lab.prometheus.query(down) == []
    assert lab.webhook.find("IBGatewayDown", gateway=gateway) is None


def test_a_gate_that_stays_closed_and_data_that_does_not_come_are_told(lab: Lab) -> None:
    lab.wait_told("IBGateClosed", gateway="gated", timeout=90)
    lab.wait_told("IBCanaryDead", gateway="dark", timeout=90)


def test_a_recovery_that_asks_and_one_that_does_not_help_are_told(lab: Lab) -> None:
    lab.wait_told("IBRecoveryApproval", gateway="asking", timeout=90)
    lab.wait_told("IBRecoveryFailed", gateway="helpless", timeout=90)


def test_a_supervisor_that_starts_again_and_again_is_told(lab: Lab) -> None:
    lab.wait_told("IBSupervisorCrashLoop", instance=lab.webhook.address)


@pytest.mark.skipif(faketime_library() is None, reason="faketime is not installed")
def test_a_missed_weekly_login_pages_once_and_under_its_own_name(lab: Lab) -> None:
    lab.wait_told("IBReauthRequired", gateway="login", timeout=60)
    assert lab.webhook.find("IBRestartOverdue", gateway="login") is None
    assert lab.prometheus.value('ib_gateway_status{gateway="login", ib_gateway_status="reauth_required"}') == 1


def test_a_config_that_was_refused_is_told(lab: Lab) -> None:
    lab.wait_told("IBSupervisorConfigReloadFailed", instance=lab.instance("main"))


def test_dropped_notices_and_a_failing_journal_are_told(lab: Lab) -> None:
    lab.wait_told("IBSupervisorEventsDropped")
    lab.wait_told("IBJournalFailing")


def test_the_heartbeat_to_the_outside_goes_its_own_way(lab: Lab) -> None:
    wait_until(lambda: lab.webhook.told("/heartbeat"), 30, every=0.2)
    assert {told.name for told in lab.webhook.told("/heartbeat")} == {"IBDeadMansSwitch"}


@pytest.mark.parametrize(("alert", "gateway"), [("IBOrderIdWentBack", "orderid"), ("IBRestartBlip", "blip")])
def test_what_is_for_the_record_wakes_nobody(lab: Lab, alert: str, gateway: str) -> None:
    wait_until(lambda: (alert, gateway) in lab.alertmanager.states(), 60, every=0.2)
    assert lab.webhook.find(alert) is None


def test_a_supervisor_that_dies_pages_and_silences_what_it_told(lab: Lab) -> None:
    victim = lab.daemons["victim"]
    assert victim.post("/api/v1/gateways/orphan/pause") == 204
    lab.wait_told("IBGatewayPausedLong", gateway="orphan")
    victim.process.kill()
    lab.wait_told("IBSupervisorDown", instance=lab.instance("victim"))


def test_a_restart_that_did_not_come_is_told(lab: Lab) -> None:
    lab.wait_told("IBRestartNotSeen", gateway="notseen", timeout=100)


def test_every_alert_of_the_rules_was_seen_firing(lab: Lab) -> None:
    wanted = {alert.name for alert in alerts()}
    if faketime_library() is None:
        wanted.remove("IBReauthRequired")
    seen = {
        series["metric"]["alertname"]
        for series in lab.prometheus.query('last_over_time(ALERTS{alertstate="firing"}[30m])')
    }
    assert seen == wanted


def test_what_is_told_reads_well_and_its_runbook_opens(lab: Lab) -> None:
    told = {t.name: t for t in lab.webhook.told() if t.status == "firing"}
    assert len(told) > 15
    for alert in told.values():
        text = alert.annotations["description"]
        assert "{{" not in text
        assert "<" not in text
        assert "%!" not in text
        with urllib.request.urlopen(alert.annotations["runbook_url"], timeout=10) as runbook:
            assert runbook.read().decode().startswith(f"# {alert.name}\n")


def test_a_hundred_gateways_are_scraped_every_5_seconds_without_a_gap(lab: Lab) -> None:
    wait_until(lambda: (lab.prometheus.value('count_over_time(up{job="many"}[5m])') or 0) >= 13, 90, every=0.5)
    assert lab.prometheus.value('min_over_time(up{job="many"}[1m])') == 1
    wait_until(lambda: lab.prometheus.value('count(ib_up{job="many"} == 1)') == FLEET, 30, every=0.5)
    assert lab.prometheus.value('count(ib_farm_up{job="many"} == 1)') == FLEET * FARMS
    (series,) = lab.prometheus.query('ib_heartbeat_seconds_count{job="many", gateway="g042"}[1m]')
    times = [at for at, _ in series["values"]]
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert len(times) >= 11
    assert max(gaps) < 5.5, gaps
    slowest = lab.prometheus.value('max_over_time(scrape_duration_seconds{job="many"}[1m])')
    assert slowest is not None
    assert slowest < 2.5


def test_promtool_has_nothing_to_say_about_the_metrics(lab: Lab) -> None:
    for name in ("main", "many"):
        assert run("promtool", "check", "metrics", text=lab.daemons[name].get("/metrics")) == ""


def test_what_breaks_inside_a_restart_window_pages_nobody(lab: Lab) -> None:
    """Asked last: the same farm broke on the gateway `farm` at the same moment, and was told."""
    lab.wait_told("IBFarmDown", gateway="farm")
    daemon = lab.daemons["main"]
    assert daemon.metric("ib_gateway_status", gateway="window", ib_gateway_status="maintenance") == 1
    assert daemon.metric("ib_farm_up", gateway="window", farm="usfarm") == 0
    assert [told for told in lab.webhook.told() if told.labels.get("gateway") == "window"] == []
    assert lab.prometheus.query('last_over_time(ALERTS{gateway="window"}[30m])') == []


def test_nobody_was_woken_for_the_hundred_that_are_well(lab: Lab) -> None:
    """A loaded machine may answer them slowly, which is a warning, and right."""
    of_many = [told for told in lab.webhook.told() if told.labels.get("job") == "many"]
    assert [told for told in of_many if told.labels["severity"] == "critical"] == []


@pytest.mark.parametrize("query", queries(), ids=lambda query: query.where)
def test_every_query_of_the_dashboards_finds_something(lab: Lab, query: Query) -> None:
    wait_until(lambda: lab.prometheus.query(query.sent), 20, every=0.5, what=query.sent)


def test_the_page_from_zero_to_paged_does_what_it_says_and_pages_within_two_minutes(page_run: page.Run) -> None:
    """With the shipped files, at their own pace."""
    output = page_run.folder / "output.txt"
    wait_until(lambda: page_run.process.poll() is not None, 420, every=0.5, what=output.read_text(encoding="utf-8"))
    assert page_run.process.returncode == 0, output.read_text(encoding="utf-8")
    assert page_run.seconds_to_page < 120
    assert [line.split()[1:3] for line in page_run.pages] == [
        ["firing", "IBGatewayDown"],
        ["resolved", "IBGatewayDown"],
    ]
