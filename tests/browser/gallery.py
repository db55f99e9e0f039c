"""Daemons with ninety days behind them: what the page is looked at with.

Six gateways have one in each status. More are a fleet on several hosts, most of it up. Fewer are the first of the six.
"""

import contextlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from supervisor.core.calendar.rules import Daily
from supervisor.core.calendar.windows import Explains, daily_restart, server_reset
from supervisor.core.explain.report import Level, Report, Word
from supervisor.core.explain.sentences import report_of
from supervisor.core.model.cause import Cause, CauseKey
from supervisor.core.model.events import MaintenanceAsked, PauseAsked
from supervisor.core.model.layers import Layer
from supervisor.core.model.policy import AccountMode, Policy
from supervisor.core.model.records import OutageClosed
from supervisor.core.model.snapshot import LoginView, Snapshot
from supervisor.core.model.status import Status
from supervisor.core.model.vocabulary import Planning
from supervisor.observe.events import EventRing
from supervisor.observe.gate.reader import since_boot
from supervisor.observe.journal.notices import Heard, notice
from supervisor.observe.journal.place import place_of
from supervisor.observe.journal.store import Entry, Span, Store
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


def fleet(count: int) -> list[Snapshot]:
    """The six, and as many more that they are `count`: up, but for a few. Their gates' leases last."""
    boot = since_boot() + 3600
    six = [replace(found, at=replace(found.at, boot=boot)) for found in snapshots()]
    if count <= len(six):
        return six[:count]
    up, degraded, _, _, down, _ = six
    found = list(six)
    for number in range(count - len(six)):
        like = down if number % 23 == 7 else degraded if number % 31 == 9 else up
        host = f"10.0.{number // 20}.{10 + number % 20}"
        labels = (("desk", ("fx", "rates", "equities")[number % 3]), ("env", "prod" if number % 4 else "test"))
        policy = replace(
            like.policy, name=f"gw-{number + 1:02}", host=host, port=4001 + number % 2, client_id=911, labels=labels
        )
        cause = replace(like.cause, host=host, port=policy.port) if like.cause is not None else None
        found.append(replace(like, policy=policy, port=policy.port, cause=cause))
    return found


def fill(path: Path, names: Sequence[str], events: EventRing) -> None:
    """Ninety days of history."""
    store = Store(path)
    for number, name in enumerate(names):
        entries, spans = _past(name, number)
        said = "Connectivity between IBKR and Trader Workstation has been lost."
        heard = {notice(name, 1100, said): Heard(BEGIN - timedelta(hours=14.25), BEGIN - timedelta(hours=14), 38)}
        store.write({}, entries, spans, heard)
    store.close()
    for minutes, name, level, kind, text in (
        (-61, "frankfurt", Level.INFO, "session_ready", "session ready: server version 187, client id 911"),
        (-44, "", Level.INFO, "reloaded", "config reloaded: 6 gateways, 1 changed"),
        (-15, "london", Level.ERROR, "reauth_required", "re-authentication required. Approve the login on the phone."),
        (-3, "paper", Level.INFO, "paused", "paused by the operator: the client id is released, nothing is tried"),
        (-2, "chicago", Level.INFO, "maintenance", "maintenance until 2026-11-23 15:15Z: new disks"),
        (-1.2, "tokyo", Level.WARNING, "session_lost", f"session lost (closed) after 11 min. {CLOSED}"),
        (-1, "tokyo", Level.WARNING, "attempt_failed", f"cannot connect (refused), keeps trying. {CLOSED}"),
        (-0.2, "frankfurt", Level.WARNING, "farms", "farms broken: market_data/eufarm"),
    ):
        events.append(name, BEGIN + timedelta(minutes=minutes), Report(level, kind, text))


CLOSED = "Nothing listens on 127.0.0.1:4006. Start the gateway, or compare the port with its settings."


def _past(name: str, number: int) -> tuple[list[Entry], list[Span]]:
    """What happened to one gateway: the day of `OUTAGES`, and a less dense past."""
    entries, spans = [], []
    for day in range(90, 0, -1):
        began = BEGIN - timedelta(days=day)
        if 60 < day < 63:
            continue  # the daemon did not run
        end = BEGIN if day == 1 else began + timedelta(days=1)
        gap = began + timedelta(hours=13.8)
        spans += [Span(name, began, gap), Span(name, gap + timedelta(hours=1.2 if day == 1 else 0), end)]
        restart = (began + timedelta(days=1)).replace(hour=4, minute=45)
        result = "overdue" if day % 29 == 0 else "not_seen" if day % 41 == 0 else "in_time"
        text = f"daily_restart of {restart:%Y-%m-%d %H:%M}Z: the gateway restarted as scheduled and is back"
        entries += [
            Entry(name, restart, Report(Level.INFO, "restart", text, {"result": result})),
            *_outage(name, restart, 38 + day % 11, Layer.SESSION, planned=True),
        ]
        if (day + number) % 9 == 4:
            entries += _outage(name, began + timedelta(hours=11), 20 + 13 * (day % 7), Layer.UPSTREAM, planned=False)
        if (day + number) % 27 == 13:
            entries += _outage(name, began + timedelta(hours=3), 1500, Layer.HEARTBEAT, planned=False)
    for hours, seconds, cause, planned in OUTAGES:
        if name == "new-york" and not planned and cause != "session":
            continue
        entries += _outage(name, BEGIN + timedelta(hours=hours), seconds, Layer(cause), planned=planned)
    return entries, spans


def _outage(name: str, began: datetime, seconds: float, layer: Layer, *, planned: bool) -> Iterator[Entry]:
    ended = began + timedelta(seconds=seconds)
    cause = Cause(CauseKey.SESSION_CLOSED, "127.0.0.1", 4001)
    record = OutageClosed(began, ended, layer, Planning.of(planned), seconds, recovered=True, cause=cause)
    lost = Report(Level.WARNING, "session_lost", f"session lost (closed) after 22 h 3 min. {CLOSED}", LOST)
    if layer is Layer.SESSION:
        yield Entry(name, began, lost)
        yield Entry(name, ended, Report(Level.INFO, "session_ready", "session ready: server version 187", READY))
    closed = report_of(record)
    assert closed is not None
    yield Entry(name, ended, closed, outage=record)


LOST: Mapping[str, Word] = {"reason": "closed", "planned": False, "epoch": 1}
READY: Mapping[str, Word] = {"epoch": 2, "server_version": 187}


@contextlib.contextmanager
def staged(count: int = 6) -> Iterator[Stage]:
    """The whole of it."""
    found = fleet(count)
    with tempfile.TemporaryDirectory() as folder:
        stage = Stage(found)
        path = Path(folder, "journal.db")
        fill(path, [snapshot.policy.name for snapshot in found], stage.events)
        stage.journal = place_of(path)
        yield stage
