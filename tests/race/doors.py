"""What a program asks before it sends an order: the daemon's gate, asked again and again, by its file and over HTTP.

Each answer is dated when it has arrived.
"""

import http.client
import threading
import time
from collections.abc import Callable
from pathlib import Path

from supervisor.host import Gate
from tests.race.timeline import Timelines, Word

BY_FILE, BY_HTTP = "the gate, by its file", "the gate, over HTTP"
FILE_EVERY, HTTP_EVERY = 0.005, 0.02
"""Seconds between two questions."""
_PATIENCE = 1.0


class Doors:
    """Two threads that ask, from the making on to the `close`; `timelines` has what was answered, by the door."""

    def __init__(self, file: Path, port: int, name: str) -> None:
        self.timelines = Timelines()
        self._stopping = threading.Event()
        self._gate = Gate(file)
        self._path = f"/api/v1/gates/{name}"
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE)
        self._threads = [
            threading.Thread(
                target=self._ask, args=(BY_FILE, FILE_EVERY, lambda: self._gate.check().open), daemon=True
            ),
            threading.Thread(target=self._ask, args=(BY_HTTP, HTTP_EVERY, self._over_http), daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Ask no more."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(2 * _PATIENCE)
        self._connection.close()

    def _ask(self, door: str, every: float, may: Callable[[], bool]) -> None:
        line = self.timelines[door]
        while not self._stopping.wait(every):
            is_open = may()
            if is_open is not line.up:
                line.add(Word(time.monotonic(), "up" if is_open else "down"))

    def _over_http(self) -> bool:
        """Whether it says 200; no answer is no."""
        try:
            self._connection.request("GET", self._path)
            answer = self._connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            return False
        return answer.status == http.client.OK
