"""`ib-supervisor gate`: 0 open, 1 closed, 2 no such gateway, 3 nobody knows."""

import json
import threading
from collections.abc import Iterator

import pytest
from typer.testing import CliRunner, Result

from supervisor.commands.main import app
from supervisor.core.model.gate import GateReason
from tests.commands.test_api_client import answering
from tests.observe.gate.standing import decided
from tests.observe.stage import served
from tests.observe.web.test_gates import CLOSED, OPEN, Loop


@pytest.fixture
def stage() -> Loop:
    return Loop(OPEN)


@pytest.fixture
def url(stage: Loop) -> Iterator[str]:
    with served(stage) as server:
        yield f"http://127.0.0.1:{server.port}"


def gate(url: str, *options: str) -> Result:
    return CliRunner().invoke(app, ["gate", "live", "--url", url, *options])


def test_open_is_0(url: str) -> None:
    said = gate(url)
    assert (said.exit_code, said.stdout) == (0, "live: open\n")


def test_closed_is_1_with_the_reasons(stage: Loop, url: str) -> None:
    stage.becomes(CLOSED)
    said = gate(url)
    assert said.exit_code == 1
    assert said.stdout.startswith("live: closed\n  heartbeat: The gateway has stopped answering.")
    assert "\n  suspect: " in said.stdout


def test_as_json_it_is_the_answer_of_the_api(stage: Loop, url: str) -> None:
    stage.becomes(CLOSED)
    said = gate(url, "--json")
    assert said.exit_code == 1
    assert [each["reason"] for each in json.loads(said.stdout)["reasons"]] == [
        GateReason.HEARTBEAT,
        GateReason.SUSPECT,
    ]


def test_an_unknown_name_is_2_at_once(url: str) -> None:
    said = CliRunner().invoke(app, ["gate", "other", "--url", url, "--wait", "60s"])
    assert (said.exit_code, said.stderr) == (2, "there is no gateway 'other'\n")


def test_a_daemon_that_stands_still_is_3(stage: Loop, url: str) -> None:
    stage.stalled = [decided(OPEN, age=3)]
    said = gate(url)
    assert said.exit_code == 3
    assert "has not decided for too long" in said.stderr


def test_no_daemon_is_3() -> None:
    said = gate("http://127.0.0.1:9", "--wait", "600ms")
    assert said.exit_code == 3
    assert "no daemon answers" in said.stderr


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (401, b"who are you"),
        (200, b"[]"),
        (200, b"{}"),
        (503, b"128 wait"),
        (200, b'{"open": true, "valid_for": "x", "reasons": []}'),
        (200, b'{"open": true, "valid_for": 9e9, "reasons": []}'),
        (503, b'{"open": false, "valid_for": null, "reasons": []}'),
        (503, b'{"open": false, "valid_for": 1}'),
        (503, b'{"open": false, "valid_for": 1, "reasons": ["because"]}'),
    ],
)
def test_who_answers_anything_else_knows_nothing(status: int, body: bytes) -> None:
    with answering(status, body) as (url, _):
        assert gate(url).exit_code == 3


def test_it_waits_for_open(stage: Loop, url: str) -> None:
    stage.becomes(CLOSED)
    threading.Timer(0.5, lambda: stage.becomes(OPEN)).start()
    assert gate(url, "--wait", "10s").exit_code == 0


def test_it_waits_in_vain(stage: Loop, url: str) -> None:
    stage.becomes(CLOSED)
    assert gate(url, "--wait", "300ms").exit_code == 1


def test_it_waits_for_a_daemon_that_comes_to_itself(stage: Loop, url: str) -> None:
    stage.stalled = [decided(OPEN, age=3)]

    def turn() -> None:
        stage.stalled = None

    threading.Timer(0.5, turn).start()
    assert gate(url, "--wait", "10s").exit_code == 0


@pytest.mark.parametrize("wait", ["30", "soon"])
def test_a_wait_without_a_unit_is_wrong_usage(url: str, wait: str) -> None:
    assert gate(url, "--wait", wait).exit_code == 2
