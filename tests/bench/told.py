"""What messages to people cost the loop while their targets hang: a real loop, 10,000 events, each of them a message.

A hundred gateways whose sessions are ready hear a message code each in turn, RATE times a second. For each there is a
decision, and a message for every target. The targets accept a connection and never answer. What is measured, with and
without targets, in blocks of BLOCK events by turns: what a decision takes with all that it hands over (the histogram of
`ib_supervisor_loop_seconds` has the same), by the clock and on the processor, and the time from an event's receipt to
the end of its decision. On a machine that does other things too, the clock measures those.

`PYTHONPATH=. python tests/bench/told.py` prints the table of docs/notify.md.
"""

import tempfile
import threading
import time
from collections.abc import Callable
from datetime import UTC
from pathlib import Path
from statistics import quantiles

from supervisor.core.calendar.clock import Now
from supervisor.core.explain.messages import telling
from supervisor.core.model.actions import Announce
from supervisor.core.model.events import (
    AccountsReceived,
    Event,
    HandshakeDone,
    NextIdReceived,
    NoticeReceived,
    PortOpened,
    Started,
    TimeAnswered,
)
from supervisor.core.model.facts import Facts
from supervisor.core.model.pages import Severity
from supervisor.core.model.records import NoticeHeard, Record
from supervisor.core.model.vocabulary import Stage
from supervisor.core.parts.telling.outbox import Rules
from supervisor.observe.journal.journal import Journal
from supervisor.observe.notify.apprise_target import AppriseTarget
from supervisor.observe.notify.notifier import Address, Notifier
from supervisor.runtime.clocks import Clock
from supervisor.runtime.gateway_runtime import GatewayRuntime
from supervisor.runtime.loop import Loop
from supervisor.runtime.mailbox import Mailbox
from tests.core.driver import policy
from tests.observe.notify.receivers import HANGS, receiving
from tests.runtime.stage import FakeLink

EVENTS = 10_000
GATEWAYS = 100
RATE = 1000
BLOCK = 1000
TARGETS = (0, 1, 3)
CODE = 9999
"""Nobody knows it, so that nothing but the message follows from it."""


class Teller:
    """Tells people of every message code, as the daemon tells them of an outage."""

    def __init__(self, journal: Journal, notifier: Notifier) -> None:
        self._journal, self._notifier = journal, notifier
        self._count = 0

    def happened(self, gateway: str, at: Now, record: Record) -> None:
        if isinstance(record, NoticeHeard) and record.code == CODE:
            self._count += 1
            wall = at.wall.astimezone(UTC)
            said = Announce(f"event-{self._count}", Stage.BEGAN, "IBGatewayDown", Severity.CRITICAL, wall, wall, 60.0)
            self.announce(gateway, said)

    def announce(self, gateway: str, message: Announce) -> None:
        self._notifier.announce(telling(gateway, message, "America/New_York"))

    def keep(self, gateway: str, facts: Facts) -> None:
        self._journal.keep(gateway, facts)


class Timed(GatewayRuntime):
    """A gateway whose decisions on message codes are timed, in microseconds: by the clock, and on the processor."""

    rig: "Rig"
    clock: Clock

    def step(self, event: Event, now: Now, late: float = 0.0) -> tuple[Record, ...]:
        began, worked = time.perf_counter(), time.thread_time()
        happened = super().step(event, now, late)
        if isinstance(event, NoticeReceived):
            self.rig.worked.append((time.thread_time() - worked) * 1e6)
            self.rig.took.append((time.perf_counter() - began) * 1e6)
            self.rig.late.append((self.clock.now().mono - now.mono) * 1e6)
        return happened


class Rig:
    """A journal and so many targets that hang, for all blocks of one column."""

    def __init__(self, folder: Path, targets: int, url: str, clock: Clock) -> None:
        self._clock = clock
        self._journal = Journal(folder / f"journal-{targets}.db")
        self._journal.open()
        link = "http://127.0.0.1:14000/"
        self._told = Notifier(self._journal, clock.now, link, lambda name, url: AppriseTarget(name, url))
        self._told.arrange(Address(Rules(f"target{number}"), "short", url) for number in range(targets))
        self._teller = Teller(self._journal, self._told)
        self.took: list[float] = []
        self.worked: list[float] = []
        self.late: list[float] = []

    def play(self, events: int) -> None:
        """One block, with a loop and gateways of its own."""
        clock = self._clock
        mailbox = Mailbox(clock.now)
        loop = Loop(mailbox, clock)
        gateways = []
        for number in range(GATEWAYS):
            of = policy(name=f"gw{number:03}")
            gateway = Timed(of, Facts(), clock.now(), 7, FakeLink(), self._teller, lambda event: None)
            gateway.rig, gateway.clock = self, clock
            gateways.append(gateway)
        loop.arrange(gateways)
        for gateway in gateways:
            _made_ready(gateway, clock)
        feeder = threading.Thread(target=_feed, args=(mailbox, events, loop.stop, clock))
        feeder.start()
        loop.run(lambda now: None)
        feeder.join()

    def end(self) -> None:
        """Nothing more is told."""
        self._told.end(0.0)
        self._journal.close(5.0)


def _made_ready(gateway: GatewayRuntime, clock: Clock) -> None:
    now = clock.now()
    for event in (
        Started(),
        PortOpened(1),
        HandshakeDone(1, 176, f"{now.wall:%Y%m%d %H:%M:%S} UTC"),
        AccountsReceived(1, ("DU1",)),
        NextIdReceived(1, 1),
        TimeAnswered(1, int(now.wall.timestamp())),
    ):
        gateway.step(event, clock.now())


def _feed(mailbox: Mailbox, events: int, stop: Callable[[], None], clock: Clock) -> None:
    began = time.monotonic()
    for number in range(events):
        time.sleep(max(0.0, began + number / RATE - time.monotonic()))
        name = f"gw{number % GATEWAYS:03}"
        mailbox.post(name, NoticeReceived(1, -1, CODE, f"what is this, {number}"))
        if number % GATEWAYS == 0:  # and each gateway answers now and then
            for gateway in range(GATEWAYS):
                mailbox.post(f"gw{gateway:03}", TimeAnswered(1, int(clock.now().wall.timestamp())))
    mailbox.submit(stop)


def main() -> None:
    """Print the table."""
    clock = Clock()
    with tempfile.TemporaryDirectory() as place, receiving(HANGS) as receiver:
        rigs = {targets: Rig(Path(place), targets, receiver.url, clock) for targets in TARGETS}
        for _ in range(EVENTS // BLOCK):
            for rig in rigs.values():
                rig.play(BLOCK)
        for rig in rigs.values():
            rig.end()
    print("| targets that hang | median | p99 | p99 on the processor | beside none | received to decided: p99 |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: |")
    none = rigs[0]
    for targets, rig in rigs.items():
        assert len(rig.took) == EVENTS, f"{len(rig.took)} events were decided"
        ratios = (_cut(rig.took, 99) / _cut(none.took, 99), _cut(rig.worked, 99) / _cut(none.worked, 99))
        beside = "" if rig is none else f"{ratios[0]:.2f}, {ratios[1]:.2f}"
        figures = (_cut(rig.took, 50), _cut(rig.took, 99), _cut(rig.worked, 99))
        shown = " | ".join(f"{figure:.0f} us" for figure in figures)
        print(f"| {targets} | {shown} | {beside} | {_cut(rig.late, 99) / 1000:.1f} ms |")


def _cut(values: list[float], percent: int) -> float:
    return quantiles(values, n=100)[percent - 1]


if __name__ == "__main__":
    main()
