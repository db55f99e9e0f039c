"""The control socket: JSON lines in, JSON lines out, and nothing that comes in ends it."""

import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from supervisor.simulator import SimulatedGateway
from tests.simulator.client import RawClient, refused


class Visit:
    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), 5)
        self.lines = self.socket.makefile("rb")

    def say(self, line: bytes) -> dict[str, Any]:
        self.socket.sendall(line + b"\n")
        return self.answer()

    def answer(self) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self.lines.readline())
        return answer

    def close(self) -> None:
        self.lines.close()
        self.socket.close()


@pytest.fixture
def gateway() -> Iterator[SimulatedGateway]:
    with SimulatedGateway() as gateway:
        yield gateway


@pytest.fixture
def visit(gateway: SimulatedGateway) -> Iterator[Visit]:
    visit = Visit(gateway.open_control())
    yield visit
    visit.close()


def test_a_step_is_carried_out_and_acknowledged(gateway: SimulatedGateway, visit: Visit) -> None:
    with RawClient(gateway.port) as client:
        client.ready()
        assert visit.say(b'{"do": "notice", "code": 1100, "text": "lost"}') == {"ok": True, "clients": 1}
        assert client.message()[3:5] == ["1100", "lost"]
        assert visit.say(b'{"do": "refuse", "for": "1h"}') == {"ok": True}
        assert refused(gateway.port)
        assert visit.say(b'{"do": "heal"}') == {"ok": True}
        assert not refused(gateway.port)


def test_state_is_told_as_json(gateway: SimulatedGateway, visit: Visit) -> None:
    state = visit.say(b'{"do": "state"}')
    assert state["ok"] is True
    assert state["port"] == gateway.port
    assert state["clients"] == []


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        (b'{"do": "freze"}', "freeze"),
        (b'{"do": "notice"}', "code: missing"),
        (b'{"do": "notice", "code": "x", "colour": 1}', "colour: unknown"),
        (b"[1, 2]", "no step"),
        (b"dance", "not JSON"),
        (b'{"do": ', "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b'{"do": "notice", "code": NaN}', "code"),
        (b'{"do": "mute", "for": Infinity}', "for"),
        (b'{"do": {"do": 1}}', "unknown"),
        (b'{"do": "notice", "code": 1, "text": "a\\u0000b"}', "text"),
        (b'{"do": "notice", "code": 1, "text": "half \\ud800"}', "text"),
        (b'{"do": "greeting", "greeting": [[1, "half \\ud800"]]}', "greeting"),
        (b'{"do": "accounts", "accounts": ["DU1\\u0000"]}', "accounts"),
    ],
)
def test_a_bad_line_is_answered_and_costs_nothing(visit: Visit, line: bytes, hint: str) -> None:
    answer = visit.say(line)
    assert answer["ok"] is False
    assert hint in answer["error"]
    assert visit.say(b'{"do": "state"}')["ok"] is True


def test_several_lines_in_one_write_are_answered_in_order(visit: Visit) -> None:
    visit.socket.sendall(b'{"do": "next_valid_id", "id": 5}\n\n{"do": "x"}\n{"do": "state"}\n')
    assert visit.answer() == {"ok": True}
    assert visit.answer()["ok"] is False
    assert visit.answer()["next_valid_id"] == 5


def test_an_endless_line_costs_its_connection_alone(gateway: SimulatedGateway, visit: Visit) -> None:
    visit.socket.sendall(b"x" * ((1 << 20) + 1))
    assert "more than" in visit.answer()["error"]
    assert visit.lines.readline() == b""
    other = Visit(gateway.open_control())
    assert other.say(b'{"do": "state"}')["ok"] is True
    other.close()


def test_a_port_that_cannot_be_had_is_an_error_and_no_end(gateway: SimulatedGateway, visit: Visit) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        answer = visit.say(b'{"do": "port_changed", "port": %d}' % taken.getsockname()[1])
    assert answer["ok"] is False
    assert "in use" in answer["error"]
    assert not refused(gateway.port)


def test_a_visitor_who_leaves_during_a_step_harms_nobody(gateway: SimulatedGateway, visit: Visit) -> None:
    leaver = Visit(gateway.open_control())
    leaver.socket.sendall(b'{"do": "heal", "after": "1h"}\n')
    leaver.close()
    assert visit.say(b'{"do": "state"}')["ok"] is True


def test_lines_of_a_visitor_who_leaves_at_once_are_carried_out(gateway: SimulatedGateway) -> None:
    with RawClient(gateway.port) as client:
        client.ready()
        for code in (b"2103", b"2104"):
            leaver = Visit(gateway.open_control())
            leaver.socket.sendall(b'{"do": "state"}\n{"do": "notice", "code": %s, "text": "told"}\n' % code)
            leaver.close()
            assert client.message()[3] == code.decode()


@pytest.mark.parametrize("end", [b"\n", b""])
def test_a_visitor_who_half_closes_gets_the_answers_and_then_the_end(visit: Visit, end: bytes) -> None:
    visit.socket.sendall(b'{"do": "next_valid_id", "id": 5, "after": "100ms"}\n{"do": "state"}' + end)
    visit.socket.shutdown(socket.SHUT_WR)
    assert visit.answer() == {"ok": True}
    assert visit.answer()["next_valid_id"] == 5
    assert visit.lines.read() == b""
