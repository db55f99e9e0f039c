"""What a program is told when something of its own does not work."""

from enum import StrEnum


class Why(StrEnum):
    """Why a request did not go."""

    DOWN = "down"
    """There is no session, or this object's session is over."""
    LATE = "late"
    """An order would wait too long in the queue, or too much waits there."""


class NotSent(ConnectionError):
    """A request did not go to the gateway, and never will. `why` says why; nothing else has changed."""

    def __init__(self, request: str, why: Why, text: str) -> None:
        super().__init__(f"{request} was not sent: {text}")
        self.request = request
        self.why = why


class BadProgram(TypeError):
    """What the factory made cannot be hosted. The text says why."""
