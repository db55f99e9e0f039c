"""Programs as people write them, that note what they hear, and hosts for them that are quick to come back."""

import datetime
import threading
import time
from typing import Any

from ibapi.client import EClient
from ibapi.contract import Contract
from ibapi.order import Order
from ibapi.wrapper import EWrapper

from supervisor.core.calendar.rules import Daily
from supervisor.core.calendar.windows import Explains, server_reset
from supervisor.host import Host, Loss, Ready
from supervisor.simulator.says.contracts import details
from supervisor.simulator.state.instruments import APPLE
from supervisor.simulator.wire.message import encode
from tests.gateway.peers import text
from tests.waiting import wait_until

QUICK = {"retry_initial": 0.05, "retry_max_early": 0.1, "retry_max": 0.1, "stable_after": 0.2, "outage_merge": 1.0}
TAGS = "NetLiquidation"
ALWAYS = server_reset(Daily(datetime.time(0, 0), "UTC"), datetime.timedelta(hours=24), Explains.EVERY_LAYER)
"""A server reset that is always on."""


class Book:
    """What all programs of one host have heard: it outlives them."""

    def __init__(self) -> None:
        self.apps: list[Any] = []
        self.heard: list[tuple[Any, ...]] = []
        self.threads: set[int] = set()

    def note(self, name: str, *args: Any) -> None:
        self.threads.add(threading.get_ident())
        self.heard.append((name, *args))

    def all(self, name: str) -> list[tuple[Any, ...]]:
        """The arguments of each call of this callback or hook."""
        return [each[1:] for each in list(self.heard) if each[0] == name]

    def names(self) -> list[str]:
        return [each[0] for each in list(self.heard)]

    @property
    def readies(self) -> list[Ready]:
        return [ready for (ready,) in self.all("on_ready")]

    @property
    def losses(self) -> list[Loss]:
        return [loss for (loss,) in self.all("on_lost")]

    def until(self, name: str, times: int = 1, timeout: float = 20.0) -> None:
        wait_until(lambda: len(self.all(name)) >= times, timeout, what=f"{name} x {times}: {self.names()}")


class Hello(EWrapper, EClient):
    """IBKR's own tutorial: the account summary, asked for as soon as there is an order id."""

    def __init__(self, book: Book) -> None:
        EClient.__init__(self, self)
        self.book = book
        book.apps.append(self)

    def nextValidId(self, orderId: int) -> None:
        self.book.note("nextValidId", orderId)
        self.reqAccountSummary(9001, "All", TAGS)

    def accountSummary(self, reqId: int, account: str, tag: str, value: str, currency: str) -> None:
        self.book.note("accountSummary", account, tag, value)

    def accountSummaryEnd(self, reqId: int) -> None:
        self.book.note("accountSummaryEnd", reqId)

    def error(self, reqId: int, *rest: Any) -> None:
        code, text = rest[1:3] if len(rest) > 2 and isinstance(rest[1], int) else rest[:2]
        self.book.note("error", reqId, code, text)

    def connectionClosed(self) -> None:
        self.book.note("connectionClosed")


class Recorder(Hello):
    """Has every hook, and notes everything."""

    def on_ready(self, ready: Ready) -> None:
        self.book.note("on_ready", ready)

    def on_lost(self, loss: Loss) -> None:
        self.book.note("on_lost", loss)

    def on_suspect(self, suspect: bool) -> None:
        self.book.note("on_suspect", suspect)

    def on_upstream(self, up: bool) -> None:
        self.book.note("on_upstream", up)

    def on_data_lost(self) -> None:
        self.book.note("on_data_lost")

    def on_data_maintained(self) -> None:
        self.book.note("on_data_maintained")

    def on_stream_dead(self, req_id: int, code: int) -> None:
        self.book.note("on_stream_dead", req_id, code)

    def on_farm(self, kind: str, name: str, state: str) -> None:
        self.book.note("on_farm", kind, name, state)

    def on_reconciled(self, told: Any) -> None:
        self.book.note("on_reconciled", told)

    def on_undecodable(self, message: str, raw: bytes) -> None:
        self.book.note("on_undecodable", message, raw)

    def currentTime(self, time: int) -> None:
        self.book.note("currentTime", time)

    def openOrder(self, orderId: int, contract: Any, order: Any, orderState: Any) -> None:
        self.book.note("openOrder", orderId, orderState.status)

    def orderStatus(self, orderId: int, status: str, *more: Any) -> None:
        self.book.note("orderStatus", orderId, status)

    def openOrderEnd(self) -> None:
        self.book.note("openOrderEnd")

    def execDetails(self, reqId: int, contract: Any, execution: Any) -> None:
        self.book.note("execDetails", reqId, execution.execId)

    def execDetailsEnd(self, reqId: int) -> None:
        self.book.note("execDetailsEnd", reqId)

    def tickPrice(self, reqId: int, tickType: int, price: float, attrib: Any) -> None:
        self.book.note("tickPrice", reqId, price)


def hosted(book: Book, port: int, program: type[Hello] = Recorder, **more: Any) -> Host:
    """A host for such programs, that comes back quickly."""
    timing = {**QUICK, **more.pop("timing", {})}
    more = {"client_id": 17, **more}
    return Host(lambda: program(book), port=port, timing=timing, **more)


def contract_told(request: bytes, version: int = 157) -> bytes:
    """The answer to a probe, which a host sends if the weekend's server reset is on while a test runs."""
    return encode(details(int(request), APPLE, time.time()), version) + text(52, 1, int(request))


def stock(symbol: str = "AAPL") -> Contract:
    contract = Contract()
    contract.symbol, contract.secType, contract.exchange, contract.currency = symbol, "STK", "SMART", "USD"
    return contract


def order(kind: str = "MKT", quantity: int = 10, limit: float = 0.0, action: str = "BUY") -> Order:
    made = Order()
    made.action, made.totalQuantity, made.orderType = action, quantity, kind
    if limit:
        made.lmtPrice = limit
    for name in ("eTradeOnly", "firmQuoteOnly"):
        if hasattr(made, name):
            setattr(made, name, False)
    return made
