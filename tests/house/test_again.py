"""`make again` runs what failed in `make test`, and nothing that passed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests import again

Commands = list[list[str]]


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Commands:
    """What is run; all of it passes, but `make test-style`."""
    heard: Commands = []

    def run(command: list[str], *, check: bool) -> "subprocess.CompletedProcess[bytes]":
        heard.append(command)
        return subprocess.CompletedProcess(command, int(command == ["make", "test-style"]))

    monkeypatch.setattr(again, "CACHE", tmp_path)
    monkeypatch.setattr(again, "PASSED", tmp_path / "passed")
    monkeypatch.setattr(subprocess, "run", run)
    (tmp_path / "passed").mkdir()
    return heard


def passed(folder: Path, *targets: str) -> None:
    for target in targets:
        (folder / "passed" / target).touch()


def test_of_targets_that_passed_nothing_is_run(commands: Commands, tmp_path: Path) -> None:
    passed(tmp_path, "test-style", "test-core", "test-rest", "test-browser")
    assert again.main() == 0
    assert commands == []


def test_of_a_target_that_failed_the_tests_that_failed_are_run(commands: Commands, tmp_path: Path) -> None:
    passed(tmp_path, "test-style", "test-core", "test-browser")
    cache = tmp_path / "test-rest" / "v" / "cache"
    cache.mkdir(parents=True)
    (cache / "lastfailed").write_text(json.dumps({"tests/b.py::test_c@b": True, "tests/a.py::test_b[x]@a": True}))
    assert again.main() == 0
    assert commands == [[sys.executable, "-m", "pytest", "tests/a.py::test_b[x]", "tests/b.py::test_c"]]


def test_what_broke_off_is_run_whole(commands: Commands, tmp_path: Path) -> None:
    passed(tmp_path, "test-style", "test-core", "test-rest")
    assert again.main() == 0
    assert commands == [["make", "test-browser"]]


def test_style_that_is_bad_stays_bad_whatever_else_passes(commands: Commands, tmp_path: Path) -> None:
    passed(tmp_path, "test-rest", "test-browser")
    assert again.main() == 1
    assert commands == [["make", "test-style"], ["make", "test-core"]]
