"""Where a journal lies: what may be taken for one of ours, and how others read it while a daemon writes.

- A file is ours if its header has our `application_id`. Any other file is refused and left alone, whatever its name.
- Readers change nothing in the folder, and take no lock that a daemon would have to wait for.
"""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path
from typing import Final
from urllib.parse import quote

APPLICATION_ID: Final = 0x49425356
"""`IBSV`, in the header of a journal."""

_MAGIC: Final = b"SQLite format 3\0"
_ID: Final = slice(68, 72)  # https://sqlite.org/fileformat.html#the_database_header
_HEADER: Final = 100


class NotAJournalError(Exception):
    """What lies at the path is no journal of ours; the text says what it is."""


class HistoryError(Exception):
    """The journal cannot be read; the text says why."""


def refuse_irregular(path: Path) -> None:
    """Raise NotAJournalError for what is no regular file; opening a pipe would wait for ever."""
    try:
        mode = os.stat(path).st_mode
    except OSError:  # not there, or hidden: opening it tells
        return
    if not stat.S_ISREG(mode):
        raise NotAJournalError("it is a folder" if stat.S_ISDIR(mode) else "it is not a regular file")


def refuse_foreign(path: Path) -> None:
    """Raise NotAJournalError for what is no journal of ours. A path without a file, and an empty file, may become one.

    Not for a file that this process has open: closing it here would end SQLite's locks on it.
    """
    refuse_irregular(path)
    try:
        with path.open("rb") as file:
            header = file.read(_HEADER)
        unfinished = os.path.exists(f"{path}-journal")  # of the first commit: SQLite undoes it
    except OSError:
        return
    ours = header.startswith(_MAGIC) and int.from_bytes(header[_ID], "big") == APPLICATION_ID
    if header and not ours and not unfinished:
        raise NotAJournalError("it is not a journal of ib-supervisor")


def place_of(path: Path) -> str:
    """A journal file as an URI for reading. Raises HistoryError.

    One that no daemon has open is read as it lies there, so that nothing is left beside it.
    """
    try:
        there = stat.S_ISREG(os.stat(path).st_mode)
    except PermissionError:
        raise HistoryError(_not_allowed(path)) from None
    except OSError:
        there = False
    if not there:
        raise HistoryError(f"there is no journal at {path}")
    wal, shared = Path(f"{path}-wal"), Path(f"{path}-shm")
    open_or_left = wal.exists()
    readable = all(os.access(file, os.R_OK) for file in (path, wal, shared) if file.exists())
    if not readable or (open_or_left and not shared.exists() and not os.access(path.parent, os.W_OK)):
        raise HistoryError(_not_allowed(path))
    return f"file:{quote(str(path.absolute()))}?mode=ro{'' if open_or_left else '&immutable=1'}"


def _not_allowed(path: Path) -> str:
    """What to do about a journal that this user may not read."""
    for place in (path, *path.parents):
        with contextlib.suppress(OSError, KeyError, NotImplementedError):  # hidden, or an owner without a name
            return f"{path} may not be read by this user: run as the service's user, such as sudo -u {place.owner()}"
    return f"{path} may not be read by this user: run as the service's user"
