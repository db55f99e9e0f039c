"""Rewrite the golden files: `python -m tests.goldens --write`. Without `--write`, print what differs."""

import sys
import tempfile
from pathlib import Path

from tests.goldens.comparing import EXPECTED, difference
from tests.goldens.day import Day
from tests.goldens.documents import of_day, of_surface


def main(arguments: list[str]) -> int:
    """The exit status: 0 if nothing differs, or all was written."""
    if arguments not in ([], ["--write"]):
        print(__doc__, file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        found = {**dict(of_surface()), **dict(of_day(Day(Path(folder)).play()))}
    if not arguments:
        text = "\n".join(filter(None, (difference(name, found[name]) for name in found)))
        print(text or "nothing differs")
        return int(bool(text))
    EXPECTED.mkdir(exist_ok=True)
    for old in EXPECTED.iterdir():
        if old.name not in found:
            old.unlink()
    for name, text in found.items():
        (EXPECTED / name).write_text(f"{text}\n", encoding="utf-8")
    print(f"{len(found)} files in {EXPECTED}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
