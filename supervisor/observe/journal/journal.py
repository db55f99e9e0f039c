"""The journal: what must survive a restart, and what was told, in one SQLite file.

- `keep` and `record` never block, never raise and never touch the file: a thread of its own writes, in batches, at
  most every `BATCH` seconds. So a kill -9 costs what was handed over in the last fraction of a second.
- Of facts the newest win: they are few, and none is ever dropped. Of events at most `WAITING_AT_MOST` wait; if the
  file cannot be written for so long that there are more, the oldest are lost, counted and told of.
- Nothing that happens to the file ends the daemon: a full disk, a lock, a missing folder are counted in `errors`, told
  once, and tried again every few seconds. A corrupt journal is moved aside and a new one begun; a file that vanished is
  written again. Both new files get all facts known. A file that is no journal of ours is left alone.
- `stored` waits until what was handed over is in the file, for an operator who must know.
"""

import contextlib
import logging
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from urllib.parse import quote

from supervisor.core.explain.report import Report
from supervisor.core.model.facts import Facts
from supervisor.core.model.records import OutageClosed
from supervisor.observe.events import Record
from supervisor.observe.journal.letters import Letter
from supervisor.observe.journal.notices import Heard, Notice, merged, notice
from supervisor.observe.journal.place import refuse_foreign
from supervisor.observe.journal.spans import Watching
from supervisor.observe.journal.store import Entry, Span, Store, identity, is_corrupt, is_held, set_aside
from supervisor.observe.masking import Words, mask

LOG = logging.getLogger(__name__)

BATCH = 0.2
"""Seconds from one commit to the next, at least."""
RETRY = 5.0
"""Seconds from a failure to the next attempt."""
WAITING_AT_MOST = 10_000
"""Events that wait while the file cannot be written."""
RECENT = 256
"""Events of earlier processes that are read at the start, for the stream and the page."""

_PATIENCE = 0.5
_HELD_PAUSE = 0.1


@dataclass(slots=True)
class _Waiting:
    """What was handed over and is not yet in the file."""

    facts: dict[str, Facts] = field(default_factory=dict)
    events: deque[Entry] = field(default_factory=deque)
    spans: dict[tuple[str, datetime], Span] = field(default_factory=dict)
    notices: dict[Notice, Heard] = field(default_factory=dict)
    letters: dict[tuple[str, str], Letter] = field(default_factory=dict)
    prune: datetime | None = None

    def __bool__(self) -> bool:
        return bool(self.facts or self.events or self.spans or self.notices or self.letters or self.prune)


