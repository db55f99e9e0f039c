"""Which of two supervisors watches: the standby does while the active one is gone, and rests when that is well again.

- Both have client ids of their own. So nothing depends on who is right about the other: at worst both watch.
- Only looks of one kind in a row count. One that proves neither, such as a refused password, begins the row again.
- Between the two waits nothing is changed: whoever watches goes on.
"""

from enum import StrEnum

from supervisor.frozen import dataclass, replace

LEAST = 3
"""Looks in a row that it takes to find the active one gone, however far apart they are."""


class Look(StrEnum):
    """What one look at the active supervisor showed."""

    WELL = "well"
    """It answers, and its loop turns."""
    GONE = "gone"
    """It does not answer, or its loop does not turn."""
    UNCLEAR = "unclear"
    """Something answers, and does not say which."""


class Duty(StrEnum):
    """What the standby should do now."""

    WATCH = "watch"
    REST = "rest"
    AS_BEFORE = "as_before"


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds."""

    after: float = 15.0
    """For which the active one must be gone."""
    back: float = 60.0
    """For which it must be well again."""


@dataclass(frozen=True, slots=True)
class Row:
    """The last looks that showed the same."""

    look: Look = Look.UNCLEAR
    since: float = 0.0
    """Monotonic seconds at the beginning of the first one."""
    looks: int = 0


def seen(row: Row, look: Look, at: float) -> Row:
    """The row after a look that began at `at`."""
    return replace(row, looks=row.looks + 1) if look is row.look else Row(look, at, 1)


def duty(row: Row, patience: Patience, now: float) -> Duty:
    """What follows from the looks so far."""
    lasted = now - row.since
    if row.look is Look.GONE and row.looks >= LEAST and lasted >= patience.after:
        return Duty.WATCH
    if row.look is Look.WELL and lasted >= patience.back:
        return Duty.REST
    return Duty.AS_BEFORE
