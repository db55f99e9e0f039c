"""`python -m tests.simulation.mutants`: faults planted in the core on purpose, and how soon the simulation finds each.

Exit status 0 if all were found, 1 if one was not.
"""

import argparse
import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

from tests.simulation import record
from tests.simulation.planted.faults import MUTANTS
from tests.simulation.planted.planting import Mutant, planted
from tests.simulation.soak import Played, play, soak
from tests.simulation.tally import Tally


@dataclass(frozen=True, slots=True)
class Found:
    """What the simulation said of a mutant; `promise` is empty if it said nothing."""

    mutant: Mutant
    promise: str
    when: str
    seconds: float


def play_planted(name: str, seed: int) -> Played[Tally]:
    """One seed on a core with this fault."""
    with planted(named(name)):
        return play(seed)


def named(name: str) -> Mutant:
    """The mutant of this name. Raises KeyError."""
    return {mutant.name: mutant for mutant in MUTANTS}[name]


def hunted(mutant: Mutant, years: float) -> Found:
    """Play seeds on a core with this fault until a promise is broken."""
    player = partial(play_planted, mutant.name)
    outcome = soak(player, Tally(), 1, years, os.cpu_count() or 1, first_failure=True)
    if not outcome.failed:
        return Found(mutant, "", "", outcome.seconds)
    seed, day, violation = outcome.failed[0]
    return Found(mutant, violation.promise, f"day {day:.0f} of seed {seed}", outcome.seconds)


def of_hunt(found: Iterable[Found]) -> str:
    """The table of the documentation."""
    rows = ((one.mutant.name, f"`{one.mutant.place}`", one.promise or "NOT FOUND", one.when) for one in found)
    return record.table(("planted fault", "in", "found as", "on"), rows)


def main() -> int:
    parser = argparse.ArgumentParser(description="Plant faults in the core and hunt them.")
    parser.add_argument("--years", type=float, default=20.0, help="gateway-years after which a hunt is given up")
    parser.add_argument("--only", default="", help="mutants whose names contain this")
    parser.add_argument("--record", action="store_true", help="write the table into docs/simulation.md")
    asked = parser.parse_args()
    found = []
    for mutant in MUTANTS:
        if asked.only not in mutant.name:
            continue
        one = hunted(mutant, asked.years)
        print(f"{mutant.name:<58} {one.promise or 'NOT FOUND':<36} {one.when:<18} {one.seconds:>6.1f} s", flush=True)
        found.append(one)
    print(f"{sum(bool(one.promise) for one in found)} of {len(found)} found")
    if asked.record:
        record.write("mutants", of_hunt(found))
    return 0 if all(one.promise for one in found) else 1


if __name__ == "__main__":
    sys.exit(main())
