"""`ib-supervisor schedule`: what is printed, for programs, for calendars, for people."""

from __future__ import annotations

import io
import json
import os
import re
import time as clock
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import typer
from typer.testing import CliRunner, Result

from supervisor.commands.planning.schedule import Form, as_ics, as_json, local_zone, parse_from, schedule, show
from supervisor.core.calendar.rules import Once
from supervisor.core.calendar.schedule import Gateways, logins_due, rows
from supervisor.core.calendar.windows import custom, daily_restart

NEW_YORK = "America/New_York"
NOW = datetime(2027, 1, 1, 12, tzinfo=UTC)


def z(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.fixture(autouse=True)
def _in_london(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/London")
    monkeypatch.delenv("COLUMNS", raising=False)
    clock.tzset()
    yield
    monkeypatch.undo()
    clock.tzset()


def shown(gateways: Gateways, form: Form, from_: str, days: int) -> str:
    out = io.StringIO()
    show(gateways, form, z(from_), days, NOW, out)
    return out.getvalue()


def table(gateways: Gateways, from_: str, days: int) -> list[list[str]]:
    lines = shown(gateways, Form.TABLE, from_, days).splitlines()
    return [re.split(r"\s{2,}", line.strip()) for line in lines if line.strip()]


HALF_PAST_TWO: Gateways = [("live", [daily_restart(time(2, 30), NEW_YORK)])]
HALF_PAST_ONE: Gateways = [("live", [daily_restart(time(1, 30), NEW_YORK)])]


# For programs


def test_json_is_a_list_of_exactly_these_keys_in_utc() -> None:
    assert json.loads(shown(HALF_PAST_TWO, Form.JSON, "2027-03-14", 1)) == [
        {
            "gateway": "live",
            "window": "daily_restart",
            "at": "2027-03-14T07:30:00Z",
            "start": "2027-03-14T07:29:30Z",
            "end": "2027-03-14T07:30:00Z",
            "planned_until": "2027-03-14T07:35:00Z",
        }
    ]


def test_json_is_sorted_by_the_instant_over_all_gateways() -> None:
    gateways = [*HALF_PAST_TWO, ("hk", [daily_restart(time(2, 30), "Asia/Hong_Kong")])]
    instants = [row["at"] for row in json.loads(shown(gateways, Form.JSON, "2027-03-12", 7))]
    assert instants == sorted(instants)
    assert len(instants) == 14


def test_json_of_nothing_is_an_empty_list() -> None:
    assert json.loads(shown([], Form.JSON, "2027-03-12", 7)) == []
    assert as_json([]) == "[]"


# For calendars


def unfolded(text: str) -> list[str]:
    assert text.endswith("\r\n")
    assert "\n" not in text.replace("\r\n", "")
    return text.replace("\r\n ", "").removesuffix("\r\n").split("\r\n")


def test_the_calendar_file_has_an_event_from_each_start_until_it_is_no_longer_planned() -> None:
    lines = unfolded(shown([("live", [custom("move", Once(z("2027-03-14 10:00")), timedelta(hours=2))])],
                           Form.ICS, "2027-03-14", 1))  # fmt: skip
    assert lines == [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//ib-supervisor//schedule//EN",
        "X-WR-CALNAME:ib-supervisor",
        "BEGIN:VEVENT",
        "UID:live-move-20270314T100000Z-20270314T120000Z@ib-supervisor",
        "DTSTAMP:20270101T120000Z",
        "DTSTART:20270314T100000Z",
        "DTEND:20270314T120000Z",
        "SUMMARY:live: move",
        r"DESCRIPTION:at 2027-03-14T10:00:00Z\, planned until 2027-03-14T12:00:00Z",
        "TRANSP:TRANSPARENT",
        "END:VEVENT",
        "END:VCALENDAR",
    ]


def test_the_calendar_file_says_when_the_weekly_login_is_due() -> None:
    lines = unfolded(shown(HALF_PAST_TWO, Form.ICS, "2027-03-14", 1))
    begin = lines.index("SUMMARY:live: weekly login due")
    assert lines[begin - 3 : begin] == [
        "UID:live-login-20270314T073000Z@ib-supervisor",
        "DTSTAMP:20270101T120000Z",
        "DTSTART:20270314T073000Z",
    ]
    assert "needs a login" in lines[begin + 1]


def test_uids_are_unique_and_the_same_from_one_day_to_the_next() -> None:
    def uids(from_: str) -> list[str]:
        text = shown(HALF_PAST_ONE, Form.ICS, from_, 14)
        return [line for line in unfolded(text) if line.startswith("UID:")]

    first, later = uids("2027-11-01"), uids("2027-11-02")
    assert len(set(first)) == len(first)
    assert set(first[1:13]) <= set(later)


def test_the_two_windows_of_a_repeated_time_are_two_events_that_say_so() -> None:
    text = "\n".join(unfolded(shown(HALF_PAST_ONE, Form.ICS, "2027-11-07", 1)))
    assert text.count("SUMMARY:live: daily_restart") == 2
    assert "(first of two)" in text
    assert "(second of two)" in text


def test_equal_windows_are_one_event() -> None:
    twice = [("live", [*HALF_PAST_TWO[0][1], *HALF_PAST_TWO[0][1]])]
    text = shown(twice, Form.ICS, "2027-03-12", 1)
    assert text.count("BEGIN:VEVENT") == 1


def test_no_line_of_the_calendar_file_is_longer_than_75_octets_nor_cuts_a_character() -> None:
    name = "Wartung; größer, länger \\ 保守作業" * 6
    gateways = [("live", [custom(name, Once(z("2027-03-14 10:00")), timedelta(hours=2))])]
    text = as_ics(rows(gateways, z("2027-03-14"), z("2027-03-15")), logins_due(gateways, NOW, NOW), NOW)
    assert all(len(part.encode()) <= 75 for part in text.split("\r\n"))
    escaped = name.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    assert f"SUMMARY:live: {escaped}" in unfolded(text)


def test_a_line_feed_in_a_name_stays_inside_its_line() -> None:
    gateways = [("live", [custom("a\nEND:VCALENDAR", Once(z("2027-03-14 10:00")), timedelta(hours=2))])]
    assert unfolded(shown(gateways, Form.ICS, "2027-03-14", 1)).count("END:VCALENDAR") == 1


# For people


def test_the_table_has_the_gateway_s_clock_utc_new_york_and_local_time() -> None:
    hong_kong = [("hk", [daily_restart(time(2, 30), "Asia/Hong_Kong")])]
    summary, title, line = table(hong_kong, "2027-01-05", 1)
    assert summary == ["1 window until 2027-01-06 00:00Z; next: daily_restart of hk at 2027-01-05 18:30Z"]
    assert title == ["GATEWAY", "WINDOW", "ITS ZONE", "UTC", "NEW YORK", "LOCAL", "PLANNED UNTIL"]
    assert line == [
        "hk", "daily_restart", "Wed 02:30 HKT", "2027-01-05 18:30", "Tue 13:30 EST", "Tue 18:30 GMT", "Wed 02:35 HKT",
    ]  # fmt: skip


def test_the_table_marks_the_change_of_the_clocks_and_the_time_that_does_not_exist() -> None:
    _, _, change, restart, login = table(HALF_PAST_TWO, "2027-03-14", 1)
    assert change[-1] == "America/New_York: forward from 02:00 to 03:00"
    assert restart[2:4] == ["Sun 03:30 EDT", "2027-03-14 07:30"]
    assert restart[-1] == "02:30 does not exist that day"
    assert login[:2] == ["live", "login due"]
    assert login[-1] == "unless done since Sun 01:00 EST"


def test_the_table_marks_both_of_a_repeated_time_around_the_change() -> None:
    _, _, first, login, change, second = table(HALF_PAST_ONE, "2027-11-07", 1)
    assert (first[2], first[-1]) == ("Sun 01:30 EDT", "first of two")
    assert login[1] == "login due"
    assert change[-1] == "America/New_York: back from 02:00 to 01:00"
    assert (second[2], second[-1]) == ("Sun 01:30 EST", "second of two")


def test_the_table_marks_the_change_of_the_local_clocks() -> None:
    lines = table(HALF_PAST_TWO, "2027-03-28", 1)
    assert [line[-1] for line in lines if line[0] == "clocks change"] == ["Europe/London: forward from 01:00 to 02:00"]


def test_the_table_says_that_a_window_is_open_already() -> None:
    _, _, line = table(HALF_PAST_TWO, "2027-01-05 07:31", 0)
    assert line[-1] == "already open"


def test_a_gateway_without_a_restart_has_no_clock_of_its_own() -> None:
    gateways = [("live", [custom("[bold]", Once(z("2027-01-05 10:00:30")), timedelta(hours=2))])]
    _, _, line = table(gateways, "2027-01-05", 1)
    assert line == ["live", "[bold]", "2027-01-05 10:00:30", "Tue 05:00:30 EST", "Tue 10:00:30 GMT", "Tue 12:00:30 UTC"]


@pytest.mark.parametrize("columns", [40, 80])
def test_what_does_not_fit_the_terminal_stands_below_its_row(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    lines = shown(HALF_PAST_TWO, Form.TABLE, "2027-03-14", 1).splitlines()
    assert max(map(len, lines)) <= columns
    text = " ".join(" ".join(lines).split())
    assert "02:30 does not exist that day" in text
    assert "LOCAL Sun 07:30 GMT" in text
    assert ("UTC 2027-03-14 07:30" in text) == (columns == 40), "in the row where there is room"


def test_a_local_zone_without_a_name_is_still_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "<+0530>-5:30")
    clock.tzset()
    assert local_zone() is None
    _, _, line = table([("live", [daily_restart(time(12), "UTC")])], "2027-01-05", 1)
    assert line[5] == "Tue 17:30 +0530"


def test_the_local_zone_is_named_by_tz_else_by_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    assert local_zone() == ZoneInfo("Europe/London")
    monkeypatch.setenv("TZ", ":Asia/Tokyo")
    assert local_zone() == ZoneInfo("Asia/Tokyo")
    monkeypatch.delenv("TZ")
    named = os.path.realpath("/etc/localtime").partition("/zoneinfo/")[2]
    assert local_zone() == (ZoneInfo(named) if named else None)


# What is asked


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, NOW),
        ("2027-03-14T07:30:00Z", z("2027-03-14 07:30")),
        ("2027-03-14T02:30:00-05:00", z("2027-03-14 07:30")),
        ("2027-03-14T07:30", z("2027-03-14 07:30")),
        ("2027-03-14", z("2027-03-14")),
        ("20270314T073000Z", z("2027-03-14 07:30")),
    ],
)
def test_from_is_iso_8601_in_utc_unless_it_says_otherwise(text: str | None, expected: datetime) -> None:
    assert parse_from(text, NOW) == expected


