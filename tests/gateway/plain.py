"""`ibapi` as it comes, used as its examples do: shows that what we cure is ill; each use is bounded in time."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from ibapi.client import EClient
from ibapi.wrapper import EWrapper

from supervisor.gateway.versions import tame_logging


class Plain(EWrapper, EClient):
    """Connects and runs on one daemon thread, and remembers what was called."""

    def __init__(self) -> None:
        EWrapper.__init__(self)
        EClient.__init__(self, wrapper=self)
        self.calls: list[str] = []
        self.failure: BaseException | None = None
        self.connect_returned = threading.Event()
        self.run_returned = threading.Event()

    def error(self, *args: Any) -> None:
        self.calls.append("error")

    def nextValidId(self, orderId: int) -> None:
        self.calls.append("nextValidId")

    def currentTime(self, time: int) -> None:
        self.calls.append("currentTime")

    def connectAck(self) -> None:
        self.calls.append("connectAck")

    def connectionClosed(self) -> None:
        self.calls.append("connectionClosed")

    def live(self, host: str, port: int) -> None:
        try:
            self.connect(host, port, 7)
            self.connect_returned.set()
            self.run()
        except BaseException as error:
            self.failure = error
        finally:
            self.connect_returned.set()
            self.run_returned.set()


@contextmanager
def plain_client(port: int, host: str = "127.0.0.1") -> Iterator[Plain]:
    """A plain client at work; aborted in the end by shutting its socket down, the only way out of a hung connect()."""
    tame_logging()
    client = Plain()
    thread = threading.Thread(target=client.live, args=(host, port), daemon=True)
    thread.start()
    try:
        yield client
    finally:
        connection, reader = client.conn, client.reader
        sock = connection.socket if connection else None
        if sock is not None:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        thread.join(10)
        if reader is not None:
            reader.join(10)
        if sock is not None:
            sock.close()
        assert not thread.is_alive()
