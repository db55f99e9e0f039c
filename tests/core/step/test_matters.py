"""What people are told of one gateway, and what they are not."""

from dataclasses import replace
from datetime import timedelta

import pytest

from supervisor.core.model.actions import Announce
from supervisor.core.model.events import PauseAsked, ResumeAsked
from supervisor.core.model.pages import Severity
from supervisor.core.model.policy import AccountMode
from supervisor.core.model.vocabulary import Stage
from supervisor.core.parts.telling.notify import urgent
from tests.core.driver import RELAXED, RESET, RESTART, World, policy

NIGHTLY = policy(windows=(RESTART, RESET), timezone="America/New_York")
WEEKLY = replace(NIGHTLY, timing=RELAXED)
"""For a Sunday in full."""
EVENING = "2027-01-06 23:40 NY"


def said(world: World) -> list[tuple[str, str]]:
    return [(message.row, message.stage.value) for _, message in world.announced]


def told(world: World) -> Announce:
    return world.announced[-1][1]


def night() -> World:
    """A gateway whose clock is in New York."""
    world = World(NIGHTLY, at=EVENING)
    world.peer.clock = "20270106 23:40:00 US/Eastern"
    return world.up()


def test_an_outage_is_told_once_it_has_lasted_and_once_when_it_is_over() -> None:
    world = World().up()
    world.run(100)
    world.peer.port = "refuse"
    world.drop()
    began = world.elapsed
    world.run(59)
    assert said(world) == []
    world.run(2)
    assert said(world) == [("IBGatewayDown", "began")]
    assert world.announced[0][0] == pytest.approx(began + 60, abs=1.1)
    assert urgent(world.state.notify)
    world.run(600)
    world.peer.port = "open"
    world.run(120)
    assert said(world) == [("IBGatewayDown", "began"), ("IBGatewayDown", "over")]
    assert told(world).seconds == pytest.approx(661, abs=8)
    assert told(world).recovered
    assert world.announced[0][1].talk == told(world).talk
    assert world.facts.talks == ()
    assert not urgent(world.state.notify)


@pytest.mark.parametrize(
    ("days", "expected"),
    [(100, []), (30, [Severity.WARNING]), (1, [Severity.CRITICAL])],
)
def test_that_ibkr_will_refuse_this_version_is_told_two_months_ahead_and_urgently_in_the_last_two_days(
    days: int, expected: list[Severity]
) -> None:
    world = World().up()
    day = world.now.wall + timedelta(days=days)
    world.notice(2172, f"The version 1019.2 needs to be upgraded, as it will be desupported on {day:%Y%m%d}.")
    world.run(60)
    assert [message.severity for _, message in world.announced] == expected


def test_a_short_outage_is_not_told() -> None:
    world = World().up()
    world.peer.port = "refuse"
    world.drop()
    world.run(40)
    world.peer.port = "open"
    world.run(600)
    assert said(world) == []


def test_an_outage_that_comes_back_before_it_was_told_must_last_anew() -> None:
    world = World().up()
    world.run(100)
    for _ in range(3):
        world.peer.port = "refuse"
        world.drop()
        world.run(40)
        world.peer.port = "open"
        world.run(20)
    assert said(world) == []


def test_the_nightly_restart_is_silent() -> None:
    world = night()
    world.run(290)
    world.peer.port = "refuse"
    world.drop()
    world.run(90)
    world.peer.port = "open"
    world.run(3600)
    assert said(world) == []


def test_a_restart_that_does_not_come_back_is_told_when_its_grace_is_over() -> None:
    world = night()
    world.run(305)
    world.peer.port = "refuse"
    world.drop()
    world.until("2027-01-06 23:50:20 NY")
    assert said(world) == []
    world.until("2027-01-06 23:51 NY")
    assert said(world) == [("IBRestartOverdue", "turned")]
    world.peer.port = "open"
    world.run(120)
    assert said(world) == [("IBRestartOverdue", "turned"), ("IBRestartOverdue", "over")]


