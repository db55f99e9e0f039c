"""Clocks and zones: suspends, jumps, and the gateway's own clock."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from supervisor.core.calendar.clock import Now
from supervisor.core.calendar.gateway_clock import ahead_of_utc, is_zone, likely_ahead, offset_of, offset_text
from supervisor.core.model.events import Ticked, TimeAnswered
from supervisor.core.model.layers import Layer
from supervisor.core.model.vocabulary import Phase
from tests.core.driver import NEW_YORK, NOON, RESTART, World, instant, policy

SUMMER = "2027-07-07T12:00:00Z"


def test_a_suspend_drops_the_heartbeat_and_sends_a_ping_at_once() -> None:
    world = World().up()
    world.run(1.3)
    before = len(world.pings())
    world.sleep(60)
    assert world.broken_layer is Layer.HEARTBEAT
    assert world.pings()[before:] == [world.elapsed]
    world.run(0.1)
    assert world.word() == "up"
    assert len(world.tells("slept")) == 1


def test_after_a_suspend_no_ping_goes_sooner_than_the_gateway_would_answer_it() -> None:
    world = World().up()
    world.run(0.5)
    before = len(world.pings())
    world.sleep(60)
    assert world.pings()[before:] == []
    world.run(1)
    (ping,) = world.pings()[before:]
    assert ping - 0.004 == pytest.approx(1.2, abs=0.002)
    assert world.word() == "up"


def test_after_a_suspend_the_misses_begin_anew() -> None:
    world = World().up()
    world.peer.answers = False
    world.run(6.5)
    world.sleep(60)
    world.wait(lambda w: bool(w.losses()))
    assert world.elapsed == pytest.approx(6.6 + 7.0, abs=0.01)


def test_a_suspend_without_a_session_pings_nobody() -> None:
    world = World()
    world.peer.port = "refuse"
    world.start().run(1)
    world.sleep(60)
    assert world.pings() == []


def test_durations_are_monotonic_and_no_jump_of_the_wall_clock_ends_a_session() -> None:
    world = World().up()
    for seconds in (86400, -7200, 31, -86400 * 400):
        world.jump(seconds)
        world.run(30)
        assert world.phase is Phase.READY
        assert world.word() == "up"
    assert world.snapshot.counters.sessions == 1
    assert world.counted() == {}


def test_a_jump_of_the_wall_clock_re_evaluates_windows() -> None:
    world = World(policy(windows=(RESTART,)), at="2027-01-06 20:00 NY").up()
    world.jump(3 * 3600 + 45 * 60)
    world.run(0.01)
    assert [view.active for view in world.snapshot.windows] == [True]
    world.jump(-3600)
    world.run(3)
    assert [view.active for view in world.snapshot.windows] == [False]


def test_edges_are_deadlines_like_any_other() -> None:
    world = World(policy(windows=(RESTART,)), at="2027-01-06 20:00 NY").up()
    world.until("2027-01-06 23:44:29 NY")
    assert not world.snapshot.windows[0].active
    world.until("2027-01-06 23:44:30 NY")
    assert world.snapshot.windows[0].active
    world.until("2027-01-06 23:49:59.999 NY")
    assert world.snapshot.windows[0].active
    world.until("2027-01-06 23:50 NY")
    assert not world.snapshot.windows[0].active


def test_a_ring_lost_late_or_doubled_changes_no_decision() -> None:
    def night(*, rings: bool) -> World:
        world = World(policy(windows=(RESTART,)), at="2027-01-06 23:40 NY").up()
        world.until("2027-01-06 23:45 NY")
        world.restart(None)
        for _ in range(100):
            world.run(7)
            for _ in range(3 if rings else 0):
                world.step(Ticked())
        world.peer.port = "open"
        return world.run(60)

    calm, rung = night(rings=False), night(rings=True)
    assert calm.restarts() == rung.restarts() == {"overdue": 1}
    assert calm.counted() == rung.counted()
    assert calm.booked() == rung.booked()


def test_an_event_that_waited_is_decided_as_of_now() -> None:
    world = World().up()
    now = world.now
    world.run(10)
    after = world.now
    world.now = now
    world.traffic()
    assert world.state.at == after
    world.now = after
    world.run(10)
    assert world.word() == "up"


# -- the gateway's own clock ------------------------------------------------------------------------------------------


def connected(clock: str, zone: str | None = NEW_YORK, at: str = NOON) -> World:
    world = World(policy(timezone=zone), at=at)
    world.peer.clock = clock
    return world.start().run(0.1)


@pytest.mark.parametrize(
    ("at", "clock", "hours", "mismatch"),
    [
        (NOON, "20270106 07:00:00 EST", -5, False),
        (NOON, "20270106 07:06:00 EST", -5, False),
        (NOON, "20270106 12:00:01 UTC", 0, True),
        (SUMMER, "20270707 08:00:00 Eastern Standard Time", -4, False),
        (SUMMER, "20270707 07:00:00 EST", -5, True),
        (NOON, "20270107 02:00:00 +14", 14, True),
    ],
)
def test_its_offset_is_compared_with_that_of_the_configured_zone_at_that_instant(
    at: str, clock: str, hours: float, mismatch: bool
) -> None:
    world = connected(clock, at=at)
    assert world.snapshot.clock.offset == timedelta(hours=hours)
    assert world.snapshot.clock.mismatch is mismatch
    assert len(world.tells("timezone_mismatch")) == mismatch


def test_the_warning_says_both_and_the_cure_once() -> None:
    world = connected("20270106 12:00:00 UTC")
    (warning,) = world.tells("timezone_mismatch")
    assert "UTC+0" in warning.text
    assert "America/New_York (UTC-5)" in warning.text
    assert "timezone" in warning.text
    world.run(100)
    world.drop()
    world.run(1)
    assert len(world.tells("timezone_mismatch")) == 1


def test_an_offset_that_no_zone_has_is_a_wrong_clock() -> None:
    world = connected("20270107 03:00:00 X")
    assert world.snapshot.clock.offset is None
    assert world.snapshot.clock.mismatch is None
    assert "clock is wrong" in world.tells("timezone_mismatch")[0].text


@pytest.mark.parametrize("clock", ["soon", "20271399 99:99:99 EST"])
def test_a_clock_that_is_no_time_tells_nothing(clock: str) -> None:
    world = connected(clock)
    assert world.snapshot.clock.offset is None
    assert world.tells("timezone_mismatch") == []


def test_without_a_configured_zone_there_is_nothing_to_compare() -> None:
    world = connected("20270106 12:00:00 UTC", zone=None)
    assert world.snapshot.clock.offset == timedelta(0)
    assert world.snapshot.clock.mismatch is None


def test_a_reload_compares_with_the_zone_it_brings_without_waiting_for_a_session() -> None:
    world = connected("20270106 12:00:00 UTC")
    for zone, mismatch, warnings in (("UTC", False, 1), ("Europe/Berlin", True, 2), (None, None, 2)):
        world.reload(policy(timezone=zone))
        assert world.snapshot.clock.mismatch is mismatch
        assert len(world.tells("timezone_mismatch")) == warnings
    assert "Europe/Berlin (UTC+1)" in world.tells("timezone_mismatch")[1].text
    world.reload(policy(timezone=NEW_YORK, port=4002))
    assert world.snapshot.clock.mismatch is None, "of another gateway nothing is known yet"
    unknown = connected("soon")
    unknown.reload(policy(timezone="UTC"))
    assert unknown.snapshot.clock.mismatch is None


def test_offsets_are_rounded_to_a_quarter_of_an_hour_and_told_as_people_write_them() -> None:
    wall = instant(NOON)
    assert offset_of("20270106 17:52:29 NPT", wall) == timedelta(hours=5, minutes=45)
    assert offset_of("20270106-17:37:31 IST", wall) == timedelta(hours=5, minutes=45)
    assert is_zone(timedelta(hours=-12))
    assert is_zone(timedelta(hours=14))
    assert not is_zone(timedelta(hours=14, minutes=15))
    assert not is_zone(timedelta(hours=-12, minutes=-15))
    assert [offset_text(timedelta(minutes=minutes)) for minutes in (-300, 330, 0)] == ["UTC-5", "UTC+5:30", "UTC+0"]


def test_what_the_clock_shows_is_known_to_the_second_however_wrong_it_is() -> None:
    wall = instant(NOON)
    assert ahead_of_utc("20270106 17:52:29 NPT", wall) == timedelta(hours=5, minutes=52, seconds=29)
    assert ahead_of_utc("soon", wall) is None
    local = wall.astimezone(ZoneInfo(NEW_YORK))
    assert likely_ahead(timedelta(seconds=3), "Europe/Berlin", local) == timedelta(seconds=3)
    assert likely_ahead(None, "Europe/Berlin", local) == timedelta(hours=1)
    assert likely_ahead(None, None, local) == timedelta(hours=-5)


def test_the_skew_has_a_resolution_of_one_second() -> None:
    world = World().up()
    world.now = Now(world.now.mono + 0.5, world.now.wall + timedelta(seconds=0.5))
    world.say(TimeAnswered, int(world.now.wall.timestamp()) - 3)
    assert world.snapshot.clock.skew == -3.0
