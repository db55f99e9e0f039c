"""The `ibapi` client of one session: its protocol, its message loop and its decoder, on our connection and on one
thread.

Nothing of `ibapi` is patched. Three attributes that its `EClient` assigns are ours here. Beyond the documented
interface, this project relies on nothing else. `selftest` checks each of them at start:

- `conn`: `connect()` assigns a new connection and then uses the attribute. The attribute always returns ours.
- `reader`: `connect()` assigns a reader thread and starts it. Ours does not read, because the message loop does. So a
  session needs one thread, and nothing wakes up while no message comes.
- `msg_queue`: `run()` takes messages from it, and ends when it is empty and the connection is over. Ours waits at
  the socket itself.
"""

import queue
from collections.abc import Callable

from ibapi.client import EClient
from ibapi.wrapper import EWrapper

from supervisor.gateway.connection import SupervisedConnection


class _NoReader:
    """Stands in for the reader thread."""

    def start(self) -> None:
        """Do nothing: the message loop reads."""


class _Messages:
    """Stands in for the message queue. The next message is the next one on the wire."""

    def __init__(self, connection: SupervisedConnection, handled: Callable[[], None]) -> None:
        self._connection = connection
        self._handled = handled
        self._handed_out = False

    def get(self, block: bool = True, timeout: float | None = None) -> bytes:
        """Wait for the next message without a limit. Raises queue.Empty when the session ends."""
        if self._handed_out:
            self._handed_out = False
            self._handled()
        message = self._connection.next_message()
        if message is None:
            raise queue.Empty
        self._handed_out = True
        return message

    def empty(self) -> bool:
        """Always true. Nothing is kept here, so the loop lives as long as the connection."""
        return True

    def qsize(self) -> int:
        return 0


class Client(EClient):  # type: ignore[misc]  # ibapi has no types
    """An `EClient` for one session; `connect` and `run` are for the session's thread.

    Args:
        wrapper: the callbacks.
        connection: not yet connected.
        handled: called after the callbacks of each message.
    """

    def __init__(self, wrapper: EWrapper, connection: SupervisedConnection, handled: Callable[[], None]) -> None:
        self._supervised = connection
        self._connection: SupervisedConnection | None = None
        self._reader: _NoReader | None = None
        super().__init__(wrapper)
        self.msg_queue = _Messages(connection, handled)

    @property
    def conn(self) -> SupervisedConnection | None:
        """Our connection, or None while `ibapi` believes that it has none."""
        return self._connection

    @conn.setter
    def conn(self, value: object) -> None:
        self._connection = None if value is None else self._supervised

    @property
    def reader(self) -> _NoReader | None:
        """An object that does not read."""
        return self._reader

    @reader.setter
    def reader(self, value: object) -> None:
        self._reader = None if value is None else _NoReader()
