"""The text of a config file: of a regular file, at most 1 MiB, in UTF-8.

A FIFO, a device or a socket is refused without being read: reading one may never end, or take what was meant for
another program.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

from supervisor.platform import OPEN_AT_ONCE
from supervisor.yaml_lines import Faults

MOST_BYTES: Final = 1024 * 1024
"""A hundred gateways with every key take a tenth of it."""


def read_text(path: Path, faults: Faults) -> str | None:
    """The file's text, without a byte order mark; None, and a fault, if it cannot be read."""
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode):
            faults.add(0, "", *_no_file(status.st_mode))
            return None
        descriptor = os.open(path, os.O_RDONLY | OPEN_AT_ONCE)
        with open(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):  # it was another one a moment ago
                faults.add(0, "", *_no_file(0))
                return None
            data = file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        faults.add(0, "", "no such file", "give the path of a config file")
    except (OSError, ValueError) as error:  # ValueError: a path that no file can have
        reason = error.strerror if isinstance(error, OSError) else str(error)
        faults.add(0, "", f"cannot be read: {reason}", "let the user that runs the daemon read it")
    else:
        if len(data) <= MOST_BYTES:
            return _decoded(data, faults)
        faults.add(0, "", f"larger than {MOST_BYTES} bytes", "give the path of a config file")
    return None


def _no_file(mode: int) -> tuple[str, str]:
    """What is wrong with what is no regular file, and what would be right."""
    kind = "is a folder" if stat.S_ISDIR(mode) else "is a pipe" if stat.S_ISFIFO(mode) else "is not a regular file"
    return kind, "give the path of a config file"


def _decoded(data: bytes, faults: Faults) -> str | None:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        faults.add(line, "", f"not UTF-8: byte 0x{data[error.start]:02x}", "save the file as UTF-8")
        return None
