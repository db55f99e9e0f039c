"""The gate over HTTP: 200 and 503, the long poll, and who may wait."""

import json
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection
from typing import Any

import httpx
import pytest

from supervisor.core.model.gate import GateReason
from supervisor.core.model.snapshot import Snapshot
from supervisor.observe.web.pages.shell import OPENAPI
from supervisor.observe.web.protocol import LIMITS, Limits
from tests.observe.gate.standing import decided, standing
from tests.observe.gate.test_body import FIELDS
from tests.observe.stage import Stage, served
from tests.waiting import wait_until

OPEN, CLOSED = standing(), standing(reasons=(GateReason.HEARTBEAT, GateReason.SUSPECT))


class Loop(Stage):
    """A stage whose decisions are always young, unless it stands still."""

    def __init__(self, *gateways: Snapshot) -> None:
        super().__init__(gateways)
        self.stalled: Sequence[Snapshot] | None = None

    def snapshots(self) -> Sequence[Snapshot]:
        return self.stalled if self.stalled is not None else [decided(snapshot) for snapshot in self.gateways]

    def becomes(self, *gateways: Snapshot) -> None:
        self.gateways = gateways
        self.gates.tell()


@contextmanager
def asked(stage: Stage, limits: Limits = LIMITS) -> Iterator[httpx.Client]:
    with (
        served(stage, limits) as server,
        httpx.Client(base_url=f"http://127.0.0.1:{server.port}", timeout=10) as client,
    ):
        yield client


def test_open_is_200_closed_is_503_and_an_unknown_name_is_404() -> None:
    stage = Loop(OPEN, standing("paper", reasons=(GateReason.HEARTBEAT, GateReason.SUSPECT)))
    with asked(stage) as client:
        answer = client.get("/api/v1/gates/live")
        assert (answer.status_code, answer.json()["open"], answer.json()["reasons"]) == (200, True, [])
        assert answer.headers["cache-control"] == "no-store"
        answer = client.get("/api/v1/gates/paper")
        assert (answer.status_code, answer.json()["open"]) == (503, False)
        assert [each["reason"] for each in answer.json()["reasons"]] == ["heartbeat", "suspect"]
        assert client.get("/api/v1/gates/other").status_code == 404
        assert [gate["open"] for gate in client.get("/api/v1/gates").json()["gates"]] == [True, False]


def test_the_fields_are_those_of_the_document_of_the_file_and_of_the_status() -> None:
    with asked(Loop(OPEN)) as client:
        assert list(client.get("/api/v1/gates/live").json()) == FIELDS
        assert list(client.get("/api/v1/status").json()["gateways"][0]["gate"]) == FIELDS
    schema = json.loads(OPENAPI)["components"]["schemas"]["Gate"]
    assert list(schema["properties"]) == schema["required"] == FIELDS
    assert schema["properties"]["reasons"]["items"]["properties"]["reason"]["enum"] == [*GateReason]


def test_a_lease_that_is_over_is_503_though_the_gate_was_open() -> None:
    stage = Loop(OPEN)
    stage.stalled = [decided(OPEN, age=2.1)]
    with asked(stage) as client:
        answer = client.get("/api/v1/gates/live")
    assert (answer.status_code, answer.json()["open"], answer.json()["valid_for"]) == (503, False, 0.0)


def test_a_poll_waits_for_open_and_is_answered_when_it_is() -> None:
    stage = Loop(CLOSED)
    with asked(stage) as client:
        threading.Timer(0.3, lambda: stage.becomes(OPEN)).start()
        began = time.monotonic()
        answer = client.get("/api/v1/gates/live?wait=5s")
        took = time.monotonic() - began
    assert answer.status_code == 200
    assert 0.2 < took < 2


def test_a_poll_that_waits_in_vain_ends_with_the_reasons() -> None:
    with asked(Loop(CLOSED)) as client:
        began = time.monotonic()
        answer = client.get("/api/v1/gates/live?wait=300ms")
    assert time.monotonic() - began >= 0.3
    assert (answer.status_code, answer.json()["reasons"][0]["reason"]) == (503, "heartbeat")


