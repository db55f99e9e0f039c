"""What a port was seen doing is a fact about one address, and what is known of a login is one about one host."""

from dataclasses import replace
from datetime import time, timedelta

import pytest

from supervisor.core.calendar.windows import daily_restart
from supervisor.core.model.events import PauseAsked, ResumeAsked
from supervisor.core.model.facts import Facts
from tests.core.driver import NEW_YORK, RELAXED, RESTART, World, instant, policy

NIGHTLY = policy(windows=(RESTART,), timezone=NEW_YORK, timing=RELAXED)
ELSEWHERE = replace(NIGHTLY, port=4002)
FRIDAY = Facts(known=True, login_proven_at=instant("2027-01-08 08:00 NY"), reauth_due=instant("2027-01-10 01:00 NY"))
"""Logged in on Friday the 8th: due on Sunday the 10th at 23:45, the token expired at 01:00."""
TONIGHT = instant("2027-01-10 23:45 NY")


def noon(settings: object = NIGHTLY, facts: Facts = FRIDAY) -> World:
    """Sunday noon, up."""
    return World(settings, at="2027-01-10 12:00 NY", facts=facts).up()  # type: ignore[arg-type]


def unproven(world: World) -> bool:
    login = world.state.login
    return login.proven_at == FRIDAY.login_proven_at and world.snapshot.login.due == TONIGHT


def moved(world: World) -> World:
    """1300 tells another port, and the old one refuses."""
    world.notice(1300, "Socket port has been reset and this connection is being dropped. Please reconnect on 4002")
    world.peer.port = "refuse"
    return world.run(60)


def test_refusals_of_the_port_that_1300_left_do_not_prove_a_login_at_the_new_one() -> None:
    world = moved(noon())
    world.peer.port = "open"
    world.reload(ELSEWHERE)
    world.run(5)
    assert world.word() == "up"
    assert unproven(world)


def test_nor_at_the_old_port_when_somebody_sets_it_back() -> None:
    world = moved(noon())
    world.peer.port = "open"
    world.run(40)
    assert world.word() == "up"
    assert unproven(world)


def test_nor_do_refusals_of_the_new_port_that_is_followed() -> None:
    world = moved(noon(replace(NIGHTLY, follow_port_change=True)))
    assert {attempt.port for attempt in world.attempts()} == {4001, 4002}
    world.peer.port = "open"
    world.run(40)
    assert unproven(world)


def test_that_it_left_is_remembered_across_a_restart_of_the_daemon() -> None:
    heir = moved(noon()).heir(after=5)
    heir.start().run(60)
    heir.peer.port = "open"
    heir.run(40)
    assert heir.word() == "up"
    assert unproven(heir)


def test_refusals_of_a_port_that_was_misspelt_for_a_while_prove_nothing() -> None:
    world = noon()
    world.peer.port = "refuse"
    world.reload(ELSEWHERE)
    world.run(600)
    assert world.word() == "down", "and nobody is asked to log in for a typo"
    world.peer.port = "open"
    world.reload(NIGHTLY)
    world.run(5)
    assert unproven(world)


def test_nor_those_of_the_right_port_before_it_was_changed() -> None:
    world = noon()
    world.restart(None)
    world.run(60)
    world.reload(ELSEWHERE)
    world.run(5)
    assert not world.state.login.port_closed
    world.peer.port = "open"
    world.run(40)
    assert unproven(world)


def test_a_port_changed_between_two_lives_of_the_daemon_forgets_them_too() -> None:
    world = noon()
    world.restart(None)
    world.run(60)
    assert world.facts.port_gone
    same, other = world.heir(after=5), world.heir(ELSEWHERE, after=5)
    world.peer.port = "open"
    assert other.up().state.login.proven_at == FRIDAY.login_proven_at
    assert same.up().state.login.proven_at == same.now.wall - timedelta(seconds=0.1) + timedelta(seconds=0.004)


def test_a_gateway_at_the_same_address_is_proven_as_ever() -> None:
    world = noon()
    world.restart(60)
    world.run(40)
    assert world.snapshot.login.due == instant("2027-01-17 23:45 NY")


def test_a_refusing_port_before_any_session_proves_the_login_at_that_address_only() -> None:
    for settings, proven in ((NIGHTLY, True), (ELSEWHERE, False)):
        world = World(NIGHTLY, at="2027-01-10 12:00 NY")
        world.peer.port = "refuse"
        world.start().run(60)
        world.peer.port = "open"
        if settings is not NIGHTLY:
            world.reload(settings)
        world.run(40)
        assert (world.state.login.proven_at is not None) is proven


