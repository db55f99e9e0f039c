"""A daemon that was started without standard streams runs like any other."""

import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from supervisor.simulator import Fleet, SimulatedGateway
from tests.daemon.running import free_port, gateways, quick
from tests.waiting import wait_until

_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def started(closed: str, *words: str) -> "subprocess.Popen[bytes]":
    command = ["sh", "-c", f'exec "$@" {closed}', "sh", sys.executable, "-m", "supervisor", *words]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@pytest.mark.parametrize("closed", ["2>&-", ">&- 2>&-", "<&- >&- 2>&-", "<&-"])
@pytest.mark.parametrize("form", ["console", "json", "journald"])
def test_it_supervises_and_ends_with_0(tmp_path: Path, closed: str, form: str) -> None:
    port, file = free_port(), tmp_path / "supervisor.yaml"
    with Fleet() as fleet, SimulatedGateway(fleet=fleet) as gateway:
        http = f'http: {{listen: "127.0.0.1:{port}"}}\nlog: {{level: debug, format: {form}}}\n'
        file.write_text(gateways(quick(gateway.port)) + http)
        with started(closed, "run", "--config", str(file)) as daemon:

            def up() -> bool:
                assert daemon.poll() is None, "it has ended"
                try:
                    with _DIRECT.open(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
                        return b'ib_up{gateway="live"} 1.0' in answer.read()
                except OSError:
                    return False

            wait_until(up, 30)
            daemon.terminate()
            assert daemon.wait(10) == 0
    assert (tmp_path / "journal.db").read_bytes().startswith(b"SQLite format 3\0"), "nothing was printed into it"


@pytest.mark.parametrize("closed", ["2>&-", ">&- 2>&-"])
def test_an_exit_status_is_told_also_without_words(tmp_path: Path, closed: str) -> None:
    with started(closed, "check-config", str(tmp_path / "none.yaml")) as checking:
        assert checking.wait(30) == 78
    with started(closed, "codes", "1100") as listing:
        assert listing.wait(30) == 0
