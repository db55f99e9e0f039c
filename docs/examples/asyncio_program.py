"""An `ib_async` program, kept alive on its own event loop: `python asyncio_program.py PORT`.

The `IB`, its tickers and its trades are the same objects before and after a restart of the gateway.
"""

import asyncio
import sys

from ib_async import IB, Stock

from supervisor.host.aio import Keeper


async def main(port):
    ib = IB()

    async def on_ready(ready):
        print("ready", ready.epoch, "complete" if ready.complete else ready.reason, flush=True)

    async def on_lost(loss):
        print("lost", loss.reason, flush=True)

    async with Keeper(ib, port=port, client_id=20, on_ready=on_ready, on_lost=on_lost) as keeper:
        await keeper.wait_ready()
        (contract,) = await ib.qualifyContractsAsync(Stock("AAPL", "SMART", "USD"))
        ticker = ib.reqMktData(contract)
        async for _ in forever(ticker):
            print("AAPL", ticker.bid, ticker.ask, flush=True)


async def forever(ticker):
    """Each change of the ticker. Its own iterator would end with the session; the ticker does not."""
    news = asyncio.Event()
    ticker.updateEvent += lambda ticker: news.set()
    while True:
        await news.wait()
        news.clear()
        yield ticker


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
