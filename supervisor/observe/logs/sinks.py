"""Where the log goes: the two places that may be stuck, written to so that giving up is always possible.

`write` returns whether all of it went out; while the other side takes nothing it waits, and asks `given_up` every
`LOOK` seconds. It never raises. Only the log's own thread calls it.
"""

import io
import os
import socket
from collections.abc import Callable
from typing import IO, Protocol

from supervisor.platform import PIPE_AT_ONCE, unix_datagrams, wait_writable

LOOK = 0.1
"""Seconds between two looks at whether to give up."""


class Sink(Protocol):
    """A place for lines."""

    def write(self, data: bytes, given_up: Callable[[], bool]) -> bool:
        """Whether all of it went out."""
        ...


class StreamSink:
    """A text stream; one with a file descriptor is written to beneath its buffer, whose lock would outlive us.

    The descriptor is a duplicate: nobody else can close it and give its number to something else.
    """

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        try:
            self._descriptor: int | None = os.dup(stream.fileno())
        except (OSError, ValueError, AttributeError, io.UnsupportedOperation):
            self._descriptor = None

    def write(self, data: bytes, given_up: Callable[[], bool]) -> bool:
        """Whether all of it went out."""
        try:
            if self._descriptor is not None:
                return _write_all(self._descriptor, data, given_up)
            self._stream.write(data.decode("utf-8", "replace"))
            self._stream.flush()
        except (OSError, ValueError):  # closed, gone, no space left
            return False
        return True

    def close(self) -> None:
        """Give the descriptor back; the stream stays open."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


class DatagramSink:
    """A datagram socket of the file system, such as journald's; each write is one datagram."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._socket: socket.socket | None = None

    def write(self, data: bytes, given_up: Callable[[], bool]) -> bool:
        """Whether it went out; a socket that was opened again on the other side gets it too."""
        return self._send(data, given_up) or (not given_up() and self._send(data, given_up))

    def close(self) -> None:
        """Give the socket back."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _send(self, data: bytes, given_up: Callable[[], bool]) -> bool:
        try:
            if self._socket is None:
                self._socket = unix_datagrams()
                self._socket.connect(self._path)
            while True:
                try:
                    self._socket.send(data)
                    return True
                except BlockingIOError:
                    if not _writable(self._socket.fileno(), given_up):
                        return False
        except OSError:
            self.close()
            return False


def _write_all(descriptor: int, data: bytes, given_up: Callable[[], bool]) -> bool:
    rest = memoryview(data)
    while rest:
        if not _writable(descriptor, given_up):
            return False
        try:
            rest = rest[os.write(descriptor, rest[:PIPE_AT_ONCE]) :]
        except BlockingIOError:  # another process has made our standard error non-blocking, and was faster
            continue
    return True


def _writable(descriptor: int, given_up: Callable[[], bool]) -> bool:
    while not wait_writable(descriptor, LOOK):
        if given_up():
            return False
    return True
