"""Recovery of one gateway, as observers read it."""

from collections.abc import Mapping
from datetime import datetime

from supervisor.core.model.recovery.rules import Block, NeedsLogin, Result, Rung, RungPolicy
from supervisor.frozen import dataclass


@dataclass(frozen=True, slots=True)
class RungView:
    """One rung, as it stands."""

    policy: RungPolicy
    remaining: int
    """Deeds left of the budget."""
    block: Block | None
    """Why it is not done now."""
    due: datetime | None
    """When its patience is over; None while what it is for is not so."""


@dataclass(frozen=True, slots=True)
class ProposalView:
    """A rung that waits for approval."""

    rung: Rung
    needs_login: NeedsLogin
    since: datetime
    approved_by: str
    """Who approved it, while it cannot be done yet; empty if nobody has."""
    approved_until: datetime | None


@dataclass(frozen=True, slots=True)
class DeedView:
    """A deed that is under way, or the last one."""

    rung: Rung
    at: datetime
    by: str
    """Who asked for it or approved it; empty if nobody was asked."""
    result: Result | None
    """None while its proof is awaited."""
    words: str
    """What the controller or the command said."""


@dataclass(frozen=True, slots=True)
class RecoveryView:
    """Recovery of one gateway."""

    dry_run: bool
    rungs: tuple[RungView, ...]
    proposal: ProposalView | None
    deed: DeedView | None
    counts: Mapping[tuple[Rung, Result], int]
