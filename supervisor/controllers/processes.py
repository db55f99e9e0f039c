"""Processes of this machine by `/proc`, which needs no privilege. Without it nothing is known.

- A process is its number and its start. The number alone is given out again.
- Command lines may hold passwords. They are compared here, and never leave this module.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from supervisor.core.model.behind.sight import GatewayProcess

PROC = Path("/proc")
_TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
_START = 19
"""The place of the start in `/proc/PID/stat` behind the name, whose parentheses may hold anything."""


def identify(pid: int, proc: Path = PROC) -> GatewayProcess | None:
    """The process that has this number now; None if there is none, or it is dead and not yet buried."""
    try:
        text = (proc / str(pid) / "stat").read_bytes().rpartition(b")")[2]
    except OSError:
        return None
    words = text.split()
    if len(words) <= _START or words[0] in (b"Z", b"X"):
        return None
    return GatewayProcess(pid, int(words[_START]) / _TICKS)


def matching(arguments: tuple[str, ...], proc: Path = PROC) -> list[GatewayProcess]:
    """The processes whose command lines have all of these arguments, each a whole one or what stands behind its `=`."""
    wanted = {argument.encode() for argument in arguments}
    return [
        process
        for pid, line in _command_lines(proc)
        if wanted <= _words(line) and (process := identify(pid, proc)) is not None
    ]


def _words(line: bytes) -> set[bytes]:
    words = set(line.split(b"\0"))
    return words | {word.partition(b"=")[2] for word in words}


def _command_lines(proc: Path) -> Iterator[tuple[int, bytes]]:
    with contextlib.suppress(OSError), os.scandir(proc) as entries:
        for entry in entries:
            if entry.name.isdecimal() and int(entry.name) != os.getpid():
                with contextlib.suppress(OSError):  # it has ended, or the system hides it
                    yield int(entry.name), Path(entry.path, "cmdline").read_bytes()


def only_one(arguments: tuple[str, ...], proc: Path = PROC) -> GatewayProcess | None:
    """The one process whose command line has any of these arguments; None if there is none, or more than one."""
    wanted = {argument.encode() for argument in arguments}
    found = [pid for pid, line in _command_lines(proc) if wanted & set(line.split(b"\0"))]
    return identify(found[0], proc) if len(found) == 1 else None


def has(pid: int, arguments: tuple[str, ...], proc: Path = PROC) -> bool:
    """Whether that process is of this namespace, and its command line has any of these arguments."""
    try:
        words = set((proc / str(pid) / "cmdline").read_bytes().split(b"\0"))
    except OSError:
        return False
    return bool({argument.encode() for argument in arguments} & words)


def in_group(group: Path, arguments: tuple[str, ...], proc: Path = PROC) -> list[GatewayProcess]:
    """The processes of a control group, those in groups below it too, with any of these arguments."""
    found = []
    for listing in group.rglob("cgroup.procs"):
        with contextlib.suppress(OSError, ValueError):
            numbers = [int(word) for word in listing.read_bytes().split()]
            found += [each for pid in numbers if has(pid, arguments, proc) if (each := identify(pid, proc)) is not None]
    return found


def hidden(proc: Path = PROC) -> bool:
    """Whether this system hides the command lines of others' processes from us (`hidepid`), or has none."""
    try:
        (proc / "1" / "cmdline").read_bytes()
    except OSError:
        return True
    return False
