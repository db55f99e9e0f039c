"""An order of each racer's client id, placed before the racer comes and filled bit by bit while faults last.

The price of a fill is its number, so that every client can tell which one it heard of.
"""

import threading
from typing import Any

from ibapi.client import EClient
from ibapi.contract import Contract
from ibapi.order import Order
from ibapi.wrapper import EWrapper

from supervisor.simulator import SimulatedGateway
from tests.race.faults import CLIENT_ID
from tests.waiting import wait_until

ORDER = 1
SHARES = 1000


class _Placer(EWrapper, EClient):
    def __init__(self) -> None:
        EClient.__init__(self, self)
        self.placed = threading.Event()

    def nextValidId(self, orderId: int) -> None:
        contract, order = Contract(), Order()
        contract.symbol, contract.secType, contract.exchange, contract.currency = "AAPL", "STK", "SMART", "USD"
        order.action, order.totalQuantity, order.orderType, order.lmtPrice, order.tif = "BUY", SHARES, "LMT", 1, "GTC"
        order.eTradeOnly = order.firmQuoteOnly = False
        self.placeOrder(ORDER, contract, order)

    def orderStatus(self, orderId: int, status: str, *more: Any) -> None:
        self.placed.set()

    def error(self, *told: Any) -> None:
        """Farm notices."""


def place(gateway: SimulatedGateway) -> None:
    """Place the order that `fill` fills; nothing else fills it."""
    gateway.do("fills", mode="never")
    placer = _Placer()
    placer.connect("127.0.0.1", gateway.port, CLIENT_ID)
    runner = threading.Thread(target=placer.run, daemon=True)
    runner.start()
    if not placer.placed.wait(10):
        raise RuntimeError("the order of the race was not placed")
    placer.disconnect()
    runner.join(10)
    wait_until(lambda: not gateway.clients, 10)


def fill(gateway: SimulatedGateway, number: int) -> None:
    """One share more, at a price that says which one it is."""
    gateway.do("fill", order=ORDER, client=CLIENT_ID, quantity=1, price=number)
