"""Which part of its own code a program is in, and since when: a slow callback is told of, and closes the gate."""

from supervisor.frozen import dataclass

BUSY_AFTER = 0.5
"""Seconds in one callback after which orders are not safe: what the gateway says is not heard."""
TOLD_AFTER = 2.0
"""Seconds after which it is told of."""


@dataclass(frozen=True, slots=True)
class Work:
    """Of one session; times are monotonic seconds."""

    seconds: float = 0.0
    """Spent in the program's code so far, the present callback excluded."""
    since: float | None = None
    """When the present callback began; None between two."""

    def total(self, now: float) -> float:
        """All seconds spent in the program's code."""
        return self.seconds if self.since is None else self.seconds + max(0.0, now - self.since)

    def lasts(self, now: float) -> float:
        """Seconds for which the present callback runs; 0 between two."""
        return 0.0 if self.since is None else max(0.0, now - self.since)


def is_busy(work: Work, now: float) -> bool:
    """Whether the program is in one callback for too long to hear the gateway."""
    return work.lasts(now) >= BUSY_AFTER


def is_to_be_told(work: Work, now: float) -> bool:
    """Whether it takes so long that a person should know."""
    return work.lasts(now) >= TOLD_AFTER
