"""The journal's file: everything here may block and may fail, and is only ever called by the journal's own thread.

- A commit is durable when `write` returns (WAL, synchronous=FULL): there are few, and a power cut must not unpause a
  gateway.
- Errors are SQLite's own (`sqlite3.Error`, `OSError`); after one the connection is not used again.
- A file that vanished or was replaced under us is noticed before the next commit; a database that is corrupt is moved
  aside, with its WAL, and never deleted.
"""

import contextlib
import json
import logging
import math
import os
import sqlite3
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from supervisor.core.actions import Tell
from supervisor.core.calendar_rules import utc
from supervisor.core.facts import Facts
from supervisor.observe.journal_facts import from_json, to_json
from supervisor.observe.journal_schema import migrate
from supervisor.observe.masking import mask

LOG = logging.getLogger(__name__)

BUSY_TIMEOUT = 1.0
"""Seconds that a commit waits while another program holds the database."""

_PRUNED_AT_ONCE = 2000
_WAL_LIMIT = 16 * 1024 * 1024
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BROKEN = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_HELD = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})


class Entry(NamedTuple):
    """One event to be recorded."""

    gateway: str
    at: datetime
    tell: Tell


class Store:
    """An open journal. `path` None is one in memory. Raises sqlite3.Error, OSError or NotAJournalError."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._connection = sqlite3.connect(
            ":memory:" if path is None else path, timeout=BUSY_TIMEOUT, isolation_level=None
        )
        try:
            migrate(self._connection)
            self._connection.execute("PRAGMA journal_mode = WAL").fetchone()
            self._connection.execute("PRAGMA synchronous = FULL")
            self._connection.execute(f"PRAGMA journal_size_limit = {_WAL_LIMIT}").fetchone()
            self._identity = _identity(path)
        except BaseException:
            self.close()
            raise

    def facts(self) -> dict[str, Facts]:
        """The facts of every gateway; a record that cannot be read is left out, with a warning."""
        found = {}
        # As bytes: damaged text would end the reading of all that comes after it.
        for gateway, text in self._connection.execute(
            "SELECT CAST(gateway AS BLOB), CAST(facts AS BLOB) FROM facts"
        ).fetchall():
            try:
                found[gateway.decode("utf-8")] = from_json(text.decode("utf-8"))
            except ValueError as error:
                name = gateway.decode("utf-8", "replace")
                LOG.warning("the journal's facts of gateway %s are broken and not used: %s", name, error)
        return found

    def write(self, facts: Mapping[str, Facts], events: Iterable[Entry]) -> None:
        """All of it in one transaction, or nothing; what has no form in the file is left out, and the log told."""
        now = time.time_ns() // 1000
        kept = [(gateway, text, now) for gateway, known in facts.items() if (text := _kept(gateway, known))]
        recorded = [row for entry in events if (row := _recorded(entry))]
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.executemany(
            "INSERT INTO facts (gateway, facts, updated) VALUES (?, ?, ?) ON CONFLICT (gateway) DO UPDATE"
            " SET facts = excluded.facts, updated = excluded.updated",
            kept,
        )
        self._connection.executemany(
            "INSERT INTO events (gateway, at, level, kind, text, fields) VALUES (?, ?, ?, ?, ?, ?)", recorded
        )
        self._connection.execute("COMMIT")

    def prune(self, before: datetime) -> bool:
        """Forget some of the events older than `before`; whether there may be more of them."""
        removed = self._connection.execute(
            "DELETE FROM events WHERE id IN (SELECT id FROM events WHERE at < ? ORDER BY at LIMIT ?)",
            (_microseconds(before), _PRUNED_AT_ONCE),
        )
        return removed.rowcount >= _PRUNED_AT_ONCE

    def moved(self) -> bool:
        """Whether the path names another file now, or none."""
        return self._path is not None and _identity(self._path) != self._identity

    def close(self) -> None:
        """Give the file back; what was not committed is gone."""
        with contextlib.suppress(sqlite3.Error):
            self._connection.close()


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


def _identity(path: Path | None) -> tuple[int, int] | None:
    if path is None:
        return None
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino


def _kept(gateway: str, facts: Facts) -> str | None:
    try:
        return to_json(facts)
    except (ValueError, TypeError, OverflowError):
        LOG.exception("facts of gateway %s that the journal cannot keep: %s", gateway, facts)
        return None


def _recorded(entry: Entry) -> tuple[str, int, int, str, str, str] | None:
    gateway, at, tell = entry
    try:
        fields = json.dumps({key: _plain(value) for key, value in tell.fields.items()})
        return gateway, _microseconds(at), int(tell.level), tell.kind, _text(tell.text), fields
    except (ValueError, TypeError, OverflowError):
        LOG.exception("an event of gateway %s that the journal cannot record: %s", gateway, tell)
        return None


def _plain(value: object) -> object:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return _text(value) if isinstance(value, str) else value


def _text(text: str) -> str:
    return mask(text).encode("utf-8", "backslashreplace").decode("utf-8")


def _microseconds(at: datetime) -> int:
    return (utc(at) - _EPOCH) // timedelta(microseconds=1)
