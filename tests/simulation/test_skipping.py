"""Jumping over answered pings changes no decision: two days with every ping and without."""

import re

import pytest

from supervisor.core.model.actions import Ping
from supervisor.core.model.events import Event
from supervisor.core.model.layers import Layer
from supervisor.core.model.status import Status
from supervisor.core.model.vocabulary import Phase
from supervisor.core.step.state import State
from supervisor.core.step.step import Decision
from tests.simulation.driver import Run
from tests.simulation.scenario import of_seed

HOURS = 48
Standing = tuple[Phase, Layer | None, Status]


class Decisions:
    """All that a step decided, but the pings: when, what was done and recorded, and how things stood then."""

    def __init__(self) -> None:
        self.made: list[tuple[float, str, str, Standing]] = []

    def __call__(self, t: float, before: State, event: Event, decision: Decision) -> None:
        done = tuple(action for action in decision.actions if not isinstance(action, Ping))
        stands = _standing(decision.state)
        if done or decision.records or _standing(before) != stands:
            self.made.append((round(t, 3), _coarse(done), _coarse(decision.records), stands))


def _coarse(what: tuple[object, ...]) -> str:
    """As text, without what a sum of many short times and one long time differ in."""
    text = re.sub(r"\d+\.\d+", lambda found: f"{float(found[0]):.3f}", repr(what))
    return re.sub(r"(\d{1,3})\d{3}, tzinfo=", r"\1000, tzinfo=", text)


def _standing(state: State) -> Standing:
    return state.session.phase, state.broken, state.status


def decisions(seed: int, *, every_ping: bool) -> tuple[Decisions, Run]:
    made = Decisions()
    run = Run(of_seed(seed, HOURS / 24), every_ping=every_ping, watch=made)
    run.run()
    return made, run


BUSY, QUIET = 1254, 0
"""A seed whose two days have 28 faults of 13 kinds, and one with nothing but two restarts."""


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", [BUSY, QUIET])
def test_skipping_answered_pings_changes_no_decision_in_two_days(seed: int) -> None:
    with_all, run_with_all = decisions(seed, every_ping=True)
    skipping, run_skipping = decisions(seed, every_ping=False)

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
