"""A stand-in that is not quite a gateway: it passes everything on and changes what a test says."""

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

Change = Callable[[bytes], list[bytes]]
"""Payloads of the gateway: one in, any number out."""


def as_it_is(payload: bytes) -> list[bytes]:
    return [payload]


@contextmanager
def tampered(
    port: int, said: Callable[[], Change] = lambda: as_it_is, asked: Callable[[], Change] = lambda: as_it_is,
    keep_open: bool = False,
) -> Iterator[int]:  # fmt: skip
    """A port that leads to `port`; `said` changes what the gateway says, `asked` what clients ask."""
    server = socket.create_server(("127.0.0.1", 0))
    threads: list[threading.Thread] = []
    open_sockets: list[socket.socket] = []

    def serve() -> None:
        with suppress(OSError):
            while True:
                client, _ = server.accept()
                gateway = socket.create_connection(("127.0.0.1", port))
                open_sockets.extend((client, gateway))
                for source, target, change, hello in ((client, gateway, asked(), 4), (gateway, client, said(), 0)):
                    held = keep_open and source is gateway
                    thread = threading.Thread(target=carry, args=(source, target, change, hello, held))
                    thread.start()
                    threads.append(thread)

    listening = threading.Thread(target=serve)
    listening.start()
    yield server.getsockname()[1]
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    listening.join(5)
    for each in open_sockets:
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
    for thread in threads:
        thread.join(5)
    for each in open_sockets:
        each.close()


def carry(source: socket.socket, target: socket.socket, change: Change, hello: int, held: bool) -> None:
    """Frames from one to the other, changed; the first `hello` bytes are in no frame."""
    with suppress(OSError, EOFError):
        target.sendall(exactly(source, hello))
        while True:
            (length,) = struct.unpack(">I", exactly(source, 4))
            for payload in change(exactly(source, length)):
                target.sendall(struct.pack(">I", len(payload)) + payload)
    if not held:
        with suppress(OSError):
            target.shutdown(socket.SHUT_RDWR)


def exactly(source: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        more = source.recv(count - len(data))
        if not more:
            raise EOFError
        data += more
    return data
