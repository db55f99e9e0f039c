"""The year 2027 in seconds: every night's restart and every week's login, in four zones, on both kinds of DST days.

What must come out is counted here from the calendar alone, in plain local times.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from supervisor.core.calendar.windows import daily_restart
from supervisor.core.model.facts import Facts
from supervisor.core.model.policy import Timing
from tests.core.driver import World, policy

TIMING = Timing(heartbeat_interval=14400.0, retry_max=900.0, restart_retry=10.0)
"""Slow, to have a year in seconds; what falls in time is asked for by the core whatever the timing."""
NEW_YORK = ZoneInfo("America/New_York")
AWAY = 80
"""Seconds of an ordinary restart."""
LATE = 900
"""Seconds of one that is overdue."""
PERSON = timedelta(hours=7)
"""After which somebody logs in."""


@dataclass(frozen=True)
class Night:
    at: datetime
    kind: str
    """`in_time`, `overdue`, `not_seen`, or `login`: the tokens have expired since the last one."""


def restarts_of_2027(zone: str, clock: time) -> list[datetime]:
    """Once a local day; a time that does not exist comes later by the jump, of one that occurs twice the first."""
    days = (date(2027, 1, 1) + timedelta(days=number) for number in range(365))
    return [datetime.combine(day, clock, ZoneInfo(zone)).astimezone(UTC) for day in days]


def expiries_of_2027() -> list[datetime]:
    sundays = [date(2027, 1, 3) + timedelta(days=7 * week) for week in range(52)]
    return [datetime.combine(sunday, time(1), NEW_YORK).astimezone(UTC) for sunday in sundays]


def nights(zone: str, clock: time) -> list[Night]:
    """Each night, and what happens in it."""
    told = []
    expiries = expiries_of_2027()
    for number, at in enumerate(restarts_of_2027(zone, clock)):
        if expiries and at >= expiries[0]:
            del expiries[0]
            told.append(Night(at, "login"))
        elif number % 9 == 4:
            told.append(Night(at, "not_seen"))
        elif number % 11 == 6:
            told.append(Night(at, "overdue"))
        else:
            told.append(Night(at, "in_time"))
    return told


def play(zone: str, clock: time, year: list[Night]) -> World:
    begin = year[0].at - timedelta(hours=2)
    proven = Facts(known=True, login_proven_at=begin - timedelta(days=1), reauth_due=expiries_of_2027()[0])
    settings = policy(windows=(daily_restart(clock, zone),), timezone=zone, timing=TIMING)
    world = World(settings, at=begin.isoformat(), facts=proven).up()
    for night in year:
        world.until(night.at)
        if night.kind == "not_seen":
            continue
        world.restart({"in_time": AWAY, "overdue": LATE, "login": PERSON.total_seconds()}[night.kind])
    return world.run(3600 * 3)


@pytest.mark.parametrize(
    ("zone", "clock"),
    [
        ("America/New_York", time(23, 45)),
        ("Europe/London", time(23, 45)),
        ("Asia/Hong_Kong", time(23, 45)),
        ("Australia/Sydney", time(23, 45)),
        ("America/New_York", time(2, 30)),  # does not exist on 14 March
        ("America/New_York", time(1, 30)),  # occurs twice on 7 November
        ("Europe/London", time(1, 30)),  # does not exist on 28 March, occurs twice on 31 October
        ("Australia/Sydney", time(2, 30)),  # occurs twice on 4 April, does not exist on 3 October
    ],
)
def test_a_year_has_exactly_the_restarts_and_logins_of_the_calendar(zone: str, clock: time) -> None:
    year = nights(zone, clock)
    kinds = [night.kind for night in year]
    logins = kinds.count("login")
    assert logins in (52, 51)

    world = play(zone, clock, year)

    assert world.restarts() == {
        "in_time": kinds.count("in_time"),
        "overdue": kinds.count("overdue") + logins,
        "not_seen": kinds.count("not_seen"),
    }
    assert len(world.tells("reauth_required")) == logins
    assert world.losses() == {("closed", True): 365 - kinds.count("not_seen")}
    assert world.counted() == {
        ("session", True): kinds.count("in_time"),
        ("session", False): kinds.count("overdue") + logins,
    }
    assert world.booked()[("session", True)] == pytest.approx(AWAY * kinds.count("in_time"), rel=0.1)
    assert world.word() == "up"
    assert world.steps < 300_000


def test_the_calendar_of_this_test_has_every_sunday_of_2027() -> None:
    expiries = expiries_of_2027()
    assert len(expiries) == 52
    assert {expiry.astimezone(NEW_YORK).strftime("%a %H:%M") for expiry in expiries} == {"Sun 01:00"}
    assert len({expiry.hour for expiry in expiries}) == 2
