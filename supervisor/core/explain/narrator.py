"""What has been said already, so that a long night makes a short log.

- A cause is told once for each fault, with the first line that has it, and not with the lines that follow from it.
- Farms that a change of status names are not named again when their notices have settled.
- A way to fail is told when it changes, and at most once an hour.
- A heartbeat that misses is told once for each session.
- Sessions that are granted and lost at once, again and again, are one line with a count, once an hour.
- A code that changes nothing is told once an hour, and so is a message that cannot be decoded.
- A zone that differs is told once for each pair of offset and zone.
"""

from datetime import timedelta

from supervisor.core.explain.report import Report
from supervisor.core.explain.sentences import report_of
from supervisor.core.model.cause import Cause
from supervisor.core.model.gate import GateReasonsChanged
from supervisor.core.model.records import (
    AttemptFailed,
    FarmsSettled,
    HeartbeatMissed,
    LayersChanged,
    MessageDropped,
    NoticeHeard,
    Record,
    SessionHolds,
    SessionLost,
    SessionReady,
    StatusChanged,
    UpstreamLost,
    ZoneDiffers,
)
from supervisor.core.model.status import Status
from supervisor.core.model.vocabulary import Failure
from supervisor.frozen import replace

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
        self._explained: Cause | None = None
        """Told with the line before, of the same fault."""
        self._broken: frozenset[str] = frozenset()
        """Required farms that a change of status named, and that were not told to be back."""
        self._back: frozenset[str] = frozenset()
        """Farms that a change of status told to be back, until their notices have settled."""

    def tell(self, record: Record, mono: float) -> Report | None:
        """The record in words, or None if there is nothing to say. `mono`: when it happened, monotonic seconds."""
        if not self._is_news(record, mono):
            return None
        match record:
            case StatusChanged():
                record = self._with_farms(record)
            case FarmsSettled():
                record = self._without_named(record)
                if not (record.broken or record.back or record.blinked):
                    return None
            case SessionLost(cause=cause) | AttemptFailed(cause=cause) | UpstreamLost(cause=cause):
                explained, self._explained = cause is not None and cause == self._explained, cause
                return report_of(record, explained=explained)
            case _:
                pass
        return report_of(record)

    def _with_farms(self, record: StatusChanged) -> StatusChanged:
        """Name the farms that are back, too, if nothing else happened since they broke."""
        named = self._broken if record.before is Status.DEGRADED else frozenset()
        self._broken, self._back = frozenset(record.farms), frozenset()
        if record.status is not Status.UP:
            return record
        self._explained, self._back = None, named
        return replace(record, farms=tuple(sorted(named)))

    def _without_named(self, record: FarmsSettled) -> FarmsSettled:
        """The farms of which no change of status told."""
        back, self._back = self._back, frozenset()
        left = tuple(farm for farm in record.back if farm not in back)
        fresh = replace(
            record,
            broken=tuple(farm for farm in record.broken if farm not in self._broken),
            back=left,
            blinked=() if back.issuperset(record.blinked) else record.blinked,
        )
        self._broken -= frozenset(left)
        return fresh

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
                self._broken = frozenset()
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
