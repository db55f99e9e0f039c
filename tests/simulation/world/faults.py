"""What can go wrong, as data: a schedule is a list of these.

- `at` is true time, in seconds from the beginning of the run; `lasts` is in seconds.
- Whatever is random about a fault was drawn when the schedule was made, so that taking one fault out leaves the others
  as they were: that is what makes a failing schedule shrink.
"""

from dataclasses import dataclass

from supervisor.core.model.behind.sight import Sight
from supervisor.core.model.events import Ending


@dataclass(frozen=True, slots=True)
class Leave:
    """The gateway's process ends, on schedule or not, and comes back after `away` seconds.

    If its token has expired, or `revoked`, it then waits for a login, which comes `login` seconds later.
    """

    at: float
    away: float
    login: float
    door: str = "refuses"
    """How the port behaves meanwhile: `refuses`, or `closes` (a proxy in front accepts, then EOF)."""
    waiting_door: str = "refuses"
    """How it behaves while a login is awaited: `refuses`, `closes` or `mute`."""
    revoked: bool = False
    ending: Ending = Ending.RESET
    order_id_back: bool = False


@dataclass(frozen=True, slots=True)
class Hang:
    """The gateway stops answering with its port open; `chatty`: other messages still come."""

    at: float
    lasts: float
    chatty: bool = False


@dataclass(frozen=True, slots=True)
class BlackHole:
    """The network swallows everything: no FIN, no RST. Our session's ghost stays `linger` seconds after it heals."""

    at: float
    lasts: float
    linger: float


@dataclass(frozen=True, slots=True)
class MuteDoor:
    """New connections are accepted and never greeted; sessions that exist go on."""

    at: float
    lasts: float


@dataclass(frozen=True, slots=True)
class Cut:
    """The session ends; nothing else is wrong."""

    at: float
    ending: Ending


@dataclass(frozen=True, slots=True)
class Rival:
    """Another program holds our client id: 326. Our session is cut first."""

    at: float
    lasts: float


@dataclass(frozen=True, slots=True)
class UpstreamLoss:
    """The gateway loses IBKR's servers, and says so every `every` seconds."""

    at: float
    lasts: float
    every: float
    code: int = 1100
    ends: int | None = 1102
    """1101 or 1102; None: nothing is said."""


@dataclass(frozen=True, slots=True)
class FarmBreak:
    """One data farm is away; `connecting`: its return is announced first."""

    at: float
    lasts: float
    farm: str
    connecting: bool = False


@dataclass(frozen=True, slots=True)
class PortMove:
    """Somebody changes the API port: 1300, and back after `lasts` unless the daemon follows."""

    at: float
    lasts: float


@dataclass(frozen=True, slots=True)
class WrongLogin:
    """The gateway comes back logged in to an account of the other kind."""

    at: float
    lasts: float


@dataclass(frozen=True, slots=True)
class Chaos:
    """Events on their way to the core are lost, doubled, delayed and so reordered, each with its probability."""

    at: float
    lasts: float
    lose: float
    double: float
    delay: float
    longest: float
    seed: int


@dataclass(frozen=True, slots=True)
class Stall:
    """The loop does not turn: events wait, stamped when they came; ticks are late. `chatty`: there are many."""

    at: float
    lasts: float
    chatty: bool = False


@dataclass(frozen=True, slots=True)
class Typo:
    """The config names a port at which nobody listens, until it is put right."""

    at: float
    lasts: float


@dataclass(frozen=True, slots=True)
class ClockStep:
    """Somebody sets the wall clock, and back after `lasts`."""

    at: float
    lasts: float
    by: float


@dataclass(frozen=True, slots=True)
class Suspend:
    """The machine sleeps; `cut`: the gateway is elsewhere and gives our connection up."""

    at: float
    lasts: float
    cut: bool


@dataclass(frozen=True, slots=True)
class Pause:
    """The operator pauses; `by_clock`: until a time, else until resumed."""

    at: float
    lasts: float
    by_clock: bool


@dataclass(frozen=True, slots=True)
class Upkeep:
    """The operator opens a maintenance window, and works on the gateway in it; `early`: ends it before its time."""

    at: float
    lasts: float
    early: bool


@dataclass(frozen=True, slots=True)
class Reload:
    """The config is read again: `same`, `retries`, `client_id`, `heartbeat`."""

    at: float
    change: str


@dataclass(frozen=True, slots=True)
class Confirm:
    """The operator says that the login was done."""

    at: float


@dataclass(frozen=True, slots=True)
class DaemonDown:
    """The daemon is not running; `killed`: it had no time to say goodbye; `reboot`: the machine restarted too."""

    at: float
    lasts: float
    killed: bool
    reboot: bool
    after_its_word: float | None = None
    """It is killed so many seconds after it next tells people something; 0: before it has kept that it did."""


@dataclass(frozen=True, slots=True)
class Noise:
    """A message that means little, or a callback of ours that fails."""

    at: float
    code: int
    text: str


@dataclass(frozen=True, slots=True)
class KeeperLies:
    """The controller says what is not so."""

    at: float
    lasts: float
    sight: Sight


@dataclass(frozen=True, slots=True)
class KeeperHangs:
    """The controller does not answer."""

    at: float
    lasts: float


@dataclass(frozen=True, slots=True)
class DeadStream:
    """Connected, and the canary's data does not come."""

    at: float
    lasts: float


@dataclass(frozen=True, slots=True)
class StreamEnds:
    """The gateway ends the canary's subscription, and says so."""

    at: float
    code: int = 10182


@dataclass(frozen=True, slots=True)
class Competing:
    """Another login takes the market data: the canary hears of it."""

    at: float
    lasts: float


@dataclass(frozen=True, slots=True)
class CanaryRival:
    """Another program holds the canary's client id."""

    at: float
    lasts: float


@dataclass(frozen=True, slots=True)
class TargetDown:
    """A target of messages does not take them; `doubt`: it may have taken them all the same."""

    at: float
    lasts: float
    doubt: bool


Fault = (
    Leave
    | Hang
    | BlackHole
    | MuteDoor
    | Cut
    | Rival
    | UpstreamLoss
    | FarmBreak
    | PortMove
    | WrongLogin
    | Chaos
    | Stall
    | Typo
    | ClockStep
    | Suspend
    | Pause
    | Upkeep
    | Reload
    | Confirm
    | DaemonDown
    | Noise
    | KeeperLies
    | KeeperHangs
    | DeadStream
    | StreamEnds
    | Competing
    | CanaryRival
    | TargetDown
)
