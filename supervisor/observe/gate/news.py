"""Who wants to know at once that a gate has opened or closed: the writer of the files, and the web server."""

import threading
from collections.abc import Callable

Watcher = Callable[[], None]


class GateNews:
    """Passed on by the deciding loop. A watcher is called on its thread, and must not block."""

    def __init__(self) -> None:
        self._changing = threading.Lock()
        self._watchers: tuple[Watcher, ...] = ()

    def tell(self) -> None:
        """Some gate is not as it was."""
        for watcher in self._watchers:
            watcher()

    def watch(self, watcher: Watcher) -> None:
        """Call this at each change from now on."""
        with self._changing:
            self._watchers = (*self._watchers, watcher)

    def unwatch(self, watcher: Watcher) -> None:
        """Stop calling it."""
        with self._changing:
            self._watchers = tuple(known for known in self._watchers if known != watcher)
