"""Scheduled restarts, each judged once."""

from dataclasses import replace
from datetime import time, timedelta

import pytest

from supervisor.core.calendar.rules import SUNDAY
from supervisor.core.calendar.windows import daily_restart, weekly_restart
from supervisor.core.model.events import MaintenanceAsked, PauseAsked, ResumeAsked
from supervisor.core.model.status import Status
from supervisor.core.model.vocabulary import Phase
from tests.core.driver import NEW_YORK, RELAXED, RESTART, World, instant, policy

NIGHTLY = policy(windows=(RESTART,), timezone=NEW_YORK, timing=RELAXED)


def before_midnight(settings: object = None, day: str = "2027-01-06") -> World:
    world = World(settings if settings is not None else NIGHTLY, at=f"{day} 23:00 NY")  # type: ignore[arg-type]
    return world.up()


def test_lost_and_ready_again_before_the_end_is_in_time() -> None:
    world = before_midnight().until("2027-01-06 23:45 NY")
    world.restart(82)
    world.run(1)
    assert world.restarts() == {"in_time": 1}
    world.run(3600)
    assert world.restarts() == {"in_time": 1}
    assert "as scheduled" in world.tells("restart")[0].text


def test_lost_and_not_back_at_the_end_is_overdue() -> None:
    world = before_midnight().until("2027-01-06 23:45 NY")
    world.restart(None)
    world.until("2027-01-06 23:49:59 NY")
    assert world.restarts() == {}
    world.until("2027-01-06 23:50 NY")
    assert world.restarts() == {"overdue": 1}
    world.peer.port = "open"
    world.run(60)
    assert world.restarts() == {"overdue": 1}


def test_never_lost_is_not_seen() -> None:
    world = before_midnight().until("2027-01-06 23:51 NY")
    assert world.restarts() == {"not_seen": 1}


def test_the_first_loss_in_the_window_decides() -> None:
    world = before_midnight().until("2027-01-06 23:45 NY")
    world.restart(30)
    world.run(30)
    world.restart(None)
    world.until("2027-01-07 00:30 NY")
    assert world.restarts() == {"in_time": 1}


def test_a_loss_in_the_lead_counts_as_the_restart() -> None:
    world = before_midnight().until("2027-01-06 23:44:35 NY")
    world.restart(40)
    world.run(1)
    assert world.restarts() == {"in_time": 1}
    assert world.snapshot.restarts.offset == pytest.approx(-25, abs=0.1)


def test_the_last_restart_and_its_offset_are_what_was_seen() -> None:
    world = before_midnight().until("2027-01-06 23:45:16 NY")
    world.restart(30)
    world.run(60)
    seen = world.snapshot.restarts
    assert seen.last == instant("2027-01-06 23:45:16 NY")
    assert seen.offset == pytest.approx(16)


def test_pending_is_from_the_loss_in_a_restart_window_to_the_next_ready() -> None:
    world = before_midnight().until("2027-01-06 23:45 NY")
    assert not world.snapshot.restarts.pending
    world.restart(None)
    assert world.snapshot.restarts.pending
    world.until("2027-01-07 00:10 NY")
    assert world.snapshot.restarts.pending
    world.peer.port = "open"
    world.run(10)
    assert not world.snapshot.restarts.pending


def test_a_loss_outside_a_restart_window_is_no_restart() -> None:
    world = before_midnight().until("2027-01-06 23:20:30 NY")
    world.restart(30)
    world.run(60)
    assert not world.snapshot.restarts.pending
    assert world.snapshot.restarts.last is None
    assert world.restarts() == {}


def test_a_window_that_opened_without_a_ready_session_is_not_judged() -> None:
    world = before_midnight().until("2027-01-06 23:40 NY")
    world.restart(None)
    world.until("2027-01-06 23:46 NY")
    world.peer.port = "open"
    world.until("2027-01-07 00:10 NY")
    assert world.restarts() == {}


