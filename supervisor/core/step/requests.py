"""What the operator asks for, and what befalls the daemon itself: pause, maintenance, reload, suspend, shutdown."""

from typing import assert_never

from supervisor.core.model.cause import CauseKey
from supervisor.core.model.events import (
    DaemonEvent,
    DeedAnswered,
    GateTold,
    IdsConfirmed,
    LoginConfirmed,
    MaintenanceAsked,
    MaintenanceEnded,
    OperatorEvent,
    PauseAsked,
    Reloaded,
    ResumeAsked,
    RungApproved,
    RungAsked,
    ShutdownAsked,
    Slept,
    Started,
)
from supervisor.core.model.gate import IdsKnown
from supervisor.core.model.policy import Policy
from supervisor.core.model.records import LoginStated, MaintenanceBegan, Paused, Suspended
from supervisor.core.model.records import MaintenanceEnded as MaintenanceOver
from supervisor.core.model.vocabulary import Loss, Phase, Trigger
from supervisor.core.parts import farms, gate, heartbeat, login, operator, order_ids, outages, restarts, session
from supervisor.core.parts.accounts import FITTING
from supervisor.core.parts.behind import eyes
from supervisor.core.parts.recovery import memory
from supervisor.core.step.advance import turn_windows
from supervisor.core.step.deadlines import resume
from supervisor.core.step.judging.healing import on_answer, on_approval, on_asked
from supervisor.core.step.judging.watching import reloaded
from supervisor.core.step.messages import compare_zone
from supervisor.core.step.state import calendar_of
from supervisor.core.step.transition import Transition
from supervisor.frozen import replace


def on_request(transition: Transition, event: OperatorEvent | DaemonEvent) -> None:
    """One event that is not of a session."""
    state = transition.state
    match event:
        case Started():
            if state.session.phase is Phase.IDLE:
                transition.connect(Trigger.BEGIN)
        case PauseAsked():
            _pause(transition, event)
        case ResumeAsked():
            if state.operator.pause is not None:
                resume(transition)
        case MaintenanceAsked():
            _maintain(transition, event)
        case MaintenanceEnded():
            _end_maintenance(transition)
        case LoginConfirmed():
            before = state.login
            state.login = login.confirmed(before, transition.policy, transition.now.wall)
            transition.records.append(LoginStated(accepted=state.login is not before))
        case IdsConfirmed():
            transition.records.append(IdsKnown(needed=state.order_ids.regressed))
            state.order_ids = order_ids.confirmed(state.order_ids)
        case GateTold(reason=reason, holds=holds):
            state.gate = gate.hold(state.gate, reason, holds=holds)
        case RungApproved():
            on_approval(transition, event)
        case RungAsked():
            on_asked(transition, event)
        case DeedAnswered():
            on_answer(transition, event)
        case Reloaded():
            _reload(transition, event)
        case Slept():
            _slept(transition, event)
        case ShutdownAsked():
            _shut_down(transition)
        case _:
            assert_never(event)


def _pause(transition: Transition, event: PauseAsked) -> None:
    state = transition.state
    if session.allows(state.session, Trigger.STOP):
        transition.release(Loss.OPERATOR)
        state.session = session.stop(state.session, transition.now)
        state.outages = outages.paused(state.outages, transition.now)
    state.operator = replace(state.operator, pause=operator.Pause(event.until, event.by))
    state.cause = transition.cause(CauseKey.PAUSED, until=event.until, by=event.by)
    transition.records.append(Paused(event.until, event.by))


def _maintain(transition: Transition, event: MaintenanceAsked) -> None:
    before = transition.state.operator
    after = operator.maintained(before, event.until, event.reason, transition.now.wall)
    if after.maintenance is None or after is before:
        return
    _set_operator(transition, after)
    transition.records.append(MaintenanceBegan(after.maintenance.until, event.reason))


def _end_maintenance(transition: Transition) -> None:
    asked = transition.state.operator
    if asked.maintenance is not None:
        _set_operator(transition, replace(asked, maintenance=None))
        transition.records.append(MaintenanceOver())


def _set_operator(transition: Transition, asked: operator.Operator) -> None:
    transition.state.operator = asked
    transition.state.calendar = calendar_of(transition.policy, asked.maintenance)
    turn_windows(transition, transition.now.wall, steady=True)


def _reload(transition: Transition, event: Reloaded) -> None:
    state, policy, before, now = transition.state, transition.policy, event.before, transition.now
    state.calendar = calendar_of(policy, state.operator.maintenance)
    state.restarts = restarts.rearranged(state.restarts, policy.windows)
    state.session = session.following(state.session, None)
    longer = policy.timing.heartbeat_interval - before.timing.heartbeat_interval
    state.heartbeat = heartbeat.retimed(state.heartbeat, longer)
    _readdress(transition, before)
    reloaded(transition, before)
    if policy.controller != before.controller:
        state.eyes = eyes.forgotten(state.eyes)
    if policy.required_farms != before.required_farms:
        state.farms = farms.judged_again(state.farms)
    if (policy.windows, policy.reauth) != (before.windows, before.reauth):
        state.login = login.rescheduled(state.login, policy, now)
    turn_windows(transition, now.wall, steady=True)
    due = state.login.due
    if due is not None and due.contains(now.wall) and not restarts.watches_over(state.restarts, due):
        state.login = login.passed_unwatched(state.login)  # a window that the reload opened
    if policy.same_session(before):
        told = state.clock
        if policy.timezone != before.timezone and told.offset is not None and told.told_at is not None:
            compare_zone(transition, told.offset, told.told_at)  # who mends the zone sees it before the next session
        return
    if state.session.phase is Phase.STOPPED:
        state.session = session.forget(state.session, policy, now)
        state.accounts = FITTING
        return
    begun = state.session.phase is not Phase.IDLE
    transition.release(Loss.OPERATOR)
    transition.connect_afresh(Trigger.RESTART if begun else Trigger.BEGIN)


def _readdress(transition: Transition, before: Policy) -> None:
    """On another port what was seen of the port is forgotten; on another host there is another gateway."""
    state, policy = transition.state, transition.policy
    if (policy.host, policy.port) == (before.host, before.port):
        return
    same_host = policy.host == before.host
    if not same_host:
        state.known, state.highest_order_id, state.desupport = False, None, None
        state.restarts = replace(state.restarts, stray=None)
    state.login = login.readdressed(state.login, policy, transition.now, same_host=same_host, known=state.known)


def _slept(transition: Transition, event: Slept) -> None:
    state = transition.state
    transition.stop_watching()
    transition.records.append(Suspended(event.seconds))
    state.outages = outages.slept(state.outages, transition.now)
    state.recovery = memory.forgotten(state.recovery)
    if state.low_since is not None:
        state.low_since -= event.seconds  # the minutes of a server reset count the time asleep
    if transition.ready:
        due = heartbeat.doubt(state.heartbeat, transition.now.mono)
        state.heartbeat = due.heartbeat
        if due.ping:
            transition.ping()


def _shut_down(transition: Transition) -> None:
    state = transition.state
    if session.allows(state.session, Trigger.STOP):
        transition.release(Loss.SHUTDOWN)
        state.session = session.stop(state.session, transition.now)
        state.outages = outages.left(state.outages, transition.now)
