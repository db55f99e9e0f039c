"""`python -m tests.simulation.soak --years 1000`: play seed after seed on all cores, and say what came of it.

Progress and rate go to the terminal; the first failing seeds are shrunk and told. With `--record` the result is written
into docs/simulation.md. Exit status 0 if every promise was kept, 1 if not.
"""

import argparse
import multiprocessing
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, Self, TypeVar

from tests.simulation import record
from tests.simulation.driver import Run
from tests.simulation.judges.violation import Violation
from tests.simulation.replay import story
from tests.simulation.tally import Tally
from tests.simulation.world.scenario import DAY, DAYS, of_seed

SAY_EVERY = 10.0
"""Seconds between two lines of progress."""
TOLD = 3
"""Failing seeds whose story is told."""


class Counted(Protocol):
    """What a run came to, in figures that can be added."""

    runs: int
    days: float
    steps: int

    def add(self, other: Self) -> None: ...


T = TypeVar("T", bound=Counted)


@dataclass
class Outcome(Generic[T]):
    """What a soak came to."""

    tally: T
    failed: list[tuple[int, float, Violation]] = field(default_factory=list)
    """Seed, day, promise."""
    seconds: float = 0.0

    @property
    def years(self) -> float:
        return self.tally.days / 365.0


Played = tuple[int, T, str, str]
"""A seed, its tally, and the promise it broke with the detail, or two empty words."""


def play(seed: int) -> Played[Tally]:
    """One seed."""
    run = Run(of_seed(seed))
    try:
        return seed, run.run(), "", ""
    except Violation as violation:
        run.tally.days = run.line.t / DAY
        return seed, run.tally, violation.promise, violation.detail


def soak(
    player: Callable[[int], Played[T]],
    tally: T,
    first: int,
    years: float,
    processes: int,
    seconds: float = float("inf"),
    *,
    say: bool = False,
    first_failure: bool = False,
) -> Outcome[T]:
    """Play seeds from `first` on until so many gateway-years have passed, or so many seconds, or one has failed.

    `player` plays a seed, which is a quarter of a year, in a process of the pool. `tally` is that of no run.
    """
    outcome = Outcome(tally)
    began = said = time.monotonic()
    runs = -(-years * 365.0 // DAYS)
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        for seed, tally, promise, detail in pool.imap_unordered(player, range(first, first + int(runs)), chunksize=1):
            outcome.tally.add(tally)
            outcome.seconds = time.monotonic() - began
            if promise:
                outcome.failed.append((seed, tally.days, Violation(promise, detail)))
                if say:  # now: who interrupts a long soak keeps what it found
                    print(f"FAILED seed {seed}, day {tally.days:.0f}: {promise}: {detail}", flush=True)
            if say and time.monotonic() - said > SAY_EVERY:
                said = time.monotonic()
                print(progress(outcome, years), flush=True)
            if outcome.seconds > seconds or (first_failure and outcome.failed):
                pool.terminate()
                break
    return outcome


def soak_as_asked(player: Callable[[int], Played[T]], tally: T, asked: argparse.Namespace) -> Outcome[T]:
    """The soak of a command line, with its progress on the terminal."""
    bounds = (asked.first, asked.years, asked.processes, asked.seconds)
    outcome = soak(player, tally, *bounds, say=True, first_failure=asked.first_failure)
    print(progress(outcome, asked.years))
    return outcome


def progress(outcome: Outcome[Any], years: float) -> str:
    rate = outcome.years / outcome.seconds if outcome.seconds else 0.0
    return (
        f"{outcome.years:8.1f} of {years:g} gateway-years, {outcome.tally.steps:,} steps, "
        f"{rate * 60:.1f} years a minute, {len(outcome.failed)} failed"
    )


def asked_of(what: str) -> argparse.Namespace:
    """What the command line of a soak says."""
    parser = argparse.ArgumentParser(description=what)
    parser.add_argument("--years", type=float, default=1000.0)
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after so long")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument(
        "--first-failure", action="store_true", help="stop at the first failing seed, and tell no story"
    )
    parser.add_argument("--record", action="store_true", help="write the result into the documentation")
    return parser.parse_args()


def main() -> int:
    asked = asked_of("Simulate gateway-years of faults.")
    outcome = soak_as_asked(play, Tally(), asked)
    print(f"faults: {', '.join(f'{times:,} {name}' for name, times in outcome.tally.faults.most_common())}")
    for seed, _, violation in [] if asked.first_failure else outcome.failed[:TOLD]:
        print("\n" + story(of_seed(seed), violation, 45.0))
    if asked.record:
        record.write("soak", record.of_soak(outcome.tally, outcome.seconds, len(outcome.failed), asked.first))
    return 1 if outcome.failed else 0


if __name__ == "__main__":
    sys.exit(main())
