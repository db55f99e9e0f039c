"""The TCP connection of one session: a Connection of `ibapi` without its hangs and losses.

docs/facts/ibapi.md#connecting and #reading-and-ending say what the original does.

Rules
- The session's thread connects, reads and closes. Any other thread may send, and may call `finish`. Neither blocks,
  because the lock is held only around calls that return at once.
- The first reason to end counts. Its finder shuts the socket down, so the FIN leaves and the reader wakes at once.
- Every wait has a deadline, except the read of a living session. It sleeps until bytes come or `finish` is called.
- A frame is sent whole, or the session ends. A gateway that stopped reading must not get half of one.
"""

import errno
import os
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol

from ibapi.connection import Connection
from ibapi.server_versions import MAX_CLIENT_VER, MIN_CLIENT_VER

from supervisor.core.model.cause import CauseKey
from supervisor.core.model.events import Ending
from supervisor.frozen import dataclass
from supervisor.gateway.addresses import Addresses
from supervisor.gateway.framing import MAX_FRAME, Inbox, NotTws, check_payload, framed, server_hello
from supervisor.gateway.lookup import Address, Lookups, NameUnknown
from supervisor.platform import CONNECTING, send_at_once, wait_writable

KEEPALIVE = (30, 10, 3)
"""Seconds idle, seconds between probes, number of probes."""
USER_TIMEOUT_MS = 30_000
"""How long TCP may wait for an acknowledgement, in milliseconds."""
_SMALL_READ, _LARGE_READ = 4096, 65536


class WireLog(Protocol):
    """Gets a copy of every message."""

    def line(self, direction: str, payload: bytes) -> None:
        """One message without its length, `<` from the gateway or `>` to it. It must not block and must not raise."""


@dataclass(frozen=True, slots=True)
class Over:
    """Why a connection ended."""

    ending: Ending
    detail: str = ""
    key: CauseKey | None = None
    """The likely cause, if more is known than the ending tells."""
    what: str = ""
    """What it is about."""
    tried: str = ""
    """Each address with its end, if there were several and none accepted."""


_BROKEN = (ConnectionError, TimeoutError, BlockingIOError)
_CUT = frozenset(
    {
        errno.EHOSTUNREACH,
        errno.ENETUNREACH,
        errno.ENETDOWN,
        errno.ENETRESET,
        getattr(errno, "EHOSTDOWN", errno.ENETDOWN),
    }
)
"""The peer or the way to it is gone. That it takes no more bytes (BlockingIOError) is the peer's doing as well."""
_Tried = list[tuple[str, OSError]]
"""Addresses that were tried in vain, each with its error."""
_NO_WAY = frozenset({errno.ENETUNREACH, errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL})
"""This machine has no way to such an address, as to IPv6 where there is none. It says nothing of the gateway."""


class _NoneAccepted(OSError):
    """None of several addresses accepted. `judged` is the error of the one that counts."""

    def __init__(self, tried: _Tried) -> None:
        told = _told(tried)
        self.judged = next((error for error in told if not isinstance(error, ConnectionRefusedError)), told[0])
        self.tried = ", ".join(f"{host} ({_words(error)})" for host, error in tried)
        super().__init__(self.judged.errno, _words(self.judged))


