"""The weekly login.

The weeks here are of January 2027: Sundays are the 3rd, 10th and 17th; tokens expire at 01:00 on them.
"""

from dataclasses import replace
from datetime import time, timedelta

import pytest

from supervisor.core.calendar.rules import SUNDAY
from supervisor.core.calendar.windows import weekly_restart
from supervisor.core.model.events import Ending, LoginConfirmed
from supervisor.core.model.facts import Facts
from supervisor.core.model.policy import Policy, Reauth
from tests.core.driver import NEW_YORK, RELAXED, RESTART, World, instant, policy

NIGHTLY = policy(windows=(RESTART,), timezone=NEW_YORK, timing=RELAXED)
NOON_WEEKLY = policy(
    windows=(RESTART, weekly_restart(SUNDAY, time(12, 0), NEW_YORK, grace=timedelta(minutes=30))),
    timezone=NEW_YORK,
    timing=RELAXED,
)
RECORD = Facts(known=True, login_proven_at=instant("2027-01-04 08:00 NY"), reauth_due=instant("2027-01-10 01:00 NY"))
"""Logged in on Monday the 4th."""


def world_at(at: str, facts: Facts | None = RECORD, settings: Policy = NIGHTLY) -> World:
    return World(settings, at=f"{at} NY", facts=facts)


def due(world: World) -> str:
    moment = world.snapshot.login.due
    assert moment is not None
    return moment.astimezone(instant("2027-01-01 00:00 NY").tzinfo).isoformat()


def at(text: str) -> str:
    return instant(text + " NY").isoformat()


def required(world: World) -> bool:
    return world.snapshot.login.required


def through(world: World, night: str, seconds: float | None = 60) -> World:
    """The restart of this night."""
    world.until(f"{night} 23:45 NY")
    world.restart(seconds)
    return world.run(2)


# -- the story --------------------------------------------------------------------------------------------------------


def test_a_sunday_night_in_full() -> None:
    world = world_at("2027-01-09 12:00").up()
    assert due(world) == at("2027-01-10 23:45")
    assert world.snapshot.login.expiry == instant("2027-01-10 01:00 NY")
    through(world, "2027-01-09")
    assert world.restarts() == {"in_time": 1}
    assert due(world) == at("2027-01-10 23:45")

    through(world, "2027-01-10", None)
    assert world.word() == "maintenance"
    world.until("2027-01-10 23:49:59 NY")
    assert world.word() == "maintenance"
    world.until("2027-01-10 23:50:02 NY")
    assert world.word() == "reauth_required"
    assert required(world)
    assert len(world.tells("reauth_required")) == 1
    world.until("2027-01-11 08:00 NY")
    assert world.word() == "reauth_required"
    assert due(world) == at("2027-01-10 23:45"), "while required the missed instant stays"

    world.peer.port = "open"
    world.run(40)
    assert world.word() == "up"
    assert not required(world)
    assert not world.snapshot.login.assumed
    assert due(world) == at("2027-01-17 23:45")
    assert world.snapshot.login.expiry == instant("2027-01-17 01:00 NY")
    assert world.restarts() == {"in_time": 1, "overdue": 1}
    assert world.losses() == {("closed", True): 2}
    world.run(60)
    assert world.counted()[("session", False)] == 1, "it was planned until 23:50, and is not any more"


def test_in_the_week_the_same_night_asks_for_no_login() -> None:
    world = world_at("2027-01-06 12:00").up()
    through(world, "2027-01-06", None)
    world.until("2027-01-07 03:00 NY")
    assert world.word() == "down"
    assert not required(world)


def test_a_mute_port_is_evidence_like_a_refusing_one_and_one_that_closes_before_the_handshake() -> None:
    for port in ("refuse", "closes", "mute"):
        world = world_at("2027-01-10 12:00").up()
        world.until("2027-01-10 23:45 NY")
        world.peer.port = port
        world.drop()
        world.until("2027-01-10 23:50:10 NY")
        assert world.word() == "reauth_required", port


