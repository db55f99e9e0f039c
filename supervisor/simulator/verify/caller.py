"""A bare client for the checks: text at a server version up to 200, so that every field can be counted.

Rules
- It asks and never changes anything: no orders, no settings, no subscriptions of market data.
- Every wait has a deadline. What does not come in time is None, an end of the connection is `Ended`.
- The newest version it offers is 200 unless a check wants another: from 201 on ids are raw and bodies protobuf.
"""

import socket
import time
from collections.abc import Callable
from typing import Self

from supervisor.simulator.wire.frames import FrameReader, WireError, frame, split_text, text_fields
from supervisor.simulator.wire.requests import API_PREFIX

TEXT_VERSION = 200
PATIENCE = 5.0
"""Seconds that an answer may take."""

Fields = list[str]


class Ended(Exception):
    """The gateway has ended the connection."""


class Caller:
    """One connection; a context manager."""

    def __init__(self, host: str, port: int, newest: int = TEXT_VERSION) -> None:
        self._socket = socket.create_connection((host, port), PATIENCE)
        self._reader = FrameReader()
        self._socket.sendall(API_PREFIX + frame(f"v100..{newest}".encode()))
        self.version = 0
        self.clock = ""

    def handshake(self) -> bool:
        """Read the one frame that answers the hello; False if it does not come or is another."""
        payload = self.payload(PATIENCE)
        fields = split_text(payload) if payload is not None else []
        if len(fields) != 2 or not fields[0].isdigit():
            return False
        self.version, self.clock = int(fields[0]), fields[1]
        return True

    def start(self, client_id: int) -> list[Fields]:
        """START_API, and everything up to accounts and next id; fewer than both if they do not come."""
        self.ask(71, 2, client_id, "")
        told: list[Fields] = []
        deadline = time.monotonic() + PATIENCE
        while {"9", "15"} - {each[0] for each in told} and (message := self.message(deadline - time.monotonic())):
            told.append(message)
        return told

    def ask(self, *fields: str | int | float) -> None:
        """Send a request in text."""
        self._socket.sendall(frame(text_fields(*fields)))

    def send(self, payload: bytes) -> None:
        """Send a payload as it is."""
        self._socket.sendall(frame(payload))

    def message(self, seconds: float = PATIENCE) -> Fields | None:
        """The next message, in its fields; None if none comes in time."""
        payload = self.payload(seconds)
        return None if payload is None else split_text(payload)

    def payload(self, seconds: float = PATIENCE) -> bytes | None:
        """The next payload; None if none comes in time."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                payload = self._reader.payload()
            except WireError as error:
                raise Ended(str(error)) from None
            if payload is not None:
                return payload
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            self._socket.settimeout(left)
            try:
                data = self._socket.recv(65536)
            except TimeoutError:
                return None
            except OSError as error:
                raise Ended(str(error)) from None
            if not data:
                raise Ended("the gateway closed the connection")
            self._reader.feed(data)

    def until(self, fits: Callable[[Fields], bool], seconds: float = PATIENCE) -> list[Fields]:
        """Every message up to the one that fits; without it if it does not come in time."""
        told: list[Fields] = []
        deadline = time.monotonic() + seconds
        while message := self.message(deadline - time.monotonic()):
            told.append(message)
            if fits(message):
                break
        return told

    def to_the_end(self, seconds: float) -> tuple[list[Fields], bool]:
        """Every message for so long, and whether the gateway has ended the connection by then."""
        told: list[Fields] = []
        deadline = time.monotonic() + seconds
        try:
            while message := self.message(deadline - time.monotonic()):
                told.append(message)
        except Ended:
            return told, True
        return told, False

    def rest(self, first: float, silence: float = 0.25) -> list[Fields]:
        """Every message until none has come for so long; the first may take `first` seconds."""
        told: list[Fields] = []
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and (message := self.message(silence if told else first)):
            told.append(message)
        return told

    def close(self) -> None:
        """End it."""
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
