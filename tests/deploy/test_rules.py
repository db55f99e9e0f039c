"""The rules are right: by promtool's own tests, and by what good alerts have in common."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import promql_parser
import pytest

from deploy.prometheus.__main__ import places, texts
from deploy.prometheus.settings import Settings
from supervisor.core.model.pages import PAGES
from tests.deploy.rules import Alert, alerts, document, with_few_rules
from tests.deploy.tools import ALERTS, DEPLOY, RECORDS, RUNBOOKS, needs, run

PROMTOOL_TESTS = sorted((DEPLOY / "prometheus" / "tests").glob("*.yaml"))
LISTED = {page.name for page in PAGES}
every_file = pytest.mark.parametrize("file", PROMTOOL_TESTS, ids=lambda file: file.stem)
every_alert = pytest.mark.parametrize("alert", alerts(), ids=lambda alert: f"{alert.name}-{alert.severity}")


def test_there_is_an_alert_for_every_page_of_the_table() -> None:
    assert {alert.name for alert in alerts()} == LISTED


@pytest.mark.parametrize("name", texts(Settings()))
def test_the_shipped_files_are_the_generated_ones(name: str) -> None:
    assert places(None)[name].read_text(encoding="utf-8") == texts(Settings())[name], "run python -m deploy.prometheus"


@needs("promtool")
def test_promtool_accepts_the_rules() -> None:
    assert "SUCCESS" in run("promtool", "check", "rules", ALERTS, RECORDS)


@needs("promtool")
@every_file
def test_each_alert_does_what_its_promtool_tests_claim(file: Path, tmp_path: Path) -> None:
    assert "SUCCESS" in run("promtool", "test", "rules", *with_few_rules(file, tmp_path))


@pytest.mark.long
@needs("promtool")
@every_file
def test_the_shipped_rules_together_do_what_their_promtool_tests_claim(file: Path) -> None:
    assert "SUCCESS" in run("promtool", "test", "rules", file)


@cache
def claims() -> list[tuple[str, str, list[dict[str, Any]]]]:
    """(alert, claim, checks) of every promtool test of an alert."""
    found = []
    for file in PROMTOOL_TESTS:
        for test in document(file)["tests"]:
            match = re.match(r"(IB\w+) (fires|near miss|resolves): ", test["name"])
            if match:
                found.append((match[1], match[2], test["promql_expr_test"]))
    return found


@pytest.mark.parametrize("name", sorted(LISTED - {"IBDeadMansSwitch"}))
def test_every_alert_is_seen_to_fire_to_miss_and_to_end(name: str) -> None:
    mine = {claim: checks for alert, claim, checks in claims() if alert == name}
    assert mine.keys() == {"fires", "near miss", "resolves"}
    seen = {claim: [bool(check["exp_samples"]) for check in checks] for claim, checks in mine.items()}
    assert seen["fires"][-1]
    assert not any(seen["near miss"])
    assert seen["resolves"][0]
    assert not seen["resolves"][-1]


@every_alert
def test_every_alert_says_what_happened_and_where_to_read_on(alert: Alert) -> None:
    assert alert.severity in {"critical", "warning", "info"}
    assert set(alert.annotations) == {"summary", "description", "runbook_url"}
    summary = alert.annotations["summary"]
    assert summary.endswith(".")
    assert "{{" not in summary, "the summary is the same for all of a group"
    assert alert.annotations["runbook_url"] == "{{ $externalURL }}/user/ib-supervisor/" + alert.name + ".md"
    assert (RUNBOOKS / f"{alert.name}.md").is_file()
    if alert.group not in {"ib-supervisor", "ib-alerting"}:
        assert "{{ $labels.gateway }}" in alert.annotations["description"]


@every_alert
def test_every_expression_compares_and_joins_on_what_makes_a_gateway_unique(alert: Alert) -> None:
    promql_parser.parse(alert.expr)
    if alert.name != "IBDeadMansSwitch":
        assert re.search(r"[<>=]=|[<>]", re.sub(r"\{[^}]*\}", "", alert.expr)), (
            "an alert without a comparison always fires"
        )
    for labels in re.findall(r"\bon \(([^)]+)\)", alert.expr):
        if alert.name == "IBSupervisorDown" and labels == "job, gateway":
            continue  # two supervisors with one gateway; a name that more than one has as its own is left out there
        assert {"job", "instance"} <= set(re.split(r",\s*", labels))
        if alert.name not in {"IBSupervisorDown", "IBGatewayUnwatched"}:
            assert "gateway" in labels
    assert "ignoring" not in alert.expr
    if alert.name != "IBGateClosed":  # no outage: it closes before a restart, with every layer up
        assert "ib_window" not in alert.expr, "what is planned is decided by the daemon, and ends"


def test_what_pages_waits_a_minute_and_what_heals_by_itself_three() -> None:
    """A scrape of 15 s, an evaluation of 15 s and a group_wait of 20 s come on top, and make 110 s of 2 minutes."""
    waits = {alert.name: alert.for_seconds for alert in alerts() if alert.severity == "critical"}
    assert waits.pop("IBFarmDown") == 180
    assert waits.pop("IBUpstreamLost") == 180
    assert max(waits.values()) == 60


def test_an_outage_that_ends_for_a_moment_and_a_supervisor_that_dies_are_not_told_as_an_end() -> None:
    """IBSupervisorDown, which then silences the rest, comes within 75 s."""
    for alert in alerts():
        if alert.name != "IBDeadMansSwitch":
            assert alert.keep_seconds >= 120


def test_availability_is_recorded_over_a_day_a_week_and_a_month() -> None:
    recorded = {rule["record"] for group in document(RECORDS)["groups"] for rule in group["rules"]}
    for span in ("1d", "7d", "30d"):
        assert {f"gateway:ib_availability_{which}:ratio_{span}" for which in ("all", "unplanned")} <= recorded


def test_recordings_are_never_older_than_a_query_looks_back() -> None:
    for group in document(RECORDS)["groups"]:
        assert group["interval"] in {"1m", "2m"}
