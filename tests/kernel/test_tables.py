"""What the kernel says of the sockets on a port, from rows as Linux writes them and from real sockets."""

import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from supervisor.core.model.behind.sight import Sockets
from supervisor.core.parts.behind.kernel import FRESH
from supervisor.kernel.tables import Ends, ends_of, packed, read_v4, read_v6, sockets_on
from supervisor.kernel.watch import EVERY, SAME_FOR, Asked, KernelWatch
from supervisor.platform import SOCKET_TABLES
from tests.bench.sockets import seconds, table
from tests.waiting import wait_until

HERE = packed("127.0.0.1")
MAPPED = "0000000000000000FFFF00000100007F"
SIX = "00000000000000000000000001000000"


def both(folder: Path) -> bytes:
    """The two tables as one text."""
    return (read_v4(folder) or b"") + read_v6(folder)


def row(local: str, remote: str, state: str, sending: int = 0, reading: int = 0) -> bytes:
    return f"   0: {local} {remote} {state} {sending:08X}:{reading:08X} 00:00000000 00000000 1000 0 9 1 0\n".encode()


LISTENS = row("0100007F:0FA1", "00000000:0000", "0A", reading=2)
OURS = row("0100007F:C001", "0100007F:0FA1", "01", sending=7)
THEIRS = row("0100007F:0FA1", "0100007F:C001", "01", reading=17)
ENDS = Ends(HERE, 0xC001, HERE, 4001)


def test_the_peers_row_says_what_was_not_read_and_ours_what_was_not_acknowledged() -> None:
    seen = sockets_on(LISTENS + OURS + THEIRS, 4001, ENDS)
    assert (seen.unread, seen.unacknowledged, seen.unaccepted) == (17, 7, 2)
    assert dict(seen.states or ())["established"] == 1
    assert dict(seen.states or ())["close_wait"] == 0


def test_a_server_of_java_stands_in_tcp6_with_an_address_that_is_mapped() -> None:
    listens = row(f"{MAPPED}:0FA1", f"{'0' * 32}:0000", "0A")
    theirs = row(f"{MAPPED}:0FA1", f"{MAPPED}:C001", "01", reading=17)
    assert sockets_on(OURS + listens + theirs, 4001, ENDS).unread == 17


def test_a_connection_of_ipv6_has_both_rows_in_tcp6() -> None:
    here = packed("::1")
    theirs = row(f"{SIX}:0FA1", f"{SIX}:C001", "01", reading=3)
    assert sockets_on(theirs, 4001, Ends(here, 0xC001, here, 4001)).unread == 3


def test_the_connection_of_another_program_is_not_ours() -> None:
    other = row("0100007F:0FA1", "0100007F:C002", "01", reading=99)
    seen = sockets_on(LISTENS + other + OURS + THEIRS, 4001, ENDS)
    assert seen.unread == 17
    assert dict(seen.states or ())["established"] == 2


def test_what_another_namespace_hides_is_absent_and_not_zero() -> None:
    seen = sockets_on(OURS, 4001, ENDS)
    assert (seen.states, seen.unread, seen.unaccepted) == (None, None, None)
    assert seen.unacknowledged == 7


def test_connections_that_hang_are_counted_by_their_state() -> None:
    waiting = b"".join(row("0100007F:0FA1", f"0100007F:C{number:03X}", "08", reading=5) for number in range(3))
    assert dict(sockets_on(LISTENS + waiting, 4001, None).states or ())["close_wait"] == 3


def test_a_port_in_the_queues_or_the_inode_is_no_row_of_it() -> None:
    strange = b"   0: 0100007F:1111 0100007F:2222 01 00000FA1:00000FA1 00:00000FA1 00000000 1000 0 4001 1 0\n"
    assert sockets_on(strange, 4001, None).states is None


def test_half_a_row_at_the_end_of_a_table_is_left_out() -> None:
    assert sockets_on(LISTENS + b"   1: 0100007F:0FA1 0100", 4001, None).unaccepted == 2


