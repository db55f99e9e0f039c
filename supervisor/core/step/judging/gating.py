"""The gate at the end of a step: which reasons hold, what follows from that, and what is to be told of it."""

from supervisor.core.model.counters import added
from supervisor.core.model.gate import RANKED, GateClosed, GateOpened, GateReason, GateReasonsChanged
from supervisor.core.model.layers import Layer
from supervisor.core.model.policy import Policy
from supervisor.core.model.vocabulary import Phase
from supervisor.core.parts import farms, gate, restarts
from supervisor.core.step.state import State
from supervisor.core.step.transition import Transition
from supervisor.frozen import replace

_LAYERS = {layer: GateReason(layer.value) for layer in Layer}


def judge_gate(transition: Transition) -> None:
    """Close it if a reason holds, open it if none has for long enough."""
    state, now = transition.state, transition.now
    _look_ahead(state, transition.policy)
    before = state.gate
    after = state.gate = gate.judged(before, reasons_of(state, transition.policy), now, transition.policy.gate.quiet)
    if after is before:
        return
    lasted = (now.wall - before.since).total_seconds()
    if after.open:
        transition.records.append(GateOpened(before.reasons, lasted))
    elif before.open:
        counters = state.counters
        state.counters = replace(counters, gate_closures=added(counters.gate_closures, after.reasons[0], 1))
        transition.records.append(GateClosed(after.reasons, lasted))
    elif after.reasons != before.reasons:
        transition.records.append(GateReasonsChanged(after.reasons))


def reasons_of(state: State, policy: Policy) -> tuple[GateReason, ...]:
    """The reasons that hold, by rank."""
    told, holding = state.gate.told, []
    if state.session.phase is Phase.STOPPED:
        holding.append(GateReason.PAUSED)
    elif not state.tried:
        holding.append(GateReason.STARTING)
    elif state.broken is not None and (state.broken is not Layer.FARMS or _farms_close(state, policy)):
        holding.append(_LAYERS[state.broken])
    if state.heartbeat.suspect:
        holding.append(GateReason.SUSPECT)
    if state.upstream.settling_until is not None:
        holding.append(GateReason.SETTLING)
    if state.gate.ahead.near and _restart_near(state):
        holding.append(GateReason.RESTART_SOON)
    if state.competing:
        holding.append(GateReason.COMPETING_SESSION)
    if policy.gate.order_ids and state.order_ids.regressed:
        holding.append(GateReason.ORDER_ID_REGRESSED)
    if told:
        return tuple(reason for reason in RANKED if reason in told or reason in holding)
    return tuple(holding)


def _farms_close(state: State, policy: Policy) -> bool:
    return any(gate.counts(kind, policy.gate.farms) for kind, _ in farms.required_broken(state.farms, policy))


def _restart_near(state: State) -> bool:
    """A restart is near or under way. It is over when it was seen and a session is ready again."""
    near = state.gate.ahead.near
    if state.session.phase is not Phase.READY:
        return True
    return not all(restarts.saw(state.restarts, occurrence) for occurrence in near)


def _look_ahead(state: State, policy: Policy) -> None:
    known, span, wall = state.gate.ahead, state.span, state.at.wall
    same = known.restarts is span.restarts and known.before == policy.gate.before_restart
    if same and known.begins is not None and known.begins <= wall and (known.until is None or wall < known.until):
        return
    state.gate = replace(state.gate, ahead=gate.looked_ahead(span.restarts, policy.gate.before_restart, wall))
