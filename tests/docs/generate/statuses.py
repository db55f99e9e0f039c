"""docs/statuses.md: what each status, layer, phase and reason means, and what to do about it.

The meanings are the docstrings in the source. The advice stands here, by member: a member without advice is an error.
"""

from collections.abc import Mapping
from enum import Enum
from typing import TypeVar

from supervisor.core.codes.farm_kinds import FarmState
from supervisor.core.model.layers import Layer
from supervisor.core.model.status import Status
from supervisor.core.model.vocabulary import Failure, Loss, Phase, RestartResult
from tests.docs.generate.source import NOTE, code, meaning, table

E = TypeVar("E", bound=Enum)

_HEAD = f"""\
# Statuses, layers, phases and reasons

{NOTE}

`ib-supervisor status`, the status page, the API and the metrics use the same words. This page says what each word means
and what you should do. `ib-supervisor status` also names the most likely cause and its cure.
"""
_STATUSES = """\
## Status

One word for each gateway. If several apply, the daemon shows the first one in the order of the table. In Prometheus:
`ib_gateway_status{ib_gateway_status="down"} == 1`.
"""
_LAYERS = """\
## Layers

What works, from the cable to the data. A layer is up only if every layer before it is up, so look at the lowest layer
that is down. `ib_up` is 1 if all six are up. The cause of an outage is the lowest layer that was down when it began.
In Prometheus: `ib_layer_up{layer="upstream"} == 0`.
"""
_PHASES = """\
## Phase

Where the daemon's own API session stands. [states](states.md) shows what moves it. In Prometheus:
`ib_session_phase{ib_session_phase="backoff"} == 1`.
"""
_FARMS = """\
## Farm states

What is known of each data farm. Only `broken` is a fault. In Prometheus: `ib_farm_state{ib_farm_state="broken"} == 1`.
"""
_FAILURES = """\
## Why an attempt failed

The `reason` of `ib_connect_failures_total`. The daemon tries again by itself in every case.
"""
_LOSSES = """\
## Why a session ended

The `reason` of `ib_session_losses_total`. The daemon connects again by itself unless you paused it.
"""
_RESTARTS = """\
## How a scheduled restart went

The `result` of `ib_restarts_total`.
"""

_STATUS_ADVICE: Mapping[Status, str] = {
    Status.STOPPED: "Finish your work, then run `ib-supervisor resume NAME`. Nothing is watched until then.",
    Status.UP: "Do nothing.",
    Status.REAUTH_REQUIRED: "Log in to the gateway and confirm the second factor. It does not come back by itself. "
    "See [IBReauthRequired](../deploy/runbooks/IBReauthRequired.md).",
    Status.MAINTENANCE: "Wait. If the outage outlives its window, the status changes to `down` or `degraded`.",
    Status.DEGRADED: "Look which layer is down, `upstream` or `farms`, and follow its row below.",
    Status.DOWN: "Act now: programs cannot trade through this gateway. "
    "See [IBGatewayDown](../deploy/runbooks/IBGatewayDown.md).",
}
_LAYER_ADVICE: Mapping[Layer, str] = {
    Layer.PORT: "Start the gateway if it does not run. Check the host, the port and the firewall if it does.",
    Layer.HANDSHAKE: "Look at the gateway's screen. It starts, hangs, or waits at a dialog.",
    Layer.SESSION: "Look at the reason of the last failure: the client id is taken, the account is the wrong one, or a "
    "login is under way.",
    Layer.HEARTBEAT: "Look at the gateway's memory and processor. It has its port open and does not answer.",
    Layer.UPSTREAM: "Wait, and check the internet line and IBKR's status page. Do not restart the gateway. "
    "See [IBUpstreamLost](../deploy/runbooks/IBUpstreamLost.md).",
    Layer.FARMS: "Wait a few minutes. Most farms heal by themselves. "
    "See [IBFarmDown](../deploy/runbooks/IBFarmDown.md).",
}
_PHASE_ADVICE: Mapping[Phase, str] = {
    Phase.IDLE: "Wait. The daemon has just started.",
    Phase.CONNECTING: "Wait. The attempt has a deadline.",
    Phase.HANDSHAKING: "Wait. The attempt has a deadline.",
    Phase.READY: "Do nothing. If the gateway is not up, look at the layers above `session`.",
    Phase.BACKOFF: "Look at the reason of the last failure. The next attempt comes by itself.",
    Phase.STOPPED: "Run `ib-supervisor resume NAME` when your work is done.",
}
_FARM_ADVICE: Mapping[FarmState, str] = {
    FarmState.UNKNOWN: "Do nothing. IB Gateway connects to a farm when a program first asks for its data.",
    FarmState.OK: "Do nothing.",
    FarmState.INACTIVE: "Do nothing. The farm wakes up when a program asks for its data.",
    FarmState.CONNECTING: "Wait for the next notice.",
    FarmState.BROKEN: "Expect no data from this farm. See [IBFarmDown](../deploy/runbooks/IBFarmDown.md).",
}

