"""IBKR's reset tables: what the files say is what the windows are."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from supervisor.config.values.resets import REGIONS, newest, reset_notes, reset_windows, tables
from supervisor.core.calendar.schedule import rows
from supervisor.core.calendar.windows import Explains, Window, active, occurrences

OLDER, NEWER = date(2024, 12, 20), date(2027, 1, 1)


def z(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def spans(windows: tuple[Window, ...], from_: str, until: str) -> list[str]:
    """The spans of the table, without lead and grace."""
    return [f"{o.at:%a %H:%M}-{o.end:%H:%M}" for o in occurrences(windows, z(from_), z(until))]


def test_both_published_tables_come_with_the_package_the_oldest_first() -> None:
    assert [table.id for table in tables()] == ["ibkr-2024-12-15", "ibkr-after-2024-12"]
    assert [table.valid_from for table in tables()] == [date(2024, 12, 15), date(2025, 1, 1)]
    for table in tables():
        assert table.source.startswith("https://")
        assert tuple(table.regions) == REGIONS


def test_the_newest_table_that_is_valid_counts_and_before_all_the_oldest() -> None:
    assert newest(tables(), date(2024, 12, 31)).id == "ibkr-2024-12-15"
    assert newest(tables(), date(2025, 1, 1)).id == "ibkr-after-2024-12"
    assert newest(tables(), date(2030, 1, 1)).id == "ibkr-after-2024-12"
    assert newest(tables(), date(2020, 1, 1)).id == "ibkr-2024-12-15"


# A week in January 2027 (winter time everywhere), from Saturday 12:00Z


@pytest.mark.parametrize(
    ("on", "region", "expected"),
    [
        (NEWER, "north_america", ["Sun 05:15-06:45", "Mon 05:15-06:45", "Tue 05:15-06:45", "Wed 05:15-06:45",
                                  "Thu 05:15-06:45", "Fri 05:15-06:45"]),
        (NEWER, "europe", ["Sun 05:25-06:45", "Mon 05:25-06:45", "Tue 05:25-06:45", "Wed 05:25-06:45",
                           "Thu 05:25-06:45", "Fri 05:25-06:45"]),
        (NEWER, "asia_pacific", ["Sat 20:45-22:05", "Sat 21:45-23:05", "Sun 12:15-13:15", "Sun 20:45-22:05",
                                 "Sun 21:45-23:05", "Mon 12:15-13:15", "Mon 20:45-22:05", "Mon 21:45-23:05",
                                 "Tue 12:15-13:15", "Tue 20:45-22:05", "Tue 21:45-23:05", "Wed 12:15-13:15",
                                 "Wed 20:45-22:05", "Wed 21:45-23:05", "Thu 12:15-13:15", "Thu 20:45-22:05",
                                 "Thu 21:45-23:05", "Fri 12:15-13:15"]),
        (OLDER, "north_america", ["Sun 04:45-05:45", "Mon 04:45-05:45", "Tue 04:45-05:45", "Wed 04:45-05:45",
                                  "Thu 04:45-05:45", "Fri 04:45-05:45"]),
        (OLDER, "europe", ["Sun 04:45-05:45", "Mon 04:45-05:45", "Tue 04:45-05:45", "Wed 04:45-05:45",
                           "Thu 04:45-05:45"]),
        (OLDER, "asia_pacific", ["Sat 12:15-13:00", "Sat 21:45-22:45", "Sun 12:15-13:00", "Sun 21:45-22:45",
                                 "Mon 12:15-13:00", "Mon 21:45-22:45", "Tue 12:15-13:00", "Tue 21:45-22:45",
                                 "Wed 12:15-13:00", "Wed 21:45-22:45", "Thu 12:15-13:00", "Thu 21:45-22:45"]),
    ],
)  # fmt: skip
def test_the_daily_spans_of_a_region_are_those_of_the_page(on: date, region: str, expected: list[str]) -> None:
    daily = reset_windows(region, on)[:-1]
    assert spans(daily, "2027-01-02 12:00", "2027-01-09 03:00") == expected


def test_north_america_s_older_span_crosses_midnight_and_leaves_out_friday_night() -> None:
    (daily, _) = reset_windows("north_america", OLDER)
    assert active([daily], z("2027-01-08 05:30"))  # Friday 00:30 New York: Thursday's span
    assert not active([daily], z("2027-01-09 05:30"))  # Saturday 00:30 New York: Friday has none
    assert active([daily], z("2027-01-10 05:30"))  # Sunday 00:30 New York: Saturday's span


def test_europe_s_spans_follow_summer_time() -> None:
    (daily, _) = reset_windows("europe", NEWER)
    assert spans((daily,), "2027-07-05 00:00", "2027-07-06 00:00") == ["Mon 04:25-05:45"]


def test_asia_s_first_reset_is_planned_until_7_05_hong_kong_in_new_york_s_winter_and_6_05_in_its_summer() -> None:
    daily = reset_windows("asia_pacific", NEWER)[:-1]
    hong_kong = ZoneInfo("Asia/Hong_Kong")

    def ends(day: str) -> set[str]:
        found = occurrences(daily, z(f"{day} 20:00"), z(f"{day} 23:00"))
        return {f"{o.end.astimezone(hong_kong):%H:%M}" for o in found}

    assert ends("2027-01-05") == {"06:05", "07:05"}
    assert ends("2027-07-06") == {"06:05"}


def test_what_two_readings_of_a_page_say_alike_is_listed_once() -> None:
    gateways = [("live", reset_windows("asia_pacific", NEWER))]
    summer = rows(gateways, z("2027-07-06 12:00"), z("2027-07-07 12:00"))
    assert [f"{row.occurrence.at:%H:%M}" for row in summer] == ["12:15", "20:45"]
    winter = rows(gateways, z("2027-01-05 12:00"), z("2027-01-06 12:00"))
    assert [f"{row.occurrence.at:%H:%M}" for row in winter] == ["12:15", "20:45", "21:45"]


def test_what_is_not_clear_of_a_region_is_a_note() -> None:
    assert reset_notes(["north_america", "europe"], NEWER) == ()
    (note,) = reset_notes(["asia_pacific"], NEWER)
    assert "an hour later" in note


@pytest.mark.parametrize("on", [OLDER, NEWER])
def test_the_weekend_is_friday_23_to_saturday_3_new_york_and_explains_every_layer(on: date) -> None:
    (weekend,) = reset_windows(None, on)
    assert weekend.explains is Explains.EVERY_LAYER
    assert spans((weekend,), "2027-01-04", "2027-01-18") == ["Sat 04:00-08:00", "Sat 04:00-08:00"]
    assert spans((weekend,), "2027-07-05", "2027-07-12") == ["Sat 03:00-07:00"]


def test_every_reset_is_named_so_with_five_minutes_lead_and_fifteen_of_grace() -> None:
    for window in reset_windows(REGIONS, NEWER):
        assert (window.name, window.lead, window.grace) == ("server_reset", timedelta(minutes=5), timedelta(minutes=15))


def test_daily_resets_explain_upstream_and_farms_alone() -> None:
    *daily, _ = reset_windows(REGIONS, NEWER)
    assert {window.explains for window in daily} == {Explains.UPSTREAM_FARMS}


def test_none_has_no_window_at_all_and_no_setting_has_the_weekend_alone() -> None:
    assert reset_windows("none", NEWER) == ()
    assert len(reset_windows(None, NEWER)) == 1
    assert reset_windows([], NEWER) == reset_windows(None, NEWER)


def test_a_list_of_regions_has_the_windows_of_each_once_and_one_weekend() -> None:
    both = reset_windows(["europe", "asia_pacific", "europe"], NEWER)
    europe, asia = reset_windows("europe", NEWER), reset_windows("asia_pacific", NEWER)
    assert both == (*europe[:-1], *asia)


def test_an_unknown_region_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"'apac' is not one of north_america, europe, asia_pacific, none"):
        reset_windows("apac", NEWER)
    with pytest.raises(ValueError, match="none stands alone"):
        reset_windows(["none", "europe"], NEWER)
