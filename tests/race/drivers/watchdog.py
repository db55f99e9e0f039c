"""ib_async's Watchdog as its documentation shows it: `python watchdog.py STARTUP_WAIT NAME=PORT ...`.

The controller starts and stops nothing: it only tells that it was asked to. `STARTUP_WAIT` is Watchdog's
`appStartupTime` in seconds, or `default`.
"""

import asyncio
import json
import logging
import sys
import time
from typing import Any

from ib_async import IB, Watchdog


def say(who: str, word: str, **more: object) -> None:
    print(json.dumps({"at": time.monotonic(), "who": who, "says": word, **more}), flush=True)


class Controller:
    """In IBC's place."""

    def __init__(self, who: str) -> None:
        self.who = who

    async def startAsync(self) -> None:
        say(self.who, "starting")

    async def terminateAsync(self) -> None:
        say(self.who, "restart")
        say(self.who, "down")  # it takes the gateway for gone from here on


class Told(IB):
    """Its client, telling when an attempt begins and fails."""

    who = ""

    async def connectAsync(self, *arguments: Any, **named: Any) -> Any:
        say(self.who, "trying")
        try:
            return await super().connectAsync(*arguments, **named)
        except BaseException as error:
            say(self.who, "gave_up", why=type(error).__name__)
            raise


def watch(who: str, port: int, wait: str) -> Watchdog:
    ib = Told()
    ib.who = who
    settings = {} if wait == "default" else {"appStartupTime": float(wait)}
    watchdog = Watchdog(Controller(who), ib, port=port, clientId=911, **settings)
    watchdog.startedEvent += lambda _: say(who, "up")
    watchdog.hardTimeoutEvent += lambda _: say(who, "down")
    ib.disconnectedEvent += lambda: say(who, "down")
    ib.errorEvent += lambda _request, code, *_: say(who, "heard", code=code)
    watchdog.start()
    return watchdog


async def look(who: str, ib: IB) -> None:
    """What a program asks before an order, and the executions that the client has, by an event or in its list."""
    may, known = False, set()
    while True:
        if ib.isConnected() is not may:
            may = not may
            say(f"{who}/door", "up" if may else "down")
        for exec_id, fill in list(ib.wrapper.fills.items()):
            if exec_id not in known:
                known.add(exec_id)
                say(who, "fill", code=round(fill.execution.price))
        await asyncio.sleep(0.005)


async def main() -> None:
    wait, *gateways = sys.argv[1:]
    logging.disable(logging.CRITICAL)
    watchdogs = [watch(name, int(port), wait) for name, port in (each.split("=") for each in gateways)]
    looks = (look(each.ib.who, each.ib) for each in watchdogs)
    await asyncio.gather(*looks)


if __name__ == "__main__":
    asyncio.run(main())
