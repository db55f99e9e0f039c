"""The gate of one gateway: open or closed, and since when.

- It closes in the step in which a reason begins. It opens only when none has held for `quiet` seconds.
- Which reasons hold is seen by `supervisor.core.step.judging.gating`, from all parts; here is what follows from that.
- While closed there is always a reason to show: the last that held, until quiet has passed.
"""

from datetime import datetime, timedelta

from supervisor.core.calendar.clock import Now
from supervisor.core.calendar.windows import Occurrence
from supervisor.core.codes.farm_kinds import FarmKind
from supervisor.core.model.gate import TOLD, GateFarms, GateReason
from supervisor.frozen import dataclass, replace


@dataclass(frozen=True, slots=True)
class Ahead:
    """What is known of the coming restarts; it holds from `begins` until `until`."""

    restarts: tuple[Occurrence, ...] = ()
    """All that were looked at."""
    before: float = 0.0
    begins: datetime | None = None
    until: datetime | None = None
    """The next instant at which the answer may be another; None if there is none."""
    near: tuple[Occurrence, ...] = ()
    """Those that are near, or under way."""
    coming: datetime | None = None
    """The first restart that is later than now."""


@dataclass(frozen=True, slots=True)
class Gate:
    """Closed at the beginning."""

    since: datetime
    """When it opened or closed."""
    open: bool = False
    reasons: tuple[GateReason, ...] = (GateReason.STARTING,)
    """By rank; empty while open."""
    clear_from: float | None = None
    """Since when no reason holds, in monotonic seconds; None while one does, and while open."""
    told: frozenset[GateReason] = frozenset()
    """Reasons that hold because an event said so."""
    epoch: int = 0
    """Of the last session that was ready."""
    ahead: Ahead = Ahead()


def judged(gate: Gate, holding: tuple[GateReason, ...], now: Now, quiet: float) -> Gate:
    """What the gate is, now that these reasons hold."""
    if holding:
        if gate.open:
            return replace(gate, open=False, reasons=holding, since=now.wall)
        if gate.reasons == holding and gate.clear_from is None:
            return gate
        return replace(gate, reasons=holding, clear_from=None)
    if gate.open:
        return gate
    clear_from = now.mono if gate.clear_from is None else gate.clear_from
    if now.mono >= clear_from + quiet:
        return replace(gate, open=True, reasons=(), clear_from=None, since=now.wall)
    return gate if gate.clear_from is not None else replace(gate, clear_from=clear_from)


def deadline(gate: Gate, quiet: float) -> float | None:
    """When it opens if nothing happens; None if it does not."""
    return None if gate.clear_from is None else gate.clear_from + quiet


def hold(gate: Gate, reason: GateReason, *, holds: bool) -> Gate:
    """Somebody who knows said that this reason holds, or holds no more. What the core sees itself is not taken."""
    if reason not in TOLD:
        return gate
    told = gate.told | {reason} if holds else gate.told - {reason}
    return replace(gate, told=told)


def session_ready(gate: Gate, epoch: int) -> Gate:
    """A session is ready."""
    return replace(gate, epoch=epoch)


def counts(kind: FarmKind, farms: GateFarms) -> bool:
    """Whether a broken required farm of this kind closes the gate."""
    if farms is GateFarms.MARKET_DATA:
        return kind is FarmKind.MARKET_DATA
    return farms is GateFarms.REQUIRED


def looked_ahead(restarts: tuple[Occurrence, ...], before: float, wall: datetime) -> Ahead:
    """What these restarts mean at this instant. `before`: seconds before a restart at which the gate closes."""
    lead = timedelta(seconds=before)
    near = tuple(each for each in restarts if each.at - lead <= wall < each.planned_until)
    edges = (edge for each in restarts for edge in (each.at - lead, each.at, each.planned_until))
    coming = min((each.at for each in restarts if each.at > wall), default=None)
    return Ahead(restarts, before, wall, min((edge for edge in edges if edge > wall), default=None), near, coming)
