"""A file that somebody may be writing right now is read once it rests.

An editor or a script that writes in place empties the file first. Read in that moment, a file of users would let
nobody in, or everybody.
"""

import os
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

RESTS = 0.3
"""Seconds without a change after which nobody is writing."""
PATIENCE = 3.0
"""Seconds after which it is read as it is."""


def settled(
    path: Path,
    read: Callable[[], T],
    *,
    wall: Callable[[], float] = time.time,
    pause: Callable[[float], None] = time.sleep,
) -> T:
    """What `read` returns once the file rests, and has not changed while it was read."""
    for _ in range(round(PATIENCE / RESTS)):
        before = _changed(path)
        if before is None or not 0 <= wall() - before < RESTS:
            found = read()
            if _changed(path) == before:
                return found
        pause(RESTS)
    return read()


def _changed(path: Path) -> float | None:
    """When the file changed last; None for what is no regular file, and for what cannot be looked at."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return status.st_mtime if stat.S_ISREG(status.st_mode) else None
