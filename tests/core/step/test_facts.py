"""What survives a restart of the daemon: a state made of the facts goes on with the story."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from supervisor.core.calendar.clock import Now
from supervisor.core.model.events import LoginConfirmed, MaintenanceAsked, PauseAsked, ShutdownAsked
from supervisor.core.model.facts import Facts, OpenOutage, ToldTalk
from supervisor.core.step.state import facts_of, initial
from tests.core.driver import NEW_YORK, NOON, RELAXED, RESET, RESTART, World, instant, policy

NIGHTLY = policy(windows=(RESTART,), timezone=NEW_YORK, timing=RELAXED)
FULL = Facts(
    known=True,
    upstream_lost=True,
    session_lost_at=instant("2027-01-10 23:45 NY"),
    session_lost_in_restart=True,
    port_gone=True,
    login_proven_at=instant("2027-01-04 08:00 NY"),
    login_assumed=True,
    reauth_due=instant("2027-01-10 01:00 NY"),
    highest_order_id=42,
    paused=True,
    paused_until=instant("2027-01-12 01:00 NY"),
    maintenance_from=instant("2027-01-11 02:00 NY"),
    maintenance_until=instant("2027-01-11 04:00 NY"),
    maintenance_reason="disk",
    desupported_on=instant("2027-03-01T00:00:00Z"),
    desupported_version=176,
    restart_stray=instant("2027-01-10 18:30 NY"),
    outage=OpenOutage(instant("2027-01-10 23:45 NY"), "session", False, 320.0),
    talks=(ToldTalk("outage-1", instant("2027-01-10 23:45 NY"), "IBRestartOverdue", told=("IBRestartOverdue",)),),
)


@pytest.mark.parametrize("facts", [Facts(), Facts(known=True), FULL, replace(FULL, paused=False, paused_until=None)])
def test_facts_into_a_state_and_back_are_the_same(facts: Facts) -> None:
    now = Now(7.0, instant("2027-01-11 03:00 NY"))
    at_home = replace(facts, session_host=NIGHTLY.host, session_port=NIGHTLY.port)
    assert facts_of(initial(NIGHTLY, facts, now, 1)) == at_home
    assert facts_of(initial(NIGHTLY, at_home, now, 1)) == at_home


def test_what_is_over_is_not_taken_up_again() -> None:
    now = Now(7.0, instant("2027-01-13 03:00 NY"))
    facts = facts_of(initial(NIGHTLY, FULL, now, 1))
    assert (facts.paused, facts.paused_until, facts.maintenance_until) == (False, None, None)


def test_the_facts_are_handed_out_whenever_they_change_and_only_then() -> None:
    world = World(replace(NIGHTLY, timezone=None), at="2027-01-06 12:00 NY").up()

    def kept() -> int:
        return len([1 for _, action in world.log if type(action).__name__ == "Persist"])

    before = kept()
    world.run(600)
    assert kept() == before
    happenings: tuple[Callable[[], None], ...] = (
        lambda: world.notice(1100),
        lambda: world.notice(1102),
        lambda: world.step(MaintenanceAsked(world.now.wall + timedelta(minutes=5))),
        lambda: world.notice(2172, "desupported on 20270301"),
        lambda: world.step(LoginConfirmed()),
        lambda: world.step(PauseAsked()),
    )
    for happen in happenings:
        before = kept()
        happen()
        assert kept() == before + 1
        assert world.facts == facts_of(world.state)


def test_of_an_open_outage_the_seconds_are_handed_out_in_steps_of_ten_and_exactly_at_the_end() -> None:
    world = World().up()
    world.run(100)
    world.restart(None)
    world.run(47.5)
    assert world.facts.outage is not None
    assert world.facts.outage.seconds == 40.0
    kept = [action for _, action in world.log if type(action).__name__ == "Persist"]
    assert len(kept) <= 8
    world.step(ShutdownAsked())
    assert world.facts.outage is not None
    assert world.facts.outage.seconds == pytest.approx(47.5)


def test_a_loss_before_the_restart_of_the_daemon_counts_for_the_five_minutes_of_a_reset() -> None:
    world = World(policy(windows=(RESET,)), at="2027-01-06 00:00 NY").up()
    world.until("2027-01-06 00:20 NY")
    world.restart(None)
    world.run(200)
    assert world.word() == "maintenance"
    world.step(ShutdownAsked())
    heir = world.heir(after=50).start().run(40)
    assert heir.word() == "maintenance"
    heir.run(15)
    assert heir.word() == "down"


def test_a_crash_in_the_middle_of_anything_goes_on_from_the_last_facts() -> None:
    """The story of a Sunday night, cut by a new process: the end is the same."""
    for minute in (-3, -1, 0, 1, 3, 4, 5, 11):
        world = World(NIGHTLY, at="2027-01-10 23:40 NY", facts=replace(Facts(), known=True))
        world.state = initial(
            NIGHTLY,
            Facts(
                known=True,
                login_proven_at=instant("2027-01-04 08:00 NY"),
                reauth_due=instant("2027-01-10 01:00 NY"),
            ),
            world.now,
            1,
        )
        world.facts = facts_of(world.state)
        world.up()
        cut = instant("2027-01-10 23:45 NY") + timedelta(minutes=minute, seconds=30)
        ready = instant("2027-01-10 23:58 NY")
        restart = instant("2027-01-10 23:45 NY")
        for moment, what in sorted([(cut, "cut"), (restart, "restart")]):
            world.until(moment)
            if what == "cut":
                world = world.heir(after=1.0).start()
            else:
                world.restart(None)
        world.until(ready)
        assert world.word() == "reauth_required", minute
        world.peer.port = "open"
        world.run(40)
        assert world.word() == "up"
        assert world.snapshot.login.due == instant("2027-01-17 23:45 NY"), minute
        assert not world.snapshot.login.assumed


def test_a_record_in_which_everything_is_unknown_is_a_first_day() -> None:
    world = World(at=NOON, facts=Facts()).up()
    assert world.counted() == {}
    assert world.facts.known
