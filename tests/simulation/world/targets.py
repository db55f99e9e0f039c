"""Targets of messages: a courier and a journal for each, which may fail, or be killed with a message in the air."""

import random
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import partial

from supervisor.core.calendar.clock import Now
from supervisor.core.model.actions import Announce
from supervisor.core.model.pages import Severity
from supervisor.core.parts.telling import outbox
from supervisor.core.parts.telling.outbox import Item, Quiet, Rules
from supervisor.observe.journal.letters import Delivery
from tests.simulation.judges.violation import holds
from tests.simulation.world.timeline import Timeline
from tests.simulation.world.troubles import Troubles

FLIGHT = 0.3
"""Seconds that sending takes."""
APART = 60.0
LOOK = 300.0
"""Most seconds between two looks at the clock, which may be set; a courier looks more often."""
LATEST = 900.0
"""Seconds after which a message has come, if nothing is in its way: the longest retry, a minute, and some."""
PHONE = Rules("phone")
MAIL = Rules("mail", Severity.CRITICAL, quiet=Quiet(time(22, 0), time(7, 0), "Europe/Berlin"))


@dataclass
class Letter:
    """What the journal knows of one message."""

    since: float
    """True time at which it was handed over."""
    state: Delivery = Delivery.WAITING


class Target:
    """One target. Raises Violation where a promise about messages is broken."""

    def __init__(self, rules: Rules, line: Timeline) -> None:
        self.troubles = Troubles()
        self.letters: dict[str, Letter] = {}
        self.taken: list[str] = []
        """What it took, by key."""
        self._rules, self._line = rules, line
        self._box = outbox.EMPTY
        self._life = 0
        self._runs = False
        self._quiet_at = 0.0
        """When quiet hours last held something back. A clock that is set ends them at any moment."""
        self._began = 0.0
        self._taken_at: Now | None = None
        self._taken_in = 0
        self._said: datetime | None = None
        """When it was last told something, or perhaps was, as the journal has it."""
        self._dice = random.Random(0)
        self._doubt = False

    def begins(self) -> None:
        """A process of the daemon begins with what the one before left."""
        self._life += 1
        self._runs = True
        self._began = self._line.t
        self._box = outbox.begun(self._said, self._rules.pace, self._line.now())
        left = {key: each.state for key, each in self.letters.items() if each.state is not Delivery.SENT}
        self._add([Item(key, again=state is Delivery.SENDING) for key, state in left.items()])

    def ends(self) -> None:
        """It is over, whatever was in the air."""
        self._life += 1
        self._runs = False

    def announce(self, said: Announce) -> None:
        """A message for whoever wants it. What is in the journal is not sent again."""
        if said.key not in self.letters and self._rules.want("live", said.severity):
            self.letters[said.key] = Letter(self._line.t)
            self._add([Item(said.key)])

    def fails(self, seconds: float, *, doubt: bool) -> None:
        """For so long it takes nothing, or does not say whether it does."""
        self._doubt = doubt
        self.troubles.begin("down", self._line.t)
        self._line.later(seconds, lambda: self.troubles.end("down", self._line.t))

    def compare(self) -> None:
        """Nothing has waited for long without a reason: a daemon that is away, a target that is down, quiet hours."""
        if not self._runs:
            return
        line, quiet = self._line, self._rules.quiet
        wall = line.now().wall
        if self.troubles or (quiet and (quiet.until(wall) or quiet.until(wall - timedelta(seconds=LATEST)))):
            return
        for key, letter in self.letters.items():
            waited = line.t - max(letter.since, self._began, self._quiet_at, line.woke_at, self.troubles.calm_since)
            lost = letter.state is not Delivery.SENT and waited > LATEST
            holds(not lost, "no message is lost", lambda key=key, waited=waited: f"{key} waits for {waited:.0f} s")

    def _add(self, items: list[Item]) -> None:
        self._box, _ = outbox.added(self._box, items, self._rules.pace, self._line.now())
        self._look(self._life)

    def _look(self, life: int) -> None:
        seconds = outbox.wait(self._box, self._rules, self._line.now()) if life == self._life else None
        if seconds is None:
            return
        if seconds > 0:
            if self._rules.quiet is not None and self._rules.quiet.until(self._line.now().wall):
                self._quiet_at = self._line.t
            self._line.later(min(max(seconds, 0.01), LOOK), partial(self._look, life))
            return
        self._box = outbox.taken(self._box)
        self._said = self._line.now().wall
        for item in self._box.flying:
            self.letters[item.key].state = Delivery.SENDING
        self._line.later(FLIGHT, partial(self._done, life, self._line.now(), self._box.flying))

    def _done(self, life: int, left: Now, items: tuple[Item, ...]) -> None:
        fails = "down" in self.troubles
        if not fails or (self._doubt and self._dice.random() < 0.5):
            # What a killed process has sent left before the kill, whatever its machine and its clocks did since.
            self._take(life, self._line.now() if life == self._life else left, items)
        if life != self._life:
            return  # killed with this in the air
        now, pace = self._line.now(), self._rules.pace
        if self._doubt or not fails:
            self._said = now.wall
        if fails:
            self._box = outbox.failed(self._box, pace, now, doubt=self._doubt)
        else:
            self._box = outbox.sent(self._box, pace, now)
        for item in items:
            if not fails:
                self.letters[item.key].state = Delivery.SENT
            elif not self._doubt and not item.again:
                self.letters[item.key].state = Delivery.WAITING
        self._look(life)

    def _take(self, life: int, now: Now, items: tuple[Item, ...]) -> None:
        before = self._taken_at
        apart = before is None or self._apart(before, now, same_life=life == self._taken_in)
        holds(apart, "one message a minute and target", lambda: f"at {before} and {now}: {items}")
        self._taken_at, self._taken_in = now, life
        for item in items:
            holds(item.again or item.key not in self.taken, "doubled only where in doubt, and marked", item)
            self.taken.append(item.key)

    def _apart(self, before: Now, now: Now, *, same_life: bool) -> bool:
        """Whether a minute is between the two, or seems to be: another process has the wall clock alone.

        That may have been set, and the machine's own clock begins anew when it starts.
        """
        if now.mono - before.mono >= APART:
            return True
        return not same_life and not timedelta(0) <= now.wall - before.wall < timedelta(seconds=APART)
