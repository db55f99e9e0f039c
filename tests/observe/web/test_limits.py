"""What clients may not do to us: slow, idle, many, garbled. Real sockets, limits as short as a test wants them."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from supervisor.observe.metrics.exposition import Internals
from supervisor.observe.web.listen import bind
from supervisor.observe.web.protocol import LIMITS, Limits
from supervisor.observe.web.server import WebServer
from tests.observe import rich
from tests.observe.stage import INTERNALS, Stage, served
from tests.observe.wire import Wire, wired
from tests.waiting import wait_until

SOON = Limits(request=0.4, answer=3.0)
FEW = Limits(connections=4)
VAST = replace(INTERNALS, version="x" * 8_000_000)
"""For a page that no socket's buffers swallow."""
Connect = Callable[..., Wire]


@contextmanager
def stormed(limits: Limits, own: Internals = INTERNALS) -> Iterator[tuple[Connect, Stage]]:
    stage = Stage([rich.fresh("live").snapshot], own)
    with served(stage, limits) as server, wired(server.port) as connect:
        yield connect, stage


def test_the_limits_are_those_of_the_contract() -> None:
    assert (LIMITS.request, LIMITS.connections, LIMITS.behind) == (10.0, 256, 256)


# -- slow -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "part",
    [
        "",
        "G",
        "GET /metrics HTTP/1.1\r\nHost: loc",
        "GET /metrics HTTP/1.1\r\nHost: localhost\r\n",
        "POST /-/reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n12345",
        "POST /api/v1/gateways/live/pause HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n12345",
        "POST /api/v1/gateways/live/pause HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12",
    ],
)
def test_a_request_that_is_not_whole_in_time_is_closed(part: str) -> None:
    with stormed(SOON) as (connect, stage):
        wire = connect()
        began = time.monotonic()
        wire.send(part)
        wire.rest()
        took = time.monotonic() - began
        assert SOON.request * 0.9 < took < 5
        assert not stage.heard


def test_a_trickle_of_bytes_does_not_prolong_a_request() -> None:
    with stormed(SOON) as (connect, _):
        wire = connect()
        began = time.monotonic()

        def trickled() -> bool:
            try:
                wire.send("x")
            except OSError:
                return True
            return wire.closed

        wire.send("GET /")
        wait_until(trickled, 5, every=0.02)
        assert time.monotonic() - began > SOON.request * 0.9


def test_the_second_request_of_a_connection_has_the_same_time() -> None:
    with stormed(SOON) as (connect, _):
        wire = connect()
        wire.request("/-/healthy")
        assert wire.answer()[0] == 200
        wire.send("GET /-/hea")
        assert wire.closes_within(5)


def test_a_part_that_came_with_the_request_before_has_the_same_time() -> None:
    with stormed(SOON) as (connect, _):
        wire = connect()
        wire.send("GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\nGET /-/hea")
        assert wire.answer()[0] == 200
        assert wire.closes_within(5)


def test_an_idle_connection_outlives_the_time_of_a_request() -> None:
    with stormed(SOON) as (connect, _):
        scraper = connect()
        scraper.request("/metrics")
        assert scraper.answer()[0] == 200
        mute = connect()
        assert mute.closes_within(5)
        scraper.request("/metrics")
        assert scraper.answer()[0] == 200


def test_an_idle_connection_is_closed_in_the_end() -> None:
    with stormed(replace(SOON, idle=1)) as (connect, _):
        wire = connect()
        wire.request("/-/healthy")
        wire.answer()
        assert wire.closes_within(10)


def test_requests_in_a_row_on_one_connection_are_all_answered() -> None:
    with stormed(SOON) as (connect, _):
        wire = connect()
        wire.send("GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n" * 5)
        assert [wire.answer()[0] for _ in range(5)] == [200] * 5


def test_who_does_not_take_an_answer_loses_it_and_delays_nobody() -> None:
    with stormed(SOON, VAST) as (connect, _):
        slow = connect(receive_buffer=4096)
        began = time.monotonic()
        slow.request("/metrics")
        slow.head()
        quick = connect()
        quick.request("/metrics")
        status, page = quick.answer()
        assert (status, len(page) > 8_000_000) == (200, True)
        while time.monotonic() - began < SOON.answer + 0.2:
            assert connect().closes_within(5), "each takes the time of a request"
        assert len(slow.rest()) < len(page)


# -- many -------------------------------------------------------------------------------------------------------------


def idle(connect: Connect) -> Wire:
    """A connection that was used once and waits."""
    wire = connect()
    wire.request("/-/healthy")
    assert wire.answer()[0] == 200
    return wire


def streaming(connect: Connect) -> Wire:
    wire = connect()
    wire.request("/api/v1/events/stream")
    wire.until("retry: 2000\n\n")
    return wire


def test_one_connection_too_many_costs_the_oldest_idle_one() -> None:
    with stormed(FEW) as (connect, _):
        first, *others = [idle(connect) for _ in range(4)]
        fifth = idle(connect)
        assert first.closes_within(5)
        assert not any(wire.closed for wire in (*others, fifth))
        others[0].request("/-/healthy")
        others[0].answer()  # it was idle for the longest, and is not any more
        idle(connect)
        assert others[1].closes_within(5)
        assert not others[0].closed


