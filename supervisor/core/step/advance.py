"""Time that passed since the last step: booked under what held then; windows opened and closed.

- A step may come late. Between the last one and this the outage is judged at every edge that was passed, as if somebody
  had looked.
- If the wall clock was set, or the machine slept, nobody can say what was between: the windows are looked at anew, and
  nothing is judged.
"""

from datetime import datetime, timedelta

from supervisor.core.calendar.clock import Now
from supervisor.core.model.records import RestartMoved, WindowTurned
from supervisor.core.model.vocabulary import RestartResult
from supervisor.core.parts import login, operator, outages, restarts
from supervisor.core.step.state import calendar_of, span_at
from supervisor.core.step.transition import Transition

WALL_JUMP = 2.0
"""Seconds by which the two clocks may disagree on what passed before the wall clock is held to have been set."""


def advance_time(transition: Transition) -> None:
    """Book the time since the last step, and turn the windows."""
    state, now = transition.state, transition.now
    before = state.at
    passed = now.mono - before.mono
    state.outages = outages.elapsed(state.outages, state.broken is not None, passed)
    covered = state.span.covers(now.wall)
    if covered and (state.low_since is None or not outages.judgeable(state.outages)):
        state.at = now
        return
    steady = abs((now.wall - before.wall).total_seconds() - passed) <= WALL_JUMP
    if steady:
        _judge_between(transition)
    state.at = now
    if not covered:
        turn_windows(transition, before.wall, steady=steady)


def turn_windows(transition: Transition, before: datetime, *, steady: bool) -> None:
    """The windows may have opened or closed since `before`. `steady`: the wall clock went as the other one did."""
    state, wall = transition.state, transition.now.wall
    asked = state.operator
    state.operator = operator.expired(asked, wall)
    if state.operator is not asked:
        state.calendar = calendar_of(transition.policy, None)
    were_open = {occurrence.window.name for occurrence in state.active}
    state.span = span_at(state.calendar, wall)
    _record_windows(transition, were_open, {occurrence.window.name for occurrence in state.active})
    due, first = state.login.due, state.restarts.unseen
    cut_short = not steady and due is not None and restarts.watches_over(state.restarts, due)
    state.restarts, judgements = restarts.windows_turned(
        state.restarts, state.active, before, wall, ready=transition.ready, steady=steady
    )
    for judgement in judgements:
        transition.restart_judged(judgement)
        if judgement.result is RestartResult.NOT_SEEN:
            _not_seen(transition, judgement)
    due = state.login.due
    halved = first is not None and state.restarts.unseen is None and due == first  # its second window was not judged
    came = due is not None and due.start <= wall and (before < due.start or cut_short or halved)
    if due is not None and came and not restarts.watches_over(state.restarts, due):
        state.login = login.passed_unwatched(state.login)
    if transition.ready:
        transition.set_login(login.seen_up(state.login, transition.policy, wall))


def _judge_between(transition: Transition) -> None:
    """Judge the outage at the moments since the last step at which the answer may have changed."""
    state, now = transition.state, transition.now
    broken = state.broken
    if broken is None or not outages.judgeable(state.outages):
        return
    moments: list[Now] = []
    edge = state.span.ends
    while edge is not None and edge < now.wall:
        moments.append(Now(state.at.mono + (edge - state.at.wall).total_seconds(), edge))
        edge = state.calendar.next_edge_after(edge)
    if state.low_since is not None and state.at.mono < state.low_since + outages.RESET_PATIENCE < now.mono:
        # Never by way of the wall clock: its microseconds may put this moment before the end of the patience.
        worn_at = state.low_since + outages.RESET_PATIENCE
        moments.append(Now(worn_at, state.at.wall + timedelta(seconds=worn_at - state.at.mono)))
    for moment in moments:
        explained = outages.explains(state.calendar.active_at(moment.wall), broken, state.low_since, moment.mono)
        state.outages = outages.judged(state.outages, explained)


def _not_seen(transition: Transition, judgement: restarts.Judgement) -> None:
    state = transition.state
    state.login = login.unseen(state.login, transition.policy, judgement.occurrence)
    state.restarts, minute = restarts.moved_to(state.restarts, transition.now.wall)
    if minute is not None:
        transition.records.append(RestartMoved(minute, transition.policy.timezone))


def _record_windows(transition: Transition, before: set[str], after: set[str]) -> None:
    transition.records += [WindowTurned(name, active=True) for name in sorted(after - before)]
    transition.records += [WindowTurned(name, active=False) for name in sorted(before - after)]
