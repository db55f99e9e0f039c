"""What a loss in a restart window was: a restart that was seen, an unclear one, or a blip."""

from datetime import timedelta

import pytest

from supervisor.core.model.events import Ending, PauseAsked, PortOpened, ResumeAsked, SessionClosed
from supervisor.core.model.facts import Facts
from supervisor.core.model.vocabulary import Failure, PortEvidence
from supervisor.core.parts import session
from tests.core.driver import NEW_YORK, RELAXED, RESET, RESTART, World, instant, policy

NIGHTLY = policy(windows=(RESTART,), timezone=NEW_YORK, timing=RELAXED)
MONDAY = Facts(known=True, login_proven_at=instant("2027-01-04 08:00 NY"), reauth_due=instant("2027-01-10 01:00 NY"))
"""Logged in on Monday the 4th: due on Sunday the 10th at 23:45."""


def sunday(at: str) -> World:
    """Sunday the 10th, up since 23:00."""
    return World(NIGHTLY, at="2027-01-10 23:00 NY", facts=MONDAY).up().until(f"2027-01-10 {at} NY")


def blips(world: World) -> int:
    return world.snapshot.restarts.blips


def away(world: World, port: str, seconds: float) -> World:
    """The session is cut, and new connections fare like this for so long."""
    world.peer.port = port
    world.drop(Ending.RESET)
    world.run(seconds)
    world.peer.port = "open"
    return world


def test_a_socket_reset_whose_next_connection_greets_is_a_blip_and_the_window_goes_on() -> None:
    world = sunday("23:45:00.2")
    world.drop(Ending.RESET)
    world.run(1)
    assert (blips(world), world.restarts()) == (1, {})
    assert world.snapshot.restarts.last is None
    assert world.snapshot.restarts.offset is None
    assert not world.snapshot.restarts.pending
    assert world.state.login.proven_at == MONDAY.login_proven_at
    assert world.losses() == {("reset", True): 1}, "planned by the window"
    assert world.tells("restart") == []
    world.until("2027-01-10 23:45:10 NY")
    world.restart(60)
    world.run(1)
    assert (blips(world), world.restarts()) == (1, {"in_time": 1})
    assert world.snapshot.restarts.last == instant("2027-01-10 23:45:10 NY")


def test_a_window_with_blips_only_is_not_seen_and_the_login_is_due_at_the_next_restart() -> None:
    world = sunday("23:44:40")
    for _ in range(3):
        world.drop()
        world.run(70)
    world.until("2027-01-10 23:51 NY")
    assert (blips(world), world.restarts()) == (3, {"not_seen": 1})
    due = world.snapshot.login.due
    assert due == instant("2027-01-11 23:45 NY")


def test_a_blip_in_the_lead_leaves_the_verdict_and_the_login_to_the_restart_that_fails_after_it() -> None:
    world = sunday("23:44:40")
    world.drop()
    world.until("2027-01-10 23:45 NY")
    world.restart(None)
    world.until("2027-01-10 23:50:02 NY")
    assert (blips(world), world.restarts()) == (1, {"overdue": 1})
    assert world.word() == "reauth_required"


@pytest.mark.parametrize("port", ["refuse", "closes"])
def test_a_port_that_was_closed_once_is_a_restart_however_short(port: str) -> None:
    world = away(sunday("23:45:00"), port, 0.1).run(5)
    assert (blips(world), world.restarts()) == (0, {"in_time": 1})
    assert world.snapshot.restarts.offset == pytest.approx(0.0)
    assert world.snapshot.login.due == instant("2027-01-17 23:45 NY")


@pytest.mark.parametrize("port", ["lost", "mute"])
def test_ten_seconds_of_silence_are_unclear_counted_and_no_proof(port: str) -> None:
    world = away(sunday("23:45:00"), port, 12).run(20)
    assert (blips(world), world.restarts()) == (0, {"in_time": 1})
    assert world.state.login.proven_at == MONDAY.login_proven_at
    world.until("2027-01-10 23:51 NY")
    assert world.snapshot.login.assumed
    assert world.snapshot.login.due == instant("2027-01-17 23:45 NY")


def test_silence_of_less_than_ten_seconds_is_a_blip() -> None:
    world = away(sunday("23:45:00"), "mute", 4).run(5)
    assert (blips(world), world.restarts()) == (1, {})


def test_a_gateway_that_greeted_meanwhile_never_went() -> None:
    world = sunday("23:45:00")
    world.peer.ready_after = None
    world.drop()
    world.run(25)
    world.peer.ready_after = 0.002
    world.run(60)
    assert (blips(world), world.restarts()) == (1, {})


