"""A period as days of a zone: their books add up to those of the period, also where clocks change."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from supervisor.observe.journal.days import days_of
from supervisor.observe.journal.history import History, PastOutage, Stretch, totals_of

NEW_YORK = ZoneInfo("America/New_York")
HOUR = timedelta(hours=1)


def history(since: datetime, until: datetime, *outages: PastOutage, watched: tuple[Stretch, ...] = ()) -> History:
    seen = watched or ((since, until),)
    return History(since, until, outages, (totals_of("live", outages, seen, since, until),), {"live": seen})


def outage(began: datetime, seconds: float, *, planned: bool = False) -> PastOutage:
    return PastOutage("live", began, began + timedelta(seconds=seconds), "session", planned, seconds)


def test_a_day_is_that_of_the_zone_and_the_first_and_last_are_cut() -> None:
    since = datetime(2026, 11, 20, 12, tzinfo=UTC)
    found = days_of(history(since, since + timedelta(days=2)), "live", NEW_YORK)
    assert [day.day for day in found] == [date(2026, 11, 20), date(2026, 11, 21), date(2026, 11, 22)]
    assert found[0].start == since
    assert found[0].end == datetime(2026, 11, 21, 5, tzinfo=UTC)
    assert found[-1].end == since + timedelta(days=2)


@pytest.mark.parametrize(("day", "hours"), [("2026-11-01T04:00Z", 25), ("2027-03-14T05:00Z", 23)])
def test_a_day_on_which_clocks_change_has_another_length(day: str, hours: int) -> None:
    since = datetime.fromisoformat(day)
    first, _ = days_of(history(since, since + timedelta(hours=hours, minutes=1)), "live", NEW_YORK)
    assert first.end - first.start == hours * HOUR
    assert first.totals.observed == hours * 3600


def test_a_day_that_an_island_skipped_is_none() -> None:
    since = datetime(2011, 12, 29, 10, tzinfo=UTC)
    found = days_of(history(since, since + timedelta(days=2)), "live", ZoneInfo("Pacific/Apia"))
    assert [day.day.day for day in found] == [29, 31]
    assert sum((day.end - day.start for day in found), timedelta()) == timedelta(days=2)


def test_the_books_of_the_days_add_up_to_those_of_the_period() -> None:
    since = datetime(2026, 11, 20, tzinfo=UTC)
    midnight = since + timedelta(days=1)
    found = history(
        since,
        since + timedelta(days=3),
        outage(since + HOUR, 60),
        outage(midnight - timedelta(seconds=40), 100, planned=True),
        watched=((since, midnight + HOUR), (midnight + 5 * HOUR, since + timedelta(days=3))),
    )
    days = days_of(found, "live", UTC)
    (whole,) = found.totals
    for book in ("observed", "unobserved", "planned", "unplanned"):
        assert sum(getattr(day.totals, book) for day in days) == pytest.approx(getattr(whole, book)), book
    assert [day.totals.planned for day in days] == [40, 60, 0]
    assert [day.totals.planned_outages for day in days] == [1, 1, 0], "one over midnight is one on each day"
    assert days[1].totals.unobserved == 4 * 3600


def test_an_outage_that_goes_on_is_in_every_day_since() -> None:
    since = datetime(2026, 11, 20, tzinfo=UTC)
    lasts = PastOutage("live", since + 23 * HOUR, None, "port", False, 26 * 3600.0)
    days = days_of(history(since, since + timedelta(days=2, hours=1), lasts), "live", UTC)
    assert [day.totals.unplanned for day in days] == [3600, 86400, 3600]
