"""What the weekly login needs to know from one process to the next, where no login was ever recorded."""

from datetime import time

import pytest

from supervisor.core.calendar.windows import daily_restart
from supervisor.core.model.events import ShutdownAsked
from tests.core.driver import RELAXED, World, policy
from tests.stories.faked import NEW_YORK, at

NIGHTLY = policy(windows=(daily_restart(time(23, 45), NEW_YORK),), timezone=NEW_YORK, timing=RELAXED)
REPEATED = policy(windows=(daily_restart(time(1, 30), NEW_YORK),), timezone=NEW_YORK, timing=RELAXED)
SUNDAY_NIGHT = at("2027-01-10 23:45")


def monday_at_three(world: World) -> World:
    """Another process, after this one."""
    world.until(at("2027-01-11 02:59"))
    world.step(ShutdownAsked())
    return world.heir(after=60).start().run(1)


def test_a_restart_that_came_to_nothing_is_the_due_one_for_the_next_process_too() -> None:
    world = World(NIGHTLY, at="2027-01-10 12:00 NY").up()
    world.until(SUNDAY_NIGHT)
    world.restart(None)
    heir = monday_at_three(world)
    assert heir.word() == "reauth_required"
    assert heir.snapshot.login.due == SUNDAY_NIGHT


def test_so_is_one_that_passed_while_the_gateway_was_away_already() -> None:
    world = World(NIGHTLY, at="2027-01-10 12:00 NY").up()
    world.until(at("2027-01-10 20:00"))
    world.restart(None)
    world.until(at("2027-01-10 21:00"))
    assert world.word() == "reauth_required"
    assert world.snapshot.login.due == SUNDAY_NIGHT
    heir = monday_at_three(world)
    assert heir.word() == "reauth_required"
    assert heir.snapshot.login.due == SUNDAY_NIGHT


@pytest.mark.parametrize("again", [False, True])
def test_a_restart_between_the_two_one_o_clock_of_autumn_makes_the_next_night_due(again: bool) -> None:
    world = World(REPEATED, at="2027-11-07 00:30 NY").up()
    world.until(at("2027-11-07 01:30"))
    world.restart(60)
    world.until(at("2027-11-07 01:45"))
    assert world.word() == "up"
    assert world.snapshot.login.due == at("2027-11-08 01:30")
    if again:
        world.until(at("2027-11-07 01:30", second=True))
        world.restart(60)
    world.until(at("2027-11-07 12:00"))
    assert world.snapshot.login.due == at("2027-11-14 01:30" if again else "2027-11-08 01:30")
    assert not world.snapshot.login.required
