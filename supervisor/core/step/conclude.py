"""The end of a step: what is broken, what that does to the outage, and the one word for a person."""

from supervisor.core.model.actions import Persist
from supervisor.core.model.cause import Cause, CauseKey
from supervisor.core.model.layers import BELOW_UPSTREAM, Layer
from supervisor.core.model.records import LayersChanged, LoginRequired, StatusChanged
from supervisor.core.model.status import Status, status_of
from supervisor.core.model.vocabulary import Phase, Planning
from supervisor.core.parts import farms, login, outages
from supervisor.core.parts.recovery.memory import NOTHING_DONE
from supervisor.core.step.judging.healing import recover
from supervisor.core.step.judging.matters import has_news, hear, tell_people
from supervisor.core.step.judging.seeing import judge_sight
from supervisor.core.step.judging.watching import judge_canary
from supervisor.core.step.state import Desupport, State, facts_of, may_differ
from supervisor.core.step.transition import Transition

DESUPPORT_FORGOTTEN = 86400.0
"""Seconds without another 2172, and with a new session since, after which the notice is forgotten."""


def conclude(transition: Transition, before: State, *, exactly: bool) -> None:
    """Account for the time from here on, and record what changed. `exactly`: nothing comes after this step."""
    state, now = transition.state, transition.now
    if state.login.required_from is not None and not state.login.required:
        _login(transition)
    if state.desupport is not None:
        _desupport(transition, state.desupport)
    stopped = state.session.phase is Phase.STOPPED
    broken = state.broken = transition.lowest_broken()
    judged = None if stopped else broken
    if judged not in BELOW_UPSTREAM:
        state.low_since = None
    elif state.low_since is None:
        state.low_since = now.mono
    planning = Planning.PLANNED if judged is None else transition.planning(judged)
    state.outages = outages.observed(state.outages, judged, planning, now, transition.policy.timing.outage_merge)
    if judged is not None and state.session.phase is Phase.READY:
        cause = _cause_in_session(transition, judged)
        if cause is not None and cause != state.cause:
            state.cause = cause
    if transition.policy.controller is not None:
        judge_sight(transition)
    if transition.policy.canary is not None:
        judge_canary(transition, transition.policy.canary)
    _status(transition, stopped=stopped)
    state.outages = outages.caused(state.outages, state.cause)
    last = state.outages.last
    if last is not None and last is not transition.last_closed:
        transition.last_closed = last
        over = len(transition.records) if last.ended == now.wall else 0  # what ended earlier is told before what is new
        transition.records.insert(over, last)
    if transition.policy.recovery is not None or state.recovery is not NOTHING_DONE:
        recover(transition)
    if transition.records:
        hear(transition)
    if has_news(before, state):
        tell_people(transition)
    if exactly or may_differ(before, state):
        facts = facts_of(state, exactly=exactly)
        if facts != state.facts:
            state.facts = facts
            transition.actions.append(Persist(facts))
    transition.actions += transition.deeds
    transition.deeds.clear()


def _login(transition: Transition) -> None:
    state = transition.state
    state.login = login.judged(state.login, transition.policy, transition.now)
    if state.login.required:
        cause = state.cause = transition.cause(CauseKey.REAUTH_REQUIRED)
        transition.records.append(LoginRequired(cause))


def _desupport(transition: Transition, told: Desupport) -> None:
    """A notice of 2172 is forgotten after a day, if a session has begun since."""
    ready_at = transition.state.ready_at
    forgotten = transition.now.mono - told.heard_at >= DESUPPORT_FORGOTTEN
    if forgotten and ready_at is not None and ready_at > told.heard_at:
        transition.state.desupport = None


def _cause_in_session(transition: Transition, broken: Layer) -> Cause | None:
    """Why a session that is ready does not work; None while nothing new is known."""
    state = transition.state
    if broken is Layer.UPSTREAM:
        return transition.cause_of_upstream()
    if broken is Layer.FARMS:
        names = farms.names(farms.required_broken(state.farms, transition.policy))
        return transition.cause(CauseKey.FARM_BROKEN, broken_farms=names)
    if state.heartbeat.misses:
        return transition.cause(CauseKey.HEARTBEAT_LOST, kernel=transition.kernel_said())
    return None  # the first answer, or the one after a sleep, is still on its way


def _status(transition: Transition, *, stopped: bool) -> None:
    state = transition.state
    outage = state.outages.current if state.outages.observing else None
    status = status_of(
        stopped=stopped,
        up=state.broken is None,
        reauth_required=state.login.required,
        planned=outage is not None and outage.ended is None and outage.planning is Planning.PLANNED,
        alive=transition.ready,
    )
    if status is not state.status:
        state.status, state.status_since = status, transition.now.wall
    if status is Status.UP:
        state.cause = None
    settled = state.settled_status
    answer_awaited = status is Status.DEGRADED and not state.heartbeat.up and not state.heartbeat.misses
    attempt_awaited = status is Status.DOWN and settled is Status.STOPPED and not state.outages.observing
    probe_awaited = state.upstream.undecided and transition.ready and state.broken is Layer.UPSTREAM
    passing = answer_awaited or attempt_awaited or probe_awaited  # a moment in between is nothing to tell a person
    if status is settled or passing:
        if state.broken is not transition.told_broken:
            transition.told_broken = state.broken
            transition.records.append(LayersChanged(state.broken))
        return
    transition.told_broken = state.broken
    state.settled_status = status
    names: tuple[str, ...] = ()
    if state.broken is Layer.FARMS:
        names = farms.names(farms.required_broken(state.farms, transition.policy))
    transition.records.append(StatusChanged(settled, status, state.broken, names))
