"""Reading the gate's file: may I send now?

- A file is believed only while its lease holds on both clocks: 0 < valid_until - now <= `LONGEST`. A lease that ends
  later than any daemon would write is as dead as one that is over: the machine was started anew, or a clock was set.
- Nothing is raised and nothing is waited for. What cannot be read is `unknown`.
- Standard library only, and little of it: a program reads this before each order.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from typing import Literal, NamedTuple

State = Literal["open", "closed", "unknown"]

LONGEST = 2.5
"""Seconds that a lease may have left, at most."""
_SIZE = 65536
"""Bytes. A file that is larger is not one of ours."""
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
"""A FIFO in the file's place is opened at once."""
_BOOTTIME: int | None = getattr(time, "CLOCK_BOOTTIME", None)


def since_boot() -> float:
    """CLOCK_BOOTTIME in seconds; CLOCK_MONOTONIC where there is none, as the daemon does there."""
    return time.monotonic() if _BOOTTIME is None else time.clock_gettime(_BOOTTIME)


class Check(NamedTuple):
    """The answer at one moment. Do not keep it: ask again before the next order."""

    open: bool
    """Whether to send: the gate is open; or nobody knows, and `unknown="open"` was chosen."""
    state: State
    """`open`, `closed`, or `unknown`: no file, one that cannot be read, or a lease that has ended."""
    reasons: tuple[str, ...] = ()
    """Why it is closed, by rank: the words of docs/gate.md. Empty unless `state` is `closed`."""
    texts: tuple[str, ...] = ()
    """The same as sentences."""
    why: str = ""
    """Why nobody knows, as a sentence; empty unless `state` is `unknown`."""
    epoch: int | None = None
    """The number of the daemon's session; None if nobody knows."""
    next_restart: str | None = None
    """The next scheduled restart, RFC 3339 in UTC; None if there is none, or nobody knows."""


class Gate:
    """The gate of one gateway, read from its file. May be used from any thread.

    `unknown` says what `Check.open` is when nobody knows: "closed", so that a program stops without the daemon, or
    "open", so that losing the daemon stops nobody. Raises ValueError for another word.
    """

    __slots__ = ("_clocks", "_known", "_open_if_unknown", "_path")

    def __init__(
        self,
        path: str | os.PathLike[str],
        unknown: Literal["closed", "open"] = "closed",
        *,
        clocks: tuple[Callable[[], float], Callable[[], float]] = (time.time, since_boot),
    ) -> None:
        if unknown not in ("closed", "open"):
            raise ValueError(f'unknown is "closed" or "open", not {unknown!r}')
        self._path = os.fspath(path)
        self._open_if_unknown = unknown == "open"
        self._clocks = clocks
        self._known: tuple[bytes, float, float, Check] = (b"", 0.0, 0.0, Check(False, "unknown"))
        """The last content, its two leases, and what it says: the same bytes are not parsed twice."""

    def check(self) -> Check:
        """What the gate says now."""
        try:
            content = self._content()
            known = self._known
            if content != known[0]:
                known = self._known = (content, *_parsed(content))
        except OSError as error:
            return self._unknown(f"{self._path}: {error.strerror or error}")
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
            return self._unknown(f"{self._path} is not the file of a gate")
        wall, boot = self._clocks
        if 0.0 < known[1] - wall() <= LONGEST and 0.0 < known[2] - boot() <= LONGEST:
            return known[3]
        return self._unknown(f"{self._path}: its lease is over, no daemon renews it")

    def _content(self) -> bytes:
        descriptor = os.open(self._path, _FLAGS)
        try:
            return os.read(descriptor, _SIZE)
        finally:
            os.close(descriptor)

    def _unknown(self, why: str) -> Check:
        return Check(self._open_if_unknown, "unknown", why=why)


def _parsed(content: bytes) -> tuple[float, float, Check]:
    """Both leases and the answer. Raises ValueError, KeyError or TypeError for anything else."""
    said = json.loads(content)
    if not isinstance(said, dict) or not isinstance(said["open"], bool):
        raise ValueError("not a gate")
    wall, boot = float(said["valid_until_realtime"]), float(said["valid_until_boottime"])
    found = said["reasons"]
    is_open = said["open"]
    return (
        wall,
        boot,
        Check(
            is_open,
            "open" if is_open else "closed",
            tuple(str(each["reason"]) for each in found),
            tuple(str(each["text"]) for each in found),
            "",
            said["epoch"],
            said["next_restart"],
        ),
    )
