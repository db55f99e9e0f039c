"""`init`: from gateways that listen to a config that the daemon takes."""

import os
import pty
import select
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from supervisor.commands.main import app
from supervisor.commands.setup.proposal import Proposal, config_of, proposal, with_own_names
from supervisor.config.load import load
from supervisor.config.values.readers import Endpoint
from supervisor.gateway.visit import Visit
from supervisor.simulator import Fleet, SimulatedGateway
from tests.daemon.running import free_port
from tests.waiting import wait_until

NOW = datetime(2026, 11, 24, 4, 38, tzinfo=UTC)
NIGHT = "20261123 23:38:00 EST"


@pytest.fixture(scope="module")
def gateway() -> Iterator[SimulatedGateway]:
    with Fleet() as fleet, SimulatedGateway(fleet=fleet) as found:
        yield found


def said(*words: str) -> Result:
    return CliRunner().invoke(app, ["init", *words], env={"COLUMNS": ""})


def seen(*accounts: str, clock: str = NIGHT) -> Visit:
    return Visit(port=True, server_version=187, clock=clock, accounts=accounts, next_order_id=1)


@pytest.mark.parametrize(
    ("port", "accounts", "name", "mode"),
    [
        (4001, ("U1234567",), "live", "live"),
        (4002, ("DU1234567",), "paper", "paper"),
        (4001, ("DU1234567", "DF7654321"), "paper", "paper"),
        (7496, ("U1234567",), "tws-live", "live"),
        (7496, ("DU1234567",), "tws-paper", "paper"),
        (4444, ("U1234567", "DU1234567"), "gateway", "any"),
    ],
)
def test_name_and_mode_are_those_of_the_accounts(port: int, accounts: tuple[str, ...], name: str, mode: str) -> None:
    made = proposal(Endpoint("127.0.0.1", port), seen(*accounts), "", None, NOW)
    assert (made.name, made.mode) == (name, mode)


@pytest.mark.parametrize(
    ("clock", "local", "zone"),
    [
        (NIGHT, None, "America/New_York"),
        (NIGHT, "America/Toronto", "America/Toronto"),
        (NIGHT, "Europe/London", "America/New_York"),
        ("20261124 04:38:00 GMT", "Europe/London", "Europe/London"),
        ("20261124 12:38:00 CST", "Europe/London", None),
        ("soon", "Europe/London", None),
    ],
)
def test_a_zone_is_proposed_only_if_the_gateways_clock_fits_it(clock: str, local: str | None, zone: str | None) -> None:
    assert proposal(Endpoint("127.0.0.1", 4001), seen("U1", clock=clock), "", local, NOW).zone == zone


def test_two_gateways_of_one_kind_get_two_names() -> None:
    same = Proposal(Endpoint("127.0.0.1", 4001), "live", "live", None, "")
    assert [each.name for each in with_own_names([same, same, same])] == ["live", "live-2", "live-3"]


def test_whatever_is_proposed_is_a_valid_config(tmp_path: Path) -> None:
    places = [Endpoint("127.0.0.1", 4001), Endpoint("::1", 4002)]
    made = [proposal(place, seen("U1234567"), "", None, NOW) for place in places]
    made.append(proposal(Endpoint("127.0.0.1", 7497), Visit(port=True), "it says: {nothing}, [at] #all", None, NOW))
    file = tmp_path / "supervisor.yaml"
    file.write_text(config_of(with_own_names(made)))
    assert [policy.name for policy in load(file, {}).gateways] == ["live", "live-2", "tws-paper"]


def test_what_it_finds_is_printed_and_no_account_is_in_it(gateway: SimulatedGateway) -> None:
    result = said("--at", f"127.0.0.1:{gateway.port}", "--daily-restart", "23:45", "--region", "europe", "--yes")
    assert result.exit_code == 0, result.output
    assert f"    port: {gateway.port}\n" in result.stdout
    assert '    daily_restart: {time: "23:45", timezone: ' in result.stdout
    assert "    server_reset: europe\n" in result.stdout
    assert "account_mode: paper" in result.stdout
    assert "DU1234567" not in result.output
    assert result.stderr.startswith(f"looking at 127.0.0.1:{gateway.port} ...")


