"""What the daemon knows survives it: an orderly end, and kill -9."""

from pathlib import Path

from supervisor.simulator import SimulatedGateway
from tests.daemon.running import gateways, quick, running

LOST = "Connectivity between IBKR and Trader Workstation has been lost."
BACK = "Connectivity between IBKR and Trader Workstation has been restored - data maintained."


def test_a_loss_of_ibkr_is_carried_over_a_restart_of_the_daemon(tmp_path: Path) -> None:
    with SimulatedGateway() as gateway:
        gateway.do("no_contracts")
        config = gateways(quick(gateway.port))
        with running(tmp_path, config) as first:
            first.wait_up()
            gateway.do("notice", code=1100, text=LOST)
            first.until(lambda: first.metric("ib_layer_up", layer="upstream") == 0)
            assert first.end() == 0
        with running(tmp_path, config) as second:
            second.until(lambda: second.metric("ib_layer_up", layer="heartbeat") == 1)
            assert second.metric("ib_layer_up", layer="upstream") == 0
            assert second.status()["status"] == "degraded"
            assert second.status()["upstream"]["evidence"] == "carried"
            gateway.do("notice", code=1102, text=BACK)
            second.wait_up()
            assert second.metric("ib_upstream_losses_total", data="maintained") == 1
            assert second.metrics("ib_outage_seconds_total", "cause", planned="false")["upstream"] > 0


def test_a_carried_loss_ends_by_a_probe_that_ibkr_answers(tmp_path: Path) -> None:
    with SimulatedGateway() as gateway:
        gateway.do("no_contracts")
        config = gateways(quick(gateway.port))
        with running(tmp_path, config) as first:
            first.wait_up()
            gateway.do("notice", code=2110, text="broken")
            first.until(lambda: not first.up())
        gateway.do("heal")
        with running(tmp_path, config) as second:
            second.wait_up()
            assert second.status()["upstream"]["evidence"] == "probe"
            assert second.metric("ib_upstream_losses_total", data="unknown") == 1


def test_kill_9_loses_no_fact_older_than_a_moment(tmp_path: Path) -> None:
    with SimulatedGateway() as gateway, SimulatedGateway() as other:
        gateway.do("next_valid_id", id=500)
        gateway.do("no_contracts")
        config = gateways(quick(gateway.port), quick(other.port, "paper"))
        with running(tmp_path, config) as first:
            first.wait_up()
            assert first.post("/api/v1/gateways/paper/pause") == 204
            assert first.post("/api/v1/gateways/live/maintenance?for=1h&reason=disk") == 204
            gateway.do("notice", code=1100, text=LOST)
            first.until(lambda: not first.up("live"))
            journal = tmp_path / "journal.db"
            first.until(
                lambda: any(
                    b"upstream_lost" in file.read_bytes() for file in (journal, Path(f"{journal}-wal")) if file.exists()
                )
            )
            first.post("/api/v1/gateways/live/confirm-login")
            first.until(lambda: first.said("weekly login confirmed"))
            gateway.do("next_valid_id", id=3)
            began = first.status("live")["upstream"]["since"]
            assert began is not None
            wait = first.metric("ib_observed_seconds_total", gateway="live") or 0.0
            first.until(
                lambda: (first.metric("ib_observed_seconds_total", gateway="live") or 0) > wait + 1,
                what="a second later",
            )
            first.kill()
        with running(tmp_path, config) as second:
            second.until(
                lambda: second.answers() and second.metric("ib_layer_up", gateway="live", layer="heartbeat") == 1
            )
            assert second.status("paper")["status"] == "stopped", "paused"
            assert not other.clients
            assert second.status("live")["status"] == "maintenance"
            assert second.status("live")["upstream"]["up"] is False
            assert second.metric("ib_window_active", gateway="live", window="maintenance") == 1
            second.until(lambda: second.metric("ib_next_valid_id_regressions_total", gateway="live") == 1)
            second.until(lambda: second.said("next order id 3 is lower than 500"))


def test_a_damaged_journal_is_put_aside_and_told(tmp_path: Path) -> None:
    journal = tmp_path / "journal.db"
    with SimulatedGateway() as gateway:
        config = gateways(quick(gateway.port))
        with running(tmp_path, config) as daemon:
            daemon.wait_up()
        journal.write_bytes(journal.read_bytes()[:100] + b"this is not a table" * 500)
        with running(tmp_path, config) as daemon:
            daemon.wait_up()
            daemon.until(lambda: daemon.said("ERROR", "damaged"))
            daemon.until(lambda: daemon.metric("ib_supervisor_journal_errors_total") == 1)
    assert journal.read_bytes().startswith(b"SQLite")
    assert (tmp_path / "journal.db.corrupt-1").read_bytes()[100:].startswith(b"this is not a table")
