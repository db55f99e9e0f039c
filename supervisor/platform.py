"""What operating systems differ in. A name that not every system has is looked up here and nowhere else.

- Standard library only. Every room but core may import this module, and it imports none of them.
- The daemon is tested on Linux. Where another system lacks something, the function here says what happens instead.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Final, TypedDict

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

RELOAD_SIGNAL: Final[int | None] = getattr(signal, "SIGHUP", None)
"""The signal that asks for a reload; None where there is none, and a reload is asked for by HTTP."""

PIPE_AT_ONCE: Final[int] = getattr(select, "PIPE_BUF", 512)
"""A pipe that is ready takes this many bytes without blocking; 512 is the least that POSIX promises."""

OPEN_AT_ONCE: Final[int] = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
"""Flags for `os.open`: a FIFO without a writer is opened at once, and no child process inherits the descriptor."""

SOCKET_TABLES: Final[Path | None] = _tables if (_tables := Path("/proc/self/net")).is_dir() else None
"""Where the kernel lists the sockets of this network namespace; None where it does not."""


def boot_seconds() -> float | None:
    """Seconds since the machine started, those asleep included; None where the system does not count them."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return None if clock is None else time.clock_gettime(clock)


def wait_writable(target: int | socket.socket, timeout: float) -> bool:
    """Wait at most `timeout` seconds until a descriptor or socket takes bytes; whether it does."""
    if hasattr(select, "poll"):
        poll = select.poll()
        poll.register(target, select.POLLOUT)
        return bool(poll.poll(max(0.0, timeout) * 1000))
    try:
        # A connect that failed shows among the exceptional ones on Windows.
        _, ready, failed = select.select([], [target], [target], max(0.0, timeout))
    except OSError:  # Windows waits for sockets alone, and a file is always ready
        return True
    return bool(ready or failed)


def send_at_once(sock: socket.socket, data: bytes) -> int:
    """Send what the socket takes now, and return how much that was. Raises OSError, BlockingIOError if it is nothing.

    The socket is asked first, because one with a timeout would wait in spite of MSG_DONTWAIT. Where there is no such
    flag, a message that is larger than the room in the socket could still wait.
    """
    if not wait_writable(sock, 0.0):
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
    return sock.send(data, getattr(socket, "MSG_DONTWAIT", 0))


def unix_datagrams() -> socket.socket:
    """A datagram socket of the file system that never blocks. Raises OSError where there are none."""
    family = getattr(socket, "AF_UNIX", None)
    if family is None:
        raise OSError(errno.EAFNOSUPPORT, os.strerror(errno.EAFNOSUPPORT))
    made = socket.socket(family, socket.SOCK_DGRAM)
    made.setblocking(False)
    return made


def lock_at_once(descriptor: int) -> bool:
    """Lock an open file for this process, without waiting; False if another one has the lock. Raises OSError.

    The system takes the lock away when the descriptor is closed, and so when the process ends.
    """
    try:
        if sys.platform == "win32":
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EAGAIN, errno.EWOULDBLOCK, errno.EACCES, errno.EDEADLK):
            return False
        raise
    return True


class OwnGroup(TypedDict):
    """Arguments for `Popen`."""

    start_new_session: bool


def in_own_group() -> OwnGroup:
    """Arguments for `Popen` with which `end_group` reaches all that the program starts."""
    return {"start_new_session": sys.platform != "win32"}


def end_group(program: subprocess.Popen[bytes]) -> None:
    """Kill a program started `in_own_group`, with all that it started; one that has ended leaves nothing running."""
    if sys.platform != "win32":
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(program.pid, signal.SIGKILL)
    elif program.poll() is None:
        program.kill()
    program.wait()
