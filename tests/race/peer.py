"""A client of somebody else's, as a process whose words are put into timelines."""

import json
import subprocess
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from tests.race.timeline import Timelines, Word

DRIVERS = Path(__file__).parent / "drivers"


class Peer:
    """One driver (`tests.race.drivers`), from its making to its `close`; a context manager."""

    def __init__(self, command: Sequence[str], log: Path) -> None:
        self.timelines = Timelines()
        self.began = time.monotonic()
        self._log = log.open("a")
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self._log, text=True
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        if self._process.stdout is None:
            return
        for line in self._process.stdout:
            try:
                said = json.loads(line)
                word = Word(said["at"], said["says"], said.get("code"))
            except (ValueError, KeyError, TypeError):
                self._log.write(line)  # some clients print
                continue
            self.timelines[said["who"]].add(word)

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._process.poll() is None

    def close(self) -> None:
        """End it."""
        if self.alive:
            self._process.kill()
        self._process.wait()
        self._reader.join(5)
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._log.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
