"""Drives IBKR's own `ibapi`, any version, against host:port and prints what it was told, as JSON.

Run with the interpreter of an environment that has it: `python drive_ibapi.py PORT`. Everything is plain `ibapi`, used
as IBKR's examples use it; only `error` is overridden, because the base class logs harmless notices as errors.
"""

import json
import logging
import sys
import threading
import time
from typing import Any

from ibapi.client import EClient
from ibapi.contract import Contract
from ibapi.wrapper import EWrapper

END = "20240102 16:00:00 US/Eastern"
SUMMARY, HISTORY, CONTRACT, NO_CONTRACT, MARKET = 9001, 9002, 9003, 9004, 9005


class Grumbles(logging.Handler):
    """Keeps every record at WARNING or above, of whatever logger."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.heard.append(f"{record.name} {record.levelname} {record.getMessage()}")


class Judge(EWrapper, EClient):
    """Notes every callback that matters."""

    def __init__(self) -> None:
        EClient.__init__(self, self)
        self.told: dict[str, Any] = {"errors": {}}
        self.told |= {name: [] for name in ("notices", "summary", "bars", "contracts", "prices")}
        self.ended: set[str] = set()
        self.ids = 0

    def error(self, req_id: int, *rest: Any) -> None:
        # 10.37 and later put the time of the message before the code
        code, text = rest[1:3] if len(rest) > 2 and isinstance(rest[1], int) else rest[:2]
        if req_id > 0:
            self.told["errors"][str(req_id)] = code
            self.ended.add(f"error {req_id}")
        else:
            self.told["notices"].append([code, text])

    def nextValidId(self, orderId: int) -> None:
        self.told["next_valid_id"] = orderId
        self.ids += 1

    def managedAccounts(self, accountsList: str) -> None:
        self.told["accounts"] = accountsList

    def currentTime(self, time: int) -> None:
        self.told["time"] = time

    def currentTimeInMillis(self, timeInMillis: int) -> None:
        self.told["millis"] = timeInMillis

    def accountSummary(self, reqId: int, account: str, tag: str, value: str, currency: str) -> None:
        self.told["summary"].append([reqId, account, tag, value, currency])

    def accountSummaryEnd(self, reqId: int) -> None:
        self.ended.add(f"summary {reqId}")

    def historicalData(self, reqId: int, bar: Any) -> None:
        average = bar.wap if hasattr(bar, "wap") else bar.average
        prices = [bar.open, bar.high, bar.low, bar.close, float(bar.volume), float(average)]
        self.told["bars"].append([reqId, bar.date, *prices, bar.barCount])

    def historicalDataEnd(self, reqId: int, start: str, end: str) -> None:
        self.told["history"] = [reqId, start, end]

    def contractDetails(self, reqId: int, contractDetails: Any) -> None:
        row = contractDetails.contract
        named = [row.conId, row.symbol, row.secType, row.exchange, row.primaryExchange, row.currency, row.localSymbol]
        details = [contractDetails.longName, contractDetails.minTick, contractDetails.timeZoneId]
        self.told["contracts"].append([reqId, *named, row.tradingClass, *details, contractDetails.marketRuleIds])

    def contractDetailsEnd(self, reqId: int) -> None:
        self.ended.add(f"contract {reqId}")

    def marketDataType(self, reqId: int, marketDataType: int) -> None:
        self.told["market_data_type"] = [reqId, marketDataType]

    def tickPrice(self, reqId: int, tickType: int, price: float, attrib: Any) -> None:
        self.told["prices"].append([reqId, tickType, price, bool(attrib.canAutoExecute)])

    def tickSize(self, reqId: int, tickType: int, size: Any) -> None:
        self.told.setdefault("size", [reqId, tickType, float(size)])

    def connectionClosed(self) -> None:
        self.ended.add("connection")


def until(done: Any, what: str) -> None:
    """Wait for it, at most 20 s."""
    deadline = time.monotonic() + 20
    while not done():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.005)


def main(port: int) -> None:
    grumbles = Grumbles()
    logging.getLogger().addHandler(grumbles)
    judge = Judge()
    told, ended = judge.told, judge.ended
    judge.connect("127.0.0.1", port, 7)
    runner = threading.Thread(target=judge.run)
    runner.start()
    until(lambda: "next_valid_id" in told and "accounts" in told and len(told["notices"]) == 3, "greeting")
    told["server_version"] = judge.serverVersion()
    contract = Contract()
    contract.symbol, contract.secType, contract.exchange, contract.currency = "AAPL", "STK", "SMART", "USD"
    unknown = Contract()
    unknown.symbol, unknown.secType, unknown.exchange, unknown.currency = "NOSUCH", "STK", "SMART", "USD"
    judge.reqCurrentTime()
    until(lambda: "time" in told, "time")
    if judge.serverVersion() >= 197:
        judge.reqCurrentTimeInMillis()
        until(lambda: "millis" in told, "millis")
    judge.reqAccountSummary(SUMMARY, "All", "NetLiquidation,BuyingPower")
    until(lambda: f"summary {SUMMARY}" in ended, "summary")
    judge.cancelAccountSummary(SUMMARY)
    judge.reqHistoricalData(HISTORY, contract, END, "1 D", "1 hour", "TRADES", 1, 1, False, [])
    until(lambda: "history" in told, "history")
    judge.reqContractDetails(CONTRACT, contract)
    until(lambda: f"contract {CONTRACT}" in ended, "contract")
    judge.reqContractDetails(NO_CONTRACT, unknown)
    until(lambda: f"error {NO_CONTRACT}" in ended, "error 200")
    judge.reqMarketDataType(3)
    judge.reqMktData(MARKET, contract, "", False, False, [])
    until(lambda: told["prices"] and "market_data_type" in told and "size" in told, "market data")
    judge.cancelMktData(MARKET)
    # `run` of 10.51 fails on a message that it takes from its queue after a disconnect of another thread: wait for the
    # answer of the last request, after which the gateway has nothing more to say.
    judge.reqIds(1)
    until(lambda: judge.ids == 2, "the next order id")
    judge.disconnect()
    runner.join(10)
    told["ended"] = {"connection": "connection" in ended, "run": not runner.is_alive()}
    told["grumbles"] = grumbles.heard
    print(json.dumps(told))


if __name__ == "__main__":
    main(int(sys.argv[1]))
