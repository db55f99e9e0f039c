"""What was seen behind the port, in words: where the login stands, each with its cure.

- These sentences stand in place of the vague ones: from the port alone a login, a dialog and a hang look the same.
- A controller may be wrong. So its word is told as what is seen, and only while no session is ready.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from supervisor.core.calendar.rules import zone_of
from supervisor.core.codes.notices import summary
from supervisor.core.explain.report import Level, Report
from supervisor.core.model.behind.sight import KernelSaid, KernelWord, LoginSeen, LoginState, LoginStateChanged
from supervisor.core.model.cause import CauseKey

VAGUE: Final = frozenset(
    {
        CauseKey.PORT_REFUSED,
        CauseKey.CLOSED_EARLY,
        CauseKey.MUTE,
        CauseKey.NEVER_READY,
        CauseKey.SESSION_REFUSED,
        CauseKey.LOGGING_IN,
        CauseKey.SESSION_CLOSED,
        CauseKey.RESTART,
        CauseKey.RESTART_OVERDUE,
        CauseKey.REAUTH_REQUIRED,
    }
)
"""Causes that name several likely ones, of which a controller knows the right one."""

SEEN: Final[Mapping[LoginState, tuple[str, str]]] = MappingProxyType(
    {
        LoginState.NOT_RUNNING: (
            "The gateway at {place} is not running{since}: its process is gone.",
            "Start the gateway, and read the end of its log and of its controller's log.",
        ),
        LoginState.STARTING: (
            "The gateway at {place} is starting{since}: its process runs, its port is not open yet.",
            "Wait a minute; if it does not end, look at the gateway's screen.",
        ),
        LoginState.LOGIN_PENDING: (
            "The gateway at {place} runs, and its port stays closed{since}: it waits for its login, for the second "
            "factor or at a dialog.",
            "Look at the gateway's screen and at the phone of the second factor.",
        ),
        LoginState.LOGIN_DIALOG: (
            "The gateway at {place} waits at a dialog of its login{since}.",
            "Look at the gateway's screen, and answer the dialog or log it in.",
        ),
        LoginState.SECOND_FACTOR: (
            "The gateway at {place} waits for the second factor{since}.",
            "Confirm the login on the phone; if no request is there any more, start the login again.",
        ),
        LoginState.LOCKED_OUT: (
            "IBKR refuses the login of the gateway at {place}{since}: wrong credentials, too many attempts, or an "
            "earlier session that it still holds.",
            "Do not let it try again and again; read the controller's log, and log in by hand.",
        ),
    }
)
"""`restarting` and `logged_in` need no other words than the port's."""

KERNEL: Final[Mapping[KernelWord, tuple[str, str]]] = MappingProxyType(
    {
        KernelWord.NOT_READ: (
            "{who} at {place} has not read our request{waited}: it hangs or is stopped, and the network is not at "
            "fault.",
            "Look at the memory and processor of the gateway's machine, and restart the gateway if it stays so.",
        ),
        KernelWord.NOT_ACCEPTED: (
            "{who} at {place} has not accepted {amount} connection{s}: it hangs or is stopped.",
            "Look at the memory and processor of the gateway's machine, and restart the gateway if it stays so.",
        ),
        KernelWord.NOT_ACKNOWLEDGED: (
            "The network to {place} is silent: the machine there has not acknowledged our request{waited}.",
            "Check that machine and the network between; the gateway itself may be well.",
        ),
        KernelWord.ACKNOWLEDGED: (
            "The machine at {place} has taken our request, and nothing there has answered{waited}: the gateway hangs, "
            "and the network is not at fault.",
            "Look at the memory and processor of the gateway's machine, and restart the gateway if it stays mute.",
        ),
    }
)
"""In place of what only names the hang and the network as possible."""
TOLD_BY_KERNEL: Final = frozenset({CauseKey.HEARTBEAT_LOST, CauseKey.MUTE})

_STATES: Final[Mapping[LoginState | None, str]] = MappingProxyType(
    {
        None: "nobody knows where the login of the gateway stands",
        LoginState.NOT_RUNNING: "the gateway is not running",
        LoginState.STARTING: "the gateway is starting",
        LoginState.LOGIN_PENDING: "the gateway runs and its port stays closed: a login is pending",
        LoginState.LOGIN_DIALOG: "the gateway waits at a dialog of its login",
        LoginState.SECOND_FACTOR: "the gateway waits for the second factor",
        LoginState.LOGGED_IN: "the gateway is logged in",
        LoginState.RESTARTING: "the gateway is restarting",
        LoginState.LOCKED_OUT: "IBKR refuses the login of the gateway",
    }
)
_LOUD: Final = frozenset({LoginState.NOT_RUNNING, LoginState.LOGIN_DIALOG, LoginState.LOCKED_OUT})


def kernel_facts(said: KernelSaid | None) -> Mapping[str, str | int]:
    """What the sentences above need. A process is named only where a controller knows it."""
    if said is None:
        return {}
    return {
        "who": "What listens on the port" if said.pid is None else f"The gateway's process (pid {said.pid})",
        "waited": f" for {said.seconds} s" if said.seconds else "",
        "amount": said.amount,
        "s": "" if said.amount == 1 else "s",
    }


def since_words(seen: LoginSeen) -> str:
    """` since 23:46 (EST, Sun 29 Nov)`, in the gateway's zone, else in UTC; empty if nobody knows since when."""
    if seen.since is None:
        return ""
    local = seen.since if seen.zone is None else seen.since.astimezone(zone_of(seen.zone))
    return f" since {local:%H:%M} ({local:%Z, %a %d %b})"


def login_words(record: LoginStateChanged) -> Report:
    """The line of the log."""
    seen = record.now
    state = seen.state if seen is not None else None
    text = _STATES[state] + (since_words(seen) if seen is not None else "")
    if record.words:
        text = f"{text} ({summary(record.words)})"
    level = Level.DEBUG if state is None else Level.WARNING if state in _LOUD else Level.INFO
    return Report(level, "login_state", text, {"login_state": state.value if state is not None else None})