def test_a_look_at_ten_thousand_rows_takes_less_than_a_millisecond() -> None:
    text = table()
    wait_until(lambda: seconds(text, rounds=30) < 0.001, 20, what="under 1 ms")


@pytest.mark.skipif(SOCKET_TABLES is None, reason="no /proc/net/tcp")
@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_a_server_that_does_not_read_is_seen_by_the_real_kernel(family: socket.AddressFamily) -> None:
    assert SOCKET_TABLES is not None
    folder: Path = SOCKET_TABLES
    with connected(family) as (server, client):
        server_side, _ = server.accept()
        with closing(server_side):
            client.sendall(b"x" * 1000)
            ends = ends_of(client)
            wait_until(lambda: sockets_on(both(folder), server.getsockname()[1], ends).unread == 1000)
            server_side.recv(1000)
            wait_until(lambda: sockets_on(both(folder), server.getsockname()[1], ends).unread == 0)


@pytest.mark.skipif(SOCKET_TABLES is None, reason="no /proc/net/tcp")
def test_a_connection_that_nobody_accepts_is_seen_by_the_real_kernel() -> None:
    assert SOCKET_TABLES is not None
    with connected(socket.AF_INET) as (server, client):
        seen = sockets_on(both(SOCKET_TABLES), server.getsockname()[1], ends_of(client))
        assert seen.unaccepted == 1


@contextmanager
def connected(family: socket.AddressFamily) -> Iterator[tuple[socket.socket, socket.socket]]:
    host = "127.0.0.1" if family is socket.AF_INET else "::1"
    with socket.socket(family) as server, socket.socket(family) as client:
        try:
            server.bind((host, 0))
        except OSError:
            pytest.skip("no IPv6 here")
        server.listen()
        client.connect(server.getsockname())
        yield server, client


def test_a_socket_that_is_not_connected_has_no_ends() -> None:
    with socket.socket() as alone:
        assert ends_of(alone) is None


def test_where_there_are_no_tables_nothing_is_read(tmp_path: Path) -> None:
    assert read_v4(tmp_path) is None
    assert read_v6(tmp_path) == b""
    (tmp_path / "tcp").write_bytes(LISTENS)
    assert read_v4(tmp_path) == LISTENS


def looks(folder: Path, ends: Ends | None, told: list[Sockets]) -> KernelWatch:
    watch = KernelWatch(lambda name, event: told.append(event.sockets), folder)
    watch._asked = {"live": Asked(lambda: 4001, lambda: ends)}
    return watch


def test_the_table_of_ipv6_is_read_only_for_what_the_other_has_not(tmp_path: Path) -> None:
    told: list[Sockets] = []
    watch = looks(tmp_path, ENDS, told)
    (tmp_path / "tcp").write_bytes(LISTENS + OURS + THEIRS)
    (tmp_path / "tcp6").write_bytes(THEIRS)
    watch.look()
    assert dict(told[-1].states or ())["established"] == 1
    (tmp_path / "tcp").write_bytes(OURS)
    (tmp_path / "tcp6").write_bytes(LISTENS + THEIRS)  # as Java has it
    watch.look()
    assert (told[-1].unaccepted, told[-1].unread, told[-1].unacknowledged) == (2, 17, 7)


def test_a_look_that_shows_nothing_new_is_told_again_before_it_is_stale(tmp_path: Path) -> None:
    (tmp_path / "tcp").write_bytes(LISTENS)
    told: list[Sockets] = []
    watch = looks(tmp_path, None, told)
    watch.look(anew=False)
    watch.look(anew=False)
    assert [seen.unaccepted for seen in told] == [2]
    watch.look()
    assert [seen.unaccepted for seen in told] == [2, 2]
    (tmp_path / "tcp").write_bytes(LISTENS + row("0100007F:0FA1", "00000000:0000", "0A", reading=1))
    watch.look(anew=False)
    assert [seen.unaccepted for seen in told] == [2, 2, 3]
    assert SAME_FOR + EVERY < FRESH
