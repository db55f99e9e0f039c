"""All targets: who hears what, and what an earlier process left unsent.

- `announce` is for the loop: it hands a message to the journal and to those that want it, and returns. Words are made
  for them by other threads (`Draft`).
- What is in the journal already is not sent again: another process decides the same message with the same key.
- Targets come and go by a reload. What waits for one that is gone is not sent.
- When a target was last told something is known over a reload and a restart: it hears at most one message a minute.
"""

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import field
from datetime import datetime

from supervisor.core.calendar.clock import Now
from supervisor.core.explain.messages import Message
from supervisor.core.parts.telling.outbox import Rules
from supervisor.frozen import dataclass
from supervisor.observe.journal.letters import Delivery, Letter
from supervisor.observe.masking import Words, mask
from supervisor.observe.notify.courier import Book, Counts, Courier
from supervisor.observe.notify.draft import Draft
from supervisor.observe.notify.heartbeat import NAME, Heartbeat
from supervisor.observe.notify.text import from_json
from supervisor.observe.notify.transport import Transport

LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Address:
    """A target: what it wants, the form, and the way to it."""

    rules: Rules
    form: str
    url: str = field(repr=False)


class Notifier:
    """Used from the loop's thread, `counts` from any. `open_way` makes the way to a target of its name and URL."""

    def __init__(
        self,
        book: Book,
        clock: Callable[[], Now],
        link: str,
        open_way: Callable[[str, str], Transport],
        words: Words = mask,
    ) -> None:
        self._book, self._clock, self._link, self._open_way, self._words = book, clock, link, open_way, words
        self._couriers: dict[str, Courier] = {}
        self._addresses: dict[str, Address] = {}
        self._known: set[tuple[str, str]] = set()
        self._left: dict[str, list[tuple[Draft, bool]]] = {}
        self._said: dict[str, datetime | None] = {}
        self._heartbeat: Heartbeat | None = None

    def recall(self, letters: Iterable[Letter]) -> None:
        """What earlier processes left, oldest first. To be called before `arrange`."""
        for letter in letters:
            self._known.add((letter.target, letter.key))
            if letter.changed is not None and letter.state in (Delivery.SENDING, Delivery.SENT):
                said = self._said.get(letter.target)
                self._said[letter.target] = letter.changed if said is None else max(said, letter.changed)
            if letter.state in (Delivery.WAITING, Delivery.SENDING):
                try:
                    message = from_json(letter.text())
                except ValueError as error:
                    LOG.warning("a message that waits in the journal cannot be sent: %s", error)
                    continue
                self._left.setdefault(letter.target, []).append((Draft(message), letter.state is Delivery.SENDING))

    def arrange(self, addresses: Iterable[Address]) -> None:
        """These are the targets from now on."""
        wanted = {address.rules.name: address for address in addresses}
        for name in [name for name, known in self._addresses.items() if wanted.get(name) != known]:
            courier = self._couriers.pop(name)
            left = courier.end()
            self._said[name] = courier.said()
            del self._addresses[name]
            if name in wanted:
                self._left[name] = left
        for name, address in wanted.items():
            if name not in self._couriers:
                self._begin(name, address)

    def announce(self, message: Message) -> None:
        """Tell it to everybody who wants to hear it. Never blocks."""
        draft = Draft(message, self._words)
        for name, courier in self._couriers.items():
            if (name, message.key) in self._known or not courier.rules.want(message.gateway, message.severity):
                continue
            self._known.add((name, message.key))
            self._book.letter(Letter(name, draft.key, Delivery.WAITING, draft.at, draft.json))
            courier.hand_over((draft,))

    def set_heartbeat(self, url: str | None, every: float) -> None:
        """Fetch this address, or none."""
        known = self._heartbeat
        if (known.url, known.every) == (url, every) if known is not None else url is None:
            return
        if known is not None:
            known.end()
        self._heartbeat = None if url is None else Heartbeat(url, every)
        if self._heartbeat is not None:
            self._heartbeat.start()

    def beat(self, *, well: bool) -> None:
        """The loop has done useful work."""
        if self._heartbeat is not None:
            self._heartbeat.beat(well)

    def counts(self) -> dict[str, Counts]:
        """What became of the messages, by target."""
        found = {name: courier.counts() for name, courier in tuple(self._couriers.items())}
        beat = self._heartbeat
        if beat is not None:
            found[NAME] = Counts({"sent": beat.sent, "failed": beat.failed, "dropped": 0})
        return found

    def end(self, timeout: float) -> None:
        """Send nothing more; what is under way gets so many seconds. What waits is in the journal."""
        until = time.monotonic() + timeout
        for courier in self._couriers.values():
            courier.end(max(0.0, until - time.monotonic()))
        if self._heartbeat is not None:
            self._heartbeat.end()

    def _begin(self, name: str, address: Address) -> None:
        courier = Courier(
            address.rules,
            address.form,
            lambda: self._open_way(name, address.url),
            self._book,
            self._clock,
            self._link,
            self._said.get(name),
        )
        self._addresses[name], self._couriers[name] = address, courier
        left = self._left.pop(name, [])
        courier.hand_over(draft for draft, again in left if not again)
        courier.hand_over((draft for draft, again in left if again), again=True)
        courier.start()
