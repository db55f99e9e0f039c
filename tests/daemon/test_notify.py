"""What systemd hears of the real daemon, on a real notify socket."""

import signal
import statistics
import time
from itertools import pairwise
from pathlib import Path

from supervisor.simulator import SimulatedGateway
from tests.daemon.hearing import NotifySocket
from tests.daemon.running import free_port, gateways, quick, running


def test_ready_is_said_once_alone_and_before_any_gateway_is_there(tmp_path: Path) -> None:
    with NotifySocket() as systemd:
        environment = {"NOTIFY_SOCKET": systemd.path}
        with running(tmp_path, gateways(quick(free_port())), environment) as daemon:
            daemon.until(lambda: systemd.statuses)
            assert systemd.words[0] == "READY=1"
            daemon.until(lambda: any("live: down (port" in line for line in systemd.statuses))
            assert systemd.statuses[-1].startswith("0/1 up; ")
            assert systemd.states == ["READY"]
            assert not systemd.times("WATCHDOG=1"), "systemd does not watch this service"
        daemon.until(lambda: systemd.states == ["READY", "STOPPING"])


def test_the_status_is_one_ascii_line_that_follows_the_gateways(tmp_path: Path) -> None:
    with NotifySocket() as systemd, SimulatedGateway() as gateway:
        config = gateways(quick(gateway.port), quick(free_port(), "paper", 912))
        with running(tmp_path, config, {"NOTIFY_SOCKET": systemd.path}) as daemon:
            daemon.until(lambda: any(line.startswith("1/2 up; paper: down (port") for line in systemd.statuses))
            assert daemon.post("/api/v1/gateways/paper/pause") == 204
            daemon.until(lambda: "1/2 up; paper: stopped" in systemd.statuses)
    assert all(line.isascii() and line.isprintable() for line in systemd.statuses)


def test_the_watchdog_is_fed_as_often_as_systemd_wants(tmp_path: Path) -> None:
    with NotifySocket() as systemd:
        environment = {"NOTIFY_SOCKET": systemd.path, "WATCHDOG_USEC": "900000"}
        with running(
            tmp_path,
            gateways(quick(free_port(), timing="retry_initial: 30s, retry_max_early: 30s, retry_max: 30s")),
            environment,
        ) as daemon:
            daemon.until(lambda: len(systemd.times("WATCHDOG=1")) >= 8)
            times = systemd.times("WATCHDOG=1")
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert statistics.median(gaps) < 0.9, "though nothing happens for a second at a time"


def test_a_reload_says_reloading_with_the_time_and_then_ready(tmp_path: Path) -> None:
    with NotifySocket() as systemd:
        config = gateways(quick(free_port()))
        with running(tmp_path, config, {"NOTIFY_SOCKET": systemd.path}) as daemon:
            daemon.until(lambda: systemd.states)
            before = time.monotonic()
            daemon.signal(signal.SIGHUP)
            daemon.until(lambda: systemd.states == ["READY", "RELOADING", "READY"])
            reloading = next(word for word in systemd.words if word.startswith("RELOADING=1\n"))
            told = int(reloading.removeprefix("RELOADING=1\nMONOTONIC_USEC=")) / 1e6
            assert before <= told <= time.monotonic()

            daemon.write("gateways: [oops")
            daemon.signal(signal.SIGHUP)
            daemon.until(lambda: systemd.states[3:] == ["RELOADING", "READY"], what="a refused reload ends too")

            daemon.write(config)
            daemon.until(daemon.answers)
            assert daemon.post("/-/reload") == 200
            daemon.until(lambda: systemd.states[5:] == ["RELOADING", "READY"])


def test_a_notify_socket_that_nobody_reads_costs_nothing(tmp_path: Path) -> None:
    with SimulatedGateway() as gateway:
        environment = {"NOTIFY_SOCKET": str(tmp_path / "nobody"), "WATCHDOG_USEC": "1000000"}
        with running(tmp_path, gateways(quick(gateway.port)), environment) as daemon:
            daemon.wait_up()
            assert daemon.end() == 0
