"""From a schedule that breaks a promise to a small one that breaks the same.

What came after the failure goes first, then what came long before it, then halves, quarters and single faults, as long
as time allows.
"""

import time
from collections.abc import Callable
from dataclasses import replace

from tests.simulation.driver import Run
from tests.simulation.judges.violation import Violation
from tests.simulation.world.scenario import DAY, Scenario

AFTER = 600.0
"""Seconds that a shrunk run goes on after the failure."""
Breaks = Callable[[Scenario], float | None]
"""The true time at which a scenario fails as the first one did; None if it does not."""


def breaks(promise: str) -> Breaks:
    """Whether a scenario breaks this promise when it is played."""

    def when(scenario: Scenario) -> float | None:
        run = Run(scenario)
        try:
            run.run()
        except Violation as violation:
            return run.line.t if violation.promise == promise else None
        return None

    return when


def violation_of(scenario: Scenario) -> Violation | None:
    """The first promise that this scenario breaks when it is played."""
    try:
        Run(scenario).run()
    except Violation as violation:
        return violation
    return None


def shrunk(scenario: Scenario, fails: Breaks, seconds: float = 60.0) -> Scenario:
    """A scenario with as few faults as were found in `seconds` of real time that still fails."""
    deadline = time.monotonic() + seconds
    scenario = _recent(_cut_short(scenario, fails), fails, deadline)
    chunk = max(1, len(scenario.faults) // 2)
    while time.monotonic() < deadline:
        smaller = _without_a_chunk(scenario, chunk, fails, deadline)
        if smaller is not None:
            scenario = smaller
        elif chunk == 1:
            break
        else:
            chunk //= 2
    return scenario


def _cut_short(scenario: Scenario, fails: Breaks) -> Scenario:
    """Nothing after the moment of failure."""
    at = fails(scenario)
    if at is None:
        return scenario
    faults = tuple(fault for fault in scenario.faults if fault.at <= at)
    short = replace(scenario, days=min(scenario.days, (at + AFTER) / DAY), faults=faults)
    return short if fails(short) is not None else scenario


def _recent(scenario: Scenario, fails: Breaks, deadline: float) -> Scenario:
    """Most failures come of the last few faults."""
    kept = 1
    while kept < len(scenario.faults) and time.monotonic() < deadline:
        candidate = replace(scenario, faults=scenario.faults[-kept:])
        if fails(candidate) is not None:
            return candidate
        kept *= 2
    return scenario


def _without_a_chunk(scenario: Scenario, chunk: int, fails: Breaks, deadline: float) -> Scenario | None:
    """The first smaller scenario that still fails, from the oldest faults on."""
    faults = scenario.faults
    for start in range(0, len(faults), chunk):
        if time.monotonic() > deadline:
            return None
        candidate = replace(scenario, faults=faults[:start] + faults[start + chunk :])
        if fails(candidate) is not None:
            return candidate
    return None
