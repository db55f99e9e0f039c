"""A session becomes a file, masked, and the file plays the gateway's side of it."""

import errno
import io
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some
from typer.testing import CliRunner

from supervisor.commands.main import app
from supervisor.simulator import Fleet, ManualClock, Scenario, SimulatedGateway
from supervisor.simulator.recorder.places import number_of, request_of, with_request
from supervisor.simulator.recorder.replay import Replay
from supervisor.simulator.recorder.tap import Tap
from supervisor.simulator.recorder.transcript import Entry, Mask, RecordingError, header, line, load
from supervisor.simulator.wire.frames import text_fields
from tests.limits import no_descriptor_left
from tests.simulator.client import RawClient, refused
from tests.simulator.trader import AAPL, Trader
from tests.waiting import wait_until

NOON = 1_795_797_000.0


def recorded(path: Path, session: int = 1) -> list[str]:
    """A recording of a small session, as lines."""
    out = io.StringIO()
    with SimulatedGateway(Scenario(accounts=("U7654321",)), clock=ManualClock(NOON)) as gateway:
        tap = Tap("127.0.0.1", gateway.port, 0, out, lambda text: None)
        for _ in range(session):
            with Trader(tap.port) as trader:
                trader.ask(49, 1)
                assert trader.message()[0] == "49"
                trader.ask(9, 8, 11, 265598)
                trader.until("52")
                trader.ask(62, 1, 12, "All", "NetLiquidation")
                trader.until("64")
                trader.ask(61, 1)
                trader.until("62")
        tap.close()
    path.write_text(out.getvalue())
    return out.getvalue().splitlines()


@contextmanager
def played(path: Path) -> Iterator[int]:
    with Fleet() as fleet:
        replay = fleet.call(lambda: Replay(fleet.loop, load(path), "127.0.0.1", 0, lambda text: None))
        yield replay.port
        fleet.call(replay.close)


def test_a_recording_has_every_message_and_no_account_number(tmp_path: Path) -> None:
    lines = [json.loads(each) for each in recorded(tmp_path / "r.jsonl")]
    assert lines[0]["recording"] == 1
    assert "7654321" not in (tmp_path / "r.jsonl").read_text()
    said = [each.get("text", ["hello"])[0] for each in lines[1:]]
    assert said[:4] == ["hello", "176", "71", "15"]
    assert lines[4]["text"] == ["15", "1", "U0000001"]
    assert [each["from"] for each in lines[1:4]] == ["client", "gateway", "client"]


def test_a_replay_answers_by_message_and_request_id(tmp_path: Path) -> None:
    recorded(tmp_path / "r.jsonl")
    with played(tmp_path / "r.jsonl") as port, Trader(port) as trader:
        trader.ask(62, 1, 5012, "All", "NetLiquidation")
        assert trader.message() == ["63", "1", "5012", "U0000001", "NetLiquidation", "1000000.00", "USD"]
        assert trader.message() == ["64", "1", "5012"]
        trader.ask(9, 8, 77, 265598)
        assert trader.message()[:3] == ["10", "77", "AAPL"]
        assert trader.message() == ["52", "1", "77"]
        trader.ask(49, 1)
        assert trader.message() == ["49", "1", str(int(NOON))]
        trader.ask(61, 1)
        assert trader.message() == ["62", "1"]


def test_what_was_never_recorded_is_said(tmp_path: Path) -> None:
    recorded(tmp_path / "r.jsonl")
    with played(tmp_path / "r.jsonl") as port, Trader(port) as trader:
        trader.ask(20, 1, *AAPL)
        assert "the recording has no request 20" in trader.error(320)[4]


def test_a_client_of_an_older_version_is_dropped(tmp_path: Path) -> None:
    recorded(tmp_path / "r.jsonl")
    with played(tmp_path / "r.jsonl") as port, RawClient(port) as client:
        client.hello(157)
        assert client.ending() == "fin"


def test_each_connection_gets_the_next_session_and_then_the_last_again(tmp_path: Path) -> None:
    lines = recorded(tmp_path / "r.jsonl", session=2)
    assert {json.loads(each)["session"] for each in lines[1:]} == {1, 2}
    with played(tmp_path / "r.jsonl") as port:
        for _ in range(3):
            with Trader(port) as trader:
                trader.ask(61, 1)
                assert trader.message() == ["62", "1"]


def test_a_tap_ends_what_ends_on_either_side_and_gives_its_port_back() -> None:
    out = io.StringIO()
    heard: list[str] = []
    with SimulatedGateway() as gateway:
        tap = Tap("127.0.0.1", gateway.port, 0, out, heard.append)
        with Trader(tap.port) as trader:
            gateway.do("fin")
            assert trader.ending() == "fin"
        wait_until(lambda: heard == ["session 1 begins", "session 1 is over"])
        with Trader(tap.port):
            assert len(gateway.clients) == 1
        wait_until(lambda: gateway.clients == [])
        tap.close()
    assert refused(tap.port)


def test_a_gateway_that_is_not_there_is_said() -> None:
    heard: list[str] = []
    with SimulatedGateway() as gateway:
        gateway.do("refuse")
        tap = Tap("127.0.0.1", gateway.port, 0, io.StringIO(), heard.append)
        with RawClient(tap.port) as client:
            assert client.ending() in ("fin", "rst")
        wait_until(lambda: heard)
        tap.close()
    assert "refused" in heard[0]


