"""How the daemon starts, and how it says that it cannot."""

import re
import socket
from pathlib import Path

import pytest

from supervisor.simulator import SimulatedGateway
from tests.daemon.running import Running, free_port, gateways, quick, running

BAD = """\
gateways:
  - {name: Live, port: 4001, client_id: 911}
  - {name: paper, port: 99999, client_id: 0, heartbeat: 3}
"""


def test_several_gateways_live_side_by_side_in_one_process(tmp_path: Path) -> None:
    with SimulatedGateway() as one, SimulatedGateway() as two:
        config = gateways(quick(one.port, "one"), quick(two.port, "two"), quick(free_port(), "three"))
        with running(tmp_path, config) as daemon:
            daemon.wait_up(gateway="one")
            daemon.wait_up(gateway="two")
            daemon.until(
                lambda: (daemon.metric("ib_connect_failures_total", gateway="three", reason="refused") or 0) > 2
            )
            assert daemon.metrics("ib_up", "gateway") == {"one": 1, "two": 1, "three": 0}
            one.do("refuse")
            daemon.until(lambda: not daemon.up("one"))
            assert daemon.up("two")
            assert daemon.metric("ib_session_losses_total", gateway="two", reason="reset") == 0


def test_healthy_when_the_loop_turns_and_ready_when_every_gateway_was_tried(tmp_path: Path) -> None:
    with SimulatedGateway() as gateway:
        gateway.do("mute")
        slow = quick(gateway.port, timing="handshake_timeout: 3s")
        with running(tmp_path, gateways(slow)) as daemon:
            daemon.until(daemon.answers)
            with pytest.raises(OSError, match="503"):
                daemon.get("/-/ready")
            daemon.until(lambda: daemon.said("cannot connect"))
            assert daemon.get("/-/ready").strip() == "ready"


def test_a_taken_http_port_ends_it_with_its_name(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        daemon = Running(tmp_path, gateways(quick(free_port())), port=other.getsockname()[1])
        assert daemon.wait() == 1
    assert daemon.log == [f"cannot listen on 127.0.0.1:{daemon.port}: Address already in use"]


def test_a_bad_config_ends_it_with_78_and_all_faults(tmp_path: Path) -> None:
    daemon = Running(tmp_path, BAD)
    assert daemon.wait() == 78
    told = "\n".join(daemon.log)
    for place in ("gateways[0].name", "gateways[1].port", "gateways[1].client_id", "gateways[1].heartbeat"):
        assert place in told
    assert len(daemon.log) == 4
    assert "Traceback" not in told


def test_a_missing_config_ends_it_with_78(tmp_path: Path) -> None:
    daemon = Running(tmp_path, "", arguments=["run", "--config", str(tmp_path / "nowhere.yaml")])
    assert daemon.wait() == 78
    assert "nowhere.yaml" in daemon.log[0]


def test_a_folder_where_the_journal_cannot_be_is_told_and_costs_nothing_else(tmp_path: Path) -> None:
    with SimulatedGateway() as gateway:
        config = gateways(quick(gateway.port)) + f"journal: {{path: {tmp_path / 'nowhere' / 'journal.db'}}}\n"
        (tmp_path / "nowhere").write_text("a file where a folder is needed")
        with running(tmp_path, config) as daemon:
            daemon.wait_up()
            daemon.until(lambda: (daemon.metric("ib_supervisor_journal_errors_total") or 0) > 0)
            daemon.until(lambda: daemon.said("ERROR", "journal"))


def test_a_first_look_needs_no_file(tmp_path: Path) -> None:
    with SimulatedGateway() as gateway:
        look = ["run", "--gateway", f"127.0.0.1:{gateway.port}"]
        daemon = Running(tmp_path, "", port=14000, arguments=look)
        try:
            daemon.until(lambda: daemon.said("session ready") or daemon.said("cannot listen on"))
            if daemon.said("cannot listen on"):  # somebody else's daemon has the usual port
                assert daemon.process.wait(10) == 1
            else:
                daemon.wait_up(gateway="gateway")
                assert [client.client_id for client in gateway.clients] == [911]
                assert daemon.ask("/-/reload") == (
                    400,
                    "there is no config file to read again: the daemon was started with --gateway\n",
                )
        finally:
            assert daemon.end() in (0, 1)
    assert not list(tmp_path.glob("*.db"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run"], "either --config FILE or --gateway"),
        (["run", "--config", "a.yaml", "--gateway", "b:1"], "either --config FILE or --gateway"),
        (["run", "--gateway", "nonsense"], "is not a host and a port"),
        (["run", "--loud"], "No such option"),
    ],
)
def test_wrong_usage_ends_with_2(tmp_path: Path, arguments: list[str], words: str) -> None:
    daemon = Running(tmp_path, "", arguments=arguments)
    assert daemon.wait() == 2
    assert words in " ".join(" ".join(daemon.log).split())


def test_every_line_of_the_log_has_time_level_and_gateway(tmp_path: Path) -> None:
    with SimulatedGateway() as gateway, running(tmp_path, gateways(quick(gateway.port))) as daemon:
        daemon.wait_up()
        daemon.end()
    line = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d (INFO|WARNING|ERROR) +\S.*")
    assert [each for each in daemon.log if not line.fullmatch(each)] == []