def test_a_window_in_which_the_daemon_started_is_not_judged_but_a_loss_in_it_is_seen() -> None:
    world = World(NIGHTLY, at="2027-01-06 23:44:40 NY").up()
    world.until("2027-01-06 23:45 NY")
    world.restart(60)
    world.run(1)
    assert not world.snapshot.restarts.pending
    assert world.snapshot.restarts.last == instant("2027-01-06 23:45 NY")
    assert "back from its restart" in world.tells("restart")[0].text
    world.until("2027-01-07 00:10 NY")
    assert world.restarts() == {}


def test_a_window_with_a_pause_in_it_is_not_judged() -> None:
    world = before_midnight().until("2027-01-06 23:44:40 NY")
    world.step(PauseAsked())
    world.run(10)
    world.step(ResumeAsked())
    world.until("2027-01-07 00:10 NY")
    assert world.restarts() == {}


def test_a_window_with_sleep_in_it_is_not_judged() -> None:
    world = before_midnight().until("2027-01-06 23:44:40 NY")
    world.sleep(20)
    world.until("2027-01-07 00:10 NY")
    assert world.restarts() == {}


@pytest.mark.parametrize("at", ["23:40", "23:44:40"])
def test_a_window_whose_end_was_slept_through_is_not_judged(at: str) -> None:
    world = before_midnight().until(f"2027-01-06 {at} NY")
    world.sleep(1200)
    world.run(600)
    assert world.restarts() == {}


def test_the_window_after_one_that_was_slept_through_is_judged_again() -> None:
    world = before_midnight().until("2027-01-06 23:40 NY")
    world.sleep(1200)
    world.until("2027-01-08 00:10 NY")
    assert world.restarts() == {"not_seen": 1}


def test_a_clock_set_back_within_the_window_or_behind_it_does_not_have_it_judged_twice() -> None:
    world = before_midnight().until("2027-01-06 23:51 NY")
    assert world.restarts() == {"not_seen": 1}
    world.jump(-600)
    world.until("2027-01-07 00:30 NY")
    assert world.restarts() == {"not_seen": 1}


def test_a_clock_set_back_to_before_the_window_judges_nothing_and_it_opens_again() -> None:
    world = before_midnight().until("2027-01-06 23:44:40 NY")
    world.jump(-120)
    world.run(1)
    assert world.restarts() == {}
    world.until("2027-01-06 23:45 NY")
    world.restart(60)
    world.run(1)
    assert world.restarts() == {"in_time": 1}


@pytest.mark.parametrize("at", ["23:40", "23:46"])
def test_a_clock_set_forward_over_the_end_of_the_window_judges_nothing(at: str) -> None:
    world = before_midnight().until(f"2027-01-06 {at} NY")
    world.jump(1200)
    world.run(600)
    assert world.restarts() == {}


def test_steps_that_come_late_change_no_verdict() -> None:
    world = before_midnight().until("2027-01-06 23:44 NY")
    world.now = type(world.now)(world.now.mono + 45, world.now.wall + timedelta(seconds=45))
    world.traffic()
    world.until("2027-01-06 23:45 NY")
    world.restart(60)
    world.run(1)
    assert world.restarts() == {"in_time": 1}


def test_a_reload_keeps_the_watch_over_a_window_that_stays_and_drops_one_that_goes() -> None:
    for windows, expected in (((RESTART,), {"in_time": 1}), ((), {})):
        world = before_midnight().until("2027-01-06 23:44:40 NY")
        world.reload(replace(NIGHTLY, windows=windows, upstream_probe=False))
        world.until("2027-01-06 23:45 NY")
        world.restart(60)
        world.run(600)
        assert world.restarts() == expected


