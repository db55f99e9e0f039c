"""The gate: every reason closes it in the step of its cause, and every reason ends."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise

import pytest

from supervisor.core.calendar.clock import Now
from supervisor.core.calendar.windows import custom, daily_restart, weekly_restart
from supervisor.core.codes.farm_kinds import FarmKind
from supervisor.core.model.events import (
    GateTold,
    IdsConfirmed,
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
    GatePolicy,
    GateReason,
    GateReasonsChanged,
)
from supervisor.core.model.policy import RequiredFarm
from supervisor.core.parts import gate
from supervisor.core.parts.gate import Gate
from tests.core.driver import NEW_YORK, RESTART, World, policy

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


# -- restarts ---------------------------------------------------------------------------------------------------------


def evening(seconds: float, **settings: object) -> World:
    """Open, so many seconds before the daily restart of 23:45 in New York."""
    begins = datetime(2027, 1, 7, 4, 45, tzinfo=UTC) - timedelta(seconds=seconds)
    world = World(policy(windows=(RESTART,), timezone=NEW_YORK, **settings), at=begins.isoformat())
    return opened(world)


def test_it_closes_a_minute_before_the_restart_and_opens_when_the_gateway_is_back_from_it() -> None:
    world = evening(120)
    assert world.snapshot.gate.next_restart == datetime(2027, 1, 7, 4, 45, tzinfo=UTC)
    assert world.wait(lambda w: not w.snapshot.gate.open) == pytest.approx(58.4, abs=0.001)
    assert reasons(world) == (R.RESTART_SOON,)
    world.run(60)
    assert world.snapshot.gate.next_restart == datetime(2027, 1, 8, 4, 45, tzinfo=UTC)
    world.run(2)
    world.restart(45)
    assert reasons(world) == (R.PORT, R.RESTART_SOON)
    assert world.wait(lambda w: w.snapshot.gate.open) < 2.0


def test_a_blip_in_the_window_is_not_the_restart() -> None:
    world = evening(90)
    world.run(70)
    world.drop()
    world.run(10)
    assert world.status == "up"
    assert reasons(world) == (R.RESTART_SOON,)
    world.run(15)
    world.restart(40)
    assert world.wait(lambda w: w.snapshot.gate.open) < 2.0


def test_a_restart_that_does_not_come_keeps_it_closed_to_the_end_of_the_window_and_no_longer() -> None:
    world = evening(120)
    world.until("2027-01-06 23:49:59 NY")
    assert reasons(world) == (R.RESTART_SOON,)
    assert world.wait(lambda w: w.snapshot.gate.open) == pytest.approx(2.0, abs=0.01)


def test_another_time_before_the_restart_counts_from_the_reload_on() -> None:
    world = evening(120)
    world.reload(replace(world.policy, gate=GatePolicy(before_restart=110.0)))
    assert world.wait(lambda w: not w.snapshot.gate.open) < 9
    world.reload(replace(world.policy, gate=GatePolicy(before_restart=10.0)))
    world.run(1.1)
    assert world.snapshot.gate.open
    world.reload(replace(world.policy, gate=GatePolicy(before_restart=0.0)))
    world.until("2027-01-06 23:44:59 NY")
    assert world.snapshot.gate.open
    world.run(1)
    assert reasons(world) == (R.RESTART_SOON,)


def test_a_wall_clock_set_back_before_the_restart_opens_it_again() -> None:
    world = evening(70)
    world.run(30)
    assert reasons(world) == (R.RESTART_SOON,)
    world.jump(-600)
    world.run(3)
    assert world.snapshot.gate.open


def test_of_two_restarts_close_to_each_other_both_must_be_over() -> None:
    world = evening(70)
    windows = (RESTART, weekly_restart(2, time(23, 52), NEW_YORK))
    world.reload(replace(world.policy, windows=windows, gate=GatePolicy(before_restart=420.0)))
    world.run(72)
    world.restart(40)
    world.run(30)
    assert reasons(world) == (R.RESTART_SOON,)
    world.until("2027-01-06 23:52:01 NY")
    world.restart(40)
    assert world.wait(lambda w: w.snapshot.gate.open) < 2.0


def test_windows_of_the_operator_close_nothing_by_themselves() -> None:
    world = opened(
        World(policy(windows=(custom("move", daily_restart(time(12, 10), "UTC").rule, timedelta(minutes=5)),)))
    )
    world.run(1200)
    assert world.snapshot.gate.open
    assert world.state.counters.gate_closures == {}


# -- farms ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("farms", "historical_closes", "market_closes"),
    [(GateFarms.MARKET_DATA, False, True), (GateFarms.REQUIRED, True, True), (GateFarms.IGNORE, False, False)],
)
def test_farms_close_it_as_the_operator_wants(farms: GateFarms, historical_closes: bool, market_closes: bool) -> None:
    world = opened(World(policy(gate=GatePolicy(farms=farms))))
    world.notice(2105, "HMDS data farm connection is broken:ushmds")
    assert world.snapshot.gate.open is not historical_closes
    world.notice(2103, "Market data farm connection is broken:usfarm")
    assert world.snapshot.gate.open is not market_closes
    assert world.status == "degraded"


def test_a_farm_that_is_not_required_closes_nothing() -> None:
    world = opened(World(policy(required_farms=(RequiredFarm("usfarm"),))))
    world.notice(2103, "Market data farm connection is broken:jfarm")
    assert world.snapshot.gate.open


# -- order ids --------------------------------------------------------------------------------------------------------


def regressed(**settings: object) -> World:
    world = World(policy(gate=GatePolicy(order_ids=True), **settings))
    world.peer.order_id = 100
    opened(world)
    world.peer.order_id = 1
    world.drop()
    world.run(2)
    return world


def test_a_lower_order_id_closes_it_until_the_operator_confirms() -> None:
    world = regressed()
    assert reasons(world) == (R.ORDER_ID_REGRESSED,)
    world.run(86400)
    assert reasons(world) == (R.ORDER_ID_REGRESSED,)
    world.step(IdsConfirmed())
    assert world.wait(lambda w: w.snapshot.gate.open) == pytest.approx(1.0)


def test_a_lower_order_id_closes_it_until_a_session_whose_id_is_not_lower_than_the_one_before() -> None:
    world = regressed()
    world.drop()
    assert world.wait(lambda w: w.snapshot.gate.open) < 2.0


def test_by_itself_a_lower_order_id_does_not_close_the_daemons_gate() -> None:
    world = opened(World())
    world.peer.order_id = 0
    world.drop()
    world.run(2)
    assert world.snapshot.gate.open


def test_a_lower_order_id_is_found_after_a_restart_of_the_daemon_too() -> None:
    world = World(policy(gate=GatePolicy(order_ids=True)))
    world.peer.order_id = 100
    opened(world)
    heir = world.heir()
    heir.peer.order_id = 7
    heir.up().run(2)
    assert reasons(heir) == (R.ORDER_ID_REGRESSED,)


# -- what others see --------------------------------------------------------------------------------------------------


def test_the_epoch_is_that_of_the_last_ready_session_and_only_grows_across_restarts_of_the_daemon() -> None:
    world = opened(World())
    assert world.snapshot.gate.epoch == world.snapshot.epoch == 1
    world.restart(3)
    world.run(1)
    assert world.snapshot.gate.epoch == 1 < world.snapshot.epoch or world.phase == "ready"
    world.run(30)
    epoch = world.snapshot.gate.epoch
    assert epoch == world.snapshot.epoch
    heir = world.heir()
    assert heir.snapshot.gate.epoch == epoch
    heir.up()
    assert heir.snapshot.gate.epoch == epoch + 1


def test_it_is_the_same_object_while_nothing_changes_and_the_decision_is_as_young_as_the_last_step() -> None:
    world = opened(World(policy(windows=(RESTART,))))
    before = world.snapshot
    world.run(0.9)
    after = world.snapshot
    assert after.gate is before.gate
    assert after.at.mono == world.now.mono


def test_another_restart_ahead_shows_without_a_change_of_the_gate() -> None:
    world = opened(World())
    world.reload(replace(world.policy, windows=(RESTART,)))
    assert world.snapshot.gate.next_restart == datetime(2027, 1, 7, 4, 45, tzinfo=UTC)


def test_each_closure_is_counted_once_by_its_highest_reason() -> None:
    world = opened(World())
    world.notice(1100)
    world.restart(20)
    world.run(60)
    assert world.state.counters.gate_closures == {R.UPSTREAM: 1}
    (closed,) = [record for record in world.records if isinstance(record, GateClosed)]
    assert closed.after == pytest.approx(0.6, abs=0.2)
