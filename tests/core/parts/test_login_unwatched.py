"""The weekly login when nobody watched, over a restart of the daemon, over a reload, and when 01:00 occurs twice."""

from dataclasses import replace
from datetime import time, timedelta

import pytest

from supervisor.core.calendar.windows import daily_restart
from supervisor.core.model.events import LoginConfirmed, PauseAsked, ResumeAsked, ShutdownAsked
from supervisor.core.model.facts import Facts
from supervisor.core.model.policy import Policy, Reauth
from tests.core.driver import NEW_YORK, RELAXED, World, instant, policy
from tests.core.parts.test_login import NIGHTLY, RECORD, at, due, required, through, world_at

# -- unwatched --------------------------------------------------------------------------------------------------------


def test_a_due_restart_while_the_daemon_did_not_run_is_assumed_once_the_gateway_is_up() -> None:
    world = world_at("2027-01-11 09:00").up()
    assert world.snapshot.login.assumed
    assert due(world) == at("2027-01-17 23:45")


def test_the_same_while_paused() -> None:
    world = world_at("2027-01-10 20:00").up()
    world.step(PauseAsked())
    world.until("2027-01-11 09:00 NY")
    world.step(ResumeAsked())
    world.run(40)
    assert world.snapshot.login.assumed


def test_paused_within_the_window_before_the_restart_came() -> None:
    world = world_at("2027-01-10 20:00").up()
    world.until("2027-01-10 23:44:40 NY")
    world.step(PauseAsked())
    world.run(60)
    world.step(ResumeAsked())
    world.run(40)
    assert not world.snapshot.login.assumed, "the window is not over: the restart may still come"
    world.until("2027-01-10 23:51 NY")
    assert world.snapshot.login.assumed


def test_the_same_while_the_machine_slept() -> None:
    world = world_at("2027-01-10 20:00").up()
    world.sleep(8 * 3600)
    world.run(40)
    assert world.snapshot.login.assumed
    assert due(world) == at("2027-01-17 23:45")


def test_the_same_if_the_clock_was_set_over_it() -> None:
    world = world_at("2027-01-10 20:00").up()
    world.jump(8 * 3600)
    world.run(40)
    assert world.snapshot.login.assumed


@pytest.mark.parametrize("asleep", [True, False])
def test_the_same_if_it_was_watched_until_the_machine_slept_or_the_clock_was_set_over_its_end(asleep: bool) -> None:
    world = world_at("2027-01-10 20:00").up()
    world.until("2027-01-10 23:46 NY")
    if asleep:
        world.sleep(8 * 3600)
    else:
        world.jump(8 * 3600)
    world.run(40)
    assert world.restarts() == {}
    assert world.snapshot.login.assumed
    assert due(world) == at("2027-01-17 23:45")


def test_the_same_if_no_session_was_ready_when_its_window_opened_and_the_port_never_refused() -> None:
    world = world_at("2027-01-10 20:00").up()
    world.until("2027-01-10 23:40 NY")
    world.peer.port = "mute"
    world.drop()
    world.until("2027-01-10 23:47 NY")
    world.peer.port = "open"
    world.run(40)
    assert not world.snapshot.login.assumed
    world.until("2027-01-10 23:50 NY")
    assert world.snapshot.login.assumed
    assert due(world) == at("2027-01-17 23:45")


def test_a_daemon_that_starts_in_the_window_before_the_restart_sees_it_and_the_login_is_proven() -> None:
    for facts in (RECORD, None):
        world = world_at("2027-01-10 23:44:40", facts).up()
        assert due(world) == at("2027-01-10 23:45")
        world.until("2027-01-10 23:45 NY")
        world.restart(60)
        world.run(2)
        assert not world.snapshot.login.assumed
        assert due(world) == at("2027-01-17 23:45")


def test_a_daemon_that_starts_in_the_window_before_a_restart_that_fails_asks_for_the_login() -> None:
    for facts in (RECORD, None):
        world = world_at("2027-01-10 23:44:40", facts).up()
        world.until("2027-01-10 23:45 NY")
        world.restart(None)
        world.until("2027-01-10 23:51 NY")
        assert world.word() == "reauth_required"
        assert due(world) == at("2027-01-10 23:45")


def test_a_daemon_that_starts_in_the_window_and_sees_nothing_assumes_at_its_end() -> None:
    for facts in (RECORD, None):
        world = world_at("2027-01-10 23:46", facts).up()
        assert not world.snapshot.login.assumed
        assert due(world) == at("2027-01-10 23:45")
        world.until("2027-01-10 23:50 NY")
        assert world.snapshot.login.assumed
        assert due(world) == at("2027-01-17 23:45")


def test_a_daemon_that_starts_in_the_window_while_the_gateway_is_away_has_it_proven() -> None:
    world = world_at("2027-01-10 23:45:30", RECORD)
    world.peer.port = "refuse"
    world.start().run(30)
    world.peer.port = "open"
    world.run(5)
    assert not world.snapshot.login.assumed
    assert due(world) == at("2027-01-17 23:45")


