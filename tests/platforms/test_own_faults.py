"""An error of our own is never told as a fault of the gateway, of its controller or of the daemon that is asked.

Each of them listens and is well. This process has no file descriptor left.
"""

import errno
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from supervisor.commands.main import app
from supervisor.commands.setup.findings import Grade, of_gateway
from supervisor.commands.shared.api_client import Client, Unreachable
from supervisor.controllers import ibg
from supervisor.controllers.hands.answers import ask
from supervisor.core.model.behind import controller
from supervisor.core.model.policy import Policy
from supervisor.platform import is_own
from supervisor.simulator.verify.checks import CHECKS, carry_out
from supervisor.simulator.verify.place import Place, Verdict
from tests.limits import no_descriptor_left

ROOT = Path(__file__).parents[2]


@pytest.fixture
def port() -> Iterator[int]:
    """Something that accepts connections."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def gateway(port: int) -> Policy:
    return Policy("live", "127.0.0.1", port, 911)


def test_a_controller_is_not_said_to_accept_nothing(port: int) -> None:
    with no_descriptor_left():
        answer = ask(("127.0.0.1", port), b"RESTART\n", 0.2)
    assert answer == (False, f"cannot connect from this machine to 127.0.0.1:{port} (Too many open files)")


def test_a_health_page_is_not_said_to_be_silent(port: int) -> None:
    with no_descriptor_left():
        sight = ibg.Ibg(controller.Ibg(f"http://127.0.0.1:{port}/health")).look()
    assert sight.words.startswith("the health page cannot be asked from here: [Errno 24] Too many open files")


def test_init_does_not_say_that_nothing_listens(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("supervisor.commands.setup.init.USUAL", {port: "live"})
    CliRunner().invoke(app, ["init", "-h"])  # what is imported late is imported now
    with no_descriptor_left():
        result = CliRunner().invoke(app, ["init", "--yes"])
    assert (result.exit_code, result.stderr) == (1, f"cannot look at 127.0.0.1:{port}: Too many open files\n")


def test_doctor_does_not_say_that_a_gateway_does_not_accept(port: int) -> None:
    with no_descriptor_left():
        finding = of_gateway(gateway(port))
    assert (finding.grade, finding.seen) == (Grade.UNKNOWN, f"127.0.0.1:{port} cannot be asked: Too many open files.")
    assert of_gateway(gateway(port)).grade is Grade.WELL


def test_a_daemon_that_cannot_be_asked_is_not_said_to_be_away(port: int) -> None:
    with no_descriptor_left(), pytest.raises(Unreachable) as raised:
        Client(f"http://127.0.0.1:{port}").healthy()
    assert str(raised.value) == f"cannot ask the daemon at http://127.0.0.1:{port} from here: too many open files"


def test_verify_finds_no_difference(port: int) -> None:
    place = Place("127.0.0.1", port, 913, 914)
    with no_descriptor_left():
        found = {carry_out(check, place).verdict for check in CHECKS}
    assert found == {Verdict.UNTRIED}


@pytest.mark.parametrize("name", ["ECONNREFUSED", "ECONNRESET", "EHOSTUNREACH", "ETIMEDOUT", "EPIPE"])
def test_what_the_other_side_or_the_way_to_it_does_is_not_our_own(name: str) -> None:
    assert not is_own(OSError(getattr(errno, name), "away"))


@pytest.mark.parametrize("name", ["EMFILE", "ENOBUFS", "EADDRNOTAVAIL", "EPERM", "EACCES", "ENETUNREACH"])
def test_a_want_of_ours_or_a_rule_of_this_machine_is_our_own(name: str) -> None:
    number = getattr(errno, name)
    assert is_own(OSError(number, "ours"))
    assert not is_own(socket.gaierror(number, "the numbers of a look-up are others"))


STARVED = """
from supervisor.core.calendar.rules import zone_of
from supervisor.core.model.pages import MARKETS
from supervisor.runtime.clocks import Clock
from supervisor.runtime.loop import Loop
from supervisor.runtime.mailbox import Mailbox
from tests.limits import no_descriptor_left

CITIES = "Chicago Denver Halifax Phoenix Bogota Lima Caracas Toronto Vancouver"
OF_A_CONFIG = [f"America/{city}" for city in CITIES.split()]
for name in OF_A_CONFIG:
    zone_of(name)
clock = Clock()
Loop(Mailbox(clock.now), clock)
with no_descriptor_left():
    for name in ("UTC", "America/New_York", *(market.zone for market in MARKETS), *OF_A_CONFIG):
        zone_of(name)
print("all are at hand")
"""


def test_a_daemon_without_a_free_descriptor_still_knows_its_time_zones() -> None:
    """Else each second of it cost what follows a round: the status line, and every chore of the loop."""
    done = subprocess.run([sys.executable, "-c", STARVED], cwd=ROOT, capture_output=True, text=True, timeout=30)
    assert (done.stdout, done.stderr) == ("all are at hand\n", "")
