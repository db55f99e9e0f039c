"""Jumping over answered pings changes no decision: two days with every ping and without."""

import pytest

from supervisor.core.model.actions import Action, Ping
from supervisor.core.model.events import Event
from supervisor.core.step.state import State
from tests.simulation.driver import Run
from tests.simulation.scenario import of_seed

HOURS = 48


class Decisions:
    """All that a step decided, but the pings: when, what was done and told, and how things stood then."""

    def __init__(self) -> None:
        self.made: list[tuple[float, tuple[Action, ...], str, int, str]] = []

    def __call__(self, t: float, before: State, event: Event, after: State, actions: tuple[Action, ...]) -> None:
        done = tuple(action for action in actions if not isinstance(action, Ping))
        stood = (before.session.phase, before.height, before.status)
        stands = (after.session.phase, after.height, after.status)
        if done or stood != stands:
            self.made.append((round(t, 3), done, *stands))


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
    booked = run_with_all.state.outages.seconds
    assert run_skipping.state.outages.seconds == pytest.approx(booked)
