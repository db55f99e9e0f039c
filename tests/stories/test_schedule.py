"""`ib-supervisor schedule` from its command line, and what it says against what the daemon then does."""

import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.daemon.running import gateways
from tests.stories.faked import at
from tests.stories.stage import Story, restart, scene

CONFIG = gateways(
    '{name: ny, port: 4001, client_id: 911, server_reset: none, '
    'daily_restart: {time: "02:30", timezone: America/New_York}}',
    '{name: twice, port: 4002, client_id: 911, server_reset: none, '
    'daily_restart: {time: "01:30", timezone: America/New_York}}',
    '{name: hk, port: 4003, client_id: 911, server_reset: none, account_mode: live, '
    'daily_restart: {time: "23:45", timezone: Asia/Hong_Kong, lead: 1m, grace: 10m}, '
    'weekly_restart: {day: sunday, time: "14:00", timezone: Asia/Hong_Kong, grace: 30m}, '
    'windows: [{name: move, from: "2027-03-14T10:00:00Z", to: "2027-03-14T14:00:00Z"}]}',
)  # fmt: skip
Line = tuple[str, str]


def run(*arguments: str, zone: str = "Europe/London", expect: int = 0) -> str:
    """What `ib-supervisor schedule` prints."""
    done = subprocess.run(
        [sys.executable, "-m", "supervisor", "schedule", *arguments],
        capture_output=True,
        timeout=60,
        env={**os.environ, "TZ": zone, "NO_COLOR": "1"},
    )
    assert done.returncode == expect, done.stderr.decode()
    return done.stdout.decode()  # as bytes: the lines of a calendar file end with CR LF


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("schedule") / "supervisor.yaml"
    file.write_text(CONFIG)
    return str(file)


def read_calendar(text: str) -> list[dict[str, str]]:
    """The events of a calendar file, read as RFC 5545 says; anything that is not as it says fails."""
    assert text.endswith("\r\n")
    for line in text.split("\r\n"):
        assert len(line.encode()) <= 75
        assert "\n" not in line
    assert "\r" not in text.replace("\r\n", "")
    lines = [_split(line) for line in text.replace("\r\n ", "").split("\r\n")[:-1]]
    assert lines[0] == ("BEGIN", "VCALENDAR")
    assert lines[-1] == ("END", "VCALENDAR")
    head = dict(lines[1 : lines.index(("BEGIN", "VEVENT"))])
    assert head["VERSION"] == "2.0"
    assert head["PRODID"]
    events: list[dict[str, str]] = []
    inside: dict[str, str] | None = None
    for name, value in lines[1:-1]:
        if (name, value) == ("BEGIN", "VEVENT"):
            assert inside is None
            inside = {}
        elif (name, value) == ("END", "VEVENT"):
            assert inside is not None
            assert {"UID", "DTSTAMP", "DTSTART"} <= inside.keys(), "what section 3.6.1 asks for"
            events.append(inside)
            inside = None
        elif inside is not None:
            assert name not in inside, f"{name} comes twice"
            inside[name] = value
    assert inside is None
    return events


def _split(line: str) -> Line:
    found = re.fullmatch(r"([A-Z-]+)((?:;[A-Z-]+=[^;:]+)*):(.*)", line)
    assert found, line
    return found[1], found[3]