@pytest.mark.parametrize(("grace", "expected"), [(2, {"overdue": 1}), (10, {"in_time": 1})])
def test_a_reload_that_changes_the_grace_has_the_window_judged_by_the_new_one(
    grace: int, expected: dict[str, int]
) -> None:
    world = before_midnight().until("2027-01-06 23:45 NY")
    world.restart(None)
    world.run(60)
    world.reload(replace(NIGHTLY, windows=(daily_restart(time(23, 45), NEW_YORK, grace=timedelta(minutes=grace)),)))
    world.run(300)
    world.peer.port = "open"
    world.run(600)
    assert world.restarts() == expected


def test_a_restart_window_that_a_reload_opens_at_once_is_not_judged() -> None:
    world = World(policy(), at="2027-01-06 23:00 NY").up()
    world.until("2027-01-06 23:44:40 NY")
    world.reload(NIGHTLY)
    world.until("2027-01-07 00:10 NY")
    assert world.restarts() == {}


# -- the repeated hour ------------------------------------------------------------------------------------------------
# New York, 2027-11-07: 01:30 occurs at 05:30Z and at 06:30Z.

REPEATED = policy(windows=(daily_restart(time(1, 30), NEW_YORK),), timing=RELAXED)


def fall_back() -> World:
    return World(REPEATED, at="2027-11-07T04:00:00Z").up()


def test_of_a_repeated_time_not_seen_is_counted_once_after_the_second_if_neither_saw_a_loss() -> None:
    world = fall_back().until("2027-11-07T06:00:00Z")
    assert world.restarts() == {}
    world.until("2027-11-07T07:00:00Z")
    assert world.restarts() == {"not_seen": 1}


@pytest.mark.parametrize("at", ["05:30", "06:30"])
def test_of_a_repeated_time_one_restart_is_expected(at: str) -> None:
    world = fall_back().until(f"2027-11-07T{at}:00Z")
    world.restart(60)
    world.until("2027-11-07T08:00:00Z")
    assert world.restarts() == {"in_time": 1}


def test_of_a_repeated_time_a_first_that_is_overdue_is_the_only_verdict() -> None:
    world = fall_back().until("2027-11-07T05:30:00Z")
    world.restart(400)
    world.until("2027-11-07T08:00:00Z")
    assert world.restarts() == {"overdue": 1}


def test_of_a_repeated_time_nothing_is_counted_if_the_first_was_not_watched() -> None:
    world = World(REPEATED, at="2027-11-07T05:31:00Z").up()
    world.until("2027-11-07T08:00:00Z")
    assert world.restarts() == {}


def test_of_a_repeated_time_nothing_is_counted_if_the_second_was_not_watched() -> None:
    world = fall_back().until("2027-11-07T06:20:00Z")
    world.step(PauseAsked())
    world.until("2027-11-07T06:30:00Z")
    world.step(ResumeAsked())
    world.until("2027-11-07T08:00:00Z")
    assert world.restarts() == {}


def test_the_day_after_all_is_as_ever() -> None:
    world = fall_back().until("2027-11-08T08:00:00Z")
    assert world.restarts() == {"not_seen": 2}


def test_a_time_that_does_not_exist_is_later_by_the_jump() -> None:
    settings = policy(windows=(daily_restart(time(2, 30), NEW_YORK),))
    world = World(settings, at="2027-03-14T06:00:00Z").up()
    world.until("2027-03-14T07:30:00Z")
    world.restart(60)
    world.run(10)
    assert world.restarts() == {"in_time": 1}


# -- moved ------------------------------------------------------------------------------------------------------------


def moved(at: str, seconds: float, settings: object = None) -> World:
    world = World(settings if settings is not None else NIGHTLY, at="2027-01-06 12:00 NY").up()  # type: ignore[arg-type]
    world.until(f"2027-01-06 {at} NY")
    world.restart(seconds)
    return world.until("2027-01-07 00:00 NY")


def test_a_restart_that_moved_is_reported_at_once_after_not_seen() -> None:
    world = moved("18:30:02", 40)
    assert world.restarts() == {"not_seen": 1}
    (told,) = world.tells("restart_moved")
    assert "restart moved to 18:30?" in told.text
    world.until("2027-01-08 00:00 NY")
    assert len(world.tells("restart_moved")) == 1


