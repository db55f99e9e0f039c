"""What the operator asked for: a pause, and a window of maintenance. Both survive a restart of the daemon."""

from datetime import datetime

from supervisor.core.model.policy import LONGEST_MAINTENANCE
from supervisor.frozen import dataclass, replace


@dataclass(frozen=True, slots=True)
class Pause:
    """The client id is released and nothing is tried; `until` None is until resumed."""

    until: datetime | None = None
    by: str = ""
    """Who asked for it: a user's name, or where the request came from."""


@dataclass(frozen=True, slots=True)
class Maintenance:
    """The window that the operator opened."""

    begins: datetime
    until: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Operator:
    """None of either: the operator asked for nothing."""

    pause: Pause | None = None
    maintenance: Maintenance | None = None


def maintained(operator: Operator, until: datetime, reason: str, wall: datetime) -> Operator:
    """Maintenance from now on, for at most `LONGEST_MAINTENANCE`; unchanged for a moment that has passed."""
    until = min(until, wall + LONGEST_MAINTENANCE)
    return operator if until <= wall else replace(operator, maintenance=Maintenance(wall, until, reason))


def expired(operator: Operator, wall: datetime) -> Operator:
    """A maintenance whose time is over is gone."""
    if operator.maintenance is None or wall < operator.maintenance.until:
        return operator
    return replace(operator, maintenance=None)