def test_a_tcp_timeout_is_no_evidence() -> None:
    world = world_at("2027-01-10 12:00").up()
    world.until("2027-01-10 23:45 NY")
    world.peer.port = "lost"
    world.drop()
    world.until("2027-01-11 00:10 NY")
    assert world.word() == "down"
    world.peer.port = "refuse"
    world.run(40)
    assert world.word() == "reauth_required"
    world.peer.port = "lost"
    world.run(60)
    assert world.word() == "reauth_required", "it ends with a ready session"


def test_neither_is_a_session_that_never_becomes_ready_or_a_close_after_the_handshake() -> None:
    world = world_at("2027-01-10 12:00").up()
    world.until("2027-01-10 23:45 NY")
    world.peer.ready_after = None
    world.drop()
    world.until("2027-01-11 00:10 NY")
    assert world.word() == "down"
    world.wait(lambda w: w.phase.value == "handshaking")
    world.drop(Ending.CLOSED)
    assert not required(world)


def test_an_unscheduled_loss_after_the_expiry_asks_for_the_login_too() -> None:
    world = world_at("2027-01-10 00:30").up()
    world.until("2027-01-10 14:00 NY")
    world.restart(None)
    world.run(299)
    assert world.word() == "down"
    world.run(40)
    assert world.word() == "reauth_required"
    world.until("2027-01-10 23:50 NY")
    assert due(world) == at("2027-01-10 23:45")


def test_a_loss_before_the_expiry_does_not() -> None:
    world = world_at("2027-01-09 12:00").up()
    world.until("2027-01-10 00:59 NY")
    world.restart(None)
    world.until("2027-01-10 12:00 NY")
    assert world.word() == "down"


def test_automatic_requires_a_person_only_after_twice_the_grace() -> None:
    world = world_at("2027-01-10 12:00", settings=replace(NIGHTLY, reauth=Reauth.AUTOMATIC)).up()
    through(world, "2027-01-10", None)
    world.until("2027-01-10 23:54:59 NY")
    assert world.word() == "down"
    world.until("2027-01-10 23:55:02 NY")
    assert world.word() == "reauth_required"


def test_the_grace_is_the_one_of_the_restart_in_which_the_session_was_lost() -> None:
    world = world_at("2027-01-10 11:00", settings=NOON_WEEKLY).up()
    world.until("2027-01-10 12:00 NY")
    world.restart(None)
    world.until("2027-01-10 12:29:59 NY")
    assert world.word() == "maintenance"
    world.until("2027-01-10 12:30:02 NY")
    assert world.word() == "reauth_required"


def test_the_operators_word_ends_it() -> None:
    world = world_at("2027-01-10 12:00").up()
    through(world, "2027-01-10", None)
    world.until("2027-01-10 23:55 NY")
    assert required(world)
    world.step(LoginConfirmed())
    assert not required(world)
    world.run(600)
    assert world.word() == "down"
    assert due(world) == at("2027-01-17 23:45")


def test_confirmed_before_the_restart_makes_the_coming_one_an_ordinary_one() -> None:
    world = world_at("2027-01-10 09:00").up()
    world.step(LoginConfirmed())
    through(world, "2027-01-10", None)
    world.until("2027-01-11 00:30 NY")
    assert world.word() == "down"


# -- what proves a login ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("port", ["refuse", "closes"])
def test_a_port_that_refused_or_closed_before_the_handshake_since_proves_it(port: str) -> None:
    world = world_at("2027-01-10 09:00").up()
    world.until("2027-01-10 10:00 NY")
    world.peer.port = port
    world.drop()
    world.run(30)
    world.peer.port = "open"
    world.run(40)
    assert due(world) == at("2027-01-17 23:45")
    assert world.state.login.proven_at is not None


def test_a_session_merely_reopened_proves_nothing() -> None:
    world = world_at("2027-01-10 09:00").up()
    for port in ("open", "mute", "lost"):
        world.run(100)
        world.peer.port = port
        world.drop()
        world.run(40)
        world.peer.port = "open"
        world.run(40)
        assert world.word() == "up"
    assert due(world) == at("2027-01-10 23:45")


def test_a_scheduled_restart_whose_port_never_refused_lets_the_login_be_assumed_once_its_window_is_over() -> None:
    world = world_at("2027-01-10 09:00").up()
    world.until("2027-01-10 23:45 NY")
    world.peer.port = "mute"
    world.drop()
    world.run(40)
    world.peer.port = "open"
    world.run(40)
    assert world.restarts() == {"in_time": 1}
    assert world.state.login.proven_at == RECORD.login_proven_at
    world.until("2027-01-10 23:50 NY")
    assert world.snapshot.login.assumed
    assert due(world) == at("2027-01-17 23:45")


