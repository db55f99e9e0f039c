"""Messages to people in the journal, so that a kill loses none and doubles only what is in doubt.

- A letter is one message to one target. It is `waiting`, then `sending`, then `sent` or `dropped`.
- What is `sending` when a process dies was perhaps taken. The next process sends it again, and says so.
- A letter that was sent stays for as long as other entries do: the same message is not sent twice.
"""

import logging
import sqlite3
from collections.abc import Callable, Iterable
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Final

from supervisor.frozen import dataclass
from supervisor.observe.journal.rows import instant, microseconds

LOG = logging.getLogger(__name__)

KNOWN_AT_MOST: Final = 10_000
"""Letters of earlier processes that are read at the start, the newest of them."""

TABLE: Final = (
    """CREATE TABLE letters (
        target TEXT NOT NULL,
        key TEXT NOT NULL,
        state TEXT NOT NULL,
        at INTEGER NOT NULL,
        text TEXT NOT NULL,
        PRIMARY KEY (target, key)
    ) WITHOUT ROWID""",
    "CREATE INDEX letters_at ON letters (at)",
    """CREATE VIEW messages AS SELECT
        strftime('%Y-%m-%dT%H:%M:', at / 1000000, 'unixepoch') || printf('%02d.%06dZ', at / 1000000 % 60, at % 1000000)
            AS at, target, state, json_extract(text, '$.gateway') AS gateway, json_extract(text, '$.alert') AS alert,
        json_extract(text, '$.stage') AS stage, json_extract(text, '$.title') AS title FROM letters""",
)
CHANGED: Final = ("ALTER TABLE letters ADD COLUMN changed INTEGER NOT NULL DEFAULT 0",)
"""When the letter got its state; 0: an older version wrote it."""


class Delivery(StrEnum):
    """What became of a letter."""

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Letter:
    """One message to one target."""

    target: str
    key: str
    state: Delivery
    at: datetime
    """Of the message."""
    text: Callable[[], str]
    """The message as JSON, already masked. It is made when it is written: not on the thread that hands it over."""
    changed: datetime | None = None
    """When it got its state; None: nobody wrote that down."""


def write(connection: sqlite3.Connection, letters: Iterable[Letter]) -> None:
    """Write them; the newest state of each counts."""
    connection.executemany(
        "INSERT INTO letters (target, key, state, at, text, changed) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (target, key) DO UPDATE SET state = excluded.state, changed = excluded.changed",
        [
            (
                letter.target,
                letter.key,
                letter.state.value,
                microseconds(letter.at),
                letter.text(),
                0 if letter.changed is None else microseconds(letter.changed),
            )
            for letter in letters
        ],
    )


def read(connection: sqlite3.Connection) -> tuple[Letter, ...]:
    """The newest letters, oldest first. One that somebody damaged is left out."""
    rows = connection.execute(
        "SELECT target, key, state, at, text, changed FROM letters ORDER BY at DESC LIMIT ?", (KNOWN_AT_MOST,)
    ).fetchall()
    found = []
    for target, key, state, at, text, changed in reversed(rows):
        try:
            when = instant(changed) if changed else None
            found.append(Letter(target, key, Delivery(state), instant(at), partial(str, text), when))
        except (ValueError, OverflowError):
            LOG.warning("a message in the journal is broken and not used: %r", key)
    return tuple(found)
