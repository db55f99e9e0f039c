"""`make lab-network`: bad networks, as root, all at the same time.

Exits with 1 if a promise is not kept, 2 if none can be made here. `--write` puts the table into docs/endurance.md.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from tests.endurance.__main__ import DOCUMENT, HEAD
from tests.endurance.sampling import Row
from tests.network.link import why_not
from tests.network.scenes import DEAD, dead, lossy, stalled
from tests.race.figures import Idleness, table, write_between


def main() -> int:
    """Play every scene; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.network", description=main.__doc__)
    parser.add_argument("--seconds", type=float, default=30.0, help="on each bad line")
    parser.add_argument("--resets", type=int, default=10, help="on each bad line")
    parser.add_argument("--write", action="store_true", help="write the table into docs/endurance.md")
    asked = parser.parse_args()
    if (reason := why_not()) is not None:
        print(f"not tried: {reason}", file=sys.stderr)
        return 2
    scenes: list[Callable[[Path], Row]] = [partial(dead, what=what) for what in DEAD]
    scenes += [
        partial(lossy, loss=loss, delay=0.1, seconds=asked.seconds, resets=asked.resets) for loss in (0.01, 0.05)
    ]
    scenes += [
        partial(lossy, loss=0.0, delay=0.3, seconds=asked.seconds, resets=asked.resets),
        partial(stalled, seconds=1.0),
    ]
    idleness = Idleness()
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(len(scenes)) as pool:
        homes = [Path(folder, str(turn)) for turn in range(len(scenes))]
        for home in homes:
            home.mkdir()
        rows = list(pool.map(lambda scene, home: scene(home), scenes, homes))
    cells = [[row.what, row.times, row.found, row.promise, "kept" if row.kept else "BROKEN"] for row in rows]
    text = f"{table(HEAD, cells)}\n\n{idleness.sentence()}"
    print(f"\n{text}")
    if asked.write:
        write_between(DOCUMENT, "network", text)
    return 0 if all(row.kept for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
