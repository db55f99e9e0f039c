"""Which cause is likely: tables from what was seen to a `CauseKey`."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from supervisor.core.model.cause import CauseKey
from supervisor.core.model.vocabulary import Failure, Loss

_OF_FAILURE: Final[Mapping[Failure, CauseKey]] = MappingProxyType(
    {
        Failure.REFUSED: CauseKey.PORT_REFUSED,
        Failure.TIMEOUT: CauseKey.UNREACHABLE,
        Failure.HANDSHAKE_TIMEOUT: CauseKey.MUTE,
        Failure.SESSION_TIMEOUT: CauseKey.NEVER_READY,
        Failure.CLOSED: CauseKey.CLOSED_EARLY,
        Failure.CLIENT_ID_IN_USE: CauseKey.CLIENT_ID_RIVAL,
        Failure.ACCOUNT_MISMATCH: CauseKey.WRONG_ACCOUNT,
        Failure.PROTOCOL: CauseKey.PROTOCOL,
        Failure.ERROR: CauseKey.LOCAL_ERROR,
    }
)
_OF_LOSS: Final[Mapping[Loss, CauseKey | None]] = MappingProxyType(
    {
        Loss.CLOSED: CauseKey.SESSION_CLOSED,
        Loss.RESET: CauseKey.SESSION_CLOSED,
        Loss.HEARTBEAT: CauseKey.HEARTBEAT_LOST,
        Loss.PROTOCOL: CauseKey.PROTOCOL,
        Loss.CALLBACK: CauseKey.CALLBACK,
        Loss.PORT_CHANGE: CauseKey.PORT_CHANGED,
        Loss.OPERATOR: None,
        Loss.SHUTDOWN: None,
    }
)
_IN_SESSION: Final = frozenset({Failure.CLOSED, Failure.SESSION_TIMEOUT})
"""What is told by what the gateway said, once the handshake is done."""
_WHILE_RESTARTING: Final = frozenset({CauseKey.PORT_REFUSED, CauseKey.CLOSED_EARLY, CauseKey.MUTE})
"""What a gateway is like while it restarts."""


def of_failure(
    failure: Failure,
    *,
    ghost: bool = False,
    restarting: bool = False,
    overdue: bool = False,
    greeted: bool = False,
    said: bool = False,
    logging_in: bool = False,
) -> CauseKey:
    """The likely cause of a failed attempt.

    Args:
        failure: how it ended.
        ghost: our own earlier connection may still hold the client id.
        restarting: the gateway was lost in the window of a restart, which is still open.
        overdue: it was lost in such a window, which is over.
        greeted: the handshake was done.
        said: after it the gateway told an error of its own.
        logging_in: after it the gateway told an empty list of accounts.
    """
    if failure is Failure.CLIENT_ID_IN_USE and ghost:
        return CauseKey.CLIENT_ID_GHOST
    if greeted and failure in _IN_SESSION:
        if said:
            return CauseKey.GATEWAY_SAID
        if logging_in:
            return CauseKey.LOGGING_IN
        if failure is Failure.CLOSED:
            return CauseKey.SESSION_REFUSED
    key = _OF_FAILURE[failure]
    if key not in _WHILE_RESTARTING or not (restarting or overdue):
        return key
    return CauseKey.RESTART if restarting else CauseKey.RESTART_OVERDUE


def of_loss(loss: Loss, *, restarting: bool) -> CauseKey | None:
    """The likely cause of a lost session, None if we ended it. `restarting`: in the window of a restart."""
    key = _OF_LOSS[loss]
    return CauseKey.RESTART if restarting and key is CauseKey.SESSION_CLOSED else key


def of_upstream(*, reset: bool) -> CauseKey:
    """The likely cause of a lost upstream. `reset`: a window of IBKR's server reset explains it."""
    return CauseKey.UPSTREAM_RESET if reset else CauseKey.UPSTREAM_LOST