@pytest.mark.parametrize("text", ["tomorrow", "", "14.03.2027", "2027-02-30", "0001-01-01T00:00:00+14:00"])
def test_another_from_is_wrong_usage(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="ISO 8601"):
        parse_from(text, NOW)


@pytest.mark.parametrize("form", list(Form))
@pytest.mark.parametrize("from_", ["0001-01-01", "9999-12-31"])
def test_days_beyond_the_calendar_are_wrong_usage(from_: str, form: Form) -> None:
    with pytest.raises(typer.BadParameter, match="too far"):
        shown(HALF_PAST_TWO, form, from_, 7)


# The command


CONFIG = """\
gateways:
  - {name: live, port: 4001, client_id: 911, daily_restart: {time: "02:30", timezone: America/New_York}}
  - name: hk
    port: 4002
    client_id: 911
    server_reset: none
    windows: [{name: move, from: "2027-03-14T10:00:00Z", to: "2027-03-14T14:00:00Z"}]
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "supervisor.yaml"
    path.write_text(CONFIG, encoding="utf-8")
    return path


def run(*arguments: str | Path) -> Result:
    app = typer.Typer()
    app.command()(schedule)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_the_command_lists_the_windows_of_a_config(config: Path) -> None:
    result = run("--config", config, "--from", "2027-03-13T00:00:00Z", "--days", "2", "--json")
    assert result.exit_code == 0
    assert [(row["gateway"], row["window"], row["at"]) for row in json.loads(result.stdout)] == [
        ("live", "server_reset", "2027-03-13T04:00:00Z"),
        ("live", "daily_restart", "2027-03-13T07:30:00Z"),
        ("live", "daily_restart", "2027-03-14T07:30:00Z"),
        ("hk", "move", "2027-03-14T10:00:00Z"),
    ]


def test_the_command_writes_a_calendar_file_and_by_default_a_table(config: Path) -> None:
    asked = ("--config", config, "--from", "2027-03-13")
    assert run(*asked, "--ics").stdout.startswith("BEGIN:VCALENDAR")
    assert "02:30 does not exist that day" in run(*asked).stdout


def test_without_from_the_next_seven_days_are_listed(config: Path) -> None:
    found = [row for row in json.loads(run("--config", config, "--json").stdout) if row["window"] == "daily_restart"]
    assert 6 <= len(found) <= 9  # clocks may change in these days, and one window may be open already
    assert abs(datetime.fromisoformat(found[0]["at"]) - datetime.now(UTC)) < timedelta(hours=27)


@pytest.mark.parametrize("wrong", [("--from", "soon"), ("--days", "0"), ("--days", "9999"), ("--ics", "--json")])
def test_wrong_usage_is_status_2(config: Path, wrong: tuple[str, ...]) -> None:
    assert run("--config", config, *wrong).exit_code == 2


def test_a_bad_config_is_status_78_with_its_faults(tmp_path: Path) -> None:
    result = run("--config", tmp_path / "nonesuch.yaml")
    assert result.exit_code == 78
    assert "nonesuch.yaml: no such file" in result.stderr
    assert result.stdout == ""
