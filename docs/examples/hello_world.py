"""IBKR's hello-world with the account summary, kept alive: `python hello_world.py [PORT]`.

It is the tutorial's program. Only the last lines differ: `Host(...)` and `host.run()` stand where `app.connect(...)`
and `app.run()` stood.
"""

import sys

from ibapi.client import EClient
from ibapi.wrapper import EWrapper

from supervisor.host import Host


class App(EWrapper, EClient):
    def __init__(self):
        EClient.__init__(self, self)

    def nextValidId(self, orderId):
        print("next order id", orderId, flush=True)
        self.reqAccountSummary(9001, "All", "NetLiquidation,BuyingPower")

    def accountSummary(self, reqId, account, tag, value, currency):
        print(f"{account} {tag} {value} {currency}", flush=True)

    def accountSummaryEnd(self, reqId):
        print("that is all", flush=True)

    def error(self, reqId, *args):
        print("error", reqId, *args, flush=True)


if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 4002
    host = Host(App, port=port, client_id=17, daily_restart={"time": "23:45", "timezone": "America/New_York"})
    host.run()
