"""`make long`: what `make test` leaves out because it takes long, and as root the lab under every systemd, whole.

Exits with 1 if a test fails. `--write` puts the table into docs/long-tests.md, with the last run of each part.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

from tests.race.figures import ROOT, Idleness, table, write_between

DOCUMENT = ROOT / "docs" / "long-tests.md"
HEAD = ("tests", "how many", "minutes", "failed")
PARALLEL = ("-n", str(os.cpu_count() or 2), "--dist", "loadgroup", "--no-loadscope-reorder")
PARTS: dict[str, tuple[str, ...]] = {
    "rest": ("-m", "long and not root", *PARALLEL, "--ignore=tests/browser", "--ignore=tests/deploy/test_lab.py"),
    "browser": ("-m", "long", *PARALLEL, "tests/browser"),  # alone: Playwright keeps an event loop running
    "systemd": ("-m", "root", "tests/lab"),
}
"""What pytest is asked for."""


@dataclass
class Sum:
    """What came of the tests of one file."""

    seconds: float = 0.0
    ends: Counter[str] = field(default_factory=Counter)


def main() -> int:
    """Run what is asked; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.long", description=main.__doc__)
    parser.add_argument("--only", nargs="+", choices=PARTS)
    parser.add_argument("--write", action="store_true", help="write the tables into docs/long-tests.md")
    asked = parser.parse_args()
    bad = False
    for name in asked.only or [part for part in PARTS if part != "systemd" or os.geteuid() == 0]:
        idleness = Idleness()
        with tempfile.TemporaryDirectory() as folder:
            report = Path(folder, "report.xml")
            bad |= run(PARTS[name], report) != 0
            text = f"{table(HEAD, rows(sums(report)))}\n\n{idleness.sentence()}"
        print(f"\n{text}\n", flush=True)
        if asked.write:
            write_between(DOCUMENT, f"long-{name}", text)
    return int(bad)


def run(what: Sequence[str], report: Path) -> int:
    """pytest's exit status; every lab must be able to run."""
    command = [sys.executable, "-m", "pytest", "-q", f"--junitxml={report}", *what]
    return subprocess.run(
        command, cwd=ROOT, check=False, env={**os.environ, "LAB_REQUIRED": "1", "LAB_WHOLE": "1"}
    ).returncode


def sums(report: Path) -> dict[str, Sum]:
    """By the file of the tests, in the order in which they ran."""
    found: dict[str, Sum] = {}
    for case in ElementTree.parse(report).iter("testcase"):
        each = found.setdefault("/".join(case.attrib["classname"].split(".")) + ".py", Sum())
        each.seconds += float(case.attrib["time"])
        each.ends[next((end.tag for end in case if end.tag in ("failure", "error", "skipped")), "passed")] += 1
    return found


def rows(found: dict[str, Sum]) -> list[list[str]]:
    """One a file; minutes of all its tests, which partly ran side by side."""
    return [
        [
            f"`{file}`" + (f", {each.ends['skipped']} skipped" if each.ends["skipped"] else ""),
            str(each.ends.total()),
            f"{each.seconds / 60:.1f}",
            str(each.ends["failure"] + each.ends["error"]),
        ]
        for file, each in found.items()
    ]


if __name__ == "__main__":
    sys.exit(main())
