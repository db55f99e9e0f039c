"""One target: what waits for it, and the thread that carries it there.

- Who hands a message over never waits, and neither does one courier for another.
- A letter is in the journal as `sending` before it is sent, and as `sent` afterwards. If the journal cannot be written,
  it is sent all the same: to be told twice is better than not at all.
- A target that fails is told of once, and once when it takes messages again.
"""

import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from supervisor.core.calendar.clock import Now
from supervisor.core.explain.messages import Message
from supervisor.core.parts.telling import outbox
from supervisor.core.parts.telling.outbox import EMPTY, Item, Rules
from supervisor.observe.journal.letters import Delivery, Letter
from supervisor.observe.notify.text import composed, severity_of, to_json
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
    """One target and its thread. `open_way` makes the way to it, on the courier's thread; it may take long and fail."""

    def __init__(
        self,
        rules: Rules,
        form: str,
        open_way: Callable[[], Transport],
        book: Book,
        clock: Callable[[], Now],
        link: str,
    ) -> None:
        self.rules, self.form = rules, form
        self._open_way, self._book, self._clock, self._link = open_way, book, clock, link
        self._wake = threading.Condition()
        # Guarded by the condition's lock:
        self._outbox = EMPTY
        self._messages: dict[str, Message] = {}
        self._results = dict.fromkeys(RESULTS, 0)
        self._ending = False
        # The courier's own:
        self._way: Transport | None = None
        self._failing = False
        self._thread = threading.Thread(target=self._run, name=f"notify {rules.name}", daemon=True)

    def start(self) -> None:
        """Begin to carry."""
        self._thread.start()

    def hand_over(self, messages: Iterable[Message], *, again: bool = False) -> None:
        """Messages for this target; never blocks. `again`: they may have been taken already."""
        new = [message for message in messages if message.key not in self._messages]
        with self._wake:
            for message in new:
                self._messages[message.key] = message
            items = [Item(message.key, again) for message in new]
            self._outbox, left_out = outbox.added(self._outbox, items, self.rules.pace, self._clock())
            self._results["dropped"] += len(left_out)
            gone = [self._messages.pop(item.key) for item in left_out]
            self._wake.notify_all()
        for message in gone:
            self._keep(message, Delivery.DROPPED)

    def counts(self) -> Counts:
        """What became of its messages, and how many wait."""
        with self._wake:
            retrying = self._outbox.retrying
            waiting = len(self._outbox.waiting) + len(self._outbox.flying) - retrying
            return Counts(dict(self._results), waiting, retrying)

    def end(self, timeout: float = 0.0) -> list[tuple[Message, bool]]:
        """Carry nothing more; what is under way gets `timeout` seconds. Returns what is left, and what of it may have
        been taken. It is in the journal too.
        """
        with self._wake:
            self._ending = True
            self._wake.notify_all()
            self._wake.wait_for(lambda: not self._outbox.flying, timeout)
            left = [(item.key, True) for item in self._outbox.flying]
            left += [(item.key, item.again) for item in self._outbox.waiting]
            return [(self._messages[key], again) for key, again in left]

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
        with self._wake:
            while not self._ending:
                seconds = outbox.wait(self._outbox, self.rules, self._clock())
                if seconds == 0.0:
                    self._outbox = outbox.taken(self._outbox)
                    return self._outbox.flying
                self._wake.wait(LOOK if seconds is None else min(seconds, LOOK))
            return None

    def _carry(self, items: tuple[Item, ...]) -> Outcome:
        messages = [self._messages[item.key] for item in items]
        for message in messages:
            self._keep(message, Delivery.SENDING)
        self._book.stored(STORED)
        if self._way is None:
            try:
                self._way = self._open_way()
            except Exception as error:
                return Outcome(False, False, str(error))
        text = composed(messages, self.form, self._link, again=any(item.again for item in items))
        return self._way.send(text, severity_of(messages))

    def _done(self, items: tuple[Item, ...], outcome: Outcome) -> None:
        name = self.rules.name
        with self._wake:
            self._results["sent" if outcome.sent else "failed"] += 1
            if outcome.sent:
                self._outbox = outbox.sent(self._outbox, self.rules.pace, self._clock())
                gone = [self._messages.pop(item.key) for item in items]
            else:
                self._outbox = outbox.failed(self._outbox, self.rules.pace, self._clock(), doubt=outcome.doubt)
                gone = []
            self._wake.notify_all()
        for message in gone:
            self._keep(message, Delivery.SENT)
        if not outcome.sent and not outcome.doubt:
            for item in items:
                if not item.again:
                    self._keep(self._messages[item.key], Delivery.WAITING)
        if not outcome.sent and not self._failing:
            LOG.warning("target %s does not take messages: %s; they wait and are tried again", name, outcome.why)
        elif outcome.sent and self._failing:
            LOG.info("target %s takes messages again", name)
        self._failing = not outcome.sent

    def _keep(self, message: Message, state: Delivery) -> None:
        self._book.letter(Letter(self.rules.name, message.key, state, message.at, to_json(message)))
