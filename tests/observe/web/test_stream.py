"""The stream of events: as it happens, resumed where it was left, and never waited for."""

import asyncio
import contextlib
import json
from collections.abc import Iterator
from typing import Any

from supervisor.observe.events import EventRing
from supervisor.observe.web.protocol import LIMITS, Connection, Limits
from supervisor.observe.web.stream import Streams
from tests.observe.stage import Stage, served
from tests.observe.wire import Wire, wired

TEXT = "x" * 1000


def listen(wire: Wire, last: int | None = None) -> Wire:
    wire.request("/api/v1/events/stream", headers="" if last is None else f"Last-Event-ID: {last}\r\n")
    head = wire.head()
    assert head.startswith("HTTP/1.1 200 ")
    assert "content-type: text/event-stream; charset=utf-8\r\n" in head
    wire.until("retry: 2000\n\n")
    return wire


def event(wire: Wire) -> dict[str, Any]:
    """The next event, from its lines."""
    number = wire.until("\n").split("\n")[0]
    while not number.startswith("id: "):  # the frames of chunked encoding
        number = wire.until("\n").split("\n")[0]
    data = json.loads(wire.until("\n\n").removeprefix("data: "))
    assert isinstance(data, dict)
    assert data["id"] == int(number.removeprefix("id: "))
    return data


def until_closed(wire: Wire) -> Iterator[int]:
    """The numbers of the events that still come."""
    with contextlib.suppress(EOFError, ConnectionResetError):
        while True:
            yield event(wire)["id"]


def test_events_come_as_they_happen() -> None:
    stage = Stage()
    with served(stage) as server, wired(server.port) as connect:
        stage.tell("before")
        wires = [listen(connect()), listen(connect())]
        stage.tell("first")
        for wire in wires:
            assert (told := event(wire))["text"] == "first"
            assert told["gateway"] == "live"
        stage.tell("second")
        for wire in wires:
            assert event(wire)["text"] == "second"


def test_a_client_that_was_away_gets_what_it_missed() -> None:
    stage = Stage()
    with served(stage) as server, wired(server.port) as connect:
        for number in range(1, 201):
            stage.tell(f"event {number}")
        wire = listen(connect(), last=100)
        assert [event(wire)["id"] for _ in range(100)] == list(range(101, 201))
        stage.tell("live again")
        assert event(wire)["text"] == "live again"


def test_a_number_of_an_earlier_process_means_all_that_is_kept() -> None:
    stage = Stage()
    with served(stage) as server, wired(server.port) as connect:
        stage.tell("the only one")
        assert event(listen(connect(), last=4711))["text"] == "the only one"


def test_what_is_no_number_is_refused() -> None:
    with served(Stage()) as server, wired(server.port) as connect:
        wire = connect()
        wire.request("/api/v1/events/stream", headers="Last-Event-ID: yesterday\r\n")
        assert wire.answer() == (400, "Last-Event-ID is the number of an event\n")


def test_a_client_that_stops_reading_is_closed_and_resumes_where_it_was() -> None:
    stage = Stage(events=EventRing(capacity=10_000))
    with served(stage) as server, wired(server.port) as connect:
        slow, quick, other = listen(connect(receive_buffer=4096)), listen(connect()), connect()
        for _ in range(60):
            for _ in range(50):
                stage.tell(TEXT)
            for _ in range(50):
                event(quick)
            other.request("/-/healthy")
            assert other.answer()[0] == 200
        taken = list(until_closed(slow))
        assert taken == list(range(1, len(taken) + 1))
        assert len(taken) < 3000 - 256
        again = listen(connect(), last=taken[-1])
        assert [event(again)["id"] for _ in range(3000 - len(taken))] == list(range(len(taken) + 1, 3001))


def test_who_resumes_far_behind_is_not_taken_for_slow() -> None:
    stage = Stage(events=EventRing(capacity=10_000))
    with served(stage) as server, wired(server.port) as connect:
        for _ in range(2000):
            stage.tell(TEXT)
        wire = listen(connect(), last=0)
        for expected in range(1, 2001):
            assert event(wire)["id"] == expected
            if expected % 100 == 0:
                stage.tell("meanwhile")


def test_silence_is_broken_by_a_comment() -> None:
    with served(Stage(), Limits(silence=0.1)) as server, wired(server.port) as connect:
        wire = listen(connect())
        wire.until(": still here\n\n")
        wire.until(": still here\n\n")


def test_a_client_that_went_away_is_forgotten() -> None:
    stage = Stage()
    with served(stage) as server, wired(server.port) as connect:
        for _ in range(5):
            listen(connect()).socket.close()
        stays = listen(connect())
        stage.tell("for who is left")
        assert event(stays)["text"] == "for who is left"


def test_a_stream_ends_with_the_server() -> None:
    stage = Stage()
    with served(stage) as server, wired(server.port) as connect:
        wire = listen(connect())
        assert server.stop(10)
        wire.rest()
    stage.tell("nobody listens, and that is no fault")


def test_without_a_client_an_event_does_not_wake_the_server() -> None:
    """At the start of a hundred gateways two thousand farms are told, and each wake-up costs the deciding loop."""

    class Counted(asyncio.SelectorEventLoop):
        woken = 0

        def call_soon_threadsafe(self, *args: Any, **options: Any) -> asyncio.Handle:  # type: ignore[override]
            self.woken += 1
            return super().call_soon_threadsafe(*args, **options)

    loop, stage = Counted(), Stage()

    async def heard() -> list[int]:
        streams, counts = Streams(stage.events, LIMITS), []

        class Client(Connection):
            def __init__(self) -> None: ...

            def stream(self) -> None: ...

        def tell() -> None:
            stage.tell("something")
            counts.append(loop.woken)

        tell()
        listening = streams.listen(Client(), None)
        assert await anext(listening) == b"retry: 2000\n\n"
        tell()
        assert b"something" in await anext(listening)
        await listening.aclose()  # type: ignore[attr-defined]
        tell()
        return counts

    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        none, one, still_one = runner.run(heard())
    assert (none, one, still_one) == (0, 1, 1)
