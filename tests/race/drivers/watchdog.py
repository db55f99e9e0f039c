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
        self.ended = False
        """It was asked to end the gateway, and would have: the socket would be closed with it."""

    async def startAsync(self) -> None:
        say(self.who, "starting")

    async def terminateAsync(self) -> None:
        self.ended = True
        say(self.who, "restart")
        say(self.who, "down")  # it takes the gateway for gone from here on


class Told(IB):
    """Its client, telling when an attempt begins and fails."""

    who = ""
    controller: Controller

    async def connectAsync(self, *arguments: Any, **named: Any) -> Any:
        say(self.who, "trying")
        try:
            connected = await super().connectAsync(*arguments, **named)
            self.controller.ended = False
            return connected
        except BaseException as error:
            say(self.who, "gave_up", why=type(error).__name__)
            raise


def watch(who: str, port: int, wait: str) -> Watchdog:
    ib = Told()
    ib.who, ib.controller = who, Controller(who)
    settings = {} if wait == "default" else {"appStartupTime": float(wait)}
    watchdog = Watchdog(ib.controller, ib, port=port, clientId=911, **settings)
    watchdog.startedEvent += lambda _: say(who, "up")
    watchdog.hardTimeoutEvent += lambda _: say(who, "down")
    ib.disconnectedEvent += lambda: say(who, "down")
    ib.errorEvent += lambda _request, code, *_: say(who, "heard", code=code)
    watchdog.start()
    return watchdog


async def look(who: str, ib: Told) -> None:
    """What a program asks before an order, and the executions that the client has, by an event or in its list."""
    may, known = False, set()
    while True:
        if (ib.isConnected() and not ib.controller.ended) is not may:
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
