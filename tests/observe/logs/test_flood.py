"""However much goes wrong, and however often: the log has so many lines a second, and says how many it left out."""

import io
import logging
import resource
import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisor.observe.logs import writer as logs
from supervisor.observe.logs.flood import EXAMPLES, HEAVY, KINDS, TOLD_EVERY, Flood, Rates
from supervisor.observe.web.protocol import Limits
from tests.observe import rich
from tests.observe.stage import Stage, served
from tests.observe.web.test_secured import speaking_tls
from tests.observe.wire import wired
from tests.waiting import wait_until

LOG = logging.getLogger("supervisor.some.module")
FEW = Rates(burst=5, steady=1, burst_of_all=8, steady_of_all=2)


def admitted(flood: Flood, kind: object, times: int, now: float, heavy: bool = False) -> int:
    return sum(flood.admits(kind, f"of {kind}", heavy, now) for _ in range(times))


def test_a_burst_goes_out_and_then_so_many_a_second() -> None:
    flood = Flood(FEW)
    assert admitted(flood, "a", 100, 0.0) == 5
    assert admitted(flood, "a", 100, 3.0) == 3
    assert admitted(flood, "a", 100, 1000.0) == 5


def test_one_kind_does_not_cost_another_its_lines_but_all_together_are_bounded() -> None:
    flood = Flood(FEW)
    assert admitted(flood, "a", 100, 0.0) == 5
    assert admitted(flood, "b", 100, 0.0) == 3
    assert admitted(flood, "c", 100, 0.0) == 0
    assert admitted(flood, "c", 100, 1.0) == 2


def test_a_traceback_weighs_more() -> None:
    assert admitted(Flood(Rates(burst=2 * HEAVY)), "a", 100, 0.0, heavy=True) == 2


def test_what_is_left_out_is_told_once_with_its_number_and_an_example() -> None:
    flood = Flood(FEW)
    assert flood.due is None
    admitted(flood, "a", 7, 1.0)
    assert flood.due == 1.0 + TOLD_EVERY
    assert flood.left_out() == [(2, "of a")]
    assert flood.due is None
    assert flood.left_out() == []


def test_of_many_kinds_the_worst_are_named_and_the_others_counted() -> None:
    flood = Flood(Rates(burst=1))
    for kind in range(100):
        admitted(flood, kind, 2 + (kind == 7), 0.0)
    named = flood.left_out()
    assert len(named) == EXAMPLES + 1
    assert named[0] == (2, "of 7")
    assert named[-1] == (100 - EXAMPLES, "")
    assert sum(count for count, _ in named) == 101


def test_kinds_are_bounded_too() -> None:
    flood = Flood(Rates(burst_of_all=1e9))
    for number in range(2 * KINDS):
        flood.admits(number, "", False, 0.0)
    assert len(flood._kinds) <= KINDS + 1


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans(), st.floats(0, 2))))
def test_whatever_comes_what_goes_out_stays_within_the_rates_and_nothing_is_lost(
    lines: list[tuple[int, bool, float]],
) -> None:
    flood, now, out, weight = Flood(FEW), 0.0, 0, 0.0
    for kind, heavy, later in lines:
        now += later
        if flood.admits(kind, "x", heavy, now):
            out, weight = out + 1, weight + (HEAVY if heavy else 1)
    assert weight <= FEW.burst_of_all + FEW.steady_of_all * now + 1e-6
    assert out + sum(count for count, _ in flood.left_out()) == len(lines)


@contextmanager
def logging_to(stream: io.StringIO, rates: Rates) -> Iterator[logs.LogWriter]:
    writer = logs.setup("info", "console", stream, journald="/nonexistent", rates=rates)
    try:
        yield writer
    finally:
        writer.end(5.0)
        writer.close()


def test_a_storm_of_one_line_is_a_few_lines_and_a_number() -> None:
    stream = io.StringIO()
    with logging_to(stream, Rates()):
        for number in range(3000):
            LOG.warning("DU1234567 fails for the %dth time", number)
        LOG.warning("something else")
    said = stream.getvalue().splitlines()
    assert len(said) < 60
    assert any("something else" in line for line in said)
    assert any("more lines like this left out: DU***67 fails for the 5" in line for line in said)
    assert sum(int(line.split("WARNING ")[1].split()[0]) for line in said if "left out" in line) + 50 == 3000


def test_gateways_do_not_cost_each_other_lines() -> None:
    stream = io.StringIO()
    with logging_to(stream, Rates(burst=2, steady=0)):
        for gateway in ("one", "two"):
            for _ in range(5):
                LOG.info("down", extra={"gateway": gateway})
    assert stream.getvalue().count(" one: down\n") == 2
    assert stream.getvalue().count(" two: down\n") == 2


# -- what used to flood it --------------------------------------------------------------------------------------------


def test_without_file_descriptors_the_log_says_so_and_stays_small(caplog: pytest.LogCaptureFixture) -> None:
    stage = Stage([rich.fresh("live").snapshot])
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with served(stage) as server, ExitStack() as stack:
        callers = [stack.enter_context(socket.socket()) for _ in range(40)]
        used = max(int(path.name) for path in Path("/proc/self/fd").iterdir())
        while (last := stack.enter_context(socket.socket()).fileno()) < used:
            pass  # takes the free numbers below, which earlier tests may have left
        resource.setrlimit(resource.RLIMIT_NOFILE, (last + 5, hard))
        try:
            for caller in callers:
                caller.connect(("127.0.0.1", server.port))
            wait_until(lambda: any("Too many open files" in record.message for record in caplog.records), 10)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        stack.close()
        with wired(server.port) as connect:
            wire = connect()
            wire.request("/-/healthy")
            assert wire.answer()[0] == 200, "and goes on when there are some again"
    assert all(record.exc_info is None for record in caplog.records)


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x00\x05hello",
        b"\x16\x03\x03\xff\xff",
        b"",
        b"\x15\x03\x03\x00\x02\x02\x28",
    ],
)
def test_what_is_no_tls_leaves_no_line(sent: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with speaking_tls(tmp_path, Limits(request=1.0)) as (server, trust):
        for _ in range(20):
            with socket.create_connection(("127.0.0.1", server.port), 5) as wire:
                wire.sendall(sent)
        strict = ssl.create_default_context()
        for _ in range(5):
            with socket.create_connection(("127.0.0.1", server.port), 5) as wire, pytest.raises(ssl.SSLError):
                strict.wrap_socket(wire, server_hostname="127.0.0.1")
        plain = socket.create_connection(("127.0.0.1", server.port), 5)
        with trust.wrap_socket(plain, server_hostname="127.0.0.1") as wire:
            wire.sendall(b"GET /-/healthy HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            assert wire.recv(12) == b"HTTP/1.1 200"
    assert [record.message for record in caplog.records if record.levelno >= logging.WARNING] == []