def instant(basic: str) -> datetime:
    """`20270314T073000Z`."""
    return datetime.strptime(basic, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def test_json_is_exactly_the_list_of_the_contract(config: str) -> None:
    day = "2027-03-14T"
    assert json.loads(run("--config", config, "--from", f"{day}05:00:00Z", "--days", "1", "--json")) == [
        {
            "gateway": gateway,
            "window": window,
            "at": f"{day}{moment}Z",
            "start": f"{day}{start}Z",
            "end": f"{day}{end}Z",
            "planned_until": f"{day}{until}Z",
        }
        for gateway, window, moment, start, end, until in [
            ("hk", "weekly_restart", "06:00:00", "05:59:30", "06:00:00", "06:30:00"),
            ("twice", "daily_restart", "06:30:00", "06:29:30", "06:30:00", "06:35:00"),
            ("ny", "daily_restart", "07:30:00", "07:29:30", "07:30:00", "07:35:00"),
            ("hk", "move", "10:00:00", "10:00:00", "14:00:00", "14:00:00"),
            ("hk", "daily_restart", "15:45:00", "15:44:00", "15:45:00", "15:55:00"),
        ]
    ]


def test_the_calendar_file_can_be_read_and_says_what_the_json_says(config: str) -> None:
    span = ("--config", config, "--from", "2027-11-01T00:00:00Z", "--days", "14")
    events = read_calendar(run(*span, "--ics"))
    windows = [event for event in events if "DTEND" in event]
    logins = [event for event in events if "DTEND" not in event]
    listed = json.loads(run(*span, "--json"))
    assert sorted(
        (event["SUMMARY"], instant(event["DTSTART"]), instant(event["DTEND"])) for event in windows
    ) == sorted(
        (
            f"{row['gateway']}: {row['window']}",
            datetime.fromisoformat(row["start"]),
            datetime.fromisoformat(row["planned_until"]),
        )
        for row in listed
    )
    assert len({event["UID"] for event in events}) == len(events)
    for event in windows:
        assert instant(event["DTEND"]) > instant(event["DTSTART"])
    assert [(event["SUMMARY"], instant(event["DTSTART"])) for event in logins] == [
        ("twice: weekly login due", at("2027-11-07 01:30")),
        ("hk: weekly login due", at("2027-11-07 14:00", "Asia/Hong_Kong")),
        ("ny: weekly login due", at("2027-11-07 02:30")),
        ("hk: weekly login due", at("2027-11-14 14:00", "Asia/Hong_Kong")),  # 01:00 in New York to the second
        ("twice: weekly login due", at("2027-11-14 01:30")),
        ("ny: weekly login due", at("2027-11-14 02:30")),
    ]


def test_the_table_marks_the_spring_night(config: str) -> None:
    lines = run("--config", config, "--from", "2027-03-13T12:00:00Z", "--days", "2").splitlines()
    (change,) = [line for line in lines if "clocks change" in line and "New_York" in line]
    assert "America/New_York: forward from 02:00 to 03:00" in change
    skipped = next(line for line in lines if "02:30 does not exist that day" in line)
    assert "07:30" in skipped
    assert "03:30" in skipped
    assert lines.index(change) < lines.index(skipped)
    due = [line for line in lines if "login due" in line]
    assert [line.split()[0] for line in due] == ["hk", "twice", "ny"]


def test_the_table_marks_the_autumn_night(config: str) -> None:
    lines = run("--config", config, "--from", "2027-11-06T20:00:00Z", "--days", "1").splitlines()
    (first,) = [line for line in lines if "first of two" in line]
    (second,) = [line for line in lines if "second of two" in line]
    (change,) = [line for line in lines if "back from 02:00 to 01:00" in line]
    assert lines.index(first) < lines.index(change) < lines.index(second)
    assert "EDT" in first
    assert "EST" in second


def test_the_table_is_in_the_gateways_zone_utc_new_york_and_local_time(config: str) -> None:
    lines = run(
        "--config", config, "--from", "2027-01-05T12:00:00Z", "--days", "1", zone="Australia/Sydney"
    ).splitlines()
    (line,) = [line for line in lines if "daily_restart" in line and line.split()[0] == "hk"]
    for clock in ("Tue 23:45 HKT", "2027-01-05 15:45", "Tue 10:45 EST", "Wed 02:45 AEDT"):
        assert clock in line


def test_a_config_that_is_refused_and_a_time_that_is_none(config: str, tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("gateways: []\n")
    run("--config", str(bad), expect=78)
    run("--config", config, "--from", "soon", expect=2)


@scene
def test_what_it_lists_is_what_the_daemon_then_waits_for(stage: Story) -> None:
    stage.begins(at("2027-03-13 20:00"))
    skipped = stage.gateway("skipped", daily_restart=restart("02:30"))
    london = stage.gateway("london", daily_restart=restart("23:45", "Europe/London"), server_reset="europe")
    stage.start()
    listed = json.loads(stage.listed("--json"))
    for gateway in (skipped, london):
        for window in ("daily_restart", "server_reset"):
            starts = [
                datetime.fromisoformat(row["start"])
                for row in listed
                if (row["gateway"], row["window"]) == (gateway.name, window)
            ]
            following = gateway.value("ib_window_next_timestamp_seconds", window=window)
            coming = [start.timestamp() for start in starts if start > stage.clock.now()]
            assert following == (coming[0] if coming else None)
    logins = {event["SUMMARY"]: instant(event["DTSTART"]) for event in read_calendar(stage.listed("--ics"))}
    for gateway in (skipped, london):
        stage.run("confirm-login", gateway.name)
        assert gateway.due is not None
    assert logins["skipped: weekly login due"] == at("2027-03-14 03:30") == skipped.due
    assert logins["london: weekly login due"] == at("2027-03-14 23:45", "Europe/London") == london.due
