"""compose.yaml through podman-compose: a gateway behind a relay, its supervisor, Prometheus, Alertmanager, a message.

What stands in for what: the simulated gateway behind socat for the gateway's image, Debian's Prometheus and
Alertmanager for those of Docker Hub, podman-compose for Docker's own. Grafana cannot be had and is left out. The rules,
routes and scrapes are the shipped ones, with seconds in place of their minutes.
"""

import json
import os
import re
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.containers.engine import Engine
from tests.containers.images import BASE, GATEWAY
from tests.lab.machine import REPOSITORY
from tests.waiting import wait_until

pytestmark = [pytest.mark.root, pytest.mark.timeout(500)]

SERVICES = ("gateway", "supervisor", "prometheus", "alertmanager", "webhook")
WEBHOOK = """
import http.server
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        print(self.rfile.read(int(self.headers['Content-Length'])).decode(), flush=True)
        self.send_response(200); self.end_headers()
http.server.HTTPServer(('', 8080), Handler).serve_forever()
"""
"""Whom Alertmanager tells, in a container of its own: what arrives is its log."""


def _far_from_now() -> str:
    """An hour of the gateway's day that is half a day away."""
    return f"{datetime.now(ZoneInfo('America/New_York')) + timedelta(hours=12):%H:%M}"


