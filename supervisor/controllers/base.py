"""What every kind of controller has in common.

- `look` may block, but no longer than `patience` seconds: each kind sees to its own deadlines. If it hangs all the
  same, the core forgets what it said last, and nothing else happens.
- `look` answers for everything that can go wrong: what is not known is None, and `words` says why. An exception is a
  defect, and costs that one look.
- The words reach logs and pages: no secret, no command line, no environment.
"""

import os
import stat
from typing import BinaryIO, Protocol

from supervisor.core.model.behind.sight import Sight
from supervisor.platform import OPEN_AT_ONCE

MOST_BYTES = 65536
"""More is read of no answer, and of no end of a file."""


class Controller(Protocol):
    """One way to look behind the port of one gateway."""

    every: float
    """Seconds from the end of one look to the next."""
    patience: float
    """Seconds that a look may take."""

    def look(self) -> Sight:
        """What can be seen now."""
        ...


def unknown(why: str) -> Sight:
    """Nothing is known, and why."""
    return Sight(words=why)


def opened(path: str) -> BinaryIO:
    """A regular file to read from. Raises OSError, for everything else too: opening or reading a pipe may never end."""
    descriptor = os.open(path, os.O_RDONLY | OPEN_AT_ONCE)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(0, "not a regular file", path)
    return open(descriptor, "rb")
