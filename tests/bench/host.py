"""What hosting a program costs and gives: `make bench-host`.

- Ticks: the same 50,000 price ticks, from one socket, to plain `ibapi` and to the same program hosted: messages a
  second, the best of several rounds each, in turn.
- Latency: a tick from the socket to the callback, hosted and plain: the median and the 99th percentile.
- Return: from the port's return to `on_ready`, in the window of a restart, after a session that had lasted.
- Import: the processor time of `from supervisor.host import Host` beside that of `ibapi`, in new processes, in turn.
"""

import argparse
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from ibapi.client import EClient
from ibapi.wrapper import EWrapper

from supervisor.host import Host
from supervisor.simulator import SimulatedGateway
from tests.gateway.peers import Line, Peer, text
from tests.waiting import wait_until

TICK = text(1, 6, 7, 1, "100.25", "300", 1)
STABLE = 0.5
"""Seconds after which a session counts as one that lasted."""


class Counter(EWrapper, EClient):
    """Counts prices."""

    def __init__(self, expected: int) -> None:
        EClient.__init__(self, self)
        self.expected = expected
        self.count = 0
        self.began = self.ended = 0.0
        self.done = threading.Event()
        self.arrived: list[float] = []

    def tickPrice(self, reqId: int, tickType: int, price: float, attrib: Any) -> None:
        if not self.count:
            self.began = time.perf_counter()
        self.count += 1
        self.arrived.append(time.perf_counter())
        if self.count == self.expected:
            self.ended = time.perf_counter()
            self.done.set()

    def error(self, *args: Any) -> None:
        pass


def served(script: Callable[[Line, threading.Event], None]) -> tuple[Callable[[Line], None], threading.Event]:
    """A gateway that answers questions and, when told to go, plays the script."""
    go = threading.Event()

    def play(line: Line) -> None:
        line.ready()

        def later() -> None:
            go.wait()
            script(line, go)

        threading.Thread(target=later, daemon=True).start()
        while True:
            payload = line.frame().split(b"\0")
            if payload[0] == b"49":
                line.send(text(49, 1, 1767632400))
            elif payload[0] == b"5":
                line.send(text(53, 1))
            elif payload[0] == b"7":
                line.send(text(55, 1, payload[2].decode()))

    return play, go


def plain(port: int, expected: int, go: threading.Event) -> Counter:
    app = Counter(expected)
    app.connect("127.0.0.1", port, 17)
    runner = threading.Thread(target=app.run)
    runner.start()
    wait_until(app.isConnected)
    go.set()
    app.done.wait(120)
    app.disconnect()
    runner.join()
    return app


def hosted(port: int, expected: int, go: threading.Event) -> Counter:
    apps: list[Counter] = []

    def factory() -> Counter:
        apps.append(Counter(expected))
        return apps[-1]

    with Host(factory, port=port, client_id=17, upstream_probe=False) as host:
        host.wait_ready(10)
        go.set()
        apps[0].done.wait(120)
    return apps[0]


RUNNERS = {"plain": plain, "hosted": hosted}


def rate(kind: str, ticks: int) -> float:
    """Messages a second."""
    burst = TICK * 500

    def flood(line: Line, go: threading.Event) -> None:
        for _ in range(ticks // 500):
            line.sock.sendall(burst)

    script, go = served(flood)
    with Peer(script) as peer:
        app = RUNNERS[kind](peer.port, ticks, go)
    return ticks / (app.ended - app.began)


def delays(kind: str, ticks: int) -> list[float]:
    """Microseconds from the sending of single ticks to their callbacks."""
    sent: list[float] = []

    def drip(line: Line, go: threading.Event) -> None:
        pause = threading.Event()
        for _ in range(ticks):
            pause.wait(0.002)
            sent.append(time.perf_counter())
            line.sock.sendall(TICK)

    script, go = served(drip)
    with Peer(script) as peer:
        app = RUNNERS[kind](peer.port, ticks, go)
    return [1e6 * (arrived - at) for at, arrived in zip(sent, app.arrived, strict=True)]


def returns(rounds: int) -> list[float]:
    """Seconds from the port's return to `on_ready`, in the window of a restart."""
    found: list[float] = []
    ready: list[float] = []

    class Back(Counter):
        def on_ready(self, told: Any) -> None:
            ready.append(time.monotonic())

    now = time.gmtime()
    window = {"time": f"{now.tm_hour:02}:{now.tm_min:02}", "timezone": "UTC"}
    with (
        SimulatedGateway() as gateway,
        Host(
            lambda: Back(1), port=gateway.port, client_id=17, daily_restart=window, timing={"stable_after": STABLE}
        ) as host,
    ):
        host.wait_ready(10)
        for number in range(1, rounds + 1):
            # A session that is lost at once is followed by a longer pause each time, in a window too.
            threading.Event().wait(2 * STABLE)
            gateway.do("refuse")
            threading.Event().wait(1.0 + 0.05 * number)
            gateway.do("heal")
            back = time.monotonic()
            wait_until(lambda wanted=number + 1: len(ready) >= wanted, 20)  # type: ignore[misc]
            found.append(ready[-1] - back)
    return found


IMPORTS = {
    "ibapi": "import ibapi.client, ibapi.wrapper",
    "supervisor.host": "import ibapi.client, ibapi.wrapper; from supervisor.host import Host",
    "a host made": "import ibapi.client, ibapi.wrapper; from supervisor.host import Host; "
    "Host(object, port=4001, client_id=17)",
}


def imports(rounds: int) -> dict[str, list[float]]:
    """Seconds of processor time of new processes that do so much, in turn."""
    found: dict[str, list[float]] = {kind: [] for kind in IMPORTS}
    # As installed: modules are compiled once, and not by each process.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    for _ in range(rounds):
        for kind, words in IMPORTS.items():
            script = f"import time; began = time.process_time(); {words}; print(time.process_time() - began)"
            command = [sys.executable, "-c", script]
            done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
            found[kind].append(float(done.stdout))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ticks", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--drips", type=int, default=1_000)
    parser.add_argument("--returns", type=int, default=10)
    parser.add_argument("--imports", type=int, default=21)
    options = parser.parse_args()
    for kind, took in imports(options.imports).items():
        print(f"| processor time of {kind} | median {statistics.median(took):.3f} s | least {min(took):.3f} s |")
    rates: dict[str, list[float]] = {"plain": [], "hosted": []}
    for _ in range(options.rounds):
        for kind in rates:
            rates[kind].append(rate(kind, options.ticks))
    best = {kind: max(found) for kind, found in rates.items()}
    print(f"| messages a second, {options.ticks} ticks | plain {best['plain']:,.0f} | hosted {best['hosted']:,.0f} |")
    print(f"| ratio | | {best['hosted'] / best['plain']:.2f} |")
    for kind in rates:
        late = sorted(delays(kind, options.drips))
        print(f"| one tick, {kind} | {statistics.median(late):.0f} us | 99 %: {late[int(len(late) * 0.99)]:.0f} us |")
    back = sorted(returns(options.returns))
    print(f"| port's return to on_ready | median {statistics.median(back):.3f} s | worst {back[-1]:.3f} s |")


if __name__ == "__main__":
    main()
