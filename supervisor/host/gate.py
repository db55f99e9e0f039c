"""May this program send orders now? The gate of the program's own session, joined with the daemon's if there is one.

- It is the core's gate, with two reasons that only a host sees: a message about orders that could not be decoded, and a
  callback that runs for too long.
- Between two decisions of the loop it is looked at here, so that it is closed at once: the connection is over, a
  callback runs, the loop itself stands still.
"""

import time
from collections.abc import Callable
from typing import Protocol

from supervisor.core.explain.gates import why_closed
from supervisor.core.model.gate import LEASE, GateReason
from supervisor.core.model.snapshot import Snapshot
from supervisor.core.program.busy import Work, is_busy
from supervisor.observe.gate.reader import Check, Gate, since_boot

_OVER = "the connection of this session is over"
_BUSY = "a callback of the program runs for more than half a second, and nothing is heard meanwhile"


class Living(Protocol):
    """A session, as the gate sees it."""

    @property
    def epoch(self) -> int: ...

    @property
    def work(self) -> Work: ...

    def connected(self) -> bool:
        """Whether requests go."""
        ...


class HostGate:
    """The gate of a hosted program. May be asked from any thread, and costs microseconds.

    Args:
        snapshot: how the gateway stands, as of the last decision.
        session: the program's session, if it has one.
        daemon: the gate of a daemon that watches the same gateway. It must be open too.

    Raises:
        ValueError: `daemon` is no gate.
    """

    def __init__(
        self, snapshot: Callable[[], Snapshot], session: Callable[[], Living | None], daemon: Gate | None
    ) -> None:
        if daemon is not None and not isinstance(daemon, Gate):
            raise ValueError(f"daemon_gate={daemon!r}: a Gate, such as Gate({str(daemon)!r})")
        self._snapshot = snapshot
        self._session = session
        self._daemon = daemon

    def check(self) -> Check:
        """What it says now."""
        found = self._own()
        if self._daemon is None or not found.open:
            return found
        told = self._daemon.check()
        return found if told.open else told

    def _own(self) -> Check:
        snapshot = self._snapshot()
        view = snapshot.gate
        restart = None if view.next_restart is None else view.next_restart.isoformat()
        if snapshot.at.boot + LEASE <= since_boot():
            return Check(False, "unknown", why="the host decides nothing any more", epoch=view.epoch)
        session = self._session()
        now = time.monotonic()
        if view.open and (session is None or session.epoch != snapshot.epoch or not session.connected()):
            return Check(False, "closed", (GateReason.SESSION.value,), (_OVER,), "", view.epoch, restart)
        if view.open and session is not None and is_busy(session.work, now):
            return Check(False, "closed", (GateReason.PROGRAM_BUSY.value,), (_BUSY,), "", view.epoch, restart)
        if view.open:
            return Check(True, "open", (), (), "", view.epoch, restart)
        reasons = why_closed(snapshot)
        names, texts = tuple(reason.value for reason, _ in reasons), tuple(text for _, text in reasons)
        return Check(False, "closed", names, texts, "", view.epoch, restart)
