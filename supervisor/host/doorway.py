"""Whether a session is ready for the program, who waits for it, and what a request does that comes without one."""

import logging
import threading
from typing import Any

from supervisor.gateway.hosted.errors import NotSent, Why
from supervisor.host.seat import Seat
from supervisor.host.settings import WhenDown
from supervisor.host.told import Ready

LOG = logging.getLogger("supervisor.host")


class Doorway:
    """Open from `on_ready` to the end of that session. For every thread.

    Args:
        seat: the program's thread.
        when_down: what a request does that comes while no session lives.
        wait_timeout: how long it waits, if it waits, in seconds.
    """

    def __init__(self, seat: Seat, when_down: WhenDown, wait_timeout: float) -> None:
        self._seat = seat
        self._when_down = when_down
        self._wait_timeout = wait_timeout
        self._turn = threading.Condition()
        self._closed = False
        self.epoch = 0
        """The last session that the core called ready."""
        self.ready: Ready | None = None
        """What `on_ready` was told last."""

    def client(self) -> Any:
        """The program's client if its session is ready for the core; else None."""
        session = self._seat.session
        if session is None or session.program is None or session.epoch != self.epoch or not session.connected():
            return None
        return session.program.client

    def is_open(self) -> bool:
        """Whether `on_ready` was called for the session that lives."""
        ready = self.ready
        return ready is not None and ready.epoch == self.epoch and self.client() is not None

    def opened(self, ready: Ready) -> None:
        """`on_ready` was called."""
        with self._turn:
            self.ready = ready
            self._turn.notify_all()

    def close(self) -> None:
        """The host has ended: nobody waits any longer."""
        with self._turn:
            self._closed = True
            self._turn.notify_all()

    def wait(self, timeout: float | None) -> Ready | None:
        """Wait until it is open. None if it was not in time, or the host has ended."""
        with self._turn:
            self._turn.wait_for(lambda: self.is_open() or self._closed, timeout)
            return self.ready if self.is_open() else None

    def down(self, name: str, args: tuple[Any, ...], named: dict[str, Any], *, order: bool) -> Any:
        """What `when_down` says of a request that comes without a session. Raises NotSent."""
        if not order and self._when_down is WhenDown.DROP:
            LOG.info("%s() came while no session lives: dropped", name)
            return None
        if order or self._when_down is WhenDown.RAISE or self._seat.is_here():
            raise NotSent(name, Why.DOWN, "no session lives, or this object's session is over")
        if self.wait(self._wait_timeout) is None:
            raise NotSent(name, Why.DOWN, f"no session came within {self._wait_timeout:g} s")
        client = self.client()
        if client is None:
            raise NotSent(name, Why.DOWN, "the session that came is over already")
        return getattr(client, name)(*args, **named)
