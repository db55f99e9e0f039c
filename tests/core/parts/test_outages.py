"""DESIGN.md section 5: planned and unplanned, to the second. The books themselves are checked after every step."""

from datetime import time, timedelta

import pytest

from supervisor.core.calendar.rules import Daily, Once
from supervisor.core.calendar.windows import Explains, Window, custom, server_reset
from supervisor.core.model.events import (
    AccountsReceived,
    MaintenanceAsked,
    MaintenanceEnded,
    PauseAsked,
    ResumeAsked,
    ShutdownAsked,
)
from supervisor.core.model.facts import Facts, OpenOutage
from supervisor.core.model.policy import AccountMode, Timing
from supervisor.core.model.status import Status
from supervisor.core.model.vocabulary import Planning
from tests.core.driver import NEW_YORK, NOON, RELAXED, RESET, RESTART, WEEKEND, World, instant, policy

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


# -- named nights -----------------------------------------------------------------------------------------------------


def test_a_hang_at_23_40_does_not_become_maintenance_at_23_44_30() -> None:
    world = World(ALL, at="2027-01-06 23:00 NY").up()
    world.until("2027-01-06 23:40 NY")
    world.peer.answers, world.peer.port = False, "mute"
    world.until("2027-01-06 23:44:31 NY")
    assert [view.active for view in world.snapshot.windows if view.name == "daily_restart"] == [True]
    assert world.word() == "down"
    world.until("2027-01-07 00:20 NY")
    assert world.word() == "down"
    world.peer.answers, world.peer.port, world.peer.probes = True, "open", True
    world.until("2027-01-07 00:30 NY")
    assert world.counted() == {("heartbeat", False): 1}
    assert world.booked()[("heartbeat", False)] > 40 * 60 - 20
    assert set(world.booked()) == {("heartbeat", False)}


def test_a_gateway_stuck_at_login_at_00_20_is_not_hidden_by_a_server_reset() -> None:
    world = World(ALL, at="2027-01-06 23:00 NY").up()
    world.until("2027-01-07 00:20 NY")
    assert world.status is Status.UP
    world.peer.port = "mute"
    world.drop()
    world.until("2027-01-07 00:24:59 NY")
    assert world.word() == "maintenance"
    world.until("2027-01-07 00:25:01 NY")
    assert world.word() == "down"


def test_a_failed_restart_is_not_hidden_by_the_reset_after_it() -> None:
    world = World(ALL, at="2027-01-06 23:00 NY").up()
    world.until("2027-01-06 23:45 NY")
    world.restart(None)
    world.until("2027-01-06 23:49:59 NY")
    assert world.word() == "maintenance"
    world.until("2027-01-06 23:50:01 NY")
    assert world.word() == "down"
    world.until("2027-01-07 00:30 NY")
    assert world.word() == "down"
    world.peer.port, world.peer.probes = "open", True
    world.run(60)
    assert world.counted() == {("session", False): 1}
    assert world.restarts() == {"overdue": 1}


def test_a_failed_restart_is_not_hidden_by_a_reset_that_is_open_already() -> None:
    # The older table: the reset of 23:45 to 00:45 surrounds the restart.
    older = server_reset(Daily(time(23, 45), NEW_YORK), timedelta(hours=1), Explains.UPSTREAM_FARMS)
    world = World(policy(windows=(RESTART, older)), at="2027-01-06 23:00 NY").up()
    world.until("2027-01-06 23:45 NY")
    world.restart(None)
    world.until("2027-01-06 23:50:01 NY")
    assert world.word() == "down"


def test_a_normal_night_is_planned_and_costs_nothing() -> None:
    world = World(ALL, at="2027-01-06 23:00 NY").up()
    world.until("2027-01-06 23:45 NY")
    world.restart(82)
    world.until("2027-01-07 00:22 NY")
    for _ in range(10):
        world.notice(1100)
        world.run(30)
    world.notice(1102)
    world.until("2027-01-07 03:00 NY")
    assert world.counted() == {("session", True): 1, ("upstream", True): 1}
    assert all(planned for _, planned in world.booked())
    assert world.restarts() == {"in_time": 1}


