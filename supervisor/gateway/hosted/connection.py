"""The connection of a hosted program: its messages are paced, and its thread can be called away from the socket.

- A request waits in the queue of its connection and dies with it. So an order never reaches another session.
- The heartbeat and the questions of the host never wait. They count.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from supervisor.core.program import pacing as pace
from supervisor.core.program.pacing import Pacing, Priority, Waiting
from supervisor.frozen import replace
from supervisor.gateway.connection import SupervisedConnection
from supervisor.gateway.hosted.errors import NotSent, Why
from supervisor.platform import Bell

_PLACE_ORDER, _CANCEL_ORDER, _EXERCISE, _GLOBAL_CANCEL = 3, 4, 21, 58
_KINDS = {
    _PLACE_ORDER: Priority.ORDER,
    _EXERCISE: Priority.ORDER,
    _CANCEL_ORDER: Priority.CANCEL,
    _GLOBAL_CANCEL: Priority.CANCEL,
}
_PROTOBUF_IDS, _RAW_IDS_SINCE = 200, 201


@dataclass(slots=True)
class Asking:
    """The request that this thread is making."""

    name: str = ""
    kind: Priority | None = None
    """None: the message itself tells it."""
    order_id: int | None = None
    every: bool = False
    """It cancels all orders."""
    known: bool = False
    """The gateway may know an order of this id."""
    failed: NotSent | None = None
    """Why it did not go. `ibapi` may have swallowed the exception."""
    said: list[str] = field(default_factory=list)
    """What `ibapi` said against it."""


class ThreadContext(threading.local):
    """What each thread is asking for."""

    asking: Asking | None = None
    """A request of the program; None: one of ours, or the handshake."""
    ours: bool = False
    """This thread sends something of the host's own."""


class Removed(Protocol):
    """Is told of orders that were taken out of the queue."""

    def __call__(self, orders: tuple[Waiting, ...], why: str, *, cancelled: bool = False) -> None:
        """`cancelled`: because the program cancelled them."""
        ...


class PacedConnection(SupervisedConnection):
    """A connection with a queue.

    Args:
        desk: knows what the sending thread asks for.
        bell: calls the session's thread away from the socket.
        called: does what it is called for.
        pacing: an empty queue.
        removed: is told of orders that were taken out of the queue.
        waits: called when something waits in the queue.
        more: as for `SupervisedConnection`.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        desk: ThreadContext,
        bell: Bell,
        called: Callable[[], None],
        pacing: Pacing,
        removed: "Removed",
        waits: Callable[["PacedConnection"], None],
        **more: Any,
    ) -> None:
        super().__init__(host, port, **more)
        self._desk = desk
        self._bell = bell
        self._called = called
        self._removed = removed
        self._waits = waits
        self._turn = threading.Lock()
        self.pacing = pacing
        """As of now. It may be read from any thread."""

    def sendMsg(self, msg: bytes) -> int:
        """Send now, or let it wait for its turn. Raises NotSent, OSError."""
        if self._server_version == 0 or self._desk.ours:  # the handshake, or one of ours
            with self._turn:
                self.pacing = pace.counted(self.pacing, time.monotonic())
                return super().sendMsg(msg)
        asking = self._desk.asking or Asking()
        kind = asking.kind if asking.kind is not None else self._kind_of(msg)
        message = Waiting(kind, asking.order_id, msg, time.monotonic(), asking.name, asking.known)
        with self._turn:
            if not self.isConnected():
                raise self._not_sent(asking, Why.DOWN, "the session is over")
            verdict = pace.offer(self.pacing, message, every=asking.every)
            self.pacing = verdict.pacing
            if verdict.send:
                super().sendMsg(msg)
            waiting = bool(verdict.pacing.waiting)
        if verdict.removed:
            why = "a cancel came while it waited in the queue: it was never sent"
            self._removed(verdict.removed, why, cancelled=True)
        if verdict.refused:
            raise self._not_sent(asking, Why.LATE, verdict.refused)
        if waiting:
            self._waits(self)
        return len(msg)

    def send_due(self) -> float | None:
        """Send what may go now. Seconds until more may; None if nothing waits."""
        while True:
            now = time.monotonic()
            with self._turn:
                if not self.isConnected():
                    return None
                turn = pace.due(self.pacing, now)
                self.pacing = turn.pacing
                if turn.send is not None:
                    try:
                        super().sendMsg(turn.send.frame)
                    except OSError:
                        return None  # the session is over, and says so itself
                wake = pace.wake(turn.pacing, now)
            if turn.stale:
                self._removed(turn.stale, "it waited too long in the queue: it was never sent")
            if turn.send is None:
                return None if wake is None else max(0.0, wake - now)

    def abandon(self) -> tuple[Waiting, ...]:
        """The session is over: what waits will never go."""
        with self._turn:
            left, self.pacing = self.pacing.waiting, replace(self.pacing, waiting=())
        return left

    def _not_sent(self, asking: Asking, why: Why, text: str) -> NotSent:
        asking.failed = NotSent(asking.name or "a request", why, text)
        return asking.failed

    def _kind_of(self, msg: bytes) -> Priority:
        if self._server_version >= _RAW_IDS_SINCE:
            number = int.from_bytes(msg[4:8], "big")
            number -= _PROTOBUF_IDS if number > _PROTOBUF_IDS else 0
        else:
            number = int(msg[4:16].split(b"\0", 1)[0] or b"0")
        return _KINDS.get(number, Priority.REQUEST)

    def _receive(self) -> None:
        """Wait for bytes or for the bell."""
        readable, rung = self._bell.wait(self.socket)
        if rung:
            self._called()
        if readable and self.over is None:
            super()._receive()