class SupervisedConnection(Connection):  # type: ignore[misc]  # ibapi has no types
    """A connection with deadlines.

    Args:
        host: a name or an address, IPv4 or IPv6.
        port: the gateway's API port.
        connect_deadline: for the name look-up and the TCP connect, an instant of `time.monotonic`.
        handshake_timeout: from the TCP connection to the server version, in seconds.
        lookups: where names are looked up.
        addresses: the order in which to try the addresses of the name.
        opened: called once, when TCP is connected: with the addresses tried, if there are several, and whether all
            before the last one refused.
        greeted: called once, with the server version and the gateway's clock.
        wire: gets every message, if given.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        connect_deadline: float,
        handshake_timeout: float,
        lookups: Lookups,
        addresses: Addresses,
        opened: Callable[[str, bool], None],
        greeted: Callable[[int, str], None],
        wire: WireLog | None = None,
    ) -> None:
        super().__init__(host, port)
        self.socket: Any = None  # a socket while there is one
        self.over: Over | None = None
        self.message_id = 0
        """Of the message that `next_message` returned last."""
        self.message = b""
        """That message."""
        self._server_version = 0
        self.connect_deadline = connect_deadline
        """For the name look-up and the TCP connect."""
        self._handshake_timeout = handshake_timeout
        self._handshake_deadline = 0.0
        self._lookups = lookups
        self._addresses = addresses
        self.address = ""
        """The one that accepted."""
        self._opened = opened
        self._greeted = greeted
        self._wire = wire
        self._inbox = Inbox()
        self._read_size = _SMALL_READ

    def finish(self, ending: Ending, detail: str = "", key: CauseKey | None = None, what: str = "") -> None:
        """End it now, from any thread. The FIN leaves before this returns. Only the first reason counts."""
        with self.lock:
            self._finish(Over(ending, detail, key, what))
        self._lookups.wake()

    # -- what ibapi calls, by its names --------------------------------------------------------------------------------

    def connect(self) -> None:
        """Look the name up and connect before the deadline. Raises OSError."""
        try:
            found = self._lookups.resolve(self.host, self.port, self.connect_deadline, lambda: self.over is not None)
            tried = self._connect_any(self._addresses.ordered(found))
        except OSError as error:
            with self.lock:
                self._finish(_ending_of_connect(error))
            raise
        self._handshake_deadline = time.monotonic() + self._handshake_timeout
        ends = [f"{host} ({_words(error)})" for host, error in tried]
        words = ", ".join([*ends, self.address]) if len(found) > 1 else ""
        self._opened(words, all(isinstance(error, ConnectionRefusedError) for error in _told(tried)))

    def isConnected(self) -> bool:
        """Whether it is open and nothing has ended it."""
        return self.socket is not None and self.over is None

    def sendMsg(self, msg: bytes) -> int:
        """Send one whole frame at once, or end the session. Never blocks. Raises OSError."""
        with self.lock:
            if not self.isConnected():
                raise ConnectionAbortedError(errno.ECONNABORTED, "the session is over")
            try:
                sent = send_at_once(self.socket, msg)
            except OSError as error:
                self._finish(Over(_ending_of_broken(error), f"sending failed: {_words(error)}"))
                raise
            if sent < len(msg):
                self._finish(Over(Ending.RESET, "sending failed: the gateway does not read"))
                raise BrokenPipeError(errno.EPIPE, "the gateway does not read")
        if self._wire is not None:
            self._wire.line(">", msg[4:])
        return sent

    def recvMsg(self) -> bytes:
        """The one frame of the handshake, with its length. Keeps later bytes for `next_message`. Raises OSError."""
        if self._server_version:
            # This branch should never run: after the handshake only `next_message` reads.
            self.finish(Ending.ERROR, "ibapi reads beside us")
            raise ConnectionAbortedError(errno.ECONNABORTED, "ibapi reads beside us")
        try:
            payload = self._receive_hello()
        except NotTws as error:
            self.finish(Ending.PROTOCOL, f"{'' if error.key else 'not a TWS: '}{error}", error.key, error.what)
            raise ConnectionAbortedError(errno.ECONNABORTED, str(error)) from error
        except TimeoutError as error:
            self.finish(Ending.TIMEOUT, f"no server version within {self._handshake_timeout:g} s")
            raise ConnectionAbortedError(errno.ECONNABORTED, "no server version") from error
        except OSError as error:
            self.finish(_ending_of_broken(error), _words(error))
            raise
        self._inbox.limit = MAX_FRAME
        self.socket.settimeout(None)
        return framed(payload)

    def disconnect(self) -> None:
        """Close the socket. Only the session's thread calls this."""
        with self.lock:
            self._shut()
            if self.socket is not None:
                self.socket.close()
                self.socket = None

    # -- what the message loop calls -----------------------------------------------------------------------------------

    def next_message(self) -> bytes | None:
        """Wait for the next message and return its payload. None when the session is over.

        For the session's thread only.
        """
        while self.over is None:
            try:
                payload = self._inbox.take()
                if payload:
                    self.message_id = check_payload(payload, self._server_version)
            except NotTws as error:
                self.finish(Ending.PROTOCOL, str(error))
                break
            if payload:
                if self._wire is not None:
                    self._wire.line("<", payload)
                self.message = payload
                return payload
            if payload is None:
                self._receive()
        return None

    # -- ours ----------------------------------------------------------------------------------------------------------

    def _finish(self, over: Over) -> None:
        """The lock is held."""
        if self.over is None:
            self.over = over
        self._shut()

    def _shut(self) -> None:
        """The lock is held."""
        if self.socket is not None:
            with suppress(OSError):  # not connected, or not any more
                self.socket.shutdown(socket.SHUT_RDWR)

    def _connect_any(self, addresses: list[Address]) -> _Tried:
        """Try one address after the other, each with its share of the time. Those that failed before one accepted.

        Raises OSError if none did: refused only if each of them refused.
        """
        tried: _Tried = []
        for position, (family, address) in enumerate(addresses):
            remaining = self.connect_deadline - time.monotonic()
            try:
                self._connect_one(family, address, remaining / (len(addresses) - position))
            except OSError as error:
                if self.over is not None or len(addresses) == 1:
                    raise
                tried.append((address[0], error))
            else:
                self.address = address[0]
                return tried
        raise _NoneAccepted(tried)

    def _connect_one(self, family: socket.AddressFamily, address: tuple[Any, ...], timeout: float) -> None:
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            sock.setblocking(False)
            _tune(sock)
            with self.lock:
                if self.over is not None:
                    raise ConnectionAbortedError(errno.ECONNABORTED, "closed while connecting")
                self.socket = sock  # from here on `finish` reaches it
                code = sock.connect_ex(address)
            if code in CONNECTING:
                code = _wait_connected(sock, timeout)
            if code:
                raise OSError(code, os.strerror(code))
            if sock.getpeername() == sock.getsockname():
                # TCP connected the port to itself. It can, on a local port of the dynamic range where nobody listens.
                raise ConnectionRefusedError(errno.ECONNREFUSED, os.strerror(errno.ECONNREFUSED))
        except BaseException:
            with self.lock:
                self.socket = None
                sock.close()
            raise

    def _receive_hello(self) -> bytes:
        while True:
            payload = self._inbox.take()
            if payload is None:
                remaining = self._handshake_deadline - time.monotonic()
                if remaining <= 0:
                    raise TimeoutError
                self.socket.settimeout(remaining)
                data = self.socket.recv(_SMALL_READ)
                if not data:
                    self.finish(Ending.CLOSED, "the gateway closed the connection before its server version")
                    raise ConnectionAbortedError(errno.ECONNABORTED, "closed by the gateway")
                self._inbox.feed(data)
                continue
            if self._wire is not None:
                self._wire.line("<", payload)
            hello = server_hello(payload, MIN_CLIENT_VER, MAX_CLIENT_VER)
            if hello is not None:
                self._server_version, clock = hello
                self._greeted(self._server_version, clock)
                return payload

    def _receive(self) -> None:
        """One read of a living session, as large as the last one suggests. A reader that waits holds its memory."""
        try:
            data = self.socket.recv(self._read_size)
        except OSError as error:
            self.finish(_ending_of_broken(error), _words(error))
            return
        if not data:
            inside = " inside a message" if len(self._inbox) else ""
            self.finish(Ending.CLOSED, f"the gateway closed the connection{inside}")
            return
        self._read_size = _LARGE_READ if len(data) == self._read_size else _SMALL_READ
        self._inbox.feed(data)


