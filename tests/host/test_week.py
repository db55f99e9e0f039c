"""A week of a gateway, compressed: nightly restarts, the weekly login, losses of IBKR, hangs, ghosts and resets.

Two programs live through it, and nobody helps them. One is IBKR's hello-world of docs/examples, as it stands, in a
process of its own: each session answers it. The other has orders that fill before, during and after each fault. At the
end the executions that the gateway knows are compared with those that it heard, by their ids.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from supervisor.host import Host
from supervisor.simulator import Scenario, SimulatedGateway
from tests.host.examples import Program, executed, running
from tests.host.programs import Book, hosted, order, stock
from tests.waiting import wait_until

WEEKS = int(os.environ.get("WEEKS", "1"))
"""`make endurance-host` asks for more."""
CLIENT = 18
"""Of the program with the orders; hello-world has 17."""


@dataclass(frozen=True)
class Fault:
    """What the gateway does, and what it costs."""

    word: str
    more: dict[str, Any] = field(default_factory=dict)
    loses: bool = True
    """The session."""
    first: tuple[str, dict[str, Any]] | None = None
    """What else it does, before."""
    whole: bool = True
    """All that was missed can be told at the return."""


NIGHT = Fault("restart", {"for_": 0.5})
WEEK = {
    "monday": (NIGHT, Fault("upstream_lost", {"for_": 0.5, "data": "maintained"}, loses=False)),
    "tuesday": (NIGHT, Fault("upstream_lost", {"for_": 0.5, "data": "lost"}, loses=False)),
    "wednesday": (Fault("restart", {"for_": 0.3, "then": "close_on_accept", "then_for": 0.5}), Fault("rst")),
    "thursday": (NIGHT, Fault("half_open")),
    "friday": (
        Fault("restart", {"for_": 0.5}, first=("ghost", {"for_": 1.5, "client_id": CLIENT})),
        Fault("freeze", {"for_": 2.0}, loses=False),
        Fault("restart", {"for_": 0.3}, first=("upstream_lost", {"for_": 2.5, "data": "lost"}), whole=False),
    ),
    "saturday": (Fault("fin"), Fault("oversize"), Fault("restart", {"for_": 0.3, "then": "mute", "then_for": 0.5})),
    "sunday": (Fault("restart", {"for_": 0.5, "then": "never_ready", "then_for": 1.5}),),  # the login is awaited
}


class Week:
    """Both programs and their gateway."""

    def __init__(self, gateway: SimulatedGateway, host: Host, book: Book, hello: Program) -> None:
        self.gateway = gateway
        self.host = host
        self.book = book
        self.hello = hello

    def wait_for_order(self) -> int:
        """An order that lives and waits; its id."""
        self.host.wait_ready(20)
        number = self.host.new_order_id()
        self.host.app.placeOrder(number, stock(), order("LMT", 1, 1.0))
        wait_until(lambda: (number, "Submitted") in self.book.all("orderStatus"), 20)
        return number

    def fill(self, number: int) -> None:
        """IBKR fills it, whatever the program hears of that."""
        self.gateway.do("fill", order=number, client=CLIENT, quantity=1, price=1.0)

    def heard(self) -> set[str]:
        """The ids of the executions that the program heard."""
        return {exec_id for _, exec_id in self.book.all("execDetails")}

    def play(self, fault: Fault) -> None:
        """Three orders fill: before the fault, while it lasts, after it."""
        before, during, after = self.wait_for_order(), self.wait_for_order(), self.wait_for_order()
        told, readies, answers = len(self.heard()), len(self.book.readies), self.hello.count("that is all")
        reconciled = len(self.book.all("on_reconciled"))
        self.fill(before)
        wait_until(lambda: len(self.heard()) == told + 1, 20)
        if fault.first is not None:
            self.gateway.do(fault.first[0], **fault.first[1])
        self.gateway.do(fault.word, **fault.more)
        self.fill(during)
        if fault.loses:
            self.book.until("on_ready", readies + 1, 60)
            self.hello.until("that is all", answers + 1, 60)
            assert self.book.readies[readies].complete is fault.whole, self.book.readies[readies].reason
        if fault.word == "upstream_lost" or not fault.whole:
            self.book.until("on_reconciled", reconciled + 1)
            assert self.book.all("on_reconciled")[-1][0].complete
        wait_until(lambda: len(self.heard()) == told + 2, 20, what=f"the fill during {fault}")
        self.fill(after)
        wait_until(lambda: len(self.heard()) == told + 3, 20, what=f"the fill after {fault}")

    def cross_midnight(self) -> str:
        """The session is lost, an order fills, and the gateway is back on its next day. Why not all can be told."""
        number, readies, losses = self.wait_for_order(), len(self.book.readies), len(self.book.losses)
        self.gateway.do("refuse")
        self.book.until("on_lost", losses + 1)
        self.fill(number)
        now = datetime.now(UTC)
        tomorrow = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        self.gateway.do("clock", offset=(tomorrow - now).total_seconds())
        self.gateway.do("accept_again")
        self.book.until("on_ready", readies + 1, 60)
        return self.book.readies[readies].reason


@contextmanager
def lived(folder: Path) -> Iterator[Week]:
    with SimulatedGateway(Scenario(timezone="UTC")) as gateway:
        gateway.do("fills", mode="never")  # but for what is filled here
        book = Book()
        with (
            running("hello_world.py", gateway.port) as hello,
            hosted(book, gateway.port, client_id=CLIENT, state=folder / "state") as host,
        ):
            host.wait_ready(20)
            hello.until("that is all")
            yield Week(gateway, host, book, hello)
            assert hello.process.poll() is None
            assert (len(book.threads), host.callback_errors) == (1, 0)


@pytest.mark.timeout(300 * WEEKS)
def test_two_programs_live_through_a_week_and_no_execution_is_missed_in_silence(tmp_path: Path) -> None:
    with lived(tmp_path) as week:
        for _ in range(WEEKS):
            for faults in WEEK.values():
                for fault in faults:
                    week.play(fault)
        assert set(executed(week.gateway)) == week.heard()
        assert "midnight" in week.cross_midnight()
        week.gateway.do("clock", offset=0.0)
        (missed,) = set(executed(week.gateway)) - week.heard()
        assert missed, "announced by complete=False, and nobody can ask the gateway for it any more"
