"""Every fault word that concerns bytes, clocks, ports and ids, over a real socket."""

import socket
import time

import pytest

from supervisor.simulator import Scenario, ScenarioError, SimulatedGateway, parse
from supervisor.simulator.scenario.words import GARBAGE, WORDS
from tests.simulator.client import RawClient, fields, refused
from tests.waiting import wait_until


@pytest.mark.parametrize("version", [157, 176, 200, 203, 225])
@pytest.mark.parametrize("mode", GARBAGE)
def test_bad_bytes_of_every_kind_are_sent(mode: str, version: int) -> None:
    with SimulatedGateway(Scenario(server_version=version)) as gateway, RawClient(gateway.port) as client:
        client.hello(version).payload()
        if version < 201:
            client.ask(71, 2, 7, "")
        else:
            client.socket.sendall(b"\0\0\0\x06\0\0\x01\x0f\x08\x07")
        for _ in range(5):
            client.payload()
        gateway.do("garbage", mode=mode)
        assert len(client.take(4)) == 4


def test_oversize_is_one_whole_frame_over_the_limit() -> None:
    with SimulatedGateway() as gateway, RawClient(gateway.port) as client:
        client.ready()
        gateway.do("oversize")
        payload = client.payload()
        assert len(payload) > 17_000_000 > 0xFFFFFF
        client.ask(8, 1, 1)
        assert client.message()[0] == "9"


@pytest.mark.parametrize("version", [157, 176, 187, 200, 203, 225])
def test_burst_4096_is_exactly_so_many_bytes_of_whole_frames_and_then_silence(version: int) -> None:
    with SimulatedGateway(Scenario(server_version=version)) as gateway, RawClient(gateway.port) as client:
        client.hello(version).payload()
        if version < 201:
            client.ask(71, 2, 7, "")
        else:
            client.socket.sendall(b"\0\0\0\x06\0\0\x01\x0f\x08\x07")
        for _ in range(5):
            client.payload()
        told = gateway.do("burst_4096", quiet="300ms")
        burst = RawClient.take(client, 4096)
        assert client.silent_for(0.1)
        gateway.do("notice", code=1, text="after")
        begun = time.monotonic()
        client.payload()
        assert time.monotonic() - begun > 0.05
        client.buffer = burst
        assert isinstance(told["frames"], int)
        for _ in range(told["frames"]):
            client.payload()
        assert client.buffer == b""


def test_slow_writes_come_byte_by_byte_and_whole() -> None:
    with SimulatedGateway() as gateway:
        gateway.do("slow_writes", gap="2ms")
        with RawClient(gateway.port) as client:
            begun = time.monotonic()
            client.ready()
            assert time.monotonic() - begun > 0.2
            gateway.do("heal")
            client.ask(8, 1, 1)
            assert client.message()[0] == "9"


def test_the_clock_can_be_wrong_and_be_put_right() -> None:
    with SimulatedGateway(Scenario(server_version=200)) as gateway, RawClient(gateway.port) as client:
        client.hello(200).payload()
        client.ask(71, 2, 7, "")
        for _ in range(5):
            client.payload()
        gateway.do("clock", offset="-1h")
        client.ask(105)
        assert abs(int(client.message()[1]) / 1000 + 3600 - time.time()) < 2
        gateway.do("clock", timezone="Asia/Tokyo")
        assert str(gateway.do("state")["clock"]).endswith("JST")
        gateway.do("heal")
        client.ask(105)
        assert abs(int(client.message()[1]) / 1000 - time.time()) < 2


def test_settings_change_for_new_sessions_and_go_back_by_themselves() -> None:
    with SimulatedGateway() as gateway:
        gateway.do("accounts", accounts=["U7654321"], for_=0.3)
        gateway.do("next_valid_id", id=5)
        gateway.do("server_version", version=157)
        gateway.do("greeting", greeting=[[2110, "broken"]])
        with RawClient(gateway.port) as client:
            assert client.hello().message()[0] == "157"
            client.ask(71, 2, 7, "")
            assert client.message() == ["15", "1", "U7654321"]
            assert client.message() == ["9", "1", "5"]
            assert client.message() == ["4", "2", "-1", "2110", "broken"]
            wait_until(lambda: gateway.do("state")["accounts"] == ["DU1234567"])
            client.ask(8, 1, 1)
            assert client.message() == ["9", "1", "5"]
            gateway.do("heal")
            client.ask(8, 1, 1)
            assert client.message() == ["9", "1", "1"]


def test_port_changed_tells_1300_and_moves_and_heal_moves_back() -> None:
    with SimulatedGateway() as gateway, RawClient(gateway.port) as client:
        client.ready()
        old = gateway.port
        new = gateway.do("port_changed")["port"]
        message = client.message()
        assert message[3] == "1300"
        assert message[4].endswith(f"new port -{new}")
        assert client.ending() == "fin"
        assert gateway.port == new != old
        assert refused(old)
        with RawClient(gateway.port) as moved:
            moved.ready()
        gateway.do("heal")
        assert gateway.port == old
        assert isinstance(new, int)
        assert refused(new)
        assert not refused(old)
        assert gateway.do("port_changed", port=new) == {"port": new}


