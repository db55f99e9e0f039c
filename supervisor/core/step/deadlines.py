"""What falls due with time alone: deadlines, pings, probes, and bursts that are over."""

from dataclasses import replace

from supervisor.core.model.layers import Layer
from supervisor.core.model.policy import Policy
from supervisor.core.model.records import HeartbeatMissed, Resumed
from supervisor.core.model.vocabulary import Evidence, Loss, Phase, Trigger
from supervisor.core.parts import farms, heartbeat, outages, session, upstream
from supervisor.core.parts.heartbeat import Due
from supervisor.core.step.state import State, Wake
from supervisor.core.step.transition import RESET_PATIENCE, Transition

COMPETING_FOR = 300.0
"""Seconds of silence after which a competing session is over."""


def wake_of(state: State, policy: Policy) -> Wake:
    """When `Ticked` must come at the latest. Each phase that is not healthy has its moment here."""
    at = state.at.mono
    moments = (
        state.session.deadline,
        heartbeat.deadline(state.heartbeat, policy.timing),
        upstream.deadline(state.upstream, policy, state.ready_at),
        outages.closes_at(state.outages, policy.timing.outage_merge),
        state.farms.burst_ends,
        farms.missing_due(state.farms),
        # From here on a moment that has passed asks for nothing more:
        None if state.login.required else state.login.required_from,
        state.low_since + RESET_PATIENCE if state.low_since is not None else None,
        state.competing_at + COMPETING_FOR if state.competing_at is not None else None,
    )
    next_mono: float | None = None
    for place, moment in enumerate(moments):
        if moment is None or (place >= 6 and moment <= at):
            continue
        if next_mono is None or moment < next_mono:
            next_mono = moment
    pause = state.operator.pause
    until = pause.until if pause is not None else None
    edges = [edge for edge in (state.span.ends, until) if edge is not None]
    return Wake(next_mono, min(edges, default=None))


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
    if live.deadline is None or transition.now.mono < live.deadline:
        return
    if live.phase is Phase.BACKOFF:
        transition.connect(Trigger.RETRY)
    else:
        transition.fail(session.overdue(live), close=True)


def _heartbeat(transition: Transition) -> None:
    state = transition.state
    before = state.heartbeat
    state.heartbeat, due = heartbeat.judge(before, transition.now.mono, transition.policy.timing)
    if due is Due.NOTHING:
        return
    missed = state.heartbeat.misses - before.misses
    if missed:
        state.counters = replace(state.counters, misses=state.counters.misses + missed)
        transition.observe()
    if due is Due.DEAD:
        transition.lose(Loss.HEARTBEAT, close=True)
        return
    transition.ping()
    if due is Due.MISS:
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
