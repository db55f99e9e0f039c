"""The listing of what is coming: which openings belong to a span, the weekly logins, the changes of the clocks."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from supervisor.core.calendar.rules import SUNDAY, WEDNESDAY, Daily, Once
from supervisor.core.calendar.schedule import clock_changes, gateway_zone, logins_due, rows
from supervisor.core.calendar.windows import Explains, custom, daily_restart, maintenance, server_reset, weekly_restart

NEW_YORK = "America/New_York"
HOUR = timedelta(hours=1)


def z(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_rows_of_all_gateways_come_in_the_order_of_their_instants() -> None:
    gateways = [
        ("live", [daily_restart(time(23, 45), NEW_YORK), custom("a", Once(z("2027-01-02 04:45")), HOUR)]),
        ("hk", [daily_restart(time(12, 45), "Asia/Hong_Kong")]),
    ]
    found = [(r.gateway, r.occurrence.window.name, f"{r.occurrence.at:%d %H:%M}") for r in
             rows(gateways, z("2027-01-02"), z("2027-01-03 04:45"))]  # fmt: skip
    assert found == [
        ("hk", "daily_restart", "02 04:45"),
        ("live", "a", "02 04:45"),
        ("live", "daily_restart", "02 04:45"),
    ]


def test_the_order_is_that_of_the_instants_not_of_the_starts() -> None:
    reset = server_reset(Daily(time(12, 3), "UTC"), HOUR, Explains.UPSTREAM_FARMS)
    gateways = [("live", [reset, daily_restart(time(12), "UTC")])]
    found = [r.occurrence.window.name for r in rows(gateways, z("2027-01-01"), z("2027-01-02"))]
    assert found == ["daily_restart", "server_reset"]


def test_a_window_open_at_the_beginning_is_listed_and_one_only_leading_over_the_end_is_not() -> None:
    gateways = [("live", [daily_restart(time(12), "UTC")])]
    from_ = z("2027-01-01 12:04:59")
    found = rows(gateways, from_, z("2027-01-03 11:59:45"))
    assert [f"{r.occurrence.at:%d}" for r in found] == ["01", "02"]
    assert [f"{r.occurrence.at:%d}" for r in rows(gateways, z("2027-01-01 12:05"), z("2027-01-03 12:00"))] == ["02"]


def test_a_window_that_ends_at_its_instant_is_listed_from_that_instant_on() -> None:
    gateways = [("live", [daily_restart(time(12), "UTC", grace=timedelta(0))])]
    assert [f"{r.occurrence.at:%d}" for r in rows(gateways, z("2027-01-01 12:00"), z("2027-01-02 12:00"))] == ["01"]


def test_a_repeated_time_has_two_rows_and_a_missing_one_comes_later() -> None:
    half_past_one = [("live", [daily_restart(time(1, 30), NEW_YORK)])]
    found = rows(half_past_one, z("2027-11-07"), z("2027-11-08"))
    assert [(f"{r.occurrence.at:%H:%M}", r.occurrence.repetition) for r in found] == [("05:30", 1), ("06:30", 2)]
    half_past_two = [("live", [daily_restart(time(2, 30), NEW_YORK)])]
    (row,) = rows(half_past_two, z("2027-03-14"), z("2027-03-15"))
    assert row.occurrence.at == z("2027-03-14 07:30")


def test_the_login_is_due_at_the_first_restart_at_or_after_the_token_s_end() -> None:
    gateways = [
        ("sunday night", [daily_restart(time(23, 45), NEW_YORK)]),
        ("monday", [daily_restart(time(0, 15), NEW_YORK)]),
        ("noon", [daily_restart(time(23, 45), NEW_YORK), weekly_restart(SUNDAY, time(12), NEW_YORK)]),
        ("wednesday", [weekly_restart(WEDNESDAY, time(12), NEW_YORK)]),
        ("at the end", [daily_restart(time(1), NEW_YORK)]),
        ("never", [maintenance(z("2027-01-10 12:00"), HOUR)]),
    ]
    found = logins_due(gateways, z("2027-01-09"), z("2027-01-16"))
    assert {login.expiry for login in found} == {z("2027-01-10 06:00")}
    assert [(login.gateway, f"{login.at:%a %H:%M}") for login in found] == [
        ("at the end", "Sun 06:00"),
        ("noon", "Sun 17:00"),
        ("sunday night", "Mon 04:45"),
        ("monday", "Mon 05:15"),
        ("wednesday", "Wed 17:00"),
    ]


def test_a_login_due_after_the_span_s_beginning_is_listed_though_its_token_ended_before() -> None:
    gateways = [("live", [weekly_restart(SUNDAY, time(0, 30), NEW_YORK)])]
    (login,) = logins_due(gateways, z("2027-01-17"), z("2027-01-18"))
    assert (login.expiry, login.at) == (z("2027-01-10 06:00"), z("2027-01-17 05:30"))
    assert logins_due(gateways, z("2027-01-18"), z("2027-01-19")) == []


def test_on_the_sunday_with_two_one_o_clocks_the_token_ends_at_the_first() -> None:
    gateways = [("live", [daily_restart(time(23, 45), NEW_YORK)])]
    (login,) = logins_due(gateways, z("2027-11-07"), z("2027-11-09"))
    assert (login.expiry, login.at) == (z("2027-11-07 05:00"), z("2027-11-08 04:45"))


def test_the_gateway_s_zone_is_that_of_its_daily_restart_then_of_its_weekly_one() -> None:
    daily, weekly = daily_restart(time(1), NEW_YORK), weekly_restart(SUNDAY, time(1), "Asia/Tokyo")
    assert gateway_zone([weekly, daily]) == NEW_YORK
    assert gateway_zone([weekly]) == "Asia/Tokyo"
    assert gateway_zone([server_reset(Daily(time(1), "CET"), HOUR, Explains.UPSTREAM_FARMS)]) is None
    assert gateway_zone([]) is None


def test_changes_of_the_clocks_are_found_to_the_second_in_order() -> None:
    zones = ["Europe/London", NEW_YORK, "Australia/Lord_Howe", "Asia/Hong_Kong", NEW_YORK]
    found = [(change.zone, f"{change.at:%m-%d %H:%M:%S}", (change.after - change.before) / HOUR) for change in
             clock_changes(zones, z("2027-01-01"), z("2028-01-01"))]  # fmt: skip
    assert found == [
        (NEW_YORK, "03-14 07:00:00", 1),
        ("Europe/London", "03-28 01:00:00", 1),
        ("Australia/Lord_Howe", "04-03 15:00:00", -0.5),
        ("Australia/Lord_Howe", "10-02 15:30:00", 0.5),
        ("Europe/London", "10-31 01:00:00", -1),
        (NEW_YORK, "11-07 06:00:00", -1),
    ]


def test_a_change_belongs_to_the_span_that_has_its_instant() -> None:
    change, tick = z("2027-03-14 07:00"), timedelta.resolution
    assert [c.at for c in clock_changes([NEW_YORK], change, change + tick)] == [change]
    assert clock_changes([NEW_YORK], change + tick, change + HOUR) == []
    assert clock_changes([NEW_YORK], change - HOUR, change) == []
