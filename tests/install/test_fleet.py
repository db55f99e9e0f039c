"""Twenty supervisors, a simulated gateway each, and one real Prometheus, on loopback: docs/beyond-one-machine.md."""

import json
import shutil
import socket
import subprocess
import sys
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from supervisor.simulator.fleet import SimulatedGateway
from tests.waiting import wait_until

pytestmark = [
    pytest.mark.root,
    pytest.mark.timeout(300),
    pytest.mark.skipif(shutil.which("prometheus") is None, reason="prometheus is not installed"),
]

SUPERVISORS = 20
NOTICES = 60.0  # seconds; the machine may be busy with others


def free_port() -> int:
    """A port that was free a moment ago."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def get(url: str) -> Any:
    """JSON from there; None if nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return json.load(answer)
    except OSError:
        return None


class Host:
    """One supervisor and the gateway beside it."""

    def __init__(self, folder: Path, name: str, gateway: int, client_id: int = 911, more: str = "") -> None:
        self.name = name
        self.port = free_port()
        self.config = folder / f"{name}.yaml"
        self.config.write_text(
            f"gateways: [{{name: live, port: {gateway}, client_id: {client_id}, server_reset: none, {more}}}]\n"
            f"http: {{listen: '127.0.0.1:{self.port}'}}\n"
            f"journal: {{path: {name}.db}}\n"
        )
        self._output = (folder / f"{name}.log").open("wb")
        self.start()

    def start(self) -> None:
        """A new process."""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "supervisor", "run", "--config", str(self.config)],
            stdout=self._output,
            stderr=subprocess.STDOUT,
        )

    def says(self) -> dict[str, Any]:
        """What it knows of its gateway; empty if it does not answer."""
        status = get(f"http://127.0.0.1:{self.port}/api/v1/status")
        known: dict[str, Any] = status["gateways"][0] if status else {}
        return known

    def command(self, *words: str) -> int:
        """The exit status of a command to it."""
        url = f"http://127.0.0.1:{self.port}"
        return subprocess.run([sys.executable, "-m", "supervisor", *words, "--url", url], timeout=90).returncode

    def end(self) -> None:
        """Stop it."""
        self.process.terminate()
        try:
            self.process.wait(10)
        finally:
            self.process.kill()
            self._output.close()


@pytest.fixture
def hosts(tmp_path: Path) -> Iterator[list[tuple[Host, SimulatedGateway]]]:
    """Twenty machines' worth of both."""
    with ExitStack() as stack:
        made = []
        for number in range(SUPERVISORS):
            gateway = stack.enter_context(SimulatedGateway())
            host = Host(tmp_path, f"host{number}", gateway.port)
            stack.callback(host.end)
            made.append((host, gateway))
        yield made


@pytest.fixture
def prometheus(hosts: list[tuple[Host, SimulatedGateway]], tmp_path: Path) -> Iterator[str]:
    """A Prometheus that scrapes them all each second; its address."""
    targets = [f"127.0.0.1:{host.port}" for host, _ in hosts]
    config = {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s"},
        "scrape_configs": [{"job_name": "ib-supervisor", "static_configs": [{"targets": targets}]}],
    }
    (tmp_path / "prometheus.yml").write_text(json.dumps(config))
    address = f"127.0.0.1:{free_port()}"
    with (tmp_path / "prometheus.log").open("wb") as output:
        process = subprocess.Popen(
            [
                "prometheus",
                f"--config.file={tmp_path}/prometheus.yml",
                f"--storage.tsdb.path={tmp_path}/tsdb",
                f"--web.listen-address={address}",
            ],
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        yield f"http://{address}"
        process.terminate()
        process.wait(20)


def test_twenty_are_seen_together_and_one_gateway_that_is_down_is_seen_alone(
    hosts: list[tuple[Host, SimulatedGateway]], prometheus: str
) -> None:
    def query(text: str) -> list[tuple[str, float]]:
        said = get(f"{prometheus}/api/v1/query?{urllib.parse.urlencode({'query': text})}")
        found = said["data"]["result"] if said else []
        return [(series["metric"].get("instance", ""), float(series["value"][1])) for series in found]

    wait_until(lambda: query("count(ib_up == 1)") == [("", SUPERVISORS)], NOTICES, every=0.5, what="all up")
    host, gateway = hosts[7]
    gateway.close()
    down = f"127.0.0.1:{host.port}"
    wait_until(lambda: query("ib_up == 0") == [(down, 0.0)], NOTICES, every=0.5, what="one down")
    assert query("count(ib_up == 1)") == [("", SUPERVISORS - 1)]
    other, _ = hosts[11]
    other.process.kill()
    gone = f"127.0.0.1:{other.port}"
    wait_until(lambda: query("up == 0") == [(gone, 0.0)], NOTICES, every=0.5, what="a supervisor gone")


def test_two_with_one_client_id_tell_and_a_hand_over_is_quick(tmp_path: Path) -> None:
    with ExitStack() as stack:
        gateway = stack.enter_context(SimulatedGateway())
        first = Host(tmp_path, "a", gateway.port)
        stack.callback(first.end)
        wait_until(lambda: first.says().get("status") == "up", NOTICES, every=0.2)
        second = Host(tmp_path, "b", gateway.port)
        stack.callback(second.end)
        wait_until(lambda: "client id 911" in str(second.says().get("cause")), NOTICES, every=0.2, what="326 told")
        assert first.says()["status"] == "up", "who was first is not disturbed"
        assert second.command("pause", "live") == 0
        wait_until(lambda: second.says().get("status") == "stopped", NOTICES, every=0.2)
        epoch = first.says()["epoch"]
        assert (first.says()["status"], epoch) == ("up", 1)

        assert first.command("pause", "live") == 0
        assert second.command("resume", "live") == 0
        assert second.command("wait", "--gateway", "live", "--timeout", "30s") == 0
        assert first.says()["status"] == "stopped"
