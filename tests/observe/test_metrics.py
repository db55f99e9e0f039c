"""The page of metrics: DESIGN.md section 10, name by name, from gateways played on the real core."""

import math
import re
import shutil
import subprocess
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache

import pytest
from prometheus_client.core import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text
from prometheus_client.samples import Sample

from supervisor.core.counters import RECOVERY_BOUNDS
from supervisor.core.events import Ending
from supervisor.core.layers import Layer
from supervisor.core.session import Failure, Loss, Phase
from supervisor.core.snapshot import Snapshot
from supervisor.core.status import Status
from supervisor.observe.metrics import GATEWAY_LABELS, Exposition
from supervisor.observe.metrics_family import Format, Renderer
from supervisor.observe.metrics_gateway import GATEWAY
from supervisor.observe.metrics_own import OWN
from tests.observe import rich
from tests.observe.played import Played
from tests.observe.stage import INTERNALS

OPENMETRICS = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=0.0.4;q=0.3"
FARM = ("gateway", "kind", "farm")
CONTRACT: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "ib_up": ("gauge", ("gateway",)),
    "ib_layer_up": ("gauge", ("gateway", "layer")),
    "ib_gateway_status": ("stateset", ("gateway", "ib_gateway_status")),
    "ib_session_phase": ("stateset", ("gateway", "ib_session_phase")),
    "ib_farm_up": ("gauge", FARM),
    "ib_farm_state": ("stateset", (*FARM, "ib_farm_state")),
    "ib_farm_required": ("gauge", FARM),
    "ib_farm_breaks_total": ("counter", (*FARM, "planned")),
    "ib_farms_untracked_total": ("counter", ("gateway",)),
    "ib_messages_total": ("counter", ("gateway", "code")),
    "ib_connect_attempts_total": ("counter", ("gateway",)),
    "ib_connect_failures_total": ("counter", ("gateway", "reason")),
    "ib_sessions_total": ("counter", ("gateway",)),
    "ib_session_losses_total": ("counter", ("gateway", "reason", "planned")),
    "ib_session_start_timestamp_seconds": ("gauge", ("gateway",)),
    "ib_outages_total": ("counter", ("gateway", "cause", "planned")),
    "ib_outage_seconds_total": ("counter", ("gateway", "cause", "planned")),
    "ib_observed_seconds_total": ("counter", ("gateway",)),
    "ib_recovery_seconds": ("histogram", ("gateway", "planned")),
    "ib_heartbeat_seconds": ("histogram", ("gateway",)),
    "ib_heartbeat_misses_total": ("counter", ("gateway",)),
    "ib_last_message_timestamp_seconds": ("gauge", ("gateway",)),
    "ib_clock_skew_seconds": ("gauge", ("gateway",)),
    "ib_upstream_losses_total": ("counter", ("gateway", "data")),
    "ib_upstream_settling": ("gauge", ("gateway",)),
    "ib_competing_session": ("gauge", ("gateway",)),
    "ib_window_active": ("gauge", ("gateway", "window")),
    "ib_window_next_timestamp_seconds": ("gauge", ("gateway", "window")),
    "ib_restarts_total": ("counter", ("gateway", "result")),
    "ib_restart_pending": ("gauge", ("gateway",)),
    "ib_restart_last_timestamp_seconds": ("gauge", ("gateway",)),
    "ib_restart_observed_offset_seconds": ("gauge", ("gateway",)),
    "ib_token_expiry_timestamp_seconds": ("gauge", ("gateway",)),
    "ib_reauth_due_timestamp_seconds": ("gauge", ("gateway",)),
    "ib_reauth_required": ("gauge", ("gateway",)),
    "ib_gateway_utc_offset_seconds": ("gauge", ("gateway",)),
    "ib_timezone_mismatch": ("gauge", ("gateway",)),
    "ib_desupport_timestamp_seconds": ("gauge", ("gateway",)),
    "ib_next_valid_id_regressions_total": ("counter", ("gateway",)),
    "ib_callback_errors_total": ("counter", ("gateway",)),
    "ib_gateway_info": ("info", ("gateway", "host", "port", "client_id", "server_version", "account_mode")),
    "ib_supervisor_build_info": ("info", ("version", "ibapi_version", "python_version")),
    "ib_supervisor_config_last_reload_successful": ("gauge", ()),
    "ib_supervisor_config_last_reload_success_timestamp_seconds": ("gauge", ()),
    "ib_supervisor_loop_seconds": ("histogram", ()),
    "ib_supervisor_events_dropped_total": ("counter", ()),
    "ib_supervisor_journal_errors_total": ("counter", ()),
}
"""DESIGN.md section 10."""


