"""The calendar over all trading centres' zones from 2025 to 2035, against an oracle that walks the wall clock."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import pairwise, takewhile
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from supervisor.core.calendar.lookup import Calendar
from supervisor.core.calendar.rules import Daily, Once, Rule, Weekly
from supervisor.core.calendar.windows import Window, active, custom, first_at, next_edge, next_start, occurrences

ZONES = [
    "America/New_York", "America/Chicago", "America/Toronto", "America/Mexico_City", "America/Sao_Paulo",
    "America/Bogota", "America/Santiago", "America/Argentina/Buenos_Aires", "America/Los_Angeles", "America/St_Johns",
    "Europe/London", "Europe/Dublin", "Europe/Lisbon", "Europe/Paris", "Europe/Berlin", "Europe/Zurich",
    "Europe/Stockholm", "Europe/Warsaw", "Europe/Athens", "Europe/Istanbul", "Europe/Moscow", "CET", "UTC",
    "Africa/Johannesburg", "Africa/Cairo", "Africa/Casablanca", "Africa/Lagos", "Africa/Nairobi",
    "Asia/Jerusalem", "Asia/Riyadh", "Asia/Dubai", "Asia/Tehran", "Asia/Karachi", "Asia/Kolkata", "Asia/Kathmandu",
    "Asia/Dhaka", "Asia/Bangkok", "Asia/Jakarta", "Asia/Singapore", "Asia/Kuala_Lumpur", "Asia/Hong_Kong",
    "Asia/Shanghai", "Asia/Taipei", "Asia/Manila", "Asia/Seoul", "Asia/Tokyo", "Asia/Beirut",
    "Australia/Sydney", "Australia/Perth", "Australia/Adelaide", "Australia/Lord_Howe",
    "Pacific/Auckland", "Pacific/Chatham", "Pacific/Honolulu", "Pacific/Kiritimati",
]  # fmt: skip
BEGIN, END = datetime(2025, 1, 1, tzinfo=UTC), datetime(2036, 1, 1, tzinfo=UTC)
HOUR, DAY, TICK = timedelta(hours=1), timedelta(days=1), timedelta.resolution

minutes = st.integers(0, 24 * 60 - 1).map(lambda minute: time(minute // 60, minute % 60))
zones = st.sampled_from(ZONES)
instants = st.integers(0, (END - BEGIN) // timedelta(minutes=1) - 1).map(lambda n: BEGIN + n * timedelta(minutes=1))


@cache
def changes(zone: str) -> tuple[datetime, ...]:
    """The hours in which this zone changes its offset."""
    info, hours = ZoneInfo(zone), (END - BEGIN) // HOUR

    def offset(hour: int) -> timedelta | None:
        return (BEGIN + hour * HOUR).astimezone(info).utcoffset()

    return tuple(
        BEGIN + hour * HOUR
        for day in range(0, hours - 24, 24)
        if offset(day) != offset(day + 24)
        for hour in range(day, day + 24)
        if offset(hour) != offset(hour + 1)
    )


@st.composite
def near_changes(draw: st.DrawFn) -> tuple[str, datetime]:
    """A zone and an instant, within two days of a change of its clocks where it has any."""
    zone = draw(zones)
    if not (around := changes(zone)):
        return zone, draw(instants)
    return zone, draw(st.sampled_from(around)) + draw(st.integers(-48, 48)) * HOUR


@st.composite
def windows(draw: st.DrawFn, zone: str, near: datetime) -> Window:
    rules: list[Rule] = [
        Daily(draw(minutes), zone, tuple(sorted(draw(st.sets(st.integers(0, 6), min_size=1))))),
        Weekly(draw(st.integers(0, 6)), draw(minutes), zone),
        Once(near + draw(st.integers(-3000, 3000)) * timedelta(minutes=1)),
    ]
    spans = st.integers(0, 2000).map(lambda n: n * timedelta(minutes=1))
    length = draw(st.integers(1, 2000)) * timedelta(minutes=1)
    plain = custom(draw(st.sampled_from(["a", "b"])), draw(st.sampled_from(rules)), length)
    return Window(plain.name, plain.kind, plain.rule, draw(spans), length, draw(spans))


def wall_clock_oracle(at: time, zone: str, day: date) -> list[datetime]:
    """The instants of one local day, by looking at the wall every minute of the days around; no use of fold.

    Where the wall never shows the time that day, it is as long after the jump as it would have been after the
    moment before it.
    """
    info = ZoneInfo(zone)
    around = datetime.combine(day, time(0), UTC)
    walls = [
        (instant, instant.astimezone(info).replace(tzinfo=None))
        for instant in (around + n * timedelta(minutes=1) for n in range(-18 * 60, 42 * 60))
    ]
    nominal = datetime.combine(day, at)
    shown = [instant for instant, wall in walls if wall == nominal]
    if shown:
        return shown
    return [
        instant + (nominal - wall) for (instant, wall), (_, following) in pairwise(walls) if wall < nominal < following
    ]


@settings(max_examples=150, deadline=None)
@given(near_changes(), minutes)
def test_a_day_s_instants_are_those_that_the_wall_shows(where: tuple[str, datetime], at: time) -> None:
    zone, near = where
    day = near.astimezone(ZoneInfo(zone)).date()
    found = {
        moment.at for moment in takewhile(lambda m: m.at < near + 4 * DAY, Daily(at, zone).moments(near - 4 * DAY))
    }
    expected = wall_clock_oracle(at, zone, day)
    assert set(expected) <= found
    assert found & {instant + n * HOUR / 2 for instant in expected for n in range(-4, 5)} == set(expected)


@settings(max_examples=100, deadline=None)
@given(zones, minutes, instants)
def test_no_day_is_lost_or_doubled_but_for_the_repeated_time(zone: str, at: time, begin: datetime) -> None:
    rule, info = Daily(at, zone), ZoneInfo(zone)
    found = list(takewhile(lambda moment: moment.at < begin + 400 * DAY, rule.moments(begin)))
    assert all(one.at < other.at for one, other in pairwise(found))
    jumps = [DAY + shift * HOUR / 2 for shift in range(-2, 3)]
    for one, other in pairwise(found):
        if (one.repetition, other.repetition) == (1, 2):
            assert one.at.astimezone(info).time() == other.at.astimezone(info).time() == at
            assert other.at - one.at in (HOUR / 2, HOUR)
        else:
            assert other.repetition != 2
            assert other.at - one.at in jumps


@settings(max_examples=100, deadline=None)
@given(zones, minutes, st.integers(0, 6), instants)
def test_a_weekly_rule_is_the_daily_one_on_its_day(zone: str, at: time, weekday: int, begin: datetime) -> None:
    weekly = takewhile(lambda moment: moment.at < begin + 60 * DAY, Weekly(weekday, at, zone).moments(begin))
    daily = takewhile(lambda moment: moment.at < begin + 60 * DAY, Daily(at, zone, (weekday,)).moments(begin))
    assert list(weekly) == list(daily)


@settings(max_examples=150, deadline=None)
@given(st.data(), near_changes())
def test_a_window_is_active_exactly_while_one_of_its_occurrences_contains_the_instant(
    data: st.DataObject, where: tuple[str, datetime]
) -> None:
    zone, wall = where
    drawn = [data.draw(windows(zone, wall)) for _ in range(3)]
    wide = list(occurrences(drawn, wall - 20 * DAY, wall + 20 * DAY))
    assert [o.start for o in wide] == sorted(o.start for o in wide)
    assert len(wide) == len({(id(o.window), o.at) for o in wide})
    for instant in (
        wall,
        *(edge + shift for o in wide[:6] for edge in (o.start, o.planned_until) for shift in (-TICK, 0 * TICK)),
    ):
        if abs(instant - wall) < 15 * DAY:
            assert active(drawn, instant) == tuple(o for o in wide if o.start <= instant < o.planned_until)


@settings(max_examples=150, deadline=None)
@given(st.data(), near_changes())
def test_edges_starts_and_firsts_agree_with_the_occurrences(data: st.DataObject, where: tuple[str, datetime]) -> None:
    zone, wall = where
    drawn = [data.draw(windows(zone, wall)) for _ in range(2)]
    wide = list(occurrences(drawn, wall - 20 * DAY, wall + 20 * DAY))
    edges = sorted({edge for o in wide for edge in (o.start, o.planned_until)})
    following = bisect_right(edges, wall)
    assert next_edge(drawn, wall) == (edges[following] if following < len(edges) else None)
    for window in drawn:
        starts = [o.start for o in wide if o.window is window and o.start > wall]
        assert next_start(window, wall) == min(starts, default=None)
    ats = sorted(o.at for o in wide)
    first = first_at(drawn, wall)
    following = bisect_left(ats, wall)
    assert (first.at if first else None) == (ats[following] if following < len(ats) else None)


@settings(max_examples=60, deadline=None)
@given(st.data(), near_changes())
def test_a_calendar_answers_as_the_pure_functions_do(data: st.DataObject, where: tuple[str, datetime]) -> None:
    zone, wall = where
    drawn = [data.draw(windows(zone, wall)) for _ in range(2)]
    calendar = Calendar(drawn)
    for hours in data.draw(st.lists(st.integers(-1000, 1000), max_size=8)):
        instant = wall + hours * HOUR
        assert calendar.active_at(instant) == active(drawn, instant)
        assert calendar.next_edge_after(instant) == next_edge(drawn, instant)
        for name in calendar.names:
            starts = [next_start(window, instant) for window in drawn if window.name == name]
            assert calendar.next_start_after(name, instant) == min((s for s in starts if s is not None), default=None)


@pytest.mark.parametrize("zone", ZONES)
def test_ten_years_of_a_restart_lose_no_night(zone: str) -> None:
    found = list(takewhile(lambda moment: moment.at < END, Daily(time(1, 30), zone).moments(BEGIN)))
    info = ZoneInfo(zone)
    days = [moment.at.astimezone(info).date() for moment in found if moment.repetition != 2]
    assert days == [days[0] + n * DAY for n in range(len(days))]
    assert abs(len(days) - (END - BEGIN) // DAY) <= 1
