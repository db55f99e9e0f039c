"""The programs on a system without CLOCK_BOOTTIME, SIGHUP, poll, PIPE_BUF, MSG_DONTWAIT, AF_UNIX and /proc.

The names are taken away from real processes on Linux. macOS and Windows themselves were not tried.
"""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from supervisor.simulator import Fleet, SimulatedGateway
from tests.daemon.running import Running, gateways, quick, running
from tests.waiting import wait_until

LACKING = {"PYTHONPATH": str(Path(__file__).parent / "lacking"), "PYTHONSAFEPATH": "1"}
CHECK = """
import select, signal, socket, time
for module, name in ((time, "CLOCK_BOOTTIME"), (signal, "SIGHUP"), (select, "poll"), (select, "PIPE_BUF"),
                     (socket, "MSG_DONTWAIT"), (socket, "AF_UNIX")):
    assert not hasattr(module, name), name
try:
    open("/proc/self/stat")
except FileNotFoundError:
    print("gone")
"""


@pytest.fixture
def gateway() -> Iterator[SimulatedGateway]:
    with Fleet() as fleet, SimulatedGateway(fleet=fleet) as found:
        yield found


@contextmanager
def started(*arguments: str) -> Iterator["subprocess.Popen[str]"]:
    """A command of ours on such a system."""
    command = [sys.executable, "-m", "supervisor", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, **LACKING}) as process:
        try:
            yield process
        finally:
            process.kill()


def done(*arguments: str, timeout: float = 30) -> "subprocess.CompletedProcess[str]":
    """A command of ours on such a system, when it has ended."""
    command = [sys.executable, "-m", "supervisor", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, **LACKING}, timeout=timeout)


def test_the_names_are_gone_from_such_a_process() -> None:
    shown = subprocess.run(
        [sys.executable, "-c", CHECK], capture_output=True, text=True, env={**os.environ, **LACKING}, timeout=30
    )
    assert (shown.stdout.strip(), shown.stderr) == ("gone", "")


def test_the_daemon_plays_a_session_a_reload_by_http_and_a_stop(tmp_path: Path, gateway: SimulatedGateway) -> None:
    with running(tmp_path, gateways(quick(gateway.port, "one")), environment=LACKING) as daemon:
        daemon.wait_up(gateway="one")
        assert daemon.metric("ib_heartbeat_seconds_count", gateway="one") is not None
        assert daemon.metric("process_resident_memory_bytes") is None, "read from /proc, and so absent"
        daemon.reload(gateways(quick(gateway.port, "one", client_id=77)))
        wait_until(lambda: [client.client_id for client in gateway.clients] == [77])
        daemon.wait_up(gateway="one")
        gateway.do("refuse")
        daemon.until(lambda: daemon.status("one")["status"] != "up")
        gateway.do("heal")
        daemon.wait_up(gateway="one")
        assert not daemon.said("Traceback"), daemon.log
        ended_at_once(daemon)


def ended_at_once(daemon: Running) -> None:
    daemon.process.send_signal(signal.SIGTERM)
    assert daemon.process.wait(5) == 0
    assert daemon.said("ib-supervisor ends")


def test_probe_sees_every_layer(gateway: SimulatedGateway) -> None:
    shown = done("probe", f"127.0.0.1:{gateway.port}", "--require", "farms", "--json")
    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert set(json.loads(shown.stdout)["layers"].values()) == {True}


def test_simulate_serves_a_client_and_ends_on_a_signal() -> None:
    with started("simulate", "--port", "0") as simulated:
        assert simulated.stdout is not None
        said = re.match(r"listening on (\S+),", simulated.stdout.readline())
        assert said is not None
        assert done("probe", said[1]).returncode == 0
        simulated.send_signal(signal.SIGTERM)
        assert simulated.wait(5) == 0


def test_check_config_and_verify_work(tmp_path: Path, gateway: SimulatedGateway) -> None:
    config = tmp_path / "supervisor.yaml"
    config.write_text(gateways(quick(gateway.port, "one")))
    assert done("check-config", str(config)).returncode == 0
    shown = done("verify", f"127.0.0.1:{gateway.port}", timeout=60)
    assert shown.returncode == 0, shown.stdout
