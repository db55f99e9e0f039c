"""A limit of log lines a second, for each kind and for all. The other lines are counted, and their number is logged.

- A kind is one place in the code and one gateway. For the reports of the core it is one kind of event and one gateway.
- The first lines of a kind go out at once, however fast they come: a burst is news, but a flood of minutes is not.
- A line with a traceback counts as ten.
- Pure: time is an argument. To be used by one thread at a time.
"""

from collections.abc import Hashable
from dataclasses import field

from supervisor.frozen import dataclass

HEAVY = 10.0
"""A line with a traceback counts as so many."""
KINDS = 2000
"""The most kinds, more than there are places in the code. Any further kind counts as `None`."""
TOLD_EVERY = 10.0
"""Seconds between two reports of the lines left out."""
EXAMPLES = 20
"""A report names so many kinds, the most frequent ones. A fleet has thousands."""


@dataclass(frozen=True, slots=True)
class Rates:
    """Lines in a burst, and lines a second after it: of one kind, and of all together."""

    burst: float = 50.0
    steady: float = 1.0
    burst_of_all: float = 5000.0
    """Enough for a hundred gateways that go and come back ten times: each of these lines is news."""
    steady_of_all: float = 50.0


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
    """Decides line by line."""

    rates: Rates = RATES
    _all: _Bucket | None = None
    _kinds: dict[Hashable, _Bucket] = field(default_factory=dict)
    _pending: bool = False
    _next: float = 0.0

    def admits(self, kind: Hashable, example: str, heavy: bool, now: float) -> bool:
        """Whether a line of this kind may go out now. If not, it is counted; the first one is kept as an example."""
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
        """When to report what was left out; None if nothing was."""
        return self._next if self._pending else None

    def left_out(self) -> list[tuple[int, str]]:
        """How many lines were left out since the last call, and the first of them, for each of the worst kinds.

        All lines of other kinds are counted in the last entry, whose example is empty.
        """
        self._pending = False
        found = [bucket for bucket in self._kinds.values() if bucket.left_out]
        told = [(bucket.left_out, bucket.example) for bucket in found]
        for bucket in found:
            bucket.left_out, bucket.example = 0, ""
        told.sort(reverse=True)
        rest = sum(count for count, _ in told[EXAMPLES:])
        return told[:EXAMPLES] + ([(rest, "")] if rest else [])
