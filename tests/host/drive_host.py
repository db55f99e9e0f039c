"""A hosted program for releases of `ibapi` in environments of their own: `python -m tests.host.drive_host PORT`.

It sends an order, lives through a loss that its parent plays, and prints what it heard as JSON.
"""

import json
import logging
import sys
import threading
from typing import Any

from supervisor.host import NotSent
from tests.host.programs import Book, Recorder, hosted, order, stock
from tests.waiting import wait_until


def cancel(app: Any, number: int) -> None:
    """Cancel as this release of ibapi wants it."""
    try:
        from ibapi.order_cancel import OrderCancel
    except ImportError:
        app.cancelOrder(number)
        return
    try:
        app.cancelOrder(number, OrderCancel())
    except TypeError:
        app.cancelOrder(number, "")


def main(port: int) -> dict[str, Any]:
    book = Book()
    with hosted(book, port, Recorder) as host:
        host.wait_ready(20)
        app = host.app
        subscription = host.subscribe(lambda client, number: client.reqMktData(number, stock(), "", False, False, []))
        app.placeOrder(host.new_order_id(), stock(), order("MKT", 10))
        book.until("execDetails")
        waiting = host.new_order_id()
        app.placeOrder(waiting, stock(), order("LMT", 10, 1.0))
        wait_until(lambda: (waiting, "Submitted") in book.all("orderStatus"), 20)
        app.reqCurrentTime()
        book.until("currentTime")
        book.until("tickPrice")
        print("READY", flush=True)
        book.until("on_lost")
        raised = 0
        for send in (lambda: app.placeOrder(99, stock(), order()), lambda: cancel(app, 99), app.reqPositions):
            try:
                send()
            except NotSent:
                raised += 1
        book.until("on_ready", 2)
        wait_until(lambda: host.gate.check().open, 10)
        cancel(host.app, waiting)
        wait_until(lambda: (waiting, "Cancelled") in book.all("orderStatus"), 20)
        for _ in range(80):
            host.app.reqMarketDataType(1)
        waited = host.queue.paced
        renewed = len(subscription.earlier)
    return {
        "raised": raised,
        "complete": [ready.complete for ready in book.readies],
        "versions": [ready.server_version for ready in book.readies],
        "next_ids": [ready.next_order_id for ready in book.readies],
        "fills": sorted({exec_id for _, exec_id in book.all("execDetails")}),
        "told": len(book.all("execDetails")),
        "summaries": len(book.all("accountSummaryEnd")),
        "renewed": renewed,
        "paced": waited > 20,
        "threads": len(book.threads),
        "grumbles": [code for _, code, _ in book.all("error") if 500 <= code < 600],
        "left": [thread.name for thread in threading.enumerate() if thread is not threading.main_thread()],
    }


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    print(json.dumps(main(int(sys.argv[1]))))
