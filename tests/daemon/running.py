"""The real daemon as a process, for tests: a config in a folder, a free port, and questions over HTTP."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.waiting import wait_until

_SAMPLE = re.compile(r"^(?P<name>[a-zA-Z_:][\w:]*)(?:\{(?P<labels>.*)\})? (?P<value>\S+)$")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def free_port() -> int:
    """A TCP port on loopback that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


class Running:
    """One daemon process."""

    def __init__(self, folder: Path, config: str, environment: Mapping[str, str] | None = None) -> None:
        self.port = free_port()
        self.file = folder / "supervisor.yaml"
        self.write(config)
        self._lines: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "supervisor", "run", "--config", str(self.file)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "NO_COLOR": "1", **(environment or {})},
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def write(self, config: str) -> None:
        """Write the config; `http` and a quiet default of the journal are added."""
        self.file.write_text(f'http: {{listen: "127.0.0.1:{self.port}"}}\n{config}')

    def _read(self) -> None:
        if self.process.stderr is not None:
            for line in self.process.stderr:
                self._lines.append(line.rstrip("\n"))

    @property
    def log(self) -> list[str]:
        """The lines of its log so far."""
        return list(self._lines)

    def get(self, path: str, timeout: float = 5.0) -> str:
        """The body at `path`; raises OSError while nobody answers."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=timeout) as answer:
            text: str = answer.read().decode()
            return text

    def post(self, path: str) -> int:
        """The status of a POST."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", method="POST", data=b"")
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            error.close()
            return int(error.code)

    def status(self, gateway: str | None = None) -> dict[str, Any]:
        """What `/api/v1/status` says of the gateway; of the first one by default."""
        known = json.loads(self.get("/api/v1/status"))["gateways"]
        found: dict[str, Any] = next(g for g in known if gateway in (None, g["name"]))
        return found

    def metric(self, name: str, **labels: str) -> float | None:
        """The value of one sample; None if it is absent."""
        for line in self.get("/metrics").splitlines():
            match = _SAMPLE.match(line)
            if match and match["name"] == name:
                found = dict(_LABEL.findall(match["labels"] or ""))
                if all(found.get(label) == value for label, value in labels.items()):
                    return float(match["value"])
        return None

    def up(self, gateway: str | None = None) -> bool:
        """Whether `ib_up` is 1; False while nobody answers."""
        try:
            return self.metric("ib_up", **({"gateway": gateway} if gateway else {})) == 1
        except OSError:
            return False

    def wait_up(self, timeout: float = 20.0) -> None:
        """Wait until the first gateway is up."""
        wait_until(self.up, timeout, what="ib_up 1; log:\n" + "\n".join(self._lines[-20:]))

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to this process."""
        self.process.send_signal(number)

    def end(self, timeout: float = 10.0) -> int:
        """SIGTERM, and the exit status."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.wait(timeout)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            self._reader.join(5)
            if self.process.stderr is not None:
                self.process.stderr.close()


@contextmanager
def running(folder: Path, config: str, environment: Mapping[str, str] | None = None) -> Iterator[Running]:
    """The daemon from here to the end of the block."""
    daemon = Running(folder, config, environment)
    try:
        yield daemon
    finally:
        daemon.end()


def seconds_until(predicate: Any, timeout: float = 30.0, every: float = 0.005) -> float:
    """How long it took until `predicate()` was true."""
    began = time.monotonic()
    wait_until(predicate, timeout, every=every)
    return time.monotonic() - began
