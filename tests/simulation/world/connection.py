"""One TCP connection as the world sees it: its two ends close each for itself."""

from dataclasses import dataclass, field

from supervisor.core.model.events import SessionEvent


@dataclass
class Connection:
    """One TCP connection, both ends."""

    epoch: int
    client_id: int
    alive: bool = True
    """The gateway's end is open."""
    ours: bool = True
    """Our end is open."""
    shaken: bool = False
    accepted: bool = False
    """The gateway gave it the client id."""
    last_answer: float = -10.0
    unanswered: int = 0
    held: list[SessionEvent] = field(default_factory=list)
