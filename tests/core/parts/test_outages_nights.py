"""Named nights, and what is observed of them: planned and unplanned, to the second."""

from datetime import time, timedelta

import pytest

from supervisor.core.calendar.rules import Daily
from supervisor.core.calendar.windows import Explains, server_reset
from supervisor.core.model.events import (
    PauseAsked,
    ResumeAsked,
    ShutdownAsked,
)
from supervisor.core.model.facts import Facts, OpenOutage
from supervisor.core.model.status import Status
from tests.core.driver import NEW_YORK, NOON, RESTART, World, instant, policy
from tests.core.parts.test_outages import ALL, at_noon, held, recovered

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
