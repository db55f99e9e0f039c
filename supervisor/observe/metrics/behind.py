"""The metrics of what is seen behind the port: the gateway's login and process. Absent where nobody looks."""

from supervisor.observe.metrics.entries import Gateway, flag
from supervisor.observe.metrics.family import Family, Kind, single

BEHIND: tuple[Gateway, ...] = (
    Family(
        Kind.STATESET,
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
        Kind.COUNTER,
        "ib_gateway_process_restarts_total",
        "Times that the gateway's process was seen to be another one; absent without a controller.",
        lambda s: s.seen.restarts if s.seen is not None else None,
        lambda count: () if count is None else single(count),
        query="increase(ib_gateway_process_restarts_total[1d])",
    ),
)
