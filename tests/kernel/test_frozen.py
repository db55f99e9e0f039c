"""A real gateway process is stopped: the daemon says that what listens on the port has not read its request."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from supervisor.platform import SOCKET_TABLES
from tests.daemon.running import free_port, gateways, quick, running

pytestmark = pytest.mark.skipif(SOCKET_TABLES is None, reason="no /proc/net/tcp")

USUAL = "heartbeat_interval: 1500ms"


@pytest.fixture
def gateway() -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "supervisor", "simulate", "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield port, process
    finally:
        process.send_signal(signal.SIGCONT)
        process.kill()
        process.wait()


def test_a_process_that_is_stopped_is_told_from_a_silent_network(
    tmp_path: Path, gateway: tuple[int, subprocess.Popen[bytes]]
) -> None:
    port, process = gateway
    with running(tmp_path, gateways(quick(port, timing=USUAL))) as daemon:
        daemon.wait_up()
        daemon.until(lambda: daemon.metric("ib_gateway_unread_bytes") == 0)  # the first look may come amid a request
        assert daemon.metric("ib_gateway_sockets", state="listen") == 1
        process.send_signal(signal.SIGSTOP)
        daemon.until(lambda: "has not read our request" in (daemon.status()["kernel"] or ""), 3.0)
        daemon.until(lambda: "has not read our request" in (daemon.status()["cause"] or ""), 15.0)
        assert "network is not at fault" in daemon.status()["cause"]
        assert (daemon.metric("ib_gateway_unread_bytes") or 0) > 0
        process.send_signal(signal.SIGCONT)
        daemon.wait_up()


def test_the_process_is_named_where_a_controller_knows_it(
    tmp_path: Path, gateway: tuple[int, subprocess.Popen[bytes]]
) -> None:
    port, process = gateway
    keys = quick(port, controller=f'{{kind: process, match: [simulate, "{port}"]}}')
    with running(tmp_path, gateways(keys)) as daemon:
        daemon.wait_up()
        daemon.until(lambda: daemon.metric("ib_gateway_process_up") == 1)
        assert daemon.status()["login_state"] == "logged_in"
        os.kill(process.pid, signal.SIGSTOP)
        said = f"The gateway's process (pid {process.pid})"
        daemon.until(lambda: said in (daemon.status()["kernel"] or ""), 5.0)


def test_where_it_is_switched_off_nothing_is_seen(tmp_path: Path, gateway: tuple[int, subprocess.Popen[bytes]]) -> None:
    port, _ = gateway
    with running(tmp_path, gateways(quick(port, kernel="false"))) as daemon:
        daemon.wait_up()
        assert daemon.metric("ib_gateway_unread_bytes") is None
        assert daemon.metric("ib_gateway_sockets", state="listen") is None
