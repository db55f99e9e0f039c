"""Every message code that a gateway said, counted: what is said again in the same words within a day adds to its row.

- What was told of a code is an event, and told once an hour; this is how often it was heard.
- At most `DISTINCT` rows for a gateway and a day: what it says in still other words is counted for its code alone.
"""

import sqlite3
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from supervisor.core.codes.notices import summary
from supervisor.observe.journal.rows import microseconds
from supervisor.observe.masking import Words, fit

DAY = 24 * 3600 * 1_000_000
"""Microseconds within which the same words add to one row."""
DISTINCT = 1000
OTHER_WORDS = "(in further words)"
_LONGEST = 300


class Notice(NamedTuple):
    """What a gateway said."""

    gateway: str
    code: int
    text: str


class Heard(NamedTuple):
    """How often, and when for the first and the last time."""

    first: datetime
    last: datetime
    times: int = 1


def notice(gateway: str, code: int, text: str) -> Notice:
    """What was said, as it is kept: of 16 MB of text the beginning."""
    return Notice(gateway, code, text[: _LONGEST + 1])


def merged(notices: Mapping[Notice, Heard], later: Mapping[Notice, Heard]) -> dict[Notice, Heard]:
    """Both."""
    both = dict(notices)
    for said, heard in later.items():
        known = both.get(said)
        both[said] = heard if known is None else Heard(known.first, heard.last, known.times + heard.times)
    return both


def write(connection: sqlite3.Connection, notices: Mapping[Notice, Heard], words: Words) -> None:
    """Add them to the file, in the transaction that is open."""
    for said, heard in notices.items():
        gateway, code = said.gateway, said.code
        text = fit(summary(said.text, _LONGEST), words)
        first, last = microseconds(heard.first), microseconds(heard.last)
        if _added(connection, gateway, code, text, first, last, heard.times):
            continue
        (distinct,) = connection.execute(
            "SELECT count(*) FROM heard WHERE gateway = ? AND began > ?", (gateway, first - DAY)
        ).fetchone()
        if distinct >= DISTINCT:
            text = OTHER_WORDS
            if _added(connection, gateway, code, text, first, last, heard.times):
                continue
        connection.execute(
            "INSERT INTO heard (gateway, code, text, began, last, times) VALUES (?, ?, ?, ?, ?, ?)",
            (gateway, code, text, first, last, heard.times),
        )


def _added(
    connection: sqlite3.Connection, gateway: str, code: int, text: str, first: int, last: int, times: int
) -> bool:
    """Whether a row of these words was begun within a day."""
    added = connection.execute(
        "UPDATE heard SET times = times + ?, last = max(?, last) WHERE id = (SELECT id FROM heard"
        " WHERE gateway = ? AND code = ? AND text = ? AND began > ? ORDER BY began DESC LIMIT 1)",
        (times, last, gateway, code, text, first - DAY),
    )
    return bool(added.rowcount)
