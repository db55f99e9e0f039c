"""Work that may wait, done beside the web server's own loop.

Each piece gets a thread of its own that never keeps the process alive: a daemon that hangs must still be able to end.
"""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from functools import partial
from typing import TypeVar

T = TypeVar("T")


class BoundedExecutor:
    """At most `places` pieces of work at a time; who comes later waits for a place."""

    def __init__(self, name: str, places: int) -> None:
        self._name = name
        self._places = asyncio.Semaphore(places)

    @property
    def full(self) -> bool:
        """Whether one would have to wait."""
        return self._places.locked()

    async def do(self, work: Callable[[], T]) -> T:
        """What `work` returns or raises, from a thread."""
        async with self._places:
            return await beside(self._name, work)


async def beside(name: str, work: Callable[[], T]) -> T:
    """What `work` returns or raises, from a thread of this name."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(act: Callable[[], None]) -> None:
        if not done.done():  # else nobody waits any more
            act()

    def run() -> None:
        try:
            result = work()
        except Exception as error:
            act = partial(done.set_exception, error)
        else:
            act = partial(done.set_result, result)
        with contextlib.suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(settle, act)

    threading.Thread(target=run, name=name, daemon=True).start()
    return await done
