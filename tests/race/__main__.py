"""`make race`: one script of faults, to this daemon and every peer at the same time; medians over the runs.

`--write` puts the tables into docs/race.md and README.md. The figures of all runs are kept in artefacts/race.json.
"""

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from supervisor.simulator import Fleet
from tests.race import report
from tests.race.course import Results, run
from tests.race.figures import ROOT, Idleness, write_between
from tests.race.racers import racers


def main() -> int:
    """Race, and print the tables; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.race", description=main.__doc__)
    parser.add_argument("--runs", type=int, default=3, help="how often the script is played")
    parser.add_argument("--write", action="store_true", help="write the tables into docs/race.md and README.md")
    arguments = parser.parse_args()
    began = time.monotonic()

    def progress(text: str) -> None:
        print(f"[{time.monotonic() - began:5.0f} s] {text}", file=sys.stderr, flush=True)

    left_out: list[str] = []
    idleness = Idleness()
    with tempfile.TemporaryDirectory() as folder:
        names, runs = race(Path(folder), arguments.runs, left_out.append, progress)
    note = f"{idleness.sentence()} Runs of the script: {len(runs)}."
    note += "".join(f"\nNot run: {reason}." for reason in left_out)
    full, short = report.full(runs, names), report.short(runs, names)
    keep(runs)
    print(f"\n{full}\n\n{short}\n\n{note}")
    if arguments.write:
        write_between(ROOT / "docs" / "race.md", "race", f"{full}\n\n{note}")
        write_between(ROOT / "README.md", "race", f"{short}\n\n{note}")
    return 0


def race(
    folder: Path, count: int, left_out: Callable[[str], None], progress: Callable[[str], None]
) -> tuple[list[str], list[Results]]:
    """The names of those who raced, and the results of each run."""
    with Fleet() as fleet:
        progress("environments and gateways; the first time this takes a minute")
        field = racers(fleet, folder, left_out)
        try:
            runs = []
            for turn in range(count):
                progress(f"run {turn + 1} of {count}, {len(field)} racers")
                runs.append(run(field, random.Random(turn), progress))
        finally:
            for racer in field:
                racer.close()
        return [racer.name for racer in field], runs


def keep(runs: list[Results]) -> None:
    """The raw figures."""
    file = ROOT / "artefacts" / "race.json"
    file.parent.mkdir(exist_ok=True)
    told = [
        [{"fault": fault, "racer": racer, **asdict(result)} for (fault, racer), result in each.items()] for each in runs
    ]
    file.write_text(json.dumps(told, indent=1))


if __name__ == "__main__":
    sys.exit(main())
