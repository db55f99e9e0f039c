"""Rows of the journal's tables, made of what is told, and read back.

- What has no form in the file (a naive instant, a number too large) is left out alone, and the log told.
- Text is made fit here, before anything is written: account numbers masked, unless `words` lets them in, and one
  clean line.
"""

import json
import logging
import math
import sqlite3
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from supervisor.core.calendar.rules import utc
from supervisor.core.model.actions import Level, Tell
from supervisor.core.model.facts import Facts
from supervisor.observe.events import Record
from supervisor.observe.journal.facts import to_json
from supervisor.observe.masking import Words, fit, mask

LOG = logging.getLogger(__name__)

EventRow = tuple[str, int, int, str, str, str]
"""Gateway, at, level, kind, text, fields."""
OutageRow = tuple[str, int, int, str, bool, float, bool]
"""Gateway, began, ended, cause, planned, seconds, recovered."""

_LOST = ("session_lost", "attempt_failed")
TOLD_OF: Mapping[str, tuple[str, ...]] = {
    "port": _LOST,
    "handshake": _LOST,
    "session": _LOST,
    "heartbeat": ("heartbeat", "session_lost", "slept"),
    "upstream": ("upstream_lost",),
    "farms": ("farms",),
}
"""The kinds of events that say in words why a layer broke."""
BEFORE = 1_000_000
"""Microseconds before an outage's first moment in which its first word may have been told."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def kept_text(gateway: str, facts: Facts) -> str | None:
    """Facts as JSON."""
    try:
        return to_json(facts)
    except (ValueError, TypeError, OverflowError):
        LOG.exception("facts of gateway %s that the journal cannot keep: %s", gateway, facts)
        return None


def event_row(gateway: str, at: datetime, tell: Tell, words: Words = mask) -> EventRow | None:
    """One event."""
    try:
        fields = json.dumps({key: _plain(value, words) for key, value in tell.fields.items()})
        return gateway, microseconds(at), int(tell.level), tell.kind, fit(tell.text, words), fields
    except (ValueError, TypeError, OverflowError):
        LOG.exception("an event of gateway %s that the journal cannot record: %s", gateway, tell)
        return None


def read_event(row: tuple[int, int, str, str, int, str, str]) -> Record | None:
    """An event as it was told, or None for a row that somebody damaged."""
    number, at, gateway, kind, level, text, fields = row
    try:
        return Record(number, instant(at), gateway, kind, Level(level).name.lower(), text, json.loads(fields))
    except (ValueError, TypeError, OverflowError):
        return None


def outage_row(gateway: str, tell: Tell) -> OutageRow | None:
    """An outage, of the event that told of its end."""
    said = tell.fields
    try:
        return (
            gateway,
            microseconds(datetime.fromisoformat(str(said["began"]))),
            microseconds(datetime.fromisoformat(str(said["ended"]))),
            str(said["cause"]),
            bool(said["planned"]),
            float(said["seconds"] or 0.0),
            bool(said["recovered"]),
        )
    except (KeyError, ValueError, TypeError, OverflowError):
        LOG.exception("an outage of gateway %s that the journal cannot record: %s", gateway, tell)
        return None


def first_words(connection: sqlite3.Connection, gateway: str, began: int, ended: int, cause: str) -> str:
    """What was told first in an outage about the layer that broke; empty if nothing was."""
    kinds = TOLD_OF.get(cause, ())
    places = ", ".join("?" * len(kinds))
    said = connection.execute(
        f"SELECT text FROM events WHERE gateway = ? AND at BETWEEN ? AND ? AND kind IN ({places})"
        " ORDER BY at, id LIMIT 1",
        (gateway, began - BEFORE, ended, *kinds),
    ).fetchone()
    return str(said[0]) if said is not None else ""


def microseconds(at: datetime) -> int:
    """Since 1970 UTC; raises ValueError for a naive instant."""
    return (utc(at) - _EPOCH) // timedelta(microseconds=1)


def instant(at: int) -> datetime:
    """The aware instant; raises OverflowError beyond the years that a date can have."""
    return _EPOCH + timedelta(microseconds=at)


def _plain(value: object, words: Words) -> object:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return fit(value, words) if isinstance(value, str) else value
