"""What only ever grows: the numbers behind the counters and histograms of the metrics.

Frozen like the rest of the state; adding makes a new one. The metrics fill closed sets of labels with zeros.
"""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import field
from typing import TypeVar

from supervisor.core.model.gate import GateReason
from supervisor.core.model.vocabulary import Data, Failure, Loss, Planning
from supervisor.frozen import dataclass, replace

K = TypeVar("K")
V = TypeVar("V", int, float)

HEARTBEAT_BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
RECOVERY_BOUNDS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3600.0, 14400.0)
MESSAGES_NAMED = 40
"""Undecodable messages that are counted by name; the others are `other`."""


def added(counts: Mapping[K, V], key: K, amount: V) -> Mapping[K, V]:
    """The counts with `amount` more of `key`."""
    return {**counts, key: counts.get(key, 0) + amount}


@dataclass(frozen=True, slots=True)
class Histogram:
    """Counts by upper bound, not cumulative; the last one is above all bounds."""

    bounds: tuple[float, ...]
    counts: tuple[int, ...] = ()
    total: float = 0.0
    """The sum of all values."""

    def with_value(self, value: float) -> "Histogram":
        """One value more."""
        counts = list(self.counts or (0,) * (len(self.bounds) + 1))
        counts[bisect_left(self.bounds, value)] += 1
        return replace(self, counts=tuple(counts), total=self.total + value)


@dataclass(frozen=True, slots=True)
class Counters:
    """Of one gateway, since the process began."""

    messages: Mapping[str, int] = field(default_factory=dict)
    """By the label of the message code."""
    attempts: int = 0
    failures: Mapping[Failure, int] = field(default_factory=dict)
    sessions: int = 0
    losses: Mapping[tuple[Loss, Planning], int] = field(default_factory=dict)
    """By reason, judged at the loss."""
    heartbeats: Histogram = field(default_factory=lambda: Histogram(HEARTBEAT_BOUNDS))
    misses: int = 0
    ignored: int = 0
    """Pings that the gateway never answered, though it answered the next one."""
    upstream_losses: Mapping[Data, int] = field(default_factory=dict)
    regressions: int = 0
    """`nextValidId` lower than one seen earlier."""
    callback_errors: int = 0
    gate_closures: Mapping[GateReason, int] = field(default_factory=dict)
    """By the highest reason at the moment the gate closed."""
    undecodable: Mapping[str, int] = field(default_factory=dict)
    """Dropped messages by the client library's name or number."""
