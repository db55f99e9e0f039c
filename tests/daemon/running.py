"""The real daemon as a process, for tests: a config in a folder, a free port, and questions over HTTP."""

import contextlib
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.waiting import wait_until

_SAMPLE = re.compile(r"^(?P<name>[a-zA-Z_:][\w:]*)(?:\{(?P<labels>.*)\})? (?P<value>\S+)$")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_PORTS = range(15000, 31000)
"""Below those that the system gives to connections and to port 0 (ip_local_port_range)."""
_WORKERS = 8
"""Of pytest-xdist, at most, each with a part of the ports."""
_OURS = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "STATE_DIRECTORY", "IB_SUPERVISOR_URL")
"""What the environment of a test run must not tell the daemon."""


def _turns() -> Iterator[int]:
    """The ports of this process, each once before any comes again."""
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    mine = _PORTS if worker is None else _PORTS[int(worker.removeprefix("gw")) % _WORKERS :: _WORKERS]
    chance = random.SystemRandom()  # Hypothesis sets the seed of the other one
    while True:
        yield from chance.sample(mine, len(mine))


_turn, _turning = _turns(), threading.Lock()


def free_port() -> int:
    """A TCP port on loopback that is free, and that neither the system nor another test will take before it is used."""
    for _ in range(1000):
        with _turning:
            port = next(_turn)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no free port")


