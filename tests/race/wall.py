"""A network that is away: no packet of a new connection is answered.

On loopback a full queue does it: Linux drops the first packet of a connection when the listener's queue is full. So
the queue of a frozen gateway is filled with connections of our own, and they are closed when the network is back.
"""

import contextlib
import errno
import socket
from collections.abc import Sequence
from typing import Self

FULL = 400
"""More connections than any listener here has room for."""
_WAITS = (errno.EINPROGRESS, errno.EAGAIN)


class Wall:
    """From its making to its `close`; the gateways behind these ports are frozen already."""

    def __init__(self, ports: Sequence[int]) -> None:
        self._sockets: list[socket.socket] = []
        for port in ports:
            self._fill(port)

    def close(self) -> None:
        """The network is back."""
        for sock in self._sockets:
            sock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _fill(self, port: int) -> None:
        for _ in range(FULL):
            sock = socket.socket()
            sock.setblocking(False)
            self._sockets.append(sock)
            if sock.connect_ex(("127.0.0.1", port)) in _WAITS and not _is_connected(sock):
                return


def _is_connected(sock: socket.socket) -> bool:
    with contextlib.suppress(OSError):
        sock.getpeername()
        return True
    return False