def test_an_old_record_and_no_restart_since_the_last_expiry_makes_the_next_one_due() -> None:
    stale = replace(RECORD, login_proven_at=instant("2026-12-28 08:00 NY"), reauth_due=instant("2027-01-03 01:00 NY"))
    world = world_at("2027-01-10 05:00", stale).up()
    assert not world.snapshot.login.assumed
    assert due(world) == at("2027-01-10 23:45")
    through(world, "2027-01-10")
    assert due(world) == at("2027-01-17 23:45")


# -- a new process in the middle of it --------------------------------------------------------------------------------


def test_restarted_monday_at_three_while_required_it_is_required_still() -> None:
    world = world_at("2027-01-10 12:00").up()
    through(world, "2027-01-10", None)
    world.until("2027-01-11 02:59 NY")
    world.step(ShutdownAsked())
    heir = world.heir(after=60).start()
    assert not required(heir), "nothing is known of the port yet"
    heir.run(1)
    assert heir.word() == "reauth_required"
    assert due(heir) == at("2027-01-10 23:45")
    heir.peer.port = "open"
    heir.run(40)
    assert heir.word() == "up"
    assert not heir.snapshot.login.assumed
    assert due(heir) == at("2027-01-17 23:45")


def test_a_port_that_was_gone_is_remembered_across_a_restart_of_the_daemon() -> None:
    world = world_at("2027-01-10 12:00").up()
    world.until("2027-01-10 14:00 NY")
    world.restart(None)
    world.run(30)
    world.step(ShutdownAsked())
    world.peer.port = "open"
    heir = world.heir(after=5).start().run(1)
    assert due(heir) == at("2027-01-17 23:45")


def test_a_pause_while_it_is_away_requires_nobody_by_itself() -> None:
    world = world_at("2027-01-10 12:00").up()
    through(world, "2027-01-10", None)
    world.until("2027-01-10 23:47 NY")
    world.step(PauseAsked())
    world.until("2027-01-11 02:00 NY")
    assert not required(world)
    world.step(ResumeAsked())
    world.run(1)
    assert world.word() == "reauth_required"


# -- the Sunday on which 01:00 occurs twice: 2027-11-07, 05:00Z and 06:00Z ---------------------------------------------

AUTUMN = Facts(known=True, login_proven_at=instant("2027-11-01 08:00 NY"), reauth_due=instant("2027-11-07T05:00:00Z"))


def autumn(begin: str, settings: Policy = NIGHTLY) -> World:
    return World(settings, at=begin, facts=AUTUMN).up()


def test_on_the_fall_back_sunday_the_token_is_expired_from_the_first_one_o_clock() -> None:
    world = autumn("2027-11-07T04:00:00Z")
    assert world.snapshot.login.expiry == instant("2027-11-07T05:00:00Z")
    world.until("2027-11-07T05:10:00Z")
    world.restart(None)
    world.run(310)
    assert world.word() == "reauth_required"


def test_on_the_fall_back_sunday_a_login_counts_only_after_the_second_one_o_clock() -> None:
    world = autumn("2027-11-07T04:00:00Z")
    for minute, proven in ((30, False), (70, True)):
        world.until(instant("2027-11-07T05:00:00Z") + timedelta(minutes=minute))
        world.restart(30)
        world.run(60)
        assert (due(world) == at("2027-11-14 23:45")) is proven


def test_on_the_fall_back_sunday_the_operators_word_counts_only_after_the_second_one_o_clock() -> None:
    world = autumn("2027-11-07T05:30:00Z")
    world.step(LoginConfirmed())
    assert due(world) == at("2027-11-07 23:45")
    assert "too early" in world.tells("login")[0].text
    world.until("2027-11-07T06:00:00Z")
    world.step(LoginConfirmed())
    assert due(world) == at("2027-11-14 23:45")


def test_nothing_is_assumed_between_the_two() -> None:
    early = policy(windows=(daily_restart(time(1, 10), NEW_YORK),), timing=RELAXED)
    facts = replace(AUTUMN, reauth_due=instant("2027-11-07T05:00:00Z"))
    world = World(early, at="2027-11-07T05:20:00Z", facts=facts).up()
    world.until("2027-11-07T05:59:00Z")
    assert not world.snapshot.login.assumed


def test_of_the_two_windows_of_a_repeated_time_a_second_that_nobody_watched_leaves_the_login_assumed() -> None:
    world = autumn("2027-11-07T04:00:00Z", policy(windows=(daily_restart(time(1, 30), NEW_YORK),), timing=RELAXED))
    world.until("2027-11-07T05:50:00Z")
    assert due(world) == "2027-11-07T05:30:00+00:00"
    world.peer.port = "mute"
    world.drop()
    world.until("2027-11-07T06:50:00Z")
    world.peer.port = "open"
    world.run(40)
    assert world.restarts() == {}
    assert world.snapshot.login.assumed
    assert due(world) == at("2027-11-14 01:30")


