"""The gate: every reason closes it in the step of its cause, and every reason ends."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from supervisor.core.calendar.clock import Now
from supervisor.core.codes.farm_kinds import FarmKind
from supervisor.core.model.events import (
    GateTold,
    PauseAsked,
    ResumeAsked,
    ShutdownAsked,
)
from supervisor.core.model.gate import (
    RANKED,
    TOLD,
    GateClosed,
    GateFarms,
    GateOpened,
    GateReason,
    GateReasonsChanged,
)
from supervisor.core.parts import gate
from supervisor.core.parts.gate import Gate
from tests.core.driver import World

R = GateReason
T0 = datetime(2027, 1, 6, 12, tzinfo=UTC)


def at(seconds: float) -> Now:
    return Now(1000.0 + seconds, T0 + timedelta(seconds=seconds))


def opened(world: World) -> World:
    """Up, and the gate open."""
    world.up().run(1.5)
    assert world.snapshot.gate.open
    return world


def reasons(world: World) -> tuple[GateReason, ...]:
    return world.snapshot.gate.reasons


# -- the part alone ---------------------------------------------------------------------------------------------------


def test_it_opens_only_when_nothing_has_held_for_the_quiet_time() -> None:
    part = gate.judged(Gate(T0), (), at(0), 1.0)
    assert (part.open, part.reasons, gate.deadline(part, 1.0)) == (False, (R.STARTING,), 1001.0)
    assert gate.judged(part, (), at(0.999), 1.0) is part
    after = gate.judged(part, (), at(1.0), 1.0)
    assert (after.open, after.reasons, after.since, gate.deadline(after, 1.0)) == (True, (), at(1.0).wall, None)
    assert gate.judged(after, (), at(50), 1.0) is after


def test_a_reason_within_the_quiet_time_begins_it_anew() -> None:
    part = gate.judged(Gate(T0), (), at(0), 1.0)
    part = gate.judged(part, (R.SUSPECT,), at(0.5), 1.0)
    assert (part.reasons, gate.deadline(part, 1.0)) == ((R.SUSPECT,), None)
    assert gate.judged(part, (R.SUSPECT,), at(0.6), 1.0) is part
    part = gate.judged(part, (), at(0.7), 1.0)
    assert not gate.judged(part, (), at(1.6), 1.0).open
    assert gate.judged(part, (), at(1.7), 1.0).open


def test_the_same_reason_again_within_the_quiet_time_begins_it_anew_too() -> None:
    part = gate.judged(Gate(T0), (), at(0), 1.0)
    part = gate.judged(part, (R.STARTING,), at(0.5), 1.0)
    assert gate.deadline(part, 1.0) is None


def test_without_a_quiet_time_it_opens_with_the_end_of_the_last_reason() -> None:
    assert gate.judged(Gate(T0), (), at(0), 0.0).open


@pytest.mark.parametrize("reason", RANKED)
def test_only_what_the_core_cannot_see_may_be_told(reason: GateReason) -> None:
    held = gate.hold(Gate(T0), reason, holds=True)
    assert (reason in held.told) is (reason in TOLD)
    assert gate.hold(held, reason, holds=False).told == frozenset()


@pytest.mark.parametrize(
    ("farms", "closing"),
    [
        (GateFarms.MARKET_DATA, {FarmKind.MARKET_DATA}),
        (GateFarms.REQUIRED, {*FarmKind}),
        (GateFarms.IGNORE, set()),
    ],
)
def test_which_farms_close_it_is_the_operators_choice(farms: GateFarms, closing: set[FarmKind]) -> None:
    assert {kind for kind in FarmKind if gate.counts(kind, farms)} == closing


# -- each reason, from its first moment to its end --------------------------------------------------------------------


def test_it_is_closed_until_the_first_answer_and_opens_after_the_quiet_time() -> None:
    world = World()
    assert (world.snapshot.gate.open, reasons(world)) == (False, (R.STARTING,))
    world.start().run(0.004)
    assert reasons(world) == (R.STARTING,)
    world.run(1.0)
    assert not world.snapshot.gate.open
    world.run(0.01)
    assert (world.snapshot.gate.open, reasons(world), world.snapshot.gate.holding) == (True, (), False)
    assert [record.reasons for record in world.records if isinstance(record, GateOpened)] == [(R.STARTING,)]


def test_a_pause_closes_it_and_a_resume_begins_as_a_start_does() -> None:
    world = opened(World())
    world.step(PauseAsked(by="ann"))
    assert reasons(world) == (R.PAUSED,)
    world.step(ResumeAsked())
    assert reasons(world) == (R.STARTING,)
    world.run(1.5)
    assert world.snapshot.gate.open


def test_the_end_of_the_daemon_closes_it() -> None:
    world = opened(World())
    world.step(ShutdownAsked())
    assert reasons(world) == (R.PAUSED,)


BREAKS: dict[GateReason, Callable[[World], None]] = {
    R.PORT: lambda world: world.restart(None),
    R.HANDSHAKE: lambda world: _behave(world, "mute"),
    R.SESSION: lambda world: _speechless(world),
    R.UPSTREAM: lambda world: world.notice(1100),
    R.FARMS: lambda world: world.notice(2103, "Market data farm connection is broken:usfarm"),
}


def _behave(world: World, port: str) -> None:
    world.peer.port = port
    world.drop()
    world.run(10)


def _speechless(world: World) -> None:
    world.peer.ready_after = None
    world.drop()


def _mend(world: World) -> None:
    world.peer.port, world.peer.ready_after = "open", 0.002
    if world.phase == "ready":
        world.notice(1102)
        world.notice(2104, "Market data farm connection is OK:usfarm")


@pytest.mark.parametrize("reason", BREAKS)
def test_a_broken_layer_closes_it_in_the_same_step_and_it_opens_after_the_repair(reason: GateReason) -> None:
    world = opened(World())
    BREAKS[reason](world)
    world.run(0.01)
    assert reasons(world)[0] is reason or reason is R.PORT
    closed = [record for record in world.records if isinstance(record, GateClosed)]
    assert len(closed) == 1
    world.run(20)
    assert not world.snapshot.gate.open
    assert reasons(world)[0] is reason
    _mend(world)
    world.run(60)
    assert world.snapshot.gate.open
    changed = [record.reasons for record in world.records if isinstance(record, GateReasonsChanged)]
    assert all(before != after for before, after in pairwise(changed))


def test_of_the_layers_only_the_lowest_broken_one_is_named() -> None:
    world = opened(World())
    world.notice(1100)
    world.notice(2103, "Market data farm connection is broken:usfarm")
    assert reasons(world) == (R.UPSTREAM,)


def test_a_hang_closes_it_at_the_suspicion_and_keeps_it_closed_to_the_end() -> None:
    world = opened(World())
    world.peer.answers = False
    world.wait(lambda w: w.snapshot.suspect)
    assert reasons(world) == (R.SUSPECT,)
    world.wait(lambda w: w.snapshot.broken is not None)
    assert reasons(world) == (R.HEARTBEAT, R.SUSPECT)
    world.peer.answers = True
    world.wait(lambda w: w.snapshot.gate.open)
    assert world.snapshot.broken is None
    assert world.state.counters.gate_closures == {R.SUSPECT: 1}


def test_a_suspicion_alone_closes_it_for_its_length_and_the_quiet_time() -> None:
    world = opened(World())
    world.peer.round_trip = 0.9
    world.wait(lambda w: not w.snapshot.gate.open)
    world.peer.round_trip = 0.001
    took = world.wait(lambda w: w.snapshot.gate.open)
    assert took == pytest.approx(0.4 + 1.0, abs=0.01)


def test_after_a_loss_of_upstream_it_waits_until_answers_are_reliable() -> None:
    world = opened(World())
    world.notice(1100)
    world.run(5)
    world.notice(1101)
    assert reasons(world) == (R.SETTLING,)
    assert world.wait(lambda w: w.snapshot.gate.open) == pytest.approx(11.0, abs=0.01)


def test_a_competing_session_closes_it_until_nothing_was_heard_of_it_for_five_minutes() -> None:
    world = opened(World())
    world.notice(10197, "No market data during competing live session")
    assert reasons(world) == (R.COMPETING_SESSION,)
    world.run(100)
    world.notice(10197, "No market data during competing live session")
    assert world.wait(lambda w: w.snapshot.gate.open) == pytest.approx(301.0, abs=0.01)


@pytest.mark.parametrize("reason", sorted(TOLD))
def test_what_is_told_closes_it_until_its_end_is_told(reason: GateReason) -> None:
    world = opened(World())
    world.notice(10197, "No market data during competing live session")
    world.step(GateTold(reason, holds=True))
    assert reasons(world) == (R.COMPETING_SESSION, reason)
    world.run(400)
    assert reasons(world) == (reason,)
    world.step(GateTold(reason, holds=False))
    assert (reasons(world), world.snapshot.gate.holding) == ((reason,), False)
    world.run(1.01)
    assert world.snapshot.gate.open


def test_a_suspend_closes_it_until_the_gateway_has_answered_again() -> None:
    world = opened(World())
    world.sleep(3600)
    assert reasons(world) == (R.HEARTBEAT,)
    assert world.wait(lambda w: w.snapshot.gate.open) < 3.0
