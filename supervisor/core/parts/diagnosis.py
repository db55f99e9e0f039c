"""Which cause is likely: tables from what was seen to a `CauseKey`."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from supervisor.core.codes import notices
from supervisor.core.codes.entry import Severity
from supervisor.core.codes.table import KNOWN, lookup, read
from supervisor.core.model.cause import CauseKey
from supervisor.core.model.events import Ending
from supervisor.core.model.vocabulary import Failure, Loss

_OF_ENDING: Final[Mapping[Ending, Failure]] = MappingProxyType(
    {
        Ending.REFUSED: Failure.REFUSED,
        Ending.CLOSED: Failure.CLOSED,
        Ending.RESET: Failure.CLOSED,
        Ending.PROTOCOL: Failure.PROTOCOL,
    }
)
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


def failure_of(ending: Ending, *, opened: bool, greeted: bool) -> Failure:
    """How an attempt failed whose connection ended so.

    Args:
        ending: how it ended; ASKED if its time was over and we left.
        opened: TCP was connected.
        greeted: the handshake was done.
    """
    if ending not in (Ending.TIMEOUT, Ending.ASKED):
        return _OF_ENDING.get(ending, Failure.ERROR)
    if greeted:
        return Failure.SESSION_TIMEOUT
    return Failure.HANDSHAKE_TIMEOUT if opened else Failure.TIMEOUT


def names_a_reason(code: int, text: str) -> bool:
    """Whether a message before the session is ready says why it is not: any error of the gateway does."""
    if not isinstance(read(code, text), notices.Plain):
        return False
    return lookup(code).severity in (Severity.CRITICAL, Severity.ERROR) or (code not in KNOWN and not _is_notice(code))


def _is_notice(code: int) -> bool:
    """IBKR keeps this range for notices and warnings, none of them fatal."""
    return 2100 <= code < 2200


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
