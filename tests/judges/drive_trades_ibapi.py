"""Trades with IBKR's own `ibapi`, any version: orders, executions, positions, history, and a connection that breaks.

`python drive_trades_ibapi.py PORT CONTROL` prints JSON; CONTROL is the port that takes steps.
"""

import json
import logging
import socket
import sys
import threading
from typing import Any

from ibapi.client import EClient
from ibapi.contract import Contract
from ibapi.execution import ExecutionFilter
from ibapi.order import Order
from ibapi.wrapper import EWrapper

from tests.judges.drive_ibapi import Grumbles, until


class Trader(EWrapper, EClient):
    """Notes what becomes of orders."""

    def __init__(self) -> None:
        EClient.__init__(self, self)
        self.told: dict[str, Any] = {"statuses": {}, "errors": {}}
        self.told |= {
            name: [] for name in ("executions", "positions", "completed", "bars", "open", "costs", "portfolio")
        }
        self.ended: set[str] = set()
        self.next_id = 0

    def error(self, req_id: int, *rest: Any) -> None:
        code = rest[1] if len(rest) > 2 and isinstance(rest[1], int) else rest[0]
        if req_id > 0:
            self.told["errors"].setdefault(str(req_id), []).append(code)

    def nextValidId(self, orderId: int) -> None:
        self.next_id = orderId

    def openOrder(self, orderId: int, contract: Any, order: Any, orderState: Any) -> None:
        limit = order.lmtPrice if order.orderType == "LMT" else None
        row = [orderId, contract.symbol, order.action, float(order.totalQuantity), order.orderType, limit, order.tif]
        self.told["open"].append([*row, order.orderRef, order.parentId, order.whatIf, orderState.status])
        if order.whatIf:
            self.told["margin"] = float(orderState.initMarginAfter)
            self.ended.add("preview")

    def openOrderEnd(self) -> None:
        self.ended.add("open")

    def connectionClosed(self) -> None:
        self.ended.add("connection")

    def orderStatus(self, orderId: int, status: str, filled: Any, remaining: Any, *rest: Any) -> None:
        self.told["statuses"].setdefault(str(orderId), []).append([status, float(filled), float(remaining), rest[0]])

    def execDetails(self, reqId: int, contract: Any, execution: Any) -> None:
        row = [reqId, contract.symbol, execution.orderId, execution.side, float(execution.shares), execution.price]
        self.told["executions"].append([*row, float(execution.cumQty), execution.orderRef])

    def execDetailsEnd(self, reqId: int) -> None:
        self.ended.add(f"executions {reqId}")

    def commissionReport(self, report: Any) -> None:
        self.told["costs"].append(report.commission)

    def commissionAndFeesReport(self, report: Any) -> None:
        self.told["costs"].append(report.commissionAndFees)

    def position(self, account: str, contract: Any, position: Any, avgCost: float) -> None:
        self.told["positions"].append([account, contract.symbol, float(position), round(avgCost, 4)])

    def positionEnd(self) -> None:
        self.ended.add("positions")

    def updatePortfolio(self, contract: Any, position: Any, marketPrice: float, *rest: Any) -> None:
        self.told["portfolio"].append([contract.symbol, float(position), marketPrice, rest[0]])

    def accountDownloadEnd(self, accountName: str) -> None:
        self.ended.add("account")

    def completedOrder(self, contract: Any, order: Any, orderState: Any) -> None:
        self.told["completed"].append([contract.symbol, order.orderType, orderState.status, orderState.completedStatus])

    def completedOrdersEnd(self) -> None:
        self.ended.add("completed")

    def historicalData(self, reqId: int, bar: Any) -> None:
        self.told["bars"].append([reqId, bar.date, bar.open, bar.close])

    def historicalDataEnd(self, reqId: int, start: str, end: str) -> None:
        self.ended.add(f"history {reqId}")


def order(action: str, quantity: int, kind: str, **fields: Any) -> Order:
    made = Order()
    made.action, made.totalQuantity, made.orderType, made.orderRef = action, quantity, kind, "judge"
    for name in ("eTradeOnly", "firmQuoteOnly"):
        if hasattr(made, name):
            setattr(made, name, False)
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def cancel(trader: Trader, number: int) -> None:
    """Cancel as this release of ibapi wants it."""
    try:
        from ibapi.order_cancel import OrderCancel
    except ImportError:
        trader.cancelOrder(number, *(() if trader.serverVersion() < 169 and not _takes_time(trader) else ("",)))
    else:
        trader.cancelOrder(number, OrderCancel())


def _takes_time(trader: Trader) -> bool:
    return bool(trader.cancelOrder.__code__.co_argcount > 2)


def connected(port: int) -> tuple[Trader, threading.Thread]:
    trader = Trader()
    trader.connect("127.0.0.1", port, 7)
    runner = threading.Thread(target=trader.run)
    runner.start()
    until(lambda: trader.next_id, "an id")
    return trader, runner


def main(port: int, control: int) -> None:
    grumbles = Grumbles()
    logging.getLogger().addHandler(grumbles)
    trader, runner = connected(port)
    told = trader.told
    first = trader.next_id
    stock = Contract()
    stock.symbol, stock.secType, stock.exchange, stock.currency = "AAPL", "STK", "SMART", "USD"

    def state(number: int, wanted: str) -> Any:
        return lambda: told["statuses"].get(str(number), [[""]])[-1][0] == wanted

    trader.placeOrder(first, stock, order("BUY", 100, "MKT"))
    until(lambda: told["costs"], "a fill")
    trader.placeOrder(first + 1, stock, order("BUY", 10, "LMT", lmtPrice=50.0, tif="GTC"))
    until(state(first + 1, "Submitted"), "a limit order")
    cancel(trader, first + 1)
    until(state(first + 1, "Cancelled"), "a cancellation")
    trader.placeOrder(first + 2, stock, order("SELL", 10, "MKT", whatIf=True))
    until(lambda: "preview" in trader.ended, "a preview")
    trader.placeOrder(first + 3, stock, order("SELL", 100, "LMT", lmtPrice=500.0, transmit=False))
    trader.placeOrder(first + 4, stock, order("BUY", 100, "STP", auxPrice=600.0, parentId=first + 3))
    until(state(first + 4, "PreSubmitted"), "a child")
    trader.placeOrder(first, stock, order("BUY", 1, "MKT"))
    until(lambda: 103 in told["errors"].get(str(first), []), "a duplicate id")
    trader.reqExecutions(21, ExecutionFilter())
    until(lambda: "executions 21" in trader.ended, "executions")
    trader.reqCompletedOrders(False)
    until(lambda: "completed" in trader.ended, "completed orders")
    trader.reqPositions()
    until(lambda: "positions" in trader.ended, "positions")
    trader.reqAccountUpdates(True, "DU1234567")
    until(lambda: "account" in trader.ended, "account updates")
    trader.reqHistoricalData(22, stock, "20261125 16:00:00 US/Eastern", "1 D", "30 mins", "TRADES", 1, 1, False, [])
    until(lambda: "history 22" in trader.ended, "history")
    with socket.create_connection(("127.0.0.1", control)) as steps:
        steps.sendall(b'{"do": "rst"}\n')
        steps.recv(100)
    runner.join(10)
    told["ended"] = [not runner.is_alive(), "connection" in trader.ended]
    again, runner = connected(port)
    again.reqOpenOrders()
    until(lambda: "open" in again.ended, "open orders")
    told["again"] = [again.next_id - first, sorted(row[0] - first for row in again.told["open"])]
    again.disconnect()
    runner.join(10)
    told["grumbles"] = grumbles.heard
    print(json.dumps(told))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
