"""Reads the tables once a second for all gateways together, and once more at a suspicion.

- On one thread. A read that takes long delays the next one, and nothing else: the core forgets what is old.
- Nothing is posted for a gateway that is not looked at.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from supervisor.core.model.behind.sight import Sockets
from supervisor.core.model.events import SocketsSeen
from supervisor.frozen import dataclass
from supervisor.kernel import tables
from supervisor.platform import SOCKET_TABLES

EVERY = 1.0
SAME_FOR = 1.5
"""Seconds after which a look that shows what the last one did is told again, so that it stays fresh."""
log = logging.getLogger("supervisor.kernel")


@dataclass(frozen=True, slots=True)
class Asked:
    """One gateway to be looked at."""

    port: Callable[[], int]
    """The one in use."""
    ends: Callable[[], tables.Ends | None]
    """Of our connection; None without one."""


class KernelWatch:
    """The one thread of a daemon that reads the tables. `arrange` and `hurry` are for any thread."""

    def __init__(
        self, post: Callable[[str, SocketsSeen], None], folder: Path | None = SOCKET_TABLES, every: float = EVERY
    ) -> None:
        self._post = post
        self._folder = folder
        self._every = every
        self._asked: Mapping[str, Asked] = {}
        self._told: Mapping[str, tuple[Sockets, float]] = {}
        """What each gateway was told last, and when, in monotonic seconds."""
        self._turn = threading.Event()
        self._over = False
        self._thread: threading.Thread | None = None

    def arrange(self, asked: Mapping[str, Asked]) -> None:
        """Look at these gateways from now on."""
        self._asked = dict(asked)
        if asked and self._folder is not None and self._thread is None:
            self._thread = threading.Thread(target=self._live, name="kernel", daemon=True)
            self._thread.start()

    def hurry(self) -> None:
        """Look now."""
        self._turn.set()

    def end(self) -> None:
        """Look no more, and do not wait for a look that is under way."""
        self._over = True
        self._turn.set()

    def _live(self) -> None:
        hurried = False
        while not self._over:
            self._turn.clear()
            try:
                self.look(anew=hurried)
            except Exception:
                log.exception("looking at the sockets failed")
            hurried = self._turn.wait(self._every)

    def look(self, *, anew: bool = True) -> None:
        """Read the tables once, and tell each gateway's part of it. `anew`: also what was told a moment ago."""
        folder, asked = self._folder, {name: (each.port(), each.ends()) for name, each in self._asked.items()}
        table = tables.read_v4(folder) if asked and folder is not None else None
        if table is None or folder is None:
            return
        seen = {name: tables.sockets_on(table, *each) for name, each in asked.items()}
        if not all(tables.is_whole(seen[name], ends) for name, (_, ends) in asked.items()):
            # A read costs the kernel milliseconds, because it walks all its sockets: the second one only if need be.
            table += tables.read_v6(folder)
            seen = {name: tables.sockets_on(table, *each) for name, each in asked.items()}
        now, told = time.monotonic(), {}
        for name, sockets in seen.items():
            last = self._told.get(name)
            if not anew and last is not None and sockets == last[0] and now - last[1] < SAME_FOR:
                told[name] = last
                continue
            told[name] = sockets, now
            self._post(name, SocketsSeen(sockets))
        self._told = told