def test_connections_that_never_said_anything_are_idle() -> None:
    with stormed(FEW) as (connect, _):
        mutes = [connect() for _ in range(4)]
        scraper = idle(connect)
        assert mutes[0].closes_within(5)
        assert not scraper.closed


def test_an_idle_connection_goes_before_an_older_stream() -> None:
    with stormed(FEW) as (connect, stage):
        streams = [streaming(connect) for _ in range(3)]
        waiting = idle(connect)
        idle(connect)
        assert waiting.closes_within(5)
        stage.tell("still there")
        for stream in streams:
            assert "still there" in stream.until("\n\n")


def test_a_scrape_is_never_refused() -> None:
    """Though every place is taken by a stream, and again by connections that say nothing."""
    with stormed(FEW) as (connect, _):
        streams = [streaming(connect) for _ in range(4)]
        scraper = connect()
        scraper.request("/metrics")
        assert scraper.answer()[0] == 200
        streams[0].rest()
        mutes = [connect() for _ in range(20)]
        scraper = connect()
        scraper.request("/metrics")
        assert scraper.answer()[0] == 200
        wait_until(lambda: sum(wire.closed for wire in mutes) >= 17, what="the oldest have gone")


def test_a_scrape_under_way_is_the_last_to_go() -> None:
    with stormed(FEW, VAST) as (connect, _):
        scraper = connect(receive_buffer=4096)
        scraper.request("/metrics")
        length = int(scraper.head().lower().split("content-length:")[1].split()[0])
        for _ in range(8):
            streaming(connect)
        assert b"\nib_supervisor_journal_errors_total 1.0\n" in scraper.take(length)


def test_three_hundred_idle_connections_delay_no_scrape() -> None:
    with stormed(LIMITS) as (connect, _):
        mutes = [connect() for _ in range(300)]
        scraper = connect()
        began = time.monotonic()
        scraper.request("/metrics")
        assert scraper.answer()[0] == 200
        assert time.monotonic() - began < 2
        wait_until(lambda: sum(wire.closed for wire in mutes) >= 45, what="the oldest have gone")
        assert not mutes[-1].closed


# -- garbled ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "said",
    [
        "hello\r\n\r\n",
        "GET /\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET / HTTP/x.y\r\nHost: localhost\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        "POST /-/reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        "POST /-/reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        f"GET / HTTP/1.1\r\nHost: localhost\r\nX: {'x' * 20_000}",
    ],
)
def test_what_is_no_request_is_400_and_closed(said: str) -> None:
    with stormed(LIMITS) as (connect, _):
        wire = connect()
        wire.send(said)
        assert wire.rest().startswith(b"HTTP/1.1 400 ")
        idle(connect)


def test_an_old_client_without_a_host_may_look_and_ask() -> None:
    with stormed(LIMITS) as (connect, _):
        for request in ("GET /metrics", "POST /-/reload"):
            wire = connect()
            wire.send(f"{request} HTTP/1.0\r\n\r\n")
            assert wire.rest().startswith(b"HTTP/1.1 200 ")


def test_a_request_for_another_protocol_is_answered_as_usual() -> None:
    with stormed(LIMITS) as (connect, _):
        wire = connect()
        wire.request("/-/healthy", headers="Connection: Upgrade\r\nUpgrade: websocket\r\n")
        assert wire.answer()[0] == 200


# -- the end ----------------------------------------------------------------------------------------------------------


def test_the_server_stops_within_a_second_whatever_its_clients_do() -> None:
    stage = Stage([rich.fresh("live").snapshot], VAST)
    server = WebServer(stage, bind("127.0.0.1", 0))
    server.start()
    with wired(server.port) as connect:
        connect()
        connect().send("GET / HT")
        connect().send("POST /api/v1/gateways/live/pause HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n12")
        idle(connect)
        stream = streaming(connect)
        slow = connect(receive_buffer=4096)
        slow.request("/metrics")
        slow.head()
        began = time.monotonic()
        assert server.stop()
        assert time.monotonic() - began < 1
        stream.rest()


def test_nothing_is_left_of_a_server_and_its_connections() -> None:
    def left() -> tuple[int, set[str]]:
        files = len(list(Path("/proc/self/fd").iterdir()))
        return files, {thread.name for thread in threading.enumerate()}

    def use() -> None:
        with stormed(LIMITS) as (connect, _):
            streaming(connect)
            idle(connect)
            connect().send("GET")

    use()  # what is made once and kept
    before = left()
    for _ in range(3):
        use()
    wait_until(lambda: left() == before, what="files and threads as before")


# -- garbled ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sent",
    [
        "POST /-/nothing HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nno chunk\r\n",
        "HEAD /-/nothing HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nno chunk\r\n",
        "HEAD /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\nno request\r\n\r\n",
        "nothing of the kind\r\n\r\n",
    ],
)
def test_what_is_no_http_is_closed_and_leaves_no_fault_in_the_log(sent: str, caplog: pytest.LogCaptureFixture) -> None:
    with stormed(LIMITS) as (connect, _):
        wire = connect()
        wire.send(sent)
        wire.rest()
        other = connect()
        other.request("/-/healthy")
        assert other.answer()[0] == 200
    assert not [record for record in caplog.records if record.levelname == "ERROR"]
