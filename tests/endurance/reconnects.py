"""Sessions that end again and again: nothing may be left of any of them."""

import random
import socket
import threading
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from supervisor.simulator import Fleet, SimulatedGateway
from tests.daemon.running import Running, gateways, quick, running
from tests.endurance.sampling import Row, Sample, Samples, held, loop_p99, total
from tests.gateway.peers import CURRENT_TIME, Line
from tests.waiting import wait_until

LEAK = 0.5 * 1024
"""Bytes for each session above which memory is not flat: the smallest thing kept of a session would be more."""
DRIFT = 4 * 2**20
"""Bytes that a process may gain in a short run without any being lost: pages of its allocator."""
_WORDS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("rst", {}),
    ("fin", {}),
    ("refuse", {"for_": 0.4}),
    ("close_on_accept", {"for_": 0.4}),
    ("mute", {"for_": 0.4}),
    ("half_handshake", {"for_": 0.4}),
    ("never_ready", {"for_": 0.4}),
    ("freeze", {"for_": 0.4}),
    ("garbage", {"mode": "non_numeric"}),
    ("garbage", {"mode": "length_prefix"}),
    ("notice", {"code": 1100, "text": "Connectivity between IBKR and Trader Workstation has been lost."}),
    ("notice", {"code": 1102, "text": "Connectivity between IBKR and Trader Workstation has been restored."}),
    ("notice", {"code": 2103, "text": "Market data farm connection is broken:usfarm"}),
    ("notice", {"code": 2104, "text": "Market data farm connection is OK:usfarm"}),
)
"""What happens to a gateway that flaps."""


class Resetting:
    """A gateway of raw bytes: from `begin` on it resets each session at its first heartbeat, `count` times."""

    def __init__(self, count: int) -> None:
        self.resets = 0
        self._calm = True
        self._count = count
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._line: Line | None = None
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def begin(self) -> None:
        """End the session that is there, and then the others."""
        self._calm = False
        self._hang_up()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._hang_up()
        self._thread.join(10)
        self._listener.close()

    def _hang_up(self) -> None:
        if self._line is not None:
            with suppress(OSError):
                self._line.sock.shutdown(socket.SHUT_RDWR)

    def _serve(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self._line = line = Line(sock)
            with suppress(EOFError, OSError):
                line.ready()
                line.frame()  # a heartbeat: the daemon holds it for ready
                if self._calm or self.resets >= self._count:
                    line.send(CURRENT_TIME)
                    line.answer()  # until one of us leaves
                self.resets += 1
            line.reset()


def reconnects(folder: Path, count: int) -> list[Row]:
    """One gateway whose sessions are reset as soon as they are ready."""
    with Resetting(count) as peer:
        keys = quick(peer.port, timing="stable_after: 0s")
        with running(folder, gateways(keys) + "log: {level: error}\n") as daemon:
            samples = Samples(daemon)
            daemon.wait_up()
            daemon.get("/metrics")
            before, began = samples.take(0), time.monotonic()
            peer.begin()

            def over() -> bool:
                samples.look(peer.resets)
                return peer.resets >= count

            wait_until(over, 60 + count * 0.5, what="the resets")
            rate = peer.resets / (time.monotonic() - began)
            daemon.wait_up()
            after = samples.settle(peer.resets)
            sessions = daemon.metric("ib_sessions_total")
            lost = sum(daemon.metrics("ib_session_losses_total", by="reason", planned="false").values())
            flat = _flat(samples, before, after, count)
            return [
                Row(
                    "one gateway, every session reset as soon as it is ready",
                    f"{count:,} times, {rate:.0f} a second",
                    f"{sessions:.0f} sessions and {lost:.0f} losses counted; "
                    + held(samples, before, after, "1,000 sessions", 1000),
                    "every session counted; threads, descriptors, memory flat",
                    flat and sessions == count + 2 and lost == count + 1,
                )
            ]


def flapping(folder: Path, count: int, seconds: float, seed: int = 5) -> list[Row]:
    """Many gateways, each with some fault or other every few seconds."""
    chance, faults = random.Random(seed), 0
    with Fleet() as fleet:
        peers = [SimulatedGateway(fleet=fleet) for _ in range(count)]
        config = gateways(*(quick(peer.port, name=f"g{turn}") for turn, peer in enumerate(peers)))
        with running(folder, config + "log: {level: error}\n") as daemon:
            samples = Samples(daemon)
            _all_up(daemon, count)
            daemon.get("/metrics")
            before = samples.take(0)
            began = time.monotonic()
            while (now := time.monotonic() - began) < seconds:
                word, arguments = chance.choice(_WORDS)
                chance.choice(peers).do(word, **arguments)
                faults += 1
                samples.look(now)
                pace = began + faults * 3.0 / count  # each gateway has one every 3 s
                wait_until(lambda pace=pace: time.monotonic() >= pace, 30, every=0.002)  # type: ignore[misc]
            for peer in peers:
                peer.do("heal")
                peer.do("notice", code=1102, text="Connectivity between IBKR and Trader Workstation has been restored.")
                peer.do("notice", code=2104, text="Market data farm connection is OK:usfarm")
            _all_up(daemon, count)
            after = samples.settle(seconds)
            sessions, dropped = total(daemon, "ib_sessions_total"), daemon.metric("ib_supervisor_events_dropped_total")
            p99 = loop_p99(daemon)
            row = Row(
                f"{count} gateways flapping for {seconds:g} s",
                f"{faults:,} faults, {sessions:,.0f} sessions",
                f"all up again; {dropped:.0f} events dropped; 99 of 100 decisions under {p99 * 1000:g} ms; "
                + held(samples, before, after, "minute", 60),
                "all up again, none dropped; threads, descriptors, memory flat; decisions under 50 ms",
                _flat(samples, before, after, sessions) and dropped == 0 and p99 <= 0.05,
            )
        for peer in peers:
            peer.close()
        return [row]


def _all_up(daemon: Running, count: int) -> None:
    daemon.until(lambda: total(daemon, "ib_up") == count, 60, what="all up")


def _flat(samples: Samples, before: Sample, after: Sample, sessions: float) -> bool:
    late = samples.taken[len(samples.taken) // 2 :]
    gained = samples.memory_slope() * (late[-1].work - late[0].work)
    return (
        after.threads <= before.threads
        and after.descriptors <= before.descriptors + 2  # a connection of whoever asks may still be open
        and gained <= max(DRIFT, LEAK * sessions / 2)
    )
