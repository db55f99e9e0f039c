"""Requests that the host makes again after a loss of data, each time with a new request id.

- They are made on the program's thread: in a new session before `on_ready`, and after 1101 at once. After 1102 the
  gateway goes on by itself, and nothing is made again.
- One that raises is logged, and tried again with the next session.
"""

import itertools
import logging
import threading
from collections.abc import Callable
from typing import Any

from supervisor.gateway.hosted.ears import ENDS_THE_PROCESS

LOG = logging.getLogger("supervisor.host")
FIRST_ID = 1_000_000_000
"""Request ids of subscriptions count from here; those of the program's own requests should be lower."""
REMEMBERED = 64
"""Earlier ids of a subscription that are still understood."""
Make = Callable[[Any, int], object]
"""Gets the program's client and a request id, and makes the request."""


class Subscription:
    """One request, however often it is made."""

    def __init__(self, make: Make, owner: "Subscriptions") -> None:
        self._make = make
        self._owner = owner
        self.req_id: int | None = None
        """The request id of now; None until it is made first."""
        self.earlier: tuple[int, ...] = ()
        """The ids before it, the oldest first."""

    def cancel(self) -> None:
        """Do not make it again. The request that runs is the program's to cancel."""
        self._owner.forget(self)

    def renew(self) -> None:
        """Make it again with a new id, after its stream has died (10182). On the program's thread."""
        self._owner.renew(self)


class Subscriptions:
    """All of a host.

    Args:
        client: the program's client if a session is ready, else None.
        is_open: whether `on_ready` was called for that session. Before it, what waits is made all at once.
        call: lets something be done on the program's thread.
    """

    def __init__(
        self, client: Callable[[], Any], is_open: Callable[[], bool], call: Callable[[Callable[[], None]], None]
    ) -> None:
        self._client = client
        self._is_open = is_open
        self._call = call
        self._turn = threading.Lock()
        self._ids = itertools.count(FIRST_ID)
        self._all: list[Subscription] = []

    def add(self, make: Make) -> Subscription:
        """Register it, and make it now if a session is ready. Raises TypeError: it cannot be called."""
        if not callable(make):
            raise TypeError(f"subscribe({make!r}): a function of the program's client and a request id")
        found = Subscription(make, self)
        with self._turn:
            self._all.append(found)
        self._call(lambda: self.renew(found) if found.req_id is None and self._is_open() else None)
        return found

    def forget(self, subscription: Subscription) -> None:
        """Do not make it again."""
        with self._turn:
            self._all = [each for each in self._all if each is not subscription]

    def of(self, req_id: int) -> Subscription | None:
        """The subscription that has, or had, this request id."""
        with self._turn:
            return next((each for each in self._all if req_id == each.req_id or req_id in each.earlier), None)

    def renew_all(self) -> None:
        """Data was lost: make all of them again."""
        with self._turn:
            found = tuple(self._all)
        for each in found:
            self.renew(each)

    def renew(self, subscription: Subscription) -> None:
        """Make it again."""
        client = self._client()
        with self._turn:
            if client is None or subscription not in self._all:
                return
            if subscription.req_id is not None:
                subscription.earlier = (*subscription.earlier, subscription.req_id)[-REMEMBERED:]
            subscription.req_id = next(self._ids)
        try:
            subscription._make(client, subscription.req_id)
        except ENDS_THE_PROCESS:
            raise
        except BaseException:
            LOG.exception("a subscription could not be made; it is tried again with the next session")
