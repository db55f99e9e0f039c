"""The calendar's rules, one claim a test, around the days on which clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta, timezone
from itertools import islice
from zoneinfo import ZoneInfo

import pytest

from supervisor.core.calendar.rules import (
    FRIDAY,
    MONDAY,
    SATURDAY,
    SUNDAY,
    Daily,
    Moment,
    Once,
    Rule,
    Weekly,
    clock_time,
    utc,
    weekday_of,
    weekly_time,
    zone_of,
)
from supervisor.core.calendar.windows import (
    Explains,
    Window,
    WindowKind,
    active,
    custom,
    daily_restart,
    first_at,
    maintenance,
    next_edge,
    next_start,
    occurrences,
    server_reset,
    weekly_restart,
)

NEW_YORK = "America/New_York"
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
TICK = timedelta.resolution


def z(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def moments(rule: Rule, from_: str, count: int) -> list[tuple[str, int]]:
    return [(f"{moment.at:%Y-%m-%d %H:%M}", moment.repetition) for moment in islice(rule.moments(z(from_)), count)]


# Times of day on the days when clocks change


@pytest.mark.parametrize(
    ("zone", "at", "day", "expected"),
    [
        # New York: 02:00 to 03:00 on 2027-03-14, 02:00 back to 01:00 on 2027-11-07
        (NEW_YORK, "23:45", "2027-03-13", ["2027-03-14 04:45", "2027-03-15 03:45"]),
        (NEW_YORK, "01:59", "2027-03-14", ["2027-03-14 06:59", "2027-03-15 05:59"]),
        (NEW_YORK, "02:00", "2027-03-14", ["2027-03-14 07:00", "2027-03-15 06:00"]),
        (NEW_YORK, "02:30", "2027-03-14", ["2027-03-14 07:30", "2027-03-15 06:30"]),
        (NEW_YORK, "03:00", "2027-03-14", ["2027-03-14 07:00", "2027-03-15 07:00"]),
        (NEW_YORK, "00:59", "2027-11-07", ["2027-11-07 04:59", "2027-11-08 05:59"]),
        (NEW_YORK, "01:00", "2027-11-07", ["2027-11-07 05:00", "2027-11-07 06:00", "2027-11-08 06:00"]),
        (NEW_YORK, "01:30", "2027-11-07", ["2027-11-07 05:30", "2027-11-07 06:30", "2027-11-08 06:30"]),
        (NEW_YORK, "02:00", "2027-11-07", ["2027-11-07 07:00", "2027-11-08 07:00"]),
        (NEW_YORK, "23:45", "2027-11-07", ["2027-11-08 04:45", "2027-11-09 04:45"]),
        # London: 01:00 to 02:00 on 2027-03-28, 02:00 back to 01:00 on 2027-10-31
        ("Europe/London", "01:30", "2027-03-28", ["2027-03-28 01:30", "2027-03-29 00:30"]),
        ("Europe/London", "01:30", "2027-10-31", ["2027-10-31 00:30", "2027-10-31 01:30", "2027-11-01 01:30"]),
        ("Europe/London", "23:58", "2027-10-30", ["2027-10-30 22:58", "2027-10-31 23:58"]),
        # Hong Kong never changes
        ("Asia/Hong_Kong", "02:30", "2027-03-14", ["2027-03-13 18:30", "2027-03-14 18:30"]),
        ("Asia/Hong_Kong", "02:30", "2027-11-07", ["2027-11-06 18:30", "2027-11-07 18:30"]),
        # Sydney: 03:00 back to 02:00 on 2027-04-04, 02:00 to 03:00 on 2027-10-03
        ("Australia/Sydney", "02:30", "2027-04-04", ["2027-04-03 15:30", "2027-04-03 16:30", "2027-04-04 16:30"]),
        ("Australia/Sydney", "02:30", "2027-10-03", ["2027-10-02 16:30", "2027-10-03 15:30"]),
        # Lord Howe jumps by half an hour: 02:00 back to 01:30 on 2027-04-04, 02:00 to 02:30 on 2027-10-03
        ("Australia/Lord_Howe", "01:45", "2027-04-04", ["2027-04-03 14:45", "2027-04-03 15:15", "2027-04-04 15:15"]),
        ("Australia/Lord_Howe", "02:10", "2027-10-03", ["2027-10-02 15:40", "2027-10-03 15:10"]),
        # Cairo jumps at midnight, so the missing time is on the wall of the same day: 00:00 to 01:00 on 2027-04-30,
        # and 00:00 back to 23:00 of the day before on 2027-10-29
        ("Africa/Cairo", "00:15", "2027-04-30", ["2027-04-29 22:15", "2027-04-30 21:15"]),
        ("Africa/Cairo", "23:30", "2027-10-28", ["2027-10-28 20:30", "2027-10-28 21:30", "2027-10-29 21:30"]),
        ("Africa/Cairo", "00:00", "2027-10-29", ["2027-10-28 22:00", "2027-10-29 22:00"]),
        # Casablanca goes back for Ramadan and forward after it, twice in five weeks
        ("Africa/Casablanca", "02:30", "2027-02-07", ["2027-02-07 01:30", "2027-02-07 02:30", "2027-02-08 02:30"]),
        ("Africa/Casablanca", "02:30", "2027-03-14", ["2027-03-14 02:30", "2027-03-15 01:30"]),
        # Samoa skipped 2011-12-30 whole: that day's time is the next day's
        ("Pacific/Apia", "10:00", "2011-12-29", ["2011-12-29 20:00", "2011-12-30 20:00", "2011-12-31 20:00"]),
    ],
)
def test_a_missing_time_comes_later_by_the_jump_and_a_repeated_time_twice(
    zone: str, at: str, day: str, expected: list[str]
) -> None:
    midnight = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(zone))
    found = islice(Daily(clock_time(at), zone).moments(utc(midnight)), len(expected))
    assert [f"{moment.at:%Y-%m-%d %H:%M}" for moment in found] == expected


def test_the_two_instants_of_a_repeated_time_say_which_they_are() -> None:
    rule = Daily(time(1, 30), NEW_YORK)
    assert moments(rule, "2027-11-06", 4) == [
        ("2027-11-06 05:30", 0),
        ("2027-11-07 05:30", 1),
        ("2027-11-07 06:30", 2),
        ("2027-11-08 06:30", 0),
    ]


def test_moments_begin_with_the_instant_asked_for() -> None:
    rule = Daily(time(2, 30), NEW_YORK)
    at = z("2027-03-14 07:30")
    assert next(rule.moments(at)).at == at
    assert next(rule.moments(at + TICK)).at == z("2027-03-15 06:30")


def test_the_day_of_a_weekly_rule_is_the_day_in_its_zone() -> None:
    assert moments(Weekly(MONDAY, time(1), "Asia/Hong_Kong"), "2027-01-01", 2) == [
        ("2027-01-03 17:00", 0),
        ("2027-01-10 17:00", 0),
    ]


def test_a_daily_rule_may_leave_days_out() -> None:
    rule = Daily(time(12), "UTC", (FRIDAY, SUNDAY))
    assert moments(rule, "2027-01-01", 3) == [("2027-01-01 12:00", 0), ("2027-01-03 12:00", 0), ("2027-01-08 12:00", 0)]


def test_a_weekly_time_that_occurs_twice_happens_twice() -> None:
    rule = Weekly(SUNDAY, time(1), NEW_YORK)
    assert moments(rule, "2027-11-07", 3) == [("2027-11-07 05:00", 1), ("2027-11-07 06:00", 2), ("2027-11-14 06:00", 0)]


def test_a_single_instant_happens_once_and_is_kept_in_utc() -> None:
    rule = Once(datetime(2027, 3, 14, 3, 30, tzinfo=ZoneInfo(NEW_YORK)))
    assert rule.at.tzinfo is UTC
    assert list(rule.moments(z("2027-03-14 07:30"))) == [Moment(z("2027-03-14 07:30"), 0)]
    assert list(rule.moments(z("2027-03-14 07:30") + TICK)) == []


def test_the_fold_of_a_rule_s_time_means_nothing() -> None:
    folded = Daily(time(1, 30, fold=1), NEW_YORK)
    assert moments(folded, "2027-11-07", 2) == moments(Daily(time(1, 30), NEW_YORK), "2027-11-07", 2)


@pytest.mark.parametrize("name", ["Mars/Phobos", "", "America", "../UTC", "/etc/passwd", "EST5EDT4"])
def test_an_unknown_zone_is_a_value_error(name: str) -> None:
    with pytest.raises(ValueError, match="no time zone"):
        zone_of(name)
    with pytest.raises(ValueError, match="no time zone"):
        Daily(time(1), name)
    with pytest.raises(ValueError, match="no time zone"):
        Weekly(MONDAY, time(1), name)


def test_a_rule_refuses_what_makes_no_sense() -> None:
    with pytest.raises(ValueError, match="none of its own"):
        Daily(time(1, tzinfo=UTC), NEW_YORK)
    for days in ((), (7,), (-1, 0)):
        with pytest.raises(ValueError, match="days are numbers"):
            Daily(time(1), NEW_YORK, days)
    with pytest.raises(ValueError, match="weekday is a number"):
        Weekly(7, time(1), NEW_YORK)
    with pytest.raises(ValueError, match="needs a zone"):
        Once(datetime(2027, 1, 1))  # noqa: DTZ001


def test_days_and_times_are_read_from_words() -> None:
    assert weekday_of("Sunday") == weekday_of("sun") == weekday_of(" SUN ") == SUNDAY
    assert weekly_time("Sat 04:00") == (SATURDAY, time(4))
    assert weekly_time("friday  23:59:30") == (FRIDAY, time(23, 59, 30))


@pytest.mark.parametrize("text", ["24:00", "2:00", "02:60", "0200", "02", "", "02:00Z", "02:00:00.5", "٠٢:٠٠"])
def test_a_time_of_day_is_two_digits_colon_two_digits(text: str) -> None:
    with pytest.raises(ValueError, match="not a time of day"):
        clock_time(text)


@pytest.mark.parametrize("text", ["04:00", "Sat", "Satur 04:00", ""])
def test_a_weekly_time_needs_a_day_and_a_time(text: str) -> None:
    with pytest.raises(ValueError, match="not a"):
        weekly_time(text)


# Windows and their occurrences


def test_a_window_is_active_from_its_start_until_it_is_no_longer_planned() -> None:
    window = daily_restart(time(23, 45), NEW_YORK)
    at = z("2027-01-13 04:45")
    (occurrence,) = active([window], at)
    assert (occurrence.at, occurrence.end) == (at, at)
    assert (occurrence.start, occurrence.planned_until) == (at - timedelta(seconds=30), at + 5 * MINUTE)
    assert active([window], occurrence.start - TICK) == ()
    assert active([window], occurrence.start) == (occurrence,)
    assert active([window], occurrence.planned_until - TICK) == (occurrence,)
    assert active([window], occurrence.planned_until) == ()
    assert occurrence.contains(occurrence.start)
    assert not occurrence.contains(occurrence.planned_until)


def test_the_missing_half_past_two_opens_at_half_past_seven_utc() -> None:
    window = daily_restart(time(2, 30), NEW_YORK)
    assert [occurrence.at for occurrence in active([window], z("2027-03-14 07:30"))] == [z("2027-03-14 07:30")]
    assert active([window], z("2027-03-14 06:30")) == ()


def test_a_repeated_time_opens_its_window_at_both() -> None:
    window = daily_restart(time(1, 30), NEW_YORK)
    first, second = occurrences([window], z("2027-11-07 00:00"), z("2027-11-08 00:00"))
    assert (first.at, first.repetition) == (z("2027-11-07 05:30"), 1)
    assert (second.at, second.repetition) == (z("2027-11-07 06:30"), 2)
    assert active([window], z("2027-11-07 06:00")) == ()


def test_lead_length_and_grace_are_elapsed_time_across_a_change_of_the_clocks() -> None:
    reset = server_reset(Daily(time(0, 15), NEW_YORK), 90 * MINUTE, Explains.UPSTREAM_FARMS)
    (occurrence,) = active([reset], z("2027-11-07 05:00"))
    assert occurrence.end - occurrence.at == 90 * MINUTE
    assert occurrence.planned_until == z("2027-11-07 06:00")


def test_a_window_spans_midnight() -> None:
    window = server_reset(Daily(time(23, 45), "UTC"), HOUR, Explains.UPSTREAM_FARMS)
    (occurrence,) = active([window], z("2027-01-02 00:30"))
    assert occurrence.at == z("2027-01-01 23:45")
    assert occurrence.end == z("2027-01-02 00:45")


def test_windows_longer_than_their_period_overlap_themselves() -> None:
    window = custom("long", Daily(time(0), "UTC"), 30 * HOUR)
    assert [o.at.day for o in active([window], z("2027-01-02 03:00"))] == [1, 2]
    assert [o.at.day for o in active([window], z("2027-01-02 06:00"))] == [2]


def test_occurrences_of_several_windows_come_in_the_order_of_their_starts() -> None:
    windows = [
        daily_restart(time(0), "UTC"),
        weekly_restart(SUNDAY, time(0), "UTC", lead=2 * MINUTE),
        maintenance(z("2027-01-02 23:59"), HOUR),
    ]
    found = [(o.window.name, o.start) for o in occurrences(windows, z("2027-01-02 12:00"), z("2027-01-04 12:00"))]
    assert found == [
        ("weekly_restart", z("2027-01-02 23:58")),
        ("maintenance", z("2027-01-02 23:59")),
        ("daily_restart", z("2027-01-02 23:59:30")),
        ("daily_restart", z("2027-01-03 23:59:30")),
    ]


def test_instants_of_any_zone_are_understood_and_naive_ones_refused() -> None:
    window = daily_restart(time(1, 30), NEW_YORK)
    second = datetime(2027, 11, 7, 1, 30, fold=1, tzinfo=ZoneInfo(NEW_YORK))
    assert [o.repetition for o in active([window], second)] == [2]
    assert [o.repetition for o in active([window], second.replace(fold=0))] == [1]
    assert next_start(window, second.astimezone(timezone(5 * HOUR))) == z("2027-11-08 06:29:30")
    for ask in (active, next_edge, first_at):
        with pytest.raises(ValueError, match="needs a zone"):
            ask([window], datetime(2027, 1, 1))  # noqa: DTZ001


def test_the_next_start_is_later_than_now_also_while_the_window_is_open() -> None:
    window = daily_restart(time(12), "UTC")
    start = z("2027-01-01 11:59:30")
    assert next_start(window, start - TICK) == start
    assert next_start(window, start) == start + 24 * HOUR
    assert next_start(window, z("2027-01-01 12:00")) == start + 24 * HOUR


def test_edges_are_the_openings_and_closings() -> None:
    windows = [daily_restart(time(12), "UTC"), maintenance(z("2027-01-01 12:01"), 10 * MINUTE)]
    edges: list[str] = []
    edge = next_edge(windows, z("2027-01-01 00:00"))
    while edge is not None and len(edges) < 5:
        edges.append(f"{edge:%d %H:%M:%S}")
        edge = next_edge(windows, edge)
    assert edges == ["01 11:59:30", "01 12:01:00", "01 12:05:00", "01 12:11:00", "02 11:59:30"]


def test_after_the_last_single_instant_there_are_no_more_edges() -> None:
    window = maintenance(z("2027-01-01 12:00"), HOUR)
    assert next_edge([window], z("2027-01-01 12:00")) == z("2027-01-01 13:00")
    assert next_edge([window], z("2027-01-01 13:00")) is None
    assert next_start(window, z("2027-01-01 12:00")) is None
    assert next_edge([], z("2027-01-01 12:00")) is None
    assert list(occurrences([], z("2027-01-01"), z("2028-01-01"))) == []


def test_the_next_restart_is_the_first_at_or_after() -> None:
    windows = [daily_restart(time(23, 45), NEW_YORK), weekly_restart(SUNDAY, time(12), NEW_YORK)]
    expiry = z("2027-03-14 06:00")
    due = first_at(windows, expiry)
    assert due is not None
    assert (due.window.kind, due.at) == (WindowKind.WEEKLY_RESTART, z("2027-03-14 16:00"))
    assert first_at(windows, due.at) == due
    after = first_at(windows, due.at + TICK)
    assert after is not None
    assert (after.window.kind, after.at) == (WindowKind.DAILY_RESTART, z("2027-03-15 03:45"))
    assert first_at([], expiry) is None


@pytest.mark.parametrize(
    ("window", "explains"),
    [
        (daily_restart(time(1), "UTC"), Explains.EVERY_LAYER),
        (weekly_restart(SUNDAY, time(1), "UTC"), Explains.EVERY_LAYER),
        (custom("move", Once(z("2027-01-01")), HOUR), Explains.EVERY_LAYER),
        (maintenance(z("2027-01-01"), HOUR), Explains.EVERY_LAYER),
        (server_reset(Daily(time(1), "UTC"), HOUR, Explains.UPSTREAM_FARMS), Explains.UPSTREAM_FARMS),
    ],
)
def test_each_window_says_what_it_explains(window: Window, explains: Explains) -> None:
    assert window.explains is explains


def test_a_window_s_durations_are_those_of_the_contract() -> None:
    table = {
        daily_restart(time(1), "UTC"): (30, 0, 300),
        weekly_restart(SUNDAY, time(1), "UTC"): (30, 0, 300),
        server_reset(Daily(time(1), "UTC"), HOUR, Explains.UPSTREAM_FARMS): (300, 3600, 900),
        custom("move", Once(z("2027-01-01")), HOUR): (0, 3600, 0),
        maintenance(z("2027-01-01"), HOUR): (0, 3600, 0),
    }
    for window, seconds in table.items():
        assert tuple(d.total_seconds() for d in (window.lead, window.length, window.grace)) == seconds


def test_a_window_refuses_what_makes_no_sense() -> None:
    rule = Daily(time(1), "UTC")
    with pytest.raises(ValueError, match="not negative"):
        custom("move", rule, -HOUR)
    with pytest.raises(ValueError, match="never be open"):
        custom("move", rule, timedelta(0))
    with pytest.raises(ValueError, match="is named server_reset"):
        Window("asia", WindowKind.SERVER_RESET, rule, HOUR, HOUR, HOUR)
    for name in ("", "daily_restart", "weekly_restart", "server_reset", "maintenance"):
        with pytest.raises(ValueError, match="cannot be named"):
            custom(name, rule, HOUR)
