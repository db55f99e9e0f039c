"""Everybody who should read what the daemon says and does not: the loop must not notice."""

import contextlib
import resource
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from supervisor.simulator import Fleet, SimulatedGateway
from tests.daemon.running import Running, gateways, quick
from tests.endurance.sampling import Row, loop_p99, total
from tests.waiting import wait_until

FLEET = 10
P99 = 0.05
"""Seconds: what 99 of 100 decisions must stay under."""
_BROKEN = "Market data farm connection is broken:usfarm"
_OK = "Market data farm connection is OK:usfarm"


class Unread(Running):
    """A daemon whose standard error is a pipe that nobody reads."""

    def _read(self) -> None:
        return


class Caller:
    """A connection to the daemon's HTTP side with a small buffer."""

    def __init__(self, port: int) -> None:
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        self._socket.settimeout(10)
        self._socket.connect(("127.0.0.1", port))
        self._socket.setblocking(False)

    def ask(self, path: str) -> None:
        """Ask, and read nothing."""
        self._socket.send(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())

    def sip(self) -> None:
        """Take one byte, if there is one."""
        with contextlib.suppress(OSError):
            self._socket.recv(1)

    def close(self) -> None:
        """Leave."""
        self._socket.close()


def readers(folder: Path, idle: int, seconds: float, bound: float = P99) -> list[Row]:
    """Stuck and slow scrapers, stuck streams, idle connections and a stuck standard error, all at once.

    `bound`: seconds that 99 of 100 decisions must stay under.
    """
    _allow_descriptors(idle + 500)
    with Fleet() as fleet, ExitStack() as stack:
        peers = [stack.enter_context(SimulatedGateway(fleet=fleet)) for _ in range(FLEET)]
        config = gateways(*(quick(peer.port, name=f"g{turn}") for turn, peer in enumerate(peers)))
        daemon = stack.enter_context(_unread(folder, config + "log: {level: debug}\n"))
        daemon.until(lambda: total(daemon, "ib_up") == FLEET, what="all up")

        def called(path: str = "") -> Caller:
            caller = Caller(daemon.port)
            stack.callback(caller.close)
            if path:
                caller.ask(path)
            return caller

        for _ in range(idle):
            called()
        slow = [called("/metrics") for _ in range(5)]
        for path in ("/metrics", "/api/v1/events/stream", "/api/v1/history") * 5:
            called(path)
        scrapes: list[float] = []
        told, end = 0, time.monotonic() + seconds

        def over() -> bool:
            nonlocal told
            for peer in peers:
                for _ in range(10):
                    peer.do("notice", code=2103, text=_BROKEN)
                    peer.do("notice", code=2104, text=_OK)
                    told += 2
            for caller in slow:
                caller.sip()
            began = time.monotonic()
            daemon.get("/metrics")
            scrapes.append(time.monotonic() - began)
            return time.monotonic() > end

        wait_until(over, seconds + 60, every=0.2)
        with contextlib.suppress(AssertionError):  # said below
            wait_until(lambda: _heard(daemon) == told / 2, 10, every=0.1)
        heard = _heard(daemon)
        p99, misses = loop_p99(daemon), total(daemon, "ib_heartbeat_misses_total")
        sessions = total(daemon, "ib_sessions_total")
        median = sorted(scrapes)[len(scrapes) // 2]
        return [
            Row(
                f"{idle} idle HTTP connections, 5 stuck and 5 slow scrapers, 5 stuck streams, 5 stuck histories, a log "
                "that nobody reads",
                f"{seconds:g} s, {told:,} notices on {FLEET} gateways",
                f"99 of 100 decisions under {p99 * 1000:g} ms; {misses:.0f} heartbeats missed, "
                f"{sessions - FLEET:.0f} sessions lost; {heard:,.0f} of {told // 2:,} 2103s counted; "
                f"a scrape beside them took {median * 1000:.0f} ms (median)",
                f"decisions under {bound * 1000:g} ms; no heartbeat missed, no session lost, no notice lost",
                p99 <= bound and not misses and sessions == FLEET and heard == told / 2,
            )
        ]


def _heard(daemon: Running) -> float:
    return total(daemon, "ib_messages_total", code="2103")


@contextmanager
def _unread(folder: Path, config: str) -> Iterator[Running]:
    daemon = Unread(folder, config)
    try:
        yield daemon
    finally:
        daemon.end()


def _allow_descriptors(count: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < count:
        resource.setrlimit(
            resource.RLIMIT_NOFILE, (min(count, hard) if hard != resource.RLIM_INFINITY else count, hard)
        )
