"""`probe`: one visit to a simulated gateway, layer by layer."""

import json
import socketserver
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from typer.testing import CliRunner, Result

from supervisor.commands.main import app
from supervisor.simulator import Fleet, SimulatedGateway
from tests.daemon.running import free_port

LAYERS = ("port", "handshake", "session", "heartbeat", "upstream", "farms")


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    with Fleet() as found:
        yield found


@pytest.fixture
def gateway(fleet: Fleet) -> Iterator[SimulatedGateway]:
    with SimulatedGateway(fleet=fleet) as found:
        yield found


def probe(port: int, *words: str) -> Result:
    return CliRunner().invoke(app, ["probe", f"127.0.0.1:{port}", *words], env={"COLUMNS": ""})


def test_a_healthy_gateway_is_told_rung_by_rung(gateway: SimulatedGateway) -> None:
    result = probe(gateway.port)
    assert result.exit_code == 0, result.output
    assert "connection ready, next valid order id 1" in result.stdout
    assert "notice 2104: Market data farm connection is OK:usfarm" in result.stdout
    rungs = [line.split()[1] for line in result.stdout.splitlines() if line.startswith("ok  ")]
    assert tuple(rungs) == LAYERS
    assert "server version 157" in result.stdout
    assert "DU1234567" not in result.stdout, "accounts are masked"
    assert gateway.connections_accepted == 1


def test_its_client_id_is_its_own_and_is_given_back(gateway: SimulatedGateway) -> None:
    seen: list[str] = []
    with SimulatedGateway(on_event=seen.append) as watched:
        assert probe(watched.port).exit_code == 0
        assert probe(watched.port).exit_code == 0
    assert len([line for line in seen if line.startswith("client 912 is ready")]) == 2


def test_the_account_summary_is_printed_as_ibkrs_hello_world_does(gateway: SimulatedGateway) -> None:
    result = probe(gateway.port, "--account-summary", "--show-accounts")
    assert result.exit_code == 0
    rows = [line for line in result.stdout.splitlines() if line.startswith("account ")]
    assert any(line.startswith("account DU1234567  NetLiquidation: ") for line in rows)
    assert "account summary: end" in rows[-1]
    assert result.stdout.index("connection ready") < result.stdout.index("account DU1234567")


def test_json_has_the_account_summary_if_asked_for(gateway: SimulatedGateway) -> None:
    rows = json.loads(probe(gateway.port, "--json", "--account-summary").stdout)["account_summary"]
    assert {"account": "DU***67", "tag": "NetLiquidation", "value": "1000000.00", "currency": "USD"} in rows
    assert "account_summary" not in json.loads(probe(gateway.port, "--json").stdout)


@pytest.mark.parametrize("words", [(), ("--json",)])
def test_no_account_is_readable_wherever_it_stands_and_whatever_its_form(
    gateway: SimulatedGateway, words: tuple[str, ...]
) -> None:
    gateway.do("accounts", accounts=["U7654321", "DU123", "X1"])
    gateway.do("greeting", greeting=[[2100, "API client has been unsubscribed from account data of U7654321."]])
    said = probe(gateway.port, "--account-summary", *words).stdout
    assert "U***21" in said
    assert not [account for account in ("U7654321", "DU123", "X1") if account in said]
    assert "account data of U7654321" in probe(gateway.port, "--show-accounts").stdout


@pytest.mark.parametrize("layer", LAYERS)
def test_each_layer_that_works_can_be_required(gateway: SimulatedGateway, layer: str) -> None:
    assert probe(gateway.port, "--require", layer).exit_code == 0


def test_a_broken_farm_fails_only_the_last_layer(gateway: SimulatedGateway) -> None:
    gateway.do("greeting", greeting=[[2103, "Market data farm connection is broken:usfarm"]])
    assert probe(gateway.port, "--require", "farms").exit_code == 1
    assert probe(gateway.port, "--require", "upstream").exit_code == 0


def test_a_broken_farm_that_is_connecting_is_still_broken(gateway: SimulatedGateway) -> None:
    broken, connecting = (
        [2103, "Market data farm connection is broken:usfarm"],
        [2119, "Market data farm is connecting:usfarm"],
    )
    gateway.do("greeting", greeting=[broken, connecting])
    assert probe(gateway.port, "--require", "farms").exit_code == 1
    restored = [1102, "Connectivity restored - data maintained. The following farms are connected: usfarm."]
    gateway.do("greeting", greeting=[broken, restored])
    assert probe(gateway.port, "--require", "farms").exit_code == 0


@pytest.mark.parametrize("code", [1100, 2110])
def test_a_gateway_that_says_it_has_lost_ibkr_is_believed_whatever_it_answers(
    gateway: SimulatedGateway, code: int
) -> None:
    gateway.do("greeting", greeting=[[code, "lost"]])
    result = probe(gateway.port, "--require", "upstream")
    assert result.exit_code == 1
    assert f"--  upstream   the gateway says that it has lost IBKR's servers ({code})" in result.stdout
    gateway.do("greeting", greeting=[[code, "lost"], [1102, "restored"]])
    assert probe(gateway.port, "--require", "upstream").exit_code == 0


