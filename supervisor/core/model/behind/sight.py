"""What is seen behind the port: what a controller says of the gateway's process and login, and the kernel of sockets.

Both are evidence of others, each absent where nobody looks. What is not known is None.
"""

from datetime import datetime
from enum import StrEnum

from supervisor.frozen import dataclass


class LoginState(StrEnum):
    """Where the gateway's login stands: the label `ib_login_state`. The values are public. They never change."""

    NOT_RUNNING = "not_running"
    """There is no gateway process. Start it."""
    STARTING = "starting"
    """The process is new. Wait a minute."""
    LOGIN_PENDING = "login_pending"
    """The process runs and the port has stayed closed for a minute: login, second factor or dialog, not told apart."""
    LOGIN_DIALOG = "login_dialog"
    """It waits at a dialog. Look at its screen."""
    SECOND_FACTOR = "second_factor"
    """It waits for the second factor. Confirm it."""
    LOGGED_IN = "logged_in"
    """Nothing to do."""
    RESTARTING = "restarting"
    """It restarts by itself. Wait."""
    LOCKED_OUT = "locked_out"
    """The login was refused, and trying again makes it worse. Read the controller's log."""


@dataclass(frozen=True, slots=True)
class GatewayProcess:
    """One process of the gateway: the number alone is given out again, number and start together are not."""

    pid: int
    started: float
    """Seconds after the start of the machine; only ever compared."""


@dataclass(frozen=True, slots=True)
class Sight:
    """One look through a controller. It may be wrong or late: decisions use it beside what was seen at the port."""

    login_state: LoginState | None = None
    """As the controller tells it, not compared with anything."""
    since: datetime | None = None
    """Since when, if the controller says so."""
    process: GatewayProcess | None = None
    running: bool | None = None
    """Whether the gateway's process, or what stands for it, runs."""
    restarts: int | None = None
    """How often its keeper has started it again, as that counts."""
    exit_status: int | None = None
    """Of the process that is gone."""
    words: str = ""
    """Why nothing is known, or what else a person should read; never a secret."""


NOTHING = Sight()


@dataclass(frozen=True, slots=True)
class Seen:
    """What controller and port together say now: for observers and for decisions."""

    login_state: LoginState | None = None
    since: datetime | None = None
    """Of the login state."""
    running: bool | None = None
    process: GatewayProcess | None = None
    proven: bool = False
    """A session was ready with this very process: it was seen logged in. What a process that was not does with a
    command, nobody knows."""
    restarts: int = 0
    """Times that the process was seen to be another one."""
    words: str = ""
    """The controller's own."""


@dataclass(frozen=True, slots=True)
class Sockets:
    """What the kernel says of the sockets on the gateway's port, at one moment."""

    states: tuple[tuple[str, int], ...] | None = None
    """On the gateway's side, by the name of the state; None where they are hidden, by a container for example."""
    unaccepted: int | None = None
    """Connections that what listens on the port has not accepted."""
    unread: int | None = None
    """Bytes of our connection that what listens on the port has not read."""
    unacknowledged: int | None = None
    """Bytes of our connection that the other machine's kernel has not acknowledged."""


@dataclass(frozen=True, slots=True)
class LoginSeen:
    """Where the login was seen to stand, for the words about it."""

    state: LoginState
    since: datetime | None
    zone: str | None
    """The gateway's own, for times of day."""


@dataclass(frozen=True, slots=True)
class LoginStateChanged:
    """A record: the login is seen to stand elsewhere than before; None while nobody knows."""

    before: LoginState | None
    now: LoginSeen | None
    words: str
    """The controller's."""


class KernelWord(StrEnum):
    """What the sockets say of a request that is not answered. The journal keeps the values: they never change."""

    NOT_READ = "not_read"
    """What listens on the port has not read it."""
    NOT_ACCEPTED = "not_accepted"
    """What listens on the port does not accept connections."""
    NOT_ACKNOWLEDGED = "not_acknowledged"
    """The other machine has not acknowledged it: the network is silent."""
    ACKNOWLEDGED = "acknowledged"
    """The other machine has it, and nothing there answers. Whether it was read cannot be seen."""


@dataclass(frozen=True, slots=True)
class KernelSaid:
    """The kernel's word, for the words about it."""

    word: KernelWord
    seconds: int
    """Since the request was sent."""
    amount: int
    """Bytes, or connections."""
    pid: int | None = None
    """Of the gateway's process, where a controller has named it."""
