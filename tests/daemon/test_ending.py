"""The end of the daemon: within two seconds, with 0, whatever hangs.

The bounds here are three times the contract's, for machines on which other things run.
"""

import contextlib
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from supervisor.simulator import SimulatedGateway
from tests.daemon.hearing import NotifySocket
from tests.daemon.running import Running, gateways, quick, running

GONE_WITHIN = 2.0 * 3


@contextlib.contextmanager
def black_hole() -> Iterator[int]:
    """A port whose queue is full: the kernel drops every SYN, as a firewall does."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


def ended(daemon: Running, number: signal.Signals) -> float:
    """Seconds from the signal to the end, which must be with 0."""
    began = time.monotonic()
    daemon.signal(number)
    assert daemon.wait() == 0, "\n".join(daemon.log)
    return time.monotonic() - began


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_time_and_the_gateway_sees_the_fin(tmp_path: Path, number: signal.Signals) -> None:
    with SimulatedGateway() as gateway, running(tmp_path, gateways(quick(gateway.port))) as daemon:
        daemon.wait_up()
        assert ended(daemon, number) < GONE_WITHIN
        daemon.until(lambda: not gateway.clients)
    assert "ib-supervisor ends" in daemon.log[-1]
    assert not daemon.said("Traceback")


def test_it_ends_in_time_while_connects_and_handshakes_hang(tmp_path: Path) -> None:
    with SimulatedGateway() as mute, SimulatedGateway() as frozen, black_hole() as hole:
        mute.do("mute")
        frozen.do("freeze")
        patient = "connect_timeout: 5m, handshake_timeout: 5m"
        config = gateways(
            quick(mute.port, "mute", timing=patient),
            quick(frozen.port, "frozen", timing=patient),
            quick(hole, "hole", timing=patient),
            "{name: nobody, host: no-such-host.invalid, port: 1, client_id: 1}",
        )
        with running(tmp_path, config) as daemon:
            daemon.until(daemon.answers)
            daemon.until(lambda: mute.clients)
            assert daemon.metrics("ib_session_phase", "gateway", ib_session_phase="connecting")["hole"] == 1
            assert ended(daemon, signal.SIGTERM) < GONE_WITHIN
    assert not daemon.said("Traceback")


def test_it_ends_in_time_whatever_its_http_clients_do(tmp_path: Path) -> None:
    with SimulatedGateway() as gateway, running(tmp_path, gateways(quick(gateway.port))) as daemon:
        daemon.wait_up()
        with contextlib.ExitStack() as stack:
            for said in (b"", b"GET /metr", b"GET /api/v1/events/stream HTTP/1.1\r\nHost: localhost\r\n\r\n"):
                client = stack.enter_context(socket.create_connection(("127.0.0.1", daemon.port)))
                client.sendall(said)
            client.settimeout(10)
            assert client.recv(15) == b"HTTP/1.1 200 OK"
            assert ended(daemon, signal.SIGTERM) < GONE_WITHIN
    assert not daemon.said("Traceback")


def test_a_signal_right_after_ready_finds_everything_half_made_and_ends_it_all_the_same(tmp_path: Path) -> None:
    with SimulatedGateway() as gateway, NotifySocket() as systemd:
        for turn in range(4):
            config = gateways(quick(gateway.port))
            with running(tmp_path, config, {"NOTIFY_SOCKET": systemd.path}) as daemon:
                daemon.until(lambda turn=turn: len(systemd.times("READY=1")) == turn + 1)  # type: ignore[misc]
                daemon.until(lambda turn=turn: turn < 2 or daemon.said("session ready"))  # type: ignore[misc]
                assert ended(daemon, signal.SIGTERM) < GONE_WITHIN
            assert not daemon.said("Traceback")
            assert not daemon.said("ERROR")


def test_signals_in_a_row_end_it_once(tmp_path: Path) -> None:
    with SimulatedGateway() as gateway, running(tmp_path, gateways(quick(gateway.port))) as daemon:
        daemon.wait_up()
        for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
            daemon.signal(number)
        assert daemon.wait() == 0
    assert not daemon.said("Traceback")