def test_upstream_lost_is_told_after_three_minutes_and_a_farm_as_long() -> None:
    world = World().up()
    world.notice(1100)
    world.run(179)
    assert said(world) == []
    world.run(2)
    assert said(world) == [("IBUpstreamLost", "began")]
    world.notice(1102)
    world.run(60)
    world.notice(2103, "Market data farm connection is broken:usfarm")
    world.run(181)
    assert said(world)[2:] == [("IBFarmDown", "began")]
    assert told(world).severity is Severity.WARNING  # seven in the morning in New York


def test_a_farm_is_urgent_while_its_market_is_open() -> None:
    world = World(at="2027-01-06 10:00 NY").up()
    world.notice(2103, "Market data farm connection is broken:usfarm")
    world.run(181)
    assert told(world).severity is Severity.CRITICAL


def test_a_sharper_name_is_told_in_the_same_conversation_and_what_it_explains_is_not() -> None:
    world = World().up()
    world.notice(1100)
    world.run(200)
    world.peer.port = "refuse"
    world.drop()
    world.run(200)
    assert said(world) == [("IBUpstreamLost", "began"), ("IBGatewayDown", "changed")]
    assert len({message.talk for _, message in world.announced}) == 1


def test_a_restart_amid_a_loss_that_was_told_is_told_only_if_it_lasts() -> None:
    """Else every night of a long loss of IBKR would bring a message about a gateway that only restarts."""
    world = World().up()
    world.peer.probes = False
    world.notice(1100)
    world.run(200)
    assert said(world) == [("IBUpstreamLost", "began")]
    for away in (30, 70):
        world.peer.port = "refuse"
        world.drop()
        world.run(away)
        world.peer.port = "open"
        world.run(60)
        assert said(world)[1:] == ([("IBGatewayDown", "changed")] if away > 60 else [])


def test_a_paper_gateway_wakes_nobody() -> None:
    world = World(policy(account_mode=AccountMode.PAPER))
    world.peer.accounts = ("DU1234567",)
    world.up()
    world.peer.port = "refuse"
    world.drop()
    world.run(90)
    assert told(world).severity is Severity.WARNING


def test_a_wrong_account_is_told_at_once() -> None:
    world = World(policy(account_mode=AccountMode.PAPER)).start()
    world.run(5)
    assert said(world) == [("IBAccountMismatch", "began")]
    assert told(world).severity is Severity.CRITICAL


@pytest.mark.parametrize("standby", [False, True])
def test_a_client_id_in_use_is_told_unless_the_gateway_is_a_standby(standby: bool) -> None:
    world = World(policy(labels=(("role", "standby"),) if standby else ()))
    world.peer.taken = {911}
    world.start()
    world.run(300)
    assert said(world) == ([] if standby else [("IBClientIdConflict", "began")])


def test_a_pause_is_told_after_two_hours_and_ends_the_conversation_of_an_outage() -> None:
    world = World().up()
    world.peer.port = "refuse"
    world.drop()
    world.run(90)
    world.step(PauseAsked(None, "anna"))
    assert said(world) == [("IBGatewayDown", "began"), ("IBGatewayDown", "over")]
    assert not told(world).recovered
    world.run(7300)
    assert said(world)[2:] == [("IBGatewayPausedLong", "began")]
    world.peer.port = "open"
    world.step(ResumeAsked())
    world.run(200)
    assert said(world)[3:] == [("IBGatewayPausedLong", "over")]


def test_a_competing_session_is_told_if_it_goes_on() -> None:
    world = World().up()
    world.notice(10197, "No market data during competing live session")
    world.run(250)
    world.notice(10197, "No market data during competing live session")
    world.run(120)
    assert said(world) == [("IBCompetingSession", "began")]
    world.run(600)
    assert said(world)[1:] == [("IBCompetingSession", "over")]


def test_sessions_that_are_lost_again_and_again_are_told() -> None:
    world = World().up()
    for _ in range(5):
        world.run(70)
        world.drop()
    world.run(5)
    assert said(world) == [("IBSessionFlapping", "began")]
    world.run(1200)
    assert said(world)[1:] == [("IBSessionFlapping", "over")]


