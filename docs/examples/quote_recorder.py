"""Records quotes to a file, and asks for them again whenever they were lost: `python quote_recorder.py PORT FILE`.

What must outlive a session, here the open file, is in an object of its own. The factory gives it to each new program.
"""

import csv
import sys
import time
from pathlib import Path

from ibapi.client import EClient
from ibapi.contract import Contract
from ibapi.wrapper import EWrapper

from supervisor.host import Host

SYMBOLS = ("AAPL", "MSFT")


class Records:
    """The file, and which request id stands for which symbol."""

    def __init__(self, path):
        self.file = Path(path).open("a", newline="")  # noqa: SIM115 - open until the process ends
        self.writer = csv.writer(self.file)
        self.subscriptions = {}

    def write(self, *row):
        self.writer.writerow((f"{time.time():.3f}", *row))
        self.file.flush()


class Recorder(EWrapper, EClient):
    def __init__(self, records):
        EClient.__init__(self, self)
        self.records = records

    def error(self, reqId, *args):
        print("error", reqId, *args, flush=True)

    def tickPrice(self, reqId, tickType, price, attrib):
        symbol = next((name for name, each in self.records.subscriptions.items() if each.req_id == reqId), None)
        if symbol is not None:
            self.records.write(symbol, tickType, price)

    def on_ready(self, ready):
        self.records.write("ready", ready.epoch, round(ready.away, 1))

    def on_lost(self, loss):
        self.records.write("lost", loss.reason, "planned" if loss.planned else "unplanned")

    def on_stream_dead(self, req_id, code):
        for subscription in self.records.subscriptions.values():
            if subscription.req_id == req_id:
                subscription.renew()


def ask_for(symbol):
    """The request for one symbol. The host makes it in each session, and again after 1101, each time with a new id."""

    def make(client, req_id):
        contract = Contract()
        contract.symbol, contract.secType, contract.exchange, contract.currency = symbol, "STK", "SMART", "USD"
        client.reqMktData(req_id, contract, "", False, False, [])

    return make


def main(port, path):
    records = Records(path)
    host = Host(lambda: Recorder(records), port=port, client_id=18)
    for symbol in SYMBOLS:
        records.subscriptions[symbol] = host.subscribe(ask_for(symbol))
    host.run()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
