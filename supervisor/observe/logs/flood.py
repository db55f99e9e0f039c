"""So many lines a second, of each kind and in all; the rest is counted, and told as a number.

- Of a kind are the lines of one place in the code about one gateway; of what the core tells, those of one kind of
  event. The first ones go out at once, however fast they come: a burst is news, what goes on for minutes is not.
- A line with a traceback weighs as much as ten.
- Pure: time is an argument. Not for several threads at a time.
"""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field

HEAVY = 10.0
"""What a line with a traceback weighs."""
KINDS = 2000
"""Kinds that are told apart; there are not as many places in the code. Beyond that a new one counts as `None`."""
TOLD_EVERY = 10.0
"""Seconds between two tellings of what was left out."""


@dataclass(frozen=True, slots=True)
class Rates:
    """Lines in a burst, and lines a second after it: of one kind, and of all together."""

    burst: float = 50.0
    steady: float = 1.0
    burst_of_all: float = 2000.0
    steady_of_all: float = 20.0


RATES = Rates()


@dataclass(slots=True)
class _Bucket:
    level: float
    at: float
    left_out: int = 0
    example: str = ""

    def fill(self, burst: float, steady: float, now: float) -> None:
        self.level = min(burst, self.level + max(0.0, now - self.at) * steady)
        self.at = now


@dataclass(slots=True)
class Flood:
    """What went out, and what did not."""

    rates: Rates = RATES
    _all: _Bucket | None = None
    _kinds: dict[Hashable, _Bucket] = field(default_factory=dict)
    _pending: bool = False
    _next: float = 0.0

    def admits(self, kind: Hashable, example: str, heavy: bool, now: float) -> bool:
        """Whether a line of this kind may go out now; if not, it is counted, with the first of them as an example."""
        rates, weight = self.rates, HEAVY if heavy else 1.0
        if kind not in self._kinds and len(self._kinds) >= KINDS:
            kind = None
        if self._all is None:
            self._all = _Bucket(rates.burst_of_all, now)
        own = self._kinds.setdefault(kind, _Bucket(rates.burst, now))
        own.fill(rates.burst, rates.steady, now)
        self._all.fill(rates.burst_of_all, rates.steady_of_all, now)
        if own.level >= weight and self._all.level >= weight:
            own.level -= weight
            self._all.level -= weight
            return True
        own.left_out += 1
        own.example = own.example or example
        if not self._pending:
            self._pending, self._next = True, now + TOLD_EVERY
        return False

    @property
    def due(self) -> float | None:
        """When there is something to tell; None if nothing was left out."""
        return self._next if self._pending else None

    def left_out(self) -> Iterable[tuple[int, str]]:
        """How many lines of each kind were left out since this was asked last, and the first of each."""
        self._pending = False
        found = [bucket for bucket in self._kinds.values() if bucket.left_out]
        told = [(bucket.left_out, bucket.example) for bucket in found]
        for bucket in found:
            bucket.left_out, bucket.example = 0, ""
        return told
