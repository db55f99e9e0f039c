"""Time that passed since the last step: booked under what held then; windows opened and closed.

- A step may come late. Between the last one and this the outage is judged at every edge that was passed, as if somebody
  had looked.
- If the wall clock was set, or the machine slept, nobody can say what was between: the windows are looked at anew, and
  nothing is judged.
"""

from datetime import datetime, timedelta

from supervisor.core.calendar.rules import zone_of
from supervisor.core.model.actions import Level
from supervisor.core.model.layers import TOP, lowest_broken
from supervisor.core.parts import login as reauth
from supervisor.core.parts import outages, restarts
from supervisor.core.parts.restarts import Result
from supervisor.core.step.state import calendar_of, spell_at
from supervisor.core.step.turn import RESET_PATIENCE, Turn, explains

WALL_JUMP = 2.0
"""Seconds by which the two clocks may disagree on what passed before the wall clock is held to have been set."""


def pass_time(turn: Turn) -> None:
    """Book the time since the last step, and turn the windows."""
    state, now = turn.state, turn.now
    before = state.at
    passed = now.mono - before.mono
    state.outages = outages.elapsed(state.outages, state.height < TOP, passed)
    if state.spell.covers(now.wall) and (state.low_since is None or not outages.judgeable(state.outages)):
        state.at = now
        return
    steady = abs((now.wall - before.wall).total_seconds() - passed) <= WALL_JUMP
    if steady:
        _judge_between(turn)
    state.at = now
    if not state.spell.covers(now.wall):
        look_at_windows(turn, before.wall, steady=steady)


def look_at_windows(turn: Turn, before: datetime, *, steady: bool) -> None:
    """The windows may have opened or closed since `before`. `steady`: the wall clock went as the other one did."""
    state, wall = turn.state, turn.now.wall
    if state.maintenance is not None and wall >= state.maintenance.until:
        state.maintenance = None
        state.calendar = calendar_of(turn.policy, None)
    were_open = {occurrence.window.name for occurrence in state.active}
    state.spell = spell_at(state.calendar, wall)
    _tell_windows(turn, were_open, {occurrence.window.name for occurrence in state.active})
    due, first = state.login.due, state.restarts.unseen
    cut_short = not steady and due is not None and restarts.watches_over(state.restarts, due)
    state.restarts, verdicts = restarts.turned(
        state.restarts, state.active, before, wall, ready=turn.ready, steady=steady
    )
    for verdict in verdicts:
        turn.tell_restart(verdict)
        if verdict.result is Result.NOT_SEEN:
            _not_seen(turn, verdict)
    due = state.login.due
    halved = first is not None and state.restarts.unseen is None and due == first  # its second window was not judged
    came = due is not None and due.start <= wall and (before < due.start or cut_short or halved)
    if due is not None and came and not restarts.watches_over(state.restarts, due):
        state.login = reauth.passed_unwatched(state.login)
    if turn.ready:
        turn.login(reauth.seen_up(state.login, turn.policy, wall))


def _judge_between(turn: Turn) -> None:
    """Judge the outage at the moments since the last step at which the answer may have changed."""
    state, now = turn.state, turn.now
    broken = lowest_broken(state.height)
    if broken is None or not outages.judgeable(state.outages):
        return
    moments = []
    edge = state.spell.ends
    while edge is not None and edge < now.wall:
        moments.append(edge)
        edge = state.calendar.next_edge_after(edge)
    if state.low_since is not None and state.at.mono < state.low_since + RESET_PATIENCE < now.mono:
        moments.append(state.at.wall + timedelta(seconds=state.low_since + RESET_PATIENCE - state.at.mono))
    for moment in moments:
        mono = state.at.mono + (moment - state.at.wall).total_seconds()
        explained = explains(state.calendar.active_at(moment), broken, state.low_since, mono)
        state.outages = outages.judged(state.outages, explained)


def _not_seen(turn: Turn, verdict: restarts.Verdict) -> None:
    state = turn.state
    state.login = reauth.unseen(state.login, turn.policy, verdict.occurrence)
    state.restarts, minute = restarts.moved_to(state.restarts, turn.now.wall)
    if minute is not None:
        zone = turn.policy.timezone
        local = minute.astimezone(zone_of(zone)) if zone is not None else minute
        turn.tell(
            Level.WARNING,
            "restart_moved",
            f"restart moved to {local:%H:%M}? The gateway did not restart at its time, but was away for a moment at "
            f"{local:%H:%M} {zone or 'UTC'}. Compare the time under Lock and Exit with daily_restart",
        )


def _tell_windows(turn: Turn, before: set[str], after: set[str]) -> None:
    for name in sorted(after - before):
        turn.tell(Level.INFO, "window", f"window {name} opens", window=name, active=True)
    for name in sorted(before - after):
        turn.tell(Level.INFO, "window", f"window {name} is over", window=name, active=False)