@cache
def played() -> tuple[Snapshot, ...]:
    return tuple(rich.snapshots())


def exposition(snapshots: Sequence[Snapshot]) -> Exposition:
    return Exposition(lambda: snapshots, lambda: INTERNALS)


def openmetrics(snapshots: Sequence[Snapshot]) -> Mapping[str, Metric]:
    """The families of the OpenMetrics page, by the names of the contract."""
    page, _ = exposition(snapshots).page(OPENMETRICS)
    suffix = {"counter": "_total", "info": "_info"}
    families = parse_openmetrics(page.decode())  # type: ignore[no-untyped-call]
    return {family.name + suffix.get(family.type, ""): family for family in families}


def samples(snapshots: Sequence[Snapshot], name: str, **labels: str) -> list[Sample]:
    """The samples of one metric that have these labels."""
    page, _ = exposition(snapshots).page(None)
    return [
        sample
        for family in parse_text(page.decode())
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    ]


def value(snapshot: Snapshot, name: str, **labels: str) -> float | None:
    """The only one, or None if there is none."""
    found = samples([snapshot], name, **labels)
    assert len(found) <= 1
    return found[0].value if found else None


def test_every_metric_of_the_contract_is_there_and_no_other() -> None:
    families = openmetrics(played())
    assert list(families) == list(CONTRACT)
    assert all(family.samples for family in families.values())


@pytest.mark.parametrize("name", CONTRACT)
def test_type_and_labels_are_those_of_the_contract(name: str) -> None:
    kind, labels = CONTRACT[name]
    family = openmetrics(played())[name]
    assert family.type == kind
    for sample in family.samples:
        assert set(sample.labels) - {"le"} == set(labels), sample


def test_in_the_text_format_a_state_set_and_an_info_are_gauges() -> None:
    page, _ = exposition(played()).page(None)
    assert b"# TYPE ib_gateway_status gauge\n" in page
    assert b"# TYPE ib_gateway_info gauge\n" in page
    assert b"# TYPE ib_sessions_total counter\n" in page


@pytest.mark.parametrize("accept", [None, OPENMETRICS])
def test_every_family_has_a_help_of_its_own_and_appears_once(accept: str | None) -> None:
    page, _ = exposition(played()).page(accept)
    heads = re.findall(r"^# (HELP|TYPE) (\S+) (.+)$", page.decode(), re.M)
    names = [name for what, name, _ in heads if what == "HELP"]
    assert len(names) == len(set(names)) == len(CONTRACT)
    assert [name for what, name, _ in heads if what == "TYPE"] == names
    assert all(text.endswith(".") for what, _, text in heads if what == "HELP")


@pytest.mark.parametrize("accept", [None, OPENMETRICS])
def test_no_created_series(accept: str | None) -> None:
    assert b"_created" not in exposition(played()).page(accept)[0]


def test_account_numbers_are_nowhere() -> None:
    for accept in (None, OPENMETRICS):
        page, _ = exposition(played()).page(accept)
        assert rich.ACCOUNT.encode() not in page
        assert b"U1234567" not in page


# -- from the first scrape --------------------------------------------------------------------------------------------


def closed(name: str, label: str) -> set[str]:
    return {sample.labels[label] for sample in samples([rich.fresh().snapshot], name)}


def test_closed_label_sets_are_there_from_the_first_scrape() -> None:
    codes = {"326", "1100", "1101", "1102", "1300", "2103", "2105", "2110", "2157"}
    assert closed("ib_messages_total", "code") == codes
    assert closed("ib_connect_failures_total", "reason") == set(Failure)
    assert closed("ib_session_losses_total", "reason") == set(Loss)
    assert closed("ib_outages_total", "cause") == closed("ib_outage_seconds_total", "cause") == set(Layer)
    assert closed("ib_upstream_losses_total", "data") == {"lost", "maintained", "unknown"}
    assert closed("ib_restarts_total", "result") == {"in_time", "overdue", "not_seen"}
    assert closed("ib_gateway_status", "ib_gateway_status") == set(Status)
    assert closed("ib_session_phase", "ib_session_phase") == set(Phase)
    for name in ("ib_session_losses_total", "ib_outages_total", "ib_outage_seconds_total", "ib_recovery_seconds_count"):
        assert closed(name, "planned") == {"true", "false"}