def test_a_poll_of_an_open_gate_is_answered_at_once() -> None:
    with asked(Loop(OPEN)) as client:
        began = time.monotonic()
        assert client.get("/api/v1/gates/live?wait=60s").status_code == 200
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("wait", ["61s", "2m", "x", "30", "-1s"])
def test_what_is_no_wait_or_too_long_a_one_is_refused_with_what_would_be_right(wait: str) -> None:
    with asked(Loop(CLOSED)) as client:
        answer = client.get("/api/v1/gates/live", params={"wait": wait})
    assert (answer.status_code, answer.text) == (400, "wait is a duration such as 30s, at most 60s\n")


def test_a_gate_that_is_open_without_a_lease_is_waited_for_until_the_loop_turns_again() -> None:
    stage = Loop(OPEN)
    stage.stalled = [decided(OPEN, age=2.1)]
    with asked(stage) as client:

        def turn() -> None:
            stage.stalled = None

        threading.Timer(0.3, turn).start()
        assert client.get("/api/v1/gates/live?wait=5s").status_code == 200


def test_a_gateway_that_leaves_the_config_is_waited_for_by_nobody() -> None:
    stage = Loop(CLOSED)
    with asked(stage) as client:
        threading.Timer(0.2, stage.becomes).start()
        assert client.get("/api/v1/gates/live?wait=5s").status_code == 404


def test_the_end_of_the_daemon_answers_all_that_wait() -> None:
    answers: list[Any] = []
    with served(Loop(CLOSED)) as server:
        line = HTTPConnection("127.0.0.1", server.port, timeout=10)
        line.request("GET", "/api/v1/gates/live?wait=60s")

        def ask() -> None:
            with line.getresponse() as answer:
                answers.append(answer.status)

        asking = threading.Thread(target=ask)
        asking.start()
        wait_until(lambda: server_waits(server.port))
    asking.join(5)
    line.close()
    assert answers == [503]


def server_waits(port: int) -> bool:
    """Whether the server has read what was asked before: it answers what is asked after it."""
    return httpx.get(f"http://127.0.0.1:{port}/-/healthy").status_code == 200


def waiting(port: int, count: int) -> list[HTTPConnection]:
    """So many polls."""
    lines = []
    for _ in range(count):
        line = HTTPConnection("127.0.0.1", port, timeout=10)
        line.request("GET", "/api/v1/gates/live?wait=60s")
        lines.append(line)
    return lines


def test_at_most_128_wait_one_more_is_told_to_come_back_and_who_leaves_makes_room() -> None:
    with served(Loop(CLOSED)) as server:
        lines = waiting(server.port, 128)

        def refused() -> httpx.Response | None:
            answer = httpx.get(f"http://127.0.0.1:{server.port}/api/v1/gates/live?wait=100ms")
            return answer if "retry-after" in answer.headers else None

        wait_until(refused)
        answer = refused()
        assert answer is not None
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert httpx.get(f"http://127.0.0.1:{server.port}/api/v1/gates/live").json()["open"] is False
        lines.pop().close()
        wait_until(lambda: refused() is None)
        for line in lines:
            line.close()


def test_a_poll_that_waits_is_not_idle_when_connections_are_too_many() -> None:
    stage = Loop(CLOSED)
    with served(stage, Limits(connections=8)) as server:
        (line,) = waiting(server.port, 1)
        wait_until(lambda: server_waits(server.port))
        idle = [HTTPConnection("127.0.0.1", server.port, timeout=10) for _ in range(20)]
        for one in idle:
            one.connect()
        stage.becomes(OPEN)
        with line.getresponse() as answer:
            assert answer.status == 200
        for one in (line, *idle):
            one.close()


def test_a_poll_may_wait_longer_than_other_answers_may_take() -> None:
    with served(Loop(CLOSED), Limits(answer=0.2)) as server:
        answer = httpx.get(f"http://127.0.0.1:{server.port}/api/v1/gates/live?wait=600ms", timeout=5)
    assert answer.status_code == 503
