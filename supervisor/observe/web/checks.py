"""Who may have a password compared next: comparing is dear on purpose, and strangers ask for as much of it as they can.

- So many comparisons at a time, whoever asks. Who waits longer than `patience` is told to come back.
- Next is who has failed least of late, by address and name; of those who failed alike, the newest. A crowd that was
  there first, or that comes back as soon as it is refused, is behind a scraper that comes for the first time.
- So many wait; one more costs the one whose turn would come last.
- Known and unknown names are treated alike: who waits learns nothing.
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
"""Seconds for which a question waits for a place."""
WAITING = 64
REMEMBERED = 4096
"""Keys whose failures are remembered,"""
FOR = 60.0
"""and for how many seconds."""


class Busy(Exception):
    """Too many ask; come back later."""


class Asker(Protocol):
    """A connection on which somebody asks to be let in."""

    proved: bool
    """Whether it is known who asks."""
    checking: bool
    """Whether a password of it is being compared right now."""

    @property
    def address(self) -> str:
        """Where it comes from."""
        ...

    @property
    def gone(self) -> bool:
        """Whether nobody waits for the answer any more."""
        ...


@dataclass(eq=False, slots=True)
class _Waiting:
    key: bytes
    number: int
    asker: Asker
    turn: "asyncio.Future[None]"


@dataclass(slots=True)
class Failures:
    """How often a key has failed of late."""

    clock: Callable[[], float] = time.monotonic
    _known: "OrderedDict[bytes, tuple[int, float]]" = field(default_factory=OrderedDict)

    def of(self, key: bytes) -> int:
        """So often."""
        times, last = self._known.get(key, (0, 0.0))
        return times if self.clock() - last < FOR else 0

    def add(self, key: bytes) -> None:
        """Once more; of too many keys the one that failed longest ago is forgotten."""
        self._known[key] = (self.of(key) + 1, self.clock())
        self._known.move_to_end(key)
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)


class Checks:
    """The comparisons. Used on the web server's loop."""

    def __init__(self, places: int = PLACES, patience: float = PATIENCE, waiting: int = WAITING) -> None:
        self._free = places
        self._patience = patience
        self._most = waiting
        self._numbers = count()
        self._waiting: list[_Waiting] = []
        self.failures = Failures()

    async def do(self, key: bytes, asker: Asker, work: Callable[[], T]) -> T:
        """What `work` returns, from a thread, in its turn. Raises Busy."""
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
                return  # it came in the last moment
            self._refuse(own)
            raise Busy from None
        except asyncio.CancelledError:
            if own in self._waiting:
                self._waiting.remove(own)
            elif own.turn.done() and own.turn.exception() is None:
                self._pass_on()
            raise

    def _rank(self, one: _Waiting) -> tuple[bool, int, int]:
        """The least comes next."""
        return one.asker.gone, self.failures.of(one.key), -one.number

    def _refuse(self, one: _Waiting) -> None:
        self._waiting.remove(one)
        self.failures.add(one.key)
        if not one.turn.done():
            one.turn.set_exception(Busy())
            one.turn.exception()  # seen, also if nobody waits any more

    def _pass_on(self) -> None:
        if not self._waiting:
            self._free += 1
            return
        following = min(self._waiting, key=self._rank)
        self._waiting.remove(following)
        following.turn.set_result(None)


def network(address: str) -> str:
    """The address, of IPv6 the part that a customer is given: whoever has one has 2**64."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found, 64), strict=False))