def test_a_ghost_keeps_the_client_id_for_a_while_after_its_session() -> None:
    with SimulatedGateway() as gateway:
        gateway.do("ghost", for_=0.5)
        with RawClient(gateway.port) as client:
            client.ready(7)
        wait_until(lambda: gateway.clients == [])
        with RawClient(gateway.port) as client:
            client.hello().payload()
            client.ask(71, 2, 7, "")
            assert client.message()[3] == "326"

        def free() -> bool:
            with RawClient(gateway.port) as client:
                client.hello().payload()
                client.ask(71, 2, 7, "")
                return client.message()[0] == "15"

        wait_until(free, 5, every=0.1)


def test_a_ghost_can_be_put_on_a_client_id() -> None:
    with SimulatedGateway() as gateway, RawClient(gateway.port) as client:
        gateway.do("ghost", client_id=9)
        client.hello().payload()
        client.ask(71, 2, 9, "")
        assert client.message()[3] == "326"
        assert gateway.do("state")["faults"] == {}, "no other id has a ghost"
        gateway.do("heal")
        with RawClient(gateway.port) as again:
            again.ready(9)


def test_a_restart_resets_refuses_then_closes_on_accept_then_is_well() -> None:
    with SimulatedGateway() as gateway, RawClient(gateway.port) as client:
        client.ready()
        gateway.do("restart", for_=0.3, then="close_on_accept", then_for=0.5)
        assert client.ending() == "rst"
        assert refused(gateway.port)
        wait_until(lambda: "close_on_accept" in str(gateway.do("state")["faults"]))
        with RawClient(gateway.port) as early:
            assert early.ending() == "fin"
        wait_until(lambda: gateway.do("state")["faults"] == {})
        with RawClient(gateway.port) as again:
            again.ready()


def test_heal_ends_everything_at_once() -> None:
    with SimulatedGateway() as gateway:
        for word in ("ignore_time", "freeze", "refuse", "mute", "slow_writes", "no_contracts"):
            gateway.do(word, for_="1h")
        gateway.do("delay", by=5)
        gateway.do("heal")
        assert gateway.do("state")["faults"] == {}
        with RawClient(gateway.port) as client:
            client.ready()


def test_saying_a_fault_again_begins_its_time_anew() -> None:
    with SimulatedGateway() as gateway:
        gateway.do("mute", for_="100ms")
        gateway.do("mute")
        time_passed = time.monotonic() + 0.3
        wait_until(lambda: time.monotonic() > time_passed)
        assert gateway.do("state")["faults"] == {"mute": {"for": None}}


def test_a_wrong_step_changes_nothing_and_says_what_would_be_right() -> None:
    with SimulatedGateway() as gateway:
        with pytest.raises(ScenarioError, match="did you mean"):
            gateway.do("freze")
        with pytest.raises(ScenarioError, match="by: missing"):
            gateway.do("delay")
        assert gateway.do("state")["faults"] == {}


def test_state_tells_everything() -> None:
    with SimulatedGateway() as gateway, RawClient(gateway.port) as client:
        client.ready()
        state = gateway.do("state")
        assert state.pop("port") == gateway.port
        assert str(state.pop("clock"))
        assert state == {
            "listening": True,
            "server_version": 176,
            "accounts": ["DU1234567"],
            "next_valid_id": 1,
            "faults": {},
            "clients": [{"client_id": 7, "server_version": 176, "ready": True}],
            "orders": [],
            "positions": [],
            "connections_accepted": 1,
            "received": {"71": 1},
        }


def test_a_scenarios_steps_are_played_in_order_and_repeated() -> None:
    scenario = parse(
        """\
repeat: 2
steps:
  - {after: 300ms, do: notice, code: 1100, text: a, times: 2, every: 10ms}
  - {after: 10ms, do: notice, code: 1102, text: b}
"""
    )
    with SimulatedGateway(scenario) as gateway, RawClient(gateway.port) as client:
        client.ready()
        assert [fields(client.payload())[3] for _ in range(6)] == ["1100", "1100", "1102"] * 2


def test_a_step_that_fails_does_not_end_the_scenario() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        scenario = parse(f"steps: [{{do: port_changed, port: {port}}}, {{do: next_valid_id, id: 9}}]")
        heard: list[str] = []
        with SimulatedGateway(scenario, on_event=heard.append) as gateway:
            wait_until(lambda: gateway.do("state")["next_valid_id"] == 9)
            assert any("port_changed failed" in line for line in heard)


def test_every_word_can_be_said() -> None:
    needed: dict[str, dict[str, object]] = {
        "notice": {"code": 2104},
        "garbage": {"mode": "http"},
        "delay": {"by": 0.1},
        "accounts": {"accounts": ["DU1"]},
        "next_valid_id": {"id": 1},
        "server_version": {"version": 176},
        "greeting": {"greeting": []},
        "price": {"contract": "AAPL", "last": 100},
        "position": {"contract": "AAPL", "quantity": 100},
        "market": {"state": "closed"},
        "master_client": {"id": 3},
        "time_throttle": {"per": "gateway"},
    }
    with SimulatedGateway() as gateway:
        for word in WORDS.keys() - {"fill", "cancel_order"}:  # these need an order
            gateway.do(word, **needed.get(word, {}))
            gateway.do("heal")
        with RawClient(gateway.port) as client:
            client.ready()
