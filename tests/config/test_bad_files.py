"""Every way for a file to be bad has a file in testdata/, and beside it the faults that a person is told."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from supervisor.config.load import load
from supervisor.config.reading.faults import ConfigError
from supervisor.config.reading.text_file import MOST_BYTES
from tests.config.loading import NOW

TESTDATA = Path(__file__).parent / "testdata"
ENV = {"NOT_A_PORT": "seventy", "EMPTY": "", "ID": "4711", "NAME": "hunter2", "PORT": "4711"}
ENV |= {"TIME": "11:45 PM", "LONG": "4711s", "AFTER": "2047-11-01T00:00:00Z"}


def faults_of(path: Path) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(path, ENV, NOW)
    return str(caught.value).splitlines()


@pytest.mark.parametrize("name", sorted(file.name for file in TESTDATA.glob("*.yaml")))
def test_a_bad_file_is_refused_with_all_its_faults(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(TESTDATA)
    expected = Path(name).with_suffix(".faults").read_text(encoding="utf-8")
    assert faults_of(Path(name)) == expected.splitlines()


def test_every_list_of_faults_has_its_file() -> None:
    lists, files = ({file.stem for file in TESTDATA.glob(f"*.{kind}")} for kind in ("faults", "yaml"))
    assert lists == files
    assert len(files) > 40


def test_a_missing_file(tmp_path: Path) -> None:
    path = tmp_path / "supervisor.yaml"
    assert faults_of(path) == [f"{path}: no such file; give the path of a config file"]


def test_a_folder(tmp_path: Path) -> None:
    assert faults_of(tmp_path) == [f"{tmp_path}: is a folder; give the path of a config file"]


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "supervisor.yaml"
    path.symlink_to(path)
    (fault,) = faults_of(path)
    assert fault.startswith(f"{path}: cannot be read: ")
    assert fault.endswith("; let the user that runs the daemon read it")


def test_a_path_that_no_file_can_have() -> None:
    assert "cannot be read: embedded null byte" in faults_of(Path("a\0b"))[0].replace("\x00", "0")


def test_a_device_is_not_read() -> None:
    assert faults_of(Path("/dev/zero")) == ["/dev/zero: is not a regular file; give the path of a config file"]


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "supervisor.yaml"
    os.mkfifo(path)
    assert faults_of(path) == [f"{path}: is a pipe; give the path of a config file"]


def test_a_file_that_is_too_large(tmp_path: Path) -> None:
    path = tmp_path / "supervisor.yaml"
    path.write_bytes(b"#" * (MOST_BYTES + 1))
    assert faults_of(path) == [f"{path}: larger than {MOST_BYTES} bytes; give the path of a config file"]
    path.write_bytes(b"#" * MOST_BYTES)
    assert "the file is empty" in faults_of(path)[0]


def test_no_fault_shows_what_was_in_a_variable() -> None:
    told = (TESTDATA / "secrets.faults").read_text(encoding="utf-8")
    assert len(told.splitlines()) > 15
    assert [value for value in ENV.values() if value and value in told] == []
