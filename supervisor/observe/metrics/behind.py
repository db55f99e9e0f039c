"""The metrics of what is seen behind the port: the gateway's login and process. Absent where nobody looks."""

from collections.abc import Iterable

from supervisor.core.model.behind.canary import CanaryState, CanaryView
from supervisor.observe.metrics.entries import Gateway, flag, gauge
from supervisor.observe.metrics.family import FLAG, Family, FamilyType, Row, single


def _canary_up(views: tuple[CanaryView, ...] | None) -> Iterable[Row]:
    for view in views or ():
        if view.state is not CanaryState.UNJUDGED:
            yield (view.name,), int(view.state is CanaryState.ALIVE)


def _canary_updates(views: tuple[CanaryView, ...] | None) -> Iterable[Row]:
    for view in views or ():
        if view.last_update is not None:
            yield (view.name,), view.last_update.timestamp()


def _canary_types(views: tuple[CanaryView, ...] | None) -> Iterable[Row]:
    for view in views or ():
        if view.data_type is not None:
            yield (view.name,), view.data_type


def _states(states: tuple[tuple[str, int], ...] | None) -> Iterable[Row]:
    for name, count in states or ():
        yield (name,), count


BEHIND: tuple[Gateway, ...] = (
    Family(
        FamilyType.STATESET,
        "ib_login_state",
        "Where the gateway's login stands, as its controller and its port show it; absent while unknown.",
        lambda s: s.seen.login_state if s.seen is not None else None,
        lambda state: () if state is None else single(state),
        query='ib_login_state{ib_login_state="second_factor"} == 1',
    ),
    flag(
        "ib_gateway_process_up",
        "Whether the gateway's process runs, as its controller says; absent while unknown.",
        lambda s: s.seen.running if s.seen is not None else None,
        query="ib_gateway_process_up == 0",
    ),
    Family(
        FamilyType.GAUGE,
        "ib_gateway_sockets",
        "Sockets on the gateway's port, on its side, by their state; absent where the kernel does not show them.",
        lambda s: s.sockets.states if s.sockets is not None else None,
        _states,
        ("state",),
        query='ib_gateway_sockets{state="close_wait"} > 5',
        unit="sockets",
    ),
    gauge(
        "ib_gateway_unread_bytes",
        "Bytes of the daemon's connection that what listens on the port has not read; absent where not visible.",
        lambda s: s.sockets.unread if s.sockets is not None else None,
        query="ib_gateway_unread_bytes > 0",
    ),
    Family(
        FamilyType.GAUGE,
        "ib_gateway_unaccepted_connections",
        "Connections that what listens on the port has not accepted; absent where not visible.",
        lambda s: s.sockets.unaccepted if s.sockets is not None else None,
        lambda count: () if count is None else single(count),
        query="ib_gateway_unaccepted_connections > 0",
        unit="connections",
    ),
    Family(
        FamilyType.COUNTER,
        "ib_gateway_process_restarts_total",
        "Times that the gateway's process was seen to be another one; absent without a controller.",
        lambda s: s.seen.restarts if s.seen is not None else None,
        lambda count: () if count is None else single(count),
        query="increase(ib_gateway_process_restarts_total[1d])",
    ),
    Family(
        FamilyType.GAUGE,
        "ib_canary_up",
        "1 if data of the contract comes, 0 if it should and does not; absent while it cannot be judged.",
        lambda s: s.canary,
        _canary_up,
        ("canary",),
        query="ib_canary_up == 0",
        unit=FLAG,
    ),
    Family(
        FamilyType.GAUGE,
        "ib_canary_last_update_timestamp_seconds",
        "The last data of the contract; at most one a second is noted.",
        lambda s: s.canary,
        _canary_updates,
        ("canary",),
        query="time() - ib_canary_last_update_timestamp_seconds",
    ),
    Family(
        FamilyType.STATESET,
        "ib_canary_data_type",
        "What kind of data of the contract comes.",
        lambda s: s.canary,
        _canary_types,
        ("canary",),
        query='ib_canary_data_type{ib_canary_data_type="live"} == 0',
    ),
)
