"""What messages to people cost the loop while their targets hang: a real loop, 10,000 events, each of them a message.

A hundred gateways whose sessions are ready hear a message code each in turn, RATE times a second. For each there is a
decision, and a message for every target. The targets accept a connection and never answer. What is measured, with and
without targets, by turns in one process: what a decision takes with all that it hands over (the histogram of
`ib_supervisor_loop_seconds` has the same), and from the event's receipt to the decision's end.

`PYTHONPATH=. python tests/bench/told.py` prints the table of docs/notify.md.
"""

import tempfile
import threading
import time
from collections.abc import Callable
from datetime import UTC
from pathlib import Path
from statistics import median, quantiles

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
TURNS = 3
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
    """A gateway whose decisions on message codes are timed, in microseconds."""

    took: list[float]
    late: list[float]
    clock: Clock

    def step(self, event: Event, now: Now, late: float = 0.0) -> tuple[Record, ...]:
        began = time.perf_counter()
        happened = super().step(event, now, late)
        if isinstance(event, NoticeReceived):
            self.took.append((time.perf_counter() - began) * 1e6)
            self.late.append((self.clock.now().mono - now.mono) * 1e6)
        return happened


def measured(folder: Path, targets: int) -> tuple[list[float], list[float]]:
    """Of each event: what the decision took, and how late it was done; microseconds."""
    clock = Clock()
    journal = Journal(folder / "journal.db")
    journal.open()
    took: list[float] = []
    late: list[float] = []
    with receiving(HANGS) as receiver:
        told = Notifier(journal, clock.now, "http://127.0.0.1:14000/", lambda name, url: AppriseTarget(name, url))
        told.arrange(Address(Rules(f"target{number}"), "short", receiver.url) for number in range(targets))
        mailbox = Mailbox(clock.now)
        loop = Loop(mailbox, clock)
        teller = Teller(journal, told)
        gateways = []
        for number in range(GATEWAYS):
            of = policy(name=f"gw{number:03}")
            gateway = Timed(of, Facts(), clock.now(), 7, FakeLink(), teller, lambda event: None)
            gateway.took, gateway.late, gateway.clock = took, late, clock
            gateways.append(gateway)
        loop.arrange(gateways)
        for gateway in gateways:
            _made_ready(gateway, clock)
        feeder = threading.Thread(target=_feed, args=(mailbox, loop.stop, clock))
        feeder.start()
        loop.run(lambda now: None)
        feeder.join()
        told.end(0.0)
    journal.close(5.0)
    return took, late


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


def _feed(mailbox: Mailbox, stop: Callable[[], None], clock: Clock) -> None:
    began = time.monotonic()
    for number in range(EVENTS):
        time.sleep(max(0.0, began + number / RATE - time.monotonic()))
        name = f"gw{number % GATEWAYS:03}"
        mailbox.post(name, NoticeReceived(1, -1, CODE, f"what is this, {number}"))
        if number % GATEWAYS == 0:  # and each gateway answers now and then
            for gateway in range(GATEWAYS):
                mailbox.post(f"gw{gateway:03}", TimeAnswered(1, int(clock.now().wall.timestamp())))
    mailbox.submit(stop)


def main() -> None:
    """Print the table."""
    decisions: dict[int, list[tuple[float, float]]] = {targets: [] for targets in TARGETS}
    waits: dict[int, list[tuple[float, float]]] = {targets: [] for targets in TARGETS}
    for _ in range(TURNS):
        for targets in TARGETS:
            with tempfile.TemporaryDirectory() as place:
                took, late = measured(Path(place), targets)
            assert len(took) == EVENTS, f"{len(took)} events were decided"
            for found, values in ((decisions, took), (waits, late)):
                cut = quantiles(values, n=100)
                found[targets].append((cut[49], cut[98]))
    print("| targets that hang | decision: median | p99 | p99, beside none | received to decided: p99 |")
    print("| ---: | ---: | ---: | ---: | ---: |")
    for targets in TARGETS:
        middle = median(half for half, _ in decisions[targets])
        worst = median(most for _, most in decisions[targets])
        ratios = [ours[1] / none[1] for ours, none in zip(decisions[targets], decisions[0], strict=True)]
        beside = "" if targets == 0 else f"{median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
        until = median(most for _, most in waits[targets])
        print(f"| {targets} | {middle:.0f} us | {worst:.0f} us | {beside} | {until:.0f} us |")


if __name__ == "__main__":
    main()