class Composed:
    """The project, in a copy of deploy/."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine = engine
        self.project = f"{engine.name}compose"
        shutil.copytree(REPOSITORY / "deploy", folder / "deploy", symlinks=True)
        self.folder = folder / "deploy/docker"
        self._adapt()
        (self.folder / "secrets/webhook-url").write_text("http://webhook:8080/")
        for name in ("ib-password", "grafana-password", "smtp-password", "telegram-token", "slack-url"):
            (self.folder / "secrets" / name).touch()
        for name in ("pagerduty-key", "heartbeat-url"):
            (self.folder / "secrets" / name).touch()
        more = {"services": {"webhook": {"image": BASE, "command": ["python3", "-c", WEBHOOK]}}}
        (self.folder / "lab.yaml").write_text(json.dumps(more))

    def _adapt(self) -> None:
        """Seconds for minutes in the copy, and ports that are free on this machine."""
        for path, pattern, quick in (
            (self.folder / "compose.yaml", r'"127\.0\.0\.1:\d+:(\d+)"', r'"127.0.0.1::\1"'),
            (self.folder / "prometheus.yml", r"(?m)^  (scrape|evaluation)_interval: .*$", r"  \1_interval: 1s"),
            (self.folder.parent / "prometheus/alerts.yaml", r"(?m)^(\s+)for: .*$", r"\1for: 3s"),
            # Without this an alert fires for two minutes more, and its end is told so much later.
            (self.folder.parent / "prometheus/alerts.yaml", r"keep_firing_for: \w+", "keep_firing_for: 1s"),
            # What is to be told is not in a window, at whatever hour this runs.
            (self.folder / "supervisor.yaml", r"server_reset: \w+", "server_reset: none"),
            (self.folder / "supervisor.yaml", r'time: "23:45"', f'time: "{_far_from_now()}"'),
            # Warnings are told in waking hours, and so is their end: here at every hour.
            (self.folder.parent / "alertmanager/alertmanager.yml", r'start_time: "[\d:]+"', 'start_time: "00:00"'),
            (self.folder.parent / "alertmanager/alertmanager.yml", r'end_time: "[\d:]+"', 'end_time: "24:00"'),
            (self.folder.parent / "alertmanager/alertmanager.yml", r"group_wait: \w+", "group_wait: 1s"),
            (self.folder.parent / "alertmanager/alertmanager.yml", r"group_interval: \w+", "group_interval: 2s"),
        ):
            text = path.read_text()
            assert re.search(pattern, text), (path, pattern)
            path.write_text(re.sub(pattern, quick, text))

    def compose(self, *words: str, timeout: float = 120) -> str:
        """A command of podman-compose."""
        program = os.environ.get("PODMAN_COMPOSE", str(REPOSITORY / ".venvs/containers/bin/podman-compose"))
        command = [program, "--project-name", self.project, "--file", str(self.folder / "compose.yaml")]
        command += ["--file", str(self.folder / "lab.yaml"), *words]
        variables = {"IB_GATEWAY_TAG": GATEWAY.rpartition(":")[2], "IBC_USERID": "lab"}
        return self.engine.said(*command, timeout=timeout, **variables)

    def up(self, *services: str) -> None:
        """Start these, in the background, from the images that are there."""
        self.compose("up", "--detach", "--no-build", *(services or SERVICES))
        self.engine.steady(f"{self.project}_default")

    def down(self) -> None:
        """Remove the containers, and keep the volumes."""
        self.compose("down", "--timeout", "5")

    def name(self, service: str) -> str:
        """The container of a service."""
        return f"{self.project}_{service}_1"

    def status(self) -> dict[str, object]:
        """What the supervisor says."""
        return self.engine.status(self.name("supervisor"))

    def told(self, alert: str, status: str = "firing") -> bool:
        """Whether such a message has arrived at the webhook."""
        messages = [line for line in self.engine.logs(self.name("webhook")).splitlines() if line.startswith("{")]
        alerts = [alert for message in messages for alert in json.loads(message)["alerts"]]
        return any((each["labels"]["alertname"], each["status"]) == (alert, status) for each in alerts)

    def outages(self) -> list[dict[str, object]]:
        """What the journal has."""
        words = ("ib-supervisor", "history", "--json")
        found: list[dict[str, object]] = json.loads(self.engine.inside(self.name("supervisor"), *words).said)["outages"]
        return found


@pytest.fixture(scope="module")
def composed(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Composed]:
    project = Composed(engine, tmp_path_factory.mktemp("compose"))
    try:
        project.up()
        wait_until(lambda: project.status().get("status") == "up", 60, every=0.3, what="a gateway that is up")
        yield project
    finally:
        project.compose("down", "--timeout", "1", "--volumes")


def test_the_file_gives_the_supervisor_what_it_promises(composed: Composed) -> None:
    host = composed.engine.inspect(composed.name("supervisor"))["HostConfig"]
    assert host["ReadonlyRootfs"] is True
    assert (host["Memory"], host["PidsLimit"]) == (512 << 20, 512)
    ports = [each for binding in host["PortBindings"].values() for each in binding]
    assert {port["HostIp"] for port in ports} == {"127.0.0.1"}


def test_a_broken_farm_becomes_a_message_and_its_end_another(composed: Composed) -> None:
    wait_until(lambda: 'ib_up{gateway="paper"' in composed.engine.get(composed.name("supervisor"), "/metrics")[1], 20)
    composed.engine.order(composed.name("gateway"), do="farm_broken", farm="usfarm", **{"for": "12s"})
    wait_until(lambda: composed.told("IBFarmDown"), 60, every=0.5, what="the message")
    wait_until(lambda: composed.status()["status"] == "up", 30, every=0.3)
    wait_until(lambda: composed.told("IBFarmDown", "resolved"), 60, every=0.5, what="the message that it is over")


def test_a_restart_of_the_gateways_container_is_told_as_what_it_is(composed: Composed) -> None:
    before = len(composed.outages())
    composed.engine.podman("restart", "--time", "1", composed.name("gateway"))
    wait_until(lambda: len(composed.outages()) > before and composed.status()["status"] == "up", 60, every=0.5)
    outage = composed.outages()[-1]
    assert (outage["cause"], outage["planned"]) == ("session", False)
    assert "closed the session" in str(outage["words"]), "the relay hides that the port refuses: no more is claimed"


def test_a_gateway_that_takes_long_to_stop_is_not_killed(composed: Composed) -> None:
    """A gateway that is killed can leave its login hanging. An engine's own patience is 10 s."""
    name = composed.name("gateway")
    process = composed.engine.inspect(name)["State"]["Pid"]
    os.kill(process, signal.SIGSTOP)  # it cannot heed SIGTERM
    began = time.monotonic()
    stopping = threading.Thread(target=composed.compose, args=("stop", "gateway"))
    stopping.start()
    try:
        wait_until(lambda: time.monotonic() - began > 12.0, 20)
        assert stopping.is_alive()
    finally:
        os.kill(process, signal.SIGCONT)
    stopping.join(60)
    assert composed.engine.exit_status(name) == 0, "ended by itself, not by SIGKILL (137)"
    composed.compose("start", "gateway")
    wait_until(lambda: composed.status()["status"] == "up", 60, every=0.3)


def test_down_in_the_middle_of_an_outage_loses_nothing(composed: Composed) -> None:
    composed.compose("stop", "--timeout", "1", "gateway")
    wait_until(lambda: composed.status()["status"] == "down", 30, every=0.3)
    before = composed.outages()
    composed.down()
    composed.up()
    wait_until(lambda: composed.status().get("status") == "up", 60, every=0.3)
    after = composed.outages()
    assert len(after) >= len(before)
    assert [each["began"] for each in before] == [each["began"] for each in after][: len(before)]
