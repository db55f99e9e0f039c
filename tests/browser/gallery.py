"""A daemon of six gateways, one in each status, with a day behind it: what the page is looked at with."""

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from supervisor.core.calendar.rules import Daily
from supervisor.core.calendar.windows import Explains, daily_restart, server_reset
from supervisor.core.explain.report import Level, Report
from supervisor.core.model.cause import Cause, CauseKey
from supervisor.core.model.events import MaintenanceAsked, PauseAsked
from supervisor.core.model.policy import AccountMode, Policy
from supervisor.core.model.snapshot import LoginView, Snapshot
from supervisor.core.model.status import Status
from supervisor.observe.events import EventRing
from supervisor.observe.journal.journal import Journal
from supervisor.observe.journal.place import place_of
from tests.observe.played import BEGIN, Played
from tests.observe.stage import Stage

NEW_YORK = "America/New_York"
FARMS = (
    (2104, "usfarm"),
    (2104, "usfarm.nj"),
    (2104, "eufarm"),
    (2108, "jfarm"),
    (2106, "ushmds"),
    (2106, "euhmds"),
    (2107, "fundfarm"),
    (2158, "secdefnj"),
)
OUTAGES = (
    (-20.3, 14, "session", False),
    (-14.25, 1500, "upstream", True),
    (-10.25, 42, "session", True),
    (-6.1, 260, "farms", False),
    (-3.4, 1900, "heartbeat", False),
)
"""Hours from now, seconds, cause, planned."""


def policy(name: str, port: int, mode: AccountMode = AccountMode.LIVE) -> Policy:
    """With a restart at 23:45 and the nightly reset."""
    reset = server_reset(
        Daily(datetime.min.time().replace(hour=0, minute=15), NEW_YORK), timedelta(minutes=90), Explains.UPSTREAM_FARMS
    )
    restart = daily_restart(datetime.min.time().replace(hour=23, minute=45), NEW_YORK)
    return Policy(name, "127.0.0.1", port, 911, account_mode=mode, timezone=NEW_YORK, windows=(restart, reset))


def gateway(name: str, port: int, mode: AccountMode = AccountMode.LIVE) -> Played:
    """One that is up."""
    account = "DU1234567" if mode is AccountMode.PAPER else "U1234567"
    found = Played(policy(name, port, mode), BEGIN - timedelta(minutes=11))
    found.begin()
    found.connect(account)
    found.answer()
    for code, farm in FARMS:
        found.notice(code, f"A data farm connection is OK:{farm}")
    found.wait(660)
    return found


def snapshots() -> list[Snapshot]:
    """One in each status."""
    degraded = gateway("frankfurt", 4003)
    degraded.notice(2103, "Market data farm connection is broken:eufarm")
    degraded.wait(8)
    serviced = gateway("chicago", 4004)
    serviced.hear(MaintenanceAsked(serviced.now.wall + timedelta(minutes=15), "new disks"))
    serviced.lose()
    serviced.until_connecting()
    serviced.refuse()
    paused = gateway("paper", 4005, AccountMode.PAPER)
    paused.hear(PauseAsked())
    down = gateway("tokyo", 4006)
    down.lose()
    down.until_connecting()
    down.refuse()
    down.wait(20)
    waiting = gateway("london", 4002)
    waiting.lose()
    waiting.until_connecting()
    waiting.refuse()
    waiting.wait(900)
    expired = replace(
        waiting.snapshot,
        status=Status.REAUTH_REQUIRED,
        login=LoginView(BEGIN - timedelta(hours=10), BEGIN - timedelta(minutes=16), True, False),
        cause=Cause(CauseKey.REAUTH_REQUIRED, "127.0.0.1", 4002),
    )
    up = gateway("new-york", 4001)
    return [up.snapshot, degraded.snapshot, serviced.snapshot, expired, down.snapshot, paused.snapshot]


def fill(path: Path, names: list[str], events: EventRing) -> None:
    """A day of history."""
    journal = Journal(path)
    journal.open()
    for name in names:
        at = BEGIN - timedelta(hours=24)
        while at <= BEGIN:
            if not timedelta(hours=9) < BEGIN - at < timedelta(hours=10.2):
                journal.watched([name], at)
            at += timedelta(seconds=5)
        for hours, seconds, cause, planned in OUTAGES:
            if name == "new-york" and not planned and cause != "session":
                continue
            began = BEGIN + timedelta(hours=hours)
            tell = Report(
                Level.INFO,
                "outage_closed",
                f"outage of {began:%H:%M:%S}Z closed: {seconds} s without {cause}",
                {
                    "began": began.isoformat(),
                    "ended": (began + timedelta(seconds=seconds)).isoformat(),
                    "cause": cause,
                    "planned": planned,
                    "seconds": float(seconds),
                    "recovered": True,
                },
            )
            journal.record(name, began, tell)
    for minutes, name, level, kind, text in (
        (-61, "frankfurt", Level.INFO, "session_ready", "session ready: server version 187, client id 911"),
        (-44, "", Level.INFO, "reloaded", "config reloaded: 6 gateways, 1 changed"),
        (-15, "london", Level.ERROR, "reauth_required", "re-authentication required. Approve the login on the phone."),
        (-3, "paper", Level.INFO, "paused", "paused by the operator: the client id is released, nothing is tried"),
        (-2, "chicago", Level.INFO, "maintenance", "maintenance until 2026-11-23 15:15Z: new disks"),
        (-1, "tokyo", Level.WARNING, "session_lost", "session lost (closed) after 11 min. The gateway closed it."),
        (-0.2, "frankfurt", Level.WARNING, "farms", "farms broken: market_data/eufarm"),
    ):
        events.append(name, BEGIN + timedelta(minutes=minutes), Report(level, kind, text))
    assert journal.close(30.0)


@contextlib.contextmanager
def staged() -> Iterator[Stage]:
    """The whole of it."""
    found = snapshots()
    with tempfile.TemporaryDirectory() as folder:
        stage = Stage(found)
        path = Path(folder, "journal.db")
        fill(path, [snapshot.policy.name for snapshot in found], stage.events)
        stage.journal = place_of(path)
        yield stage
