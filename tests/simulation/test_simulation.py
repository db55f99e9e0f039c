"""Gateway-years of random faults, every promise watched at each step; and that the tools do what they say."""

import os
import random
from dataclasses import replace

import pytest

from supervisor.core.model.events import Ending
from tests.simulation.driver import Run
from tests.simulation.shrink import breaks, shrunk, violation_of
from tests.simulation.soak import play, soak
from tests.simulation.tally import Tally
from tests.simulation.trace import Trace
from tests.simulation.world import faults as f
from tests.simulation.world.scenario import DAYS, Scenario, of_seed
from tests.simulation.world.timeline import Timeline

FIRST = 1


@pytest.mark.timeout(900)
@pytest.mark.parametrize("years", [1.5, pytest.param(6.0, marks=pytest.mark.long)])
def test_gateway_years_of_random_faults_break_no_promise(years: float) -> None:
    outcome = soak(play, Tally(), FIRST, years, os.cpu_count() or 1)

    assert [f"{violation}; make replay SEED={seed}" for seed, _, violation in outcome.failed] == []
    assert outcome.years >= years
    assert outcome.tally.sessions > 200 * years
    assert set(outcome.tally.faults) == {kind.__name__ for kind in f.Fault.__args__}


FOUND = (
    # The last rung of 326 is a minute: its session is ready, but has no answer yet, when the bound has passed.
    (553, (f.Reload(3600.0, "retries"), f.Rival(7200.0, 192.2))),
    # The network was away when the process ended.
    (968, (f.BlackHole(3600.0, 3.0, 10.0), f.Leave(3602.5, 3.2, 5.0))),
    # It ended when the session had already been cut off unheard.
    (1, (f.BlackHole(3600.0, 3.0, 40.0), f.Cut(3600.5, Ending.PROTOCOL), f.Leave(3603.1, 20.0, 4.0))),
    # And so nobody was left to tell of the farm.
    (
        968,
        (
            f.BlackHole(3600.0, 2.4, 80.0),
            f.FarmBreak(3600.7, 300.0, "usfarm"),
            f.Leave(3601.7, 1.6, 5.0),
            f.FarmBreak(3601.9, 300.0, "usfarm"),
        ),
    ),
    # 1300 came after the end of the session that it was told to.
    (980, (f.Chaos(3600.0, 60.0, 0.0, 0.0, 0.5, 10.0, 1), f.PortMove(3605.0, 20.0))),
    # What waited in a stall is heard at its end, not after the pings that follow.
    (3, (f.Stall(3600.0, 1.0), f.FarmBreak(3600.5, 20.0, "eufarm"))),
    # 1300 waited while the session was held to be dead.
    (980, (f.UpstreamLoss(3600.0, 87.0, 41.0, 1100, 1102), f.Stall(3613.0, 457.0), f.PortMove(3754.0, 353.0))),
    # The probe was due before the 1100 of the same step was heard.
    (
        335,
        (
            f.UpstreamLoss(3600.0, 252.0, 22.5, 1100, 1102),
            f.BlackHole(3634.4, 57.2, 57.0),
            f.Rival(3717.0, 9.0),
            f.Stall(3740.1, 440.0),
        ),
    ),
    # Or before its 1102 was.
    (
        892,
        (
            f.UpstreamLoss(3600.0, 79.9, 51.5, 1100, 1102),
            f.Stall(3624.8, 415.0),
            f.DaemonDown(3655.0, 16.3, killed=True, reboot=False),
        ),
    ),
    # A pause that outlives its daemon ends when the operator resumes, not when the next daemon starts.
    (
        329,
        (
            f.UpstreamLoss(3600.0, 97.0, 53.6, 1100, None),
            f.Pause(7200.0, 276.0, by_clock=False),
            f.DaemonDown(7238.0, 93.4, killed=True, reboot=False),
        ),
    ),
    # A callback that fails ends its session: the next one had no answer yet when the truth was compared.
    (2996, (f.ClockStep(7200.0, 60.0, 3.0), f.Noise(7211.33, -1, "a callback failed"))),
)
"""Seeds that failed without a fault of the core, each with the faults that it took."""


@pytest.mark.parametrize(("seed", "faults"), FOUND)
def test_nothing_is_expected_that_the_daemon_cannot_do(seed: int, faults: tuple[f.Fault, ...]) -> None:
    assert violation_of(replace(of_seed(seed), days=1.0, faults=faults)) is None


def test_the_monotonic_clock_of_a_machine_that_slept_does_not_go_back() -> None:
    line, dice = Timeline(of_seed(1).begins), random.Random(4009)
    for _ in range(1000):
        line.t += dice.uniform(0.0, 10_000.0)
        before = line.now().mono
        line.sleep(dice.uniform(1.0, 3600.0))
        assert before <= line.now().mono < before + 1e-6


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
