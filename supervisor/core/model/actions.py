"""What the core wants done: the only way it touches the world.

Actions are carried out in their order. None has an answer; what comes of them comes back as events. What happened is
told by records (`supervisor.core.model.records`), not here.
"""

from datetime import datetime

from supervisor.core.model.behind.canary import CanaryAction, CanaryView
from supervisor.core.model.cause import Cause
from supervisor.core.model.facts import Facts
from supervisor.core.model.gate import GateClosed
from supervisor.core.model.pages import Severity
from supervisor.core.model.recovery.records import RecoveryRecord
from supervisor.core.model.recovery.rules import Rung
from supervisor.core.model.snapshot import GatewayClock
from supervisor.core.model.vocabulary import Stage
from supervisor.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Connect:
    """Open session `epoch`. The deadlines are the core's; the two timeouts (seconds) bound the calls that block."""

    epoch: int
    host: str
    port: int
    client_id: int
    connect_timeout: float
    handshake_timeout: float


@dataclass(frozen=True, slots=True)
class Close:
    """End session `epoch` now: its FIN leaves before the next action is carried out."""

    epoch: int


@dataclass(frozen=True, slots=True)
class Ping:
    """Send `reqCurrentTime`."""

    epoch: int


@dataclass(frozen=True, slots=True)
class Probe:
    """Ask for the contract details that only IBKR's servers have."""

    epoch: int
    request_id: int


@dataclass(frozen=True, slots=True)
class Persist:
    """These facts must survive a restart of the daemon."""

    facts: Facts


@dataclass(frozen=True, slots=True)
class Heal:
    """Do this rung of recovery; its answer, if there is one, names the number."""

    number: int
    rung: Rung


Subject = RecoveryRecord | GateClosed | GatewayClock | tuple[CanaryView, ...]
"""What a message tells of, where that is more than a row and a cause: its evidence."""


@dataclass(frozen=True, slots=True)
class Announce:
    """People must be told. It stands before the facts that remember it: a kill between the two tells it again."""

    talk: str
    """The conversation: an outage has one, with one id."""
    stage: Stage
    row: str
    """What it is, by the table of pages (`supervisor.core.model.pages.ROWS`)."""
    severity: Severity
    at: datetime
    began: datetime
    seconds: float
    """How long it has lasted, or had lasted when it ended."""
    cause: Cause | None = None
    due: datetime | None = None
    """What it is about comes at this instant."""
    recovered: bool = True
    """Of an end: it is well again; False if a pause ended it."""
    login: bool = False
    """Of an end: the login that was asked for is done."""
    about: Subject | None = None

    @property
    def key(self) -> str:
        """The same for the same message, in any process."""
        return f"{self.talk}/{self.row}/{self.stage}"


@dataclass(frozen=True, slots=True)
class LookAtSockets:
    """Ask the kernel now, and not only in its turn."""


SessionAction = Connect | Close | Ping | Probe
"""What the gateway's link carries out."""
BehindAction = LookAtSockets | CanaryAction | Heal
"""What is not for the gateway's own session."""
Action = SessionAction | Announce | Persist | BehindAction
