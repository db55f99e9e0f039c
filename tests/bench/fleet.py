"""`make bench-fleet`: what 1, 10 and 100 gateways with 20 farms each cost in one daemon.

The simulated gateways are in another process. Exits with 1 if a target is missed. `--write` puts the table into
docs/benchmarks.md.
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tests.bench.gateways import FARMS
from tests.race.figures import ROOT, Idleness, seconds, table, write_between
from tests.race.ours import Daemon
from tests.waiting import wait_until

DOCUMENT = ROOT / "docs" / "benchmarks.md"
SIZES = (1, 10, 100)
IDLE = 20.0
"""Seconds over which idle processor time is taken."""
STABLE = 75.0
"""Seconds after the start before the outage. A session that is not a minute old does not forgive earlier failures, so
the waits after it are longer."""
SCRAPES = 31
STORM = 100
"""1100s for each gateway."""
TICK = os.sysconf("SC_CLK_TCK")
MB = 2**20
PAGE = os.sysconf("SC_PAGE_SIZE")
_UP = re.compile(r"(\S+ \S+) INFO +(\S+): .*-> up\b")
_BUCKET = re.compile(rb'^ib_supervisor_loop_seconds_bucket\{le="([^"]+)"\} (\S+)$', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Cost:
    """What so many gateways cost."""

    gateways: int
    start: float
    """Seconds from the start of the process to all up."""
    start_work: float
    """Seconds of a processor that this took: what a busy machine does not change."""
    idle: float
    """Of a core, with nobody scraping; after an outage, which has spread the heartbeats."""
    memory: float
    """Resident bytes, after scrapes."""
    threads: int
    scrape: float
    """Seconds, median."""
    changed_scrape: float
    """Seconds, median of scrapes each after a change on every gateway."""
    size: int
    """Bytes of a page."""
    loop_p99: float
    """Seconds below which 99 of 100 decisions were made: the bound of a bucket."""
    recovery: float
    """Seconds from all ports back, after an outage of 5 s, to all up."""
    storm: float
    """1100s taken in a second."""
    dropped: float


class Side:
    """The process with the gateways."""

    def __init__(self, count: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.gateways", str(count)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        self.ports: list[int] = json.loads(self._answer())

    def say(self, line: str) -> tuple[float, float]:
        """Have it done on all gateways; when it began and when it was done."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
        answer = json.loads(self._answer())
        return answer["began"], answer["done"]

    def close(self) -> None:
        """End it."""
        self._process.communicate()

    def _answer(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the gateways' process has ended")
        return line


def measured(count: int, folder: Path) -> Cost:
    """One daemon, from its start to its end."""
    side = Side(count)
    home = folder / str(count)
    home.mkdir()
    config = "\n".join(
        f"  - {{name: g{turn:03}, port: {port}, client_id: 911}}" for turn, port in enumerate(side.ports)
    )
    try:
        wall = time.time()
        with Daemon(home, config, every=None) as daemon:
            started = _all_up(daemon, home, count, wall)
            start_work = worked(daemon.process.pid)
            time.sleep(5.0)  # what follows a start has been done
            pages = [_timed(daemon) for _ in range(SCRAPES)]
            changed = [_changed(daemon, side, word) for word in ("storm 1", "calm") * 5]
            memory, threads = resident(daemon.process.pid), _threads(daemon.process.pid)
            time.sleep(max(0.0, wall + STABLE - time.time()))
            side.say("refuse")
            time.sleep(5.0)
            wall = time.time()
            side.say("heal")
            recovery = _all_up(daemon, home, count, wall)
            time.sleep(5.0)
            idle = _idle(daemon.process.pid)
            assert daemon.total("ib_up{") == count
            before = daemon.total('ib_messages_total{code="1100"')
            began, _ = side.say(f"storm {STORM}")
            wanted = before + STORM * count
            wait_until(lambda: _taken(daemon) >= wanted, 60, every=0.02, what="every 1100 counted or dropped")
            storm = STORM * count / (time.monotonic() - began)
            return Cost(
                gateways=count,
                start=started,
                start_work=start_work,
                idle=idle,
                memory=memory,
                threads=threads,
                scrape=statistics.median(spent for spent, _ in pages),
                changed_scrape=statistics.median(changed),
                size=pages[-1][1],
                loop_p99=_p99(daemon.page()),
                recovery=recovery,
                storm=storm,
                dropped=daemon.total("ib_supervisor_events_dropped_total"),
            )
    finally:
        side.close()


def _taken(daemon: Daemon) -> float:
    return daemon.total('ib_messages_total{code="1100"') + daemon.total("ib_supervisor_events_dropped_total")


def _all_up(daemon: Daemon, home: Path, count: int, after: float) -> float:
    """Seconds from that wall-clock instant (Unix) until the last of them said in the log that it was up.

    Reading the log costs the daemon nothing; a page of a hundred gateways that all change would be no small part of
    what is measured.
    """

    def risen() -> dict[str, float]:
        lines = (home / "supervisor.log").read_text().splitlines()
        found = ((_UP.match(line), line) for line in lines)
        instants = ((match[2], datetime.fromisoformat(match[1]).timestamp()) for match, _ in found if match)
        return {who: at - after for who, at in instants if at >= after}

    wait_until(lambda: len(risen()) == count, 60, every=0.1, what="all up")
    return max(risen().values())


def _idle(pid: int) -> float:
    began, before = time.monotonic(), worked(pid)
    time.sleep(IDLE)
    return (worked(pid) - before) / (time.monotonic() - began)


def worked(pid: int) -> float:
    """Seconds of a processor that a process has had."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def resident(pid: int) -> float:
    """Bytes."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE


def _threads(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/task").iterdir()))


def _timed(daemon: Daemon) -> tuple[float, int]:
    began = time.perf_counter()
    size = len(daemon.page())
    return time.perf_counter() - began, size


def _changed(daemon: Daemon, side: Side, word: str) -> float:
    """A scrape after a change on every gateway that the daemon has had time to take in."""
    side.say(word)
    time.sleep(0.5)
    return _timed(daemon)[0]


def _p99(page: bytes) -> float:
    buckets = [(float(bound), float(count)) for bound, count in _BUCKET.findall(page)]
    total = buckets[-1][1]
    return next(bound for bound, count in buckets if count >= 0.99 * total)


@dataclass(frozen=True, slots=True)
class _Line:
    """One line of the table."""

    what: str
    cell: Callable[[Cost], str]
    target: str = ""
    kept: bool = True

    def cells(self, costs: Sequence[Cost]) -> list[str]:
        """As texts."""
        verdict = ("kept" if self.kept else "MISSED") if self.target else ""
        return [self.what, *(self.cell(cost) for cost in costs), self.target, verdict]


def rows(costs: Sequence[Cost]) -> tuple[list[list[str]], list[str]]:
    """The table's rows, and what missed its target."""
    first, most = costs[0], costs[-1]
    further = max(1, most.gateways - first.gateways)
    idle = (most.idle - first.idle) / further
    memory = (most.memory - first.memory) / further
    judged = (
        _Line("start to all up", lambda c: seconds(c.start), "2 s", most.start <= 2.0),
        _Line("processor time of the start", lambda c: seconds(c.start_work)),
        _Line("idle processor, of a core", lambda c: f"{c.idle:.2%}"),
        _Line("per further gateway", lambda c: f"{idle:.3%}" if c is most else "", "0.03 %", idle <= 0.0003),
        _Line("resident memory", lambda c: f"{c.memory / MB:.1f} MB"),
        _Line(
            "per further gateway", lambda c: f"{memory / MB:.2f} MB" if c is most else "", "0.25 MB", memory <= MB / 4
        ),
        _Line("threads", lambda c: str(c.threads)),
        _Line("scrape, median", lambda c: seconds(c.scrape), "60 ms", most.scrape <= 0.06),
        _Line("scrape after a change on all", lambda c: seconds(c.changed_scrape)),
        _Line("page", lambda c: f"{c.size / 1024:.0f} kB"),
        _Line("decision, 99 of 100 under", lambda c: f"{c.loop_p99 * 1000:g} ms"),
        _Line("all back after 5 s without any", lambda c: seconds(c.recovery), "2 s", most.recovery <= 2.0),
        _Line("1100s taken per second", lambda c: f"{c.storm:.0f}"),
        _Line("of them dropped", lambda c: f"{c.dropped:.0f}"),
    )
    missed = [line.what for line in judged if not line.kept]
    return [line.cells(costs) for line in judged], missed


def main() -> int:
    """Measure, and judge; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.fleet", description=main.__doc__)
    parser.add_argument("--write", action="store_true", help="write the table into docs/benchmarks.md")
    arguments = parser.parse_args()
    idleness = Idleness()
    costs = []
    with tempfile.TemporaryDirectory() as folder:
        for count in SIZES:
            print(f"{count} gateways of {FARMS} farms", file=sys.stderr, flush=True)
            costs.append(measured(count, Path(folder)))
    cells, missed = rows(costs)
    head = ["", *(f"{cost.gateways}" for cost in costs), f"target at {SIZES[-1]}", "verdict"]
    text = f"{table(head, cells)}\n\n{idleness.sentence()}"
    return told("bench-fleet", text, missed, write=arguments.write)


def told(block: str, text: str, missed: Sequence[str], *, write: bool) -> int:
    """Print a table, into its block of the document too if `write`; the exit status, by what missed its target."""
    print(f"\n{text}")
    if write:
        write_between(DOCUMENT, block, text)
    if missed:
        print(f"missed: {'; '.join(missed)}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