def test_a_tap_that_could_not_accept_once_says_so_and_goes_on() -> None:
    heard: list[str] = []
    with SimulatedGateway() as gateway, socket.socket() as first, socket.socket() as second:
        tap = Tap("127.0.0.1", gateway.port, 0, io.StringIO(), heard.append)
        with no_descriptor_left():
            for waiting in (first, second):  # the descriptor of the first may have been set aside before
                waiting.connect(("127.0.0.1", tap.port))
            wait_until(lambda: "cannot accept a connection: Too many open files" in heard)
        assert set(heard) <= {
            "cannot accept a connection: Too many open files",
            f"cannot connect to 127.0.0.1:{gateway.port}: Too many open files",
        }
        wait_until(lambda: "session 1 begins" in heard)
        with Trader(tap.port) as trader:
            trader.ask(49, 1)
            assert trader.message()[0] == "49"
        tap.close()


class FullDisk(io.StringIO):
    """Takes one line, the header."""

    def write(self, text: str) -> int:
        if self.tell():
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(text)


def test_a_full_disk_ends_the_recording_and_not_the_program_behind_it() -> None:
    heard: list[str] = []
    with SimulatedGateway() as gateway:
        tap = Tap("127.0.0.1", gateway.port, 0, FullDisk(), heard.append)
        with Trader(tap.port) as trader:
            trader.ask(49, 1)
            assert trader.message()[0] == "49"
        wait_until(lambda: "session 1 is over" in heard)
        tap.close()
    assert [each for each in heard if "No space left on device" in each] != []


@pytest.mark.parametrize("to", ["nowhere", "127.0.0.1:99999", "::1:4002"])
def test_an_address_that_is_none_is_refused(to: str, tmp_path: Path) -> None:
    run = CliRunner().invoke(app, ["record", "--to", to, "--out", str(tmp_path / "r.jsonl")])
    assert run.exit_code == 2, run.output
    assert not (tmp_path / "r.jsonl").exists()


def test_a_recording_that_cannot_begin_leaves_the_old_one(tmp_path: Path) -> None:
    (tmp_path / "r.jsonl").write_text("old\n")
    with SimulatedGateway() as gateway:
        there = f"127.0.0.1:{gateway.port}"
        options = ["--to", there, "--listen", str(gateway.port), "--out", str(tmp_path / "r.jsonl")]
        run = CliRunner().invoke(app, ["record", *options])
    assert run.exit_code == 1, run.output
    assert (tmp_path / "r.jsonl").read_text() == "old\n"


@given(some.binary(min_size=1, max_size=60), some.booleans(), some.integers(1, 9))
def test_any_payload_comes_back_from_its_line(
    tmp_path_factory: pytest.TempPathFactory, payload: bytes, client: bool, session: int
) -> None:
    entry = Entry(session, 1.5, client, payload)
    path = tmp_path_factory.getbasetemp() / "recording.jsonl"
    path.write_text(f"{header(NOON)}\n{line(entry)}\n")
    assert load(path) == [entry]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [("{}", "1: not a line"), ('{"session": 1, "at": 0, "from": "client", "text": []}', "no version"), ("x", "1")],
)
def test_what_is_no_recording_is_refused_with_its_line(tmp_path: Path, text: str, wrong: str) -> None:
    (tmp_path / "r.jsonl").write_text(text + "\n")
    with pytest.raises(RecordingError, match=wrong):
        load(tmp_path / "r.jsonl")
    with pytest.raises(RecordingError, match="cannot be read"):
        load(tmp_path / "absent")


def test_the_mask_keeps_lengths_and_tells_accounts_apart() -> None:
    mask = Mask()
    assert mask(b"U1234567,DU7654321") == b"U0000001,DU0000002"
    assert mask(b"DU7654321\0") == b"DU0000002\0"
    assert mask(b"SOU1234567 U12 DUM1234567C") == b"SOU0000001 U12 DUM0000003C"


def test_the_mask_touches_no_byte_behind_an_account_in_protobuf() -> None:
    """Field 6 as a text has the tag `2`, which is a digit."""
    message = b"\x2a\x09DU1234567" + b"2\x03USD" + b"\x3a\x08U7654321" + b"8\x01"
    masked = b"\x2a\x09DU0000001" + b"2\x03USD" + b"\x3a\x08U0000002" + b"8\x01"
    assert Mask()(message) == masked


@pytest.mark.parametrize(
    ("payload", "version", "asked", "number", "request_"),
    [
        (text_fields(49, 1), 176, True, 49, None),
        (text_fields(62, 1, 9001, "All"), 176, True, 62, 9001),
        (text_fields(20, 9002, 0), 176, True, 20, 9002),
        (text_fields(4, 2, -1, 2104, "x"), 176, False, 4, -1),
        (text_fields(4, 5, 200, "x", "", 0), 200, False, 4, 5),
        (b"\0\0\0\x3e" + text_fields(1, 9001, "All"), 203, True, 62, 9001),
        (b"\0\0\1\x06\x08\xa9F\x12\x03All", 225, True, 62, 9001),
        (b"\0\0\0\xf9\x08\xaa\xbe\x84\xd8\x06", 225, False, 49, None),
    ],
)
def test_request_ids_are_found_and_replaced(
    payload: bytes, version: int, asked: bool, number: int, request_: int | None
) -> None:
    assert number_of(payload, version) == number
    assert request_of(payload, version, asked=asked) == request_
    other = with_request(payload, version, 300, asked=asked)
    assert request_of(other, version, asked=asked) == (None if request_ is None else 300)
    assert with_request(other, version, request_ or 0, asked=asked) == payload