def test_the_first_scrape_has_every_pair_of_two_closed_sets() -> None:
    fresh = [rich.fresh().snapshot]
    assert len(samples(fresh, "ib_session_losses_total")) == len(Loss) * 2
    assert len(samples(fresh, "ib_outages_total")) == len(Layer) * 2
    assert len(samples(fresh, "ib_recovery_seconds_bucket")) == (len(RECOVERY_BOUNDS) + 1) * 2


def test_before_anything_happened_every_counter_is_0() -> None:
    fresh = rich.fresh().snapshot
    for name, (kind, labels) in CONTRACT.items():
        if kind == "counter" and "gateway" in labels:
            assert all(sample.value == 0 for sample in samples([fresh], name)), name


def test_what_is_unknown_is_absent() -> None:
    fresh = rich.fresh().snapshot
    for name in (
        "ib_session_start_timestamp_seconds",
        "ib_last_message_timestamp_seconds",
        "ib_clock_skew_seconds",
        "ib_competing_session",
        "ib_restart_last_timestamp_seconds",
        "ib_restart_observed_offset_seconds",
        "ib_gateway_utc_offset_seconds",
        "ib_timezone_mismatch",
        "ib_desupport_timestamp_seconds",
        "ib_farm_up",
    ):
        assert value(fresh, name) is None, name


def test_a_gateway_without_a_restart_has_no_token_and_no_due_login() -> None:
    paused = rich.paused().snapshot
    assert value(paused, "ib_token_expiry_timestamp_seconds") is None
    assert value(paused, "ib_reauth_due_timestamp_seconds") is None
    assert value(paused, "ib_reauth_required") == 0


# -- values -----------------------------------------------------------------------------------------------------------


def test_up_is_1_only_if_every_layer_is() -> None:
    gateway = Played(rich.policy())
    gateway.begin()
    gateway.connect()
    assert value(gateway.snapshot, "ib_up") == 0
    assert value(gateway.snapshot, "ib_layer_up", layer="session") == 1
    assert value(gateway.snapshot, "ib_layer_up", layer="heartbeat") == 0
    gateway.answer()
    assert value(gateway.snapshot, "ib_up") == 1
    assert {sample.value for sample in samples([gateway.snapshot], "ib_layer_up")} == {1.0}
    gateway.notice(1100)
    assert value(gateway.snapshot, "ib_up") == 0
    assert value(gateway.snapshot, "ib_layer_up", layer="heartbeat") == 1
    assert value(gateway.snapshot, "ib_layer_up", layer="upstream") == 0
    assert value(gateway.snapshot, "ib_layer_up", layer="farms") == 0


def test_a_farm_is_up_unless_broken_and_absent_while_unknown() -> None:
    gateway = Played(rich.policy())
    gateway.begin()
    gateway.up()
    expected = {2104: 1, 2108: 1, 2119: 1, 2103: 0}
    for code, up in expected.items():
        gateway.farm(code, "usfarm")
        assert value(gateway.snapshot, "ib_farm_up", farm="usfarm", kind="market_data") == up
    assert value(gateway.snapshot, "ib_farm_state", farm="usfarm", ib_farm_state="broken") == 1
    assert value(gateway.snapshot, "ib_farm_breaks_total", farm="usfarm", planned="false") == 1
    assert value(gateway.snapshot, "ib_farm_required", farm="usfarm") == 1
    gateway.lose()
    assert value(gateway.snapshot, "ib_farm_up", farm="usfarm") is None
    assert value(gateway.snapshot, "ib_farm_state", farm="usfarm", ib_farm_state="unknown") == 1


def test_one_state_of_a_state_set_is_1() -> None:
    for snapshot in played():
        for name in ("ib_gateway_status", "ib_session_phase"):
            assert sum(sample.value for sample in samples([snapshot], name)) == 1
    assert value(played()[2], "ib_gateway_status", ib_gateway_status="stopped") == 1


def test_a_histogram_is_cumulative_and_ends_with_its_count() -> None:
    live = played()[0]
    histogram = live.counters.heartbeats
    buckets = samples([live], "ib_heartbeat_seconds_bucket")
    assert [sample.labels["le"] for sample in buckets][-1] == "+Inf"
    assert [float(sample.labels["le"]) for sample in buckets] == [*histogram.bounds, math.inf]
    counts = [sample.value for sample in buckets]
    assert counts == sorted(counts)
    assert counts[-1] == sum(histogram.counts) == value(live, "ib_heartbeat_seconds_count")
    assert value(live, "ib_heartbeat_seconds_sum") == pytest.approx(histogram.total)
    assert value(live, "ib_heartbeat_seconds_bucket", le="0.01") == 0  # the round trips took 20 ms
    assert value(live, "ib_heartbeat_seconds_bucket", le="0.025") == sum(histogram.counts)


