"""A golden file beside what was found."""

import difflib
from pathlib import Path

EXPECTED = Path(__file__).parent / "expected"


def difference(name: str, found: str) -> str:
    """A unified diff from the golden file to what was found; empty if there is none."""
    file = EXPECTED / name
    expected = file.read_text(encoding="utf-8") if file.exists() else ""
    before, after = expected.splitlines(), f"{found}\n".splitlines()
    return "\n".join(difflib.unified_diff(before, after, f"expected/{name}", "found", lineterm="", n=2))
