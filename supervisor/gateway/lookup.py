"""Host names to addresses, with a deadline: `getaddrinfo` has none and cannot be interrupted.

Each name is looked up on a daemon thread of its own. At most one look-up of a name runs at a time, and everyone who
asks meanwhile gets the same answer. So a resolver that hangs costs one thread for each name and not one for each
attempt, and a late answer serves the next attempt. Numeric addresses need no thread.
"""

import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Address = tuple[socket.AddressFamily, tuple[Any, ...]]
"""A family, and what `socket.connect` takes for it."""
Resolver = Callable[[str, int], list[Address]]
"""A name and the flags of `getaddrinfo` to addresses with port 0; raises OSError or UnicodeError."""

_NO_SUCH_NAME = {getattr(socket, name) for name in ("EAI_NONAME", "EAI_NODATA") if hasattr(socket, name)}
"""Errors of getaddrinfo that mean that there is no such name. The second is not known everywhere."""


class LookupTimeout(TimeoutError):
    """The name look-up did not end in time. It may still be running."""


class NameUnknown(OSError):
    """The name service says that there is no such name."""


class GivenUp(ConnectionAbortedError):
    """The caller no longer wants the answer."""


def system_resolver(host: str, flags: int) -> list[Address]:
    """Ask the system: /etc/hosts, DNS and all else that it is configured to ask."""
    found = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM, flags=flags)
    return [(family, address) for family, _, _, _, address in found]


@dataclass(slots=True)
class _Flight:
    """One look-up that runs. The fields are written once, under the lock."""

    done: bool = False
    addresses: list[Address] = field(default_factory=list)
    error: Exception | None = None


class Lookups:
    """Looks names up for all who share this object, one look-up at a time for each name."""

    def __init__(self, resolver: Resolver = system_resolver) -> None:
        self._resolver = resolver
        self._changed = threading.Condition()
        self._flights: dict[str, _Flight] = {}

    def resolve(self, host: str, port: int, deadline: float, given_up: Callable[[], bool]) -> list[Address]:
        """The addresses of `host`, at least one. Blocks no longer than `deadline`.

        Args:
            host: a name or a numeric address, IPv4 or IPv6.
            port: is put into the addresses.
            deadline: an instant of `time.monotonic`.
            given_up: asked again after every `wake`. It must not block.

        Raises:
            LookupTimeout: no answer before the deadline.
            GivenUp: `given_up` said so.
            NameUnknown: there is no such name.
            OSError: the look-up failed otherwise, or no thread is left.
        """
        try:
            return _with_port(self._resolver(host, socket.AI_NUMERICHOST), port)
        except (OSError, UnicodeError):
            pass  # a name
        with self._changed:
            flight = self._flights.get(host) or self._start(host)
            timeout = max(0.0, deadline - time.monotonic())
            answered = self._changed.wait_for(lambda: flight.done or given_up(), timeout)
        if given_up():
            raise GivenUp("given up during the look-up")
        if not answered:
            raise LookupTimeout(f"look-up of {host} took too long")
        if isinstance(flight.error, socket.gaierror) and flight.error.errno in _NO_SUCH_NAME:
            raise NameUnknown(f"look-up of {host} failed: {_words(flight.error)}") from flight.error
        if flight.error is not None:
            raise OSError(f"look-up of {host} failed: {_words(flight.error)}") from flight.error
        if not flight.addresses:
            raise OSError(f"look-up of {host} found no address")
        return _with_port(flight.addresses, port)

    def wake(self) -> None:
        """Make everyone who waits ask `given_up` again."""
        with self._changed:
            self._changed.notify_all()

    def _start(self, host: str) -> _Flight:
        """Begin a look-up. The lock is held."""
        flight = _Flight()
        thread = threading.Thread(target=self._fly, args=(host, flight), name=f"lookup-{host}", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:
            raise OSError(f"no thread for the look-up of {host}: {error}") from error
        self._flights[host] = flight
        return flight

    def _fly(self, host: str, flight: _Flight) -> None:
        addresses: list[Address] = []
        failed: Exception | None = None
        try:
            addresses = self._resolver(host, 0)
        except Exception as error:  # of any kind: the caller who waits must learn of it
            failed = error
        with self._changed:
            flight.addresses, flight.error, flight.done = addresses, failed, True
            del self._flights[host]
            self._changed.notify_all()


def _with_port(addresses: list[Address], port: int) -> list[Address]:
    return [(family, (address[0], port, *address[2:])) for family, address in addresses]


def _words(error: Exception) -> str:
    """The text of the error without its number."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
