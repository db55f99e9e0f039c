"""What falls due with time alone: deadlines, pings, probes, and bursts that are over."""

from supervisor.core.model.actions import LookAtSockets
from supervisor.core.model.layers import Layer
from supervisor.core.model.policy import Policy
from supervisor.core.model.records import HeartbeatMissed, PingIgnored, Resumed, SessionHolds, SuspectChanged
from supervisor.core.model.recovery.rules import NO_RUNGS
from supervisor.core.model.vocabulary import Evidence, Loss, Phase, Trigger
from supervisor.core.parts import farms, gate, heartbeat, outages, session, upstream
from supervisor.core.parts.behind import eyes
from supervisor.core.parts.recovery import ladder
from supervisor.core.step.state import COMPETING_FOR, LOGIN_SOON, State, Wake
from supervisor.core.step.transition import Transition
from supervisor.frozen import replace


def wake_of(state: State, policy: Policy) -> Wake:
    """When `Ticked` must come at the latest. Each phase that is not healthy has its moment here."""
    at = state.at.mono
    line, outage = state.upstream, state.outages.current
    due = [state.session.deadline, state.farms.burst_ends, gate.deadline(state.gate, policy.gate.quiet)]
    if state.heartbeat is not heartbeat.AT_REST:
        due.append(heartbeat.deadline(state.heartbeat, policy.timing))
        if not line.up or line.settling_until is not None:
            due.append(upstream.deadline(line, policy, state.ready_at))
        if state.session.short_lived:
            due.append(session.holds(state.session, policy.timing))
    if outage is not None and outage.ended is not None:
        due.append(outages.closes_at(state.outages, policy.timing.outage_merge))
    if policy.required_farms is not None:
        due.append(farms.missing_due(state.farms))
    ahead = (  # a moment that has passed asks for nothing more
        state.canary.wake if state.canary is not None else None,
        eyes.deadline(state.eyes) if policy.controller is not None else None,
        None if state.login.required else state.login.required_from,
        state.low_since + outages.RESET_PATIENCE if state.low_since is not None else None,
        state.competing_at + COMPETING_FOR if state.competing_at is not None else None,
        state.notify_due,
    )
    if policy.recovery is not None or state.recovery.deed is not None:
        allowed = policy.recovery if policy.recovery is not None else NO_RUNGS
        due.append(ladder.deadline(state.recovery, allowed, at, broken=state.broken is not None))
    moments = [each for each in due if each is not None] + [each for each in ahead if each is not None and each > at]
    pause = state.operator.pause
    until = pause.until if pause is not None else None
    edge, near = state.span.ends, state.gate.ahead.until
    if until is not None and (edge is None or until < edge):
        edge = until
    if near is not None and (edge is None or near < edge):
        edge = near
    if state.login.due is not None and state.login.due_from is not None:
        soon = state.login.due.at - LOGIN_SOON
        if state.login.due_from > soon:
            soon = state.login.due_from
        if state.at.wall < soon and (edge is None or soon < edge):
            edge = soon
    return Wake(min(moments) if moments else None, edge)


def run_deadlines(transition: Transition) -> None:
    """Do what is due now; nothing if nothing is."""
    state, now = transition.state, transition.now
    pause = state.operator.pause
    if pause is not None and pause.until is not None and now.wall >= pause.until:
        resume(transition)
    _session(transition)
    if state.heartbeat is not heartbeat.AT_REST:
        _heartbeat(transition)
        _session(transition)  # a stable session that its heartbeat has just ended has earned an attempt at once
    _upstream(transition)
    _farms(transition)


def resume(transition: Transition) -> None:
    """The operator's pause is over."""
    transition.state.operator = replace(transition.state.operator, pause=None)
    transition.records.append(Resumed())
    transition.connect_afresh(Trigger.BEGIN)


def _session(transition: Transition) -> None:
    live = transition.state.session
    holds = session.holds(live, transition.policy.timing)
    if holds is not None and transition.now.mono >= holds:
        transition.records.append(SessionHolds(live.epoch, live.short_lived))
        transition.state.session = session.proven(live)
    if live.deadline is None or transition.now.mono < live.deadline:
        return
    if live.phase is Phase.BACKOFF:
        transition.connect(Trigger.RETRY)
    else:
        transition.fail(session.overdue(live), close=True)


def _heartbeat(transition: Transition) -> None:
    state = transition.state
    was_suspect = state.heartbeat.suspect
    due = heartbeat.judge(state.heartbeat, transition.now.mono, transition.policy.timing)
    state.heartbeat = due.heartbeat
    if state.heartbeat.suspect and not was_suspect:
        transition.records.append(SuspectChanged(suspect=True))
        if transition.policy.kernel:
            transition.actions.append(LookAtSockets())
    if due.ignored:
        state.counters = replace(state.counters, ignored=state.counters.ignored + 1)
        state.ignored, often = heartbeat.ignored_again(state.ignored, transition.now.mono)
        transition.records.append(PingIgnored(often))
    if due.missed:
        state.counters = replace(state.counters, misses=state.counters.misses + 1)
        transition.observe()
    if due.dead:
        transition.lose(Loss.HEARTBEAT, close=True)
        return
    if due.ping:
        transition.ping()
    if due.missed:
        transition.records.append(HeartbeatMissed())


def _upstream(transition: Transition) -> None:
    state, policy, now = transition.state, transition.policy, transition.now.mono
    due = upstream.deadline(state.upstream, policy, state.ready_at)
    if due is None or now < due:
        return
    silence = upstream.silence_ends(state.upstream, policy, state.ready_at)
    if silence is not None and now >= silence:
        transition.restore_upstream(Evidence.SILENCE)
    probe = upstream.next_probe(state.upstream, policy, state.ready_at)
    if probe is not None and now >= probe:
        if state.upstream.undecided and state.upstream.probed_at is not None:
            state.upstream = upstream.decided(state.upstream)
            transition.observe()
            transition.record_unknown_upstream()
        transition.probe()
    state.upstream = upstream.settled(state.upstream, now)


def _farms(transition: Transition) -> None:
    state, now = transition.state, transition.now.mono
    if state.farms.burst_ends is not None and now >= state.farms.burst_ends:
        state.farms, settled = farms.settled(state.farms, transition.planning(Layer.FARMS))
        transition.records.append(settled)
    missing = farms.missing_due(state.farms)
    if missing is not None and now >= missing:
        state.farms, never_seen = farms.missed(state.farms, transition.policy)
        if never_seen is not None:
            transition.records.append(never_seen)
