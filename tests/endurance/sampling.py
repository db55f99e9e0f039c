"""What a process holds while it is worn: sampled again and again, and judged by its slope."""

import statistics
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from tests.daemon.running import Running
from tests.waiting import wait_until

EVERY = 0.5
"""Seconds between two samples."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the report: what was done, how often, what came of it, and whether the promise is kept."""

    what: str
    times: str
    found: str
    promise: str
    kept: bool


@dataclass(frozen=True, slots=True)
class Sample:
    """The process at one moment; `work` is how much had been done to it."""

    work: float
    memory: int
    threads: int
    descriptors: int


class Samples:
    """All of one process, the newest last."""

    def __init__(self, daemon: Running) -> None:
        self._daemon = daemon
        self._next = 0.0
        self.taken: list[Sample] = []

    def take(self, work: float) -> Sample:
        """One now."""
        daemon = self._daemon
        self._next = time.monotonic() + EVERY
        self.taken.append(Sample(work, daemon.memory(), daemon.threads(), daemon.descriptors()))
        return self.taken[-1]

    def settle(self, work: float) -> Sample:
        """One when the process holds no more threads and descriptors than in the first; after 10 s in any case.

        The thread of a session that has just ended is still on its way out; one that stays is a leak.
        """
        daemon, first = self._daemon, self.taken[0]
        with suppress(AssertionError):  # the sample tells
            wait_until(lambda: daemon.threads() <= first.threads and daemon.descriptors() <= first.descriptors)
        return self.take(work)

    def look(self, work: float) -> None:
        """One, if the last is old enough."""
        if time.monotonic() >= self._next:
            self.take(work)

    def memory_slope(self) -> float:
        """Bytes for each unit of work over the second half, when the process has settled: least squares."""
        late = self.taken[len(self.taken) // 2 :]
        return slope([sample.work for sample in late], [float(sample.memory) for sample in late])

    def most(self) -> str:
        """The highest numbers of threads and descriptors ever seen."""
        threads = max(sample.threads for sample in self.taken)
        return f"at most {threads} threads, {max(sample.descriptors for sample in self.taken)} descriptors"


def slope(across: Sequence[float], along: Sequence[float]) -> float:
    """The rise for each unit across, by least squares; 0 for less than two different points."""
    if len(set(across)) < 2:
        return 0.0
    return statistics.linear_regression(across, along).slope


def held(samples: Samples, before: Sample, after: Sample, unit: str, per: float) -> str:
    """What a process holds before and after, in words; the slope is told for `per` units of work."""
    return (
        f"threads {before.threads} then {after.threads}, descriptors {before.descriptors} then {after.descriptors} "
        f"({samples.most()}); memory {before.memory / 2**20:.1f} then {after.memory / 2**20:.1f} MB, slope "
        f"{samples.memory_slope() * per / 1024:+.0f} kB per {unit}"
    )


def loop_p99(daemon: Running) -> float:
    """Seconds under which 99 of 100 decisions were made: the bound of a bucket of `ib_supervisor_loop_seconds`."""
    buckets = daemon.metrics("ib_supervisor_loop_seconds_bucket", by="le")
    total = buckets["+Inf"]
    return min(float(bound) for bound, count in buckets.items() if count >= 0.99 * total)


def total(daemon: Running, name: str, **labels: str) -> float:
    """The sum over all gateways."""
    return sum(daemon.metrics(name, by="gateway", **labels).values())