_FAILED: Mapping[Failure, tuple[str, str]] = {
    Failure.REFUSED: ("Nothing listens on the port.", "Start the gateway, or correct `host` and `port`."),
    Failure.TIMEOUT: (
        "TCP did not connect in time, the look-up of the name included.",
        "Check the network and the firewall between the two machines.",
    ),
    Failure.HANDSHAKE_TIMEOUT: (
        "TCP connected, and the gateway sent no version in time.",
        "Look at the gateway's screen: it hangs, or waits at a dialog.",
    ),
    Failure.SESSION_TIMEOUT: (
        "The gateway sent its version, and no accounts or order id in time.",
        "Look at the gateway's screen: a login or an API permission dialog is open.",
    ),
    Failure.CLOSED: (
        "The gateway or a relay closed the connection.",
        "Check whether the gateway behind the relay runs, and whether it trusts this machine's address.",
    ),
    Failure.CLIENT_ID_IN_USE: (
        "Another connection has this client id (326).",
        "Give the daemon an id of its own. See [IBClientIdConflict](../deploy/runbooks/IBClientIdConflict.md).",
    ),
    Failure.ACCOUNT_MISMATCH: (
        "The accounts do not fit `account_mode`.",
        "Stop programs on this port. See [IBAccountMismatch](../deploy/runbooks/IBAccountMismatch.md).",
    ),
    Failure.PROTOCOL: ("The bytes are not the TWS API.", "Check that the port is that of a gateway."),
    Failure.ERROR: ("Another error of the network or of `ibapi`.", "Read the log: it has the error's own text."),
}

_ENDED: Mapping[Loss, tuple[str, str]] = {
    Loss.CLOSED: ("The gateway closed the connection.", "Check whether it restarted or was closed."),
    Loss.RESET: ("The connection was reset.", "Check whether the gateway's process died or restarted."),
    Loss.HEARTBEAT: ("The gateway stopped answering.", "Look at its memory, its processor and its screen."),
    Loss.PROTOCOL: (
        "A message could not be decoded, or the accounts changed to ones that do not fit.",
        "Read the log. Report the message if `ibapi` cannot decode it.",
    ),
    Loss.CALLBACK: ("Our own code raised an error.", "Report it, with the log."),
    Loss.PORT_CHANGE: ("The gateway announced another port (1300).", "Correct `port` in the config."),
    Loss.OPERATOR: ("You paused the gateway or changed its address.", "Do nothing."),
    Loss.SHUTDOWN: ("The daemon ended.", "Do nothing."),
}

_RESTARTED: Mapping[RestartResult, tuple[str, str]] = {
    RestartResult.IN_TIME: ("The gateway restarted in its window and came back.", "Do nothing."),
    RestartResult.OVERDUE: (
        "The gateway went down in its window and was not back when the window ended.",
        "See [IBRestartOverdue](../deploy/runbooks/IBRestartOverdue.md).",
    ),
    RestartResult.NOT_SEEN: (
        "The window passed and the gateway never went down.",
        "Make the config and the gateway agree. See [IBRestartNotSeen](../deploy/runbooks/IBRestartNotSeen.md).",
    ),
}


def page() -> str:
    """The whole page."""
    return "\n".join(
        (
            _HEAD,
            _STATUSES,
            _advised(Status, _STATUS_ADVICE),
            _LAYERS,
            _advised(Layer, _LAYER_ADVICE),
            _PHASES,
            _advised(Phase, _PHASE_ADVICE),
            _FARMS,
            _advised(FarmState, _FARM_ADVICE),
            _FAILURES,
            _explained(Failure, _FAILED),
            _LOSSES,
            _explained(Loss, _ENDED),
            _RESTARTS,
            _explained(RestartResult, _RESTARTED),
        )
    )


def _advised(kind: type[E], advice: Mapping[E, str]) -> str:
    rows = ((code(str(member.value)), _first_sentence(meaning(member)), advice[member]) for member in kind)
    return table((_title(kind), "it means", "what to do"), rows)


def _explained(kind: type[E], words: Mapping[E, tuple[str, str]]) -> str:
    rows = ((code(str(member.value)), *words[member]) for member in kind)
    return table((_title(kind), "it means", "what to do"), rows)


def _title(kind: type[Enum]) -> str:
    return {"FarmState": "state", "Failure": "reason", "Loss": "reason"}.get(kind.__name__, kind.__name__.lower())


def _first_sentence(text: str) -> str:
    return text.split(". ")[0].rstrip(".") + "."
