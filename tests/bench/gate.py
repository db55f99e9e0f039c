"""`make bench-gate`: how soon a program hears that the gate has closed, and what asking costs.

The gateway, the daemon and the program are three processes. Exits with 1 if a target is missed. `--write` puts the
table into docs/gate.md.
"""

import argparse
import http.client
import json
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from supervisor.host import Gate
from tests.daemon.running import Running, free_port
from tests.race.figures import ROOT, Idleness, table, write_between
from tests.waiting import wait_until

DOCUMENT = ROOT / "docs" / "gate.md"
CLOSURES = 100
CHECKS = 20_000
PROGRAMS = 100
SECONDS = 15.0
CONFIG = """
gateways:
  - {{name: live, port: {port}, client_id: 911, server_reset: none, timing: {{settle: 0s}}, gate: {{quiet: 0s}}}}
  - {{name: away, port: {away}, client_id: 911, server_reset: none}}
journal: {{path: journal.db}}
gate: {{directory: gate}}
"""
LOST = "Connectivity between IBKR and Trader Workstation has been lost."
RESTORED = (
    "Connectivity between IBKR and Trader Workstation has been restored - data maintained. "
    "All data farms are connected: usfarm."
)
POLLER = """
import sys, time
from supervisor.host import Gate
gates = [Gate(sys.argv[1]) for _ in range(int(sys.argv[2]))]
while True:
    began = time.monotonic()
    for gate in gates:
        gate.check()
    time.sleep(max(0.0, 0.1 - (time.monotonic() - began)))
"""
"""So many programs, each of which asks ten times a second."""
_BUCKET = re.compile(r'^ib_supervisor_loop_seconds_bucket\{le="([^"]+)"\} (\S+)$', re.MULTILINE)


class Gateway:
    """The simulated gateway as a process."""

    def __init__(self, stack: ExitStack) -> None:
        self.port, control = free_port(), free_port()
        command = [sys.executable, "-m", "supervisor", "simulate", "--port", str(self.port), "--control", str(control)]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        stack.callback(process.wait)
        stack.callback(process.terminate)
        wait_until(lambda: _accepts(control), 20)
        self._control = stack.enter_context(socket.create_connection(("127.0.0.1", control)))
        self._answers = stack.enter_context(self._control.makefile("rb"))

    def notice(self, code: int, text: str) -> float:
        """Say it; when it was asked to, by `time.perf_counter`: the notice goes onto the wire after that."""
        line = json.dumps({"do": "notice", "code": code, "text": text}).encode() + b"\n"
        at = time.perf_counter()
        self._control.sendall(line)
        return at

    def heard(self) -> None:
        """It has done so."""
        self._answers.readline()


