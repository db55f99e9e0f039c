"""The simulated gateway as a program: what it prints, how it ends."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.simulator.client import RawClient

PROGRAM = """
import sys
from pathlib import Path
from supervisor.observe.masking import clean
from supervisor.simulator.app import run
port, scenario, control, version = sys.argv[1:]
sys.exit(run(int(port), "127.0.0.1", Path(scenario) if scenario else None, int(control) if control else None,
             int(version) if version else None, sys.stdout, sys.stderr, clean))
"""


@contextmanager
def running(*arguments: object) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-W", "error", "-c", PROGRAM, *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def line_of(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().rstrip("\n")


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_it_says_where_it_listens_tells_events_and_ends_cleanly(ending: signal.Signals) -> None:
    with running(0, "", 0, 157) as process:
        listening, control = line_of(process), line_of(process)
        assert listening.startswith("listening on 127.0.0.1:")
        assert listening.endswith("server version 157")
        port = int(listening.split(":")[1].split(",")[0])
        with RawClient(port) as client:
            client.start()
            with socket.create_connection(("127.0.0.1", int(control.rsplit(":", 1)[1])), 5) as visit:
                visit.sendall(b'{"do": "rst"}\n')
                assert json.loads(visit.makefile().readline()) == {"ok": True}
            assert client.ending() == "rst"
        assert line_of(process).endswith("  client 7 is ready, server version 157")
        assert line_of(process).endswith("  rst")
        assert line_of(process).endswith("  client 7 is gone")
        process.send_signal(ending)
        out, errors = process.communicate(timeout=10)
        assert (process.returncode, errors) == (0, "")
        assert out.endswith("  stopping\n")


def test_a_scenario_is_played(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text("steps: [{do: mute, for: 10ms}]")
    with running(0, tmp_path / "s.yaml", "", "") as process:
        told = {line_of(process)[14:] for _ in range(3)}
        assert {"mute for=0.01", "mute is over"} <= told


def test_a_bad_scenario_is_refused_with_all_faults_and_78(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text("steps:\n- {do: dance}\n- {do: notice}\n")
    with running(0, path, "", "") as process:
        out, errors = process.communicate(timeout=10)
        assert (process.returncode, out) == (78, "")
        assert [line.split(": ")[0] for line in errors.splitlines()] == [f"{path}:2", f"{path}:3"]


@pytest.mark.parametrize("which", ["gateway", "control"])
def test_a_taken_port_is_named_and_exits_with_1(which: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with running(*((port, "", "", "") if which == "gateway" else (0, "", port, ""))) as process:
            _, errors = process.communicate(timeout=10)
            assert process.returncode == 1
            assert errors == f"cannot listen on 127.0.0.1:{port}: Address already in use\n"


def test_a_text_that_the_terminal_cannot_show_is_told_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    (tmp_path / "s.yaml").write_text('steps: [{do: notice, code: 1100, text: "\\u5e02 \\udc80"}, {do: thaw}]')
    with running(0, tmp_path / "s.yaml", "", "") as process:
        told = [line_of(process)[14:] for _ in range(3)]
        assert "notice code=1100, text=\\u5e02 \\udc80, request=-1" in told
        assert "thaw" in told


def test_a_scenario_of_somebody_elses_does_not_write_to_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text('steps: [{do: notice, code: 2104, text: "\\e]0;owned\\a\\x9b2J"}, {do: thaw}]')
    with running(0, tmp_path / "s.yaml", "", "") as process:
        told = [line_of(process)[14:] for _ in range(3)]
        assert "notice code=2104, text=\\x1b]0;owned\\x07\\x9b2J, request=-1" in told


def test_a_reader_who_leaves_costs_lines_and_not_the_gateway() -> None:
    with running(0, "", "", 176) as process:
        port = int(line_of(process).split(":")[1].split(",")[0])
        assert process.stdout is not None
        process.stdout.close()
        with RawClient(port) as client:
            client.ready()
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_a_reader_who_stops_reading_costs_lines_and_not_the_gateway() -> None:
    with running(0, "", 0, 176) as process:
        port = int(line_of(process).split(":")[1].split(",")[0])
        control = int(line_of(process).rsplit(":", 1)[1])
        with socket.create_connection(("127.0.0.1", control), 5) as visit:
            visit.sendall(b'{"do": "notice", "code": 2104, "text": "%s", "times": 200, "every": 0}\n' % (b"x" * 5000))
            assert json.loads(visit.makefile().readline())["ok"] is True
        with RawClient(port) as client:
            client.ready()
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
