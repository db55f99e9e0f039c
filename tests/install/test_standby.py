"""Two supervisors for one gateway, and `standby` between them: docs/beyond-one-machine.md, with real processes."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from supervisor.simulator.fleet import SimulatedGateway
from tests.install.test_fleet import Host
from tests.waiting import wait_until

NOTICES = 60.0  # seconds; the promise, and the machine may be busy with others


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[Host, Host]]:
    """The active supervisor, the standby, and the command beside it, with the shortest waits."""
    with ExitStack() as stack:
        gateway = stack.enter_context(SimulatedGateway())
        active = Host(tmp_path, "a", gateway.port)
        stack.callback(active.end)
        standby = Host(tmp_path, "b", gateway.port, 921, "labels: {role: standby}")
        stack.callback(standby.end)
        wait_until(lambda: active.says().get("status") == standby.says().get("status") == "up", NOTICES, every=0.2)
        words = ["standby", "--of", f"http://127.0.0.1:{active.port}", "--url", f"http://127.0.0.1:{standby.port}"]
        command = subprocess.Popen([sys.executable, "-m", "supervisor", *words, "--after", "3s", "--back", "3s"])
        stack.callback(command.wait, 10)
        stack.callback(command.terminate)
        wait_until(lambda: standby.says().get("status") == "stopped", NOTICES, every=0.2, what="a standby that rests")
        yield active, standby


def test_the_standby_watches_while_the_active_one_is_dead_and_rests_when_it_is_back(pair: tuple[Host, Host]) -> None:
    active, standby = pair
    active.process.kill()
    active.process.wait(10)
    began = time.monotonic()
    wait_until(lambda: standby.says().get("status") == "up", NOTICES, every=0.2, what="a take-over")
    print(f"taken over {time.monotonic() - began:.1f} s after SIGKILL, with --after 3s")
    active.start()
    wait_until(lambda: active.says().get("status") == "up", NOTICES, every=0.2)
    wait_until(lambda: standby.says().get("status") == "stopped", NOTICES, every=0.2, what="given back")
    assert active.says()["status"] == "up"


def test_the_standby_watches_while_the_active_one_is_frozen(pair: tuple[Host, Host]) -> None:
    active, standby = pair
    active.process.send_signal(signal.SIGSTOP)
    try:
        wait_until(lambda: standby.says().get("status") == "up", NOTICES, every=0.2, what="a take-over")
    finally:
        active.process.send_signal(signal.SIGCONT)
    wait_until(lambda: standby.says().get("status") == "stopped", NOTICES, every=0.2, what="given back")
    wait_until(lambda: active.says().get("status") == "up", NOTICES, every=0.2)
