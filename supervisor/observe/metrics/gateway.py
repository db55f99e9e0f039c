"""The metrics of one gateway, as a table; docs/metrics.md is generated from it.

- An unknown value has no sample. A closed set of labels is there from the first scrape, at 0.
- Names, labels and meanings are public, because alerts use them. They never change.
- None of them holds an account number.
- To add a metric, add one entry here, then run `make docs`.
"""

from collections.abc import Iterable, Mapping
from math import inf

from supervisor.core.calendar.windows import WindowKind
from supervisor.core.codes.table import COUNTED_FROM_START, OTHER, label
from supervisor.core.model.counters import RECOVERY_BOUNDS, Histogram
from supervisor.core.model.layers import LAYERS, Layer, layers_up
from supervisor.core.model.snapshot import Snapshot, WindowView
from supervisor.core.model.vocabulary import Data, Failure, Loss, Planning, RestartResult
from supervisor.observe.metrics.behind import BEHIND
from supervisor.observe.metrics.entries import Gateway, counted, counter, flag, gauge, moment
from supervisor.observe.metrics.family import FLAG, Family, FamilyType, Row, single
from supervisor.observe.metrics.farms import FARMS
from supervisor.observe.metrics.gates import GATES
from supervisor.observe.metrics.recovery import RECOVERY


def _layers(seen: tuple[bool, Layer | None]) -> Iterable[Row]:
    known, broken = seen
    up = layers_up(broken)
    for layer in LAYERS if known else ():
        yield (layer.value,), int(layer in up)


def _messages(counts: Mapping[str, int]) -> Iterable[Row]:
    codes = {*map(label, COUNTED_FROM_START), *counts}
    for code in sorted(codes, key=lambda code: (code == OTHER, len(code), code)):
        yield (code,), counts.get(code, 0)


def _undecodable(counts: Mapping[str, int]) -> Iterable[Row]:
    for message in sorted(counts):
        yield (message,), counts[message]


def _recovery(histograms: Mapping[Planning, Histogram]) -> Iterable[Row]:
    for planning in Planning:
        yield (planning.value,), histograms.get(planning, Histogram(RECOVERY_BOUNDS))


def _info(snapshot: Snapshot) -> tuple[tuple[str, str], ...]:
    policy = snapshot.policy
    version = snapshot.server_version
    return (
        ("host", policy.host),
        ("port", str(snapshot.port)),
        ("client_id", str(snapshot.client_id)),
        ("server_version", "" if version is None else str(version)),
        ("account_mode", policy.account_mode.value),
        *((f"label_{name}", value) for name, value in policy.labels),
    )


def _open_windows(windows: tuple[WindowView, ...]) -> Iterable[Row]:
    """Maintenance has a sample before it was ever asked for: it is known not to be open."""
    for window in windows:
        yield (window.name,), int(window.active)
    if WindowKind.MAINTENANCE not in {window.name for window in windows}:
        yield (WindowKind.MAINTENANCE.value,), 0


def _window_starts(windows: tuple[WindowView, ...]) -> Iterable[Row]:
    for window in windows:
        if window.next_start is not None:
            yield (window.name,), window.next_start.timestamp()


def _pause_end(snapshot: Snapshot) -> float | None:
    if snapshot.pause is None:
        return None
    return inf if snapshot.pause.until is None else snapshot.pause.until.timestamp()


def _seconds_of(snapshot: Snapshot) -> float | None:
    offset = snapshot.clock.offset
    return offset.total_seconds() if offset is not None else None