class Journal:
    """The journal at `path`; None is one in memory, which ends with the process. `retry` is `RETRY`, for the impatient.

    `may_open` is called before the file is opened, each time, and raises if another daemon writes it. `errors` counts
    failed attempts to read or write, `lost` the events that were dropped because too many waited.
    """

    def __init__(
        self,
        path: Path | None,
        *,
        retry: float = RETRY,
        words: Words = mask,
        may_open: Callable[[], None] = lambda: None,
    ) -> None:
        self._words = words
        self._may_open = may_open
        self.errors = 0
        self.lost = 0
        self._path = path
        self._retry = retry
        self._name = "in memory" if path is None else str(path)
        self._memory = f"file:ib-journal-{id(self)}?mode=memory&cache=shared"
        self._wake = threading.Condition()
        # Guarded by the condition's lock:
        self._waiting = _Waiting()
        self._known: dict[str, Facts] = {}
        self._watching = Watching()
        self._closing = False
        self._facts_given = 0  # how often facts or letters were handed over, how many of these are in the file,
        self._facts_written = 0
        self._trouble = ""  # and why the file cannot be written; empty if it can
        # The writer's own:
        self._store: Store | None = None
        self._own: tuple[int, int] | None = None
        self._lost_told = 0
        self._open_until = 0.0
        self._found: dict[str, Facts] = {}
        self._recent: tuple[int, tuple[Record, ...]] = (0, ())
        self._letters: tuple[Letter, ...] = ()
        self._crashed = False
        self._opened = threading.Event()
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)

    def open(self, timeout: float = 5.0, given_up: Callable[[], bool] = lambda: False) -> Mapping[str, Facts]:
        """Begin, and read the facts of every gateway that ever was; called once.

        Never raises and never takes longer than `timeout` seconds, nor much longer than until `given_up` says so: what
        cannot be read by then is unknown, with a warning, and the journal goes on trying to write.
        """
        until = time.monotonic() + timeout
        self._open_until = until - timeout * (1 - _PATIENCE)
        self._thread.start()
        while not self._opened.wait(_HELD_PAUSE) and time.monotonic() < until:
            if given_up():
                return {}
        if not self._opened.is_set():
            LOG.warning(
                "the journal (%s) did not open within %g s: going on without what it knows", self._name, timeout
            )
            return {}
        return self._found

    @property
    def place(self) -> str:
        """Where others read it: an URI for SQLite, to be opened by this process or, but for one in memory, any."""
        return self._memory if self._path is None else f"file:{quote(str(self._path))}?mode=ro"

    def watching(self) -> tuple[Span, ...]:
        """When those who are observed now have been observed without a gap: newer than the file."""
        with self._wake:
            return self._watching.now()

    def recent(self) -> tuple[int, tuple[Record, ...]]:
        """Of the file as it was opened: the highest number of an event, and the last `RECENT` events."""
        return self._recent

    def keep(self, gateway: str, facts: Facts) -> None:
        """These are the gateway's facts now."""
        with self._wake:
            if self._known.get(gateway) == facts:
                return
            self._known[gateway] = facts
            self._hand_over().facts[gateway] = facts
            self._facts_given += 1

    def letter(self, letter: Letter) -> None:
        """This is what became of a message to people."""
        with self._wake:
            self._hand_over().letters[letter.target, letter.key] = letter
            self._facts_given += 1

    def letters(self) -> tuple[Letter, ...]:
        """The messages of earlier processes, as the file was opened, oldest first."""
        return self._letters

    @property
    def crashed(self) -> bool:
        """Whether the process that wrote the file before this one ended without a word."""
        return self._crashed

    def stored(self, timeout: float) -> str:
        """Wait until all facts and letters handed over by now are in the file; why they are not, empty if they are.

        Waits at most `timeout` seconds, and not at all while the file cannot be written.
        """
        with self._wake:
            wanted = self._facts_given
            self._wake.wait_for(lambda: self._trouble or self._facts_written >= wanted, timeout)
            if self._facts_written >= wanted:
                return ""
            return self._trouble or f"it was not written within {timeout:g} s"

    def record(
        self, gateway: str, at: datetime, report: Report, number: int = 0, outage: OutageClosed | None = None
    ) -> None:
        """This was told at `at`, an aware datetime.

        `number` is the one that the stream of events gave it, `outage` the one that is over with it.
        """
        with self._wake:
            events = self._hand_over().events
            events.append(Entry(gateway, at, report, number, outage))
            self._shed(events)

    def heard(self, gateway: str, at: datetime, code: int, text: str) -> None:
        """The gateway said this: to be counted, whether or not it is told."""
        said = notice(gateway, code, text)
        with self._wake:
            notices = self._hand_over().notices
            known = notices.get(said)
            if known is None and len(notices) >= WAITING_AT_MOST:
                self.lost += 1
            else:
                notices[said] = Heard(at, at) if known is None else Heard(known.first, at, known.times + 1)

    def watched(self, gateways: Iterable[str], at: datetime) -> None:
        """These gateways are observed at `at`, and no others. To be called about once a second."""
        with self._wake:
            self._hand_over_spans(self._watching.seen(gateways, at))

    def prune(self, older_than: datetime) -> None:
        """Forget the events before that instant, bit by bit; facts are never forgotten."""
        with self._wake:
            self._hand_over().prune = older_than

    def close(self, timeout: float = 1.0) -> bool:
        """Write what waits and end; whether all of it was written within `timeout` seconds."""
        with self._wake:
            self._hand_over_spans(self._watching.ended())
            self._closing = True
            self._wake.notify_all()
        if self._thread.ident is not None:
            self._thread.join(timeout)
        with self._wake:
            return not self._thread.is_alive() and not self._waiting

    def _hand_over(self) -> _Waiting:
        if not self._waiting:
            self._wake.notify_all()
        return self._waiting

    def _hand_over_spans(self, spans: Iterable[Span]) -> None:
        for span in spans:
            self._hand_over().spans[span.gateway, span.began] = span

    def _shed(self, events: deque[Entry]) -> None:
        while len(events) > WAITING_AT_MOST:
            events.popleft()
            self.lost += 1

    # -- the writer's thread ------------------------------------------------------------------------------------------

    def _run(self) -> None:
        opened = self._attempt(self._begin)
        self._opened.set()
        not_before = time.monotonic() + (0.0 if opened else self._retry)
        while True:
            batch, given, last = self._take(not_before)
            written = not batch or self._attempt(partial(self._write, batch, given))
            if not written:
                self._give_back(batch)
            not_before = time.monotonic() + (BATCH if written else self._retry)
            if last:
                break
        if written and self._store is not None:
            self._attempt(self._store.end_running)
        self._drop_store()

    def _begin(self) -> None:
        """Open the file and read the facts, patient for a moment if another program holds it."""
        while True:
            try:
                store, self._found = self._open_store()
                with contextlib.suppress(sqlite3.DatabaseError, UnicodeDecodeError):  # the facts matter more
                    self._recent = store.recent(RECENT)
                    self._letters = store.letters()
                    self._crashed = store.begin_running()
            except sqlite3.Error as error:
                if not is_held(error) or time.monotonic() > self._open_until or self._closing:
                    raise
                self._drop_store()
                time.sleep(_HELD_PAUSE)
            else:
                return

    def _take(self, not_before: float) -> tuple[_Waiting, int, bool]:
        """What waits, once it is time; how many facts were handed over by then; and whether it is the last."""
        with self._wake:
            while not self._closing:
                pause = not_before - time.monotonic() if self._waiting else None
                if pause is not None and pause <= 0:
                    break
                self._wake.wait(pause)
            batch, self._waiting = self._waiting, _Waiting()
            return batch, self._facts_given, self._closing

    def _give_back(self, batch: _Waiting) -> None:
        with self._wake:
            now = self._waiting
            batch.events.extend(now.events)
            self._shed(batch.events)
            spans = {**batch.spans, **now.spans}
            notices = merged(batch.notices, now.notices)
            prune = now.prune or batch.prune
            letters = {**batch.letters, **now.letters}
            self._waiting = _Waiting({**batch.facts, **now.facts}, batch.events, spans, notices, letters, prune)

    def _attempt(self, work: Callable[[], None]) -> bool:
        """Do it; once more with a new file if the old one is damaged. Whatever goes wrong, the daemon goes on."""
        try:
            try:
                work()
            except (sqlite3.Error, UnicodeDecodeError) as error:
                if not (is_corrupt(error) and self._path is not None):
                    raise
                self._begin_again(self._path, error)
                work()
        except Exception as error:
            self.errors += 1
            self._drop_store()
            if not self._trouble:
                LOG.error("the journal (%s) cannot be written and is tried again: %s", self._name, error)
            self._in_trouble(str(error) or type(error).__name__)
            return False
        if self._trouble:
            self._in_trouble("")
            lost = self.lost - self._lost_told
            LOG.warning("the journal (%s) is written again; %d events were lost meanwhile", self._name, lost)
            self._lost_told += lost
        return True

    def _in_trouble(self, why: str) -> None:
        with self._wake:
            self._trouble = why
            self._wake.notify_all()

    def _begin_again(self, path: Path, error: Exception) -> None:
        self._drop_store()
        if (
            self._own is None or identity(path) != self._own
        ):  # a file that was ours an hour ago is ours without a header
            refuse_foreign(path)
        self.errors += 1
        aside = set_aside(path)
        LOG.error("the journal %s is damaged (%s): it is now %s, and a new one is begun", path, error, aside.name)

    def _write(self, batch: _Waiting, given: int) -> None:
        store = self._store_for(batch)
        if batch.facts or batch.events or batch.spans or batch.notices or batch.letters:
            store.write(batch.facts, batch.events, batch.spans.values(), batch.notices, batch.letters.values())
            # In the file now, even if the pruning fails.
            batch.facts, batch.events, batch.spans, batch.notices, batch.letters = {}, deque(), {}, {}, {}
            with self._wake:
                self._facts_written = given
                self._wake.notify_all()
        if batch.prune is not None and store.prune(batch.prune):
            with self._wake:
                self._waiting.prune = self._waiting.prune or batch.prune

    def _store_for(self, batch: _Waiting) -> Store:
        """The open file; a file opened again lacks more facts than those that changed."""
        store = self._store
        if store is not None and store.moved():
            LOG.warning("the journal %s was moved or deleted: a new one is begun", self._name)
            self._drop_store()
            store = None
        if store is None:
            store, found = self._open_store()
            with self._wake:
                batch.facts = {name: facts for name, facts in self._known.items() if found.get(name) != facts}
        return store

    def _open_store(self) -> tuple[Store, dict[str, Facts]]:
        """Open the file; what it knows is known, unless something newer is."""
        self._may_open()
        store = self._store = Store(self._path, self._memory, self._words)
        found = store.facts()
        self._own = store.identity
        with self._wake:
            self._known = {**found, **self._known}
        return store, found

    def _drop_store(self) -> None:
        if self._store is not None:
            self._store.close()
            self._store = None
