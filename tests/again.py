"""Run once more, one after another, what failed beside other tests: a busy machine may let a deadline pass.

What fails here too is broken. What passes here has a deadline that is too short, or a fault of its own: its name is
printed, and it is to be mended.
"""

import json
import subprocess
import sys
from pathlib import Path

FAILED = Path(".pytest_cache/v/cache/lastfailed")
BROWSER = "tests/browser/"


def main() -> int:
    """0 if all that failed passes now; 1 if not, or if nothing is known to have failed."""
    failed = json.loads(FAILED.read_text(encoding="utf-8")) if FAILED.exists() else []
    names = sorted({plain(name) for name in failed})
    if not names:
        print("no test is known to have failed: look at what `make test` printed", file=sys.stderr)
        return 1
    print("failed beside others:", *names, sep="\n  ", flush=True)
    browser = [name for name in names if name.startswith(BROWSER)]
    rest = [name for name in names if not name.startswith(BROWSER)]
    ends = [subprocess.run([sys.executable, "-m", "pytest", *part]).returncode for part in (rest, browser) if part]
    return int(any(ends))


def plain(name: str) -> str:
    """The name of a test without the group that pytest-xdist writes behind it."""
    return name.rpartition("@")[0] if name.rfind("@") > name.rfind("]") else name


if __name__ == "__main__":
    sys.exit(main())
