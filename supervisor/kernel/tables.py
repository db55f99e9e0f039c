"""`/proc/net/tcp` and `tcp6`: what the kernel says of the sockets on a port.

- Only rows with the port are looked at: the text is searched for it, and never split as a whole. So ten thousand
  sockets of other programs cost little.
- An address is hexadecimal, each group of 32 bits in the machine's byte order. An IPv4 address may stand in `tcp6` as
  one that is mapped (::ffff:127.0.0.1), as Java's servers have it: both are the same address here.
- What is not visible is None, never 0: another network namespace, such as a container's, has tables of its own.
"""

import socket
import sys
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path

from supervisor.core.model.behind.sight import Sockets
from supervisor.frozen import dataclass

STATES: Mapping[bytes, str] = {
    b"01": "established",
    b"02": "syn_sent",
    b"03": "syn_recv",
    b"04": "fin_wait1",
    b"05": "fin_wait2",
    b"06": "time_wait",
    b"07": "close",
    b"08": "close_wait",
    b"09": "last_ack",
    b"0A": "listen",
    b"0B": "closing",
    b"0C": "syn_recv",
}
NAMES = tuple(dict.fromkeys(STATES.values()))
_LISTEN, _MAPPED = b"0A", bytes(10) + b"\xff\xff"


@dataclass(frozen=True, slots=True)
class Ends:
    """A connection of ours: the addresses of both ends, packed, and their ports."""

    ours: bytes
    our_port: int
    theirs: bytes
    their_port: int


def ends_of(sock: socket.socket) -> Ends | None:
    """The two ends of a connected TCP socket; None if it is not connected any more, or of another kind."""
    try:
        ours, theirs = sock.getsockname(), sock.getpeername()
        return Ends(packed(ours[0]), ours[1], packed(theirs[0]), theirs[1])
    except (OSError, ValueError):
        return None


def packed(address: str) -> bytes:
    """An IP address as 4 or 16 bytes; a mapped one as its 4. Raises OSError."""
    if ":" not in address:
        return socket.inet_pton(socket.AF_INET, address)
    return _plain(socket.inet_pton(socket.AF_INET6, address.partition("%")[0]))


def read_v4(folder: Path) -> bytes | None:
    """The table of IPv4; None where there is none."""
    try:
        return (folder / "tcp").read_bytes()
    except OSError:
        return None


def read_v6(folder: Path) -> bytes:
    """The table of IPv6; empty where there is none."""
    try:
        return (folder / "tcp6").read_bytes()
    except OSError:  # a kernel without IPv6
        return b""


def sockets_on(table: bytes, port: int, ends: Ends | None) -> Sockets:
    """What the table says of the sockets on the gateway's port, and of our connection to it."""
    return _said(tuple(_rows(table, port)), port, ends)


def is_whole(seen: Sockets, ends: Ends | None) -> bool:
    """Whether a listener was seen, and the other end of our connection: another table has no more of them."""
    return seen.unaccepted is not None and (ends is None or seen.unread is not None)


@lru_cache(maxsize=1024)
def _said(rows: tuple[tuple[bytes, ...], ...], port: int, ends: Ends | None) -> Sockets:
    """What these rows say. They are mostly those of a second ago."""
    counts = dict.fromkeys(NAMES, 0)
    listening = False
    unaccepted = unread = unacknowledged = None
    for local, remote, state, queues in rows:
        sending, _, reading = queues.partition(b":")
        if ends is not None and _is(local, ends.ours, ends.our_port) and _is(remote, ends.theirs, ends.their_port):
            unacknowledged = int(sending, 16)
        if int(local[-4:], 16) != port:
            continue
        counts[STATES.get(state, "close")] += 1
        if state == _LISTEN:
            listening = True
            unaccepted = (unaccepted or 0) + int(reading, 16)
        elif ends is not None and _is(local, ends.theirs, ends.their_port) and _is(remote, ends.ours, ends.our_port):
            unread = int(reading, 16)
    visible = listening or unread is not None
    return Sockets(
        states=tuple(counts.items()) if visible else None,
        unaccepted=unaccepted,
        unread=unread,
        unacknowledged=unacknowledged,
    )


def _rows(table: bytes, port: int) -> Iterator[tuple[bytes, ...]]:
    """Of the rows that name the port, each once: the local address, the remote one, the state and the queues."""
    wanted = b":%04X " % port
    place = 0
    while (place := table.find(wanted, place)) >= 0:
        begin, end = table.rfind(b"\n", 0, place) + 1, table.find(b"\n", place)
        end = len(table) if end < 0 else end
        words = table[begin:end].split(None, 5)
        if len(words) > 4:
            yield tuple(words[1:5])
        place = end


def _is(shown: bytes, address: bytes, port: int) -> bool:
    """Whether this is the address and port, as the table shows them."""
    where, _, number = shown.partition(b":")
    return int(number, 16) == port and _plain(_address(where)) == address


def _address(shown: bytes) -> bytes:
    found = bytes.fromhex(shown.decode("ascii"))
    if sys.byteorder == "big":
        return found
    return b"".join(found[place : place + 4][::-1] for place in range(0, len(found), 4))


def _plain(address: bytes) -> bytes:
    return address[12:] if address.startswith(_MAPPED) else address