def test_a_gateway_elsewhere_can_be_given_its_name(gateway: SimulatedGateway, tmp_path: Path) -> None:
    file = tmp_path / "supervisor.yaml"
    assert said("--at", f"desk=127.0.0.1:{gateway.port}", "--yes", "--write", str(file)).exit_code == 0
    assert [policy.name for policy in load(file, {}).gateways] == ["desk"]


def test_it_looks_at_the_usual_ports_only_if_no_gateway_is_named(
    gateway: SimulatedGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    with SimulatedGateway() as other:
        monkeypatch.setattr("supervisor.commands.setup.init.USUAL", {other.port: "other"})
        assert f"port: {other.port}" in said("--yes").stdout
        named = said("--yes", "--at", f"127.0.0.1:{gateway.port}").stdout
    assert f"port: {gateway.port}" in named
    assert f"port: {other.port}" not in named


def test_it_writes_only_where_nothing_is(gateway: SimulatedGateway, tmp_path: Path) -> None:
    file = tmp_path / "supervisor.yaml"
    words = ("--at", f"127.0.0.1:{gateway.port}", "--yes", "--write", str(file))
    assert said(*words).exit_code == 0
    assert [policy.port for policy in load(file, {}).gateways] == [gateway.port]
    file.write_text("mine\n")
    again = said(*words)
    assert (again.exit_code, file.read_text()) == (1, "mine\n")
    assert "is there already, and is not overwritten" in again.stderr
    assert "gateways:" in again.stdout


@pytest.mark.parametrize("wrong", [("--daily-restart", "25:00", "--timezone", "UTC"), ("--region", "mars")])
def test_an_answer_that_makes_no_config_is_wrong_usage_and_nothing_is_written(
    wrong: tuple[str, ...], gateway: SimulatedGateway, tmp_path: Path
) -> None:
    file = tmp_path / "supervisor.yaml"
    result = said("--at", f"127.0.0.1:{gateway.port}", "--yes", "--write", str(file), *wrong)
    assert (result.exit_code, file.exists()) == (2, False)
    assert wrong[1] in result.stderr


def test_a_gateway_that_does_not_work_is_proposed_by_its_port_and_why_is_said() -> None:
    result = said("--at", f"127.0.0.1:{free_port()}", "--yes")
    assert result.exit_code == 0
    assert "  # not seen at work: Nothing accepts connections" in result.stdout


@pytest.mark.parametrize("place", ["nonsense", "127.0.0.1:0"])
def test_what_is_no_place_is_wrong_usage(place: str) -> None:
    result = said("--at", place)
    assert result.exit_code == 2
    assert repr(place) in result.stderr


def test_on_a_terminal_it_asks_and_writes_what_is_answered(gateway: SimulatedGateway, tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "supervisor", "init", "--at", f"127.0.0.1:{gateway.port}"]
    told = b""
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, cwd=tmp_path) as process:
        os.close(theirs)

        def asks(question: bytes) -> bool:
            nonlocal told
            if select.select([ours], [], [], 0.1)[0]:
                told += os.read(ours, 65536)
            return question in told

        try:
            for question, answer in (
                (b"a name for it", b"desk\n"),
                (b"time of its daily restart", b"23:45\n"),
                (b"zone of that time", b"Europe/Zurich\n"),
                (b"write it to supervisor.yaml?", b"y\n"),
            ):
                wait_until(lambda question=question: asks(question), what=question.decode())  # type: ignore[misc]
                os.write(ours, answer)
            assert process.wait(20) == 0
        finally:
            process.kill()  # else a question that nobody expected keeps the test waiting for ever
    os.close(ours)
    (policy,) = load(tmp_path / "supervisor.yaml", {}).gateways
    assert (policy.name, policy.timezone) == ("desk", "Europe/Zurich")