def _accepts(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def closures(gateway: Gateway, is_open: Callable[[], bool], pause: float) -> list[float]:
    """Seconds from each 1100 until the program hears that the gate is closed."""
    took = []
    for _ in range(CLOSURES):
        began = gateway.notice(1100, LOST)
        while is_open():
            time.sleep(pause)
        took.append(time.perf_counter() - began)
        gateway.heard()
        gateway.notice(1102, RESTORED)
        gateway.heard()
        wait_until(is_open, 20, every=0.002)
    return took


def loop_p99(daemon: Running) -> float:
    """The 99th percentile of the loop's decisions over some seconds, in seconds: the bound of its bucket."""
    before = dict(_BUCKET.findall(daemon.get("/metrics")))
    wait_until(_after(SECONDS), SECONDS + 10)
    after = dict(_BUCKET.findall(daemon.get("/metrics")))
    counts = {bound: float(count) - float(before[bound]) for bound, count in after.items()}
    most = 0.99 * counts["+Inf"]
    return next(float(bound) for bound, count in counts.items() if count >= most)


def _after(seconds: float) -> Callable[[], bool]:
    end = time.monotonic() + seconds
    return lambda: time.monotonic() >= end


@contextmanager
def polling(path: Path) -> Iterator[None]:
    """A hundred programs that read the file."""
    process = subprocess.Popen([sys.executable, "-c", POLLER, str(path), str(PROGRAMS)])
    try:
        yield
    finally:
        process.terminate()
        process.wait()


@contextmanager
def long_polls(port: int) -> Iterator[None]:
    """A hundred programs that wait for a gate that stays closed."""
    ending = threading.Event()

    def wait() -> None:
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        while not ending.is_set():
            line.request("GET", "/api/v1/gates/away?wait=2s")
            line.getresponse().read()
        line.close()

    threads = [threading.Thread(target=wait) for _ in range(PROGRAMS)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ending.set()
        for thread in threads:
            thread.join()


def asks(port: int) -> Callable[[], bool]:
    """Asks over HTTP, on one connection."""
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=10)

    def is_open() -> bool:
        line.request("GET", "/api/v1/gates/live")
        answer = line.getresponse()
        answer.read()
        return answer.status == 200

    return is_open


def checks(gate: Gate) -> list[float]:
    """Seconds of single checks."""
    took = []
    for _ in range(CHECKS):
        began = time.perf_counter()
        gate.check()
        took.append(time.perf_counter() - began)
    return took


def measure(folder: Path) -> tuple[list[tuple[str, ...]], list[str]]:
    """The rows, and the targets that were missed."""
    rows: list[tuple[str, ...]] = []
    missed: list[str] = []

    def row(what: str, target: str, values: Sequence[float], kept: bool, unit: float = 1e3, word: str = "ms") -> None:
        ordered = sorted(values)
        middle, p99 = statistics.median(ordered) * unit, ordered[int(0.99 * (len(ordered) - 1))] * unit
        rows.append((what, target, f"{middle:.1f} {word}", f"{p99:.1f} {word}"))
        if not kept:
            missed.append(what)

    with ExitStack() as stack:
        gateway = Gateway(stack)
        daemon = Running(folder, CONFIG.format(port=gateway.port, away=free_port()))
        stack.callback(daemon.end)
        path = folder / "gate" / "live.json"
        gate = Gate(path)
        wait_until(lambda: gate.check().open, 30)
        took = closures(gateway, lambda: gate.check().open, 0.0001)
        kept = statistics.median(took) <= 0.005 and sorted(took)[int(0.99 * (CLOSURES - 1))] <= 0.02
        row("1100 on the wire to closed, by the file", "5 ms, p99 20 ms", took, kept)
        row("the same over HTTP, one connection kept", "", closures(gateway, asks(daemon.port), 0.0), True)
        cost = checks(gate)
        row("one check of the file", "50 us", cost, statistics.median(cost) < 50e-6, 1e6, "us")
        calm = loop_p99(daemon)
        for what, busy in (
            (f"{PROGRAMS} programs poll the file", polling(path)),
            (f"{PROGRAMS} long polls", long_polls(daemon.port)),
        ):
            with busy:
                p99 = loop_p99(daemon)
            rows.append(
                (f"a decision of the loop while {what}", f"as before: {calm * 1e3:g} ms", "", f"{p99 * 1e3:g} ms")
            )
            if p99 > 2.5 * calm:
                missed.append(what)
    return rows, missed


def main() -> int:
    """Measure and judge; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.gate", description=main.__doc__)
    parser.add_argument("--write", action="store_true", help="write the table into docs/gate.md")
    arguments = parser.parse_args()
    idleness = Idleness()
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        rows, missed = measure(Path(folder))
    text = table(("measured", "target", "median", "p99"), rows)
    note = f"{idleness.sentence()} {CLOSURES} closures, {CHECKS} checks; the folder is in memory."
    print(f"{text}\n\n{note}")
    if arguments.write:
        write_between(DOCUMENT, "bench-gate", f"{text}\n\n{note}")
    if missed:
        print(f"missed: {'; '.join(missed)}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
