"""The decider of one gateway: `step(state, event, now, policy) -> (state, actions)`.

The order of a step: time that passed is booked, what fell due meanwhile is done, then the event is heard, then what it
made due, then the books are told how things stand. An event that means nothing in a phase changes nothing.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from supervisor.core import farms, heartbeat, outages, reauth, restarts, session, upstream
from supervisor.core.actions import Action, Keep, Level
from supervisor.core.calendar import Calendar
from supervisor.core.calendar_rules import zone_of
from supervisor.core.causes import CauseKey
from supervisor.core.clock import Now
from supervisor.core.events import (
    Event,
    LoginConfirmed,
    MaintenanceAsked,
    MaintenanceEnded,
    PauseAsked,
    Reloaded,
    ResumeAsked,
    SessionEvent,
    ShutdownAsked,
    Slept,
    Started,
    Ticked,
)
from supervisor.core.hearing import DESUPPORT_FORGOTTEN, hear
from supervisor.core.heartbeat import Verdict
from supervisor.core.layers import LADDER, TOP, Layer, below_upstream, lowest_broken
from supervisor.core.policy import Policy
from supervisor.core.restarts import Result
from supervisor.core.session import OPEN, Cue, Loss, Phase
from supervisor.core.snapshot import COMPETING_FOR
from supervisor.core.state import Maintenance, State, calendar_of, facts_of
from supervisor.core.status import Status, status_of
from supervisor.core.talk import farm_line
from supervisor.core.turn import RESET_PATIENCE, Turn
from supervisor.core.upstream import Evidence

MISSING_AFTER = 86400.0
"""Seconds after which a required farm that was never seen is worth a warning."""
WALL_JUMP = 2.0
"""Seconds by which the two clocks may disagree on what passed before the wall clock is held to have been set."""


@dataclass(frozen=True, slots=True)
class Wake:
    """When the next step is due, on either clock; None if nothing is."""

    mono: float | None
    wall: datetime | None


def step(state: State, event: Event, now: Now, policy: Policy) -> tuple[State, tuple[Action, ...]]:
    """What follows from `event` at `now`. Neither argument is changed; nothing is raised for any event in any state."""
    if now.mono < state.at.mono:
        now = replace(now, mono=state.at.mono)
    turn = Turn(state, now, policy)
    _pass_time(turn, event)
    _fall_due(turn)
    _handle(turn, event)
    _fall_due(turn)
    _conclude(turn, exactly=isinstance(event, ShutdownAsked))
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
        None if state.login.required else reauth.required_from(state.login, policy),
        state.low_since + RESET_PATIENCE if state.low_since is not None else None,
        state.competing_at + COMPETING_FOR if state.competing_at is not None else None,
    )
    later = [moment for moment in moments if moment is not None and moment > state.at.mono]
    due = [moment for moment in moments[:5] if moment is not None and moment <= state.at.mono]
    edges = [state.calendar.next_edge_after(state.at.wall), state.paused_until]
    return Wake(
        min(due or later, default=None),
        min((edge for edge in edges if edge is not None), default=None),
    )


# -- time -------------------------------------------------------------------------------------------------------------


def _pass_time(turn: Turn, event: Event) -> None:
    """Book the time since the last step under what held then, and turn the windows."""
    state, now = turn.state, turn.now
    passed = now.mono - state.at.mono
    asleep = isinstance(event, Slept)
    if not asleep:
        books = outages.elapsed(state.outages, state.height < TOP, passed)
        turn.set(outages=books)
        steady = abs((now.wall - state.at.wall).total_seconds() - passed) <= WALL_JUMP
        if steady:
            _judge_between(turn)
    turn.set(at=now)
    _turn_windows(turn)


def _judge_between(turn: Turn) -> None:
    """Judge the outage at the edges that passed since the last step, which may have come late."""
    state, now = turn.state, turn.now
    broken = lowest_broken(state.height)
    outage = state.outages.current
    if broken is None or outage is None or not outage.planned or outage.ended is not None:
        return
    moments = []
    edge = state.calendar.next_edge_after(state.at.wall)
    while edge is not None and edge < now.wall:
        moments.append(edge)
        edge = state.calendar.next_edge_after(edge)
    if state.low_since is not None and state.at.mono < state.low_since + RESET_PATIENCE < now.mono:
        moments.append(state.at.wall + timedelta(seconds=state.low_since + RESET_PATIENCE - state.at.mono))
    for moment in sorted(moments):
        past = Now(state.at.mono + (moment - state.at.wall).total_seconds(), moment)
        looking = Turn(replace(state, active=state.calendar.active_at(moment)), past, turn.policy)
        turn.set(outages=outages.judged(turn.state.outages, looking.explained(broken)))


def _turn_windows(turn: Turn) -> None:
    state, now = turn.state, turn.now
    if state.maintenance is not None and now.wall >= state.maintenance.until:
        turn.set(maintenance=None, calendar=Calendar(turn.policy.windows))
    active = turn.state.calendar.active_at(now.wall)
    if active != state.active:
        turn.set(active=active)
        _tell_windows(turn, {o.window.name for o in state.active}, {o.window.name for o in active})
    known = {watch.occurrence for watch in state.restarts.watches}
    after, verdicts = restarts.turned(state.restarts, active, now.wall, ready=turn.ready)
    turn.set(restarts=after)
    if not turn.ready and any(watch.occurrence not in known for watch in after.watches):
        turn.set(login=reauth.unwatched(turn.state.login, turn.policy, now.wall))
    for verdict in verdicts:
        turn.tell_restart(verdict)
        if verdict.result is Result.NOT_SEEN:
            _not_seen(turn, verdict)


def _not_seen(turn: Turn, verdict: restarts.Verdict) -> None:
    turn.set(login=reauth.unseen(turn.state.login, turn.policy, verdict.occurrence))
    after, minute = restarts.moved_to(turn.state.restarts, turn.now.wall)
    turn.set(restarts=after)
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


# -- what falls due ---------------------------------------------------------------------------------------------------


def _fall_due(turn: Turn) -> None:
    _pause_over(turn)
    _session_due(turn)
    _heartbeat_due(turn)
    _session_due(turn)  # a stable session that its heartbeat has just ended has earned an attempt at once
    _upstream_due(turn)
    _login_due(turn)
    _talk_due(turn)
    _forget(turn)


def _pause_over(turn: Turn) -> None:
    until = turn.state.paused_until
    if turn.state.paused and until is not None and turn.now.wall >= until:
        _resume(turn)


def _session_due(turn: Turn) -> None:
    live = turn.state.session
    if live.deadline is None or turn.now.mono < live.deadline:
        return
    if live.phase is Phase.BACKOFF:
        turn.connect(Cue.RETRY)
    elif live.phase in OPEN:
        turn.fail(session.overdue(live), close=True)


def _heartbeat_due(turn: Turn) -> None:
    beat, verdict = heartbeat.judge(turn.state.heartbeat, turn.now.mono, turn.policy.timing)
    missed = beat.misses - turn.state.heartbeat.misses
    turn.set(heartbeat=beat)
    if missed:
        turn.count(misses=turn.state.counters.misses + missed)
        turn.set(tried=True, outages=replace(turn.state.outages, observing=True))
    match verdict:
        case Verdict.PING:
            turn.ping()
        case Verdict.MISS:
            turn.ping()
            if not turn.state.talk.misses:
                turn.set(talk=replace(turn.state.talk, misses=True))
                turn.tell(Level.WARNING, "heartbeat", "the gateway does not answer; asking once more")
        case Verdict.DEAD:
            turn.lose(Loss.HEARTBEAT, close=True)
        case Verdict.NOTHING:
            pass


def _upstream_due(turn: Turn) -> None:
    now, policy = turn.now.mono, turn.policy
    line = turn.state.upstream
    silence = upstream.silence_ends(line, policy)
    if silence is not None and now >= silence:
        turn.restore_upstream(Evidence.SILENCE)
    probe = upstream.next_probe(turn.state.upstream, policy)
    if probe is not None and now >= probe:
        turn.probe()
    settling = turn.state.upstream.settling_until
    if settling is not None and now >= settling:
        turn.set(upstream=replace(turn.state.upstream, settling_until=None))


def _login_due(turn: Turn) -> None:
    before = turn.state.login
    after = reauth.judged(before, turn.policy, turn.now)
    if after.required and not before.required:
        turn.set(login=after, cause=turn.describe(CauseKey.REAUTH_REQUIRED))
        cause = turn.state.cause
        said = f"{cause.words} {cause.cure}" if cause is not None else ""
        turn.tell(Level.ERROR, "reauth_required", f"re-authentication required. {said}")


def _talk_due(turn: Turn) -> None:
    talk, now = turn.state.talk, turn.now.mono
    if talk.farms_at is not None and now >= talk.farms_at:
        talk, line, bad = farm_line(talk, turn.state.farms)
        turn.set(talk=talk)
        turn.tell(Level.WARNING if bad and not turn.explained(Layer.FARMS) else Level.INFO, "farms", line)
    first = turn.state.first_ready_at
    if first is not None and not talk.missing_farms and now - first >= MISSING_AFTER:
        turn.set(talk=replace(turn.state.talk, missing_farms=True))
        missing = ", ".join(str(farm) for farm in farms.never_seen(turn.state.farms, turn.policy))
        if missing:
            turn.tell(
                Level.WARNING, "farms_missing", f"required farms never seen in a day: {missing}. Are they misspelt?"
            )


def _forget(turn: Turn) -> None:
    state, now = turn.state, turn.now.mono
    desupport = state.desupport
    if desupport is None or now - desupport.heard_at < DESUPPORT_FORGOTTEN.total_seconds():
        return
    if turn.ready and state.session.since > desupport.heard_at:
        turn.set(desupport=None)


# -- events -----------------------------------------------------------------------------------------------------------


def _handle(turn: Turn, event: Event) -> None:
    state = turn.state
    match event:
        case Ticked():
            pass
        case Started():
            if state.session.phase is Phase.IDLE:
                turn.connect(Cue.BEGIN)
        case PauseAsked():
            _pause(turn, event)
        case ResumeAsked():
            if state.paused:
                _resume(turn)
        case MaintenanceAsked():
            _maintain(turn, Maintenance(turn.now.wall, event.until, event.reason))
        case MaintenanceEnded():
            _maintain(turn, None)
        case LoginConfirmed():
            turn.set(login=reauth.proven(state.login, turn.now.wall))
            turn.tell(Level.INFO, "login", "weekly login confirmed by the operator")
        case Reloaded():
            _reload(turn, event)
        case Slept():
            _slept(turn, event)
        case ShutdownAsked():
            if session.allows(state.session, Cue.STOP):
                turn.release(Loss.SHUTDOWN)
                turn.set(session=session.stop(turn.state.session, turn.now.mono))
                turn.set(outages=outages.unwatched(turn.state.outages))
        case _:
            _hear(turn, event)


def _hear(turn: Turn, event: SessionEvent) -> None:
    """The one place where the late words of an earlier epoch are dropped."""
    live = turn.state.session
    if event.epoch == live.epoch and live.phase in OPEN:
        hear(turn, event)


def _pause(turn: Turn, event: PauseAsked) -> None:
    if session.allows(turn.state.session, Cue.STOP):
        turn.pause()
    turn.set(paused=True, paused_until=event.until)
    until = f" until {event.until:%Y-%m-%d %H:%M}Z" if event.until is not None else ""
    turn.tell(Level.INFO, "paused", f"paused by the operator{until}: the client id is released, nothing is tried")


def _resume(turn: Turn) -> None:
    turn.set(paused=False, paused_until=None)
    turn.tell(Level.INFO, "resumed", "resumed: connecting")
    turn.anew(Cue.BEGIN)


def _maintain(turn: Turn, upkeep: Maintenance | None) -> None:
    if upkeep is None and turn.state.maintenance is None:
        return
    turn.set(maintenance=upkeep, calendar=calendar_of(turn.policy, upkeep))
    if upkeep is not None:
        reason = f": {upkeep.reason}" if upkeep.reason else ""
        turn.tell(Level.INFO, "maintenance", f"maintenance until {upkeep.until:%Y-%m-%d %H:%M}Z{reason}")
    else:
        turn.tell(Level.INFO, "maintenance", "maintenance ended by the operator")
    _turn_windows(turn)


def _reload(turn: Turn, event: Reloaded) -> None:
    state, policy = turn.state, turn.policy
    kept = tuple(watch for watch in state.restarts.watches if watch.occurrence.window in policy.windows)
    turn.set(
        calendar=calendar_of(policy, state.maintenance),
        restarts=replace(state.restarts, watches=kept),
        session=replace(state.session, port=policy.port),
    )
    _turn_windows(turn)
    if policy.same_session(event.before):
        return
    if state.session.phase is Phase.STOPPED:
        turn.set(session=session.forget(turn.state.session, policy, turn.now.mono))
        return
    turn.release(Loss.OPERATOR)
    turn.anew(Cue.BEGIN if state.session.phase is Phase.IDLE else Cue.ANEW)


def _slept(turn: Turn, event: Slept) -> None:
    turn.set(restarts=restarts.disarmed(turn.state.restarts))
    turn.tell(Level.WARNING, "slept", f"the machine was asleep for {event.seconds:.0f} s: not observed")
    if turn.ready:
        turn.set(heartbeat=heartbeat.doubt(turn.state.heartbeat, turn.now.mono))
        turn.ping()


# -- how things stand -------------------------------------------------------------------------------------------------


def _conclude(turn: Turn, *, exactly: bool) -> None:
    """Tell the books, find the one word for a person, and say what changed."""
    before = turn.state
    height = turn.height()
    stopped = before.session.phase is Phase.STOPPED
    broken = None if stopped else lowest_broken(height)
    low = broken is not None and below_upstream(broken)
    turn.set(
        height=height, low_since=(before.low_since if before.low_since is not None else turn.now.mono) if low else None
    )
    if turn.state.outages.observing:
        explained = broken is None or turn.explained(broken)
        merge = turn.policy.timing.outage_merge
        turn.set(outages=outages.observed(turn.state.outages, broken, explained, turn.now, merge))
    _conclude_status(turn, stopped=stopped)
    facts = facts_of(turn.state, exactly=exactly)
    if facts != before.facts:
        turn.set(facts=facts)
        turn.actions.append(Keep(facts))


def _conclude_status(turn: Turn, *, stopped: bool) -> None:
    before = turn.state
    outage = before.outages.current
    status = status_of(
        stopped=stopped,
        up=before.height == TOP,
        reauth_required=before.login.required,
        planned=outage is not None and outage.ended is None and outage.planned,
        alive=turn.ready,
    )
    if status is before.status:
        return
    turn.set(status=status, status_since=turn.now.wall)
    if status is Status.UP:
        turn.set(cause=None)
    broken = lowest_broken(before.height)
    layer = f" ({broken} is broken)" if broken is not None and status is not Status.STOPPED else ""
    level = Level.INFO if status in (Status.UP, Status.MAINTENANCE, Status.STOPPED) else Level.WARNING
    turn.tell(
        level,
        "status",
        f"{before.status} -> {status}{layer}",
        status=status.value,
        before=before.status.value,
        layers=",".join(LADDER[: before.height]),
    )
