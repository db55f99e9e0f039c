"""nautilus_trader's Interactive Brokers client trades at a port and prints what it was told: `python ... PORT`."""

import asyncio
import json
import sys

from ibapi.order import Order
from nautilus_trader.adapters.interactive_brokers.common import IBContract  # type: ignore[import-not-found]
from nautilus_trader.adapters.interactive_brokers.factories import get_cached_ib_client  # type: ignore[import-not-found]
from nautilus_trader.cache.cache import Cache  # type: ignore[import-not-found]
from nautilus_trader.common.component import LiveClock, MessageBus, init_logging  # type: ignore[import-not-found]
from nautilus_trader.common.enums import LogLevel  # type: ignore[import-not-found]
from nautilus_trader.model.identifiers import TraderId  # type: ignore[import-not-found]


async def main(port: int) -> None:
    guard = init_logging(level_stdout=LogLevel.ERROR)
    clock = LiveClock()
    bus = MessageBus(trader_id=TraderId("JUDGE-001"), clock=clock)
    loop = asyncio.get_running_loop()
    client = get_cached_ib_client(loop, bus, Cache(), clock, host="127.0.0.1", port=port, client_id=7)
    await client.wait_until_ready(20)
    stock = IBContract(secType="STK", symbol="AAPL", exchange="SMART", currency="USD")
    (details,) = await client.get_contract_details(stock)
    order = Order()
    order.orderId, order.action, order.totalQuantity, order.orderType = client.next_order_id(), "BUY", 100, "MKT"
    order.contract, order.account, order.orderRef = stock, "DU1234567", "judge"
    client.place_order(order)
    positions = None
    for _ in range(100):
        positions = await client.get_positions("DU1234567")
        if positions:
            break
        await asyncio.sleep(0.05)
    chains = await client.get_matching_contracts("AAPL")
    told = {
        "accounts": sorted(client.accounts()),
        "contract": [details.contract.conId, details.contract.symbol, details.longName],
        "positions": [[each.account_id, each.contract.symbol, float(each.quantity)] for each in positions or ()],
        "symbols": [each.symbol for each in chains or ()],
    }
    print(json.dumps(told), flush=True)
    del guard


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
