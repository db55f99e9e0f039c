"""The text of a file that another program may be writing at this moment. It is read when the file rests.

An editor or a script that writes in place empties the file first. If a file of users were read at that moment, nobody
could log in, or everybody.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path

from supervisor.config.reading.text_file import read_text
from supervisor.yaml_lines import Faults

RESTS = 0.3
"""After so many seconds without a change, the file is taken as complete."""
PATIENCE = 3.0
"""After so many seconds it is read as it is."""


def settled_text(
    path: Path,
    faults: Faults,
    *,
    wall: Callable[[], float] = time.time,
    pause: Callable[[float], None] = time.sleep,
) -> str | None:
    """The file's text, as `read_text` gives it. Only the faults of the last reading count."""
    for _ in range(round(PATIENCE / RESTS)):
        found = Faults(faults.file)
        before = _last_change(path)
        text = read_text(path, found)
        after = _last_change(path)
        if before == after and (after is None or not 0 <= wall() - after[1] / 1e9 < RESTS):
            break
        pause(RESTS)
    faults.found.extend(found.found)
    return text


def _last_change(path: Path) -> tuple[int, int] | None:
    """Size, and time of the last change in nanoseconds; None if there is no such file."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):  # ValueError: a path that no file can have
        return None
    return status.st_size, status.st_mtime_ns
