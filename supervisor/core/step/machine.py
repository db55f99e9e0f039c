"""The decider of one gateway: `step(state, event, now, policy) -> (state, actions)`.

The order of a step: time that passed is booked (`passing`), what fell due meanwhile is done (`due`), then the event is
heard (`hearing`, if it is of a session), then what it made due, then the books are told how things stand. An event that
means nothing in a phase changes nothing.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from supervisor.core.calendar.clock import Now
from supervisor.core.explain.causes import CauseKey
from supervisor.core.model.actions import Action, Keep, Level
from supervisor.core.model.events import (
    Event,
    LoginConfirmed,
    MaintenanceAsked,
    MaintenanceEnded,
    OperatorEvent,
    PauseAsked,
    Reloaded,
    ResumeAsked,
    SessionEvent,
    ShutdownAsked,
    Slept,
    Started,
    Ticked,
)
from supervisor.core.model.layers import LADDER, TOP, Layer, below_upstream, lowest_broken
from supervisor.core.model.policy import LONGEST_MAINTENANCE, Policy
from supervisor.core.model.snapshot import COMPETING_FOR
from supervisor.core.model.status import Status, status_of
from supervisor.core.parts import heartbeat, outages, restarts, session, upstream
from supervisor.core.parts import login as reauth
from supervisor.core.parts.session import OPEN, Cue, Loss, Phase
from supervisor.core.step.due import fall_due, resume
from supervisor.core.step.hearing import compare_zone, hear
from supervisor.core.step.passing import look_at_windows, pass_time
from supervisor.core.step.state import Maintenance, State, calendar_of, facts_of, may_differ
from supervisor.core.step.turn import RESET_PATIENCE, Turn

Happening = SessionEvent | OperatorEvent | Started | Slept | Reloaded | ShutdownAsked
"""Every event but `Ticked`, which says nothing but what time it is."""


@dataclass(frozen=True, slots=True)
class Wake:
    """When the next step is due, on either clock; None if nothing is."""

    mono: float | None
    wall: datetime | None


def step(state: State, event: Event, now: Now, policy: Policy) -> tuple[State, tuple[Action, ...]]:
    """What follows from `event` at `now`. No argument is changed; nothing is raised for any event in any state."""
    if now.mono < state.at.mono:
        now = state.at  # an event that waited while another one was decided
    turn = Turn(state.copied(), now, policy)
    pass_time(turn)
    fall_due(turn)
    if not isinstance(event, Ticked):
        _handle(turn, event)
        fall_due(turn)
    _conclude(turn, state, exactly=isinstance(event, ShutdownAsked))
    return turn.state, tuple(turn.actions)


def wake(state: State, policy: Policy) -> Wake:
    """When `Ticked` must come at the latest. Each phase that is not healthy has its moment here."""
    talk, books = state.talk, state.outages
    moments = (
        state.session.deadline,
        heartbeat.deadline(state.heartbeat, policy.timing),
        upstream.deadline(state.upstream, policy),
        outages.closes_at(books, policy.timing.outage_merge),
        talk.farms_at,
        None if state.login.required else state.login.required_from,
        state.low_since + RESET_PATIENCE if state.low_since is not None else None,
        state.competing_at + COMPETING_FOR if state.competing_at is not None else None,
    )
    later = [moment for moment in moments if moment is not None and moment > state.at.mono]
    due = [moment for moment in moments[:5] if moment is not None and moment <= state.at.mono]
    edges = (state.spell.ends, state.paused_until)
    return Wake(
        min(due or later, default=None),
        min((edge for edge in edges if edge is not None), default=None),
    )


# -- events -----------------------------------------------------------------------------------------------------------


def _handle(turn: Turn, event: Happening) -> None:
    state = turn.state
    match event:
        case Started():
            if state.session.phase is Phase.IDLE:
                turn.connect(Cue.BEGIN)
        case PauseAsked():
            _pause(turn, event)
        case ResumeAsked():
            if state.paused:
                resume(turn)
        case MaintenanceAsked():
            _maintain(turn, event)
        case MaintenanceEnded():
            _end_maintenance(turn)
        case LoginConfirmed():
            _confirm(turn)
        case Reloaded():
            _reload(turn, event)
        case Slept():
            _slept(turn, event)
        case ShutdownAsked():
            _shut_down(turn)
        case _:
            _hear(turn, event)


def _hear(turn: Turn, event: SessionEvent) -> None:
    """The one place where the late words of an earlier epoch are dropped."""
    live = turn.state.session
    if event.epoch == live.epoch and live.phase in OPEN:
        hear(turn, event)


def _pause(turn: Turn, event: PauseAsked) -> None:
    state = turn.state
    if session.allows(state.session, Cue.STOP):
        turn.pause()
    state.paused = True
    state.paused_until = event.until
    until = f" until {event.until:%Y-%m-%d %H:%M}Z" if event.until is not None else ""
    turn.tell(Level.INFO, "paused", f"paused by the operator{until}: the client id is released, nothing is tried")


def _maintain(turn: Turn, event: MaintenanceAsked) -> None:
    wall = turn.now.wall
    until = min(event.until, wall + LONGEST_MAINTENANCE)
    if until <= wall:
        return
    _set_maintenance(turn, Maintenance(wall, until, event.reason))
    reason = f": {event.reason}" if event.reason else ""
    turn.tell(Level.INFO, "maintenance", f"maintenance until {until:%Y-%m-%d %H:%M}Z{reason}")


def _end_maintenance(turn: Turn) -> None:
    if turn.state.maintenance is not None:
        _set_maintenance(turn, None)
        turn.tell(Level.INFO, "maintenance", "maintenance ended by the operator")


def _set_maintenance(turn: Turn, upkeep: Maintenance | None) -> None:
    turn.state.maintenance = upkeep
    turn.state.calendar = calendar_of(turn.policy, upkeep)
    look_at_windows(turn, turn.now.wall, steady=True)


def _confirm(turn: Turn) -> None:
    before = turn.state.login
    turn.state.login = reauth.confirmed(before, turn.policy, turn.now.wall)
    if turn.state.login is not before:
        turn.tell(Level.INFO, "login", "weekly login confirmed by the operator")
    else:
        turn.tell(Level.WARNING, "login", "too early to confirm: tokens expire once more when the clock goes back")


def _reload(turn: Turn, event: Reloaded) -> None:
    state, policy, before = turn.state, turn.policy, event.before
    state.calendar = calendar_of(policy, state.maintenance)
    state.restarts = restarts.rearranged(state.restarts, policy.windows)
    state.session = replace(state.session, followed=None)
    longer = policy.timing.heartbeat_interval - before.timing.heartbeat_interval
    state.heartbeat = heartbeat.retimed(state.heartbeat, longer)
    if policy.required_farms != before.required_farms:
        state.talk = replace(state.talk, missing_farms=False)
    if (policy.windows, policy.reauth) != (before.windows, before.reauth):
        state.login = reauth.rescheduled(state.login, policy, turn.now)
    look_at_windows(turn, turn.now.wall, steady=True)
    due = state.login.due
    if due is not None and due.contains(turn.now.wall) and not restarts.watches_over(state.restarts, due):
        state.login = reauth.passed_unwatched(state.login)  # a window that the reload opened
    if policy.same_session(before):
        if policy.timezone != before.timezone:
            _compare_anew(turn)
        return
    if state.session.phase is Phase.STOPPED:
        state.session = session.forget(state.session, policy, turn.now.mono)
        return
    phase = state.session.phase
    turn.release(Loss.OPERATOR)
    turn.anew(Cue.BEGIN if phase is Phase.IDLE else Cue.ANEW)


def _compare_anew(turn: Turn) -> None:
    """Whoever mends the zone must not wait for the next session to see it."""
    told = turn.state.clock
    turn.state.talk = replace(turn.state.talk, mismatch="")
    if told.offset is not None and told.told_at is not None:
        compare_zone(turn, told.offset, told.told_at)


def _slept(turn: Turn, event: Slept) -> None:
    state = turn.state
    turn.stop_watching()
    turn.tell(Level.WARNING, "slept", f"the machine was asleep for {event.seconds:.0f} s: not observed")
    if turn.ready:
        state.heartbeat = heartbeat.doubt(state.heartbeat, turn.now.mono)
        turn.ping()


def _shut_down(turn: Turn) -> None:
    state = turn.state
    if session.allows(state.session, Cue.STOP):
        turn.release(Loss.SHUTDOWN)
        state.session = session.stop(state.session, turn.now.mono)
        state.outages = outages.left(state.outages, turn.now)


# -- how things stand -------------------------------------------------------------------------------------------------


def _conclude(turn: Turn, before: State, *, exactly: bool) -> None:
    """Tell the books, find the one word for a person, and say what changed."""
    state, now = turn.state, turn.now
    height = state.height = turn.height()
    stopped = state.session.phase is Phase.STOPPED
    broken = None if stopped else lowest_broken(height)
    if broken is None or not below_upstream(broken):
        state.low_since = None
    elif state.low_since is None:
        state.low_since = now.mono
    explained = broken is None or turn.explained(broken)
    state.outages = outages.observed(state.outages, broken, explained, now, turn.policy.timing.outage_merge)
    if broken is not None and turn.ready:
        _find_cause(turn, broken)
    _conclude_status(turn, before.height, stopped=stopped)
    last = state.outages.last
    if last is not None and last is not before.outages.last:
        _tell_closed(turn, last)
    if exactly or may_differ(before, state):
        facts = facts_of(state, exactly=exactly)
        if facts != state.facts:
            state.facts = facts
            turn.actions.append(Keep(facts))


def _find_cause(turn: Turn, broken: Layer) -> None:
    """Why a session that is ready does not work, in words."""
    state = turn.state
    if broken is Layer.UPSTREAM:
        cause = turn.describe_upstream()
    elif broken is Layer.FARMS:
        cause = turn.describe(CauseKey.FARM_BROKEN, farms=turn.broken_farms())
    elif state.heartbeat.misses:
        cause = turn.describe(CauseKey.HEARTBEAT_LOST)
    else:
        return  # the first answer, or the one after a sleep, is still on its way
    if cause != state.cause:
        state.cause = cause


def _conclude_status(turn: Turn, height: int, *, stopped: bool) -> None:
    state = turn.state
    outage = state.outages.current if state.outages.observing else None
    status = status_of(
        stopped=stopped,
        up=state.height == TOP,
        reauth_required=state.login.required,
        planned=outage is not None and outage.ended is None and outage.planned,
        alive=turn.ready,
    )
    if status is not state.status:
        state.status, state.status_since = status, turn.now.wall
    if status is Status.UP:
        state.cause = None
    told = state.talk.status
    answer_awaited = status is Status.DEGRADED and not state.heartbeat.up and not state.heartbeat.misses
    attempt_awaited = status is Status.DOWN and told is Status.STOPPED and not state.outages.observing
    layers = ",".join(LADDER[: state.height])
    if status is told or answer_awaited or attempt_awaited:  # a moment in between is nothing to tell a person
        if state.height != height:
            turn.tell(Level.DEBUG, "layers", f"layers up: {layers or 'none'}", layers=layers)
        return
    state.talk = replace(state.talk, status=status)
    broken = lowest_broken(state.height)
    layer = f" ({broken} broken)" if broken is not None and status is not Status.STOPPED else ""
    level = Level.INFO if status in (Status.UP, Status.MAINTENANCE, Status.STOPPED) else Level.WARNING
    turn.tell(
        level,
        "status",
        f"{told} -> {status}{layer}",
        status=status.value,
        before=told.value,
        layers=layers,
    )


def _tell_closed(turn: Turn, last: outages.Closed) -> None:
    """An outage is over for good: one entry of the journal."""
    turn.tell(
        Level.INFO,
        "outage_closed",
        f"outage of {last.began:%H:%M:%S}Z closed: {'planned' if last.planned else 'unplanned'}, "
        f"{last.seconds:.1f} s without {last.cause}",
        began=last.began.isoformat(),
        ended=last.ended.isoformat(),
        cause=last.cause.value,
        planned=last.planned,
        seconds=last.seconds,
        recovered=last.recovered,
    )
