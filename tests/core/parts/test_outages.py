"""Planned and unplanned, to the second. The books themselves are checked after every step."""

from datetime import time, timedelta

import pytest

from supervisor.core.calendar.rules import Daily, Once
from supervisor.core.calendar.windows import Explains, Window, custom, server_reset
from supervisor.core.model.events import (
    AccountsReceived,
    MaintenanceAsked,
    MaintenanceEnded,
)
from supervisor.core.model.policy import AccountMode, Timing
from supervisor.core.model.status import Status
from supervisor.core.model.vocabulary import Planning
from tests.core.driver import NOON, RELAXED, RESET, RESTART, WEEKEND, World, instant, policy

ALL = policy(windows=(RESTART, RESET, WEEKEND))


def at_noon(minutes: float, length: float, grace: float = 0.0, name: str = "move") -> Window:
    """A custom window so many minutes after noon."""
    start = instant(NOON) + timedelta(minutes=minutes)
    return custom(name, Once(start), timedelta(minutes=length), timedelta(minutes=grace))


def held(world: World) -> float:
    outage = world.snapshot.outage
    return round(outage.held, 1) if outage is not None else 0.0


def recovered(world: World, planned: bool) -> tuple[int, float]:
    """How many values `ib_recovery_seconds` got, and their sum."""
    histogram = world.snapshot.outages.recovery.get(Planning.of(planned))
    return (sum(histogram.counts), round(histogram.total, 1)) if histogram is not None else (0, 0.0)


# -- when an outage begins, closes and is counted ---------------------------------------------------------------------


def test_an_outage_is_counted_only_when_nothing_can_continue_it_any_more() -> None:
    world = World().up()
    world.run(100)
    world.notice(1100)
    world.run(20)
    world.notice(1102)
    world.run(29.9)
    assert world.counted() == {}
    assert recovered(world, False) == (0, 0.0)
    world.run(0.2)
    assert world.counted() == {("upstream", False): 1}
    assert recovered(world, False) == (1, 20.0)


def test_a_new_one_within_thirty_seconds_continues_it_if_cause_and_plan_are_the_same_and_the_gap_is_not_its() -> None:
    world = World().up()
    world.run(100)
    for _ in range(3):
        world.notice(1100)
        world.run(10)
        world.notice(1102)
        world.run(29)
    world.run(2)
    assert world.counted() == {("upstream", False): 1}
    assert world.booked() == {("upstream", False): 30.0}
    assert recovered(world, False) == (1, 30.0)


def test_a_new_one_after_thirty_seconds_is_another() -> None:
    world = World().up()
    world.notice(1100)
    world.run(10)
    world.notice(1102)
    world.run(30.1)
    world.notice(1100)
    world.run(10)
    world.notice(1102)
    world.run(60)
    assert world.counted() == {("upstream", False): 2}


def test_a_new_one_of_another_cause_closes_it() -> None:
    world = World().up()
    world.notice(1100)
    world.run(10)
    world.notice(1102)
    world.run(5)
    world.notice(2103, "broken:usfarm")
    assert world.counted() == {("upstream", False): 1}
    assert recovered(world, False) == (1, 10.0)
    world.run(5)
    world.notice(2104, "ok:usfarm")
    world.run(60)
    assert world.counted() == {("upstream", False): 1, ("farms", False): 1}


@pytest.mark.parametrize("first", [True, False])
def test_a_planned_and_an_unplanned_one_are_never_one(first: bool) -> None:
    window = at_noon(10, 5) if first else at_noon(15, 5)
    world = World(policy(windows=(window,)))
    world.up().run(14 * 60 + 30)
    world.notice(1100)
    world.run(20)
    world.notice(1102)
    world.run(20)
    world.notice(1100)
    world.run(10)
    world.notice(1102)
    world.run(100)
    assert world.counted() == {("upstream", True): 1, ("upstream", False): 1}
    assert world.booked() == {("upstream", first): 20.0, ("upstream", not first): 10.0}


def test_how_far_apart_is_a_setting() -> None:
    world = World(policy(timing=Timing(outage_merge=5.0))).up()
    world.notice(1100)
    world.notice(1102)
    world.run(5.1)
    assert world.counted() == {("upstream", False): 1}


