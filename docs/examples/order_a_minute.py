"""Sends one order a minute, all night, and only when it is safe: `python order_a_minute.py PORT STATE [SECONDS]`.

With `--daemon-gate FILE` an ib-supervisor that watches the same gateway must say so too. With `--gate-directory FOLDER`
other programs can read what this one may do.

The strategy has a thread of its own. It asks the gate before each order. It never learns of a session by an exception
alone: what was not sent raises `NotSent`, and what was sent is heard of again after each loss, by its `execId`.
"""

import argparse
import sys
import threading

from ibapi.client import EClient
from ibapi.contract import Contract
from ibapi.order import Order
from ibapi.wrapper import EWrapper

from supervisor.host import Gate, Host, NotSent


def say(*words):
    """One line in one write: two threads write here, and `print` writes the end of a line by itself."""
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


class Ledger:
    """Fills by their `execId`: a fill may be told twice, and counts once."""

    def __init__(self):
        self.fills = {}
        self.complete = True

    def note(self, execution):
        if execution.execId not in self.fills:
            self.fills[execution.execId] = execution
            say("fill", execution.execId, execution.orderId)


class Trader(EWrapper, EClient):
    def __init__(self, ledger):
        EClient.__init__(self, self)
        self.ledger = ledger

    def error(self, reqId, *args):
        say("error", reqId, *args)

    def execDetails(self, reqId, contract, execution):
        self.ledger.note(execution)

    def on_ready(self, ready):
        say("ready", ready.epoch, "next order id", ready.next_order_id)
        if not ready.complete:
            self.ledger.complete = False
            say("some fills may be missing:", ready.reason)


def share():
    contract = Contract()
    contract.symbol, contract.secType, contract.exchange, contract.currency = "AAPL", "STK", "SMART", "USD"
    return contract


def buy_one():
    order = Order()
    order.action, order.totalQuantity, order.orderType = "BUY", 1, "MKT"
    order.eTradeOnly = order.firmQuoteOnly = False  # some releases of ibapi still set them
    return order


def trade(host, every, ended):
    while not ended.wait(every):
        gate = host.gate.check()
        if not gate.open:
            say("not now:", ", ".join(gate.reasons) or gate.why)
            continue
        number = host.new_order_id()
        try:
            host.app.placeOrder(number, share(), buy_one())
            say("sent", number)
        except (NotSent, AttributeError) as error:  # AttributeError: host.app is None, the session has just ended
            say("not sent", number, error)


def main(told):
    ledger, ended = Ledger(), threading.Event()
    host = Host(
        lambda: Trader(ledger),
        host=told.host,
        port=told.port,
        client_id=19,
        name="trader",
        state=told.state,
        daily_restart={"time": "23:45", "timezone": "America/New_York"},
        daemon_gate=Gate(told.daemon_gate) if told.daemon_gate else None,
        gate_directory=told.gate_directory,
    )
    threading.Thread(target=trade, args=(host, told.seconds, ended), daemon=True).start()
    try:
        host.run()
    finally:
        ended.set()


if __name__ == "__main__":
    words = argparse.ArgumentParser()
    words.add_argument("port", type=int)
    words.add_argument("state", help="a file that keeps the highest order id")
    words.add_argument("seconds", type=float, nargs="?", default=60.0, help="between two orders")
    words.add_argument("--host", default="127.0.0.1")
    words.add_argument("--daemon-gate", help="the file of a supervisor's gate")
    words.add_argument("--gate-directory", help="a folder for the file of this program's gate")
    main(words.parse_args())