def test_not_back_at_the_end_of_the_window_is_overdue_whatever_was_seen() -> None:
    world = sunday("23:46:00")
    world.peer.ready_after = None
    world.drop()
    world.until("2027-01-10 23:50:01 NY")
    assert world.restarts() == {"overdue": 1}
    assert world.snapshot.restarts.last == instant("2027-01-10 23:46 NY")
    world.peer.ready_after = 0.002
    world.run(60)
    assert (blips(world), world.restarts()) == (0, {"overdue": 1})
    assert not world.state.login.port_closed
    assert world.snapshot.login.assumed, "it passed, and nobody saw a port that was closed"


def test_the_first_loss_that_is_no_blip_decides_also_between_blips() -> None:
    world = sunday("23:44:40")
    world.drop()
    world.until("2027-01-10 23:45 NY")
    world.restart(30)
    world.run(70)
    world.drop()
    world.run(10)
    world.restart(None)
    world.until("2027-01-11 00:10 NY")
    assert (blips(world), world.restarts()) == (2, {"in_time": 1})
    assert world.snapshot.restarts.last == instant("2027-01-10 23:45 NY")


def test_outside_a_restart_window_nothing_is_counted_as_a_blip() -> None:
    world = sunday("23:20:30")
    world.drop()
    world.run(10)
    assert blips(world) == 0


def test_a_loss_that_the_machine_slept_through_or_a_pause_cut_short_is_neither() -> None:
    slept = away(sunday("23:45:00"), "mute", 2)
    slept.sleep(20)
    slept.run(30)
    paused = away(sunday("23:45:00"), "mute", 2)
    paused.step(PauseAsked())
    paused.run(5)
    paused.step(ResumeAsked())
    paused.run(5)
    for world in (slept, paused):
        assert (blips(world), world.snapshot.restarts.last) == (0, None)


def test_a_short_outage_on_a_full_minute_without_a_closed_port_is_no_moved_restart() -> None:
    world = World(NIGHTLY, at="2027-01-06 12:00 NY").up()
    world.until("2027-01-06 18:30:02 NY")
    world.peer.ready_after = None
    world.drop()
    world.run(40)
    world.peer.ready_after = 0.002
    world.until("2027-01-07 00:00 NY")
    assert world.restarts() == {"not_seen": 1}
    assert world.tells("restart_moved") == []


def test_after_a_window_of_blips_a_restart_that_moved_is_told() -> None:
    world = World(NIGHTLY, at="2027-01-06 12:00 NY").up()
    world.until("2027-01-06 18:30:02 NY")
    world.restart(40)
    world.until("2027-01-06 23:45:01 NY")
    world.drop()
    world.until("2027-01-07 00:00 NY")
    assert "18:30" in world.tells("restart_moved")[0].text


def test_a_gateway_that_logs_off_at_the_restart_and_stays_away_is_overdue_and_its_cause_is_the_login() -> None:
    world = World(NIGHTLY, at="2027-01-06 23:00 NY", facts=MONDAY).up().until("2027-01-06 23:45 NY")
    world.restart(None)
    world.run(60)
    assert "restarting as scheduled" in world.why
    world.until("2027-01-07 00:10 NY")
    assert world.restarts() == {"overdue": 1}
    assert world.word() == "down", "its token is good: nobody is asked for the weekly login"
    assert "did not come back from its scheduled restart: most likely it waits for a login" in world.why
    assert "API is not enabled" not in world.why


# -- the five minutes, judged late ------------------------------------------------------------------------------------


@pytest.mark.parametrize("fraction", [n / 1009 for n in range(0, 1009, 53)])
def test_the_end_of_the_five_minutes_is_unexplained_whatever_the_digits_of_the_clocks(fraction: float) -> None:
    world = World(policy(windows=(RESET, RESTART)), at="2027-01-06 00:00 NY").up()
    world.until("2027-01-06 00:30 NY")
    world.restart(None)
    broke = world.state.low_since
    assert broke is not None
    world.run(299 + fraction)
    assert world.word() == "maintenance"
    world.now = type(world.now)(broke + 300 + 1e-9, world.now.wall + timedelta(seconds=1 - fraction))
    world.step(PauseAsked())
    assert world.counted()[("session", False)] == 1


@pytest.mark.parametrize(("others_refused", "evidence"), [(True, PortEvidence.CLOSED), (False, PortEvidence.NONE)])
def test_a_closed_address_is_evidence_only_if_those_before_it_refused(
    others_refused: bool, evidence: PortEvidence
) -> None:
    world = World(NIGHTLY)
    world.peer.port = "lost"
    world.start()
    world.say(PortOpened, "192.0.2.1 (x), 192.0.2.2", others_refused)
    world.say(SessionClosed, Ending.CLOSED)
    assert session.evidence_of(Failure.CLOSED, world.state.session) is evidence
