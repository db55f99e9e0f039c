"""The tables of the journal, and how an older file becomes a newer one.

- `application_id` says that a file is ours; another program's database is refused, never touched.
- `user_version` counts the migrations that were applied; each is one transaction, so that a crash leaves the old or
  the new form and nothing between.
- Migrations only add: tables, views, indices, columns with a default. So an older daemon still reads and writes the
  file of a newer one, and a downgrade loses nothing.
- Instants in tables are integers, microseconds since 1970 UTC: exact, and quick to compare. The views show them as
  RFC 3339.

Table `facts`: one row for each gateway that ever was; `facts` is the JSON of supervisor/observe/journal/facts.py.

Table `events`: what was told. `id` is never used twice, so that a reader can go on after the last one it saw. `level`
is the number of Python's logging. `fields` is a JSON object. Repetitions may be folded into one row: `times` counts
them, `last_at` is the instant of the last (null: of the only one).

Table `outage_spans`: one row for each outage that closed. `seconds` are those observed, gaps excluded; `recovered` is 0
for one that a pause closed; `words` is the first likely cause that was known, with its cure.

Table `watched_spans`: when a gateway was observed, from `began` to `until`; what lies between two rows nobody saw.

Table `heard`: one row for what a gateway said in the same words within a day, whatever came of it. `times` counts it,
`began` and `last` are the first and the last time.

Table `letters`: messages to people; `letters.py` beside this says what becomes of one.

Table `meta`: words about the file itself; `last_event` is the highest number ever given to an event, and
`running` is there while a process writes the file.

Views for people, instants as RFC 3339 in UTC: docs/for-programs.md has each with its columns.
"""

import sqlite3
from typing import Final

from supervisor.observe.journal.letters import CHANGED, TABLE
from supervisor.observe.journal.place import APPLICATION_ID, NotAJournalError


def _instant(column: str) -> str:
    """Microseconds as RFC 3339."""
    return (
        f"strftime('%Y-%m-%dT%H:%M:', {column} / 1000000, 'unixepoch')"
        f" || printf('%02d.%06dZ', {column} / 1000000 % 60, {column} % 1000000)"
    )


def _field(name: str) -> str:
    """A field of an event."""
    return f"json_extract(fields, '$.{name}')"


_HISTORY = (
    """CREATE TABLE outage_spans (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        gateway TEXT NOT NULL,
        began INTEGER NOT NULL,
        ended INTEGER NOT NULL,
        cause TEXT NOT NULL,
        planned INTEGER NOT NULL,
        seconds REAL NOT NULL,
        recovered INTEGER NOT NULL,
        words TEXT NOT NULL DEFAULT ''
    )""",
    "CREATE INDEX outage_spans_ended ON outage_spans (ended)",
    """CREATE TABLE watched_spans (
        gateway TEXT NOT NULL,
        began INTEGER NOT NULL,
        until INTEGER NOT NULL,
        PRIMARY KEY (gateway, began)
    ) WITHOUT ROWID""",
    "CREATE INDEX watched_spans_until ON watched_spans (until)",
    "CREATE INDEX events_gateway ON events (gateway, at)",
    f"""CREATE VIEW outages AS SELECT id, gateway, {_instant("began")} AS began, {_instant("ended")} AS ended, seconds,
        cause, planned, recovered, words FROM outage_spans""",
    f"""CREATE VIEW watched AS SELECT gateway, {_instant("began")} AS began, {_instant("until")} AS until,
        (until - began) / 1e6 AS seconds FROM watched_spans""",
    f"""CREATE VIEW sessions AS SELECT ready.gateway AS gateway, {_instant("ready.at")} AS ready,
        json_extract(ready.fields, '$.epoch') AS epoch,
        json_extract(ready.fields, '$.server_version') AS server_version,
        CASE WHEN lost.kind = 'session_lost' THEN {_instant("lost.at")} END AS lost,
        CASE WHEN lost.kind = 'session_lost' THEN json_extract(lost.fields, '$.reason') END AS reason,
        CASE WHEN lost.kind = 'session_lost' THEN json_extract(lost.fields, '$.planned') END AS planned
        FROM events AS ready LEFT JOIN events AS lost ON lost.id = (SELECT id FROM events AS later
            WHERE later.gateway = ready.gateway AND later.at >= ready.at AND later.id > ready.id
            AND later.kind IN ('session_lost', 'session_ready') ORDER BY later.at, later.id LIMIT 1)
        WHERE ready.kind = 'session_ready'""",
    f"""CREATE VIEW statuses AS SELECT {_instant("at")} AS at, gateway, {_field("status")} AS status,
        {_field("before")} AS before, {_field("layers")} AS layers FROM events WHERE kind = 'status'""",
    f"""CREATE VIEW restarts AS SELECT {_instant("at")} AS at, gateway, {_field("result")} AS result, text
        FROM events WHERE kind = 'restart'""",
    f"""CREATE VIEW logins AS SELECT {_instant("at")} AS at, gateway, {_field("assumed")} AS assumed, kind, text
        FROM events WHERE kind IN ('login', 'reauth_required')""",
    f"""CREATE VIEW reloads AS SELECT {_instant("at")} AS at, kind = 'reloaded' AS ok, text
        FROM events WHERE kind IN ('reloaded', 'reload_failed')""",
    f"""CREATE VIEW notices AS SELECT {_instant("at")} AS at, {_instant("coalesce(last_at, at)")} AS last_at, gateway,
        {_field("code")} AS code, times, text FROM events WHERE kind = 'notice'""",
)

_HEARD = (
    """CREATE TABLE heard (
        id INTEGER PRIMARY KEY,
        gateway TEXT NOT NULL,
        code INTEGER NOT NULL,
        text TEXT NOT NULL,
        began INTEGER NOT NULL,
        last INTEGER NOT NULL,
        times INTEGER NOT NULL DEFAULT 1
    )""",
    "CREATE INDEX heard_words ON heard (gateway, code, text, began)",
    "CREATE INDEX heard_began ON heard (gateway, began)",
    "CREATE INDEX heard_last ON heard (last)",
    f"""INSERT INTO heard (gateway, code, text, began, last, times) SELECT gateway, {_field("code")}, text, at,
        coalesce(last_at, at), times FROM events WHERE kind = 'notice' AND {_field("code")} IS NOT NULL""",
    "DROP VIEW notices",
    f"""CREATE VIEW notices AS SELECT {_instant("began")} AS at, {_instant("last")} AS last_at, gateway, code,
        times, text FROM heard""",
    f"""CREATE VIEW layers AS SELECT {_instant("at")} AS at, gateway, {_field("layers")} AS layers
        FROM events WHERE kind IN ('status', 'layers')""",
)

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
    _HISTORY,
    _HEARD,
    TABLE,
    CHANGED,
)


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
        raise NotAJournalError("it is another program's database")
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
