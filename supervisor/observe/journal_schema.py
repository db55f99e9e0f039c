"""The tables of the journal, and how an older file becomes a newer one.

- `application_id` says that a file is ours; another program's database is refused, never touched.
- `user_version` counts the migrations that were applied; each is one transaction, so that a crash leaves the old or
  the new form and nothing between.
- Migrations only add: tables, views, indices, columns with a default. So an older daemon still reads and writes the
  file of a newer one, and a downgrade loses nothing.
- Instants in tables are integers, microseconds since 1970 UTC: exact, and quick to compare. The views show them as
  RFC 3339.

Table `facts`: one row for each gateway that ever was; `facts` is the JSON of supervisor/observe/journal_facts.py.

Table `events`: what was told. `id` is never used twice, so that a reader can go on after the last one it saw. `level`
is the number of Python's logging. `fields` is a JSON object. Repetitions may be folded into one row: `times` counts
them, `last_at` is the instant of the last (null: of the only one).

Table `meta`: words about the file itself.
"""

import sqlite3
from typing import Final

APPLICATION_ID: Final = 0x49425356
"""`IBSV`"""

MIGRATIONS: Final[tuple[tuple[str, ...], ...]] = (
    (
        "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
        "CREATE TABLE facts (gateway TEXT PRIMARY KEY, facts TEXT NOT NULL, updated INTEGER NOT NULL) WITHOUT ROWID",
        """CREATE TABLE events (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            at INTEGER NOT NULL,
            gateway TEXT NOT NULL,
            level INTEGER NOT NULL,
            kind TEXT NOT NULL,
            text TEXT NOT NULL,
            fields TEXT NOT NULL DEFAULT '{}',
            times INTEGER NOT NULL DEFAULT 1,
            last_at INTEGER
        )""",
        "CREATE INDEX events_at ON events (at)",
        "CREATE INDEX events_kind ON events (kind, at)",
        """CREATE VIEW log AS SELECT
            id,
            strftime('%Y-%m-%dT%H:%M:', at / 1000000, 'unixepoch')
                || printf('%02d.%06dZ', at / 1000000 % 60, at % 1000000) AS at,
            gateway,
            CASE WHEN level >= 40 THEN 'error' WHEN level >= 30 THEN 'warning' WHEN level >= 20 THEN 'info'
                ELSE 'debug' END AS level,
            kind, text, fields, times
        FROM events""",
        "INSERT INTO meta VALUES ('created', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))",
        f"PRAGMA application_id = {APPLICATION_ID}",
    ),
)


class NotAJournalError(Exception):
    """The file is a database, but of another program."""


def migrate(connection: sqlite3.Connection) -> None:
    """Bring an open database to the newest form; one that is there already, or beyond, is not written to.

    The connection is in autocommit mode. Raises NotAJournalError, and sqlite3.Error as SQLite does.
    """
    if _version(connection) >= len(MIGRATIONS):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        applied = _version(connection)  # again: another process may have been faster
        for statements in MIGRATIONS[applied:]:
            for statement in statements:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {max(applied, len(MIGRATIONS))}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _version(connection: sqlite3.Connection) -> int:
    """How many migrations were applied; raises NotAJournalError for a file that is not ours."""
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if application != APPLICATION_ID and (application or tables):
        raise NotAJournalError("the file is another program's database")
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
