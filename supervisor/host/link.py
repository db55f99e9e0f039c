"""The loop's end of a hosted program: actions in, events out. It never waits.

As `supervisor.gateway.link`, but a session lives on the program's thread, and so after the one before it.
"""

from collections.abc import Callable

from supervisor.core.model.actions import Connect, SessionAction
from supervisor.core.model.events import ProgramEvent, SessionEvent
from supervisor.core.program.pacing import Pacing
from supervisor.frozen import replace
from supervisor.gateway.addresses import Addresses
from supervisor.gateway.hosted.connection import ThreadContext
from supervisor.gateway.hosted.session import HostedSession, House
from supervisor.gateway.link import HANDSHAKE_GRACE, pass_on
from supervisor.gateway.lookup import Lookups
from supervisor.host.seat import Seat


class HostLink:
    """The connection of the loop to the gateway of one program."""

    def __init__(
        self, house: House, seat: Seat, post: Callable[[SessionEvent | ProgramEvent], None], patience: float
    ) -> None:
        self._house = house
        self._seat = seat
        self._post = post
        self._patience = patience
        self._desk = ThreadContext()
        self._lookups = Lookups()
        self._addresses = Addresses()
        self.session: HostedSession | None = None
        """The one that the loop means. The one that lives may still be the one before."""

    def carry_out(self, action: SessionAction) -> None:
        """Do it without blocking. What follows comes as events."""
        if isinstance(action, Connect):
            self._connect(action)
            return
        pass_on(self.session, action)

    def close(self, timeout: float) -> bool:
        """End the session. Wait at most `timeout` seconds. True if it is over."""
        session, self.session = self.session, None
        if session is None:
            return True
        session.close("shutdown")
        return self._seat.is_here() or session.join(timeout)

    def _connect(self, order: Connect) -> None:
        pacing = Pacing(self._patience)
        if self.session is not None:
            self.session.close("replaced")
            pacing = Pacing(self._patience, paced=self.session.paced.pacing.paced)
        self.session = HostedSession(
            replace(order, handshake_timeout=order.handshake_timeout + HANDSHAKE_GRACE),
            self._post,
            house=self._house,
            bell=self._seat.bell,
            desk=self._desk,
            pacing=pacing,
            lookups=self._lookups,
            addresses=self._addresses,
        )
        self._seat.take(self.session)
