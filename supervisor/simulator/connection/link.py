"""One TCP connection of the simulated gateway, under full control of every byte and every ending.

Rules
- Lives on one asyncio loop and is used only there. Everything sent leaves in order; each `send` is one write, unless
  `pace` cuts it.
- `freeze` neither reads nor writes until `thaw`, as a stopped process would; `hold` keeps back only what is sent.
- Three endings: `finish` (FIN once all is sent, then the rest of the peer's words is read over), `reset` (RST now), and
  the peer's own. `on_end` is called once, at the first of them.
- The peer's FIN is such an ending unless `on_fin` is given: then it says only that no more comes; `finish` ends it.
- The socket is closed on every path; `links` is the set of connections whose sockets are still open.
"""

import asyncio
import socket
import struct
from collections import deque
from collections.abc import Callable

_READ = 65536
_LINGER = 1.0
"""Seconds that a finished connection waits for the peer's end before it is closed."""


class Link:
    """An accepted connection; `on_data` gets what is read."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        sock: socket.socket,
        links: "set[Link]",
        on_data: Callable[[bytes], None],
        on_end: Callable[[], None],
        on_fin: Callable[[], None] | None = None,
    ) -> None:
        self._loop = loop
        self._socket = sock
        self._links = links
        self._on_data = on_data
        self._on_end = on_end
        self._on_fin = on_fin
        self._out: deque[memoryview] = deque()
        self._timer: asyncio.TimerHandle | None = None  # the next write, or the end of the wait for the peer's FIN
        self._held_until = 0.0
        self._ended = self._finishing = self._finished = self._frozen = self._writing = False
        self.pace: tuple[int, float] | None = None
        """Bytes a write and seconds between two writes; None: as they are."""
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        links.add(self)
        loop.add_reader(sock, self._read)

    def send(self, data: bytes) -> None:
        """Send it after all that was sent before; after an ending nothing is sent."""
        if not (self._ended or self._finishing) and data:
            self._out.append(memoryview(data))
            self._pump()

    def freeze(self) -> None:
        """Neither read nor write until thawed."""
        if not self._frozen and self._open:
            self._frozen = True
            self._loop.remove_reader(self._socket)
            self._stop_writing()

    def thaw(self) -> None:
        """Go on where it was frozen."""
        if self._frozen and self._open:
            self._frozen = False
            self._loop.add_reader(self._socket, self._read)
            self._pump()

    def hold(self, seconds: float) -> None:
        """Send nothing more for so long; it is kept and sent then."""
        self._held_until = self._loop.time() + seconds

    def finish(self) -> None:
        """End with a FIN after what is still to be sent."""
        self._finishing = True
        self._end()
        self._pump()

    def reset(self) -> None:
        """End with an RST, now."""
        if self._open:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def close(self) -> None:
        """End as the system does it: a FIN, or an RST if something was left unread."""
        if self._open:
            self._stop_writing()
            self._out.clear()
            if not self._frozen:
                self._loop.remove_reader(self._socket)
            self._links.discard(self)
            self._socket.close()
        self._end()

    @property
    def _open(self) -> bool:
        return self._socket.fileno() != -1

    def _end(self) -> None:
        if not self._ended:
            self._ended = True
            self._on_end()

    def _read(self) -> None:
        try:
            data = self._socket.recv(_READ)
        except BlockingIOError:
            return
        except OSError:
            self.close()
            return
        if not data and self._on_fin is not None and not self._ended:
            self._loop.remove_reader(self._socket)
            self._on_fin()
        elif not data:
            self.close()
        elif not self._ended:
            self._on_data(data)

    def _pump(self) -> None:
        """Write what may be written now, and see to it that the rest is written later."""
        while self._out and not (self._frozen or self._timer or self._writing):
            wait = self._held_until - self._loop.time()
            if wait > 0:
                self._later(wait)
                return
            if not self._write_some():
                return
        if self._finishing and not (self._finished or self._out or self._frozen) and self._open:
            self._finished = True
            try:
                self._socket.shutdown(socket.SHUT_WR)
            except OSError:
                self.close()
            else:
                self._stop_writing()
                self._timer = self._loop.call_later(_LINGER, self.close)

    def _write_some(self) -> bool:
        data = self._out.popleft()
        chunk = data if self.pace is None else data[: self.pace[0]]
        try:
            sent = self._socket.send(chunk)
        except BlockingIOError:
            sent = 0
        except OSError:
            self.close()
            return False
        if sent < len(data):
            self._out.appendleft(data[sent:])
        if sent < len(chunk):
            self._writing = True
            self._loop.add_writer(self._socket, self._writable)
            return False
        if self.pace is not None:
            self._later(self.pace[1])
            return False
        return True

    def _writable(self) -> None:
        self._stop_writing()
        self._pump()

    def _later(self, seconds: float) -> None:
        def go_on() -> None:
            self._timer = None
            self._pump()

        self._timer = self._loop.call_later(seconds, go_on)

    def _stop_writing(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._writing:
            self._writing = False
            self._loop.remove_writer(self._socket)