def test_a_closed_outage_is_told_once_with_all_that_a_journal_needs() -> None:
    world = World().up()
    world.notice(1100)
    world.run(10)
    world.notice(1102)
    world.run(60)
    (told,) = world.tells("outage_closed")
    assert told.fields["cause"] == "upstream"
    assert told.fields["planned"] is False
    assert told.fields["recovered"] is True
    assert told.fields["seconds"] == pytest.approx(10.0)
    began, ended = (instant(str(told.fields[name])) for name in ("began", "ended"))
    assert (ended - began).total_seconds() == pytest.approx(10.0)


# -- planned, and no longer -------------------------------------------------------------------------------------------


def test_a_planned_outage_is_held_back_and_booked_when_it_closes() -> None:
    world = World(policy(windows=(at_noon(10, 20),))).up()
    world.run(11 * 60)
    world.restart(60)
    assert world.status is Status.MAINTENANCE
    assert world.booked() == {}
    assert held(world) == pytest.approx(60, abs=0.1)
    world.run(40)
    assert world.counted() == {("session", True): 1}
    assert world.booked()[("session", True)] == pytest.approx(60.5, abs=0.5)
    assert recovered(world, True)[0] == 1


def test_the_first_unexplained_moment_makes_the_whole_outage_unplanned_for_good() -> None:
    world = World(policy(windows=(at_noon(10, 5), at_noon(20, 30, name="later")))).up()
    world.run(14 * 60)
    world.restart(None)
    world.run(59)
    assert world.word() == "maintenance"
    world.run(2)
    assert world.word() == "down"
    assert world.booked()[("session", False)] == pytest.approx(61, abs=0.1)
    world.run(10 * 60)  # into the later window
    assert world.word() == "down"
    world.peer.port = "open"
    world.run(60)
    assert world.counted() == {("session", False): 1}
    assert held(world) == 0.0


def test_an_outage_that_begins_outside_stays_unplanned_in_a_window() -> None:
    world = World(policy(windows=(at_noon(10, 5),))).up()
    world.run(590)
    world.restart(60)
    world.run(60)
    assert set(world.booked()) == {("session", False)}


def test_at_every_moment_the_lowest_layer_then_broken_must_be_explained() -> None:
    # Planned by a reset as long as upstream is broken; then the session is lost for more than five minutes.
    world = World(policy(windows=(RESET,)), at="2027-01-06 00:00 NY").up()
    world.until("2027-01-06 00:20 NY")
    world.notice(1100)
    world.run(600)
    assert world.word() == "maintenance"
    world.restart(None)
    world.run(299)
    assert world.word() == "maintenance"
    world.run(2)
    assert world.word() == "down"
    world.peer.port, world.peer.probes = "open", True
    world.run(60)
    assert world.counted() == {("upstream", False): 1}
    assert world.booked()[("upstream", False)] == pytest.approx(902, abs=2)


def test_a_daily_reset_explains_upstream_and_farms_without_limit() -> None:
    world = World(policy(windows=(RESET,)), at="2027-01-06 00:00 NY").up()
    world.until("2027-01-06 00:11 NY")
    world.notice(1100)
    world.until("2027-01-06 01:50 NY")
    world.notice(1102)
    world.notice(2103, "broken:usfarm")
    world.until("2027-01-06 01:59:59 NY")
    assert world.word() == "maintenance"
    world.until("2027-01-06 02:00:01 NY")
    assert world.word() == "degraded"
    world.notice(2104, "ok:usfarm")
    world.run(60)
    assert world.counted() == {("upstream", True): 1, ("farms", False): 1}


def test_the_five_minutes_are_at_a_stretch() -> None:
    world = World(policy(windows=(RESET,)), at="2027-01-06 00:00 NY").up()
    world.peer.probes = True
    world.until("2027-01-06 00:20 NY")
    for _ in range(4):
        world.restart(240)
        world.run(45)
    assert world.counted() == {("session", True): 4}


def test_the_five_minutes_are_counted_from_the_break_whatever_explained_it_then() -> None:
    early = at_noon(0.5, 4, name="early")
    reset = server_reset(Daily(time(12, 10), "UTC"), timedelta(hours=1), Explains.UPSTREAM_FARMS)  # from 12:05
    world = World(policy(windows=(early, at_noon(4, 1.5, name="bridge"), reset))).up()
    world.run(60)
    world.restart(None)  # at 12:01, explained until 12:05:30 by the two, by the reset for another half a minute
    world.until("2027-01-06T12:05:59Z")
    assert world.word() == "maintenance"
    world.until("2027-01-06T12:06:01Z")
    assert world.word() == "down"


