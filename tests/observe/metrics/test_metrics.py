"""The page of metrics: docs/metrics.md, name by name, from gateways played on the real core."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from prometheus_client.core import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text
from prometheus_client.samples import Sample

from supervisor.core.codes.table import COUNTED_FROM_START
from supervisor.core.model.counters import RECOVERY_BOUNDS
from supervisor.core.model.layers import Layer
from supervisor.core.model.snapshot import Snapshot
from supervisor.core.model.status import Status
from supervisor.core.model.vocabulary import Failure, Loss, Phase, Planning
from supervisor.observe.metrics.exposition import Exposition
from tests.observe import rich
from tests.observe.contract import CONTRACT, OPENMETRICS, exposition, played
from tests.observe.played import Played
from tests.observe.stage import INTERNALS


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
    assert closed("ib_messages_total", "code") == set(map(str, COUNTED_FROM_START)) >= codes
    assert closed("ib_connect_failures_total", "reason") == set(Failure)
    assert closed("ib_session_losses_total", "reason") == set(Loss)
    assert closed("ib_outages_total", "cause") == closed("ib_outage_seconds_total", "cause") == set(Layer)
    assert closed("ib_upstream_losses_total", "data") == {"lost", "maintained", "unknown"}
    assert closed("ib_restarts_total", "result") == {"in_time", "overdue", "not_seen"}
    assert closed("ib_gateway_status", "ib_gateway_status") == set(Status)
    assert closed("ib_session_phase", "ib_session_phase") == set(Phase)
    assert value(rich.fresh().snapshot, "ib_window_active", window="maintenance") == 0
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
    assert seconds == pytest.approx(live.outages.seconds[Layer.SESSION, Planning.PLANNED])
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
