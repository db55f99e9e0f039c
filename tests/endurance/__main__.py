"""`make endurance`: what wears a daemon out, for as long and as often as asked; the tables are printed, and judged.

About 22 minutes as it stands. Exits with 1 if a promise is not kept. `--write` puts each table into docs/endurance.md.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.endurance.disks import disks
from tests.endurance.hostile import hostile
from tests.endurance.kills import kills
from tests.endurance.readers import readers
from tests.endurance.reconnects import flapping, reconnects
from tests.endurance.sampling import Row
from tests.endurance.strangers import strangers
from tests.endurance.told import told
from tests.race.figures import ROOT, Idleness, table, write_between

DOCUMENT = ROOT / "docs" / "endurance.md"
HEAD = ("what", "how often", "what was found", "promised", "verdict")


def main() -> int:
    """Play what is asked; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.endurance", description=main.__doc__)
    parser.add_argument("--reconnects", type=int, default=10_000)
    parser.add_argument("--gateways", type=int, default=100, help="that flap")
    parser.add_argument("--minutes", type=float, default=10.0, help="of flapping")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--disk-seconds", type=float, default=15.0, help="of each trouble with the journal's file")
    parser.add_argument("--idle", type=int, default=500, help="HTTP connections")
    parser.add_argument("--reader-seconds", type=float, default=60.0, help="with readers that are stuck")
    parser.add_argument("--hostile-seconds", type=float, default=15.0, help="beside each kind of a hostile gateway")
    parser.add_argument("--strangers", type=int, default=300, help="connections without a right password")
    names = ("reconnects", "flapping", "kills", "told", "disks", "readers", "strangers", "hostile")
    parser.add_argument("--only", nargs="+", choices=names)
    parser.add_argument("--write", action="store_true", help="write the tables into docs/endurance.md")
    asked = parser.parse_args()
    scenes: Mapping[str, Callable[[Path], list[Row]]] = {
        "reconnects": lambda folder: reconnects(folder, asked.reconnects),
        "flapping": lambda folder: flapping(folder, asked.gateways, asked.minutes * 60),
        "kills": lambda folder: kills(folder, asked.kills),
        "told": lambda folder: told(folder, asked.kills),
        "disks": lambda folder: disks(folder, asked.disk_seconds),
        "readers": lambda folder: readers(folder, asked.idle, asked.reader_seconds),
        "hostile": lambda folder: hostile(folder, asked.hostile_seconds),
        "strangers": lambda folder: strangers(folder, asked.strangers, 12, 1.0),
    }
    began, broken = time.monotonic(), False
    for name, scene in scenes.items():
        if asked.only and name not in asked.only:
            continue
        print(f"[{time.monotonic() - began:5.0f} s] {name}", file=sys.stderr, flush=True)
        idleness = Idleness()
        with tempfile.TemporaryDirectory() as folder:
            rows = scene(Path(folder))
        broken = broken or not all(row.kept for row in rows)
        cells = [[row.what, row.times, row.found, row.promise, "kept" if row.kept else "BROKEN"] for row in rows]
        text = f"{table(HEAD, cells)}\n\n{idleness.sentence()}"
        print(f"\n{text}\n", flush=True)
        if asked.write:
            write_between(DOCUMENT, f"endurance-{name}", text)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