def test_codes_of_the_catalogue_are_counted_by_number_and_others_as_other() -> None:
    live = played()[0]
    assert value(live, "ib_messages_total", code="1100") == 1
    assert value(live, "ib_messages_total", code="10197") == 1
    assert value(live, "ib_messages_total", code="other") == 1
    assert value(live, "ib_messages_total", code="31337") is None


def test_outages_are_told_by_cause_and_whether_planned() -> None:
    live = played()[0]
    assert value(live, "ib_outages_total", cause="session", planned="true") == 1
    seconds = value(live, "ib_outage_seconds_total", cause="session", planned="true")
    assert seconds == pytest.approx(live.outages.seconds[Layer.SESSION, True])
    assert value(live, "ib_observed_seconds_total") == pytest.approx(live.outages.observed)
    assert value(live, "ib_recovery_seconds_count", planned="true") == 1
    assert value(live, "ib_restarts_total", result="in_time") == 1


def test_a_window_is_named_and_says_when_it_next_begins() -> None:
    live = played()[0]
    assert value(live, "ib_window_active", window="maintenance") == 1
    assert value(live, "ib_window_next_timestamp_seconds", window="maintenance") is None
    assert value(live, "ib_window_active", window="daily_restart") == 0
    following = value(live, "ib_window_next_timestamp_seconds", window="daily_restart")
    assert following is not None
    assert following > live.at.wall.timestamp()


def test_the_gateways_own_clock_is_told() -> None:
    live = played()[0]
    assert value(live, "ib_gateway_utc_offset_seconds") == -18000
    assert value(live, "ib_timezone_mismatch") == 0
    assert value(live, "ib_clock_skew_seconds") == live.clock.skew


def test_infos_say_what_was_configured_and_found() -> None:
    (info,) = samples([played()[0]], "ib_gateway_info")
    assert info.value == 1
    assert info.labels == {
        "gateway": "live",
        "host": "127.0.0.1",
        "port": "4001",
        "client_id": "911",
        "server_version": "187",
        "account_mode": "live",
    }


def test_a_label_value_is_escaped() -> None:
    snapshot = rich.fresh().snapshot
    odd = replace(snapshot, policy=replace(snapshot.policy, host='a"b\\c\nd'))
    for accept, parse in ((None, parse_text), (OPENMETRICS, parse_openmetrics)):
        page, _ = exposition([odd]).page(accept)
        hosts = {
            sample.labels["host"]
            for family in parse(page.decode())
            for sample in family.samples
            if "host" in sample.labels
        }
        assert hosts == {'a"b\\c\nd'}


def test_before_the_first_reload_succeeded_its_time_is_absent() -> None:
    never = replace(INTERNALS, reload_at=None, reload_ok=False)
    page, _ = Exposition(list, lambda: never).page(None)
    assert b"ib_supervisor_config_last_reload_successful 0.0\n" in page
    assert b"\nib_supervisor_config_last_reload_success_timestamp_seconds" not in page


# -- the page ---------------------------------------------------------------------------------------------------------


def rendered_whole(snapshots: Iterable[Snapshot], page: Format) -> bytes:
    """The same page without anything kept: each family rendered with all its gateways at once."""
    renderer = Renderer(page)
    subjects = [((snapshot.policy.name,), snapshot) for snapshot in snapshots]
    gateways = [
        renderer.lines(family.metric([(who, family.read(snapshot)) for who, snapshot in subjects], GATEWAY_LABELS))
        for family in GATEWAY
    ]
    own = [renderer.lines(family.metric([((), family.read(INTERNALS))])) for family in OWN]
    return b"".join((*gateways, *own, renderer.tail))


@pytest.mark.parametrize(("accept", "page"), [(None, Format.TEXT), (OPENMETRICS, Format.OPENMETRICS)])
def test_the_page_put_together_is_the_page_rendered_whole(accept: str | None, page: Format) -> None:
    assert exposition(played()).page(accept)[0] == rendered_whole(played(), page)


