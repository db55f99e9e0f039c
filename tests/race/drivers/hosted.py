"""A program in `supervisor.host.Host`: `python hosted.py NAME=PORT [HH:MM]`, with its daily restart in UTC.

Its claim: up from `on_ready`, while every layer of the host's snapshot is up. Its door is `host.gate`.
"""

import json
import logging
import sys
import threading
import time
from typing import Any

from ibapi.client import EClient
from ibapi.wrapper import EWrapper

from supervisor.core.model.status import Status
from supervisor.host import Host, Loss, Ready

SAYING = threading.Lock()


def say(who: str, word: str, **more: object) -> None:
    with SAYING:
        print(json.dumps({"at": time.monotonic(), "who": who, "says": word, **more}), flush=True)


class App(EWrapper, EClient):
    def __init__(self, who: str, ready: threading.Event) -> None:
        EClient.__init__(self, self)
        self.who = who
        self.ready = ready

    def on_ready(self, ready: Ready) -> None:
        self.ready.set()

    def on_lost(self, loss: Loss) -> None:
        self.ready.clear()

    def on_suspect(self, suspect: bool) -> None:
        say(self.who, "suspect" if suspect else "trusted")

    def execDetails(self, reqId: int, contract: Any, execution: Any) -> None:
        say(self.who, "fill", code=round(execution.price))

    def error(self, req_id: int, *rest: Any) -> None:
        # 10.37 and later put the time of the message before the code
        code = rest[1] if len(rest) > 2 and isinstance(rest[1], int) else rest[0]
        say(self.who, "heard", code=code)


def main() -> None:
    logging.disable(logging.CRITICAL)
    (who, port), minutes = sys.argv[1].split("="), sys.argv[2:]
    restart: Any = {"time": minutes[0], "timezone": "UTC"} if minutes else None
    ready = threading.Event()
    host = Host(lambda: App(who, ready), port=int(port), client_id=911, daily_restart=restart)
    up = may = False
    with host:
        while True:
            if (ready.is_set() and host.snapshot.status is Status.UP) is not up:
                up = not up
                say(who, "up" if up else "down")
            if host.gate.check().open is not may:
                may = not may
                say(f"{who}/door", "up" if may else "down")
            time.sleep(0.005)


if __name__ == "__main__":
    main()
