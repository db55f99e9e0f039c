"""The canary of the real daemon against a simulated gateway: data that comes, and data that stops while all is up."""

from pathlib import Path

from supervisor.simulator import SimulatedGateway
from tests.daemon.running import gateways, quick, running

CONTRACTS = "[{symbol: BTC, sec_type: CRYPTO, exchange: PAXOS, currency: USD}]"
"""It trades at any hour, so that the test does too."""


def test_a_stream_that_goes_silent_closes_the_gate_and_nothing_else(tmp_path: Path) -> None:
    with SimulatedGateway() as gateway:
        keys = quick(gateway.port, canary=f"{{contracts: {CONTRACTS}, max_age: 5s}}")
        with running(tmp_path, gateways(keys)) as daemon:
            daemon.wait_up()
            daemon.until(lambda: daemon.metric("ib_canary_up", canary="BTC") == 1, 20)
            daemon.until(lambda: daemon.metric("ib_gate_open") == 1)
            assert daemon.metric("ib_canary_data_type", ib_canary_data_type="delayed") == 1
            gateway.do("no_quotes")
            daemon.until(lambda: daemon.metric("ib_canary_up", canary="BTC") == 0, 20)
            daemon.until(lambda: daemon.metric("ib_gate_open") == 0)
            assert daemon.status()["status"] == "up"
            assert [each["state"] for each in daemon.status()["canary"]] == ["dead"]
            assert daemon.said("connected, no data")
            gateway.do("heal")
            daemon.until(lambda: daemon.metric("ib_canary_up", canary="BTC") == 1, 20)
            daemon.until(lambda: daemon.metric("ib_gate_open") == 1)
            assert daemon.metric("ib_outages_total", planned="false") in (None, 0)
