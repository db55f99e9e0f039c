"""What has been said already, so that a long night makes a short log.

- A way to fail is told when it changes, and at most once an hour.
- A heartbeat that misses is told once for each session.
- A code that changes nothing is told once an hour.
- A zone that differs is told once for each pair of offset and zone.
"""

from datetime import timedelta

from supervisor.core.explain.report import Report
from supervisor.core.explain.sentences import report_of
from supervisor.core.model.records import (
    AttemptFailed,
    HeartbeatMissed,
    NoticeHeard,
    Record,
    SessionReady,
    ZoneDiffers,
)
from supervisor.core.model.vocabulary import Failure

HOUR = 3600.0
REMEMBERED = 256
"""Codes whose last telling is remembered."""


class Narrator:
    """Tells the records of one gateway. Not for several threads at once."""

    def __init__(self) -> None:
        self._failure: Failure | None = None
        self._failures: dict[Failure, float] = {}
        self._codes: dict[int, float] = {}
        self._miss_told = False
        self._zone: tuple[timedelta, str] | None = None

    def tell(self, record: Record, mono: float) -> Report | None:
        """The record in words, or None if there is nothing to say. `mono`: when it happened, monotonic seconds."""
        return report_of(record) if self._is_news(record, mono) else None

    def _is_news(self, record: Record, mono: float) -> bool:
        match record:
            case SessionReady():
                self._failure, self._failures, self._miss_told = None, {}, False
            case AttemptFailed(reason=reason):
                return self._failure_is_news(reason, mono)
            case HeartbeatMissed():
                told, self._miss_told = self._miss_told, True
                return not told
            case NoticeHeard(code=code, told=told):
                return told and self._code_is_news(code, mono)
            case ZoneDiffers(offset=offset, zone=zone):
                known, self._zone = self._zone, (offset, zone)
                return known != self._zone
            case _:
                pass
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

    def _code_is_news(self, code: int, mono: float) -> bool:
        last = self._codes.get(code)
        if last is not None and mono - last < HOUR:
            return False
        self._codes.pop(code, None)
        if len(self._codes) >= REMEMBERED:
            del self._codes[next(iter(self._codes))]
        self._codes[code] = mono
        return True
