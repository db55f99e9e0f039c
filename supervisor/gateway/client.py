"""The `ibapi` client of one session: its protocol, its message loop and its decoder, on our connection and on one
thread.

Nothing of `ibapi` is patched. Four attributes that its `EClient` assigns are ours here. Beyond the documented
interface, this project relies on nothing else. `selftest` checks each of them at start:

- `conn`: `connect()` assigns a new connection and then uses the attribute. The attribute always returns ours.
- `reader`: `connect()` assigns a reader thread and starts it. Ours does not read, because the message loop does. So a
  session needs one thread, and nothing wakes up while no message comes.
- `msg_queue`: `run()` takes messages from it, and ends when it is empty and the connection is over. Ours waits at
  the socket itself.
- `decoder`: `connect()` assigns it, and `run()` hands each message to it and ends at the first one that it cannot
  decode. Ours hands the message on, and lets the session judge what a failure means.
"""

import queue
from collections.abc import Callable
from typing import Any

from ibapi.client import EClient
from ibapi.wrapper import EWrapper

from supervisor.gateway.connection import SupervisedConnection


class NoReader:
    """Stands in for the reader thread."""

    def start(self) -> None:
        """Do nothing: the message loop reads."""


class Messages:
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


class Decoder:
    """Stands before the decoder. `judged` runs each decoding."""

    def __init__(self, decoder: Any, judged: Callable[[Callable[[], None]], None]) -> None:
        self._decoder = decoder
        self._judged = judged

    @property
    def serverVersion(self) -> int:
        return int(self._decoder.serverVersion)

    @serverVersion.setter
    def serverVersion(self, value: int) -> None:
        self._decoder.serverVersion = value

    def interpret(self, *message: Any) -> None:
        """Decode a text message."""
        self._judged(lambda: self._decoder.interpret(*message))

    def processProtoBuf(self, *message: Any) -> None:
        """Decode a protobuf message."""
        self._judged(lambda: self._decoder.processProtoBuf(*message))


class Seams:
    """The four attributes that are ours, for a class that is an `EClient` too. `_ib_supervisor_join` gives it a
    connection.

    Its own names are mangled, because it also becomes a part of other people's classes.
    """

    __ours: SupervisedConnection
    __connection: SupervisedConnection | None = None
    __reader: NoReader | None = None
    __decoder: Decoder | None = None
    __judged: Callable[[Callable[[], None]], None]

    def _ib_supervisor_join(
        self,
        connection: SupervisedConnection,
        messages: Messages,
        judged: Callable[[Callable[[], None]], None],
    ) -> None:
        """From now on this client lives on `connection`. `judged` runs the decoding of each message."""
        self.__ours = connection
        self.__judged = judged
        self.msg_queue = messages

    @property
    def conn(self) -> SupervisedConnection | None:
        """Our connection, or None while `ibapi` believes that it has none."""
        return self.__connection

    @conn.setter
    def conn(self, value: object) -> None:
        self.__connection = None if value is None else self.__ours

    @property
    def reader(self) -> NoReader | None:
        """An object that does not read."""
        return self.__reader

    @reader.setter
    def reader(self, value: object) -> None:
        self.__reader = None if value is None else NoReader()

    @property
    def decoder(self) -> Decoder | None:
        """The decoder of `ibapi`, behind ours."""
        return self.__decoder

    @decoder.setter
    def decoder(self, value: object) -> None:
        self.__decoder = None if value is None else Decoder(value, self.__judged)


class Client(Seams, EClient):  # type: ignore[misc]  # ibapi has no types
    """An `EClient` for one session; `connect` and `run` are for the session's thread.

    Args:
        wrapper: the callbacks.
        connection: not yet connected.
        handled: called after the callbacks of each message.
        judged: runs the decoding of a message, whose callbacks are part of it.
    """

    def __init__(
        self,
        wrapper: EWrapper,
        connection: SupervisedConnection,
        handled: Callable[[], None],
        judged: Callable[[Callable[[], None]], None],
    ) -> None:
        super().__init__(wrapper)
        self._ib_supervisor_join(connection, Messages(connection, handled), judged)
