"""An `ib_async` program with `supervisor.host.aio.Keeper`: `python kept.py NAME=PORT [HH:MM]`.

Its claim: up from `on_ready`, while every layer of the keeper's snapshot is up. Its door: connected, and the gate of
that snapshot is open.
"""

import asyncio
import json
import logging
import sys
import time
from typing import Any

from ib_async import IB

from supervisor.core.model.status import Status
from supervisor.host.aio import Keeper


def say(who: str, word: str, **more: object) -> None:
    print(json.dumps({"at": time.monotonic(), "who": who, "says": word, **more}), flush=True)


async def main() -> None:
    logging.disable(logging.CRITICAL)
    (who, port), minutes = sys.argv[1].split("="), sys.argv[2:]
    restart: Any = {"time": minutes[0], "timezone": "UTC"} if minutes else None
    ib, ready = IB(), asyncio.Event()
    ib.errorEvent += lambda _request, code, *_: say(who, "heard", code=code)
    keeper = Keeper(
        ib,
        port=int(port),
        client_id=911,
        daily_restart=restart,
        on_ready=lambda _: ready.set(),
        on_lost=lambda _: ready.clear(),
        on_suspect=lambda suspect: say(who, "suspect" if suspect else "trusted"),
    )
    known: set[str] = set()
    up = may = False
    async with keeper:
        while True:
            snapshot = keeper.snapshot
            if (ready.is_set() and snapshot.status is Status.UP) is not up:
                up = not up
                say(who, "up" if up else "down")
            if (ib.isConnected() and snapshot.gate.open) is not may:
                may = not may
                say(f"{who}/door", "up" if may else "down")
            for exec_id, fill in list(ib.wrapper.fills.items()):
                if exec_id not in known:
                    known.add(exec_id)
                    say(who, "fill", code=round(fill.execution.price))
            await asyncio.sleep(0.005)


if __name__ == "__main__":
    asyncio.run(main())
