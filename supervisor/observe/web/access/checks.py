"""Whose password is compared next. A comparison takes long on purpose, and strangers could ask for any number of them.

- The number of comparisons at a time is limited. A client that waits longer than `patience` is told to come back.
- The next one is the client that failed least often lately, by address and name. Among equals it is the newest one. So
  a scraper that comes for the first time is served before a crowd that was there earlier or comes back at once.
- The number of waiting clients is limited. If there is one too many, the one whose turn would come last is refused.
- Known and unknown names are treated the same, so waiting tells a client nothing.
"""

import asyncio
import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Protocol, TypeVar

from supervisor.observe.web.threads import beside

T = TypeVar("T")

PLACES = 2
PATIENCE = 3.0
"""Seconds for which a request waits for a place."""
WAITING = 64
REMEMBERED = 4096
"""The number of keys whose failures are remembered."""
FOR = 60.0
"""For so many seconds."""


class Busy(Exception):
    """Too many clients ask. Come back later."""


class Asker(Protocol):
    """A connection whose client wants to be let in."""

    proved: bool
    """Whether the client is known."""
    checking: bool
    """Whether a password of the client is being compared now."""

    @property
    def address(self) -> str:
        """Where it comes from."""
        ...

    @property
    def gone(self) -> bool:
        """Whether the client has left."""
        ...


@dataclass(eq=False, slots=True)
class _Waiting:
    key: bytes
    number: int
    asker: Asker
    turn: "asyncio.Future[None]"


@dataclass(slots=True)
class Failures:
    """How often each key has failed lately."""

    clock: Callable[[], float] = time.monotonic
    _known: "OrderedDict[bytes, tuple[int, float]]" = field(default_factory=OrderedDict)

    def of(self, key: bytes) -> int:
        """The failures of this key."""
        times, last = self._known.get(key, (0, 0.0))
        return times if self.clock() - last < FOR else 0

    def add(self, key: bytes) -> None:
        """Count one more. If there are too many keys, the one that failed longest ago is forgotten."""
        self._known[key] = (self.of(key) + 1, self.clock())
        self._known.move_to_end(key)
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)


class Checks:
    """The comparisons. To be used on the web server's loop."""

    def __init__(self, places: int = PLACES, patience: float = PATIENCE, waiting: int = WAITING) -> None:
        self._free = places
        self._patience = patience
        self._most = waiting
        self._numbers = count()
        self._waiting: list[_Waiting] = []
        self.failures = Failures()

    async def do(self, key: bytes, asker: Asker, work: Callable[[], T]) -> T:
        """Run `work` in a thread when it is its turn, and return its result. Raises Busy."""
        await self._turn(key, asker)
        asker.checking = True
        try:
            return await beside("ib-web-users", work)
        finally:
            asker.checking = False
            self._pass_on()

    async def _turn(self, key: bytes, asker: Asker) -> None:
        if self._free:
            self._free -= 1
            return
        own = _Waiting(key, next(self._numbers), asker, asyncio.get_running_loop().create_future())
        self._waiting.append(own)
        if len(self._waiting) > self._most:
            self._refuse(max(self._waiting, key=self._rank))
        try:
            await asyncio.wait_for(asyncio.shield(own.turn), self._patience)
        except TimeoutError:
            if own.turn.done() and own.turn.exception() is None:
                return  # the turn came at the last moment
            self._refuse(own)
            raise Busy from None
        except asyncio.CancelledError:
            if own in self._waiting:
                self._waiting.remove(own)
            elif own.turn.done() and own.turn.exception() is None:
                self._pass_on()
            raise

    def _rank(self, one: _Waiting) -> tuple[bool, int, int]:
        """The lowest comes next."""
        return one.asker.gone, self.failures.of(one.key), -one.number

    def _refuse(self, one: _Waiting) -> None:
        self._waiting.remove(one)
        self.failures.add(one.key)
        if not one.turn.done():
            one.turn.set_exception(Busy())
            one.turn.exception()  # marks it as seen, even if nobody waits

    def _pass_on(self) -> None:
        if not self._waiting:
            self._free += 1
            return
        following = min(self._waiting, key=self._rank)
        self._waiting.remove(following)
        following.turn.set_result(None)


def network(address: str) -> str:
    """The address. Of an IPv6 address only the first 64 bits, because one customer has all 2**64 below them."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found, 64), strict=False))
