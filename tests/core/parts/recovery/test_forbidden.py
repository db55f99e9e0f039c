"""When nothing is done, whatever is wrong."""

from dataclasses import replace

from supervisor.core.model.recovery.rules import (
    Block,
    Rung,
)
from tests.core.driver import RESET, instant
from tests.core.parts.recovery.scenes import (
    COMMAND,
    DATA,
    allowed,
    blocks,
    broken_at,
    heals,
    world_of,
)


def test_nothing_within_ten_minutes_of_a_restart_on_either_side() -> None:
    world = broken_at("2027-01-06 23:36 NY", allowed(replace(DATA, patience=5.0)))
    world.until("2027-01-06 23:54:30 NY")
    assert heals(world) == []
    world.until("2027-01-06 23:56 NY")
    assert heals(world) == [Rung.RECONNECT_DATA]


def test_the_quiet_time_before_a_restart_may_be_longer() -> None:
    world = broken_at("2027-01-06 21:50 NY", allowed(replace(DATA, patience=5.0), quiet_before_restart=7200.0))
    world.run(600)
    assert blocks(world) == {Rung.RECONNECT_DATA: Block.RESTART_NEAR}


def test_nothing_in_a_server_reset_nor_while_a_window_explains_it() -> None:
    settings = replace(allowed(replace(DATA, patience=5.0)), windows=(RESET,))
    world = broken_at("2027-01-06 00:09:58 NY", settings)
    world.run(600)
    assert blocks(world) == {Rung.RECONNECT_DATA: Block.SERVER_RESET}


def test_nothing_while_the_operator_works_on_it() -> None:
    from supervisor.core.model.events import MaintenanceAsked, PauseAsked

    world = broken_at("2027-01-06T12:00:00Z", allowed(replace(DATA, patience=5.0)))
    world.step(MaintenanceAsked(instant("2027-01-06T13:00:00Z")))
    world.run(600)
    assert blocks(world) == {Rung.RECONNECT_DATA: Block.PLANNED}
    world.step(PauseAsked())
    assert blocks(world) == {Rung.RECONNECT_DATA: Block.PAUSED}


def test_nothing_while_a_competing_session_is_heard() -> None:
    world = broken_at("2027-01-06T12:00:00Z", allowed(DATA))
    world.run(200)
    world.notice(10197)
    world.run(200)
    assert blocks(world) == {Rung.RECONNECT_DATA: Block.COMPETING_SESSION}
    world.run(420)
    assert heals(world) == [Rung.RECONNECT_DATA]


def test_nothing_after_a_restart_that_did_not_bring_it_back() -> None:
    world = world_of(allowed(COMMAND), at="2027-01-06 23:00 NY")
    world.until("2027-01-06 23:45 NY")
    world.restart(None)
    world.run(7200)
    assert blocks(world) == {Rung.COMMAND: Block.RESTART_PENDING}


def test_nothing_while_a_login_is_required() -> None:
    world = world_of(allowed(COMMAND), at="2027-01-10 00:50 NY")
    world.until("2027-01-10 01:05 NY")
    world.restart(None)
    world.run(3600)
    assert world.word() == "reauth_required"
    assert blocks(world) == {Rung.COMMAND: Block.REAUTH_REQUIRED}


def test_a_patience_begins_anew_after_a_sleep() -> None:
    world = broken_at("2027-01-06T12:00:00Z", allowed(DATA))
    world.run(250)
    world.sleep(3600)
    world.run(250)
    assert heals(world) == []