class Running:
    """One daemon process.

    `arguments` replace `run --config FILE`, `program` the whole command line; `port` is that of its HTTP side, a free
    one by default.
    """

    def __init__(
        self,
        folder: Path,
        config: str,
        environment: Mapping[str, str] | None = None,
        *,
        port: int | None = None,
        arguments: list[str] | None = None,
        program: list[str] | None = None,
    ) -> None:
        self.port = free_port() if port is None else port
        self.file = folder / "supervisor.yaml"
        self.write(config)
        self._lines: list[str] = []
        inherited = {name: value for name, value in os.environ.items() if name not in _OURS}
        self.process = subprocess.Popen(
            program or [sys.executable, "-m", "supervisor", *(arguments or ["run", "--config", str(self.file)])],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env={**inherited, "NO_COLOR": "1", **(environment or {})},
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def write(self, config: str) -> None:
        """Write the config; `http` is added."""
        whole = self.file.with_suffix(".new")
        whole.write_text(f'http: {{listen: "127.0.0.1:{self.port}"}}\n{config}')
        whole.replace(self.file)

    def _read(self) -> None:
        if self.process.stderr is not None:
            for line in self.process.stderr:
                self._lines.append(line.rstrip("\n"))

    @property
    def log(self) -> list[str]:
        """The lines of its log so far."""
        return list(self._lines)

    def said(self, *words: str) -> list[str]:
        """The lines of its log with all of these words."""
        return [line for line in self.log if all(word in line for word in words)]

    def get(self, path: str, timeout: float = 5.0) -> str:
        """The body at `path`; raises OSError while nobody answers."""
        with _DIRECT.open(self.url + path, timeout=timeout) as answer:
            text: str = answer.read().decode()
            return text

    def ask(self, path: str) -> tuple[int, str]:
        """The status and the body of a POST."""
        request = urllib.request.Request(self.url + path, method="POST", data=b"")
        try:
            with _DIRECT.open(request, timeout=20) as answer:
                return int(answer.status), answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return int(error.code), error.read().decode()

    def post(self, path: str) -> int:
        """The status of a POST."""
        return self.ask(path)[0]

    def reload(self, config: str) -> str:
        """Write the config and reload it; returns what was answered, which must not be a refusal."""
        self.write(config)
        status, text = self.ask("/-/reload")
        assert status == 200, text
        return text

    def status(self, gateway: str | None = None) -> dict[str, Any]:
        """What `/api/v1/status` says of the gateway; of the first one by default."""
        known = json.loads(self.get("/api/v1/status"))["gateways"]
        found: dict[str, Any] = next(g for g in known if gateway in (None, g["name"]))
        return found

    def metric(self, name: str, **labels: str) -> float | None:
        """The value of one sample, the first that has these labels; None if it is absent."""
        for line in self.get("/metrics").splitlines():
            if not line.startswith(name):
                continue
            match = _SAMPLE.match(line)
            if match and match["name"] == name:
                found = dict(_LABEL.findall(match["labels"] or ""))
                if all(found.get(label) == value for label, value in labels.items()):
                    return float(match["value"])
        return None

    def metrics(self, name: str, by: str, **labels: str) -> dict[str, float]:
        """The samples of one name that have these labels, by another one of their labels."""
        found = {}
        for line in self.get("/metrics").splitlines():
            match = _SAMPLE.match(line) if line.startswith(name) else None
            if match and match["name"] == name:
                said = dict(_LABEL.findall(match["labels"] or ""))
                if all(said.get(label) == value for label, value in labels.items()):
                    found[said[by]] = float(match["value"])
        return found

    def up(self, gateway: str | None = None) -> bool:
        """Whether `ib_up` is 1; False while nobody answers."""
        try:
            return self.metric("ib_up", **({"gateway": gateway} if gateway else {})) == 1
        except OSError:
            return False

    def answers(self) -> bool:
        """Whether its HTTP side does."""
        with contextlib.suppress(OSError):
            return bool(self.get("/-/healthy"))
        return False

    def until(self, predicate: Callable[[], object], timeout: float = 30.0, what: str = "") -> None:
        """Wait, and show the end of the log if it was in vain. Before it answers nothing is true yet."""

        def holds() -> object:
            try:
                return predicate()
            except OSError:
                if self.process.poll() is not None:
                    raise
                return False

        try:
            wait_until(holds, timeout, what=what)
        except AssertionError as error:
            raise AssertionError(f"{error}; log:\n" + "\n".join(self._lines[-30:])) from None

    def wait_up(self, timeout: float = 30.0, gateway: str | None = None) -> None:
        """Wait until a gateway, the first one by default, is up."""
        self.until(lambda: self.up(gateway), timeout, what="ib_up 1")

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to this process."""
        self.process.send_signal(number)

    # -- the process as the kernel sees it ----------------------------------------------------------------------------

    def memory(self) -> int:
        """Bytes resident."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise AssertionError("no VmRSS")

    def threads(self) -> int:
        """How many there are."""
        return len(os.listdir(f"/proc/{self.process.pid}/task"))

    def descriptors(self) -> int:
        """How many are open."""
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    # -- the end ------------------------------------------------------------------------------------------------------

    def kill(self) -> None:
        """SIGKILL, and wait for it."""
        self.process.kill()
        self._bury(10)

    def end(self, timeout: float = 10.0) -> int:
        """SIGTERM, and the exit status."""
        if self.process.poll() is None:
            self.process.terminate()
        return self._bury(timeout)

    def wait(self, timeout: float = 30.0) -> int:
        """Wait for its end, and return the exit status."""
        return self._bury(timeout)

    def _bury(self, timeout: float) -> int:
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
def running(folder: Path, config: str, environment: Mapping[str, str] | None = None, **more: Any) -> Iterator[Running]:
    """The daemon from here to the end of the block."""
    daemon = Running(folder, config, environment, **more)
    try:
        yield daemon
    finally:
        daemon.end()


def seconds_until(predicate: Any, timeout: float = 30.0, every: float = 0.005) -> float:
    """How long it took until `predicate()` was true."""
    began = time.monotonic()
    wait_until(predicate, timeout, every=every)
    return time.monotonic() - began


def quick(port: int, name: str = "live", client_id: int = 911, timing: str = "", **keys: object) -> str:
    """One gateway for `gateways: [...]`, with timers short enough for tests and no window of its own.

    `keys` are further ones, written as YAML; `timing` overrides timers.
    """
    timers = {
        "connect_timeout": "1s",
        "handshake_timeout": "1s",
        "session_timeout": "1s",
        "heartbeat_interval": "2s",
        "retry_initial": "50ms",
        "retry_max_early": "200ms",
        "retry_max": "200ms",
        "settle": "1s",
        "outage_merge": "0s",
    }
    timers |= dict(part.split(": ") for part in timing.split(", ") if part)
    said = {"name": name, "port": port, "client_id": client_id, "server_reset": "none"} | keys
    said["timing"] = "{" + ", ".join(f"{key}: {value}" for key, value in timers.items()) + "}"
    return "{" + ", ".join(f"{key}: {value}" for key, value in said.items()) + "}"


def gateways(*several: str) -> str:
    """The config of these gateways."""
    return "gateways:\n" + "".join(f"  - {one}\n" for one in several)
