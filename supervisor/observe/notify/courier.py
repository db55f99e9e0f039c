"""One target: what waits for it, and the thread that carries it there.

- Who hands a message over never waits, and neither does one courier for another.
- A letter is in the journal as `sending` before it is sent, and as `sent` afterwards. If the journal cannot be written,
  it is sent all the same: to be told twice is better than not at all.
- A target that fails is told of once, and once when it takes messages again.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from supervisor.core.calendar.clock import Now
from supervisor.core.parts.telling import outbox
from supervisor.core.parts.telling.outbox import Item, Rules
from supervisor.observe.journal.letters import Delivery, Letter
from supervisor.observe.notify.draft import Draft
from supervisor.observe.notify.text import composed, severity_of
from supervisor.observe.notify.transport import Outcome, Transport

LOG = logging.getLogger(__name__)

STORED = 2.0
"""Seconds that a message waits to be in the journal before it goes."""
LOOK = 5.0
"""Most seconds between two looks at the clock, which may be set, or stand still while the machine sleeps."""
RESULTS = ("sent", "failed", "dropped")


class Book(Protocol):
    """The journal, as far as messages need it."""

    def letter(self, letter: Letter) -> None:
        """Keep what became of a letter."""
        ...

    def stored(self, timeout: float) -> str:
        """Wait until it is kept; why it is not, empty if it is."""
        ...


@dataclass
class Counts:
    """What became of the messages of one target: one message may tell of many things."""

    results: dict[str, int] = field(default_factory=lambda: dict.fromkeys(RESULTS, 0))
    waiting: int = 0
    retrying: int = 0


class Courier:
    """One target and its thread. `open_way` makes the way to it, on the courier's thread; it may take long and fail.

    `said` is when the target was last told something, by another courier; None: never.
    """

    def __init__(
        self,
        rules: Rules,
        form: str,
        open_way: Callable[[], Transport],
        book: Book,
        clock: Callable[[], Now],
        link: str,
        said: datetime | None = None,
    ) -> None:
        self.rules, self.form = rules, form
        self._open_way, self._book, self._clock, self._link = open_way, book, clock, link
        # Between who hands over and the courier, without a lock:
        self._inbox: deque[tuple[Draft, bool]] = deque()
        self._overflow = 0
        self._idle = False
        self._bell = threading.Event()
        self._ending = False
        self._changed = threading.Condition()
        # Guarded by the condition's lock:
        self._outbox = outbox.begun(said, rules.pace, clock())
        self._said = said
        self._drafts: dict[str, Draft] = {}
        self._results = dict.fromkeys(RESULTS, 0)
        # The courier's own:
        self._way: Transport | None = None
        self._failing = False
        self._thread = threading.Thread(target=self._run, name=f"notify {rules.name}", daemon=True)

    def start(self) -> None:
        """Begin to carry."""
        self._thread.start()

    def hand_over(self, drafts: Iterable[Draft], *, again: bool = False) -> None:
        """Messages for this target; takes no lock. `again`: they may have been taken already. From one thread.

        The courier is woken if it has nothing to do: what else waits does not make it go sooner.
        """
        self._inbox.extend((draft, again) for draft in drafts)
        while len(self._inbox) > outbox.WAITING_AT_MOST and (oldest := self._next()) is not None:
            self._overflow += 1
            self._keep(oldest[0], Delivery.DROPPED)
        if self._idle:
            self._bell.set()

    def counts(self) -> Counts:
        """What became of its messages, and how many wait."""
        with self._changed:
            retrying = self._outbox.retrying
            waiting = len(self._inbox) + len(self._outbox.waiting) + len(self._outbox.flying) - retrying
            results = {**self._results, "dropped": self._results["dropped"] + self._overflow}
            return Counts(results, waiting, retrying)

    def said(self) -> datetime | None:
        """When the target was last told something, or perhaps was; None: never."""
        with self._changed:
            return self._clock().wall if self._outbox.flying else self._said

    def end(self, timeout: float = 0.0) -> list[tuple[Draft, bool]]:
        """Carry nothing more; what is under way gets `timeout` seconds. Returns what is left, and what of it may have
        been taken. It is in the journal too.
        """
        self._ending = True
        self._bell.set()
        with self._changed:
            self._changed.wait_for(lambda: not self._outbox.flying, timeout)
            self._empty_inbox()
            left = [(item.key, True) for item in self._outbox.flying]
            left += [(item.key, item.again) for item in self._outbox.waiting]
            return [(self._drafts[key], again) for key, again in left]

    # -- the courier's thread -----------------------------------------------------------------------------------------

    def _run(self) -> None:
        while (items := self._take()) is not None:
            try:
                outcome = self._carry(items)
            except Exception:
                LOG.exception("target %s: a message could not be made", self.rules.name)
                outcome = Outcome(False, False, "a fault of ours")
            self._done(items, outcome)

    def _take(self) -> tuple[Item, ...] | None:
        """What goes now; waits until something does. None at the end."""
        while True:
            self._bell.clear()
            self._idle = True  # before the inbox is looked at: what comes from now on rings
            with self._changed:
                if self._ending:
                    return None
                self._empty_inbox()
                seconds = outbox.wait(self._outbox, self.rules, self._clock())
                self._idle = seconds is None
                if seconds == 0.0:
                    self._outbox = outbox.taken(self._outbox)
                    return self._outbox.flying
            self._bell.wait(LOOK if seconds is None else min(seconds, LOOK))

    def _empty_inbox(self) -> None:
        """Into the outbox, and the oldest out of it if it is too much. The lock is held."""
        found = []
        while (handed := self._next()) is not None:
            draft, again = handed
            if draft.key not in self._drafts:
                self._drafts[draft.key] = draft
                found.append(Item(draft.key, again))
        if not found:
            return
        self._outbox, left_out = outbox.added(self._outbox, found, self.rules.pace, self._clock())
        self._results["dropped"] += len(left_out)
        for item in left_out:
            self._keep(self._drafts.pop(item.key), Delivery.DROPPED)

    def _next(self) -> tuple[Draft, bool] | None:
        """The oldest of the inbox; both sides may take it."""
        try:
            return self._inbox.popleft()
        except IndexError:
            return None

    def _carry(self, items: tuple[Item, ...]) -> Outcome:
        drafts = [self._drafts[item.key] for item in items]
        for draft in drafts:
            self._keep(draft, Delivery.SENDING)
        self._book.stored(STORED)
        if self._way is None:
            try:
                self._way = self._open_way()
            except Exception as error:
                return Outcome(False, False, str(error))
        messages = [draft.message for draft in drafts]
        text = composed(messages, self.form, self._link, again=any(item.again for item in items))
        return self._way.send(text, severity_of(messages))

    def _done(self, items: tuple[Item, ...], outcome: Outcome) -> None:
        name = self.rules.name
        with self._changed:
            self._results["sent" if outcome.sent else "failed"] += 1
            now = self._clock()
            if outcome.sent or outcome.doubt:
                self._said = now.wall
            if outcome.sent:
                self._outbox = outbox.sent(self._outbox, self.rules.pace, now)
                gone = [self._drafts.pop(item.key) for item in items]
            else:
                self._outbox = outbox.failed(self._outbox, self.rules.pace, now, doubt=outcome.doubt)
                gone = []
            self._changed.notify_all()
        for draft in gone:
            self._keep(draft, Delivery.SENT)
        if not outcome.sent and not outcome.doubt:
            for item in items:
                if not item.again:
                    self._keep(self._drafts[item.key], Delivery.WAITING)
        if not outcome.sent and not self._failing:
            LOG.warning("target %s does not take messages: %s; they wait and are tried again", name, outcome.why)
        elif outcome.sent and self._failing:
            LOG.info("target %s takes messages again", name)
        self._failing = not outcome.sent

    def _keep(self, draft: Draft, state: Delivery) -> None:
        self._book.letter(Letter(self.rules.name, draft.key, state, draft.at, draft.json, self._clock().wall))
