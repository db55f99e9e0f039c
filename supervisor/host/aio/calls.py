"""What is done for the program one after the other: its hooks, its subscriptions, the questions after a loss."""

import asyncio
import inspect
import logging
from collections.abc import Callable, Mapping
from typing import Any

LOG = logging.getLogger("supervisor.host")
HOOKS = (
    "on_ready",
    "on_lost",
    "on_suspect",
    "on_upstream",
    "on_data_lost",
    "on_data_maintained",
    "on_stream_dead",
    "on_farm",
    "on_reconciled",
    "on_undecodable",
)


class Calls:
    """In order; one that raises is logged, and costs nothing else. Raises TypeError: there is no such hook."""

    def __init__(self, hooks: Mapping[str, Callable[..., Any]]) -> None:
        unknown = hooks.keys() - set(HOOKS)
        if unknown:
            raise TypeError(f"no such hook: {', '.join(sorted(unknown))}; there are {', '.join(HOOKS)}")
        self._hooks = hooks
        self._waiting: asyncio.Queue[tuple[str, Callable[[], Any]]] = asyncio.Queue()

    def put(self, name: str, act: Callable[[], Any]) -> None:
        """Let it be done, a function or a coroutine function; `name` is for the log."""
        self._waiting.put_nowait((name, act))

    def hook(self, name: str, *args: Any) -> None:
        """Call this hook of the program, if it has it."""
        if name in self._hooks:
            self.put(name, lambda: self._hooks[name](*args))

    async def work(self) -> None:
        """Do what waits, until cancelled."""
        while True:
            name, act = await self._waiting.get()
            try:
                done = act()
                if inspect.isawaitable(done):
                    await done
            except Exception:
                LOG.exception("%s of the program raised; the session goes on", name)
