"""What recovery did and asked for, as records: `supervisor.core.model.records` has the union of all."""

from datetime import datetime

from supervisor.core.model.recovery.rules import Block, NeedsLogin, Result, Rung
from supervisor.frozen import dataclass


@dataclass(frozen=True, slots=True)
class RecoveryProposed:
    """A rung is due, and waits for a person's word."""

    rung: Rung
    needs_login: NeedsLogin
    dry_run: bool


@dataclass(frozen=True, slots=True)
class RecoveryWithdrawn:
    """What waited for approval is no longer needed, or no longer allowed."""

    rung: Rung


@dataclass(frozen=True, slots=True)
class RecoveryApproved:
    """A person approved a rung; the word is good until then."""

    rung: Rung
    by: str
    until: datetime


@dataclass(frozen=True, slots=True)
class RecoveryRefused:
    """What a person asked for is not done. `why` None: nothing waits for approval."""

    rung: Rung | None
    by: str
    why: Block | None


@dataclass(frozen=True, slots=True)
class RecoveryStarted:
    """A rung is being done; in a dry run it would be."""

    rung: Rung
    by: str
    """Who asked for it or approved it; empty if nobody had to."""
    needs_login: NeedsLogin
    dry_run: bool


@dataclass(frozen=True, slots=True)
class RecoveryAnswered:
    """The controller or the command said something. Accepted is not done."""

    rung: Rung
    accepted: bool | None
    """None: it was sent, and not answered."""
    words: str


@dataclass(frozen=True, slots=True)
class RecoveryProved:
    """What the rung is for was seen to be so, so many seconds after it."""

    rung: Rung
    seconds: float


@dataclass(frozen=True, slots=True)
class RecoveryFailed:
    """The rung did not help, or was refused."""

    rung: Rung
    result: Result
    words: str
    """What the controller or the command said."""
    up: bool = False
    """The gateway works nevertheless: it came back by itself."""


RecoveryRecord = (
    RecoveryProposed
    | RecoveryWithdrawn
    | RecoveryApproved
    | RecoveryRefused
    | RecoveryStarted
    | RecoveryAnswered
    | RecoveryProved
    | RecoveryFailed
)
