"""A listening port that can be closed and opened again without being lost to somebody else.

Rules
- A second socket, bound and never listening, keeps the port reserved while it refuses: no other process is given it,
  and no client can connect to itself on it by chance (Linux does that with a free ephemeral port on loopback).
- `freeze` accepts nothing while the kernel still does; `thaw` accepts what has queued up.
"""

import asyncio
import socket
from collections.abc import Callable

_BACKLOG = 128


class Listener:
    """The port `port` of `host` (0: any free one); `on_connection` gets each accepted socket.

    Raises OSError if the port is taken.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, host: str, port: int, on_connection: Callable[[socket.socket], None]
    ) -> None:
        self._loop = loop
        self._on_connection = on_connection
        self._family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._reservation = self._bound(host, port)
        self._host = host
        self.port: int = self._reservation.getsockname()[1]
        self._socket: socket.socket | None = None
        self._frozen = False

    @property
    def listening(self) -> bool:
        """Whether a connection would be taken."""
        return self._socket is not None

    def open(self) -> None:
        """Listen; nothing happens if it does."""
        if self._socket is None:
            sock = self._bound(self._host, self.port)
            try:
                sock.listen(_BACKLOG)
            except OSError:
                sock.close()
                raise
            sock.setblocking(False)
            self._socket = sock
            self._frozen = False
            self._loop.add_reader(sock, self._accept)

    def refuse(self) -> None:
        """Stop listening; connections are refused, and those the kernel had taken but we had not are reset."""
        if self._socket is not None:
            if not self._frozen:
                self._loop.remove_reader(self._socket)
            self._socket.close()
            self._socket = None

    def freeze(self) -> None:
        """Accept nothing until thawed."""
        if self._socket is not None and not self._frozen:
            self._frozen = True
            self._loop.remove_reader(self._socket)

    def thaw(self) -> None:
        """Accept again."""
        if self._socket is not None and self._frozen:
            self._frozen = False
            self._loop.add_reader(self._socket, self._accept)

    def close(self) -> None:
        """Give the port back."""
        self.refuse()
        self._reservation.close()

    def _bound(self, host: str, port: int) -> socket.socket:
        sock = socket.socket(self._family, socket.SOCK_STREAM)
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind((host, port))
        except OSError:
            sock.close()
            raise
        return sock

    def _accept(self) -> None:
        for _ in range(_BACKLOG):
            if self._socket is None or self._frozen:
                return
            try:
                connection, _peer = self._socket.accept()
            except OSError:  # none left, or the peer has gone again, or no file descriptor is free now
                return
            self._on_connection(connection)
