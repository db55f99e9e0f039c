"""One daemon for each journal: two that write one would overwrite each other's facts and hide each other's outages.

- The lock is an flock on a file beside the journal. The system gives it back when the process ends, however it ends.
- The file says who has it, for people and for the daemon that comes second. It is never deleted: a third daemon could
  then lock a new file under the old name.
- A file system without locks costs the protection and a warning, not the daemon.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import socket
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from supervisor.platform import OPEN_AT_ONCE, lock_at_once

LOG = logging.getLogger("supervisor.daemon")

MODE: Final = 0o644
_LONGEST: Final = 500
_WITHOUT_LOCKS: Final = frozenset({errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL})


class HeldError(Exception):
    """Another daemon writes this journal; the text names it."""


class JournalLock:
    """The lock of the journal at `journal`; `about` is what a second daemon should know of this one."""

    def __init__(self, journal: Path, about: str = "") -> None:
        self._journal = journal
        self._path = Path(f"{os.path.realpath(journal)}.lock")  # one file under two names is one journal
        self._about = about
        self._descriptor: int | None = None
        self._warned = False
        self._guard = threading.Lock()  # the start takes it, and the journal's own thread

    def take(self) -> None:
        """Have the lock, unless no lock can be had there at all. Raises HeldError."""
        with self._guard:
            if self._descriptor is not None:
                return
            try:
                self._descriptor = self._locked()
            except OSError as error:  # a folder that is missing or closed: the journal itself will tell
                if error.errno in _WITHOUT_LOCKS and not self._warned:
                    self._warned = True
                    LOG.warning("the journal %s cannot be locked for one daemon: %s", self._journal, error.strerror)

    def release(self) -> None:
        """Give it back."""
        with self._guard:
            if self._descriptor is not None:
                os.close(self._descriptor)
                self._descriptor = None

    def _locked(self) -> int:
        while True:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | OPEN_AT_ONCE, MODE)
            try:
                if not lock_at_once(descriptor):
                    raise HeldError(self._held_by(descriptor))
                if self._names(descriptor):
                    self._sign(descriptor)
                    return descriptor
            except BaseException:
                os.close(descriptor)
                raise
            os.close(descriptor)  # somebody put another file there meanwhile

    def _names(self, descriptor: int) -> bool:
        """Whether the path still leads to this file."""
        try:
            return os.path.samestat(os.fstat(descriptor), os.stat(self._path))
        except FileNotFoundError:
            return False

    def _sign(self, descriptor: int) -> None:
        words = f"process {os.getpid()} on {socket.gethostname()}, since {datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
        with contextlib.suppress(OSError):  # no room: the lock counts, not the words
            os.ftruncate(descriptor, 0)
            os.write(descriptor, f"{words}{', ' if self._about else ''}{self._about}\n".encode())

    def _held_by(self, descriptor: int) -> str:
        with contextlib.suppress(OSError):
            said = os.read(descriptor, _LONGEST).decode(errors="replace").strip()
            first = "".join(sign if sign.isprintable() else " " for sign in said)
            if first:
                return f"another ib-supervisor writes the journal {self._journal}: {first}"
        return f"another ib-supervisor writes the journal {self._journal}"
