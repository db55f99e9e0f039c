"""What a command writes: the end of it, in a file without a name that is kept small.

It is no pipe: what a command leaves running may write to it for months, and would be ended by its next word after we
have ended.
"""

import os
import tempfile
import time
from pathlib import Path
from typing import Final

KEPT: Final = 4096
"""Bytes of its end."""
LARGEST: Final = 65536
"""Bytes on the disk. It is over this for as long as nobody looks."""
LOOKS_EVERY: Final = 0.1
"""Seconds between two looks at its size while the command runs."""
LOOKS_LATER: Final = 1.0
"""Seconds between two looks once only what the command left running may write."""


class Output:
    """Of one command. May raise OSError."""

    def __init__(self) -> None:
        with tempfile.NamedTemporaryFile() as named:
            # Appended to, so that who writes goes on at the new end when it is cut.
            self.file = Path(named.name).open("ab+", buffering=0)  # noqa: SIM115
        self._kept = b""

    def end(self) -> bytes:
        """The last of what was written. The place where others write is not moved."""
        number = self.file.fileno()
        size = os.fstat(number).st_size
        return (self._kept + os.pread(number, KEPT, max(0, size - KEPT)))[-KEPT:]

    def bound(self) -> None:
        """Cut it if it is too large."""
        number = self.file.fileno()
        if os.fstat(number).st_size > LARGEST:
            self._kept = self.end()
            os.ftruncate(number, 0)

    def bound_while_written(self, group: int) -> None:
        """Until all processes of this group have ended; then close it."""
        with self.file:
            while _lives(group):
                self.bound()
                time.sleep(LOOKS_LATER)


def _lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # of another user's
        pass
    return True
