"""Rows of the journal's tables, made of what is told, and read back.

- What has no form in the file (a naive instant, a number too large) is left out alone, and the log told.
- Text is masked (unless `words` does not mask) and becomes one clean line here, before it is written.
"""

import json
import logging
import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from supervisor.core.calendar.rules import utc
from supervisor.core.explain.causes import explain
from supervisor.core.explain.report import Level, Report
from supervisor.core.model.facts import Facts
from supervisor.core.model.records import OutageClosed
from supervisor.core.model.vocabulary import Planning
from supervisor.observe.events import Record
from supervisor.observe.journal.facts import to_json
from supervisor.observe.masking import Words, fit, mask

LOG = logging.getLogger(__name__)

EventRow = tuple[str, int, int, str, str, str]
"""Gateway, at, level, kind, text, fields."""
OutageRow = tuple[str, int, int, str, bool, float, bool, str]
"""Gateway, began, ended, cause, planned, seconds, recovered, words."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def kept_text(gateway: str, facts: Facts, words: Words = mask) -> str | None:
    """Facts as JSON."""
    try:
        return to_json(facts, words)
    except (ValueError, TypeError, OverflowError):
        LOG.exception("facts of gateway %s that the journal cannot keep: %s", gateway, facts)
        return None


def event_row(gateway: str, at: datetime, report: Report, words: Words = mask) -> EventRow | None:
    """One event."""
    try:
        fields = json.dumps({key: _plain(value, words) for key, value in report.fields.items()})
        return gateway, microseconds(at), int(report.level), report.kind, fit(report.text, words), fields
    except (ValueError, TypeError, OverflowError):
        LOG.exception("an event of gateway %s that the journal cannot record: %s", gateway, report)
        return None


def read_event(row: tuple[int, int, str, str, int, str, str]) -> Record | None:
    """An event as it was told, or None for a row that somebody damaged."""
    number, at, gateway, kind, level, text, fields = row
    try:
        return Record(number, instant(at), gateway, kind, Level(level).name.lower(), text, json.loads(fields))
    except (ValueError, TypeError, OverflowError):
        return None


def outage_row(gateway: str, outage: OutageClosed, words: Words = mask) -> OutageRow | None:
    """An outage that is over."""
    try:
        return (
            gateway,
            microseconds(outage.began),
            microseconds(outage.ended),
            outage.layer.value,
            outage.planning is Planning.PLANNED,
            outage.seconds,
            outage.recovered,
            fit(str(explain(outage.cause)), words) if outage.cause is not None else "",
        )
    except (ValueError, TypeError, OverflowError):
        LOG.exception("an outage of gateway %s that the journal cannot record: %s", gateway, outage)
        return None


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


def of_these(gateways: Sequence[str] | None) -> tuple[str, tuple[str, ...]]:
    """The end of a condition that picks these gateways, and its values; None for all of them."""
    if gateways is None:
        return "", ()
    return f" AND gateway IN ({', '.join('?' * len(gateways))})", tuple(gateways)
