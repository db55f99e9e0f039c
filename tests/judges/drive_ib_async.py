"""Drives `ib_async` against a port and prints what it was told, as JSON: `python drive_ib_async.py PORT`."""

import json
import logging
import math
import sys
from typing import Any

from ib_async import IB, Contract, Stock


class Grumbles(logging.Handler):
    """Keeps every record at WARNING or above, of whatever logger."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.heard.append(f"{record.name} {record.levelname} {record.getMessage()}")


def main(port: int) -> None:
    grumbles = Grumbles()
    logging.getLogger().addHandler(grumbles)
    notices: list[list[object]] = []
    ib = IB()
    ib.errorEvent += lambda req_id, code, text, contract: notices.append([code, text])
    ib.connect("127.0.0.1", port, clientId=7, timeout=10)
    told: dict[str, Any] = {
        "server_version": ib.client.serverVersion(),
        "accounts": ib.managedAccounts(),
        "next_valid_id": ib.client.getReqId(),
        "time": ib.reqCurrentTime().timestamp(),
        "values": sorted([row.account, row.tag, row.value, row.currency] for row in ib.accountValues())[:3],
        "summary": [[row.tag, row.value] for row in ib.accountSummary() if row.tag == "NetLiquidation"],
        "positions": ib.positions(),
        "orders": ib.openOrders(),
    }
    stock = Stock("AAPL", "SMART", "USD")
    (details,) = ib.reqContractDetails(stock)
    row = stock = details.contract
    told["contract"] = [row.conId, row.symbol, row.primaryExchange, row.localSymbol, details.longName, details.minTick]
    told["sizes"] = [details.stockType, details.marketRuleIds, details.timeZoneId]
    qualified = Contract(conId=265598)
    ib.qualifyContracts(qualified)
    told["qualified"] = qualified.symbol
    bars = ib.reqHistoricalData(stock, "20240102 16:00:00 US/Eastern", "1 D", "1 hour", "TRADES", True)
    told["bars"] = [[str(bar.date), bar.open, bar.high, bar.low, bar.close, bar.volume, bar.average] for bar in bars]
    ib.reqMarketDataType(3)
    ticker = ib.reqMktData(stock)
    for _ in range(1000):
        if not math.isnan(ticker.bid):
            break
        ib.sleep(0.01)
    told["market"] = [ticker.marketDataType, ticker.bid, ticker.bidSize]
    ib.cancelMktData(stock)
    told["notices"] = notices
    ib.disconnect()
    told["connected"] = ib.isConnected()
    told["grumbles"] = grumbles.heard
    print(json.dumps(told))


if __name__ == "__main__":
    main(int(sys.argv[1]))
