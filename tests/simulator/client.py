"""A bare API client for the simulator's tests: raw bytes on a blocking socket, decoded just enough to assert on.

It shares nothing with the simulator but `struct`, so that a mistake there is not made here too.
"""

import socket
import struct
from typing import Self


def framed(payload: bytes) -> bytes:
    return struct.pack(">I", len(payload)) + payload


def fields(payload: bytes) -> list[str]:
    return payload.decode().split("\0")[:-1]


class RawClient:
    """Connects at once; `hello` and `start` take it as far as a test needs."""

    def __init__(self, port: int, timeout: float = 5.0) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout)
        self.buffer = b""

    def hello(self, newest: int = 176, options: str = "") -> Self:
        self.socket.sendall(b"API\0" + framed(f"v100..{newest}{options}".encode()))
        return self

    def start(self, client_id: int = 7, newest: int = 176) -> Self:
        """Hello and START_API in text, and read on to nextValidId."""
        self.hello(newest)
        self.payload()
        self.ask(71, 2, client_id, "")
        while fields(self.payload())[0] != "9":
            pass
        return self

    def ready(self, client_id: int = 7, greeting: int = 3) -> Self:
        """As `start`, with the greeting's notices read too."""
        self.start(client_id)
        for _ in range(greeting):
            self.payload()
        return self

    def ask(self, *words: object) -> None:
        self.socket.sendall(framed(b"".join(str(word).encode() + b"\0" for word in words)))

    def take(self, count: int) -> bytes:
        """Exactly so many bytes; EOFError if the connection ends before."""
        while len(self.buffer) < count:
            data = self.socket.recv(65536)
            if not data:
                raise EOFError(f"ended after {self.buffer!r}")
            self.buffer += data
        taken, self.buffer = self.buffer[:count], self.buffer[count:]
        return taken

    def payload(self) -> bytes:
        (length,) = struct.unpack(">I", self.take(4))
        return self.take(length)

    def message(self) -> list[str]:
        return fields(self.payload())

    def silent_for(self, seconds: float) -> bool:
        """True if nothing comes and nothing ends in that time."""
        if self.buffer:
            return False
        self.socket.settimeout(seconds)
        try:
            self.buffer += self.socket.recv(65536)
        except TimeoutError:
            return True
        except ConnectionResetError:
            return False
        finally:
            self.socket.settimeout(5.0)
        return False

    def ending(self) -> str:
        """Read to the end of the connection: "fin" or "rst"."""
        try:
            while self.socket.recv(65536):
                pass
        except ConnectionResetError:
            return "rst"
        return "fin"

    def close(self) -> None:
        self.socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def refused(port: int) -> bool:
    """Whether a connection to the port is refused now."""
    with socket.socket() as sock:
        sock.settimeout(5.0)
        return sock.connect_ex(("127.0.0.1", port)) != 0