# -- gateways without, and reloads ------------------------------------------------------------------------------------


def test_a_gateway_without_a_restart_has_no_expiry_and_no_due_and_never_asks() -> None:
    world = World(policy(timing=RELAXED), at="2027-01-10 00:00 NY").up()
    world.until("2027-01-10 02:00 NY")
    world.restart(None)
    world.run(7200)
    assert world.word() == "down"
    login = world.snapshot.login
    assert (login.expiry, login.due, login.required, login.assumed) == (None, None, False, False)
    world.step(LoginConfirmed())
    assert world.snapshot.login.due is None


def test_a_reload_that_brings_the_first_restart_is_as_a_start_without_a_record() -> None:
    world = World(policy(timing=RELAXED), at="2027-01-06 12:00 NY").up()
    world.reload(NIGHTLY)
    assert world.snapshot.login.assumed
    assert due(world) == at("2027-01-10 23:45")
    through(world, "2027-01-06", None)
    world.run(1200)
    assert world.word() == "down"
    world = World(policy(timing=RELAXED), at="2027-01-10 05:00 NY").up()
    world.reload(NIGHTLY)
    assert not world.snapshot.login.assumed
    assert due(world) == at("2027-01-10 23:45")


def test_a_reload_that_takes_the_restarts_away_and_brings_them_back_asks_for_the_login_as_before() -> None:
    world = world_at("2027-01-10 12:00").up()
    through(world, "2027-01-10", None)
    world.until("2027-01-11 01:00 NY")
    assert world.word() == "reauth_required"
    world.reload(replace(NIGHTLY, windows=()))
    assert world.word() == "down"
    login = world.snapshot.login
    assert (login.expiry, login.due, login.required) == (None, None, False)
    world.reload(NIGHTLY)
    assert world.word() == "reauth_required"
    assert due(world) == at("2027-01-10 23:45")


@pytest.mark.parametrize("when", ["23:44:40", "23:46"])
def test_a_reload_in_the_due_window_that_changes_its_grace_looks_on(when: str) -> None:
    patient = replace(NIGHTLY, windows=(daily_restart(time(23, 45), NEW_YORK, grace=timedelta(minutes=10)),))
    world = world_at("2027-01-10 12:00").up()
    world.until(f"2027-01-10 {when} NY")
    world.reload(patient)
    assert due(world) == at("2027-01-10 23:45")
    world.until("2027-01-10 23:56 NY")
    assert world.restarts() == {"not_seen": 1}
    assert due(world) == at("2027-01-11 23:45")


def test_a_reload_that_opens_the_due_window_is_as_a_start_in_it() -> None:
    world = world_at("2027-01-10 11:00").up().until("2027-01-10 11:59:40 NY")
    world.reload(replace(NIGHTLY, windows=(daily_restart(time(12, 0), NEW_YORK),)))
    world.reload(world.policy)
    assert due(world) == at("2027-01-10 12:00")
    world.until("2027-01-10 12:06 NY")
    assert world.restarts() == {}
    assert world.snapshot.login.assumed


def test_a_reload_in_the_due_window_that_moves_it_away_makes_the_next_one_due_unless_the_session_went() -> None:
    for lost, expected in ((False, "2027-01-11 12:00"), (True, "2027-01-10 23:45")):
        world = world_at("2027-01-10 15:00").up()
        world.until("2027-01-10 23:46 NY")
        if lost:
            world.restart(None)
        world.reload(replace(NIGHTLY, windows=(daily_restart(time(12, 0), NEW_YORK),)))
        assert due(world) == at(expected)


def test_a_reload_that_moves_the_restart_moves_the_due_one_if_it_has_not_come_yet() -> None:
    earlier = replace(NIGHTLY, windows=(daily_restart(time(12, 0), NEW_YORK),))
    world = world_at("2027-01-09 15:00").up()
    world.reload(earlier)
    assert due(world) == at("2027-01-10 12:00")
    world = world_at("2027-01-10 15:00").up()
    world.reload(earlier)
    assert due(world) == at("2027-01-11 12:00"), "today's noon was no restart of this gateway"


def test_a_reload_while_required_keeps_the_missed_instant() -> None:
    world = world_at("2027-01-10 12:00").up()
    through(world, "2027-01-10", None)
    world.until("2027-01-11 01:00 NY")
    world.reload(replace(NIGHTLY, windows=(daily_restart(time(12, 0), NEW_YORK),)))
    assert required(world)
    assert due(world) == at("2027-01-10 23:45")


def test_a_reload_to_automatic_gives_more_patience() -> None:
    world = world_at("2027-01-10 12:00").up()
    through(world, "2027-01-10", None)
    world.until("2027-01-10 23:49 NY")
    world.reload(replace(NIGHTLY, reauth=Reauth.AUTOMATIC))
    world.until("2027-01-10 23:54 NY")
    assert not required(world)
    world.until("2027-01-10 23:56 NY")
    assert required(world)
