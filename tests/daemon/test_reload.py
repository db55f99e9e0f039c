"""A reload of the real daemon: what may stay stays, what must go goes, and a bad file changes nothing."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from supervisor.simulator import Fleet, SimulatedGateway
from tests.daemon.running import Running, gateways, quick, running
from tests.waiting import wait_until


@pytest.fixture
def fleet() -> Iterator[Fleet]:
    with Fleet() as found:
        yield found


@pytest.fixture
def one(fleet: Fleet) -> Iterator[SimulatedGateway]:
    with SimulatedGateway(fleet=fleet) as gateway:
        yield gateway


@pytest.fixture
def two(fleet: Fleet) -> Iterator[SimulatedGateway]:
    with SimulatedGateway(fleet=fleet) as gateway:
        yield gateway


@pytest.fixture
def daemon(tmp_path: Path, one: SimulatedGateway, two: SimulatedGateway) -> Iterator[Running]:
    with running(tmp_path, gateways(quick(one.port, "one"), quick(two.port, "two"))) as found:
        found.wait_up(gateway="one")
        found.wait_up(gateway="two")
        yield found


def ids(gateway: SimulatedGateway) -> list[int | None]:
    return [client.client_id for client in gateway.clients]


def test_an_unchanged_gateway_keeps_its_session_and_a_changed_one_connects_at_once(
    daemon: Running, one: SimulatedGateway, two: SimulatedGateway
) -> None:
    daemon.write(gateways(quick(one.port, "one"), quick(two.port, "two", client_id=77)))
    daemon.signal(signal.SIGHUP)
    wait_until(lambda: ids(two) == [77])
    daemon.wait_up(gateway="two")
    assert daemon.status("one")["epoch"] == 1
    assert daemon.status("two")["epoch"] == 2
    assert one.connections_accepted == 1
    assert daemon.metric("ib_session_losses_total", gateway="two", reason="operator", planned="true") == 1
    assert daemon.metric("ib_outages_total", gateway="two") == 0, "a session that we end begins no outage"


def test_all_but_the_address_is_applied_to_the_running_session(daemon: Running, one: SimulatedGateway) -> None:
    one.do("notice", code=2103, text="Market data farm connection is broken:eufarm")
    daemon.until(lambda: daemon.status("one")["status"] == "degraded")
    daemon.reload(
        gateways(quick(one.port, "one", required_farms="[usfarm]", daily_restart='{time: "23:45", timezone: UTC}'))
    )
    daemon.until(lambda: daemon.up("one"))
    assert daemon.status("one")["epoch"] == 1
    assert [window["name"] for window in daemon.status("one")["windows"]] == ["daily_restart"]


def test_gateways_come_and_go_with_their_metrics(daemon: Running, one: SimulatedGateway, two: SimulatedGateway) -> None:
    daemon.reload(gateways(quick(two.port, "two")))
    assert daemon.metrics("ib_up", "gateway") == {"two": 1}
    assert 'gateway="one"' not in daemon.get("/metrics")
    wait_until(lambda: not one.clients)
    assert daemon.post("/api/v1/gateways/one/pause") == 404

    daemon.reload(gateways(quick(two.port, "two"), quick(one.port, "three")))
    daemon.wait_up(gateway="three")
    assert list(daemon.metrics("ib_up", "gateway")) == ["two", "three"]
    assert daemon.status("two")["epoch"] == 1


def test_a_gateway_that_comes_back_has_not_forgotten_its_pause(
    daemon: Running, one: SimulatedGateway, two: SimulatedGateway
) -> None:
    assert daemon.post("/api/v1/gateways/one/pause") == 204
    daemon.reload(gateways(quick(two.port, "two")))
    daemon.reload(gateways(quick(one.port, "one"), quick(two.port, "two")))
    assert daemon.status("one")["status"] == "stopped"
    assert daemon.post("/api/v1/gateways/one/resume") == 204
    daemon.wait_up(gateway="one")


@pytest.mark.parametrize("by", ["signal", "post"])
def test_a_bad_file_changes_nothing_but_a_metric_and_a_log_line(
    daemon: Running, one: SimulatedGateway, by: str
) -> None:
    good_at = daemon.metric("ib_supervisor_config_last_reload_success_timestamp_seconds")
    assert daemon.metric("ib_supervisor_config_last_reload_successful") == 1
    daemon.write(gateways(quick(one.port, "one", client_id=0), "{name: Two}"))
    if by == "signal":
        daemon.signal(signal.SIGHUP)
    else:
        status, text = daemon.ask("/-/reload")
        assert status == 400
        assert "gateways[0].client_id" in text
        assert "gateways[1].port" in text
    daemon.until(lambda: daemon.metric("ib_supervisor_config_last_reload_successful") == 0)
    daemon.until(lambda: len(daemon.said("ERROR", "reload refused, nothing is changed")) == 4, what="each fault a line")
    assert [daemon.status(name)["epoch"] for name in ("one", "two")] == [1, 1]
    assert daemon.up("one")
    assert daemon.metric("ib_supervisor_config_last_reload_success_timestamp_seconds") == good_at

    daemon.reload(gateways(quick(one.port, "one")))
    assert daemon.metric("ib_supervisor_config_last_reload_successful") == 1
    assert daemon.metric("ib_supervisor_config_last_reload_success_timestamp_seconds") != good_at


def test_a_file_that_is_gone_changes_nothing(daemon: Running) -> None:
    daemon.file.unlink()
    status, text = daemon.ask("/-/reload")
    assert (status, "no such file" in text) == (400, True)
    assert daemon.up("one")


def test_what_needs_a_restart_says_so_until_it_is_taken_back(daemon: Running, one: SimulatedGateway) -> None:
    config = gateways(quick(one.port, "one"))
    moved = config + "journal: {path: elsewhere.db}\n"
    note = "a change of `journal` needs a restart of the daemon"
    assert note in daemon.reload(moved)
    daemon.until(lambda: daemon.said("WARNING", note))
    assert note in daemon.reload(moved), "it is still so"
    assert note not in daemon.reload(config)

    port, daemon.port = daemon.port, 1
    daemon.write(config)
    daemon.port = port
    status, text = daemon.ask("/-/reload")
    assert (status, "a change of `http` needs a restart of the daemon" in text) == (200, True)
    assert daemon.up("one")
    assert not (daemon.file.parent / "elsewhere.db").exists()


def test_the_level_of_the_log_follows(daemon: Running, one: SimulatedGateway, two: SimulatedGateway) -> None:
    both = gateways(quick(one.port, "one"), quick(two.port, "two"))
    daemon.reload(both + "log: {level: warning}\n")
    seen = daemon.metric("ib_observed_seconds_total") or 0.0
    daemon.until(lambda: (daemon.metric("ib_observed_seconds_total") or 0) > seen + 2, what="the log has noticed")
    one.do("rst")
    daemon.until(lambda: daemon.said("WARNING", "one: session lost"))
    daemon.wait_up(gateway="one")
    assert len(daemon.said("one: session ready")) == 1, "the second one is told on a level that is not written now"


def test_reloads_in_a_row_end_with_the_last_file(daemon: Running, one: SimulatedGateway, two: SimulatedGateway) -> None:
    for client_id in range(100, 110):
        daemon.write(gateways(quick(one.port, "one", client_id=client_id), quick(two.port, "two")))
        daemon.signal(signal.SIGHUP)
    wait_until(lambda: ids(one) == [109])
    daemon.wait_up(gateway="one")
    assert daemon.status("two")["epoch"] == 1
    assert daemon.answers()


def test_a_reload_forgets_every_wait(daemon: Running, one: SimulatedGateway, two: SimulatedGateway) -> None:
    wrong = quick(one.port, "one", account_mode="live")
    daemon.reload(gateways(wrong, quick(two.port, "two")))
    reason = {"gateway": "one", "reason": "account_mismatch"}
    daemon.until(lambda: daemon.metric("ib_connect_failures_total", **reason) == 1)
    assert daemon.status("one")["phase"] == "backoff"
    daemon.reload(gateways(quick(one.port, "one", account_mode="paper"), quick(two.port, "two")))
    daemon.wait_up(20, gateway="one")  # a wrong account is tried again after a minute


def test_a_reload_forgets_a_port_that_was_followed_even_if_nothing_is_changed(
    tmp_path: Path, one: SimulatedGateway, two: SimulatedGateway
) -> None:
    config = gateways(quick(one.port, "one", follow_port_change="true"))
    with running(tmp_path, config) as daemon:
        daemon.wait_up(gateway="one")
        one.do("notice", code=1300, text=f"Socket port has been reset. Please reconnect on the new port -{two.port}")
        wait_until(lambda: bool(two.clients))
        daemon.wait_up(gateway="one")
        daemon.reload(config)
        assert daemon.status("one")["epoch"] == 2, "the session goes on"
        two.do("rst")
        wait_until(lambda: bool(one.clients))
