"""Recovery by the installed service, in its sandbox, of a gateway that is a unit with IBC's command server.

The polkit rule and the drop-in of the gateway's unit are those of docs/recovery.md, word for word.
"""

import json
import re
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.lab.machine import REPOSITORY, seconds_since
from tests.lab.service import CONFIG, UNIT, Service
from tests.waiting import wait_until

once = pytest.mark.once("trixie")
pytestmark = [pytest.mark.root, pytest.mark.timeout(400)]

GATEWAY = "ib-gateway.service"
STAND_IN = """[Unit]
Description=A stand-in for a gateway under IBC
StartLimitIntervalSec=60
StartLimitBurst=4
[Service]
ExecStart=/usr/bin/python3 /usr/local/bin/stand-in
StateDirectory=stand-in
LogsDirectory=ibc
Restart=on-failure
RestartSec=0.5
"""
RESTART_UNIT = ["systemctl", "--no-ask-password", "restart", GATEWAY]
CONTROL = """
import socket, sys
with socket.create_connection(("127.0.0.1", 4811), 5) as control:
    control.sendall(sys.argv[1].encode() + b"\\n")
    print(control.makefile().readline())
"""


class Patient:
    """The stand-in gateway, and what the daemon does for it under a name of its own: budgets are kept."""

    def __init__(self, service: Service, name: str) -> None:
        self.service, self.machine, self.name = service, service.machine, name

    def watch(self, *rungs: dict[str, Any], controlled: bool = True) -> None:
        """Let the daemon look after it, with these rungs, until it is up."""
        entry = {
            "name": self.name,
            "port": 4011,
            "client_id": 931,
            "server_reset": "none",
            "recovery": {"rungs": rungs, "market_hours": "ignore"},
        }
        if controlled:
            log = "/var/log/ibc/*.txt"
            entry["controller"] = {"kind": "ibc", "port": 7462, "log": log, "auto_restart_time_set": True}
        self.machine.write(CONFIG, self.service.config(f"  - {json.dumps(entry)}\n"))
        self.machine.run("systemctl", "reload", UNIT)
        self.wait_up()

    def wait_up(self) -> None:
        """Until it is up, and the controller said that it is logged in."""
        wait_until(lambda: self.now().get("status") == "up", 60, every=0.2, what="the stand-in up")

    def now(self) -> dict[str, Any]:
        """What the daemon says of it."""
        said = self.machine.run("ib-supervisor", "status", "--json", check=False)
        known = json.loads(said)["gateways"] if said else []
        return next((gateway for gateway in known if gateway["name"] == self.name), {})

    def block(self, rung: str) -> str | None:
        """Why this rung is not done now."""
        rungs: Sequence[dict[str, Any]] = self.now()["recovery"]["rungs"]
        found: str | None = next(each["blocked"] for each in rungs if each["rung"] == rung)
        return found

    def wait_block(self, rung: str, block: str, timeout: float = 60) -> None:
        wait_until(lambda: self.block(rung) == block, timeout, every=0.2, what=f"{rung} blocked by {block}")

    def deeds(self) -> list[dict[str, Any]]:
        """What history has."""
        said = self.machine.run("ib-supervisor", "history", "--gateway", self.name, "--json")
        found: list[dict[str, Any]] = json.loads(said)["deeds"]
        return found

    def wait_deeds(self, *expected: tuple[str, str], timeout: float = 90) -> list[dict[str, Any]]:
        def ended() -> bool:
            return [(deed["rung"], deed["result"]) for deed in self.deeds()] == list(expected)

        wait_until(ended, timeout, every=0.3, what=f"the deeds {expected}")
        return self.deeds()

    def heard(self) -> list[str]:
        """The commands that came to the controller, but for the harmless one."""
        path = self.machine.path("/var/lib/stand-in/heard")
        words = path.read_text().split() if path.exists() else []
        return [word for word in words if word != "EXIT"]

    def wish(self, what: str) -> None:
        """So it is at the next start."""
        self.machine.write(f"/var/lib/stand-in/{what}", "")

    def does(self, **step: object) -> None:
        """Let the simulated gateway do something."""
        self.machine.run("python3", "-c", CONTROL, json.dumps(step))

    def jvm(self) -> str:
        """The process that would be the JVM, as it is numbered inside."""
        return self.machine.path("/var/lib/stand-in/pid").read_text()


def recipe(language: str, first: str) -> str:
    """The block of docs/recovery.md that begins so."""
    page = (REPOSITORY / "docs/recovery.md").read_text()
    blocks: list[str] = re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)
    return next(block for block in blocks if block.startswith(first))


@pytest.fixture(scope="module")
def prepared(installed: Service) -> Service:
    machine = installed.machine
    machine.write("/usr/local/bin/stand-in", Path(__file__).with_name("stand_in.py").read_text(), 0o755)
    machine.write(f"/etc/systemd/system/{GATEWAY}", STAND_IN)
    stop = recipe("ini", f"# /etc/systemd/system/{GATEWAY}.d/stop.conf")
    machine.write(f"/etc/systemd/system/{GATEWAY}.d/stop.conf", stop)
    machine.write("/etc/polkit-1/rules.d/50-ib-supervisor.rules", recipe("js", "// /etc/polkit-1/rules.d/"))
    machine.run("systemctl", "daemon-reload")
    machine.script(recipe("sh", "systemctl stop ib-supervisor"))
    return installed


