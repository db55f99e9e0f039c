"""What else the journal has of a period, for who looks closer at a gateway: sessions, restarts, words, events.

- Lists are newest first, and have at most as many rows as were asked for.
- A connection of its own, for reading only, as for history.
- Instants are aware UTC.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import datetime
from typing import Any

from supervisor.core.explain.report import Level
from supervisor.frozen import dataclass
from supervisor.observe.events import Record
from supervisor.observe.journal.history import TIMEOUT
from supervisor.observe.journal.place import HistoryError
from supervisor.observe.journal.rows import instant, microseconds, of_these, read_event


@dataclass(frozen=True, slots=True)
class PastSession:
    """A session from ready to its loss; `lost` None: it is still there, or its end was not recorded."""

    gateway: str
    ready: datetime
    lost: datetime | None
    epoch: int | None
    server_version: int | None
    reason: str | None
    planned: bool | None


@dataclass(frozen=True, slots=True)
class PastRestart:
    """A restart window that ended."""

    gateway: str
    at: datetime
    result: str
    text: str


@dataclass(frozen=True, slots=True)
class Said:
    """What a gateway said in the same words within a day."""

    gateway: str
    code: int
    text: str
    began: datetime
    last: datetime
    times: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for: a period, these gateways (None: all, and the daemon itself), at most so many rows a list."""

    since: datetime
    until: datetime
    gateways: Sequence[str] | None
    limit: int
    level: Level = Level.INFO
    """The lowest level of the events."""


def sessions(place: str, wanted: Wanted) -> list[PastSession]:
    """The sessions that became ready in the period. Raises HistoryError."""
    these, names = of_these(wanted.gateways)
    sql = (
        "SELECT ready.gateway, ready.at, json_extract(ready.fields, '$.epoch'),"
        " json_extract(ready.fields, '$.server_version'), ended.kind, ended.at, json_extract(ended.fields, '$.reason'),"
        " json_extract(ended.fields, '$.planned') FROM (SELECT * FROM events WHERE kind = 'session_ready'"
        f" AND at >= ? AND at < ?{these} ORDER BY at DESC, id DESC LIMIT ?) AS ready"
        " LEFT JOIN events AS ended ON ended.id = (SELECT id FROM events AS later WHERE later.gateway = ready.gateway"
        " AND later.at >= ready.at AND later.id > ready.id AND later.kind IN ('session_lost', 'session_ready')"
        " ORDER BY later.at, later.id LIMIT 1) ORDER BY ready.at DESC, ready.id DESC"
    )
    found = []
    for gateway, at, epoch, version, kind, end, reason, planned in _rows(place, sql, wanted, names):
        lost = kind == "session_lost"
        found.append(
            PastSession(
                gateway,
                instant(at),
                instant(end) if lost else None,
                epoch,
                version,
                reason if lost else None,
                bool(planned) if lost else None,
            )
        )
    return found


def restarts(place: str, wanted: Wanted) -> list[PastRestart]:
    """How the restart windows of the period ended. Raises HistoryError."""
    these, names = of_these(wanted.gateways)
    sql = (
        "SELECT gateway, at, json_extract(fields, '$.result'), text FROM events WHERE kind = 'restart'"
        f" AND at >= ? AND at < ?{these} ORDER BY at DESC, id DESC LIMIT ?"
    )
    return [
        PastRestart(gateway, instant(at), result, text)
        for gateway, at, result, text in _rows(place, sql, wanted, names)
        if isinstance(result, str)
    ]


def said(place: str, wanted: Wanted) -> list[Said]:
    """What the gateways said in the period. Raises HistoryError."""
    these, names = of_these(wanted.gateways)
    sql = (
        "SELECT gateway, code, text, began, last, times FROM heard WHERE last >= ? AND began < ?"
        f"{these} ORDER BY last DESC, id DESC LIMIT ?"
    )
    return [
        Said(gateway, code, text, instant(began), instant(last), times)
        for gateway, code, text, began, last, times in _rows(place, sql, wanted, names)
    ]


def events(place: str, wanted: Wanted) -> list[tuple[Record, int]]:
    """What was told in the period, and how often in the same words. Raises HistoryError."""
    these, names = of_these(wanted.gateways)
    sql = (
        "SELECT id, at, gateway, kind, level, text, fields, times FROM events WHERE at >= ? AND at < ?"
        f"{these} AND level >= {int(wanted.level)} ORDER BY at DESC, id DESC LIMIT ?"
    )
    read = ((read_event(row[:7]), row[7]) for row in _rows(place, sql, wanted, names))
    return [(record, times) for record, times in read if record is not None]


def _rows(place: str, sql: str, wanted: Wanted, names: tuple[str, ...]) -> Iterator[tuple[Any, ...]]:
    values = (microseconds(wanted.since), microseconds(wanted.until), *names, wanted.limit)
    try:
        with closing(sqlite3.connect(place, uri=True, timeout=TIMEOUT, isolation_level=None)) as connection:
            connection.execute("PRAGMA query_only = 1")
            connection.execute("PRAGMA read_uncommitted = 1")  # of one in memory: never hold its writer up
            yield from connection.execute(sql, values).fetchall()
    except (sqlite3.Error, UnicodeDecodeError, OSError) as error:
        raise HistoryError(f"the journal cannot be read: {error}") from None
