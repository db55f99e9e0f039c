"""The gate around restarts, and the rest of what it shows."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from supervisor.core.calendar.windows import custom, daily_restart, weekly_restart
from supervisor.core.model.events import (
    IdsConfirmed,
)
from supervisor.core.model.gate import (
    GateClosed,
    GateFarms,
    GatePolicy,
)
from supervisor.core.model.policy import RequiredFarm
from tests.core.driver import NEW_YORK, RESTART, World, policy
from tests.core.parts.test_gate import R, opened, reasons

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
    world.run(7200)
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
