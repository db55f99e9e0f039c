"""HTTP by hand: a client that sends and reads exactly what a test wants, and no more."""

import contextlib
import select
import socket
import time
from collections.abc import Callable, Iterator


class Wire:
    """One TCP connection to the web server."""

    def __init__(self, port: int, *, receive_buffer: int | None = None) -> None:
        self.socket = socket.socket()
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(20)
        self.socket.connect(("127.0.0.1", port))
        self._read = b""

    def send(self, text: str) -> None:
        self.socket.sendall(text.encode())

    def request(self, path: str, method: str = "GET", headers: str = "") -> None:
        self.send(f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n")

    def head(self) -> str:
        """The status line and headers of the next answer."""
        return self.until("\r\n\r\n")

    def answer(self) -> tuple[int, str]:
        """Status and body of the next answer, which tells its length."""
        head = self.head()
        length = next(int(line[15:]) for line in head.split("\r\n") if line.lower().startswith("content-length:"))
        return int(head.split()[1]), self.take(length).decode()

    def take(self, length: int) -> bytes:
        """So many bytes."""
        parts, missing = [self._read], length - len(self._read)
        while missing > 0:
            self._read = b""
            self._more()
            parts.append(self._read)
            missing -= len(self._read)
        read = b"".join(parts)
        taken, self._read = read[:length], read[length:]
        return taken

    def until(self, end: str) -> str:
        """What comes, up to and with this text."""
        mark = end.encode()
        while mark not in self._read:
            self._more()
        found, _, self._read = self._read.partition(mark)
        return (found + mark).decode()

    def rest(self) -> bytes:
        """All that comes until the server closes; fails if it does not."""
        parts = [self._read]
        self._read = b""
        with contextlib.suppress(ConnectionResetError):
            while more := self.socket.recv(65536):
                parts.append(more)
        return b"".join(parts)

    def closes_within(self, seconds: float) -> bool:
        """Whether the server closes within this time without another word."""
        began = time.monotonic()
        try:
            self.socket.settimeout(seconds)
            return self.rest() == b"" and time.monotonic() - began <= seconds
        except TimeoutError:
            return False
        finally:
            self.socket.settimeout(20)

    @property
    def closed(self) -> bool:
        """Whether the server has closed, as far as that has arrived."""
        if not select.select([self.socket], [], [], 0)[0]:
            return False
        try:
            return self.socket.recv(1, socket.MSG_PEEK) == b""
        except ConnectionResetError:
            return True

    def _more(self) -> None:
        more = self.socket.recv(65536)
        if not more:
            raise EOFError(f"closed after {self._read!r}")
        self._read += more


@contextlib.contextmanager
def wired(port: int) -> Iterator[Callable[..., Wire]]:
    """Opens connections to this port, and closes them all in the end."""
    with contextlib.ExitStack() as stack:

        def connect(*, receive_buffer: int | None = None) -> Wire:
            wire = Wire(port, receive_buffer=receive_buffer)
            stack.callback(wire.socket.close)
            return wire

        yield connect