@pytest.mark.parametrize("paused", [False, True])
def test_another_host_is_another_gateway_of_which_nothing_is_known(paused: bool) -> None:
    world = noon()
    world.notice(2172, "Version 10.19 will be desupported on 20270301, use 10.30 or later")
    if paused:
        world.step(PauseAsked())
    world.peer.port = "lost"
    world.reload(replace(NIGHTLY, host="192.0.2.7"))
    login = world.state.login
    assert (login.proven_at, login.lost_at, login.address) == (None, None, ("192.0.2.7", 4001))
    assert not world.state.known
    assert world.state.highest_order_id is None
    assert world.state.desupport is None
    assert world.facts.desupported_on is None
    assert (world.facts.known, world.facts.login_proven_at) == (False, None)
    if paused:
        world.step(ResumeAsked())
    world.peer.port = "open"
    world.peer.order_id = 0
    world.run(40)
    assert world.word() == "up"
    assert world.tells("order_id_back") == []
    assert world.snapshot.login.due == TONIGHT


def test_another_host_at_a_start_is_another_gateway_too() -> None:
    world = noon()
    heir = world.heir(replace(NIGHTLY, host="192.0.2.7"), after=5)
    assert heir.state.login.proven_at is None
    assert not heir.state.known
    assert heir.up().facts.session_host == "192.0.2.7"
    assert heir.facts.login_proven_at is None


# -- around the expiry ------------------------------------------------------------------------------------------------

AT_ONE = policy(windows=(daily_restart(time(1, 0), NEW_YORK),), timezone=NEW_YORK, timing=RELAXED)
"""The due restart is the expiry itself; its window opens at 00:59:30."""


def night(at: str) -> World:
    return World(AT_ONE, at="2027-01-10 00:30 NY", facts=FRIDAY).up().until(f"2027-01-10 {at} NY")


def test_a_restart_due_at_the_expiry_that_begins_three_seconds_early_asks_for_the_login() -> None:
    world = night("00:59:57")
    world.restart(None)
    world.until("2027-01-10 01:05:02 NY")
    assert world.word() == "reauth_required"
    assert world.snapshot.login.due == instant("2027-01-10 01:00 NY")


def test_it_does_so_after_a_restart_of_the_daemon_too() -> None:
    world = night("00:59:57")
    world.restart(None)
    world.run(30)
    heir = world.heir(after=5).start()
    heir.until("2027-01-10 01:05:05 NY")
    assert heir.word() == "reauth_required"


def test_a_restart_that_is_over_before_the_expiry_makes_the_next_one_due() -> None:
    world = night("00:59:35")
    world.restart(15)
    world.run(2)
    assert world.now.wall < instant("2027-01-10 01:00 NY")
    assert world.restarts() == {"in_time": 1}
    assert world.snapshot.login.due == instant("2027-01-11 01:00 NY")
    world.until("2027-01-11 01:00 NY")
    world.restart(None)
    world.until("2027-01-11 01:05:02 NY")
    assert world.word() == "reauth_required"


def test_a_restart_that_is_over_after_the_expiry_proves_the_login() -> None:
    world = night("00:59:35")
    world.restart(60)
    world.run(2)
    assert world.snapshot.login.due == instant("2027-01-17 01:00 NY")


def test_a_gateway_lost_before_the_expiry_and_away_past_it_is_down_and_its_cause_says_that_a_login_will_be_needed() -> (
    None
):
    world = World(NIGHTLY, at="2027-01-09 12:00 NY", facts=FRIDAY).up()
    world.until("2027-01-09 23:45 NY")
    world.restart(None)
    world.until("2027-01-10 00:59:50 NY")
    assert "has expired" not in world.why
    world.until("2027-01-10 01:01 NY")
    assert world.word() == "down"
    assert "Its weekly login has expired since it was lost" in world.why
    world.peer.port = "open"
    world.run(60)
    assert world.word() == "up"


def test_without_a_restart_in_the_config_no_cause_speaks_of_a_login() -> None:
    world = World(policy(timing=RELAXED), at="2027-01-09 12:00 NY", facts=FRIDAY).up()
    world.restart(None)
    world.until("2027-01-10 02:00 NY")
    assert "expired" not in world.why


def test_an_assumed_login_says_what_is_known_at_a_first_start_that_saw_no_restart() -> None:
    world = World(NIGHTLY, at="2027-01-06 12:00 NY").up()
    assert world.snapshot.login.assumed
    (told,) = world.tells("login")
    assert "the login itself was not seen" in told.text
    assert "after a scheduled restart" not in told.text
