"""`make race`: one script of faults, to this daemon and every peer at the same time; medians over the runs.

`--write` puts the tables into docs/race.md and README.md. The figures of all runs are kept in artefacts/race.json.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from functools import partial
from pathlib import Path

from supervisor.simulator import Fleet
from tests.race import report
from tests.race.course import Results, run
from tests.race.faults import SCRIPT, Fault
from tests.race.figures import ROOT, Idleness, write_between
from tests.race.racers import racers


def main() -> int:
    """Race, and print the tables; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.race", description=main.__doc__)
    parser.add_argument("--runs", type=int, default=3, help="how often the script is played")
    parser.add_argument(
        "--abreast", action="store_true", help="all runs at the same time: quicker, a little less exact"
    )
    parser.add_argument("--only", action="append", default=[], help="play the faults with these words in their names")
    parser.add_argument("--racers", action="append", default=[], help="let those race who have these words in theirs")
    parser.add_argument("--write", action="store_true", help="write the tables into docs/race.md and README.md")
    arguments = parser.parse_args()
    if arguments.write and (arguments.only or arguments.racers):
        parser.error("only the whole race is written")
    script = [fault for fault in SCRIPT if not arguments.only or any(word in fault.name for word in arguments.only)]
    began, raced = time.monotonic(), commit()

    def progress(text: str) -> None:
        print(f"[{time.monotonic() - began:5.0f} s] {text}", file=sys.stderr, flush=True)

    left_out: dict[str, None] = {}  # in their order, each once
    idleness = Idleness()
    turns = range(arguments.runs)

    def one(turn: int) -> tuple[list[str], Results]:
        with tempfile.TemporaryDirectory() as folder:
            telling = partial(_tell, progress, turn)
            return race(Path(folder), turn, left_out.setdefault, telling, script, arguments.racers)

    with ThreadPoolExecutor(arguments.runs if arguments.abreast else 1) as pool:
        told = list(pool.map(one, turns))
    names, runs = told[0][0], [results for _, results in told]
    how = ", all at the same time" if arguments.abreast else ""
    note = f"{idleness.sentence()} Runs of the script: {len(runs)}{how}. Commit {raced}."
    note += "".join(f"\nNot run: {reason}." for reason in left_out)
    full, short = report.full(runs, names), report.short(runs, names)
    keep(runs)
    print(f"\n{full}\n\n{short}\n\n{note}")
    if arguments.write:
        write_between(ROOT / "docs" / "race.md", "race", f"{full}\n\n{note}")
        write_between(ROOT / "README.md", "race", f"{short}\n\n{note}")
    return 0


def _tell(progress: Callable[[str], None], turn: int, text: str) -> None:
    progress(f"run {turn + 1}: {text}")


def race(
    folder: Path,
    turn: int,
    left_out: Callable[[str], object],
    progress: Callable[[str], None],
    script: Sequence[Fault],
    only: Collection[str],
) -> tuple[list[str], Results]:
    """One run: the names of those who raced, and the results."""
    with Fleet() as fleet:
        progress("environments and gateways; the first time this takes two minutes")
        field = racers(fleet, folder, left_out, only)
        try:
            results = run(field, random.Random(turn), progress, script)
        finally:
            for racer in field:
                racer.close()
        return [racer.name for racer in field], results


def commit() -> str:
    """What races: the commit, and whether code was changed since."""

    def git(*words: str) -> str:
        return subprocess.run(
            ("git", "-C", str(ROOT), *words), capture_output=True, text=True, check=False
        ).stdout.strip()

    changed = git("status", "--porcelain", "--", "supervisor", "tests")
    return f"{git('rev-parse', '--short', 'HEAD') or 'unknown'}{', with changes' if changed else ''}"


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