def _tune(sock: socket.socket) -> None:
    """Send without delay, and let TCP notice a peer that is gone."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    idle, interval, count = KEEPALIVE
    options = {
        "TCP_KEEPIDLE": idle,
        "TCP_KEEPINTVL": interval,
        "TCP_KEEPCNT": count,
        "TCP_USER_TIMEOUT": USER_TIMEOUT_MS,
    }
    for name, value in options.items():
        option = getattr(socket, name, None)
        if option is not None:  # all of them on Linux, some elsewhere
            sock.setsockopt(socket.IPPROTO_TCP, option, value)


def _wait_connected(sock: socket.socket, timeout: float) -> int:
    """The errno with which a connect under way ends: 0 if it succeeded."""
    if not wait_writable(sock, timeout):
        return errno.ETIMEDOUT
    return sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)


def _told(tried: _Tried) -> list[OSError]:
    """The errors that say something of the gateway; all of them, if none does."""
    return [error for _, error in tried if error.errno not in _NO_WAY] or [error for _, error in tried]


def _ending_of_connect(error: OSError) -> Over:
    if isinstance(error, _NoneAccepted):
        return Over(_ending_of(error.judged), _words(error), tried=error.tried)
    return Over(_ending_of(error), _words(error), CauseKey.NAME_UNKNOWN if isinstance(error, NameUnknown) else None)


def _ending_of(error: OSError) -> Ending:
    if isinstance(error, ConnectionRefusedError):
        return Ending.REFUSED
    if isinstance(error, TimeoutError):
        return Ending.TIMEOUT
    if isinstance(error, ConnectionResetError):
        return Ending.RESET
    return Ending.ERROR


def _ending_of_broken(error: OSError) -> Ending:
    """How a connection ends that stood. An error that says nothing of the peer or of the way to it is our own."""
    return Ending.RESET if isinstance(error, _BROKEN) or error.errno in _CUT else Ending.ERROR


def _words(error: OSError) -> str:
    """The text of the error without its number."""
    return error.strerror or str(error) or type(error).__name__
