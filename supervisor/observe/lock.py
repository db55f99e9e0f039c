"""One daemon for each file: who writes it has the lock of a file beside it.

- The lock is an flock. The system gives it back when the process ends, however it ends.
- The file of the lock says who has it, for people and for the daemon that comes second.
- A file that somebody deletes, or puts in its place, is not the lock any more: who has the old one has none.
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

LOG = logging.getLogger("supervisor.lock")

MODE: Final = 0o644
_LONGEST: Final = 500
_FLAGS: Final = OPEN_AT_ONCE | getattr(os, "O_NOFOLLOW", 0)
"""A link in the place of the lock leads nowhere: what it names would be emptied."""
_WITHOUT_LOCKS: Final = frozenset({errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL})


class HeldError(Exception):
    """Another daemon writes it; the text names both, and `who` is that daemon in words, empty if it did not sign."""

    def __init__(self, what: str, who: str) -> None:
        super().__init__(f"another ib-supervisor writes {what}{': ' if who else ''}{who}")
        self.who = who


class WriterLock:
    """The lock at `path` of what is called `what`; `about` is what a second daemon should know of this one."""

    def __init__(self, path: Path, what: str, about: str = "") -> None:
        self._path, self._what, self._about = path, what, about
        self._descriptor: int | None = None
        self._warned = False
        self._guard = threading.Lock()  # the start takes it, and the journal's own thread

    def take(self) -> None:
        """Have the lock, unless no lock can be had there at all. Raises HeldError."""
        with self._guard:
            if self._descriptor is not None:
                if self._names(self._descriptor):
                    return
                os.close(self._descriptor)
                self._descriptor = None
            try:
                self._descriptor = self._locked()
            except OSError as error:  # a folder that is missing or closed: the file itself will tell
                if error.errno in _WITHOUT_LOCKS and not self._warned:
                    self._warned = True
                    LOG.warning("%s cannot be locked for one daemon: %s", self._what, error.strerror)

    def release(self, *, remove: bool = False) -> None:
        """Give it back; `remove` its file too."""
        with self._guard:
            if self._descriptor is not None:
                if remove and self._names(self._descriptor):
                    with contextlib.suppress(OSError):
                        self._path.unlink()
                os.close(self._descriptor)
                self._descriptor = None

    def _locked(self) -> int:
        while True:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | _FLAGS, MODE)
            try:
                if not lock_at_once(descriptor):
                    raise HeldError(self._what, _read(descriptor))
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
        except OSError:  # a folder that was closed: nobody else gets there either
            return True

    def _sign(self, descriptor: int) -> None:
        words = f"process {os.getpid()} on {socket.gethostname()}, since {datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
        with contextlib.suppress(OSError):  # no room: the lock counts, not the words
            os.ftruncate(descriptor, 0)
            os.write(descriptor, f"{words}{', ' if self._about else ''}{self._about}\n".encode())


def signed(path: Path) -> str:
    """Who signed the lock at `path` last; empty if nobody did. Nothing is locked."""
    try:
        descriptor = os.open(path, os.O_RDONLY | _FLAGS)
        try:
            return _read(descriptor)
        finally:
            os.close(descriptor)
    except OSError:
        return ""


def _read(descriptor: int) -> str:
    """What a file of a lock says, fit for a terminal."""
    with contextlib.suppress(OSError):
        text = os.read(descriptor, _LONGEST).decode(errors="replace").strip()
        return "".join(sign if sign.isprintable() else " " for sign in text)
    return ""
