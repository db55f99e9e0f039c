"""A trading program on ib_async that sends an order every now and then: `order_sender.py PORT CLIENT_ID EVERY [FILE]`.

With FILE it asks that gate before each order, else it goes by what ib_async calls connected. It prints a line of JSON
for each order, with the monotonic clock, and connects again whenever it has lost its session.
"""

import asyncio
import json
import logging
import sys
import time

from ib_async import IB, LimitOrder, Stock

from supervisor.observe.gate.reader import Gate


def say(word: str) -> None:
    """One line of what is done."""
    print(json.dumps({"at": time.monotonic(), "says": word}), flush=True)


async def trade(port: int, client_id: int, every: float, gate: Gate | None) -> None:
    """For ever."""
    ib, contract = IB(), Stock("AAPL", "SMART", "USD")
    while True:
        await asyncio.sleep(every)
        if not ib.isConnected():
            try:
                await ib.connectAsync("127.0.0.1", port, clientId=client_id, timeout=2)
            except Exception:
                say("no session")
        elif gate is None or gate.check().open:
            ib.placeOrder(contract, LimitOrder("BUY", 1, 1.0))
            say("sent")
        else:
            say("held")


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    own_port, own_id, pause, *file = sys.argv[1:]
    asyncio.run(trade(int(own_port), int(own_id), float(pause), Gate(file[0]) if file else None))