def test_ibkr_away_fails_upstream_and_what_is_above(gateway: SimulatedGateway) -> None:
    gateway.do("no_contracts")
    result = probe(gateway.port, "--json", "--require", "upstream")
    assert result.exit_code == 1
    seen = json.loads(result.stdout)
    assert seen["layers"] == dict.fromkeys(LAYERS[:4], True) | dict.fromkeys(LAYERS[4:], False)


def test_a_gateway_that_does_not_answer_pings_fails_the_heartbeat(gateway: SimulatedGateway) -> None:
    gateway.do("ignore_time")
    result = probe(gateway.port, "--require", "heartbeat")
    assert result.exit_code == 1
    assert "ok  session" in result.stdout


@pytest.mark.parametrize(
    ("fault", "layer", "words"),
    [
        ("mute", "handshake", "accepts connections and says nothing"),
        ("close_on_accept", "handshake", "closes them at once"),
        ("not_tws", "handshake", "not the protocol of TWS"),
    ],
)
def test_a_fault_is_told_with_its_likely_cause(gateway: SimulatedGateway, fault: str, layer: str, words: str) -> None:
    gateway.do(fault)
    result = probe(gateway.port)
    assert result.exit_code == 1
    assert f"--  {layer}\n" in result.stdout
    assert "ok  port\n" in result.stdout
    assert words in result.stdout


def test_a_closed_port_is_told_as_such() -> None:
    result = probe(free_port(), "--require", "port")
    assert result.exit_code == 1
    assert "--  port" in result.stdout
    assert "refused" in result.stdout.lower()


def test_an_id_in_use_is_told_as_such(gateway: SimulatedGateway) -> None:
    gateway.do("ghost", client_id=912, for_=60)
    result = probe(gateway.port)
    assert result.exit_code == 1
    assert "client id 912" in result.stdout
    assert probe(gateway.port, "--client-id", "913").exit_code == 0


def test_the_verdict_is_one_line_and_json_has_it_with_cause_and_cure(gateway: SimulatedGateway) -> None:
    assert f"\nok: all works at 127.0.0.1:{gateway.port}\n" in probe(gateway.port).stdout
    well = json.loads(probe(gateway.port, "--json").stdout)
    assert (well["ok"], well["cause"], well["cure"]) == (True, None, None)
    gateway.do("greeting", greeting=[[2103, "Market data farm connection is broken:usfarm"]])
    partly = json.loads(probe(gateway.port, "--json").stdout)
    assert partly["ok"] is True
    assert partly["verdict"].startswith("ok: session works, but farms does not")
    assert "market_data/usfarm" in partly["cause"]
    assert partly["cure"].startswith("Do nothing for a minute")
    closed = json.loads(probe(free_port(), "--json").stdout)
    assert (closed["ok"], closed["verdict"].startswith("not ok: port does not work")) == (False, True)
    assert closed["cure"].startswith("Start the gateway")


def test_a_name_that_is_not_known_is_told_and_nothing_else() -> None:
    result = CliRunner().invoke(app, ["probe", "nobody.invalid:4001"], env={"COLUMNS": ""})
    assert result.exit_code == 1
    assert "The name nobody.invalid is not known" in result.stdout
    assert not [word for word in ("firewall", "file descriptor", "gateway is down") if word in result.stdout]


class Web(BaseHTTPRequestHandler):
    """A web server, which waits for the end of a line."""

    def do_GET(self) -> None:
        self.send_error(404)

    def log_message(self, *_: object) -> None:
        return


def test_a_web_server_is_named() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Web) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        result = probe(server.server_address[1])
        server.shutdown()
    assert result.exit_code == 1
    assert "is not the protocol of TWS (it speaks HTTP)" in result.stdout


@pytest.mark.parametrize(
    ("said", "name"), [(b"SSH-2.0-OpenSSH_9.2p1\r\n", "SSH"), (b"\x15\x03\x01\x00\x02\x02\x46", "TLS")]
)
def test_a_server_that_says_what_it_is_is_named(said: bytes, name: str) -> None:
    class Speaks(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.sendall(said)
            self.request.recv(1000)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Speaks) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        result = probe(server.server_address[1])
        server.shutdown()
    assert f"(it speaks {name})" in result.stdout, result.stdout


@pytest.mark.parametrize("place", ["nonsense", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:70000", ""])
def test_what_is_no_place_is_wrong_usage(place: str) -> None:
    result = CliRunner().invoke(app, ["probe", place], env={"COLUMNS": "200"})
    assert (result.exit_code, f"{place!r} is not a host and a port" in result.output) == (2, True)
    assert 'such as "127.0.0.1:4001"' in result.output
