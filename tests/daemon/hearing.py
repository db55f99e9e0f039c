"""systemd's side of sd_notify, for tests: a datagram socket and a thread that writes down what comes."""

import shutil
import socket
import tempfile
import threading
import time
from pathlib import Path
from typing import Self


class NotifySocket:
    """What a service says. A context manager."""

    def __init__(self) -> None:
        self._folder = tempfile.mkdtemp(prefix="notify")  # of its own: the path of such a socket must be short
        self.path = str(Path(self._folder, "s"))
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.path)
        self._heard: list[tuple[float, str]] = []
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        while data := self._socket.recv(65536):
            self._heard.append((time.monotonic(), data.decode("ascii")))

    @property
    def words(self) -> list[str]:
        """Each datagram, in order."""
        return [word for _, word in self._heard]

    @property
    def states(self) -> list[str]:
        """The names of what was said, but for status and watchdog."""
        return [name for name in (word.split("=")[0] for word in self.words) if name not in ("STATUS", "WATCHDOG")]

    @property
    def statuses(self) -> list[str]:
        """The status lines."""
        return [word.removeprefix("STATUS=") for word in self.words if word.startswith("STATUS=")]

    def times(self, word: str) -> list[float]:
        """When this was said, in monotonic seconds."""
        return [at for at, said in self._heard if said == word]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as last:
            last.sendto(b"", self.path)  # ends the thread
        self._thread.join(10)
        self._socket.close()
        shutil.rmtree(self._folder, ignore_errors=True)
