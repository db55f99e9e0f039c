"""The metrics of one gateway, as a table.

- What is unknown has no sample. Label sets that are closed exist at 0 from the first scrape.
- Names, labels and meanings are public: alerts are written against them. They never change.
- No account number is in any of them.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from itertools import product
from typing import Any

from supervisor.core.calendar.windows import Kind as Windows
from supervisor.core.codes.farm_kinds import FarmState
from supervisor.core.codes.table import COUNTED_FROM_START, OTHER, label
from supervisor.core.model.counters import RECOVERY_BOUNDS, Histogram
from supervisor.core.model.layers import LAYERS, Layer, layers_up
from supervisor.core.model.snapshot import FarmView, Snapshot, WindowView
from supervisor.core.model.vocabulary import Data, Failure, Loss, Planning, RestartResult
from supervisor.observe.metrics.family import Family, Kind, Row, single

Gateway = Family[Snapshot]


def gauge(name: str, text: str, read: Callable[[Snapshot], float | None]) -> Gateway:
    """One number; absent while unknown."""
    return Family(Kind.GAUGE, name, text, read, single)


def moment(name: str, text: str, read: Callable[[Snapshot], datetime | None]) -> Gateway:
    """One instant, as Unix time."""
    return Family(Kind.GAUGE, name, text, read, lambda at: () if at is None else single(at.timestamp()))


def counter(name: str, text: str, read: Callable[[Snapshot], float]) -> Gateway:
    """One number that only grows."""
    return Family(Kind.COUNTER, name, text, read, single)


def counted(
    name: str, text: str, read: Callable[[Snapshot], Mapping[Any, float]], labels: tuple[str, ...], *keys: Iterable[Any]
) -> Gateway:
    """Numbers by a closed set of keys: a member of an enumeration, or a tuple of several."""

    def rows(counts: Mapping[Any, float]) -> Iterable[Row]:
        for key in product(*keys):
            yield tuple(map(str, key)), counts.get(key if len(key) > 1 else key[0], 0)

    return Family(Kind.COUNTER, name, text, read, rows, labels)


def _layers(broken: Layer | None) -> Iterable[Row]:
    up = layers_up(broken)
    for layer in LAYERS:
        yield (layer.value,), int(layer in up)


def _messages(counts: Mapping[str, int]) -> Iterable[Row]:
    codes = {*map(label, COUNTED_FROM_START), *counts}
    for code in sorted(codes, key=lambda code: (code == OTHER, len(code), code)):
        yield (code,), counts.get(code, 0)


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
    )


def _farm(name: str, text: str, value: Callable[[FarmView], object], kind: Kind = Kind.GAUGE) -> Gateway:
    """One sample of each farm for which there is a value."""

    def rows(farms: tuple[FarmView, ...]) -> Iterable[Row]:
        for farm in farms:
            known = value(farm)
            if known is not None:
                yield (farm.kind.value, farm.name), known

    return Family(kind, name, text, lambda snapshot: snapshot.farms, rows, ("kind", "farm"))


def _farm_up(farm: FarmView) -> int | None:
    return None if farm.state is FarmState.UNKNOWN else int(farm.state is not FarmState.BROKEN)


def _farm_breaks(farms: tuple[FarmView, ...]) -> Iterable[Row]:
    for farm in farms:
        yield (farm.kind.value, farm.name, "false"), farm.breaks_unplanned
        yield (farm.kind.value, farm.name, "true"), farm.breaks_planned


def _open_windows(windows: tuple[WindowView, ...]) -> Iterable[Row]:
    """Maintenance may be asked for at any time, so that it is known not to be open before it ever was."""
    for window in windows:
        yield (window.name,), int(window.active)
    if Windows.MAINTENANCE not in {window.name for window in windows}:
        yield (Windows.MAINTENANCE.value,), 0


def _window_starts(windows: tuple[WindowView, ...]) -> Iterable[Row]:
    for window in windows:
        if window.next_start is not None:
            yield (window.name,), window.next_start.timestamp()


def _seconds_of(snapshot: Snapshot) -> float | None:
    offset = snapshot.clock.offset
    return offset.total_seconds() if offset is not None else None


def _truth(value: bool | None) -> int | None:
    return None if value is None else int(value)


GATEWAY: tuple[Gateway, ...] = (
    gauge("ib_up", "1 if every layer is up.", lambda s: int(s.up)),
    Family(
        Kind.GAUGE,
        "ib_layer_up",
        "1 if the layer and every layer before it is up: port, handshake, session, heartbeat, upstream, farms.",
        lambda s: s.broken,
        _layers,
        ("layer",),
    ),
    Family(Kind.STATESET, "ib_gateway_status", "The gateway's state in one word.", lambda s: s.status, single),
    Family(Kind.STATESET, "ib_session_phase", "Where the API session stands.", lambda s: s.phase, single),
    _farm(
        "ib_farm_up", "0 if the data farm is broken, 1 if ok, inactive or connecting; absent while unknown.", _farm_up
    ),
    _farm("ib_farm_state", "What is known of the data farm.", lambda farm: farm.state, Kind.STATESET),
    _farm("ib_farm_required", "1 if the farm counts for the layer farms.", lambda farm: int(farm.required)),
    Family(
        Kind.COUNTER,
        "ib_farm_breaks_total",
        "Times the data farm became broken.",
        lambda s: s.farms,
        _farm_breaks,
        ("kind", "farm", "planned"),
    ),
    counter(
        "ib_farms_untracked_total",
        "Notices of farms beyond the limit of farms per gateway.",
        lambda s: s.farms_untracked,
    ),
    Family(
        Kind.COUNTER,
        "ib_messages_total",
        "Message codes received; codes that are not in the catalogue as other.",
        lambda s: s.counters.messages,
        _messages,
        ("code",),
    ),
    counter("ib_connect_attempts_total", "Attempts to open a session.", lambda s: s.counters.attempts),
    counted(
        "ib_connect_failures_total",
        "Attempts that did not become a ready session.",
        lambda s: s.counters.failures,
        ("reason",),
        Failure,
    ),
    counter("ib_sessions_total", "Sessions that became ready.", lambda s: s.counters.sessions),
    counted(
        "ib_session_losses_total",
        "Ready sessions that ended; planned if a window explained it at that moment.",
        lambda s: s.counters.losses,
        ("reason", "planned"),
        Loss,
        Planning,
    ),
    moment(
        "ib_session_start_timestamp_seconds",
        "When the session became ready; absent without one.",
        lambda s: s.ready_since,
    ),
    counted(
        "ib_outages_total",
        "Outages that closed, by the lowest layer broken at their first moment.",
        lambda s: s.outages.counts,
        ("cause", "planned"),
        Layer,
        Planning,
    ),
    counted(
        "ib_outage_seconds_total",
        "Observed seconds in which not every layer was up; those of a planned outage once it has closed.",
        lambda s: s.outages.seconds,
        ("cause", "planned"),
        Layer,
        Planning,
    ),
    counter(
        "ib_observed_seconds_total", "Seconds observed: the denominator of availability.", lambda s: s.outages.observed
    ),
    Family(
        Kind.HISTOGRAM,
        "ib_recovery_seconds",
        "Seconds from the loss to every layer up, of outages that closed.",
        lambda s: s.outages.recovery,
        _recovery,
        ("planned",),
    ),
    Family(
        Kind.HISTOGRAM,
        "ib_heartbeat_seconds",
        "Round trip of a heartbeat that was alone in flight.",
        lambda s: s.counters.heartbeats,
        single,
    ),
    counter("ib_heartbeat_misses_total", "Heartbeats not answered within their deadline.", lambda s: s.counters.misses),
    moment("ib_last_message_timestamp_seconds", "When the gateway last said anything.", lambda s: s.last_message),
    gauge("ib_clock_skew_seconds", "The gateway's clock minus ours; resolution 1 s.", lambda s: s.clock.skew),
    counted(
        "ib_upstream_losses_total",
        "Losses of IBKR's servers that ended, by what they did to the subscriptions.",
        lambda s: s.counters.upstream_losses,
        ("data",),
        Data,
    ),
    gauge(
        "ib_upstream_settling",
        "1 for a short while after IBKR's servers are back: answers are unreliable then.",
        lambda s: int(s.settling),
    ),
    gauge(
        "ib_competing_session",
        "1 while a competing session is heard of, 0 after 5 minutes of silence; absent if never heard.",
        lambda s: _truth(s.competing),
    ),
    Family(
        Kind.GAUGE, "ib_window_active", "1 while the window is open.", lambda s: s.windows, _open_windows, ("window",)
    ),
    Family(
        Kind.GAUGE,
        "ib_window_next_timestamp_seconds",
        "The first start of the window later than now.",
        lambda s: s.windows,
        _window_starts,
        ("window",),
    ),
    counted(
        "ib_restarts_total",
        "Scheduled restarts by how they went, once per window.",
        lambda s: s.restarts.counts,
        ("result",),
        RestartResult,
    ),
    gauge(
        "ib_restart_pending",
        "1 from the loss in a restart window to the next ready.",
        lambda s: int(s.restarts.pending),
    ),
    moment("ib_restart_last_timestamp_seconds", "The last scheduled restart that was seen.", lambda s: s.restarts.last),
    gauge(
        "ib_restart_observed_offset_seconds",
        "The last scheduled restart, as seen, minus its configured time.",
        lambda s: s.restarts.offset,
    ),
    moment(
        "ib_token_expiry_timestamp_seconds", "When the login token expires, or has expired.", lambda s: s.login.expiry
    ),
    moment(
        "ib_reauth_due_timestamp_seconds",
        "The restart at which a login is asked for; while one is required, the instant that was missed.",
        lambda s: s.login.due,
    ),
    gauge("ib_reauth_required", "1 while the gateway waits for the weekly login.", lambda s: int(s.login.required)),
    gauge("ib_gateway_utc_offset_seconds", "The gateway's own offset from UTC, by its handshake.", _seconds_of),
    gauge(
        "ib_timezone_mismatch",
        "1 if the gateway's offset is not that of the configured time zone.",
        lambda s: _truth(s.clock.mismatch),
    ),
    moment(
        "ib_desupport_timestamp_seconds",
        "From when IBKR will refuse this version of the gateway, by code 2172.",
        lambda s: s.desupported_on,
    ),
    counter(
        "ib_next_valid_id_regressions_total",
        "Times the next valid order id was lower than one seen earlier.",
        lambda s: s.counters.regressions,
    ),
    counter("ib_callback_errors_total", "Exceptions in our callbacks.", lambda s: s.counters.callback_errors),
    Family(Kind.INFO, "ib_gateway_info", "Where the gateway is and how it is used.", _info, single),
)
