"""nautilus_trader's Interactive Brokers client, as its factory makes it: `python nautilus.py NAME=PORT`.

Its claim is that of its own two flags: ready, and connected to IB; both are read every 5 ms. Orders wait for the same
flags.
"""

import asyncio
import json
import os
import sys
import time
from typing import Any

from nautilus_trader.adapters.interactive_brokers.factories import get_cached_ib_client  # type: ignore[import-not-found]
from nautilus_trader.cache.cache import Cache  # type: ignore[import-not-found]
from nautilus_trader.common.component import LiveClock, MessageBus, init_logging  # type: ignore[import-not-found]
from nautilus_trader.common.enums import LogLevel  # type: ignore[import-not-found]
from nautilus_trader.model.identifiers import TraderId  # type: ignore[import-not-found]

WORDS = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # the client's own log goes elsewhere: it would break our lines


def say(who: str, word: str, **more: object) -> None:
    print(json.dumps({"at": time.monotonic(), "who": who, "says": word, **more}), file=WORDS, flush=True)


async def main() -> None:
    who, port = sys.argv[1].split("=")
    guard = init_logging(level_stdout=LogLevel.ERROR)
    clock = LiveClock()
    bus = MessageBus(trader_id=TraderId("RACER-001"), clock=clock)
    client = get_cached_ib_client(
        asyncio.get_running_loop(), bus, Cache(), clock, host="127.0.0.1", port=int(port), client_id=911
    )
    heard = client._eclient.wrapper.error

    def error(req_id: int, code: int, *rest: object) -> None:
        say(who, "heard", code=code)
        heard(req_id, code, *rest)

    def filled(req_id: int, contract: object, execution: Any) -> None:
        say(who, "fill", code=round(execution.price))
        executed(req_id, contract, execution)

    executed = client._eclient.wrapper.execDetails
    client._eclient.wrapper.error = error
    client._eclient.wrapper.execDetails = filled
    up = False
    while True:
        ready = client._is_client_ready.is_set() and client._is_ib_connected.is_set()
        if ready != up:
            up = ready
            say(who, "up" if up else "down")
            say(f"{who}/door", "up" if up else "down")
        await asyncio.sleep(0.005)
    del guard


if __name__ == "__main__":
    asyncio.run(main())
