"""Upgrade, a release that does not start, rollback and uninstall, on the machine where the service runs."""

import re
import time

import pytest

from tests.lab.machine import seconds_since
from tests.lab.service import CONFIG, UNIT, Service
from tests.lab.test_service import STATE, outages

pytestmark = [pytest.mark.root, pytest.mark.once("trixie"), pytest.mark.timeout(400)]

SOURCE = "/root/ib-supervisor"


def current(service: Service) -> str:
    """The installed release."""
    return service.machine.run("readlink", "/opt/ib-supervisor/current")


def releases(service: Service) -> int:
    """How many releases lie there."""
    return len(service.machine.run("ls", "/opt/ib-supervisor/releases").split())


def test_an_upgrade_keeps_settings_and_history_and_can_be_taken_back(service: Service) -> None:
    first, process, config = current(service), service.main_pid(), service.machine.run("cat", CONFIG)
    service.machine.run("systemctl", "restart", "simulated-gateway")
    service.wait_up()
    before = outages(service)
    service.machine.script(f"sed -i 's/^version = .*/version = \"9.9.9\"/' {SOURCE}/pyproject.toml")
    began = time.monotonic()
    said = service.machine.script(f"cd {SOURCE} && sudo make install")
    service.note(f"an upgrade took {seconds_since(began):.1f} s")
    assert "installed 9.9.9-" in said
    assert current(service).startswith("releases/9.9.9-")
    assert service.main_pid() != process, "the new release runs"
    service.wait_up()
    assert service.machine.run("cat", CONFIG) == config
    assert before
    assert outages(service)[: len(before)] == before

    service.machine.script(f"cd {SOURCE} && sudo make rollback")
    assert current(service) == first
    service.wait_up()
    assert outages(service)[: len(before)] == before
    assert releases(service) == 2


def test_a_release_that_does_not_start_is_put_back(service: Service) -> None:
    first = current(service)
    service.machine.script(f"cp {SOURCE}/supervisor/daemon/process.py /srv/process.py")
    service.machine.script(
        f"echo 'raise RuntimeError(\"a release that cannot start\")' >> {SOURCE}/supervisor/daemon/process.py"
    )
    try:
        said = service.machine.script(f"cd {SOURCE} && ! sudo make install")
    finally:
        service.machine.script(f"cp /srv/process.py {SOURCE}/supervisor/daemon/process.py")
    assert re.search(
        r"does not become ready.*a release that cannot start.*is the current one again, and runs", said, re.S
    )
    assert current(service) == first
    service.wait_up()
    assert releases(service) == 2, "the one that failed is gone"


def test_uninstall_leaves_settings_and_history(service: Service) -> None:
    """Comes last: the machine has no service after it."""
    before = outages(service)
    service.machine.script(f"cd {SOURCE} && sudo make uninstall")
    assert service.machine.status_of("test", "-e", "/opt/ib-supervisor") != 0
    assert service.machine.status_of("test", "-e", "/usr/local/bin/ib-supervisor") != 0
    assert service.machine.show(UNIT, "LoadState", "ActiveState") == {
        "LoadState": "not-found",
        "ActiveState": "inactive",
    }
    assert service.machine.run("sh", "-c", "ls /etc/systemd/system/*/ib-supervisor* 2>/dev/null", check=False) == ""
    service.machine.run("test", "-f", CONFIG)
    service.machine.run("test", "-f", f"{STATE}/journal.db")
    assert outages(service)[: len(before)] == before
