"""What the journal's tests have in common: a journal that ends with its test, and a look into the file."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from supervisor.core.explain.report import Level, Report
from supervisor.core.model.facts import Facts
from supervisor.observe.journal.facts import from_json

AT = datetime(2026, 11, 21, 4, 33, 39, 123456, tzinfo=UTC)


def told(text: str, kind: str = "x", level: Level = Level.INFO, **fields: Any) -> Report:
    return Report(level, kind, text, fields)


def rows(path: Path, sql: str) -> list[tuple[Any, ...]]:
    """What another program reads, now; an empty list while there is no table or no sound file."""
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5.0)) as connection:
            return connection.execute(sql).fetchall()
    except (sqlite3.DatabaseError, UnicodeDecodeError):
        return []


def kept(path: Path) -> dict[str, Facts]:
    return {gateway: from_json(text) for gateway, text in rows(path, "SELECT gateway, facts FROM facts")}


def texts(path: Path) -> list[str]:
    return [text for (text,) in rows(path, "SELECT text FROM events ORDER BY id")]