@pytest.fixture
def patient(prepared: Service, request: pytest.FixtureRequest) -> Iterator[Patient]:
    """The stand-in, well."""
    number = prepared.machine.run("date", "+%s%N")[-9:]
    prepared.machine.run("systemctl", "stop", GATEWAY, check=False)
    prepared.machine.run("rm", "-rf", "/var/lib/stand-in", "/var/log/ibc")
    prepared.machine.run("systemctl", "reset-failed")
    prepared.machine.run("systemctl", "start", GATEWAY)
    yield Patient(prepared, f"p{number}")
    prepared.machine.run("systemctl", "stop", GATEWAY, check=False)
    prepared.put_right()


@once
def test_a_hang_is_cured_by_one_restart_of_the_controller_that_a_person_approved(patient: Patient) -> None:
    patient.watch({"rung": "restart", "patience": "5s", "unattended": True})
    patient.does(do="freeze")
    patient.wait_block("restart", "approval")  # the sandbox hides the process, so it cannot be told from another
    assert patient.heard() == []
    patient.machine.run("ib-supervisor", "approve", patient.name)
    (deed,) = patient.wait_deeds(("restart", "proved"))
    assert deed["by"] == "loopback"
    assert patient.heard() == ["RESTART"]
    assert patient.now()["status"] == "up"
    assert patient.machine.show(GATEWAY, "NRestarts")["NRestarts"] == "0"


@once
def test_a_frozen_process_is_replaced_by_the_operators_command_without_a_kill(patient: Patient) -> None:
    patient.watch({"rung": "command", "patience": "5s", "unattended": True, "argv": RESTART_UNIT})
    before = patient.machine.show(GATEWAY, "InvocationID", "MainPID")
    patient.machine.run("kill", "-STOP", patient.jvm())
    patient.wait_deeds(("command", "proved"))
    after = patient.machine.show(GATEWAY, "InvocationID", "MainPID", "Result")
    assert after["InvocationID"] != before["InvocationID"]
    told = patient.machine.run("journalctl", "-u", GATEWAY, "--no-pager", "--since=-3min")
    assert "SIGKILL" not in told
    assert "Killing process" not in told


@once
def test_a_gateway_that_waits_for_the_second_factor_is_left_alone(patient: Patient) -> None:
    patient.watch(
        {"rung": "restart", "patience": "5s", "unattended": True},
        {"rung": "command", "patience": "5s", "unattended": True, "argv": RESTART_UNIT},
    )
    patient.wish("dialog")
    patient.machine.run("systemctl", "restart", GATEWAY)
    wait_until(lambda: patient.now().get("login_state") == "second_factor", 60, every=0.2)
    began = patient.machine.show(GATEWAY, "InvocationID")
    seen = time.monotonic()
    wait_until(lambda: seconds_since(seen) > 25, 60, every=0.5, what="five times the patience")
    assert patient.deeds() == []
    assert {patient.block("restart"), patient.block("command")} == {"not_so"}
    assert patient.machine.show(GATEWAY, "InvocationID") == began
    assert patient.heard() == []


@once
def test_a_crash_loop_gets_one_command_and_no_storm(patient: Patient) -> None:
    patient.watch(
        {"rung": "command", "patience": "5s", "unattended": True, "budget": 2, "argv": RESTART_UNIT}, controlled=False
    )
    patient.wish("crash")
    patient.machine.run("systemctl", "restart", GATEWAY, check=False)
    wait_until(lambda: patient.machine.show(GATEWAY, "ActiveState")["ActiveState"] == "failed", 30, every=0.2)
    wait_until(lambda: len(patient.deeds()) >= 1, 60, every=0.3)
    patient.wait_block("command", "budget", timeout=120)
    assert len(patient.deeds()) == 2
    starts = int(patient.machine.show(GATEWAY, "NRestarts")["NRestarts"])
    assert starts <= 4, "systemd's own limit holds"


def test_the_daemon_may_restart_that_unit_and_no_other_and_keeps_its_sandbox(patient: Patient) -> None:
    other = ["systemctl", "--no-ask-password", "restart", "simulated-gateway.service"]
    patient.watch({"rung": "command", "patience": "5s", "unattended": True, "argv": other}, controlled=False)
    before = patient.machine.show("simulated-gateway.service", "InvocationID")
    patient.machine.run("systemctl", "stop", GATEWAY)
    (deed,) = patient.wait_deeds(("command", "refused"))
    assert re.search(r"[Aa]uthentication required|[Aa]ccess denied", deed["words"]), deed["words"]
    assert patient.machine.show("simulated-gateway.service", "InvocationID") == before
    sandbox = {"DynamicUser": "yes", "NoNewPrivileges": "yes", "PrivateUsers": "yes", "ProtectSystem": "strict"}
    assert patient.machine.show(UNIT, *sandbox) == sandbox