def test_the_weekend_reset_explains_every_layer() -> None:
    world = World(policy(windows=(WEEKEND,), timing=RELAXED), at="2027-01-08 22:00 NY").up()
    world.until("2027-01-08 23:10 NY")
    world.restart(None)
    world.until("2027-01-09 03:14:59 NY")
    assert world.word() == "maintenance"
    world.until("2027-01-09 03:15:01 NY")
    assert world.word() == "down"


def test_the_maintenance_of_the_operator_explains_every_layer_and_ends() -> None:
    world = World().up()
    world.step(MaintenanceAsked(world.now.wall + timedelta(minutes=15), "disk"))
    world.run(60)
    world.restart(None)
    world.run(60)
    assert world.word() == "maintenance"
    assert [view.name for view in world.snapshot.windows] == ["maintenance"]
    world.run(13 * 60)
    assert world.word() == "down"
    assert world.snapshot.windows == ()
    assert world.facts.maintenance_until is None


def test_maintenance_that_is_ended_early_explains_nothing_any_more() -> None:
    world = World().up()
    world.step(MaintenanceAsked(world.now.wall + timedelta(minutes=15)))
    world.restart(None)
    assert world.word() == "maintenance"
    world.step(MaintenanceEnded())
    assert world.word() == "down"
    before = world.state
    world.step(MaintenanceEnded())
    assert world.state == before


def test_maintenance_lasts_four_hours_at_most_and_none_that_is_over_is_opened() -> None:
    world = World().up()
    world.step(MaintenanceAsked(world.now.wall + timedelta(days=3)))
    assert world.facts.maintenance_until == world.now.wall + timedelta(hours=4)
    world = World().up()
    for ago in (0, 1, 86400):
        world.step(MaintenanceAsked(world.now.wall - timedelta(seconds=ago)))
    assert world.state.operator.maintenance is None


def test_maintenance_survives_a_restart_of_the_daemon() -> None:
    world = World().up()
    world.step(MaintenanceAsked(world.now.wall + timedelta(minutes=15), "disk"))
    heir = world.heir(after=60).start().run(1)
    heir.restart(None)
    heir.run(10)
    assert heir.word() == "maintenance"
    assert world.heir(after=1000).state.operator.maintenance is None


def test_the_loss_of_a_session_is_judged_at_the_loss_and_stays() -> None:
    world = World(policy(windows=(at_noon(10, 5),))).up()
    world.run(14 * 60)
    world.restart(300)
    world.run(60)
    assert world.losses() == {("closed", True): 1}
    assert world.counted() == {("session", False): 1}


def test_an_edge_that_no_step_met_is_judged_when_the_next_one_comes() -> None:
    world = World(policy(windows=(at_noon(10, 5), at_noon(16, 30, name="later")))).up()
    world.run(14 * 60)
    world.notice(1100)
    assert world.word() == "maintenance"
    world.peer.answers = False
    world.now = type(world.now)(world.now.mono + 240, world.now.wall + timedelta(seconds=240))
    world.traffic()  # between the two windows nobody looked
    assert world.snapshot.outage is not None
    assert world.snapshot.outage.planning is not Planning.PLANNED


def test_the_end_of_the_five_minutes_that_no_step_met_is_judged_when_the_next_one_comes() -> None:
    later = custom("later", Once(instant("2027-01-06 00:40 NY")), timedelta(hours=1))
    world = World(policy(windows=(RESET, later)), at="2027-01-06 00:00 NY").up()
    world.until("2027-01-06 00:30 NY")
    world.restart(None)
    assert world.word() == "maintenance"
    world.now = type(world.now)(world.now.mono + 900, world.now.wall + timedelta(seconds=900))
    world.traffic()
    assert world.snapshot.outage is not None
    assert world.snapshot.outage.planning is not Planning.PLANNED


def test_a_wrong_account_is_never_explained_also_if_it_comes_in_a_ready_session() -> None:
    live = policy(windows=(at_noon(0, 30),), account_mode=AccountMode.LIVE)
    world = World(live).up()
    world.peer.accounts = ("DU1",)
    world.say(AccountsReceived, world.peer.accounts)
    assert world.losses() == {("protocol", False): 1}
    assert world.word() == "down"
    world = World(live)
    world.peer.accounts = ("DU1",)
    world.start().run(10)
    assert world.word() == "down"
