"""A tap between one program and its gateway: passes every byte on, and writes every message down.

Rules
- One connection there for each connection here; nothing is shared, delayed or changed on the way.
- What is written is masked; what is passed on is not.
- Bytes that are no frames are passed on all the same, and end the recording of that connection. So does a disk that is
  full.
"""

import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TextIO

from supervisor.simulator.recorder.transcript import Entry, Mask, header, line
from supervisor.simulator.wire.frames import FrameReader, WireError
from supervisor.simulator.wire.requests import API_PREFIX

_READ = 65536
_PAUSE = 1.0
"""Seconds until it accepts again, when this machine could not: connections that wait would be tried without end."""


class Tap:
    """Listens on `listen` (a port of 127.0.0.1, 0: any) and leads to `host:port`; `close` it. It empties `out` first.

    Raises OSError if the port is taken.
    """

    def __init__(self, host: str, port: int, listen: int, out: TextIO, tell: Callable[[str], None]) -> None:
        self._there = host, port
        self._out = out
        self._tell = tell
        self._mask = Mask()
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._sockets: set[socket.socket] = set()
        self._began = time.monotonic()
        self._sessions = 0
        self._server = socket.create_server(("127.0.0.1", listen))
        self.port: int = self._server.getsockname()[1]
        out.truncate(0)  # an old recording is replaced only now that there will be a new one
        self._write(header(time.time()))
        self._threads = [threading.Thread(target=self._serve, name="tap", daemon=True)]
        self._threads[0].start()

    def close(self) -> None:
        """End every connection and give the port back."""
        self._closed.set()
        with suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        for each in list(self._sockets):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)

    def _serve(self) -> None:
        while not self._closed.is_set():
            try:
                here, _ = self._server.accept()
            except OSError as error:
                if not self._closed.is_set():
                    self._tell(f"cannot accept a connection: {error.strerror or error}")
                    self._closed.wait(_PAUSE)
            else:
                self._connect(here)

    def _connect(self, here: socket.socket) -> None:
        try:
            there = socket.create_connection(self._there, 10)
        except OSError as error:
            self._tell(f"cannot connect to {self._there[0]}:{self._there[1]}: {error.strerror or error}")
            here.close()
            return
        there.settimeout(None)
        self._sessions += 1
        number = self._sessions
        self._tell(f"session {number} begins")
        pair = (here, there)
        self._sockets.update(pair)
        left = threading.Semaphore(0)
        for source, target, client in ((here, there, True), (there, here, False)):
            with suppress(OSError):  # it is gone again, which its reader finds
                source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            thread = threading.Thread(
                target=self._carry, args=(number, source, target, client, left), name=f"tap {number}", daemon=True
            )
            self._threads.append(thread)
            thread.start()
        ending = threading.Thread(target=self._end, args=(number, pair, left), name=f"tap {number}", daemon=True)
        self._threads.append(ending)
        ending.start()

    def _carry(
        self, number: int, source: socket.socket, target: socket.socket, client: bool, left: threading.Semaphore
    ) -> None:
        reader: FrameReader | None = FrameReader()
        prefixed = not client
        with suppress(OSError):
            while data := source.recv(_READ):
                if reader is not None:
                    reader.feed(data)
                    if not prefixed:
                        prefixed = reader.take(len(API_PREFIX)) is not None
                    if prefixed:
                        reader = self._note(number, reader, client)
                target.sendall(data)
        with suppress(OSError):
            target.shutdown(socket.SHUT_WR)
        left.release()

    def _note(self, number: int, reader: FrameReader, client: bool) -> FrameReader | None:
        try:
            for payload in reader.payloads():
                entry = Entry(number, time.monotonic() - self._began, client, self._mask(payload))
                self._write(line(entry))
        except WireError:
            self._tell(f"session {number}: bytes that are no frames; no more of it is recorded")
            return None
        except OSError as error:
            self._tell(f"session {number}: {error.strerror or error}; no more of what this side says is recorded")
            return None
        return reader

    def _end(self, number: int, pair: tuple[socket.socket, socket.socket], left: threading.Semaphore) -> None:
        left.acquire()
        left.acquire()
        for each in pair:
            self._sockets.discard(each)
            each.close()
        self._tell(f"session {number} is over")

    def _write(self, text: str) -> None:
        with self._lock:
            self._out.write(text + "\n")
            self._out.flush()