GATEWAY: tuple[Gateway, ...] = (
    flag(
        "ib_up",
        "1 if every layer is up; absent while the gateway is paused.",
        lambda s: s.up if s.known else None,
        query="ib_up == 0",
    ),
    Family(
        FamilyType.GAUGE,
        "ib_layer_up",
        "1 if the layer and every layer before it is up: port, handshake, session, heartbeat, upstream, farms.",
        lambda s: (s.known, s.broken),
        _layers,
        ("layer",),
        query='ib_layer_up{layer="upstream"} == 0',
        unit=FLAG,
    ),
    Family(
        FamilyType.STATESET,
        "ib_gateway_status",
        "The status of the gateway in one word.",
        lambda s: s.status,
        single,
        query='ib_gateway_status{ib_gateway_status="reauth_required"} == 1',
    ),
    Family(
        FamilyType.STATESET,
        "ib_session_phase",
        "The phase of the API session.",
        lambda s: s.phase,
        single,
        query='ib_session_phase{ib_session_phase="ready"} == 0',
    ),
    *FARMS,
    *GATES,
    *BEHIND,
    *RECOVERY,
    Family(
        FamilyType.COUNTER,
        "ib_messages_total",
        "Message codes received. Codes that are not in the catalogue count as other.",
        lambda s: s.counters.messages,
        _messages,
        ("code",),
        query='increase(ib_messages_total{code="1100"}[1h])',
    ),
    counter(
        "ib_connect_attempts_total",
        "Attempts to open a session.",
        lambda s: s.counters.attempts,
        query="rate(ib_connect_attempts_total[5m])",
    ),
    counted(
        "ib_connect_failures_total",
        "Attempts that did not become a ready session.",
        lambda s: s.counters.failures,
        ("reason",),
        Failure,
        query='increase(ib_connect_failures_total{reason="client_id_in_use"}[15m]) > 0',
    ),
    counter(
        "ib_sessions_total",
        "Sessions that became ready.",
        lambda s: s.counters.sessions,
        query="increase(ib_sessions_total[1d])",
    ),
    counted(
        "ib_session_losses_total",
        "Ready sessions that ended. Planned means that a window explained the loss when it happened.",
        lambda s: s.counters.losses,
        ("reason", "planned"),
        Loss,
        Planning,
        query='sum without (reason) (increase(ib_session_losses_total{planned="false"}[1d]))',
    ),
    moment(
        "ib_session_start_timestamp_seconds",
        "When the session became ready; absent without one.",
        lambda s: s.ready_since,
        query="time() - ib_session_start_timestamp_seconds",
    ),
    counted(
        "ib_outages_total",
        "Outages that closed, by the lowest layer that was down when they began.",
        lambda s: s.outages.counts,
        ("cause", "planned"),
        Layer,
        Planning,
        query='sum without (cause) (increase(ib_outages_total{planned="false"}[7d]))',
    ),
    counted(
        "ib_outage_flaps_total",
        "Times a layer was down again so soon that the outage went on. Outages and flaps together are all drops.",
        lambda s: s.outages.flaps,
        ("cause", "planned"),
        Layer,
        Planning,
        query='sum without (cause) (increase(ib_outage_flaps_total{planned="false"}[1h])) > 5',
    ),
    counted(
        "ib_outage_seconds_total",
        "Observed seconds in which a layer was down. The seconds of a planned outage are added when it closes.",
        lambda s: s.outages.seconds,
        ("cause", "planned"),
        Layer,
        Planning,
        query='sum without (cause) (increase(ib_outage_seconds_total{planned="false"}[7d]))',
    ),
    counter(
        "ib_observed_seconds_total",
        "Seconds observed: the denominator of availability.",
        lambda s: s.outages.observed,
        query="1 - sum without (cause, planned) (increase(ib_outage_seconds_total[1d]))"
        " / increase(ib_observed_seconds_total[1d])",
    ),
    Family(
        FamilyType.HISTOGRAM,
        "ib_recovery_seconds",
        "Seconds from the loss to every layer up, of outages that closed.",
        lambda s: s.outages.recovery,
        _recovery,
        ("planned",),
        query='histogram_quantile(0.9, rate(ib_recovery_seconds_bucket{planned="false"}[7d]))',
    ),
    Family(
        FamilyType.HISTOGRAM,
        "ib_heartbeat_seconds",
        "Round trip of a heartbeat, measured when no other heartbeat was in flight.",
        lambda s: s.counters.heartbeats,
        single,
        query="histogram_quantile(0.9, rate(ib_heartbeat_seconds_bucket[5m]))",
    ),
    counter(
        "ib_heartbeat_misses_total",
        "Heartbeats not answered within their deadline.",
        lambda s: s.counters.misses,
        query="increase(ib_heartbeat_misses_total[1h])",
    ),
    flag(
        "ib_suspect",
        "1 while a heartbeat is not answered in time for a healthy gateway.",
        lambda s: s.suspect,
        query="avg_over_time(ib_suspect[1h])",
    ),
    counter(
        "ib_heartbeat_ignored_total",
        "Heartbeats that the gateway ignored, although it answered the next one.",
        lambda s: s.counters.ignored,
        query="increase(ib_heartbeat_ignored_total[1h])",
    ),
    gauge(
        "ib_paused_until_timestamp_seconds",
        "When the pause ends; +Inf without an end, absent when not paused.",
        _pause_end,
        query="ib_paused_until_timestamp_seconds - time()",
    ),
    moment(
        "ib_last_message_timestamp_seconds",
        "When the last message came from the gateway.",
        lambda s: s.last_message,
        query="time() - ib_last_message_timestamp_seconds > 60",
    ),
    gauge(
        "ib_clock_skew_seconds",
        "The gateway's clock minus ours; resolution 1 s.",
        lambda s: s.clock.skew,
        query="abs(ib_clock_skew_seconds) > 3",
    ),
    counted(
        "ib_upstream_losses_total",
        "Losses of IBKR's servers that ended, by their effect on subscriptions.",
        lambda s: s.counters.upstream_losses,
        ("data",),
        Data,
        query='increase(ib_upstream_losses_total{data="lost"}[1d])',
    ),
    flag(
        "ib_upstream_settling",
        "1 for a short while after IBKR's servers are back: answers are unreliable then.",
        lambda s: s.settling,
        query="ib_upstream_settling == 1",
    ),
    flag(
        "ib_competing_session",
        "1 for 5 minutes after a message about a competing session, then 0; absent before the first.",
        lambda s: s.competing,
        query="ib_competing_session == 1",
    ),
    Family(
        FamilyType.GAUGE,
        "ib_window_active",
        "1 while the window is open.",
        lambda s: s.windows,
        _open_windows,
        ("window",),
        query="ib_window_active == 1",
        unit=FLAG,
    ),
    Family(
        FamilyType.GAUGE,
        "ib_window_next_timestamp_seconds",
        "The next start of the window.",
        lambda s: s.windows,
        _window_starts,
        ("window",),
        query='ib_window_next_timestamp_seconds{window="daily_restart"} - time()',
    ),
    counted(
        "ib_restarts_total",
        "Scheduled restarts by result, counted once for each window.",
        lambda s: s.restarts.counts,
        ("result",),
        RestartResult,
        query='increase(ib_restarts_total{result!="in_time"}[7d]) > 0',
    ),
    flag(
        "ib_restart_pending",
        "1 from the loss of the session in a restart window until a session is ready again.",
        lambda s: s.restarts.pending,
        query="ib_restart_pending == 1",
    ),
    moment(
        "ib_restart_last_timestamp_seconds",
        "The last scheduled restart that was seen.",
        lambda s: s.restarts.last,
        query="(time() - ib_restart_last_timestamp_seconds) / 3600",
    ),
    gauge(
        "ib_restart_observed_offset_seconds",
        "The last scheduled restart, as seen, minus its configured time.",
        lambda s: s.restarts.offset,
        query="ib_restart_observed_offset_seconds > 60",
    ),
    counter(
        "ib_blips_total",
        "Sessions lost and reopened in a restart window although the port never closed. They are no restarts.",
        lambda s: s.restarts.blips,
        query="increase(ib_blips_total[1d])",
    ),
    moment(
        "ib_token_expiry_timestamp_seconds",
        "When the login token expires, or has expired.",
        lambda s: s.login.expiry,
        query="ib_token_expiry_timestamp_seconds < time()",
    ),
    moment(
        "ib_reauth_due_timestamp_seconds",
        "The restart that will ask for a login; while a login is required, the restart that was missed.",
        lambda s: s.login.due,
        query="(ib_reauth_due_timestamp_seconds - time()) / 3600",
    ),
    flag(
        "ib_reauth_required",
        "1 while the gateway waits for the weekly login.",
        lambda s: s.login.required,
        query="ib_reauth_required == 1",
    ),
    gauge(
        "ib_gateway_utc_offset_seconds",
        "The gateway's own offset from UTC, by its handshake.",
        _seconds_of,
        query="ib_gateway_utc_offset_seconds / 3600",
    ),
    flag(
        "ib_timezone_mismatch",
        "1 if the gateway's offset is not that of the configured time zone.",
        lambda s: s.clock.mismatch,
        query="ib_timezone_mismatch == 1",
    ),
    moment(
        "ib_desupport_timestamp_seconds",
        "From when IBKR refuses this version of the gateway, as announced by code 2172.",
        lambda s: s.desupported_on,
        query="(ib_desupport_timestamp_seconds - time()) / 86400 < 60",
    ),
    counter(
        "ib_next_valid_id_regressions_total",
        "Times the next valid order id was lower than one seen earlier.",
        lambda s: s.counters.regressions,
        query="increase(ib_next_valid_id_regressions_total[1d]) > 0",
    ),
    counter(
        "ib_callback_errors_total",
        "Exceptions in our callbacks.",
        lambda s: s.counters.callback_errors,
        query="increase(ib_callback_errors_total[1d]) > 0",
    ),
    Family(
        FamilyType.COUNTER,
        "ib_messages_undecodable_total",
        "Messages that ibapi could not decode and that nothing here needs, dropped, by ibapi's name or number.",
        lambda s: s.counters.undecodable,
        _undecodable,
        ("message",),
        query="increase(ib_messages_undecodable_total[1d]) > 0",
    ),
    Family(
        FamilyType.INFO,
        "ib_gateway_info",
        "Where the gateway is and how it is used.",
        _info,
        single,
        query="ib_up * on (job, instance, gateway) group_left (account_mode) ib_gateway_info",
    ),
)
