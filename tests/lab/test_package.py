"""The Debian package, built, installed, used and removed on a machine of its own: docs/install.md."""

import os
import time
from collections.abc import Iterator

import pytest

from tests.lab import machine as lab
from tests.lab.conftest import SIMULATED
from tests.lab.service import CONFIG, UNIT, Service

pytestmark = [pytest.mark.root, pytest.mark.once("bookworm"), pytest.mark.timeout(600)]


@pytest.fixture(scope="module", params=os.environ.get("LAB_SUITES", " ".join(lab.SUITES)).split())
def bare(request: pytest.FixtureRequest) -> Iterator[Service]:
    """A machine without ib-supervisor."""
    reason = lab.why_not()
    if reason is not None:
        if os.environ.get("LAB_REQUIRED"):
            pytest.fail(reason)
        pytest.skip(reason)
    root = lab.root_file_system(request.param, "package")
    try:
        machine = lab.boot(root)
        try:
            yield Service(machine, request.param, [])
        finally:
            machine.shut_down()
    finally:
        lab.discard(root)


def test_the_package_is_installed_used_upgraded_and_removed(bare: Service) -> None:
    machine = bare.machine
    began = time.monotonic()
    machine.script("cd /root/ib-supervisor && make deb", timeout=300)
    print(f"{bare.suite}: built in {lab.seconds_since(began):.0f} s")
    package = machine.script("ls /root/ib-supervisor/dist/*.deb")
    files = machine.script(f"dpkg-deb --contents {package}")
    assert not [line for line in files.splitlines() if "/ibapi/" in line or "/ibapi-" in line], "not ours to pass on"
    assert " root/root " in files

    said = machine.script(f"dpkg -i {package}")
    assert "next, ib-supervisor-install-ibapi" in said
    assert "ibapi cannot be imported" in machine.script("! ib-supervisor probe 127.0.0.1:4001")
    assert "is installed in" in machine.script("ib-supervisor-install-ibapi")
    assert machine.status_of("test", "-s", "/usr/share/man/man1/ib-supervisor.1.gz") == 0

    machine.write("/etc/systemd/system/simulated-gateway.service", SIMULATED.replace("/usr/local/bin", "/usr/bin"))
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "start", "simulated-gateway")
    machine.write(CONFIG, bare.config())
    machine.run("systemctl", "enable", "--now", UNIT)
    bare.wait_up()

    process = bare.main_pid()
    said = machine.script(f"dpkg -i {package}")
    assert "next," not in said
    assert bare.main_pid() != process, "an upgrade restarts what runs"
    bare.wait_up()
    assert machine.run("cat", CONFIG) == bare.config().strip(), "the person's config stays"

    machine.script("dpkg -r ib-supervisor")
    assert machine.show(UNIT, "LoadState", "ActiveState") == {"LoadState": "not-found", "ActiveState": "inactive"}
    for path in ("/usr/lib/ib-supervisor", "/usr/local/lib/ib-supervisor", "/usr/bin/ib-supervisor"):
        assert machine.status_of("test", "-e", path) != 0, path
    machine.run("test", "-f", CONFIG)
    machine.script("dpkg -P ib-supervisor")
    assert machine.status_of("test", "-e", CONFIG) != 0
    machine.run("test", "-f", "/var/lib/private/ib-supervisor/journal.db")
