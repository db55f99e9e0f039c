"""The journal's file: everything here may block and may fail, and is only ever called by the journal's own thread.

- A commit is durable when `write` returns (WAL, synchronous=FULL): there are few, and a power cut must not unpause a
  gateway.
- Errors are SQLite's own (`sqlite3.Error`, `OSError`); after one the connection is not used again.
- A file that vanished or was replaced under us is noticed before the next commit; a journal that is corrupt is moved
  aside, with its WAL, and never deleted. A file that is no journal of ours is refused and not touched.
"""

import contextlib
import logging
import os
import sqlite3
import time
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from supervisor.core.explain.report import Report
from supervisor.core.model.facts import Facts
from supervisor.core.model.records import OutageClosed
from supervisor.frozen import replace
from supervisor.observe.events import Record
from supervisor.observe.journal import letters as journal_letters
from supervisor.observe.journal import notices as journal_notices
from supervisor.observe.journal.facts import from_json
from supervisor.observe.journal.letters import Letter
from supervisor.observe.journal.notices import Heard, Notice
from supervisor.observe.journal.place import refuse_irregular
from supervisor.observe.journal.rows import (
    EventRow,
    event_row,
    instant,
    kept_text,
    microseconds,
    outage_row,
    read_event,
)
from supervisor.observe.journal.schema import migrate
from supervisor.observe.masking import Words, mask

LOG = logging.getLogger(__name__)

BUSY_TIMEOUT = 1.0
"""Seconds that a commit waits while another program holds the database."""

NOTHING: Mapping[Notice, Heard] = {}

FOLDED = 24 * 3600 * 1_000_000
"""Microseconds within which a notice in the same words is counted instead of written again."""

_PRUNED_AT_ONCE = 2000
MODE = 0o600
_WAL_LIMIT = 16 * 1024 * 1024
_BROKEN = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_HELD = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})


class Entry(NamedTuple):
    """One event to be recorded."""

    gateway: str
    at: datetime
    report: Report
    number: int = 0
    """The one that the stream gave it; 0 for the next that is free."""
    outage: OutageClosed | None = None
    """The outage that is over with it."""


class Span(NamedTuple):
    """A gateway was observed without a gap."""

    gateway: str
    began: datetime
    until: datetime