def test_the_weekly_login_is_told_when_it_is_due_when_it_is_required_and_when_it_is_done() -> None:
    world = World(WEEKLY, at="2027-01-09 23:55 NY")  # tokens expire at 01:00
    world.peer.clock = "20270109 23:55:00 US/Eastern"
    world.up()
    world.until("2027-01-10 09:44 NY")
    assert said(world) == []
    world.until("2027-01-10 09:46 NY")
    assert said(world) == [("IBReauthDueSoon", "began")]
    world.until("2027-01-10 23:45 NY")
    world.peer.port = "refuse"
    world.drop()
    world.until("2027-01-11 00:10 NY")
    assert said(world)[1:] == [("IBReauthRequired", "turned")]
    world.peer.probes = True
    world.peer.port = "open"
    world.run(120)
    assert said(world)[2:] == [("IBReauthRequired", "over")]
    assert told(world).login
    world.run(7 * 3600)
    assert len(said(world)) == 3


def test_a_standby_that_rests_does_not_ask_for_the_weekly_login() -> None:
    world = World(replace(NIGHTLY, labels=(("role", "standby"),)), at="2027-01-09 23:55 NY")
    world.peer.clock = "20270109 23:55:00 US/Eastern"
    world.up().step(PauseAsked(None, "standby"))
    world.until("2027-01-10 10:00 NY")
    assert said(world) == []
    world.step(ResumeAsked())
    world.run(60)
    assert said(world) == [("IBReauthDueSoon", "began")], "now it is the one that watches"


def test_a_login_before_it_was_required_is_told_as_done() -> None:
    world = World(WEEKLY, at="2027-01-09 23:55 NY")
    world.peer.clock = "20270109 23:55:00 US/Eastern"
    world.up()
    world.until("2027-01-10 10:00 NY")
    world.peer.port = "refuse"
    world.drop()
    world.run(40)
    world.peer.port = "open"
    world.run(60)
    assert said(world) == [("IBReauthDueSoon", "began"), ("IBReauthDueSoon", "over")]
    assert told(world).login


def test_a_restart_that_was_not_seen_is_told_and_the_one_that_comes_late_has_five_minutes() -> None:
    world = night()
    world.until("2027-01-06 23:51 NY")
    assert said(world) == [("IBRestartNotSeen", Stage.HAPPENED.value)]
    world.peer.port = "refuse"
    world.drop()
    world.run(290)
    assert len(said(world)) == 1
    world.run(20)
    assert said(world)[1:] == [("IBGatewayDown", "began")]


def test_an_order_id_that_went_back_is_told_once() -> None:
    world = World()
    world.peer.order_id = 50
    world.up()
    world.peer.order_id = 3
    world.drop()
    world.run(200)
    assert said(world) == [("IBOrderIdWentBack", "happened")]
    assert told(world).severity is Severity.INFO


def test_a_version_that_ibkr_will_refuse_is_told_and_told_again_two_days_before() -> None:
    world = World().up()
    text = "The current TWS version 10.19 will be desupported on 20270301. Please upgrade to 10.30"
    world.notice(2172, text)
    world.run(5)
    assert said(world) == [("IBGatewayVersionDesupported", "began")]
    world = World(at="2027-02-27T12:00:00Z").up()
    world.notice(2172, text)
    world.run(5)
    assert told(world).severity is Severity.CRITICAL


def test_a_clock_that_is_wrong_and_a_zone_that_differs_are_told() -> None:
    world = World(policy(windows=(RESTART,), timezone="America/New_York")).up()
    world.run(310)
    assert said(world) == [("IBTimezoneMismatch", "began")]
    assert told(world).about == world.snapshot.clock


@pytest.mark.parametrize("after", [0.0, 20.0, 45.0])
def test_another_process_goes_on_with_an_outage_that_was_not_told_yet(after: float) -> None:
    world = World().up()
    world.peer.port = "refuse"
    world.drop()
    world.run(30)
    heir = world.heir(after=after)
    heir.peer.port = "refuse"
    heir.start()
    heir.run(40)
    assert said(heir) == [("IBGatewayDown", "began")]


def test_another_process_tells_the_end_of_what_the_first_one_told() -> None:
    world = World().up()
    world.peer.port = "refuse"
    world.drop()
    world.run(90)
    heir = world.heir(after=10)
    heir.peer.port = "open"
    heir.start()
    heir.run(60)
    assert said(heir) == [("IBGatewayDown", "over")]
    assert told(heir).talk == told(world).talk