# -- observed and unobserved ------------------------------------------------------------------------------------------


def test_after_a_start_nothing_is_observed_until_the_first_heartbeat_was_answered() -> None:
    world = World()
    world.peer.ready_after = 5.0
    world.peer.round_trip = 2.0
    world.start().run(7)
    assert world.snapshot.outages.observed == 0.0
    assert not world.snapshot.tried
    world.run(1)
    assert world.snapshot.outages.observed == pytest.approx(0.998, abs=0.01)
    assert world.snapshot.tried
    assert world.counted() == {}


def test_after_a_start_nothing_is_observed_until_the_first_attempt_has_failed() -> None:
    world = World()
    world.peer.port = "lost"
    world.start().run(2.9)
    assert world.snapshot.outages.observed == 0.0
    assert world.snapshot.outage is None
    world.run(0.2)
    assert world.snapshot.outage is not None
    assert world.snapshot.outage.layer.value == "port"


def test_a_first_heartbeat_that_is_missed_is_an_attempt_that_failed() -> None:
    world = World()
    world.peer.answers = False
    world.start().run(4)
    assert world.snapshot.outage is not None
    assert world.snapshot.outage.layer.value == "heartbeat"


def test_a_pause_begins_no_outage_and_closes_an_open_one_as_it_stands() -> None:
    world = World().up()
    world.run(100)
    world.step(PauseAsked())
    world.run(1000)
    assert world.status is Status.STOPPED
    assert world.counted() == {}
    assert world.snapshot.outages.observed == pytest.approx(100.1, abs=0.1)
    assert world.losses() == {("operator", True): 1}
    world.step(ResumeAsked())
    world.run(1)
    assert world.counted() == {}
    world.notice(1100)
    world.run(50)
    world.step(PauseAsked())
    assert world.counted() == {("upstream", False): 1}
    assert recovered(world, False) == (0, 0.0)
    assert world.facts.outage is None
    assert world.tells("outage_closed")[0].fields["recovered"] is False


def test_a_pause_books_a_planned_outage_as_planned() -> None:
    world = World(policy(windows=(at_noon(10, 20),))).up()
    world.run(700)
    world.restart(None)
    world.run(30)
    world.step(PauseAsked())
    assert world.booked() == {("session", True): 30.0}


def test_a_pause_closes_what_an_earlier_process_left_open_too() -> None:
    facts = Facts(known=True, outage=OpenOutage(instant(NOON), "port", False, 40.0))
    world = World(facts=facts).start()
    world.step(PauseAsked())
    assert world.counted() == {("port", False): 1}
    assert world.facts.outage is None


def test_a_pause_lets_the_recovery_count_of_what_had_ended_before_a_crash() -> None:
    left = OpenOutage(instant(NOON), "port", False, 40.0, instant(NOON) + timedelta(seconds=40))
    world = World(facts=Facts(known=True, paused=True, outage=left)).start()
    assert world.counted() == {("port", False): 1}
    assert recovered(world, False) == (1, 40.0)


def test_a_pause_in_the_gap_lets_the_recovery_count() -> None:
    world = World().up()
    world.notice(1100)
    world.run(10)
    world.notice(1102)
    world.run(5)
    world.step(PauseAsked())
    assert world.counted() == {("upstream", False): 1}
    assert recovered(world, False) == (1, 10.0)


def test_after_a_resume_nothing_is_observed_until_the_first_attempt_has_ended() -> None:
    world = World().up()
    world.step(PauseAsked())
    world.peer.port = "lost"
    world.step(ResumeAsked())
    observed = world.snapshot.outages.observed
    world.run(2.9)
    assert world.snapshot.outages.observed == observed
    world.run(1.0)
    assert world.snapshot.outages.observed > observed


def test_a_shutdown_begins_no_outage() -> None:
    world = World().up()
    world.run(100)
    world.step(ShutdownAsked())
    assert world.counted() == {}
    assert world.facts.outage is None
    assert world.losses() == {("shutdown", True): 1}
    assert world.facts.session_lost_at is None


