"""The calendar answers as the pure functions do, whichever way its clock goes."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from supervisor.core.calendar.lookup import STRETCH, Calendar
from supervisor.core.calendar.rules import FRIDAY, Daily, Once, Weekly
from supervisor.core.calendar.windows import (
    Explains,
    active,
    custom,
    daily_restart,
    maintenance,
    next_edge,
    occurrences,
    server_reset,
)

NEW_YORK = "America/New_York"
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
TICK = timedelta.resolution


def z(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


WINDOWS = (
    daily_restart(time(23, 45), NEW_YORK),
    server_reset(Daily(time(0, 15), NEW_YORK), 90 * MINUTE, Explains.UPSTREAM_FARMS),
    server_reset(Weekly(FRIDAY, time(23), NEW_YORK), 4 * HOUR, Explains.EVERY_LAYER),
    custom("move", Once(z("2027-12-01 10:00")), 4 * HOUR),
)


def test_a_calendar_names_its_windows_once_in_their_order() -> None:
    assert Calendar(WINDOWS).names == ("daily_restart", "server_reset", "move")
    assert Calendar(iter(WINDOWS)).windows == WINDOWS


def test_an_empty_calendar_has_no_edges() -> None:
    calendar = Calendar()
    assert calendar.active_at(z("2027-01-01")) == ()
    assert calendar.next_edge_after(z("2027-01-01")) is None


def test_a_calendar_sees_beyond_its_stretch() -> None:
    calendar = Calendar([maintenance(z("2027-12-01 10:00"), HOUR)])
    assert calendar.next_edge_after(z("2027-01-01")) == z("2027-12-01 10:00")
    assert calendar.next_start_after("maintenance", z("2027-01-01")) == z("2027-12-01 10:00")
    assert calendar.next_edge_after(z("2027-12-01 10:00")) == z("2027-12-01 11:00")
    assert calendar.next_start_after("maintenance", z("2027-12-01 10:00")) is None
    assert calendar.next_edge_after(z("2028-01-01")) is None


def test_the_next_start_of_a_name_is_the_first_among_its_windows() -> None:
    calendar = Calendar(WINDOWS)
    friday = z("2027-01-09 03:00")
    assert calendar.next_start_after("server_reset", friday) == z("2027-01-09 03:55")
    assert calendar.next_start_after("server_reset", z("2027-01-09 03:55")) == z("2027-01-09 05:10")
    with pytest.raises(KeyError):
        calendar.next_start_after("nonesuch", friday)


def test_a_calendar_answers_as_the_pure_functions_do_whichever_way_the_clock_goes() -> None:
    calendar = Calendar(WINDOWS)
    walls = [z("2026-12-31 00:00") + n * STRETCH / 7 for n in range(60)]
    for wall in (*walls, *reversed(walls), walls[0], walls[-1], walls[0]):
        assert calendar.active_at(wall) == active(WINDOWS, wall)
        assert calendar.next_edge_after(wall) == next_edge(WINDOWS, wall)


def test_a_year_s_edges_lead_through_every_occurrence() -> None:
    begin, end = z("2027-01-01"), z("2028-01-01")
    calendar, wall = Calendar(WINDOWS), begin
    seen = dict.fromkeys(calendar.active_at(wall))
    while (edge := calendar.next_edge_after(wall)) is not None and edge < end:
        assert calendar.active_at(edge) != calendar.active_at(edge - TICK)
        seen.update((occurrence, None) for occurrence in calendar.active_at(edge))
        wall = edge
    assert list(seen) == list(occurrences(WINDOWS, begin, end))


def test_a_calendar_refuses_a_naive_instant() -> None:
    with pytest.raises(ValueError, match="needs a zone"):
        Calendar(WINDOWS).active_at(datetime(2027, 1, 1))  # noqa: DTZ001


@pytest.mark.parametrize("minutes", range(-15, 16))
def test_a_restart_near_any_moment_is_found_and_no_other_window(minutes: int) -> None:
    calendar = Calendar(WINDOWS)
    edge = datetime.fromisoformat("1970-01-01T00:00:00+00:00") + 1488 * STRETCH  # where one stretch ends
    nights = [z("2027-03-14 03:45"), z("2027-03-15 03:45"), z("2027-11-08 04:45")]
    for wall in (*(night + minutes * MINUTE for night in nights), edge + minutes * MINUTE):
        asked = [at for night in range(-2, 3) for at in _restarts_of(wall + night * 24 * HOUR)]
        near = any(wall - 10 * MINUTE <= at <= wall + 5 * HOUR for at in asked)
        assert calendar.restart_within(wall, 10 * MINUTE, 5 * HOUR) is near, wall
    assert not Calendar(WINDOWS[1:]).restart_within(nights[0], 10 * MINUTE, 5 * HOUR)


def _restarts_of(wall: datetime) -> list[datetime]:
    """The restart of that day."""
    there = wall.astimezone(ZoneInfo(NEW_YORK))
    return [there.replace(hour=23, minute=45, second=0, microsecond=0).astimezone(UTC)]
