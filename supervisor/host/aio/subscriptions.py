"""What the program wants to have asked for in each session, and again after a loss of data.

Streams of `reqMktData` and its kin are made again without this (`memory`). This is for all else: bars, a scanner, a
request that needs a contract to be looked up first.
"""

from collections.abc import Callable
from typing import Any

from ib_async import IB

Make = Callable[[IB], Any]
"""Gets the IB and makes the request; a function or a coroutine function."""


class AioSubscription:
    """One request, however often it is made."""

    def __init__(self, make: Make, forget: Callable[["AioSubscription"], object]) -> None:
        self.make = make
        self._forget = forget
        self.made: Any = None
        """What the last request returned; None before."""

    def cancel(self) -> None:
        """Do not make it again. What runs is the program's to cancel."""
        self._forget(self)
