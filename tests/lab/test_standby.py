"""A standby with the shipped unit, TLS, users and credentials: docs/beyond-one-machine.md, on one machine.

The active supervisor is `ib-supervisor`, the standby's is the instance `ib-supervisor@b`.
"""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.config.web_files import PASSWORD, USERS, a_web_file
from tests.lab.machine import seconds_since
from tests.lab.service import CONFIG, UNIT, Service

pytestmark = [pytest.mark.root, pytest.mark.once("bookworm"), pytest.mark.timeout(400)]

STORE = "/etc/credstore"
OWN, STANDBY = "ib-supervisor@b", "ib-supervisor-standby"
EXAMPLE = "/opt/ib-supervisor/current/share/ib-supervisor/examples/ib-supervisor-standby.service"
TLS = "tls_server_config: {cert_file: NAME.crt, key_file: NAME.key}\n"


@pytest.fixture
def pair(service: Service, tmp_path: Path) -> Iterator[Service]:
    """Both supervisors, and the command, running."""
    machine = service.machine
    a_web_file(tmp_path, "")
    crt, key = (tmp_path / "tls.crt").read_text(), (tmp_path / "tls.key").read_text()
    for name in ("ib-supervisor", OWN):
        machine.write(f"{STORE}/{name}.web.yaml", TLS.replace("NAME", name) + USERS, 0o600)
        machine.write(f"{STORE}/{name}.crt", crt, 0o600)
        machine.write(f"{STORE}/{name}.key", key, 0o600)
    for name in ("active", "own"):
        machine.write(f"{STORE}/{STANDBY}.{name}", f"prometheus:{PASSWORD}\n", 0o600)
    machine.write(f"{STORE}/{STANDBY}.ca.crt", crt)
    web = "http: {{listen: '127.0.0.1:{}', web_config: '${{CREDENTIALS_DIRECTORY:-/etc/credstore}}/{}.web.yaml'}}\n"
    machine.write(CONFIG, service.config() + web.format(14000, "ib-supervisor"))
    standby = "gateways: [{name: sim, port: 4001, client_id: 921, server_reset: none, labels: {role: standby}}]\n"
    machine.write("/etc/ib-supervisor/b.yaml", standby + web.format(14001, OWN))
    unit = machine.run("cat", EXAMPLE)
    unit = unit.replace("https://localhost:14000", "https://127.0.0.1:14001").replace("host-a", "127.0.0.1")
    machine.write(f"/etc/systemd/system/{STANDBY}.service", unit)
    try:
        machine.run("systemctl", "daemon-reload")
        machine.run("systemctl", "restart", UNIT, OWN, STANDBY)
        yield service
    finally:
        machine.run("systemctl", "stop", STANDBY, OWN)
        machine.script(f"rm -f {STORE}/* /etc/systemd/system/{STANDBY}.service /etc/ib-supervisor/b.yaml")
        machine.write(CONFIG, service.config())
        machine.run("systemctl", "restart", UNIT)


def becomes(service: Service, status: str, timeout: float) -> None:
    """Wait for the standby's word."""
    machine = service.machine
    machine.write("/root/auth", f"prometheus:{PASSWORD}\n", 0o600)
    words = f"--gateway sim --for {status} --timeout {timeout:g}s --url https://127.0.0.1:14001 --auth-file /root/auth"
    machine.script(f"SSL_CERT_FILE={STORE}/ib-supervisor.crt ib-supervisor wait {words}", timeout=timeout + 30)


def test_the_standby_takes_over_within_a_minute_and_gives_back(pair: Service) -> None:
    machine = pair.machine
    becomes(pair, "stopped", 120)
    began = time.monotonic()
    machine.run("systemctl", "kill", "--signal=SIGKILL", UNIT)
    machine.run("systemctl", "stop", UNIT)
    becomes(pair, "up", 60)
    pair.note(f"a standby took over {seconds_since(began):.1f} s after the active supervisor was killed")
    machine.run("systemctl", "start", UNIT)
    becomes(pair, "stopped", 120)
    assert pair.property("StatusText") == "1/1 up"
    said = machine.run("journalctl", "-u", STANDBY, "-o", "cat")
    assert "sim: watched here now" in said
    assert "sim: paused here, https://127.0.0.1:14000 watches it" in said
