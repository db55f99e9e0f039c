"""What an operator asks of the running daemon from the command line, and what comes of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from supervisor.commands.main import app
from supervisor.simulator import SimulatedGateway
from tests.daemon.running import Running, gateways, quick, running
from tests.waiting import wait_until

LOST = "Connectivity between IBKR and Trader Workstation has been lost."


@pytest.fixture
def gateway() -> Iterator[SimulatedGateway]:
    with SimulatedGateway() as found:
        yield found


@pytest.fixture
def daemon(tmp_path: Path, gateway: SimulatedGateway) -> Iterator[Running]:
    with running(tmp_path, gateways(quick(gateway.port))) as found:
        found.wait_up()
        yield found


def said(daemon: Running, *words: str) -> Result:
    return CliRunner().invoke(app, [*words, "--url", daemon.url])


def test_a_pause_releases_the_client_id_and_is_no_outage(daemon: Running, gateway: SimulatedGateway) -> None:
    paused = said(daemon, "pause", "live")
    assert (paused.exit_code, paused.stdout) == (0, "live is paused until `ib-supervisor resume live`\n")
    wait_until(lambda: not gateway.clients)
    assert daemon.status()["cause"].startswith("Paused by loopback:")
    daemon.until(lambda: daemon.status()["status"] == "stopped")
    tried = gateway.connections_accepted
    observed = daemon.metric("ib_observed_seconds_total")
    assert daemon.metrics("ib_outages_total", "cause", planned="false")["session"] == 0
    assert said(daemon, "status", "--check").exit_code == 1

    again = said(daemon, "resume", "live")
    assert again.exit_code == 0
    assert again.stdout.startswith("live is no longer paused, and ")
    daemon.wait_up()
    assert gateway.connections_accepted == tried + 1
    assert (daemon.metric("ib_observed_seconds_total") or 0) < (observed or 0) + 5
    assert daemon.metric("ib_session_losses_total", reason="operator", planned="true") == 1


def test_a_pause_is_kept_over_a_restart_and_a_reload(
    tmp_path: Path, daemon: Running, gateway: SimulatedGateway
) -> None:
    assert said(daemon, "pause", "live").exit_code == 0
    config = gateways(quick(gateway.port, client_id=77))
    daemon.reload(config)
    assert daemon.status()["status"] == "stopped"
    daemon.end()
    with running(tmp_path, config) as next_one:
        next_one.until(next_one.answers)
        assert next_one.status()["status"] == "stopped"
        assert next_one.get("/-/ready").strip() == "ready"
        assert not gateway.clients
        assert said(next_one, "resume", "live").exit_code == 0
        next_one.wait_up()
        assert [client.client_id for client in gateway.clients] == [77]


def test_a_pause_with_an_end_resumes_by_itself(daemon: Running) -> None:
    assert said(daemon, "pause", "live", "--for", "1500ms").exit_code == 0
    daemon.until(lambda: daemon.status()["status"] == "stopped")
    daemon.wait_up()
    daemon.until(lambda: daemon.said("resumed"))


def test_maintenance_explains_what_breaks_in_it_and_ends(daemon: Running, gateway: SimulatedGateway) -> None:
    assert said(daemon, "maintenance", "live", "--for", "15m", "--reason", "new disk").exit_code == 0
    assert daemon.metric("ib_window_active", window="maintenance") == 1
    gateway.do("refuse")
    daemon.until(lambda: daemon.status()["status"] == "maintenance")
    assert daemon.metric("ib_session_losses_total", reason="reset", planned="true") == 1
    daemon.until(lambda: daemon.said("INFO", "maintenance until", "new disk"))

    assert said(daemon, "maintenance", "live", "--end").exit_code == 0
    daemon.until(lambda: daemon.status()["status"] == "down", what="what outlives the window is unplanned")
    gateway.do("heal")
    daemon.wait_up()
    assert daemon.metrics("ib_outages_total", "cause", planned="false") == pytest.approx(
        {"port": 0, "handshake": 0, "session": 1, "heartbeat": 0, "upstream": 0, "farms": 0}
    )


def test_a_planned_outage_is_booked_as_planned_when_it_closes(daemon: Running, gateway: SimulatedGateway) -> None:
    assert said(daemon, "maintenance", "live", "--for", "15m").exit_code == 0
    gateway.do("refuse", for_=1.0)
    daemon.until(lambda: not daemon.up())
    daemon.wait_up()
    daemon.until(lambda: daemon.metric("ib_outages_total", cause="session", planned="true") == 1)
    assert daemon.metrics("ib_outage_seconds_total", "cause", planned="true")["session"] > 0.5
    assert sum(daemon.metrics("ib_outage_seconds_total", "cause", planned="false").values()) == 0


@pytest.fixture(scope="module")
def some_daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One for tests that change nothing."""
    with SimulatedGateway() as gateway, running(tmp_path_factory.mktemp("op"), gateways(quick(gateway.port))) as found:
        found.wait_up()
        yield found


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (["pause", "nobody"], 2, "there is no gateway 'nobody'"),
        (["resume", "nobody"], 2, "there is no gateway 'nobody'"),
        (["confirm-login", "nobody"], 2, "there is no gateway 'nobody'"),
        (["pause", "no body"], 2, "there is no gateway 'no body'"),
        (["pause", "grün"], 2, "there is no gateway 'grün'"),
        (["pause", "live?for=1s&x"], 2, "there is no gateway 'live?for=1s&x'"),
        (["pause", "live", "--for", "soon"], 2, "is a duration such as"),
        (["pause", "live", "--for", ""], 2, "is a duration such as"),
        (["maintenance", "live", "--for", "5h"], 2, "at most 4h"),
        (["maintenance", "live"], 2, "either --for TIME or --end"),
        (["maintenance", "live", "--for", "1h", "--end"], 2, "either --for TIME or --end"),
    ],
)
def test_what_is_not_understood_is_refused_with_what_would_be_right(
    some_daemon: Running, words: list[str], status: int, told: str
) -> None:
    result = said(some_daemon, *words)
    assert (result.exit_code, told in result.output) == (status, True), result.output
    assert some_daemon.up()


def test_confirm_login_is_told(some_daemon: Running) -> None:
    assert said(some_daemon, "confirm-login", "live").exit_code == 0
    some_daemon.until(lambda: some_daemon.said("weekly login confirmed by the operator"))


def test_without_a_daemon_every_command_ends_with_1_and_says_where_it_looked(tmp_path: Path) -> None:
    for words in (["pause", "live"], ["status"], ["confirm-login", "live"]):
        result = CliRunner().invoke(app, [*words, "--url", "http://127.0.0.1:1"])
        assert (result.exit_code, "no daemon answers at http://127.0.0.1:1" in result.output) == (1, True)


@pytest.mark.parametrize("words", [["pause", "live", "--for", "soon"], ["maintenance", "live", "--for", "5h"]])
def test_wrong_usage_is_told_where_no_daemon_answers_too(words: list[str]) -> None:
    assert CliRunner().invoke(app, [*words, "--url", "http://127.0.0.1:1"]).exit_code == 2
