"""Fifty gateway-years of random faults, every promise watched at each step; and that the tools do what they say."""

import os
from dataclasses import replace

import pytest

from tests.simulation import faults as f
from tests.simulation.driver import Run
from tests.simulation.scenario import DAYS, Scenario, of_seed
from tests.simulation.shrink import breaks, shrunk
from tests.simulation.soak import soak
from tests.simulation.trace import Trace

YEARS = 50.0
FIRST = 1


@pytest.mark.timeout(900)
def test_fifty_gateway_years_of_random_faults_break_no_promise() -> None:
    outcome = soak(FIRST, YEARS, os.cpu_count() or 1)

    assert [f"{violation}; make replay SEED={seed}" for seed, _, violation in outcome.failed] == []
    assert outcome.years >= YEARS
    assert outcome.tally.sessions > 10_000
    assert set(outcome.tally.faults) == {kind.__name__ for kind in f.Fault.__args__}


def test_a_seed_is_the_same_run_every_time() -> None:
    def told(seed: int) -> list[str]:
        scenario = of_seed(seed, 10.0)
        trace = Trace(scenario, 100_000)
        Run(scenario, watch=trace).run()
        return list(trace.lines)

    assert told(3) == told(3)
    assert told(3) != told(4)


def test_a_failing_schedule_shrinks_to_the_faults_that_matter() -> None:
    scenario = of_seed(5)
    wanted = [fault for fault in scenario.faults if isinstance(fault, f.Cut | f.BlackHole)]
    first, last = wanted[0], wanted[-1]

    def fails(candidate: Scenario) -> float | None:
        return last.at if {first, last} <= set(candidate.faults) else None

    small = shrunk(scenario, fails, 60.0)

    assert set(small.faults) == {first, last}
    assert small.days < DAYS


def test_a_schedule_that_breaks_nothing_is_left_as_it_is() -> None:
    scenario = replace(of_seed(5, 1.0), faults=())

    assert breaks("anything")(scenario) is None
    assert shrunk(scenario, breaks("anything"), 5.0) == scenario
