"""The machines of the lab, one after the other, and what was measured on them.

Each systemd runs the service, and is asked whether the daemon may restart a gateway and no other unit. The rest
(recovery, the package, a standby, an upgrade) is played on one machine, which `once` names. `make long` plays all of it
on each.
"""

import os
import re
import time
from collections.abc import Iterator

import pytest

from tests.lab import machine as lab
from tests.lab.service import Service

REPORT = pytest.StashKey[list[str]]()

EDITOR = """#!/bin/sh
# Stands in for the person at the editor.
cp /root/wanted.yaml "$1"
"""
SIMULATED = """[Unit]
Description=A simulated gateway
[Service]
ExecStart=/usr/local/bin/ib-supervisor simulate --port 4001 --control 4801
"""


def pytest_configure(config: pytest.Config) -> None:
    """A place for the figures."""
    config.stash[REPORT] = []


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave to one machine what does not depend on systemd's version; LAB_WHOLE=1 leaves nothing out."""
    if os.environ.get("LAB_WHOLE"):
        return
    elsewhere = [item for item in items if (mark := item.get_closest_marker("once")) and _suite(item) != mark.args[0]]
    config.hook.pytest_deselected(items=elsewhere)
    items[:] = [item for item in items if item not in elsewhere]


def _suite(item: pytest.Item) -> str | None:
    """The machine of a test."""
    assert isinstance(item, pytest.Function)
    return next((str(value) for value in item.callspec.params.values() if value in lab.SUITES), None)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """The figures, at the end of the run."""
    for line in config.stash[REPORT]:
        terminalreporter.write_line(line)


@pytest.fixture(scope="session", params=os.environ.get("LAB_SUITES", " ".join(lab.SUITES)).split())
def installed(request: pytest.FixtureRequest) -> Iterator[Service]:
    """A machine on which somebody has followed the README's section for a server, word for word."""
    reason = lab.why_not()
    if reason is not None:
        if os.environ.get("LAB_REQUIRED"):
            pytest.fail(reason)
        pytest.skip(reason)
    began = time.monotonic()
    root = lab.root_file_system(request.param)
    try:
        built = lab.seconds_since(began)
        machine = lab.boot(root)
        try:
            service = Service(machine, request.param, request.config.stash[REPORT])
            machine.write("/usr/local/bin/person", EDITOR, 0o755)
            machine.write("/root/wanted.yaml", service.config())
            machine.write("/etc/systemd/system/simulated-gateway.service", SIMULATED)
            began = time.monotonic()
            machine.script(f"cd /root/ib-supervisor\nexport SUDO_EDITOR=person\n{server_section()}")
            version = machine.run("systemctl", "--version").split()[1]
            service.note(
                f"systemd {version}: image {built:.1f} s, the README's section {lab.seconds_since(began):.1f} s"
            )
            machine.run("systemctl", "start", "simulated-gateway")
            yield service
        finally:
            machine.shut_down()
    finally:
        lab.discard(root)


@pytest.fixture
def service(installed: Service) -> Service:
    """The service as it was installed: running, its gateway up."""
    installed.put_right()
    return installed


def server_section() -> str:
    """The commands of the README's section for a server."""
    readme = (lab.REPOSITORY / "README.md").read_text()
    section = readme.split("\n## On a server\n", 1)[1].split("\n## ", 1)[0]
    block = re.search(r"```sh\n(.*?)```", section, re.DOTALL)
    assert block is not None, "the README's section for a server has no commands"
    return block[1]
