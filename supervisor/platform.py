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
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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


CONNECTING: Final = frozenset({errno.EINPROGRESS, errno.EWOULDBLOCK})
"""What a connect that does not wait says while it is under way: the first of them on POSIX, the second on Windows."""

_OWN: Final = frozenset(
    {
        errno.EMFILE,
        errno.ENFILE,
        errno.ENOMEM,
        errno.ENOBUFS,
        errno.EADDRNOTAVAIL,
        errno.EAFNOSUPPORT,
        errno.ENETDOWN,
        errno.ENETUNREACH,
        errno.EPERM,
        errno.EACCES,
    }
)

REUSE_ADDRESS: Final[bool] = sys.platform != "win32"
"""Whether a port may be taken over from connections that are just ending. On Windows the same option would let two
programs listen on one port.
"""

_ENDINGS: Final = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def until_ended() -> Iterator[Callable[[], None]]:
    """What it gives waits for SIGINT or SIGTERM. For the main thread.

    No handler runs meanwhile, in no thread: the signals are blocked and waited for. Where the system cannot do that,
    handlers take note of them.
    """
    if hasattr(signal, "pthread_sigmask") and hasattr(signal, "sigwait"):
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDINGS)
        try:
            yield lambda: _discard(signal.sigwait(_ENDINGS))
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        return
    ended = threading.Event()
    before = {number: signal.signal(number, lambda *_: ended.set()) for number in _ENDINGS}
    try:
        yield lambda: _wait_in_turns(ended)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _discard(_: object) -> None:
    """Which of the signals it was makes no difference."""


def _wait_in_turns(ended: threading.Event) -> None:
    """Windows lets no handler run while the main thread waits without a limit."""
    while not ended.wait(0.2):
        pass


def boot_seconds() -> float | None:
    """Seconds since the machine started, those asleep included; None where the system does not count them."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return None if clock is None else time.clock_gettime(clock)


def is_own(error: BaseException) -> bool:
    """Whether a connection failed for a reason of this machine, which says nothing of the other side.

    No descriptor, port or memory is left, there is no way out, or a rule of this machine forbids it. Of an error of
    `urllib` its reason counts.
    """
    cause = getattr(error, "reason", error)
    if not isinstance(cause, OSError) or isinstance(cause, socket.gaierror):  # whose numbers are others
        return False
    return cause.errno in _OWN


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

    One with a timeout is asked first, because it would wait in spite of MSG_DONTWAIT. So is one where there is no such
    flag; a message that is larger than the room in the socket could still wait there.
    """
    if not sock.gettimeout() and hasattr(socket, "MSG_DONTWAIT"):
        return sock.send(data, socket.MSG_DONTWAIT)
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


class Bell:
    """Wakes one thread that waits for a socket. `ring` is for every thread, also for a signal handler.

    It holds two sockets from `hang` to `close`. Outside of that `ring` does nothing.
    """

    def __init__(self) -> None:
        self._poll = select.poll() if hasattr(select, "poll") else None
        self._beside = -1
        self._heard: socket.socket | None = None
        self._rope: socket.socket | None = None

    def hang(self) -> None:
        """Make it ready. Raises OSError."""
        self._heard, self._rope = socket.socketpair()
        self._heard.setblocking(False)
        self._rope.setblocking(False)
        if self._poll is not None:
            self._poll.register(self._heard, select.POLLIN)

    def ring(self) -> None:
        """Wake the thread now, or as soon as it waits."""
        rope = self._rope
        if rope is not None:
            with contextlib.suppress(OSError):  # it rings already, or nobody waits any more
                rope.send(b"!")

    def wait(self, sock: socket.socket, timeout: float | None = None) -> tuple[bool, bool]:
        """Wait for the socket, or for the bell: whether the socket has news, and whether the bell rang."""
        assert self._heard is not None
        if self._poll is None:
            found, _, _ = select.select([sock, self._heard], [], [], timeout)
            readable, rung = sock in found, self._heard in found
        else:
            descriptor = sock.fileno()
            if descriptor < 0:
                return True, False  # closed: reading tells how
            self._watch(descriptor)
            ready = {number for number, _ in self._poll.poll(None if timeout is None else timeout * 1000)}
            readable, rung = descriptor in ready, self._heard.fileno() in ready
        if rung:
            with contextlib.suppress(OSError):
                while self._heard.recv(4096):
                    pass
        return readable, rung

    def close(self) -> None:
        """Release both sockets."""
        for end in (self._heard, self._rope):
            if end is not None:
                end.close()

    def _watch(self, descriptor: int) -> None:
        assert self._poll is not None
        if descriptor == self._beside:
            return
        if self._beside >= 0:
            self._poll.unregister(self._beside)
        self._poll.register(descriptor, select.POLLIN)
        self._beside = descriptor