def test_a_minute_that_was_learned_is_known_after_a_restart_of_the_daemon() -> None:
    world = World(NIGHTLY, at="2027-01-06 18:00 NY").up()
    world.until("2027-01-06 18:30:02 NY")
    world.restart(40)
    world.until("2027-01-06 19:00 NY")
    heir = world.heir(after=5).up()
    heir.until("2027-01-07 00:00 NY")
    (told,) = heir.tells("restart_moved")
    assert "restart moved to 18:30?" in told.text
    assert heir.facts.restart_stray is None


@pytest.mark.parametrize("at", ["18:29:55", "18:30:04"])
def test_within_five_seconds_of_a_full_minute(at: str) -> None:
    assert "18:30" in moved(at, 60).tells("restart_moved")[0].text


@pytest.mark.parametrize(("at", "seconds"), [("18:30:10", 40), ("18:30:02", 8), ("18:30:02", 200)])
def test_another_loss_is_no_moved_restart(at: str, seconds: float) -> None:
    assert moved(at, seconds).tells("restart_moved") == []


def test_a_loss_that_a_window_explains_is_no_moved_restart() -> None:
    world = World(NIGHTLY, at="2027-01-06 18:20 NY").up()
    world.step(MaintenanceAsked(world.now.wall + timedelta(minutes=30)))
    world.until("2027-01-06 18:30:01 NY")
    world.restart(60)
    world.until("2027-01-07 00:00 NY")
    assert world.tells("restart_moved") == []


def test_without_a_zone_the_minute_is_told_in_utc() -> None:
    assert (
        "23:30 UTC" in moved("18:30:01", 60, policy(windows=(RESTART,), timing=RELAXED)).tells("restart_moved")[0].text
    )


def test_a_loss_long_ago_is_not_reported() -> None:
    weekly = policy(windows=(weekly_restart(SUNDAY, time(12, 0), NEW_YORK),), timing=RELAXED)
    world = World(weekly, at="2027-01-06 12:00 NY").up()
    world.until("2027-01-06 18:30:01 NY")
    world.restart(60)
    world.until("2027-01-10 13:00 NY")
    assert world.restarts() == {"not_seen": 1}
    assert world.tells("restart_moved") == []


def test_nothing_is_replanned_by_itself() -> None:
    world = moved("18:30:02", 40)
    world.until("2027-01-07 18:30 NY")
    world.restart(40)
    assert world.losses()[("closed", False)] == 2


def test_two_restart_windows_are_each_judged() -> None:
    both = policy(windows=(RESTART, weekly_restart(SUNDAY, time(12, 0), NEW_YORK)), timing=RELAXED)
    world = World(both, at="2027-01-10 11:00 NY").up()
    world.until("2027-01-10 12:00 NY")
    world.restart(60)
    world.until("2027-01-10 23:45 NY")
    world.restart(60)
    world.until("2027-01-11 00:30 NY")
    assert world.restarts() == {"in_time": 2}


def test_windows_are_told_as_they_open_and_close() -> None:
    world = before_midnight().until("2027-01-07 00:10 NY")
    assert [tell.text for tell in world.tells("window")] == [
        "window daily_restart opens",
        "window daily_restart is over",
    ]


def test_the_views_show_the_active_opening_else_the_next_one() -> None:
    world = before_midnight()
    (view,) = world.snapshot.windows
    assert (view.active, view.start) == (False, instant("2027-01-06 23:44:30 NY"))
    assert view.next_start == view.start
    world.until("2027-01-06 23:46 NY")
    (view,) = world.snapshot.windows
    assert (view.active, view.end) == (True, instant("2027-01-06 23:50 NY"))
    assert view.next_start == instant("2027-01-07 23:44:30 NY")
    assert world.phase is Phase.READY
    assert world.status is Status.UP
