"""What can happen to one gateway: the only way anything reaches the core.

Events are facts in the past tense. Those of a session carry its `epoch`; the machine drops the late words of an earlier
one.
"""

from datetime import datetime
from enum import StrEnum

from supervisor.core.model.behind.canary import DataType
from supervisor.core.model.behind.sight import Sight, Sockets
from supervisor.core.model.cause import CauseKey
from supervisor.core.model.gate import GateReason
from supervisor.core.model.policy import Policy
from supervisor.core.model.recovery.rules import Rung
from supervisor.frozen import dataclass


class Ending(StrEnum):
    """How a session's thread came to its end, told once for each session."""

    REFUSED = "refused"
    """The TCP connection was refused."""
    TIMEOUT = "timeout"
    """The TCP connection, or the name look-up before it, took too long."""
    CLOSED = "closed"
    """The peer ended the connection (EOF)."""
    RESET = "reset"
    """The connection broke: reset, broken pipe, unreachable, keepalive."""
    PROTOCOL = "protocol"
    """What came is of no use: not a TWS at all, one of another age, or a needed message that cannot be decoded."""
    CALLBACK = "callback"
    """A fault of our own side: an exception in the message loop, or a request that cannot be encoded."""
    ERROR = "error"
    """Anything else: an unknown host name, no file descriptor left."""
    ASKED = "asked"
    """We closed it."""


# -- of a session -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PortOpened:
    """TCP connect succeeded; the hello was sent."""

    epoch: int
    tried: str = ""
    """Of a name with several addresses: those tried before with their ends, and the one that accepted."""
    others_refused: bool = True
    """Every address tried before it refused."""


@dataclass(frozen=True, slots=True)
class HandshakeDone:
    """The gateway told its server version and its wall clock; START_API was sent."""

    epoch: int
    server_version: int
    clock: str
    """As it came, e.g. `20261121 04:33:39 EST` (docs/facts/ibapi.md)."""


@dataclass(frozen=True, slots=True)
class AccountsReceived:
    """`managedAccounts`: the accounts of the login."""

    epoch: int
    accounts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NextIdReceived:
    """`nextValidId`: the next order id; it may go back after a restart of the gateway."""

    epoch: int
    order_id: int


@dataclass(frozen=True, slots=True)
class TimeAnswered:
    """`currentTime`: the answer to a heartbeat; it has no id."""

    epoch: int
    seconds: int
    """The gateway's clock, Unix seconds."""


@dataclass(frozen=True, slots=True)
class ProbeAnswered:
    """A row of contract details came for the upstream probe `request_id`."""

    epoch: int
    request_id: int


@dataclass(frozen=True, slots=True)
class NoticeReceived:
    """`error()`: a message code, from TWS or from the client library itself."""

    epoch: int
    request_id: int
    code: int
    text: str


@dataclass(frozen=True, slots=True)
class TrafficSeen:
    """Any other message: proof that the gateway talks, of nothing more."""

    epoch: int


@dataclass(frozen=True, slots=True)
class MessageUndecodable:
    """The client library cannot decode a message that nobody here needs: it was dropped, and the session goes on."""

    epoch: int
    number: int
    name: str
    """The library's name of the message; empty if it has none."""
    library: str
    """The client library and its version."""
    error: str
    """What it stumbled over, without a byte of the message."""


@dataclass(frozen=True, slots=True)
class CallbackFailed:
    """A callback of ours raised: the session is over, the daemon is not."""

    epoch: int
    callback: str
    error: str


@dataclass(frozen=True, slots=True)
class SessionClosed:
    """The session is over and its socket closed: once for each session, whatever happens."""

    epoch: int
    ending: Ending
    detail: str = ""
    key: CauseKey | None = None
    """The likely cause, if the session knows more than its ending tells."""
    what: str = ""
    """What that cause is about, in words."""
    tried: str = ""
    """Of a name with several addresses of which none accepted: each with its end."""


# -- of a hosted program ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ProgramRan:
    """The program's own code held the session's thread: `seconds` in all, since the session began.

    For as long nothing could be read: the gateway's answers may have come.
    """

    epoch: int
    seconds: float


@dataclass(frozen=True, slots=True)
class TimeAsked:
    """The program asks for the gateway's time. Its request and the heartbeat's are one."""

    epoch: int


