"""Recovery by the running daemon: a real controller's port, a person's word, the journal, and what is told of it."""

import socket
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
from typer.testing import CliRunner, Result

from supervisor.commands.main import app
from supervisor.simulator import SimulatedGateway
from tests.daemon.running import Running, gateways, quick, running
from tests.observe.notify.receivers import receiving
from tests.waiting import wait_until

FARM = "Market data farm connection is broken:usfarm"
HEALED = "Market data farm connection is OK:usfarm"


@contextmanager
def controller() -> Iterator[tuple[int, list[bytes]]]:
    """IBC's command server, as far as it is asked here: it says OK to everything. What came, but for looks."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    said = connection.recv(1024)
                    if said.strip() and said.strip().upper() != b"EXIT":
                        heard.append(said)
                    connection.sendall(b"OK Goodbye\n")

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1], heard
        server.shutdown(socket.SHUT_RDWR)


def config(gateway: SimulatedGateway, port: int, recovery: str) -> str:
    ibc = f"{{kind: ibc, port: {port}, auto_restart_time_set: true}}"
    return gateways(quick(gateway.port, controller=ibc, recovery=f"{{market_hours: ignore, {recovery}}}"))


def said(daemon: Running, *words: str) -> Result:
    return CliRunner().invoke(app, [*words, "--url", daemon.url])


def recovery(daemon: Running) -> dict[str, Any]:
    found: dict[str, Any] = daemon.status()["recovery"]
    return found


def titles(folder: Path) -> list[str]:
    """Of all messages to people."""
    with closing(sqlite3.connect(folder / "journal.db")) as file:
        return [str(title) for (title,) in file.execute("SELECT title FROM messages")]


def test_a_broken_farm_is_reconnected_and_proved_and_the_budget_survives(tmp_path: Path) -> None:
    with SimulatedGateway() as gateway, controller() as (port, heard):
        text = config(gateway, port, "rungs: [{rung: reconnect_data, patience: 5s}]")
        with running(tmp_path, text) as daemon:
            daemon.wait_up()
            gateway.do("notice", code=2103, text=FARM)
            wait_until(lambda: heard == [b"RECONNECTDATA\n"], 15)
            gateway.do("notice", code=2104, text=HEALED)
            wait_until(lambda: recovery(daemon)["deed"]["result"] == "proved")
            counted = daemon.metrics("ib_recovery_actions_total", "result", rung="reconnect_data")
            assert counted == {"proved": 1, "unproved": 0, "refused": 0, "dry_run": 0}
            assert daemon.metric("ib_recovery_budget_remaining", rung="reconnect_data") == 0
        with running(tmp_path, text) as again:
            again.wait_up()
            assert recovery(again)["rungs"][0]["remaining"] == 0
            by_hand = said(again, "recover", "live")
            assert (by_hand.exit_code, "not done" in by_hand.output) == (1, True)


def test_a_daemon_that_is_killed_between_a_deed_and_its_proof_tells_of_the_proof_in_its_next_life(
    tmp_path: Path,
) -> None:
    with SimulatedGateway() as gateway, controller() as (port, heard), receiving() as receiver:
        target = f'notify: [{{name: hook, url: "{receiver.url}", format: json}}]\n'
        text = target + config(gateway, port, "rungs: [{rung: reconnect_data, patience: 5s}]")
        with running(tmp_path, text) as daemon:
            daemon.wait_up()
            gateway.do("notice", code=2103, text=FARM)
            wait_until(lambda: heard == [b"RECONNECTDATA\n"], 15)
            daemon.until(lambda: "IBRecoveryDeed" in str(receiver.messages), what="word of the deed")
            daemon.kill()
        with running(tmp_path, text) as again:
            again.until(lambda: recovery(again)["deed"]["result"] == "proved")
            again.until(lambda: "live: recovery is over" in titles(tmp_path), what="word of its proof")


def test_a_hang_waits_for_a_word_and_the_journal_keeps_whose_it_was(tmp_path: Path) -> None:
    with SimulatedGateway() as gateway, controller() as (port, heard):
        text = config(gateway, port, "rungs: [{rung: restart, patience: 5s}]")
        with running(tmp_path, text) as daemon:
            daemon.wait_up()
            assert said(daemon, "approve", "live").exit_code == 1
            assert httpx.post(f"{daemon.url}/api/v1/gateways/nobody/approve").status_code == 404
            refused = httpx.post(f"{daemon.url}/api/v1/gateways/live/recover?rung=command")
            assert (refused.status_code, refused.text.startswith("not done: ")) == (409, True)
            gateway.do("mute")
            gateway.do("freeze")
            wait_until(lambda: daemon.metric("ib_recovery_approval_pending", rung="restart") == 1, 40)
            assert heard == []
            assert said(daemon, "approve", "live").exit_code == 0
            wait_until(lambda: heard == [b"RESTART\n"])
            assert recovery(daemon)["deed"]["by"] == "loopback"
            told = httpx.get(f"{daemon.url}/api/v1/events?limit=100").json()["events"]
            steps = [event["fields"]["step"] for event in told if event["kind"] == "recovery"]
            assert steps[-4:] == ["proposed", "approved", "started", "answered"]


def test_a_dry_run_sends_nothing(tmp_path: Path) -> None:
    with SimulatedGateway() as gateway, controller() as (port, heard):
        text = config(gateway, port, "dry_run: true, rungs: [{rung: reconnect_data, patience: 5s}]")
        with running(tmp_path, text) as daemon:
            daemon.wait_up()
            gateway.do("notice", code=2103, text=FARM)
            wait_until(lambda: recovery(daemon)["deed"] is not None, 15)
            assert recovery(daemon)["deed"]["result"] == "dry_run"
            assert heard == []


def test_a_word_of_a_person_that_comes_to_nothing_is_not_called_done(tmp_path: Path) -> None:
    rung = "rungs: [{rung: reconnect_data, patience: 1h}]"
    with SimulatedGateway() as gateway, socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        server.close()
        with running(tmp_path, config(gateway, port, rung)) as daemon:
            daemon.wait_up()
            gateway.do("notice", code=2103, text=FARM)
            wait_until(lambda: recovery(daemon)["rungs"][0]["blocked"] == "patience", 15)
            refused = said(daemon, "recover", "live")
            assert (refused.exit_code, refused.stdout) == (1, "")
            assert refused.stderr.startswith("live: reconnect_data was not done: nothing accepts commands on")


@contextmanager
def held(journal: Path) -> Iterator[None]:
    """A journal that takes nothing, because somebody else writes."""
    with closing(sqlite3.connect(journal, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def test_a_word_of_a_person_in_a_dry_run_is_told_as_such_and_needs_no_disk(tmp_path: Path) -> None:
    with SimulatedGateway() as gateway, controller() as (port, heard):
        text = config(gateway, port, "dry_run: true, rungs: [{rung: reconnect_data, patience: 1h}]")
        with running(tmp_path, text) as daemon:
            daemon.wait_up()
            gateway.do("notice", code=2103, text=FARM)
            wait_until(lambda: recovery(daemon)["rungs"][0]["blocked"] == "patience", 15)
            with held(tmp_path / "journal.db"):
                dry = said(daemon, "recover", "live")
            assert (dry.exit_code, dry.output) == (0, "live: reconnect_data would have been done (dry run)\n")
            assert heard == []


def test_what_is_not_stored_is_not_done_and_not_called_done(tmp_path: Path) -> None:
    with SimulatedGateway() as gateway, controller() as (port, heard):
        text = config(gateway, port, "rungs: [{rung: reconnect_data, patience: 1h}]")
        with running(tmp_path, text) as daemon:
            daemon.wait_up()
            gateway.do("notice", code=2103, text=FARM)
            wait_until(lambda: recovery(daemon)["rungs"][0]["blocked"] == "patience", 15)
            with held(tmp_path / "journal.db"):
                lost = said(daemon, "recover", "live")
            assert (lost.exit_code, lost.stdout, "done, but not stored" in lost.stderr) == (1, "", False)
            assert lost.stderr.startswith("live: reconnect_data was not done: the journal does not take it")
            assert heard == []
