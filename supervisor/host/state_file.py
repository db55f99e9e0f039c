"""What must survive the program's process: the highest order id, and when it was last connected.

- The file is one line of JSON of a fixed length, written in place. That takes microseconds, so it is done before an
  order goes out. A kill of the process loses nothing; a power cut may lose the last second.
- A file that cannot be read is no reason not to start: then the gateway's word counts, and a line in the log says so. A
  file of another program is: its ids are not ours.
"""

import json
import logging
import math
import os
import threading
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from supervisor.core.model.facts import Facts, UsedId
from supervisor.core.program.order_ids import LARGEST
from supervisor.frozen import dataclass

LOG = logging.getLogger("supervisor.host")
_LENGTH = 256


@dataclass(frozen=True, slots=True)
class Kept:
    """What an earlier process left."""

    client_id: int
    host: str
    port: int
    highest: int = 0
    alive_at: float = 0.0
    """When a session was last seen ready, Unix seconds; 0.0 if never."""

    @property
    def last_alive(self) -> datetime | None:
        """As an instant; None if never."""
        return datetime.fromtimestamp(self.alive_at, UTC) if self.alive_at else None


def facts_of(kept: Kept) -> Facts:
    """What the core is told of an earlier process: its connection may still hold the client id."""
    alive_at = kept.last_alive
    return Facts() if alive_at is None else Facts(client_ids=(UsedId(kept.client_id, alive_at),))


class StateFile:
    """Holds a `Kept`; without a path it lives in memory alone.

    Raises:
        ValueError: the file is of another client id.
        OSError: it cannot be opened or made.
    """

    def __init__(self, path: str | os.PathLike[str] | None, client_id: int, host: str, port: int) -> None:
        self._turn = threading.Lock()
        self._descriptor = -1
        self.kept = Kept(client_id, host, port)
        if path is None:
            return
        self._descriptor = os.open(Path(path), os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
        found = _read(os.read(self._descriptor, _LENGTH * 2), str(path))
        if found is not None:
            if found.client_id != client_id:
                self.close()
                raise ValueError(f"state={path}: it is of client id {found.client_id}, and this is {client_id}")
            self.kept = Kept(client_id, host, port, found.highest, found.alive_at)

    def keep(self, *, highest: int | None = None, alive_at: float | None = None) -> None:
        """Write what is new. An error is logged: it must not stop an order."""
        with self._turn:
            kept = self.kept
            self.kept = Kept(
                kept.client_id,
                kept.host,
                kept.port,
                kept.highest if highest is None else highest,
                kept.alive_at if alive_at is None else alive_at,
            )
            if self._descriptor < 0 or self.kept == kept:
                return
            line = json.dumps(asdict(self.kept)).encode()
            try:
                os.lseek(self._descriptor, 0, os.SEEK_SET)
                os.write(self._descriptor, line.ljust(_LENGTH - 1) + b"\n")
            except OSError as error:
                LOG.error("the state file cannot be written: %s", error.strerror)

    def alive(self, wall: float) -> None:
        """A session is ready now, and all that can be told was told."""
        self.keep(alive_at=float(math.floor(wall)))

    def close(self) -> None:
        """Close the file."""
        with self._turn:
            if self._descriptor >= 0:
                os.close(self._descriptor)
                self._descriptor = -1


def _read(content: bytes, name: str) -> Kept | None:
    if not content.strip():
        return None
    try:
        told = json.loads(content.split(b"\n", 1)[0])  # more than a line is what stood there before
        kept = Kept(
            int(told["client_id"]), str(told["host"]), int(told["port"]), int(told["highest"]), float(told["alive_at"])
        )
        if not 0 <= kept.highest < LARGEST:
            raise ValueError("no order can have that id")
        _ = kept.last_alive  # raises where it is no instant
        return kept
    except (ValueError, KeyError, TypeError, OverflowError, OSError):
        LOG.warning("state file %s is damaged: the highest order id of an earlier process is not known", name)
        return None
