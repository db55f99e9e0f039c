"""The new lines of a file that somebody else writes, over its rotation.

- At first the end of the file is read, because the last state may be days old. Later what was added.
- Another file under the name, or a shorter one, is read from its beginning: logs are renamed, truncated, deleted.
- A line counts when its end is there. No more than `MOST` is read at once; of more, the newest counts.
"""

import glob
import os

from supervisor.controllers.base import opened

MOST = 262144


class Tail:
    """A file by its path, or the newest of those that fit a pattern."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._file: tuple[int, int] | None = None
        self._offset = 0
        self._rest = b""
        self.fresh = False
        """The last `lines` began anew: what they say is the beginning of another file, or the first look at this."""

    def lines(self) -> list[str]:
        """The whole lines that are new. Raises OSError if there is no file, or it may not be read."""
        with opened(_newest(self._pattern)) as file:
            found = os.fstat(file.fileno())
            identity = (found.st_dev, found.st_ino)
            self.fresh = identity != self._file or found.st_size < self._offset
            if self.fresh:
                self._file, self._offset, self._rest = identity, 0, b""
            if found.st_size - self._offset > MOST:
                self._offset, self._rest = found.st_size - MOST, b""
            file.seek(self._offset)
            data = file.read(MOST)
        self._offset += len(data)
        *whole, self._rest = (self._rest + data).split(b"\n")
        self._rest = self._rest[-MOST:]
        return [line.decode("utf-8", "replace").rstrip("\r") for line in whole]


def _newest(pattern: str) -> str:
    if not glob.has_magic(pattern) or os.path.exists(pattern):
        return pattern
    found = glob.glob(pattern)
    if not found:
        raise FileNotFoundError(2, "no file fits", pattern)
    return max(found, key=_written)


def _written(path: str) -> float:
    try:
        return os.stat(path).st_mtime
    except OSError:  # it has gone since
        return 0.0