def test_what_was_kept_never_differs_from_what_is_new() -> None:
    gateway, other = Played(rich.policy()), rich.fresh()
    kept = Exposition(lambda: (gateway.snapshot, other.snapshot), lambda: INTERNALS)

    def check() -> None:
        for accept, page in ((None, Format.TEXT), (OPENMETRICS, Format.OPENMETRICS)):
            assert kept.page(accept)[0] == rendered_whole((gateway.snapshot, other.snapshot), page)

    check()
    gateway.begin()
    check()
    gateway.up()
    check()
    for code, name in ((2104, "usfarm"), (2103, "usfarm"), (2106, "ushmds")):
        gateway.farm(code, name)
        check()
    gateway.wait(3)
    check()
    gateway.lose(Ending.RESET)
    check()
    gateway.until_connecting()
    gateway.up()
    check()


def test_a_gateway_that_leaves_the_config_leaves_the_page_and_may_come_back() -> None:
    live, fresh, paused = played()
    shown: list[Snapshot] = [live, fresh, paused]
    kept = Exposition(lambda: shown, lambda: INTERNALS)
    whole, _ = kept.page(None)
    shown.remove(live)
    without, _ = kept.page(None)
    assert b'gateway="live"' not in without
    assert without == rendered_whole(shown, Format.TEXT)
    shown.insert(0, live)
    assert kept.page(None)[0] == whole


def test_without_a_gateway_there_is_still_a_page() -> None:
    for accept, parse in ((None, parse_text), (OPENMETRICS, parse_openmetrics)):
        page, _ = exposition([]).page(accept)
        assert len(list(parse(page.decode()))) == len(CONTRACT)


def test_openmetrics_ends_once_and_text_never() -> None:
    page, _ = exposition(played()).page(OPENMETRICS)
    assert page.count(b"# EOF") == 1
    assert page.endswith(b"\n# EOF\n")
    assert b"# EOF" not in exposition(played()).page(None)[0]


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        (None, "text/plain; version=0.0.4; charset=utf-8"),
        ("", "text/plain; version=0.0.4; charset=utf-8"),
        ("*/*", "text/plain; version=0.0.4; charset=utf-8"),
        ("text/html,application/xhtml+xml", "text/plain; version=0.0.4; charset=utf-8"),
        ("text/plain;version=0.0.4;q=0.5,*/*;q=0.1", "text/plain; version=0.0.4; charset=utf-8"),
        (OPENMETRICS, "application/openmetrics-text; version=1.0.0; charset=utf-8"),
        ("application/openmetrics-text", "application/openmetrics-text; version=1.0.0; charset=utf-8"),
        ("application/openmetrics-text; version=0.0.1", "text/plain; version=0.0.4; charset=utf-8"),
        ("application/openmetrics-text; version=sideways", "text/plain; version=0.0.4; charset=utf-8"),
        (";;=,=;,", "text/plain; version=0.0.4; charset=utf-8"),
    ],
)
def test_the_client_gets_a_format_it_accepts(accept: str | None, content_type: str) -> None:
    page, told = exposition(played()).page(accept)
    assert told == content_type
    parse = parse_openmetrics if "openmetrics" in content_type else parse_text
    assert len(list(parse(page.decode()))) == len(CONTRACT)


def test_scrapes_at_the_same_time_each_get_a_whole_page_of_one_moment() -> None:
    """While gateways change, each page has for each gateway what one of its snapshots says."""
    gateway = Played(rich.policy())
    gateway.begin()
    gateway.up()
    stories = [gateway.snapshot]
    for code in (2103, 2104) * 20:
        gateway.farm(code, "usfarm")
        stories.append(gateway.snapshot)
    allowed = {rendered_whole([snapshot], Format.TEXT) for snapshot in stories}
    turn = iter(stories * 3)
    shown = [stories[0]]
    kept = Exposition(lambda: (shown[0],), lambda: INTERNALS)
    wrong: list[bytes] = []
    done = threading.Event()

    def scrape() -> None:
        while not done.is_set():
            page, _ = kept.page(None)
            if page not in allowed:
                wrong.append(page)

    threads = [threading.Thread(target=scrape) for _ in range(3)]
    for thread in threads:
        thread.start()
    for snapshot in turn:
        shown[0] = snapshot
        kept.page(OPENMETRICS)
    done.set()
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_promtool_finds_nothing_to_say() -> None:
    page, _ = exposition(played()).page(None)
    checked = subprocess.run(["promtool", "check", "metrics"], input=page, capture_output=True, check=False, timeout=30)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")
