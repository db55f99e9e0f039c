"""systemd's calendar as an independent judge of the rules, around every change of the clocks of three years.

It knows two things otherwise than the contract: it skips a time that does not exist, so such a day is not asked; and
of a time that occurs twice it names the first alone.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from datetime import UTC, datetime, time, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest

from supervisor.core.calendar.rules import WEEKDAYS, Daily, Weekly
from supervisor.core.calendar.schedule import clock_changes

SYSTEMD = shutil.which("systemd-analyze")
ZONES = [
    "America/New_York", "America/Chicago", "America/St_Johns", "Europe/London", "Europe/Zurich", "CET",
    "Africa/Cairo", "Africa/Casablanca", "Asia/Hong_Kong", "Asia/Tokyo", "Asia/Kolkata",
    "Australia/Sydney", "Australia/Lord_Howe", "Pacific/Auckland",
]  # fmt: skip
TIMES = [time(0, 15), time(1, 30), time(1, 45), time(2, 30), time(23, 45)]
FIRST, LAST = datetime(2026, 1, 1, tzinfo=UTC), datetime(2029, 1, 1, tzinfo=UTC)
COUNT = 8

pytestmark = pytest.mark.skipif(SYSTEMD is None, reason="systemd-analyze is not installed")


def systemd(base: datetime, expressions: list[str]) -> list[list[datetime]]:
    """The first instants of each expression after `base`."""
    assert SYSTEMD is not None
    asked = subprocess.run(
        [SYSTEMD, "calendar", f"--base-time={base:%Y-%m-%d %H:%M:%S} UTC", f"--iterations={COUNT}", *expressions],
        env={**os.environ, "TZ": "UTC", "LC_ALL": "C"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    lines = (line.partition(": ") for line in asked.stdout.splitlines())
    named = [
        datetime.strptime(value, "%a %Y-%m-%d %H:%M:%S UTC").replace(tzinfo=UTC)
        for label, _, value in lines
        if label.strip() == "Next elapse" or label.strip().startswith("Iter")
    ]
    assert len(named) == COUNT * len(expressions)
    return [named[n : n + COUNT] for n in range(0, len(named), COUNT)]


def ours(rule: Daily | Weekly, base: datetime) -> list[datetime]:
    zone = ZoneInfo(rule.zone)
    existing = (
        moment.at
        for moment in rule.moments(base + timedelta(seconds=1))  # systemd names what is later than the base
        if moment.repetition != 2 and moment.at.astimezone(zone).time() == rule.time
    )
    return list(islice(existing, COUNT))


@pytest.mark.parametrize("zone", ZONES)
def test_systemd_names_the_same_days_and_instants(zone: str) -> None:
    changes = [change.at for change in clock_changes([zone], FIRST, LAST)]
    for base in (FIRST, *(change - timedelta(days=4) for change in changes)):
        named = systemd(base, [f"*-*-* {at:%H:%M}:00 {zone}" for at in TIMES])
        assert named == [ours(Daily(at, zone), base) for at in TIMES]


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Hong_Kong"])
def test_systemd_names_the_same_weeks(zone: str) -> None:
    for base in (FIRST, datetime(2027, 2, 20, tzinfo=UTC), datetime(2027, 10, 10, tzinfo=UTC)):
        named = systemd(base, [f"{day[:3]} *-*-* 01:00:00 {zone}" for day in WEEKDAYS])
        assert named == [ours(Weekly(day, time(1), zone), base) for day in range(7)]
