"""Quiet stretches: a ping that will be answered decides nothing, so the clock may jump over thousands of them.

The state after a jump is the one that the pings would have left: the next ping is due when it would have been, the
histogram has counted the answers, and the seconds of an open outage are kept as they would have been.
tests/simulation/test_skipping.py runs days with every ping and without, and compares every decision.
"""

import math
from dataclasses import replace
from datetime import timedelta

from supervisor.core.model.layers import Layer
from supervisor.core.model.policy import Policy
from supervisor.core.model.vocabulary import Phase
from supervisor.core.parts import outages
from supervisor.core.step.conclude import DESUPPORT_FORGOTTEN
from supervisor.core.step.deadlines import wake_of
from supervisor.core.step.state import State, Wake, facts_of


def at_rest(state: State) -> bool:
    """Whether the next ping, and its answer in time, would change nothing but the time of the one after it."""
    beat = state.heartbeat
    return (
        state.session.phase is Phase.READY
        and beat.up
        and not beat.pings
        and beat.next_ping is not None
        and (state.broken is None or _lasts(state))
    )


def _lasts(state: State) -> bool:
    """An outage above the session goes on, and all that is to be said of it was said."""
    above = state.broken in (Layer.UPSTREAM, Layer.FARMS)
    return above and state.outages.observing and not state.upstream.undecided


def next_but_pings(state: State, policy: Policy) -> Wake:
    """When something is due that is no ping.

    A notice of 2172 is forgotten after a day with the next step, whatever it is, and so waits for a ping.
    """
    resting = state.copied()
    resting.heartbeat = replace(state.heartbeat, next_ping=math.inf)
    wake = wake_of(resting, policy)
    days = [wake.mono] if wake.mono is not None else []
    if state.desupport is not None:
        days.append(state.desupport.heard_at + DESUPPORT_FORGOTTEN)
    return Wake(min((day for day in days if state.at.mono < day < math.inf), default=None), wake.wall)


def over_pings(state: State, policy: Policy, trip: float, until: float) -> tuple[State, int, float]:
    """The state when all pings that are answered by `until` (monotonic) were; how many, and the last answer's time."""
    beat = state.heartbeat
    cycle = policy.timing.heartbeat_interval + trip
    first = beat.next_ping
    if first is None or until < first + trip:
        return state, 0, 0.0
    times = math.floor((until - first - trip) / cycle) + 1
    answered = first + trip + (times - 1) * cycle
    beats = state.counters.heartbeats
    once = beats.with_value(trip)
    old = beats.counts or (0,) * len(once.counts)
    counts = tuple(was + (now - was) * times for was, now in zip(old, once.counts, strict=True))
    after = state.copied()
    after.counters = replace(state.counters, heartbeats=replace(beats, counts=counts, total=beats.total + trip * times))
    after.heartbeat = replace(beat, next_ping=first + times * cycle, round_trip=trip, answered_at=answered)
    after.last_message = state.at.wall + timedelta(seconds=answered - state.at.mono)
    if state.broken is not None:
        lasted = after.copied()
        lasted.outages = outages.elapsed(state.outages, True, answered - state.at.mono)
        after.facts = facts_of(lasted)
    after.wake = wake_of(after, policy)
    return after, times, answered
