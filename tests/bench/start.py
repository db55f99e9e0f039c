"""`make bench-start`: how soon READY=1 is said, and what one gateway costs in memory and on disk.

Exits with 1 if a target is missed. `--write` puts the table into docs/benchmarks.md.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from time import monotonic

from supervisor.simulator import SimulatedGateway
from tests.bench.fleet import MB, resident, told, worked
from tests.daemon.hearing import NotifySocket
from tests.daemon.running import Running
from tests.race.figures import ROOT, Idleness, median, seconds, spread, table
from tests.waiting import wait_until

STARTS = 9
READY, MEMORY, WHEEL = 0.6, 60 * MB, 300_000
"""Seconds, bytes, bytes."""


def start(folder: Path, port: int) -> tuple[float, float, float]:
    """Seconds from the exec to READY=1, processor seconds of them, and resident bytes once a page was scraped."""
    folder.mkdir()
    with NotifySocket() as systemd:
        began = monotonic()
        config = f"gateways:\n  - {{name: one, port: {port}, client_id: 911}}\n"
        daemon = Running(folder, config, {"NOTIFY_SOCKET": systemd.path})
        try:
            wait_until(lambda: "READY=1" in systemd.words, 20, every=0.001, what="READY=1")
            work = worked(daemon.process.pid)
            wait_until(daemon.up, 20, what="ib_up 1")
            return systemd.times("READY=1")[0] - began, work, resident(daemon.process.pid)
        finally:
            daemon.end()


def wheel(folder: Path) -> int:
    """Bytes of the wheel."""
    build = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "wheel", "--no-deps"]
    subprocess.run([*build, "--wheel-dir", str(folder), str(ROOT)], check=True)
    return next(folder.glob("*.whl")).stat().st_size


def rows(starts: Sequence[tuple[float, float, float]], size: int) -> tuple[list[list[str]], list[str]]:
    """The table, and what missed its target."""
    ready, work, memory = zip(*starts, strict=True)
    soon, middle = median(ready) or READY, median(memory) or MEMORY
    judged = (
        ("exec to READY=1", spread(ready), f"median {seconds(READY)}", soon <= READY),
        ("processor time of that", spread(work), "", True),
        (
            "resident memory, one gateway, after a scrape",
            f"{middle / MB:.1f} MB",
            f"{MEMORY / MB:.0f} MB",
            middle <= MEMORY,
        ),
        ("wheel", f"{size / 1000:.0f} kB", f"{WHEEL / 1000:.0f} kB", size <= WHEEL),
    )
    cells = [
        [what, cell, target, ("kept" if kept else "MISSED") if target else ""] for what, cell, target, kept in judged
    ]
    return cells, [what for what, _, _, kept in judged if not kept]


def main() -> int:
    """Measure, and judge; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.start", description=main.__doc__)
    parser.add_argument("--write", action="store_true", help="write the table into docs/benchmarks.md")
    arguments = parser.parse_args()
    idleness = Idleness()
    with tempfile.TemporaryDirectory() as folder, SimulatedGateway() as gateway:
        home = Path(folder)
        starts = [start(home / str(turn), gateway.port) for turn in range(STARTS)]
        sentence = idleness.sentence()
        cells, missed = rows(starts, wheel(home))
    text = (
        f"{table(['', 'measured', 'target', 'verdict'], cells)}\n\n{sentence} Medians (and ranges) of {STARTS} starts."
    )
    return told("bench-start", text, missed, write=arguments.write)


if __name__ == "__main__":
    sys.exit(main())
