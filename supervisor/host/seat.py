"""The one thread of the program: its sessions live there one after the other, and so does all that is called there.

- `live` is for that thread, the caller's or one of the host's own. It returns when the seat is ended and the present
  session is over.
- A call is made between two messages of the present session, or between two sessions. Calls keep their order.
- A call that raises is logged and costs nothing else.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable

from supervisor.gateway.hosted.ears import ENDS_THE_PROCESS
from supervisor.gateway.hosted.session import HostedSession
from supervisor.platform import Bell

LOG = logging.getLogger("supervisor.host")


class Seat:
    """Where sessions live."""

    def __init__(self) -> None:
        self.bell = Bell()
        self.session: HostedSession | None = None
        """The present one, or the last one."""
        self.before: HostedSession | None = None
        """The one before it: the next session may begin before the program was told of the loss."""
        self.thread: int | None = None
        self._calls: deque[Callable[[], None]] = deque()
        self._sessions: deque[HostedSession] = deque()
        self._turn = threading.Condition()
        self._ended = False

    # -- for every thread ----------------------------------------------------------------------------------------------

    def call(self, act: Callable[[], None]) -> None:
        """Let it be done on the seat's thread."""
        with self._turn:
            self._calls.append(act)
            self._turn.notify()
        self.bell.ring()

    def take(self, session: HostedSession) -> None:
        """Let this session live there, after the one before it."""
        with self._turn:
            self._sessions.append(session)
            self._turn.notify()

    def end(self) -> None:
        """Let `live` return. Sessions are ended by whoever began them."""
        with self._turn:
            self._ended = True
            self._turn.notify()

    def is_here(self) -> bool:
        """Whether this is the seat's thread."""
        return threading.get_ident() == self.thread

    # -- for the seat's thread -----------------------------------------------------------------------------------------

    def live(self) -> None:
        """Live through all sessions."""
        self.thread = threading.get_ident()
        self.bell.hang()
        try:
            while True:
                with self._turn:
                    while not (self._calls or self._sessions or self._ended):
                        self._turn.wait()
                    session = self._sessions.popleft() if self._sessions and not self._calls else None
                    if session is None and not self._calls:
                        return
                self.do_calls()
                if session is not None:
                    self.before, self.session = self.session, session
                    session.live()
        finally:
            self.thread = None
            self.bell.close()

    def do_calls(self) -> None:
        """Do all that waits."""
        while self._calls:
            act = self._calls.popleft()
            try:
                act()
            except ENDS_THE_PROCESS:
                raise
            except BaseException:
                LOG.exception("a call on the program's thread failed")
