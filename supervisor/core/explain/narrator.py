"""What has been said already, so that a long night makes a short log.

- A way to fail is told when it changes, and at most once an hour.
- A heartbeat that misses is told once for each session.
- Sessions that are granted and lost at once, again and again, are one line with a count, once an hour.
- A code that changes nothing is told once an hour, and so is a message that cannot be decoded.
- A zone that differs is told once for each pair of offset and zone.
"""

from datetime import timedelta

from supervisor.core.explain.report import Report
from supervisor.core.explain.sentences import report_of
from supervisor.core.model.gate import GateReasonsChanged
from supervisor.core.model.records import (
    AttemptFailed,
    HeartbeatMissed,
    LayersChanged,
    MessageDropped,
    NoticeHeard,
    Record,
    SessionHolds,
    SessionLost,
    SessionReady,
    StatusChanged,
    ZoneDiffers,
)
from supervisor.core.model.status import Status
from supervisor.core.model.vocabulary import Failure

HOUR = 3600.0
FOLDED = 2
"""Sessions in a row that were granted and lost at once, before the next ones are folded into one line."""
REMEMBERED = 256
"""Codes and undecodable messages whose last telling is remembered."""


class Narrator:
    """Tells the records of one gateway. Not for several threads at once."""

    def __init__(self) -> None:
        self._failure: Failure | None = None
        self._failures: dict[Failure, float] = {}
        self._last: dict[tuple[type[Record], int], float] = {}
        self._miss_told = False
        self._zone: tuple[timedelta, str] | None = None
        self._folding = False
        """Sessions come and go at once: what follows from each is not told."""
        self._folded_at: float | None = None

    def tell(self, record: Record, mono: float) -> Report | None:
        """The record in words, or None if there is nothing to say. `mono`: when it happened, monotonic seconds."""
        return report_of(record) if self._is_news(record, mono) else None

    def _is_news(self, record: Record, mono: float) -> bool:
        match record:
            case SessionReady(short_lived=short_lived):
                if short_lived >= FOLDED:
                    self._folding = True
                    return False
                self._failure, self._failures, self._miss_told = None, {}, False
            case SessionHolds():
                self._folding, self._folded_at = False, None
                self._failure, self._failures, self._miss_told = None, {}, False
            case SessionLost(short_lived=short_lived):
                if short_lived > FOLDED:
                    return self._fold_is_news(mono)
                self._folding = False
            case LayersChanged() | GateReasonsChanged():
                return not self._folding
            case StatusChanged(status=status):
                return not self._folding or status not in (Status.UP, Status.DOWN, Status.DEGRADED)
            case AttemptFailed(reason=reason):
                return self._failure_is_news(reason, mono)
            case HeartbeatMissed():
                told, self._miss_told = self._miss_told, True
                return not told
            case NoticeHeard(code=code, told=told):
                return told and self._is_hourly_news((NoticeHeard, code), mono)
            case MessageDropped(number=number):
                return self._is_hourly_news((MessageDropped, number), mono)
            case ZoneDiffers(offset=offset, zone=zone):
                known, self._zone = self._zone, (offset, zone)
                return known != self._zone
            case _:
                pass
        return True

    def _fold_is_news(self, mono: float) -> bool:
        """One line at once for the repetition, then one an hour."""
        if self._folded_at is not None and mono - self._folded_at < HOUR:
            return False
        self._folded_at = mono
        return True

    def _failure_is_news(self, failure: Failure, mono: float) -> bool:
        """A gateway that hangs may time out in two ways by turns, all night."""
        if self._failure is failure:
            return False
        self._failure = failure
        last = self._failures.get(failure)
        if last is not None and mono - last < HOUR:
            return False
        self._failures[failure] = mono
        return True

    def _is_hourly_news(self, kind: tuple[type[Record], int], mono: float) -> bool:
        last = self._last.get(kind)
        if last is not None and mono - last < HOUR:
            return False
        self._last.pop(kind, None)
        if len(self._last) >= REMEMBERED:
            del self._last[next(iter(self._last))]
        self._last[kind] = mono
        return True
