"""The text of a file that somebody may be writing right now: read once it rests.

An editor or a script that writes in place empties the file first. Read in that moment, a file of users would let
nobody in, or everybody.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path

RESTS = 0.3
"""Seconds without a change after which nobody is writing any more."""
PATIENCE = 3.0
"""Seconds after which it is read as it is."""


def settled_bytes(
    path: Path,
    *,
    wall: Callable[[], float] = time.time,
    pause: Callable[[float], None] = time.sleep,
) -> bytes:
    """What the file holds. Raises OSError."""
    for _ in range(round(PATIENCE / RESTS)):
        with path.open("rb") as file:
            before = os.fstat(file.fileno())
            data = file.read()
            after = os.fstat(file.fileno())
        still = (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns)
        if still and not 0 <= wall() - after.st_mtime < RESTS:
            break
        pause(RESTS)
    return data
