"""From a schedule that breaks a promise to a small one that breaks the same: what came later goes first, then halves,
quarters and single faults, as long as time allows.
"""

import time
from collections.abc import Callable
from dataclasses import replace

from tests.simulation.driver import Run, violation_of
from tests.simulation.faults import Fault
from tests.simulation.scenario import DAY, Scenario
from tests.simulation.violation import Violation

AFTER = 600.0
"""Seconds that a shrunk run goes on after the failure."""


def shrunk(scenario: Scenario, promise: str, seconds: float = 60.0) -> Scenario:
    """A scenario with as few faults as were found in `seconds` of real time that breaks the same promise."""
    deadline = time.monotonic() + seconds

    def fails(candidate: Scenario) -> bool:
        violation = violation_of(candidate)
        return violation is not None and violation.promise == promise

    scenario = _cut_short(scenario, fails)
    chunk = max(1, len(scenario.faults) // 2)
    while time.monotonic() < deadline:
        smaller = _without_a_chunk(scenario, chunk, fails, deadline)
        if smaller is not None:
            scenario = _cut_short(smaller, fails)
        elif chunk == 1:
            break
        chunk = max(1, min(chunk // (1 if smaller is not None else 2), len(scenario.faults)))
    return scenario


def _cut_short(scenario: Scenario, fails: Callable[[Scenario], bool]) -> Scenario:
    """Nothing after the moment of failure."""
    run = Run(scenario)
    try:
        run.run()
    except Violation:
        end = run.line.t + AFTER
        faults = tuple(fault for fault in scenario.faults if fault.at <= run.line.t)
        short = replace(scenario, days=min(scenario.days, end / DAY), faults=faults)
        return short if fails(short) else scenario
    return scenario


def _without_a_chunk(
    scenario: Scenario, chunk: int, fails: Callable[[Scenario], bool], deadline: float
) -> Scenario | None:
    """The first smaller scenario that still fails, from the oldest faults on."""
    faults: tuple[Fault, ...] = scenario.faults
    for start in range(0, len(faults), chunk):
        if time.monotonic() > deadline:
            return None
        candidate = replace(scenario, faults=faults[:start] + faults[start + chunk :])
        if fails(candidate):
            return candidate
    return None
