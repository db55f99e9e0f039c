"""Plain `ibapi` with the reconnect loop that tutorials show: `python naive.py NAME=PORT`.

Connect, `run()` until it returns, wait 5 s, begin again with a new client. Any version of `ibapi`.
"""

import json
import logging
import sys
import threading
import time
from typing import Any

from ibapi.client import EClient
from ibapi.wrapper import EWrapper

PAUSE = 5.0
SAYING = threading.Lock()


def say(who: str, word: str, **more: object) -> None:
    with SAYING:
        print(json.dumps({"at": time.monotonic(), "who": who, "says": word, **more}), flush=True)


class App(EWrapper, EClient):
    def __init__(self, who: str) -> None:
        EWrapper.__init__(self)
        EClient.__init__(self, wrapper=self)
        self.who = who

    def nextValidId(self, orderId: int) -> None:
        say(self.who, "up")

    def connectionClosed(self) -> None:
        say(self.who, "down")

    def error(self, req_id: int, *rest: Any) -> None:
        # 10.37 and later put the time of the message before the code
        code = rest[1] if len(rest) > 2 and isinstance(rest[1], int) else rest[0]
        say(self.who, "heard", code=code)

    def execDetails(self, reqId: int, contract: Any, execution: Any) -> None:
        say(self.who, "fill", code=round(execution.price))


def look(who: str, apps: list[App]) -> None:
    """What a program asks before an order."""
    may = False
    while True:
        if bool(apps and apps[-1].isConnected()) is not may:
            may = not may
            say(f"{who}/door", "up" if may else "down")
        time.sleep(0.005)


def main() -> None:
    logging.disable(logging.CRITICAL)
    who, port = sys.argv[1].split("=")
    apps: list[App] = []
    threading.Thread(target=look, args=(who, apps), daemon=True).start()
    while True:
        app = App(who)
        apps[:] = [app]
        try:
            say(who, "trying")
            app.connect("127.0.0.1", int(port), 911)
            app.run()
        except Exception as error:
            say(who, "gave_up", why=type(error).__name__)
        finally:
            app.disconnect()
        say(who, "down")
        time.sleep(PAUSE)


if __name__ == "__main__":
    main()
