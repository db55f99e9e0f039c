"""Peers of a few raw bytes each, for what a session meets on the wire.

A `Peer` listens on a loopback port and plays a script, a function of a `Line`, to every client; the line's socket is
closed when the script returns. Bytes are written out here and not taken from the simulated gateway: they judge both.
"""

import select
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import TracebackType

CLOCK = "20260105 12:00:00 EST"
START_API, REQ_CURRENT_TIME, REQ_CONTRACT_DATA = 71, 49, 9
LINGER_RST = struct.pack("ii", 1, 0)


def framed(payload: bytes) -> bytes:
    return struct.pack(">I", len(payload)) + payload


def text(*fields: object) -> bytes:
    """A framed text message; at server versions under 201 the id is the first field."""
    return framed(b"".join(f"{field}\0".encode() for field in fields))


def notice(code: int, words: str, request_id: int = -1, version: int = 157) -> bytes:
    """An error message in the layout of the server version."""
    if version >= 194:
        return text(4, request_id, code, words, "", 1767632400000)
    return text(4, 2, request_id, code, words, *([""] if version >= 166 else []))


CURRENT_TIME = text(49, 1, 1767632400)
ACCOUNTS = text(15, 1, "DU1234567")
NEXT_ID = text(9, 1, 11)
GREETING = ACCOUNTS + NEXT_ID


class Line:
    """The peer's end of one connection."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock.settimeout(20)
        self.received: list[bytes] = []
        """Payloads of all frames that `frame` read."""
        self._buffer = b""

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def _exactly(self, count: int) -> bytes:
        while len(self._buffer) < count:
            more = self.sock.recv(65536)
            if not more:
                raise EOFError
            self._buffer += more
        data, self._buffer = self._buffer[:count], self._buffer[count:]
        return data

    def frame(self) -> bytes:
        """The next payload from the client; EOFError when it left."""
        (length,) = struct.unpack(">I", self._exactly(4))
        payload = self._exactly(length)
        self.received.append(payload)
        return payload

    def hello(self) -> int:
        """Read the client's hello; its highest version."""
        assert self._exactly(4) == b"API\0"
        return int(self.frame().decode().split("..")[1].split(" ")[0])

    def handshake(self, version: int = 157, also: bytes = b"") -> None:
        """Answer the hello and read START_API."""
        self.hello()
        self.send(text(version, CLOCK) + also)
        self.frame()

    def ready(self, also: bytes = b"") -> None:
        """Up to a session that is ready."""
        self.handshake()
        self.send(GREETING + also)

    def until_gone(self) -> None:
        """Read and say nothing until the client leaves."""
        with suppress(OSError):
            while self.sock.recv(65536):
                pass

    def answer(self) -> None:
        """Answer heartbeats until the client leaves."""
        while True:
            if self.frame().split(b"\0")[0] == b"49":
                self.send(CURRENT_TIME)

    def pause(self, seconds: float) -> None:
        """Let time pass on the wire, unless the client says something or leaves."""
        select.select([self.sock], [], [], seconds)

    def reset(self) -> None:
        """Close with an RST."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_RST)
        self.sock.close()


Script = Callable[[Line], object]


class Peer:
    """Plays `script` to each client; `with Peer(script) as peer: connect to peer.port`."""

    def __init__(self, script: Script, host: str = "127.0.0.1", port: int = 0) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, port), family=family, backlog=64)
        self.port: int = self._listener.getsockname()[1]
        self.host = host
        self.lines: list[Line] = []
        self.left: list[Line] = []
        """Lines whose script is over."""
        self.failures: list[BaseException] = []
        self._script = script
        self._threads = [threading.Thread(target=self._accept, name="peer", daemon=True)]

    def __enter__(self) -> "Peer":
        self._threads[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._threads[0].join(10)
        self._listener.close()
        for line in self.lines:
            with suppress(OSError):
                line.sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
            assert not thread.is_alive()
        if error is None and self.failures:
            raise self.failures[0]

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            line = Line(sock)
            self.lines.append(line)
            thread = threading.Thread(target=self._play, args=(line,), name="peer-line", daemon=True)
            self._threads.append(thread)
            thread.start()

    def _play(self, line: Line) -> None:
        try:
            self._script(line)
        except (EOFError, OSError):
            pass  # the client left
        except BaseException as error:
            self.failures.append(error)
        finally:
            self.left.append(line)
            with suppress(OSError):  # the FIN leaves now even if another thread still reads
                line.sock.shutdown(socket.SHUT_RDWR)
            line.sock.close()


class BlackHole:
    """A port that answers no SYN: its backlog is full, as behind a firewall that drops."""

    def __init__(self) -> None:
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(0)
        self.port: int = self._listener.getsockname()[1]
        self._fillers: list[socket.socket] = []

    def __enter__(self) -> "BlackHole":
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", self.port))
            self._fillers.append(filler)
        return self

    def __exit__(self, *exc: object) -> None:
        for filler in self._fillers:
            filler.close()
        self._listener.close()


@contextmanager
def closed_port() -> Iterator[int]:
    """A port that refuses, and that nobody else can get meanwhile: bound, but not listened on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        yield sock.getsockname()[1]
