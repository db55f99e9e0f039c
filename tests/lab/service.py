"""The installed service in the lab: its config, its words, and how it is brought back to where a test begins."""

import json
import time
from typing import Any

from tests.lab.machine import Machine, seconds_since
from tests.waiting import wait_until

UNIT = "ib-supervisor.service"
ASK_CONTROL = """
import socket, sys
with socket.create_connection(("127.0.0.1", 4801), 5) as control:
    control.sendall(sys.argv[1].encode() + b"\\n")
    print(control.makefile().readline())
"""
CONFIG = "/etc/ib-supervisor/supervisor.yaml"


class Service:
    """`ib-supervisor.service` on one machine."""

    def __init__(self, machine: Machine, suite: str, report: list[str]) -> None:
        self.machine = machine
        self.suite = suite
        self._report = report

    def note(self, line: str) -> None:
        """A figure for the end of the run."""
        self._report.append(f"{self.suite}: {line}")

    def config(self, more: str = "") -> str:
        """A config with the simulated gateway, and what else a test wants under `gateways`."""
        return (
            "gateways:\n"
            "  - {name: sim, port: 4001, client_id: 911, server_reset: none}\n"
            f"{more}"
            "log: {format: journald}\n"
        )

    def put_right(self) -> None:
        """The config of the beginning, a running service, the gateway up."""
        self.machine.write(CONFIG, self.config())
        self.machine.run("systemctl", "reset-failed")
        self.machine.run("systemctl", "restart", "simulated-gateway")
        if self.property("ActiveState") == "active":
            self.machine.run("systemctl", "reload", UNIT)
        else:
            self.machine.run("systemctl", "start", UNIT)
        self.wait_up()

    def property(self, name: str) -> str:
        """One property of the unit."""
        return self.machine.show(UNIT, name)[name]

    def main_pid(self) -> int:
        """The daemon's process, as it is numbered inside; 0 if there is none."""
        return int(self.property("MainPID"))

    def status(self) -> dict[str, Any]:
        """What the daemon says of the simulated gateway; empty if it does not answer."""
        said = self.machine.run("ib-supervisor", "status", "--json", check=False)
        known = json.loads(said)["gateways"] if said else []
        return next((gateway for gateway in known if gateway["name"] == "sim"), {})

    def wait_up(self, timeout: float = 30) -> None:
        """Until the gateway is up."""
        wait = ["ib-supervisor", "wait", "--gateway", "sim", "--timeout", f"{timeout:g}s"]
        self.machine.run(*wait, timeout=timeout + 10)

    def wait_restarted(self, old: int, timeout: float) -> float:
        """Until another process than `old` is active; the seconds that it took."""
        began = time.monotonic()

        def restarted() -> bool:
            shown = self.machine.show(UNIT, "MainPID", "ActiveState", "SubState")
            return shown["MainPID"] not in ("0", str(old)) and shown["SubState"] == "running"

        wait_until(restarted, timeout, every=0.1, what="the service back")
        return seconds_since(began)

    def gateway_does(self, **step: object) -> None:
        """Let the simulated gateway do something, over its control socket."""
        self.machine.run("python3", "-c", ASK_CONTROL, json.dumps(step))

    def log(self, *match: str) -> list[dict[str, Any]]:
        """What systemd's journal has of the unit."""
        said = self.machine.run("journalctl", "-u", UNIT, "-o", "json", "--no-pager", *match, check=False)
        return [json.loads(line) for line in said.splitlines()]
