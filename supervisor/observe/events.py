"""The last things worth knowing, kept in memory for the stream of events and for the API.

- Writers never wait for readers: appending is a few instructions, however slow a reader is.
- Numbers grow by one and are never reused, so that a reader who was away says which was the last it has seen.
- Text is masked (unless `words` does not mask) and becomes one clean line before it is kept.
"""

import itertools
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from supervisor.core.explain.report import Report, Word
from supervisor.frozen import dataclass
from supervisor.observe.masking import Words, fit, mask

CAPACITY = 1024


@dataclass(frozen=True, slots=True)
class Record:
    """One thing worth knowing."""

    id: int
    time: datetime
    gateway: str
    kind: str
    level: str
    """`debug`, `info`, `warning` or `error`."""
    text: str
    fields: Mapping[str, Word]


class EventRing:
    """The last `capacity` records; may be used from any thread.

    `newest` is the number of the last one, 0 before there is one; the numbers of an earlier process go on by `resume`.
    """

    def __init__(self, capacity: int = CAPACITY, *, words: Words = mask) -> None:
        self._words = words
        self._records: deque[Record] = deque(maxlen=capacity)
        self._writing = threading.Lock()
        self._watchers: tuple[Callable[[], None], ...] = ()
        self.newest = 0

    def resume(self, records: Iterable[Record], newest: int) -> None:
        """Go on after an earlier process: its last records, oldest first, and the highest number it may have given.

        To be called before the first `append`.
        """
        with self._writing:
            self._records.extend(records)
            self.newest = newest

    def append(self, gateway: str, at: datetime, report: Report) -> int:
        """Keep it, call the watchers, and return its number."""
        text, level = fit(report.text, self._words), report.level.name.lower()
        fields = {
            name: fit(value, self._words) if isinstance(value, str) else value for name, value in report.fields.items()
        }
        with self._writing:
            number = self.newest + 1
            self._records.append(Record(number, at, gateway, report.kind, level, text, fields))
            self.newest = number
        for watcher in self._watchers:
            watcher()
        return number

    def after(self, number: int, limit: int) -> tuple[Record, ...]:
        """The first `limit` records that came after this one, oldest first."""
        found = (record for record in self._copy() if record.id > number)
        return tuple(itertools.islice(found, limit))

    def since(self, moment: datetime, limit: int) -> tuple[Record, ...]:
        """The first `limit` records from this moment on, oldest first."""
        found = (record for record in self._copy() if record.time >= moment)
        return tuple(itertools.islice(found, limit))

    def last(self, limit: int) -> tuple[Record, ...]:
        """The last `limit` records, oldest first."""
        return self._copy()[-limit:]

    def watch(self, watcher: Callable[[], None]) -> None:
        """Call this after each record from now on, on the writer's thread: it must not block."""
        with self._writing:
            self._watchers = (*self._watchers, watcher)

    def unwatch(self, watcher: Callable[[], None]) -> None:
        """Stop calling it."""
        with self._writing:
            self._watchers = tuple(known for known in self._watchers if known != watcher)

    def _copy(self) -> tuple[Record, ...]:
        while True:
            try:
                return tuple(self._records)
            except RuntimeError:  # a writer came between; readers are the ones to wait
                continue
