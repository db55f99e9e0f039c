"""One TCP connection as the world sees it: its two ends close each for itself."""

from dataclasses import dataclass, field

from supervisor.core.model.events import CanaryHours, CanaryTicked, SessionEvent

Said = SessionEvent | CanaryTicked | CanaryHours


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
    canary: bool = False
    """It is the canary's, which has epochs of its own."""
    accepted: bool = False
    """The gateway gave it the client id."""
    last_answer: float = -10.0
    unanswered: int = 0
    held: list[Said] = field(default_factory=list)
