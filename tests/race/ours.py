"""This daemon as its users see it: a process of its own, and its `/metrics` read again and again.

A change is dated when the page that shows it has arrived, so that every figure includes the scrape. A daemon that does
not answer says that nothing is up. Names of gateways are those of the config.
"""

import http.client
import re
import subprocess
import sys
import threading
import time
from collections import defaultdict
from pathlib import Path
from typing import Self

from tests.daemon.running import free_port
from tests.race.timeline import Timelines, Word

EVERY = 0.01
"""Seconds between two scrapes."""
_WATCHED = re.compile(
    rb"^(?:ib_up|ib_suspect|ib_connect_attempts_total|ib_sessions_total|ib_connect_failures_total|ib_session_losses_total)"
    rb"\{[^}]*\} \S+$",
    re.MULTILINE,
)
_SAMPLE = re.compile(r"^(\w+)\{(.*)\} (\S+)$")
_LABEL = re.compile(r'(\w+)="([^"]*)"')


class Daemon:
    """`ib-supervisor run`, scraped every so many seconds, or not at all; a context manager.

    `gated`: it writes the files of its gates, below `gates`.
    """

    def __init__(self, folder: Path, gateways: str, *, every: float | None = EVERY, gated: bool = False) -> None:
        self.timelines = Timelines()
        self.port = free_port()
        self.scrapes: list[float] = []
        """Seconds that each scrape took."""
        self._every = every or EVERY
        self.gates = folder / "gates"
        self._head = f"gate: {{directory: {self.gates}}}\n" if gated else ""
        self._counters: dict[str, dict[str, list[tuple[float, float]]]] = defaultdict(lambda: defaultdict(list))
        self._known: set[bytes] = set()
        self._file = folder / "supervisor.yaml"
        self._stopping = threading.Event()
        self._scraping = threading.Event()
        if every is not None:
            self._scraping.set()
        self.write(gateways)
        self._log = (folder / "supervisor.log").open("a")
        self.start()
        self._scraper = threading.Thread(target=self._scrape, daemon=True)
        self._scraper.start()

    def start(self) -> None:
        """Start the process."""
        self.began = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "supervisor", "run", "--config", str(self._file)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self._log,
        )

    def kill(self) -> None:
        """SIGKILL; `start` starts it again."""
        self.process.kill()
        self.process.wait()

    def write(self, gateways: str) -> None:
        """The config file: the list under `gateways`, in YAML."""
        self._file.write_text(
            f'http: {{listen: "127.0.0.1:{self.port}"}}\ndefaults: {{server_reset: none}}\n'
            f"{self._head}gateways:\n{gateways}\n"
        )

    def reload(self) -> None:
        """Have the config read again; raises RuntimeError if it is refused."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("POST", "/-/reload")
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        if answer.status != 200:
            raise RuntimeError(text)

    def page(self) -> bytes:
        """One scrape, on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("GET", "/metrics")
        body = connection.getresponse().read()
        connection.close()
        return body

    def counted(self, who: str, name: str, after: float) -> float | None:
        """When a counter (`name`, or `name/reason`) of a gateway first rose, from `after` on."""
        samples = list(self._counters[who][name])
        return next((at for (at, value), (_, before) in zip(samples[1:], samples, strict=False) if at >= after), None)

    def value(self, who: str, name: str) -> float:
        """A counter as last seen; summed over its reasons if only the name is given."""
        series = self._counters[who]
        return sum(series[key][-1][1] for key in list(series) if key == name or key.startswith(f"{name}/"))

    def total(self, name: str) -> float:
        """The sum of a family's samples, read now."""
        return sum(
            float(line.rsplit(b" ", 1)[1]) for line in self.page().splitlines() if line.startswith(name.encode())
        )

    def close(self) -> None:
        """SIGTERM, and its end."""
        self._stopping.set()
        self._scraper.join(5)
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._log.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _scrape(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        while not self._stopping.is_set():
            if not self._scraping.wait(0.1):
                continue
            began = time.monotonic()
            try:
                connection.request("GET", "/metrics")
                body = connection.getresponse().read()
            except (OSError, http.client.HTTPException):
                connection.close()
                self._silent(time.monotonic())
            else:
                self._note(time.monotonic(), body)
                self.scrapes.append(time.monotonic() - began)
            self._stopping.wait(max(0.0, self._every - (time.monotonic() - began)))
        connection.close()

    def _silent(self, at: float) -> None:
        for line in list(self.timelines.values()):
            line.add(Word(at, "down"))
        self._known = set()

    def _note(self, at: float, body: bytes) -> None:
        lines = set(_WATCHED.findall(body))
        for line in lines - self._known:
            match = _SAMPLE.match(line.decode())
            if match is None:
                continue
            name, labels, value = match.groups()
            label = dict(_LABEL.findall(labels))
            who = label["gateway"]
            if name == "ib_up":
                self.timelines[who].add(Word(at, "up" if float(value) == 1 else "down"))
            elif name == "ib_suspect":
                self.timelines[who].add(Word(at, "suspect" if float(value) == 1 else "trusted"))
            else:
                key = "/".join((name, *(label[part] for part in ("reason", "planned") if part in label)))
                self._counters[who][key].append((at, float(value)))
        self._known = lines
