"""A crowd without a password that works, and the scraper beside it: it must not lose a scrape.

`python -m tests.endurance.strangers PORT COUNT KIND` is the crowd, a process of its own: COUNT connections that ask
again as soon as they are answered or thrown out.
"""

import asyncio
import base64
import contextlib
import itertools
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import bcrypt

from supervisor.simulator import Fleet, SimulatedGateway
from tests.daemon.running import Running, gateways, quick
from tests.endurance.sampling import Row, loop_p99, total
from tests.waiting import wait_until

NAME, PASSWORD = "prometheus", "correct horse"
COST = 10
"""What htpasswd is told to use in the documentation."""
KINDS = {
    "one": "all with one wrong password for the scraper's name, from its address",
    "passwords": "ever new passwords for the scraper's name, from its address",
    "names": "ever new names, from its address",
    "addresses": "ever new passwords for the scraper's name, each from an address of its own",
}
WITHIN = 1.0
"""Seconds that a scrape may take."""
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Secured(Running):
    """A daemon that knows one user."""

    def write(self, config: str) -> None:
        """Write the config, and the users beside it."""
        known = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(COST)).decode()
        (self.file.parent / "web.yaml").write_text(f"basic_auth_users: {{{NAME}: {known}}}\n")
        self.file.write_text(f'http: {{listen: "127.0.0.1:{self.port}", web_config: web.yaml}}\n{config}')

    def get(self, path: str, timeout: float = 5.0) -> str:
        """The body at `path`, asked on a connection of its own."""
        request = urllib.request.Request(self.url + path, headers={"Authorization": basic(NAME, PASSWORD)})
        with _DIRECT.open(request, timeout=timeout) as answer:
            text: str = answer.read().decode()
            return text


def basic(name: str, password: str) -> str:
    """The header."""
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


def strangers(
    folder: Path,
    crowd: int,
    scrapes: int,
    every: float,
    kinds: tuple[str, ...] = tuple(KINDS),
    within: float = WITHIN,
) -> list[Row]:
    """So many strangers of each kind, there before the scraper has ever come; a scrape each `every` seconds.

    `within`: seconds that a scrape may take.
    """
    return [_beside(folder, kind, crowd, scrapes, every, within) for kind in kinds]


def _beside(folder: Path, kind: str, crowd: int, scrapes: int, every: float, within: float) -> Row:
    with Fleet() as fleet, SimulatedGateway(fleet=fleet) as peer:
        daemon = Secured(folder, gateways(quick(peer.port)))
        try:
            daemon.until(lambda: daemon.said("supervises"), what="started")
            with _crowd(daemon.port, crowd, kind) as asked:
                took = []
                for _ in range(scrapes):
                    began = time.monotonic()
                    with contextlib.suppress(OSError):
                        daemon.get("/metrics", timeout=10)
                        took.append(time.monotonic() - began)
                    wait_until(lambda began=began: time.monotonic() >= began + every, every + 30)  # type: ignore[misc]
            daemon.until(lambda: daemon.up())
            p99, misses = loop_p99(daemon), total(daemon, "ib_heartbeat_misses_total")
        finally:
            daemon.end()
    good = sum(one < within for one in took)
    return Row(
        f"{crowd} connections, {KINDS[kind]}",
        f"{scrapes} scrapes, each on a new connection; {asked():,} questions of strangers",
        f"{good} of {scrapes} scrapes within {within:g} s, the slowest {max(took, default=0):.2f} s; "
        f"{misses:.0f} heartbeats missed, 99 of 100 decisions under {p99 * 1000:g} ms",
        f"{scrapes} of {scrapes} scrapes within {within:g} s; no heartbeat missed",
        good == scrapes and not misses,
    )


@contextmanager
def _crowd(port: int, count: int, kind: str) -> Iterator[Callable[[], int]]:
    words = [sys.executable, "-m", "tests.endurance.strangers", str(port), str(count), kind]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == "all have asked\n"
        said: list[int] = []
        yield lambda: said[0]
        process.stdin.close()
        said.append(int(process.stdout.readline()))


class _Crowd:
    """All of them, in one loop."""

    def __init__(self, port: int, count: int, kind: str) -> None:
        self._port = port
        self._count = count
        self._kind = kind
        self._numbers = itertools.count()
        self._asked = 0
        self._first = 0

    async def run(self) -> None:
        """Until standard input ends."""
        tasks = [asyncio.create_task(self._stranger(turn)) for turn in range(self._count)]
        while self._first < self._count:
            await asyncio.sleep(0.01)
        print("all have asked", flush=True)
        await asyncio.to_thread(sys.stdin.read)
        print(self._asked, flush=True)
        for task in tasks:
            task.cancel()

    async def _stranger(self, turn: int) -> None:
        own = f"127.{1 + turn // 250}.{turn % 250}.7" if self._kind == "addresses" else "127.0.0.1"
        asked = False
        while True:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                reader, writer = await asyncio.open_connection("127.0.0.1", self._port, local_addr=(own, 0))
                with contextlib.closing(writer):
                    for _ in itertools.count():
                        writer.write(self._question())
                        self._asked += 1
                        self._first, asked = self._first + (not asked), True
                        head = await reader.readuntil(b"\r\n\r\n")
                        length = int(head.lower().partition(b"content-length:")[2].split(b"\r")[0])
                        await reader.readexactly(length)
            await asyncio.sleep(0)

    def _question(self) -> bytes:
        number = next(self._numbers)
        name = f"n{number}" if self._kind == "names" else NAME
        said = basic(name, "wrong" if self._kind == "one" else f"wrong{number}")
        return f"GET /metrics HTTP/1.1\r\nHost: localhost\r\nAuthorization: {said}\r\n\r\n".encode()


if __name__ == "__main__":
    asyncio.run(_Crowd(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]).run())
