"""Simulated gateways for synchronous code: any number of them on one thread of their own.

Rules
- `Fleet` owns one thread with one asyncio loop; a hundred gateways share it. `SimulatedGateway` makes a fleet of its
  own unless given one.
- Every call goes to that thread and returns when it is carried out there; so none may be made from that thread (from
  `on_event`).
- After `close` no thread, socket or timer is left.
"""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any, Self, TypeVar, cast

from supervisor.simulator.clock import LoopClock, ManualClock
from supervisor.simulator.connection.control import Control
from supervisor.simulator.engine.acts import ACTS
from supervisor.simulator.engine.server import Client, Result, Server
from supervisor.simulator.scenario.files import Scenario, step

T = TypeVar("T")


class Fleet:
    """A running loop on a thread of its own; a context manager, or `close` it."""

    def __init__(self) -> None:
        # The default loop of Windows cannot watch a listening socket.
        self._loop: asyncio.AbstractEventLoop = asyncio.SelectorEventLoop()
        self._thread = threading.Thread(target=self._run, name="simulated-gateways", daemon=True)
        self._thread.start()

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop that every gateway of the fleet lives on."""
        return self._loop

    def call(self, function: Callable[[], T]) -> T:
        """Call it on the loop and return what it returns, or raise what it raises."""

        async def called() -> T:
            return function()

        return self.wait(called())

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the loop to its end."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def close(self) -> None:
        """Stop the loop and its thread; gateways still open lose their sockets first, by their own `close`."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()

    def _run(self) -> None:
        try:
            self._loop.run_forever()
        finally:
            self._loop.run_until_complete(_cancel_the_others())
            self._loop.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


async def _cancel_the_others() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


class SimulatedGateway:
    """A simulated gateway that runs from its making to its `close`; a context manager.

    `port` 0 is any free port, told by `.port`. `fleet` lets many share a thread. `wall` gives the true time in Unix
    seconds, for tests that play with it; with `clock` the gateway's time stands still until `advance`. `on_event` gets
    a line for people about every step and client, on the fleet's thread. Raises OSError if the port is taken.
    """

    def __init__(
        self,
        scenario: Scenario | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        fleet: Fleet | None = None,
        wall: Callable[[], float] = time.time,
        clock: ManualClock | None = None,
        on_event: Callable[[str], None] = lambda text: None,
    ) -> None:
        self._clock = clock
        self._own = Fleet() if fleet is None else None
        self._fleet = fleet or cast(Fleet, self._own)
        self._control: Control | None = None
        self._closed = False

        def start() -> Server:
            loop = self._fleet.loop
            time_of = clock or LoopClock(loop, wall)
            server = Server(loop, scenario or Scenario(), host, port, time_of, on_event, ACTS)
            server.start()
            return server

        try:
            self._server = self._fleet.call(start)
        except BaseException:
            if self._own is not None:
                self._own.close()
            raise

    def do(self, word: str, **arguments: object) -> Result:
        """Carry out a step: the words and arguments of scenario files; `for_` for `for`.

        Returns what the word tells (mostly nothing). Raises `ScenarioError` for a step that is not right.
        """
        return self._fleet.wait(self._server.do(step(word, **arguments)))

    def advance(self, seconds: float) -> None:
        """Let so many seconds pass on the manual clock, with everything that is due in them."""
        if self._clock is None:
            raise ValueError(
                "this gateway has no manual clock: make it with clock=ManualClock(...), under pytest manual_clock=True"
            )
        self._fleet.wait(self._clock.advance(seconds))

    def open_control(self, port: int = 0) -> int:
        """Open the control socket on loopback and return its port; raises OSError if it is taken."""

        def opened() -> Control:
            return Control(self._fleet.loop, self._server, port)

        if self._control is None:
            self._control = self._fleet.call(opened)
        return self._control.port

    @property
    def port(self) -> int:
        """The port in use."""
        return self._ask(lambda: self._server.port)

    @property
    def clients(self) -> list[Client]:
        """The connected API clients."""
        return self._ask(lambda: self._server.clients)

    @property
    def received(self) -> Counter[int]:
        """How often each message id has come, since the start; an absent one is 0."""
        return self._ask(lambda: Counter(self._server.received))

    @property
    def connections_accepted(self) -> int:
        """TCP connections accepted since the start."""
        return self._ask(lambda: self._server.connections_accepted)

    def close(self) -> None:
        """End it; every socket is closed when this returns."""
        if self._closed:
            return
        self._closed = True

        def close() -> None:
            if self._control is not None:
                self._control.close()
            self._server.close()

        self._fleet.call(close)
        if self._own is not None:
            self._own.close()

    def _ask(self, question: Callable[[], T]) -> T:
        """Ask the server, on its thread while that runs."""
        return question() if self._closed else self._fleet.call(question)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
