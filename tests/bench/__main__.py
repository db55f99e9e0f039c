"""`make bench`: the daemon's promises in seconds, with ib_async's Watchdog beside it in the same run.

Default timing on both sides. Exits with 1 if a promise is not kept. `--write` puts the table into docs/benchmarks.md.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from supervisor.simulator import Fleet, SimulatedGateway
from tests.bench.scenes import SCENES, Row
from tests.bench.stage import Comparison, config_of, pairs_on
from tests.judges.environments import python_of
from tests.race.figures import ROOT, Idleness, median, ratio, spread, table, write_between
from tests.race.ours import Daemon
from tests.race.peer import DRIVERS, Peer
from tests.waiting import wait_until

DOCUMENT = ROOT / "docs" / "benchmarks.md"
HEAD = ("measured", "promised", "ib-supervisor", "ib_async Watchdog", "ratio", "verdict")
STARTS = 5


def main() -> int:
    """Play every scene and judge; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=main.__doc__)
    parser.add_argument("--write", action="store_true", help="write the table into docs/benchmarks.md")
    parser.add_argument("--pairs", type=int, default=7, help="gateways on each side: values behind each median")
    arguments = parser.parse_args()
    began = time.monotonic()

    def progress(text: str) -> None:
        print(f"[{time.monotonic() - began:5.0f} s] {text}", file=sys.stderr, flush=True)

    idleness = Idleness()
    with tempfile.TemporaryDirectory() as folder:
        rows = measure(Path(folder), arguments.pairs, progress)
    text = table(HEAD, [_cells(row) for row in rows])
    if idleness.share() < 0.3:
        progress("the machine was busy with other things: the largest values say little")
    note = f"{idleness.sentence()} Medians (and ranges) of {arguments.pairs} gateways, {STARTS} starts."
    print(f"\n{text}\n\n{note}")
    if arguments.write:
        write_between(DOCUMENT, "bench", f"{text}\n\n{note}")
    missed = [row.what for row in rows if not row.kept]
    if missed:
        progress(f"not kept: {'; '.join(missed)}")
    return 1 if missed else 0


def measure(folder: Path, count: int, progress: Callable[[str], None]) -> list[Row]:
    """All rows."""
    interpreter = python_of("ib_async-2.1.0")
    with Fleet() as fleet:
        pairs = pairs_on(fleet, count)
        ports = [f"{pair.name}={pair.theirs.port}" for pair in pairs]
        progress(f"ib_async's Watchdog starts, with {count} gateways")
        with Peer([str(interpreter), str(DRIVERS / "watchdog.py"), "default", *ports], folder / "watchdog.log") as peer:
            progress(f"{STARTS} starts of the daemon")
            starts = [_start(folder, fleet) for _ in range(STARTS)]
            with Daemon(folder, config_of(pairs)) as daemon:
                stage = Comparison(pairs, daemon, peer)
                wait_until(lambda: all(stage.ours(p).up and stage.theirs(p).up for p in pairs), 60, what="all up")
                waited = [(stage.theirs(pair).edge(True, 0.0) or 0.0) - peer.began for pair in pairs]
                rows = [Row("start to up", "median 1.5 s", starts, waited, (median(starts) or 9.0) <= 1.5)]
                for what, scene in SCENES:
                    progress(what)
                    rows += scene(stage)
                    for pair in pairs:
                        pair.do("heal")
                    stage.settle(40, quiet=1)
        for pair in pairs:
            pair.ours.close()
            pair.theirs.close()
    return rows


def _start(folder: Path, fleet: Fleet) -> float:
    """Seconds from the start of the process to `ib_up` 1 in `/metrics`."""
    with SimulatedGateway(fleet=fleet) as gateway:
        fresh = Path(tempfile.mkdtemp(dir=folder))
        with Daemon(fresh, f"  - {{name: one, port: {gateway.port}, client_id: 911}}") as daemon:
            wait_until(lambda: daemon.timelines["one"].up, 20, what="ib_up 1")
            return (daemon.timelines["one"].edge(True, 0.0) or 0.0) - daemon.began


def _cells(row: Row) -> list[str]:
    verdict = "kept" if row.kept else "MISSED"
    if row.unit == "count":
        ours, theirs = (sum(int(value or 0) for value in side) for side in (row.ours, row.theirs))
        return [row.what, row.target, f"{ours} of {len(row.ours)}", f"{theirs} of {len(row.theirs)}", "-", verdict]
    return [
        row.what,
        row.target,
        spread(row.ours),
        spread(row.theirs),
        ratio(median(row.ours), median(row.theirs)),
        verdict if row.target != "-" or not row.kept else "",
    ]


if __name__ == "__main__":
    sys.exit(main())
