"""What is done for the program one after the other: its hooks, its subscriptions, the questions after a loss.

- One that raises is logged and costs nothing else, a cancellation of its own too. KeyboardInterrupt and SystemExit end
  the event loop, as ever with asyncio.
- One of them may end all this (`end`): it goes on to its own end, and nothing comes after it.
"""

import asyncio
import inspect
import logging
from collections.abc import Callable, Mapping
from typing import Any

LOG = logging.getLogger("supervisor.host")
GRACE = 1.0
"""Seconds that a hook which ends the keeper has to come to its own end."""
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
    """In order. Raises TypeError: there is no such hook, or it cannot be called."""

    def __init__(self, hooks: Mapping[str, Callable[..., Any]]) -> None:
        unknown = hooks.keys() - set(HOOKS)
        if unknown:
            raise TypeError(f"no such hook: {', '.join(sorted(unknown))}; there are {', '.join(HOOKS)}")
        useless = sorted(name for name, hook in hooks.items() if not callable(hook))
        if useless:
            raise TypeError(f"{', '.join(useless)}: a function or a coroutine function")
        self._hooks = hooks
        self._waiting: asyncio.Queue[tuple[str, Callable[[], Any]]] = asyncio.Queue()
        self._worker: asyncio.Task[None] | None = None
        self._ended = False

    def put(self, name: str, act: Callable[[], Any]) -> None:
        """Let it be done, a function or a coroutine function; `name` is for the log."""
        self._waiting.put_nowait((name, act))

    def hook(self, name: str, *args: Any) -> None:
        """Call this hook of the program, if it has it."""
        if name in self._hooks:
            self.put(name, lambda: self._hooks[name](*args))

    def start(self) -> None:
        """Do what waits, until the end."""
        self._worker = asyncio.create_task(self._work())

    async def end(self) -> None:
        """Do nothing more, and end what is under way. If that is what calls this, it has `GRACE` for the rest."""
        worker = self._worker
        ending, self._ended = self._ended, True
        if worker is None or worker is asyncio.current_task():
            return
        if ending:
            await asyncio.wait({worker}, timeout=GRACE)
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)

    async def _work(self) -> None:
        while not self._ended:
            name, act = await self._waiting.get()
            try:
                done = act()
                if inspect.isawaitable(done):
                    await done
            except (KeyboardInterrupt, SystemExit):
                raise
            except BaseException as error:
                if isinstance(error, asyncio.CancelledError) and self._is_cancelled():
                    raise
                LOG.exception("%s of the program raised; the session goes on", name)

    def _is_cancelled(self) -> bool:
        """Whether we are, and not something that the program awaited."""
        return self._worker is not None and self._worker.cancelling() > 0
