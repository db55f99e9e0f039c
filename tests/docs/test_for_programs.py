"""docs/for-programs.md: each of its examples is run as it stands there, against the real daemon."""

import configparser
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from supervisor.observe.gate.reader import Gate
from supervisor.simulator import Fleet, SimulatedGateway
from tests.daemon.running import Running, gateways, quick, running
from tests.waiting import wait_until

PAGE = Path(__file__).parents[2] / "docs" / "for-programs.md"
_EXAMPLE = re.compile(r"<!-- (run|unit): (\S+) -->\n```(\w+)\n(.*?)```", re.DOTALL)
EXAMPLES = {name: (how, language, text) for how, name, language, text in _EXAMPLE.findall(PAGE.read_text("utf-8"))}
LOST = "Connectivity between IBKR and Trader Workstation has been lost."
BACK = "Connectivity between IBKR and Trader Workstation has been restored - data lost."


@pytest.fixture
def gateway() -> Iterator[SimulatedGateway]:
    with Fleet() as fleet, SimulatedGateway(fleet=fleet) as found:
        yield found


@pytest.fixture
def daemon(tmp_path: Path, gateway: SimulatedGateway) -> Iterator[Running]:
    with running(tmp_path, gateways(quick(gateway.port, "live"))) as found:
        found.wait_up()
        yield found


class Example:
    """One that runs; `lines` are what it printed."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        if self.process.stdout is not None:
            self.lines.extend(iter(lambda: self.process.stdout.readline().rstrip("\n"), ""))  # type: ignore[union-attr]

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(10)
        self._reader.join(10)
        if self.process.stdout is not None:
            self.process.stdout.close()


@contextmanager
def run(name: str, url: str, **environment: str) -> Iterator[Example]:
    how, language, text = EXAMPLES[name]
    assert how == "run"
    command = [sys.executable, "-c", text] if language == "python" else ["bash", "-c", text]
    if text.startswith("#!"):  # a program of its own, started as systemd would
        file = Path(tempfile.mkdtemp()) / "program"
        file.write_text(text, encoding="utf-8")
        file.chmod(0o755)
        command = [str(file)]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    inherited = {**os.environ, "PATH": path, "no_proxy": "*", "IB_SUPERVISOR_URL": url, **environment}
    example = Example(subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=inherited))
    try:
        yield example
    finally:
        example.end()


def test_every_example_of_the_page_is_run_here() -> None:
    assert len(EXAMPLES) == PAGE.read_text("utf-8").count("```") // 2
    assert set(EXAMPLES) == {*WAITING, *ASKING, *FOLLOWING, *UNITS, "sqlite"}


WAITING = ("wait-command", "wait-curl", "wait-python")
ASKING = ("gate-python", "gate-command")
FOLLOWING = ("follow-bash", "follow-python")
UNITS = ("trading-program.service", "on-change.service")


@pytest.mark.parametrize("name", WAITING)
def test_waiting_ends_when_the_gateway_is_up_and_not_before(
    name: str, daemon: Running, gateway: SimulatedGateway
) -> None:
    gateway.do("refuse")
    daemon.until(lambda: not daemon.up())
    with run(name, daemon.url) as example:  # each asks the daemon and is told: not yet
        daemon.until(lambda: listening(daemon) or example.lines)
        assert example.process.poll() is None
        gateway.do("heal")
        assert example.process.wait(30) == 0
        wait_until(lambda: example.lines == ["live is up: start trading"])


def test_a_program_that_asks_the_gate_sends_while_it_is_open_and_holds_while_it_is_closed(
    tmp_path: Path, gateway: SimulatedGateway
) -> None:
    file = tmp_path / "gate" / "live.json"
    config = f"{gateways(quick(gateway.port, 'live'))}\ngate: {{directory: gate}}\n"
    with running(tmp_path, config) as daemon:
        for name in ASKING:
            wait_until(lambda: Gate(file).check().open, 30)
            with run(name, daemon.url, GATE=str(file)) as example:
                wait_until(lambda example=example: "send" in example.lines, 30)  # type: ignore[misc]
        gateway.do("notice", code=1100, text=LOST)
        wait_until(lambda: Gate(file).check().state == "closed")
        with run("gate-python", daemon.url, GATE=str(file)) as example:
            wait_until(lambda: example.lines == ["hold: upstream"], 30)


@pytest.mark.parametrize("name", FOLLOWING)
def test_a_loss_and_its_end_are_heard_also_over_a_restart_of_the_daemon(
    name: str, tmp_path: Path, gateway: SimulatedGateway
) -> None:
    config = gateways(quick(gateway.port, "live"))
    with running(tmp_path, config) as first:
        first.wait_up()
        port = first.port
        with run(name, first.url) as example:
            first.until(lambda: listening(first))
            gateway.do("notice", code=1100, text=LOST)
            first.until(lambda: told(example, "live is degraded", "live is not up any more"))
            gateway.do("notice", code=1101, text=BACK)
            first.until(lambda: told(example, "live is up"))
            if name == "follow-python":
                first.until(lambda: "subscriptions are lost: make them again" in example.lines)
            heard = len(example.lines)
            first.end()
            with running(tmp_path, gateways(quick(gateway.port, "live", client_id=912)), port=port) as second:
                second.wait_up()
                second.until(lambda: len(example.lines) > heard)
                assert told(example, "live is up")


def listening(daemon: Running) -> bool:
    """Whether somebody has a connection to the daemon open."""
    with open("/proc/net/tcp", encoding="ascii") as table:
        rows = [line.split() for line in table]
    return any(row[1].endswith(f":{daemon.port:04X}") and row[3] == "01" for row in rows[1:])


def told(example: Example, *beginnings: str) -> bool:
    return any(line.startswith(beginnings) for line in example.lines)


def test_the_journal_is_read_with_sqlite(daemon: Running, gateway: SimulatedGateway) -> None:
    gateway.do("rst")
    daemon.until(lambda: "outage_closed" in daemon.get("/api/v1/events"))
    journal = str(daemon.file.parent / "journal.db")

    def printed() -> bool:
        with run("sqlite", daemon.url, JOURNAL=journal) as example:
            assert example.process.wait(30) == 0
        return any(" live session " in line for line in example.lines)

    daemon.until(printed)


@pytest.mark.parametrize("name", UNITS)
def test_units_are_units_and_what_they_call_of_ours_exists(name: str, tmp_path: Path, daemon: Running) -> None:
    _, _, text = EXAMPLES[name]
    parser = configparser.ConfigParser(strict=True, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(text)
    assert {"Unit", "Service", "Install"} == set(parser.sections())
    assert not {"Requires", "BindsTo", "PartOf"} & set(parser["Unit"])
    before = parser["Service"].get("ExecStartPre")
    if before is not None:
        program, *words = shlex.split(before)
        assert Path(program).name == "ib-supervisor"
        ours = [sys.executable, "-m", "supervisor", *words, "--url", daemon.url]
        assert subprocess.run(ours, timeout=60, check=False).returncode == 0
    analyze = shutil.which("systemd-analyze")
    if analyze is not None:
        file = tmp_path / name
        stub = "/bin/true"
        file.write_text(re.sub(r"(ExecStart(?:Pre)?=)\S+", rf"\1{stub}", text))
        said = subprocess.run([analyze, "verify", "--man=no", str(file)], capture_output=True, text=True, timeout=60)
        assert "Unknown" not in said.stderr, said.stderr