class Store:
    """An open journal. `path` None is one in memory, for all connections of this process that know its `name`, an URI.

    Raises sqlite3.Error, OSError or NotAJournalError.
    """

    def __init__(self, path: Path | None, name: str = ":memory:", words: Words = mask) -> None:
        self._words = words
        self._path = path
        if path is not None:
            refuse_irregular(path)
            keep_private(path)
        self._connection = sqlite3.connect(
            name if path is None else path, uri=path is None, timeout=BUSY_TIMEOUT, isolation_level=None
        )
        try:
            migrate(self._connection)
            self._connection.execute("PRAGMA journal_mode = WAL").fetchone()
            self._connection.execute("PRAGMA synchronous = FULL")
            self._connection.execute(f"PRAGMA journal_size_limit = {_WAL_LIMIT}").fetchone()
            self.identity = identity(path)
        except BaseException:
            self.close()
            raise

    def facts(self) -> dict[str, Facts]:
        """The facts of every gateway, and when its process was last seen alive.

        A record that cannot be read is left out, with a warning.
        """
        found = {}
        # As bytes: damaged text would end the reading of all that comes after it.
        for gateway, text, alive in self._connection.execute(
            "SELECT CAST(gateway AS BLOB), CAST(facts AS BLOB), max(updated, coalesce((SELECT max(until) FROM"
            " watched_spans WHERE watched_spans.gateway = facts.gateway), 0)) FROM facts"
        ).fetchall():
            try:
                facts = from_json(text.decode("utf-8"))
                found[gateway.decode("utf-8")] = replace(facts, alive_at=instant(alive))
            except ValueError as error:
                name = gateway.decode("utf-8", "replace")
                LOG.warning("the journal's facts of gateway %s are broken and not used: %s", name, error)
        return found

    def recent(self, limit: int) -> tuple[int, tuple[Record, ...]]:
        """The highest number ever given to an event, and the last `limit` events, oldest first."""
        found = self._connection.execute(
            "SELECT id, at, gateway, kind, level, text, fields FROM events ORDER BY id DESC LIMIT ?", (limit,)
        ).fetchall()
        return self._last_number(), tuple(filter(None, map(read_event, reversed(found))))

    def write(
        self,
        facts: Mapping[str, Facts],
        events: Iterable[Entry],
        spans: Iterable[Span] = (),
        notices: Mapping[Notice, Heard] = NOTHING,
        letters: Iterable[Letter] = (),
    ) -> None:
        """All of it in one transaction, or nothing; what has no form in the file is left out, and the log told."""
        now = time.time_ns() // 1000
        kept = [
            (gateway, text, now) for gateway, known in facts.items() if (text := kept_text(gateway, known, self._words))
        ]
        recorded = [(entry, row) for entry in events if (row := event_row(*entry[:3], self._words))]
        run = self._connection.execute
        run("BEGIN IMMEDIATE")
        self._connection.executemany(
            "INSERT INTO facts (gateway, facts, updated) VALUES (?, ?, ?) ON CONFLICT (gateway) DO UPDATE"
            " SET facts = excluded.facts, updated = excluded.updated",
            kept,
        )
        self._connection.executemany(
            "INSERT INTO watched_spans (gateway, began, until) VALUES (?, ?, ?) ON CONFLICT (gateway, began) DO UPDATE"
            " SET until = max(until, excluded.until)",
            [(span.gateway, microseconds(span.began), microseconds(span.until)) for span in spans],
        )
        journal_notices.write(self._connection, notices, self._words)
        journal_letters.write(self._connection, letters)
        if recorded:
            last = self._last_number()
            for entry, row in recorded:
                last = max(last + 1, entry.number)
                self._record(last, row, entry)
            run("INSERT OR REPLACE INTO meta VALUES ('last_event', ?)", (str(last),))
        run("COMMIT")

    def prune(self, before: datetime) -> bool:
        """Forget some of what is older than `before`; whether there may be more of it."""
        full = False
        for statement in (
            "DELETE FROM events WHERE id IN (SELECT id FROM events WHERE at < ? ORDER BY at LIMIT ?)",
            "DELETE FROM outage_spans WHERE id IN (SELECT id FROM outage_spans WHERE ended < ? ORDER BY ended LIMIT ?)",
            "DELETE FROM watched_spans WHERE (gateway, began) IN"
            " (SELECT gateway, began FROM watched_spans WHERE until < ? ORDER BY until LIMIT ?)",
            "DELETE FROM letters WHERE (target, key) IN"
            " (SELECT target, key FROM letters WHERE at < ? ORDER BY at LIMIT ?)",
            "DELETE FROM heard WHERE id IN (SELECT id FROM heard WHERE last < ? ORDER BY last LIMIT ?)",
        ):
            removed = self._connection.execute(statement, (microseconds(before), _PRUNED_AT_ONCE))
            full = full or removed.rowcount >= _PRUNED_AT_ONCE
        return full

    def letters(self) -> tuple[Letter, ...]:
        """The messages to people, oldest first."""
        return journal_letters.read(self._connection)

    def begin_running(self) -> bool:
        """This process writes the file from now on; whether the last one ended without a word."""
        run = self._connection.execute
        crashed = run("SELECT 1 FROM meta WHERE key = 'running'").fetchone() is not None
        run("INSERT OR REPLACE INTO meta VALUES ('running', ?)", (str(os.getpid()),))
        return crashed

    def end_running(self) -> None:
        """The process ends in an orderly way."""
        self._connection.execute("DELETE FROM meta WHERE key = 'running'")

    def _last_number(self) -> int:
        (last,) = self._connection.execute(
            "SELECT max(coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'events'), 0),"
            " coalesce((SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'last_event'), 0))"
        ).fetchone()
        return int(last)

    def _record(self, number: int, row: EventRow, entry: Entry) -> None:
        """One event; a notice that was told in the same words within `FOLDED` is counted, not written again."""
        run = self._connection.execute
        gateway, at, _, kind, text, _ = row
        if kind == "notice":
            folded = run(
                "UPDATE events SET times = times + 1, last_at = max(?, at) WHERE id = (SELECT id FROM events"
                " WHERE kind = 'notice' AND at > ? AND gateway = ? AND text = ? ORDER BY at DESC LIMIT 1)",
                (at, at - FOLDED, gateway, text),
            )
            if folded.rowcount:
                return
        run(
            "INSERT INTO events (id, gateway, at, level, kind, text, fields) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (number, *row),
        )
        outage = outage_row(gateway, entry.outage, self._words) if entry.outage is not None else None
        if outage is not None:
            run(
                "INSERT INTO outage_spans (gateway, began, ended, cause, planned, seconds, recovered, words)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                outage,
            )

    def moved(self) -> bool:
        """Whether the path names another file now, or none."""
        return self._path is not None and identity(self._path) != self.identity

    def close(self) -> None:
        """Give the file back; what was not committed is gone."""
        with contextlib.suppress(sqlite3.Error):
            self._connection.close()


def keep_private(path: Path) -> None:
    """Make the file if there is none, and let only its owner read it, with any umask. Raises OSError.

    SQLite gives its other files the same mode.
    """
    os.close(os.open(path, os.O_RDONLY | os.O_CREAT, MODE))
    for suffix in ("", "-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError, PermissionError):  # a file of another owner is left alone
            beside = f"{path}{suffix}"
            if os.stat(beside).st_mode & 0o777 & ~MODE:
                os.chmod(beside, MODE)


def is_corrupt(error: BaseException) -> bool:
    """Whether SQLite found that the file is damaged, or no database at all."""
    if isinstance(error, UnicodeDecodeError):  # the module could not even read SQLite's message, with words of the file
        return True
    return isinstance(error, sqlite3.Error) and _primary(error) in _BROKEN


def is_held(error: BaseException) -> bool:
    """Whether another program holds the database."""
    return isinstance(error, sqlite3.Error) and _primary(error) in _HELD


def set_aside(path: Path) -> Path:
    """Move a damaged database to `NAME.corrupt-<n>`, the first free n, and tell where. Raises OSError."""
    number = 1
    while (aside := path.with_name(f"{path.name}.corrupt-{number}")).exists():
        number += 1
    # The database goes last: a WAL without it is harmless, but one that is left over would be played into the new file.
    for suffix in ("-wal", "-shm", ""):
        with contextlib.suppress(FileNotFoundError):
            os.rename(f"{path}{suffix}", f"{aside}{suffix}")
    return aside


def _primary(error: sqlite3.Error) -> int:
    # Errors of the module itself, such as a closed connection, have no code.
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK) & 0xFF


def identity(path: Path | None) -> tuple[int, int] | None:
    """Which file the path leads to; None for none."""
    if path is None:
        return None
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino
