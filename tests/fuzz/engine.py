"""One target under atheris, for so many units: `python -m tests.fuzz.engine TARGET COUNT STATISTICS [libFuzzer ...]`.

For an environment with atheris. Writes what was done to STATISTICS as JSON, once it is done. A finding ends it with a
status other than 0, and with the bytes in the folder that libFuzzer was told.
"""

import json
import os
import sys
import time
from pathlib import Path

import atheris  # type: ignore[import-untyped]  # only in .venvs/fuzz

with atheris.instrument_imports(include=["supervisor", "ibapi", "yaml"]):
    from tests.fuzz.targets import TARGETS, tidy


def main() -> None:
    """Until it is done; libFuzzer never returns."""
    name, count, statistics = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    target = TARGETS[name]
    done, runs, began = 0, 0, time.monotonic()

    def once(data: bytes) -> None:
        nonlocal done, runs
        done += target.run(data)
        runs += 1
        if done >= count:
            tidy()
            statistics.write_text(json.dumps({"done": done, "runs": runs, "seconds": time.monotonic() - began}))
            os._exit(0)

    atheris.Setup([sys.argv[0], *sys.argv[4:]], once)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
