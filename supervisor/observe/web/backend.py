"""What the web side asks of the daemon. It knows nothing else of it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from supervisor.core.model.events import OperatorEvent, RungApproved, RungAsked
from supervisor.core.model.snapshot import Snapshot
from supervisor.frozen import dataclass
from supervisor.observe.events import EventRing
from supervisor.observe.gate.news import GateNews
from supervisor.observe.journal.history import History
from supervisor.observe.metrics.internals import Internals


@dataclass(frozen=True, slots=True)
class ReloadResult:
    """What came of a reload."""

    ok: bool
    faults: tuple[str, ...] = ()
    """Why the new config was refused: a line each."""
    notes: tuple[str, ...] = ()
    """What else the operator should know, such as keys that need a restart."""


class Backend(Protocol):
    """The daemon, as the web side sees it.

    `reload`, `control` and `recovery` wait for the loop, with a deadline of their own, and raise TimeoutError if it
    does not come to it; they, `not_stored` and `history` are called on threads that may wait. All others answer at
    once, on any thread.
    """

    @property
    def events(self) -> EventRing:
        """The last things worth knowing."""
        ...

    @property
    def gates(self) -> GateNews:
        """Tells when a gate has opened or closed."""
        ...

    def snapshots(self) -> Sequence[Snapshot]:
        """One of each gateway, in the order of the config."""
        ...

    def internals(self) -> Internals:
        """What the daemon tells of itself."""
        ...

    def now(self) -> datetime:
        """The daemon's wall clock, aware UTC."""
        ...

    def alive(self) -> bool:
        """Whether the loop turns."""
        ...

    def ready(self) -> tuple[bool, str]:
        """Whether every gateway was tried once, and in a sentence what is missing."""
        ...

    def history(self, since: datetime, until: datetime, gateways: Sequence[str]) -> History:
        """What happened; takes its time, and raises HistoryError if the journal cannot be read."""
        ...

    def place(self) -> str:
        """Where the journal can be read: an URI of SQLite. Raises HistoryError."""
        ...

    def reload(self) -> ReloadResult:
        """Read the config again."""
        ...

    def control(self, name: str, event: OperatorEvent) -> bool:
        """Let this gateway hear the operator; False if there is none of that name."""
        ...

    def recovery(self, name: str, event: RungApproved | RungAsked) -> str | None:
        """Let this gateway's recovery hear the operator: empty if it is done, else why it is not; None if unknown."""
        ...

    def not_stored(self) -> str:
        """Why what an operator asked for would not survive a restart; empty if it would. Waits for the disk."""
        ...
