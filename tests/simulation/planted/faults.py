"""The faults that are planted in the core on purpose: what each function does instead of what it should."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from math import inf

from supervisor.core.calendar.clock import Now
from supervisor.core.calendar.windows import Occurrence
from supervisor.core.codes.farm_kinds import FarmState
from supervisor.core.model.cause import Cause, CauseKey
from supervisor.core.model.events import SessionEvent
from supervisor.core.model.gate import GateReason
from supervisor.core.model.layers import Layer
from supervisor.core.model.policy import Policy, Timing
from supervisor.core.model.vocabulary import Evidence, Failure, Loss, Planning, PortEvidence, Trigger
from supervisor.core.parts import backoff, farms, gate, heartbeat, login, outages, restarts, session, upstream
from supervisor.core.parts.farms import Farm, FarmKey, Farms
from supervisor.core.parts.gate import Ahead, Gate
from supervisor.core.parts.heartbeat import Heartbeat, Judgement
from supervisor.core.parts.login import Login
from supervisor.core.parts.outages import Outages
from supervisor.core.parts.restarts import Away, Restarts
from supervisor.core.parts.restarts import Judgement as RestartJudgement
from supervisor.core.parts.session import Session
from supervisor.core.parts.upstream import Upstream
from supervisor.core.step import conclude, deadlines, messages, step
from supervisor.core.step.judging import gating
from supervisor.core.step.state import State, Wake
from supervisor.core.step.transition import Transition
from tests.simulation.planted import behind, telling
from tests.simulation.planted.planting import constant, replaced

OVERDUE = (Failure.TIMEOUT, Failure.HANDSHAKE_TIMEOUT, Failure.SESSION_TIMEOUT)

# -- outages and windows ----------------------------------------------------------------------------------------------


def _never_turns(right: Callable[..., Outages], outages: Outages, explained: bool) -> Outages:
    return outages


def _held_are_lost(right: Callable[..., Outages], outages: Outages, explained: bool) -> Outages:
    turned = right(outages, explained)
    return replace(turned, totals=replace(turned.totals, seconds=outages.totals.seconds))


def _no_edge(right: Callable[..., Wake], state: State, policy: Policy) -> Wake:
    pause = state.operator.pause
    return Wake(right(state, policy).mono, pause.until if pause is not None else None)


def _no_end_of_patience(right: Callable[..., Wake], state: State, policy: Policy) -> Wake:
    patient = state.copied()
    patient.low_since = None
    return right(patient, policy)


def _goes_on(
    right: Callable[..., Outages], outages: Outages, broken: Layer | None, planning: Planning, now: Now, merge: float
) -> Outages:
    outage = outages.current
    if broken is not None and outage is not None and outage.ended is not None and outage.planning is planning:
        broken = outage.layer if now.mono < outage.ended.mono + merge else broken
    return right(outages, broken, planning, now, merge)


class _Unexplained(Transition):
    """No window explains anything."""

    __slots__ = ()

    def planning(self, layer: Layer) -> Planning:
        return Planning.UNPLANNED


def _lost_unplanned(
    right: Callable[..., None],
    self: Transition,
    loss: Loss,
    detail: str = "",
    *,
    close: bool = False,
    cause: Cause | None = None,
) -> None:
    blind = _Unexplained(self.state, self.now, self.policy, self.acts_at)
    blind.actions, blind.records = self.actions, self.records
    right(blind, loss, detail, close=close, cause=cause)


# -- the session ------------------------------------------------------------------------------------------------------


def _late_is_heard(right: Callable[..., None], transition: Transition, event: SessionEvent) -> None:
    right(transition, replace(event, epoch=transition.state.session.epoch))


def _overdue_is_kept(
    right: Callable[..., None],
    self: Transition,
    failure: Failure,
    detail: str = "",
    *,
    close: bool = False,
    key: CauseKey | None = None,
) -> None:
    right(self, failure, detail, close=close and failure not in OVERDUE, key=key)


def _wait_has_jitter(
    right: Callable[..., tuple[Session, float]], session: Session, policy: Policy, now: float
) -> tuple[Session, float]:
    return DRAW(session, policy, now)


DRAW = session._draw


def _another_id(
    right: Callable[..., Session], session: Session, trigger: Trigger, policy: Policy, now: float
) -> Session:
    begun = right(session, trigger, policy, now)
    if begun.client_id != policy.client_id:
        return begun
    return replace(begun, client_id=policy.client_id + (session.conflicts > 0))


# -- the layers above -------------------------------------------------------------------------------------------------


def _one_miss(right: Callable[..., Judgement], heartbeat: Heartbeat, now: float, timing: Timing) -> Judgement:
    return right(heartbeat, now, replace(timing, heartbeat_misses=1))


def _stays_up(right: Callable[..., Judgement], heartbeat: Heartbeat, now: float, timing: Timing) -> Judgement:
    judged = right(heartbeat, now, timing)
    return judged._replace(heartbeat=replace(judged.heartbeat, up=heartbeat.up))


def _begins_up(
    right: Callable[..., Upstream], upstream: Upstream, now: Now, *, resetting: bool, probing: bool
) -> Upstream:
    begun = right(upstream, now, resetting=resetting, probing=probing)
    carried = not upstream.up and upstream.heard_at is None and begun.evidence is Evidence.CARRIED
    return replace(begun, up=True) if carried else begun


def _connecting_heals(
    right: Callable[..., Farms], farms: Farms, key: FarmKey, state: FarmState, wall: datetime, *, planned: bool
) -> Farms:
    farm = farms.known.get(key)
    if farm is None or farm.state is not FarmState.BROKEN or state is not FarmState.CONNECTING:
        return right(farms, key, state, wall, planned=planned)
    known = {**farms.known, key: replace(farm, state=state, since=wall)}
    return replace(farms, known=known, broken=farms.broken - {key})


def _counts_are_forgotten(right: Callable[..., Farms], farms: Farms, wall: datetime) -> Farms:
    gone = right(farms, wall)
    known = {key: farm if farm is farms.known[key] else Farm(farm.state, wall) for key, farm in gone.known.items()}
    return replace(gone, known=known)


def _farms_do_not_count(
    right: Callable[..., None], transition: Transition, broken_before: Layer | None, *, stopped: bool
) -> None:
    state = transition.state
    broken = state.broken
    state.broken = None if broken is Layer.FARMS else broken
    right(transition, broken_before, stopped=stopped)
    state.broken = broken


# -- restarts and the login -------------------------------------------------------------------------------------------


def _counted_again(
    right: Callable[..., tuple[Restarts, tuple[RestartJudgement, ...]]], restarts: Restarts, now: Now
) -> tuple[Restarts, tuple[RestartJudgement, ...]]:
    watches = tuple(replace(watch, judged=False) for watch in restarts.watches)
    return right(replace(restarts, watches=watches), now)


def _no_grace(
    right: Callable[..., timedelta], login: Login, policy: Policy, lost_at: datetime, in_restart: bool
) -> timedelta:
    return timedelta(0)


def _mute_is_nothing(right: Callable[..., Login], login: Login, policy: Policy, now: Now) -> Login:
    return login if login.evidence is PortEvidence.MUTE else right(login, policy, now)


def _always_a_restart(right: Callable[..., Away | None], restarts: Restarts, now: Now) -> Away | None:
    return Away.RESTART if right(restarts, now) is Away.BLIP else right(restarts, now)


def _still_there(right: Callable[..., Login], login: Login) -> Login:
    return login


def _sleeps_on(right: Callable[..., Outages], outages: Outages, now: Now) -> Outages:
    return outages


def _sent_when_heard(right: Callable[..., Heartbeat], heartbeat: Heartbeat, at: float) -> Heartbeat:
    return heartbeat


# -- the gate ----------------------------------------------------------------------------------------------------------


def _no_quiet(right: Callable[..., Gate], part: Gate, holding: tuple[GateReason, ...], now: Now, quiet: float) -> Gate:
    return right(part, holding, now, 0.0)


def _layers_are_up(
    right: Callable[..., tuple[GateReason, ...]], state: State, policy: Policy
) -> tuple[GateReason, ...]:
    return tuple(reason for reason in right(state, policy) if reason is not GateReason.UPSTREAM)


def _no_suspicion(right: Callable[..., tuple[GateReason, ...]], state: State, policy: Policy) -> tuple[GateReason, ...]:
    return tuple(reason for reason in right(state, policy) if reason is not GateReason.SUSPECT)


def _in_time_for_the_window(
    right: Callable[..., Ahead], restarts: tuple[Occurrence, ...], before: float, wall: datetime
) -> Ahead:
    ahead = right(restarts, before, wall)
    return replace(ahead, near=tuple(each for each in ahead.near if each.start <= wall))


def _seen_at_the_loss(right: Callable[..., bool], restarts: Restarts, occurrence: Occurrence) -> bool:
    return True


def _wakes_nobody(right: Callable[..., float | None], part: Gate, quiet: float) -> float | None:
    return None


MUTANTS = (
    replaced("an outage in a window never turns unplanned", outages.judged, _never_turns),
    replaced("held-back seconds are lost when an outage turns", outages.judged, _held_are_lost),
    replaced("an edge of a window is no deadline", deadlines.wake_of, _no_edge, step),
    replaced("the five minutes of a server reset have no deadline", deadlines.wake_of, _no_end_of_patience, step),
    replaced("an outage goes on whatever broke first", outages.observed, _goes_on),
    replaced("a loss in a window counts as unplanned", Transition.lose, _lost_unplanned, Transition),
    replaced("late words of an earlier session are heard", messages.on_session_event, _late_is_heard, step),
    replaced("an overdue attempt is not closed before the next", Transition.fail, _overdue_is_kept, Transition),
    replaced("one miss ends the session", heartbeat.judge, _one_miss),
    constant("other messages keep a hung session for ever", heartbeat, "PATIENCE", inf),
    replaced("a missed answer leaves the heartbeat up", heartbeat.judge, _stays_up),
    constant("no delay has a floor", backoff, "FLOOR", 0.0),
    constant("a hung gateway is asked as often as any", backoff, "MUTE_LIMIT", 10 * backoff.MUTE_LIMIT),
    replaced("the wait for a ghost's id has jitter", session._wait_for_id, _wait_has_jitter),
    replaced("an id in use is answered with another id", session.begin, _another_id),
    replaced("a new session begins with upstream up", upstream.begin_session, _begins_up),
    replaced("a farm that is connecting counts as healed", farms.heard, _connecting_heals),
    replaced("with a session the counts of its farms are forgotten", farms.forgotten, _counts_are_forgotten),
    replaced("a restart is counted at every ready", restarts.session_ready, _counted_again),
    replaced("a blip counts as a restart", restarts.what_it_was, _always_a_restart),
    replaced("a port that 1300 has left still speaks of the gateway", login.left_address, _still_there),
    replaced("an outage is continued across a suspend", outages.slept, _sleeps_on),
    constant("an outage may be continued for ever", outages, "LONGEST_MERGE", inf),
    replaced("a late ping is due when its event came", heartbeat.sent, _sent_when_heard),
    replaced("a login is asked for without any grace", login._grace, _no_grace),
    replaced("a mute gateway is no evidence of a missing login", login.judged, _mute_is_nothing),
    replaced("the gate opens without its quiet time", gate.judged, _no_quiet),
    replaced("the gate is open without IBKR", gating.reasons_of, _layers_are_up),
    replaced("the gate is open while the gateway is suspect", gating.reasons_of, _no_suspicion),
    replaced("the gate closes only when the window of a restart opens", gate.looked_ahead, _in_time_for_the_window),
    replaced("the gate opens before the restart was seen", restarts.saw, _seen_at_the_loss),
    replaced("nobody wakes when the quiet time is over", gate.deadline, _wakes_nobody),
    replaced("five of six layers are called up", conclude._status, _farms_do_not_count),
    *behind.MUTANTS,
    *telling.MUTANTS,
)