# -- of the operator --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PauseAsked:
    """Release the client id and stop trying; `until` a moment, or until resumed."""

    until: datetime | None = None
    by: str = ""
    """Who asks: a user's name, or where the request came from."""


@dataclass(frozen=True, slots=True)
class ResumeAsked:
    """End a pause."""


@dataclass(frozen=True, slots=True)
class MaintenanceAsked:
    """A window from now until `until`."""

    until: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class MaintenanceEnded:
    """The operator's window is over before its time."""


@dataclass(frozen=True, slots=True)
class LoginConfirmed:
    """The operator's word that the weekly login was done."""


@dataclass(frozen=True, slots=True)
class IdsConfirmed:
    """The operator's word that the order ids went back, and that it is known: `confirm-ids`."""


@dataclass(frozen=True, slots=True)
class RungApproved:
    """What recovery proposes may be done."""

    by: str = ""
    """Who says so: a user's name, or where the request came from."""
    rung: Rung | None = None
    """What they were asked for; None: whatever waits."""


@dataclass(frozen=True, slots=True)
class RungAsked:
    """Recovery by hand: this rung, or the mildest one that is right."""

    rung: Rung | None = None
    by: str = ""


# -- of the hands -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DeedAnswered:
    """What a controller or a command said to a deed. Accepted is not done."""

    number: int
    accepted: bool | None
    """None: it was sent, and nobody knows what became of it."""
    words: str


# -- of the daemon ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Started:
    """The loop turns: begin."""


@dataclass(frozen=True, slots=True)
class Ticked:
    """Time has passed: a deadline, an edge of a window, or the loop's own look at the clocks."""


@dataclass(frozen=True, slots=True)
class GateTold:
    """A reason of the gate holds, or holds no more: one of `TOLD`, which the core cannot see by itself."""

    reason: GateReason
    holds: bool


@dataclass(frozen=True, slots=True)
class Slept:
    """The machine was suspended: CLOCK_BOOTTIME jumped ahead of CLOCK_MONOTONIC."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Reloaded:
    """The policy given to this step is new; `before` is the one it replaces."""

    before: Policy


@dataclass(frozen=True, slots=True)
class ShutdownAsked:
    """The daemon ends."""


# -- of what is seen behind the port ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sighted:
    """A controller was asked, and answered or did not; `NOTHING` with its words is what is known then."""

    sight: Sight
    good_for: float
    """Seconds for which this holds. The next look comes sooner, or something hangs."""


@dataclass(frozen=True, slots=True)
class SocketsSeen:
    """The kernel was asked for the sockets on the gateway's port."""

    sockets: Sockets


SessionEvent = (
    PortOpened
    | HandshakeDone
    | AccountsReceived
    | NextIdReceived
    | TimeAnswered
    | ProbeAnswered
    | NoticeReceived
    | TrafficSeen
    | MessageUndecodable
    | CallbackFailed
    | SessionClosed
)
# -- of the canary's own connection -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CanaryHeard:
    """An event of the canary's session, whose epochs are its own."""

    event: SessionEvent


@dataclass(frozen=True, slots=True)
class CanaryTicked:
    """Data came for a request, or the kind of data was told."""

    epoch: int
    request_id: int
    data_type: DataType | None = None
    ticked: bool = True
    """Data came."""


@dataclass(frozen=True, slots=True)
class CanaryHours:
    """The hours of the contract of a request, as IBKR writes them, in its zone."""

    epoch: int
    request_id: int
    hours: str
    zone: str


CanaryEvent = CanaryHeard | CanaryTicked | CanaryHours
ProgramEvent = ProgramRan | TimeAsked
OperatorEvent = (
    PauseAsked
    | ResumeAsked
    | MaintenanceAsked
    | MaintenanceEnded
    | LoginConfirmed
    | IdsConfirmed
    | RungApproved
    | RungAsked
)
DaemonEvent = Started | GateTold | Slept | Reloaded | ShutdownAsked | DeedAnswered
EyesEvent = Sighted | SocketsSeen
Event = SessionEvent | ProgramEvent | OperatorEvent | DaemonEvent | EyesEvent | CanaryEvent | Ticked
