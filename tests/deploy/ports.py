"""Ports that nobody else takes between the choice and the use.

The system gives connections and port 0 numbers from 32768 on (ip_local_port_range); the lab opens hundreds of both, so
a port of that range that was free a moment ago may be taken when a program begins to listen on it.
"""

import random
import socket
from pathlib import Path

from tests.daemon.running import Running

LOWEST, HIGHEST = 15000, 32000


def quiet_port() -> int:
    """A free TCP port on loopback, below the range from which the system gives numbers."""
    for _ in range(1000):
        port = random.randint(LOWEST, HIGHEST)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no free port")


class QuietDaemon(Running):
    """The daemon as a process, on such a port; with `web_config` if its folder has a `web.yaml`."""

    def __init__(self, folder: Path, config: str, environment: dict[str, str] | None = None) -> None:
        self._quiet = quiet_port()
        web = folder / "web.yaml"
        self._web = f", web_config: {web}" if web.exists() else ""
        super().__init__(folder, config, environment)

    def write(self, config: str) -> None:
        """Write the config, with its `http`."""
        self.port = self._quiet
        self.file.write_text(f'http: {{listen: "127.0.0.1:{self.port}"{self._web}}}\n{config}', encoding="utf-8")

    def __enter__(self) -> "QuietDaemon":
        return self

    def __exit__(self, *_: object) -> None:
        self.end()
