"""`make fuzz`: so many frames, files, notices, lines and requests through everything that reads what others wrote.

Under atheris, which steers by coverage, in an environment of its own (.venvs/fuzz, made on first use). What was found
is kept in artefacts/fuzz as the bytes that do it, and belongs into a test. Exits with 1 on a finding. `--write` puts
the table into docs/endurance.md, with the last run of each target.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

from tests.endurance.__main__ import DOCUMENT
from tests.fuzz.targets import TARGETS
from tests.race.figures import ROOT, Idleness, table, write_between

ENVIRONMENT = ROOT / ".venvs" / "fuzz"
KEPT = ROOT / "artefacts" / "fuzz"
COUNTS = {
    "wire": 1_000_000,
    "config": 20_000,
    "notices": 1_000_000,
    "control": 100_000,
    "web": 100_000,
    "mask": 100_000,
    "printer": 100_000,
    "host": 1_000_000,
    "answers": 10_000,
    "auth": 100_000,
}


def main() -> int:
    """Fuzz each target; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=main.__doc__)
    parser.add_argument("--share", type=float, default=1.0, help="of the usual counts: 0.01 for a hundredth")
    parser.add_argument("--only", nargs="+", choices=list(TARGETS), default=list(TARGETS))
    parser.add_argument("--write", action="store_true", help="write the table into docs/endurance.md")
    asked = parser.parse_args()
    python, idleness = _python(), Idleness()
    clean = [_fuzzed(python, name, max(1, int(COUNTS[name] * asked.share))) for name in asked.only]
    rows = [_row(name) for name in TARGETS if (KEPT / name / "statistics.json").exists()]
    text = f"{table(('read', 'how much', 'runs', 'took', 'found'), rows)}\n\n{idleness.sentence()}"
    print(f"\n{text}")
    if asked.write:
        write_between(DOCUMENT, "fuzz", text)
    return 0 if all(clean) else 1


def _python() -> Path:
    python = ENVIRONMENT / "bin" / "python"
    mark = ENVIRONMENT / ".installed"
    if not mark.exists() or mark.stat().st_mtime < (ROOT / "pyproject.toml").stat().st_mtime:
        print(f"installing into {ENVIRONMENT.relative_to(ROOT)} ...", file=sys.stderr, flush=True)
        subprocess.run([sys.executable, "-m", "venv", str(ENVIRONMENT)], check=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "-e", f"{ROOT}[auth]", "atheris>=3"], check=True, stderr=subprocess.DEVNULL)
        mark.touch()
    return python


def _fuzzed(python: Path, name: str, count: int) -> bool:
    """One target; whether nothing was found."""
    target, home = TARGETS[name], KEPT / name
    corpus, findings, statistics = home / "corpus", home / "findings", home / "statistics.json"
    corpus.mkdir(parents=True, exist_ok=True)
    findings.mkdir(exist_ok=True)
    statistics.unlink(missing_ok=True)
    for turn, seed in enumerate(target.seeds):
        (corpus / f"seed-{turn}").write_bytes(seed)
    options = [
        f"-max_len={target.longest}",
        "-len_control=0",
        "-timeout=60",
        "-rss_limit_mb=2048",
        "-print_final_stats=0",
    ]
    print(f"{name}: {count:,} {target.unit}", file=sys.stderr, flush=True)
    with (home / "log").open("w") as log:
        status = subprocess.run(
            [
                *(str(python), "-m", "tests.fuzz.engine", name, str(count), str(statistics)),
                *(*options, f"-artifact_prefix={findings}{os.sep}", str(corpus)),
            ],
            cwd=ROOT,
            stdout=log,
            stderr=subprocess.STDOUT,
            check=False,
        ).returncode
    if not status and statistics.exists():
        return True
    said = (home / "log").read_text(errors="replace")
    print("\n".join(said.splitlines()[-30:]), file=sys.stderr)
    statistics.write_text(
        json.dumps({"failed": said.partition("=== Uncaught")[2].splitlines()[1:2] or [f"exit {status}"]})
    )
    return False


def _row(name: str) -> list[str]:
    """What the last run of a target came to."""
    said = json.loads((KEPT / name / "statistics.json").read_text())
    if "failed" in said:
        return [name, "", "", "", said["failed"][0]]
    return [name, f"{said['done']:,} {TARGETS[name].unit}", f"{said['runs']:,}", f"{said['seconds']:.0f} s", "nothing"]


if __name__ == "__main__":
    sys.exit(main())
