"""The loop's end of a gateway: actions in, events out. It never waits.

Rules
- Only the loop's thread uses it. Everything that can block happens on the session's own thread.
- The core decides, and this carries out. At most one session lives: a new session ends the one before it.
- An action for a session that has ended does nothing.
"""

import socket
import time
from collections.abc import Callable
from typing import Protocol, assert_never

from supervisor.core.model.actions import Close, Connect, Ping, Probe
from supervisor.core.model.events import SessionEvent
from supervisor.frozen import replace
from supervisor.gateway.addresses import Addresses
from supervisor.gateway.connection import WireLog
from supervisor.gateway.lookup import Lookups
from supervisor.gateway.session import ApiSession
from supervisor.gateway.versions import tame_logging

HANDSHAKE_GRACE = 0.5
"""Seconds that a session waits beyond the core's handshake deadline. So the core judges a mute gateway first."""


class Live(Protocol):
    """What a link asks of a session."""

    @property
    def epoch(self) -> int:
        """Its number."""
        ...

    def close(self) -> None:
        """End it."""
        ...

    def ping(self) -> None:
        """Ask for the gateway's time."""
        ...

    def probe(self, request_id: int, /) -> None:
        """Ask for something that crosses to IBKR."""
        ...


def pass_on(session: Live | None, action: Close | Ping | Probe) -> None:
    """Ask it of the session that it is meant for. If that has ended, nothing is done."""
    if session is None or session.epoch != action.epoch:
        return
    match action:
        case Close():
            session.close()
        case Ping():
            session.ping()
        case Probe(request_id=request_id):
            session.probe(request_id)
        case _:
            assert_never(action)


class GatewayLink:
    """The connection of the loop to one gateway.

    Args:
        name: of the gateway, for the names of threads.
        post: takes every event, from any thread. It must not block and must not raise.
        wire: gets every message, if given.
        lookups: shared by all gateways. Without it the gateway has its own.
    """

    def __init__(
        self,
        name: str,
        post: Callable[[SessionEvent], None],
        *,
        wire: WireLog | None = None,
        lookups: Lookups | None = None,
    ) -> None:
        tame_logging()
        self._name = name
        self._post = post
        self._wire = wire
        self._lookups = lookups or Lookups()
        self._addresses = Addresses()
        self._session: ApiSession | None = None
        self._ending: list[ApiSession] = []

    def carry_out(self, action: Connect | Close | Ping | Probe) -> None:
        """Do it without blocking. What follows comes as events."""
        if isinstance(action, Connect):
            self._connect(action)
            return
        pass_on(self._session, action)

    def socket(self) -> socket.socket | None:
        """The connected socket of the session of now, to be asked about; for any thread."""
        session = self._session
        return session.socket if session is not None else None

    def close(self, timeout: float) -> bool:
        """End all sessions. Wait at most `timeout` seconds. True if no thread of a session is left."""
        deadline = time.monotonic() + timeout
        sessions = [*self._ending, self._session] if self._session else list(self._ending)
        for session in sessions:
            session.close("shutdown")
        self._ending = [session for session in sessions if not session.join(deadline - time.monotonic())]
        self._session = None
        return not self._ending

    def _connect(self, order: Connect) -> None:
        if self._session is not None:
            self._session.close("replaced")
            self._ending.append(self._session)
        self._ending = [session for session in self._ending if not session.join(0)]
        patient = replace(order, handshake_timeout=order.handshake_timeout + HANDSHAKE_GRACE)
        self._session = ApiSession(
            patient,
            self._post,
            lookups=self._lookups,
            addresses=self._addresses,
            label=self._name,
            wire=self._wire,
        )
        self._session.start()