def test_a_shutdown_leaves_an_open_outage_open_and_the_next_process_goes_on_with_its_old_beginning() -> None:
    world = World().up()
    world.run(100)
    began = world.now.wall
    world.restart(None)
    world.run(45)
    world.step(ShutdownAsked())
    assert world.counted() == {}
    assert world.facts.outage is not None
    assert world.facts.outage.seconds == pytest.approx(45, abs=0.01)
    heir = world.heir(after=600).start().run(20)
    assert heir.snapshot.outage is not None
    assert heir.snapshot.outage.began == began
    assert heir.snapshot.outage.layer.value == "session"
    heir.peer.port = "open"
    heir.run(60)
    assert heir.counted() == {("session", False): 1}
    assert heir.booked()[("session", False)] < 27, "only what this process observed"
    assert recovered(heir, False)[1] == pytest.approx(45 + heir.booked()[("session", False)], abs=0.2)


def test_what_an_earlier_process_left_open_ends_if_the_gateway_is_up_now() -> None:
    world = World().up()
    world.run(100)
    world.restart(None)
    world.run(45)
    world.peer.port = "open"
    heir = world.heir(after=600).start().run(60)
    assert heir.counted() == {("session", False): 1}
    assert heir.booked() == {}


def test_moments_not_observed_are_not_judged() -> None:
    world = World(policy(windows=(at_noon(10, 5), at_noon(20, 30, name="later")))).up()
    world.run(14 * 60)
    world.restart(None)
    world.run(10)
    world.step(ShutdownAsked())
    heir = world.heir(after=8 * 60).start().run(30)  # nobody watched between the two windows
    assert heir.status is Status.MAINTENANCE


def test_an_outage_that_ended_just_before_the_end_of_the_process_is_over() -> None:
    world = World().up()
    world.notice(1100)
    world.run(10)
    world.notice(1102)
    world.run(5)
    world.step(ShutdownAsked())
    assert world.counted() == {("upstream", False): 1}
    assert world.facts.outage is None


@pytest.mark.parametrize("port", ["open", "refuse"])
def test_an_outage_that_ended_just_before_a_crash_is_counted_by_the_next_process_as_it_was(port: str) -> None:
    world = World().up()
    world.notice(1100)
    world.run(12)
    world.notice(1102)
    ended = world.now.wall
    world.run(5)
    world.peer.port = port
    heir = world.heir(after=3).start().run(10)
    assert heir.counted() == {("upstream", False): 1}
    assert heir.booked().get(("upstream", False), 0.0) == 0.0
    assert recovered(heir, False) == (1, 12.0)
    assert heir.tells("outage_closed")[0].fields["ended"] == ended.isoformat()
    assert (heir.facts.outage is None) is (port == "open")


def test_sleep_is_unobserved() -> None:
    world = World().up()
    world.run(100)
    world.sleep(3600)
    assert world.snapshot.outages.observed == pytest.approx(100.1, abs=0.1)
    world.run(60)
    assert world.counted() in ({}, {("heartbeat", False): 1})
    assert world.booked().get(("heartbeat", False), 0.0) < 1.3, "the first ping after the sleep may have to wait"


def test_edges_that_were_slept_through_are_not_judged() -> None:
    world = World(policy(windows=(at_noon(10, 5), at_noon(20, 30, name="later")))).up()
    world.run(14 * 60)
    world.notice(1100)
    world.run(10)
    world.sleep(8 * 60)
    world.run(1)
    assert world.status is Status.MAINTENANCE


def test_planned_unplanned_and_held_back_are_all_the_observed_time_that_is_neither_up_nor_stopped() -> None:
    world = World(ALL, at="2027-01-06 22:00 NY").up()
    world.until("2027-01-06 23:45 NY")
    world.restart(50)
    world.run(500)
    world.restart(20)
    world.step(PauseAsked())
    world.run(300)
    world.step(ResumeAsked())
    world.until("2027-01-07 00:20 NY")
    world.notice(1100)
    world.run(10)
    down = sum(world.booked().values()) + held(world)
    assert down == pytest.approx(world.broken, abs=0.2)
    assert down == pytest.approx(50 + 20 + 10, abs=0.5)
    assert world.snapshot.outages.observed == pytest.approx(world.elapsed - 300, abs=0.5)
