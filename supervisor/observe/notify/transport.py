"""What a courier asks of the way to a target, and what the way answers."""

from typing import Protocol

from supervisor.core.model.pages import Severity
from supervisor.frozen import dataclass
from supervisor.observe.notify.text import Text


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one message."""

    sent: bool
    doubt: bool = False
    """It was not said to be taken, and may have been."""
    why: str = ""
    """Why it was not sent, in words without secrets."""


SENT = Outcome(True)


class Transport(Protocol):
    """The way to one target."""

    def send(self, text: Text, severity: Severity) -> Outcome:
        """Send it. Never raises; may take long."""
        ...
