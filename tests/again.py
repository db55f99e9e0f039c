"""Run once more what failed in `make test`, and nothing else: a busy machine may let a deadline pass.

Tests that failed beside others run one after another. What fails here too is broken. What passes here has a deadline
that is too short, or a fault of its own: its name is printed, and it is to be mended.
"""

import json
import subprocess
import sys
from pathlib import Path

CACHE = Path(".pytest_cache")
PASSED = CACHE / "passed"
"""A file for each target that passed."""
WHOLE = ("test-style", "test-core")
"""They run once more from beginning to end: style has no tests, and only all tests tell what of core they cover."""
BY_TEST = ("test-rest", "test-browser")


def main() -> int:
    """0 if all that failed passes now, or nothing failed."""
    failed = [target for target in (*WHOLE, *BY_TEST) if not (PASSED / target).exists()]
    print("failed:", *(failed or ["nothing"]), flush=True)
    ends = [once_more(target) for target in failed]
    return int(any(ends))


def once_more(target: str) -> int:
    """The exit status of a target that failed, or of what failed in it."""
    names = failed_tests(CACHE / target) if target in BY_TEST else []
    if not names:
        return subprocess.run(["make", target], check=False).returncode
    print("failed beside others:", *names, sep="\n  ", flush=True)
    return subprocess.run([sys.executable, "-m", "pytest", *names], check=False).returncode


def failed_tests(cache: Path) -> list[str]:
    """What a run with this cache left as failed; nothing if it broke off before it knew."""
    file = cache / "v" / "cache" / "lastfailed"
    return sorted({plain(name) for name in json.loads(file.read_text(encoding="utf-8"))}) if file.exists() else []


def plain(name: str) -> str:
    """The name of a test without the group that pytest-xdist writes behind it."""
    return name.rpartition("@")[0] if name.rfind("@") > name.rfind("]") else name


if __name__ == "__main__":
    sys.exit(main())
