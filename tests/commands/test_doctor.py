"""`doctor`: what is wrong is found, with its cure, and nothing is changed."""

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from supervisor.commands.main import app
from supervisor.simulator import SimulatedGateway
from tests.daemon.running import Running, free_port, gateways, quick, running


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("doctor")
    with SimulatedGateway() as live, running(folder, gateways(quick(live.port, "live"))) as found:
        found.wait_up(gateway="live")
        yield found


def said(*words: str) -> Result:
    return CliRunner().invoke(app, ["doctor", *words], env={"COLUMNS": "", "IB_SUPERVISOR_URL": ""})


def grades(*words: str) -> dict[str, dict[str, Any]]:
    return {each["check"]: each for each in json.loads(said("--json", *words).stdout)}


def test_a_daemon_that_is_well_has_nothing_wrong(daemon: Running) -> None:
    result = said("--config", str(daemon.file))
    assert result.exit_code == 0, result.output
    assert "wrong" not in result.stdout.splitlines()[0]
    found = grades("--config", str(daemon.file))
    assert {
        name: found[name]["grade"] for name in ("ibapi", "daemon", "journal", "permissions", "live")
    } == dict.fromkeys(("ibapi", "daemon", "journal", "permissions", "live"), "well")
    assert "1 of 1 up" in found["daemon"]["seen"]


def test_whether_prometheus_scrapes_is_seen_by_the_daemon(daemon: Running) -> None:
    daemon.get("/metrics")
    before = grades("--url", daemon.url)["prometheus"]
    assert (before["grade"], "has not scraped" in before["seen"]) == ("doubtful", True)
    request = urllib.request.Request(f"{daemon.url}/metrics", headers={"User-Agent": "Prometheus/3.5.0"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        answer.read()
    after = grades("--url", daemon.url)["prometheus"]
    assert (after["grade"], after["seen"].startswith("Prometheus scraped ")) == ("well", True)


def test_what_is_wrong_comes_first_and_each_has_a_cure(tmp_path: Path) -> None:
    file = tmp_path / "supervisor.yaml"
    (tmp_path / "mine.txt").write_text("my own notes\n" * 100)
    port = free_port()
    file.write_text(
        f'http: {{listen: "127.0.0.1:{free_port()}"}}\njournal: {{path: mine.txt}}\n'
        f"gateways: [{{name: live, port: {port}, client_id: 911}}]\n"
    )
    file.chmod(0o666)
    result = said("--config", str(file))
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert lines[0].startswith("3 wrong, ")
    assert [line.split()[1] for line in lines[1:4]] == ["journal", "permissions", "live"]
    found = grades("--config", str(file))
    assert all(each["cure"] for each in found.values() if each["grade"] == "wrong")
    assert found["live"]["cure"] == f"See why: ib-supervisor probe 127.0.0.1:{port}"
    assert "its port" in found["daemon"]["seen"]
    assert (tmp_path / "mine.txt").read_text() == "my own notes\n" * 100


def test_a_port_that_another_program_has_is_told(tmp_path: Path) -> None:
    with SimulatedGateway() as other:  # it speaks no HTTP
        file = tmp_path / "supervisor.yaml"
        file.write_text(
            f'http: {{listen: "127.0.0.1:{other.port}"}}\ngateways: [{{name: live, port: 4001, client_id: 911}}]\n'
        )
        found = grades("--config", str(file))["port"]
    assert (found["grade"], "cannot listen" in found["seen"]) == ("wrong", True)
    assert "does not run" not in found["seen"], "it may be the daemon, which hangs"


def test_a_config_with_faults_is_wrong_and_the_rest_is_looked_at(tmp_path: Path) -> None:
    file = tmp_path / "supervisor.yaml"
    file.write_text("gateways: [{name: live, port: 4001, client_id: 0, colour: red}]\n")
    found = grades("--config", str(file))
    assert (found["config"]["grade"], "(and 1 more)" in found["config"]["seen"]) == ("wrong", True)
    assert found["config"]["cure"] == f"See all: ib-supervisor check-config {file}"
    assert "ibapi" in found


def test_supervisord_in_the_same_environment_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    described = tmp_path / "supervisor-4.3.0.dist-info"
    described.mkdir()
    (described / "METADATA").write_text("Metadata-Version: 2.1\nName: supervisor\nVersion: 4.3.0\n")
    (described / "top_level.txt").write_text("supervisor\n")
    (described / "RECORD").write_text("")
    assert "supervisord" not in grades("--url", "127.0.0.1:1")
    monkeypatch.syspath_prepend(tmp_path)
    found = grades("--url", "127.0.0.1:1")["supervisord"]
    assert (found["grade"], "pipx" in found["cure"]) == ("doubtful", True)


@pytest.mark.parametrize(("word", "grade"), [("yes", "well"), ("no", "doubtful"), ("", "unknown")])
def test_the_clock_is_as_the_system_says(
    word: str, grade: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "timedatectl"
    program.write_text(f"#!/bin/sh\necho {word}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert grades("--url", "127.0.0.1:1")["clock"]["grade"] == grade