def test_ready_before_the_expiry_proves_nothing() -> None:
    world = world_at("2027-01-09 12:00").up()
    through(world, "2027-01-09")
    assert world.state.login.proven_at == RECORD.login_proven_at


def test_a_due_restart_that_is_not_seen_moves_the_due_time_to_the_next_one() -> None:
    world = world_at("2027-01-10 12:00").up()
    world.until("2027-01-10 23:51 NY")
    assert world.restarts() == {"not_seen": 1}
    assert due(world) == at("2027-01-11 23:45")
    through(world, "2027-01-11", None)
    world.until("2027-01-11 23:51 NY")
    assert world.word() == "reauth_required"


def test_a_restart_not_seen_that_was_not_due_moves_nothing() -> None:
    world = world_at("2027-01-06 12:00").up()
    world.until("2027-01-06 23:51 NY")
    assert due(world) == at("2027-01-10 23:45")


# -- the hour of one's own --------------------------------------------------------------------------------------------


def test_a_weekly_restart_on_sunday_noon_is_the_due_one() -> None:
    world = world_at("2027-01-10 09:00", settings=NOON_WEEKLY).up()
    assert due(world) == at("2027-01-10 12:00")
    world.until("2027-01-10 12:00 NY")
    world.restart(600)
    world.run(5)
    assert world.restarts() == {"in_time": 1}
    assert due(world) == at("2027-01-17 12:00")
    assert all(planned for _, planned in world.losses())
    through(world, "2027-01-10", None)
    world.until("2027-01-11 00:30 NY")
    assert world.word() == "down", "the login was done at noon"


# -- without a record -------------------------------------------------------------------------------------------------


def test_started_sunday_at_five_without_a_journal_the_next_restart_is_due() -> None:
    world = world_at("2027-01-10 05:00", None).up()
    assert due(world) == at("2027-01-10 23:45")
    assert not world.snapshot.login.assumed
    assert world.snapshot.login.expiry == instant("2027-01-10 01:00 NY")
    through(world, "2027-01-10")
    assert due(world) == at("2027-01-17 23:45")
    assert not world.snapshot.login.assumed


def test_started_sunday_at_five_without_a_journal_and_lost_at_noon_a_login_is_required() -> None:
    world = world_at("2027-01-10 05:00", None).up()
    world.until("2027-01-10 12:00 NY")
    world.restart(None)
    world.run(310)
    assert world.word() == "reauth_required"


def test_started_on_a_weekday_without_a_journal_a_gateway_that_is_up_is_assumed_to_be_logged_in() -> None:
    world = world_at("2027-01-06 12:00", None).up()
    assert world.snapshot.login.assumed
    assert due(world) == at("2027-01-10 23:45")
    assert "assumed" in world.tells("login")[0].text
    through(world, "2027-01-06", None)
    world.run(1200)
    assert world.word() == "down", "assumed counts as proven"


def test_an_assumption_is_replaced_by_the_next_proof() -> None:
    world = world_at("2027-01-06 12:00", None).up()
    through(world, "2027-01-10")
    assert not world.snapshot.login.assumed


def test_a_gateway_never_seen_and_without_a_record_is_down_and_asks_for_no_login() -> None:
    world = world_at("2027-01-10 20:00", None)
    world.peer.port = "refuse"
    world.start().until("2027-01-11 01:00 NY")
    assert world.word() == "down"
    world.peer.port = "open"
    world.run(40)
    assert world.word() == "up"


def test_without_a_journal_a_restart_that_was_seen_not_to_come_is_not_assumed_to_have_come() -> None:
    world = world_at("2027-01-10 05:00", None).up()
    world.until("2027-01-11 12:00 NY")
    world.drop()
    world.run(60)
    assert not world.snapshot.login.assumed
    assert due(world) == at("2027-01-11 23:45")
    heir = world.heir(after=60).start().run(60)
    assert not heir.snapshot.login.assumed
    assert due(heir) == at("2027-01-11 23:45")
