"""Jumping over answered pings changes no decision: days with every ping and without."""

import re
from dataclasses import replace

import pytest

from supervisor.core.model.actions import Action, Persist, Ping
from supervisor.core.model.events import Ending, Event
from supervisor.core.model.facts import Facts
from supervisor.core.model.layers import Layer
from supervisor.core.model.status import Status
from supervisor.core.model.vocabulary import Phase
from supervisor.core.step.state import State
from supervisor.core.step.step import Decision
from tests.simulation.driver import Run
from tests.simulation.world import faults as f
from tests.simulation.world.scenario import Scenario, of_seed

HOURS = 48
Standing = tuple[Phase, Layer | None, Status]


class Decisions:
    """All that a step decided, but the pings: when, what was done and recorded, and how things stood then.

    That an outage goes on is no decision: it is kept every ten seconds.
    """

    def __init__(self) -> None:
        self.made: list[tuple[float, str, str, Standing]] = []
        self._kept = Facts()

    def __call__(self, t: float, before: State, event: Event, decision: Decision) -> None:
        done = tuple(
            action for action in decision.actions if not isinstance(action, Ping) and not self._is_known(action)
        )
        stands = _standing(decision.state)
        if done or decision.records or _standing(before) != stands:
            self.made.append((round(t, 3), _coarse(done), _coarse(decision.records), stands))

    def _is_known(self, action: Action) -> bool:
        if not isinstance(action, Persist):
            return False
        before, self._kept = self._kept, _but_seconds(action.facts)
        return before == self._kept


def _but_seconds(facts: Facts) -> Facts:
    return facts if facts.outage is None else replace(facts, outage=replace(facts.outage, seconds=0.0))


def _coarse(what: tuple[object, ...]) -> str:
    """As text, without what a sum of many short times and one long time differ in."""
    text = re.sub(r"\d+\.\d+", lambda found: f"{float(found[0]):.3f}", repr(what))
    return re.sub(r"(\d{1,3})\d{3}, tzinfo=", r"\1000, tzinfo=", text)


def _standing(state: State) -> Standing:
    return state.session.phase, state.broken, state.status


def decisions(scenario: Scenario, *, every_ping: bool) -> tuple[Decisions, Run]:
    made = Decisions()
    run = Run(scenario, every_ping=every_ping, watch=made)
    run.run()
    return made, run


BUSY, QUIET = of_seed(1254, HOURS / 24), of_seed(0, HOURS / 24)
"""Two days with 28 faults of 13 kinds, and two with nothing but two restarts."""
LONG = replace(
    QUIET,
    faults=(
        f.FarmBreak(7200.0, 9000.0, "usfarm"),
        f.UpstreamLoss(12000.0, 15000.0, 60.0, 1100, None),
        f.FarmBreak(13000.0, 70000.0, "ushmds"),
        f.UpstreamLoss(100000.0, 30000.0, 90.0, 2110, 1102),
        f.DaemonDown(120000.0, 30.0, killed=True, reboot=False),
    ),
)
"""IBKR and farms are away for hours, through windows that open and close."""
BRIEF = replace(
    QUIET, faults=(f.FarmBreak(7200.0, 9000.0, "usfarm"), f.UpstreamLoss(20000.0, 9000.0, 90.0, 2110, 1102))
)
"""The same, over within half a day."""
EYES = replace(
    of_seed(507, 1.0),
    faults=(
        f.DeadStream(20000.0, 9000.0),
        f.Cut(40000.0, Ending.RESET),
        f.StreamEnds(60000.0),
        f.Leave(70000.0, 20.0, 300.0),
    ),
)
"""A gateway with a canary."""


@pytest.mark.parametrize("scenario", [BUSY, BRIEF, EYES], ids=["busy", "brief", "eyes"])
def test_skipping_answered_pings_changes_no_decision_in_half_a_day(scenario: Scenario) -> None:
    skipping_changes_nothing(replace(scenario, days=0.5))


@pytest.mark.long
@pytest.mark.timeout(300)
@pytest.mark.parametrize("scenario", [BUSY, QUIET, LONG, EYES], ids=["busy", "quiet", "long", "eyes"])
def test_skipping_answered_pings_changes_no_decision_in_two_days(scenario: Scenario) -> None:
    skipping_changes_nothing(scenario)


def skipping_changes_nothing(scenario: Scenario) -> None:
    with_all, run_with_all = decisions(scenario, every_ping=True)
    skipping, run_skipping = decisions(scenario, every_ping=False)

    assert skipping.made == with_all.made
    assert run_skipping.tally.pings_skipped > 1000
    assert run_with_all.state is not None
    assert run_skipping.state is not None
    left, right = run_with_all.state.counters, run_skipping.state.counters
    assert left.heartbeats.counts == right.heartbeats.counts
    assert left.heartbeats.total == pytest.approx(right.heartbeats.total)
    assert (left.attempts, left.sessions, left.misses) == (right.attempts, right.sessions, right.misses)
    booked = run_with_all.state.outages.totals.seconds
    assert run_skipping.state.outages.totals.seconds == pytest.approx(booked)


def test_the_seconds_of_an_outage_are_kept_while_its_pings_are_skipped() -> None:
    """A kill in the middle of a long outage loses at most the ten seconds in which they are kept."""
    scenario = replace(QUIET, days=0.5, faults=(f.FarmBreak(7200.0, 90000.0, "usfarm"),))
    _, run = decisions(scenario, every_ping=False)

    kept = run.facts.outage
    assert kept is not None
    assert kept.seconds == pytest.approx(0.5 * 86400.0 - 7200.0, abs=20.0)
