"""The command line itself: help, completion, suggestions, and errors for people."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from supervisor.commands.main import COMMANDS, app

LIBRARY = re.compile(r"Input should|Value error|unable to parse|pydantic|<\w+( range)?>", re.IGNORECASE)
"""Words of a library about values, which no person should have to read."""


def said(*words: str) -> Result:
    return CliRunner().invoke(app, list(words), prog_name="ib-supervisor", env={"IB_SUPERVISOR_URL": ""})


def called(*words: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "supervisor", *words]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment}, check=False)


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_explains_itself_in_plain_words(command: str) -> None:
    short, long = said(command, "-h"), said(command, "--help")
    assert (short.exit_code, long.exit_code) == (0, 0)
    assert short.output == long.output
    assert not LIBRARY.search(long.output), long.output


@pytest.mark.parametrize("words", [["--version"], ["--help"], ["codes"], ["codes", "1100", "--json"]])
def test_what_cannot_be_written_is_said_in_one_line(words: list[str]) -> None:
    command = [sys.executable, "-m", "supervisor", *words]
    with open("/dev/full", "w", encoding="utf-8") as full:
        result = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (result.returncode, result.stderr) == (1, "ib-supervisor: cannot write: No space left on device\n")


def test_a_bare_call_prints_the_help_and_is_wrong_usage() -> None:
    result = said()
    assert result.exit_code == 2
    assert "Commands:" in result.output
    assert said("-h").exit_code == 0


@pytest.mark.parametrize(
    ("mistyped", "meant"),
    [("statsu", "status"), ("chek-config", "check-config"), ("histroy", "history"), ("prob", "probe")],
)
def test_a_mistyped_command_gets_a_suggestion(mistyped: str, meant: str) -> None:
    result = said(mistyped)
    assert result.exit_code == 2
    assert f"Did you mean '{meant}'" in result.output


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["codes", "abc"], "'abc' is not a whole number"),
        (["schedule", "--config", "x", "--days", "1.5"], "'1.5' is not a whole number"),
        (["simulate", "--port", "70000"], "70000 is more than 65535"),
        (["simulate", "--port", "-1"], "-1 is less than 0"),
        (["wait", "--gateway", "live", "--for", "fine"], "'fine' is not one of 'stopped', 'up'"),
        (["probe", "127.0.0.1:1", "--require", "luck"], "'luck' is not one of 'port'"),
    ],
)
def test_a_wrong_value_is_told_in_our_own_words(words: list[str], told: str) -> None:
    result = said(*words)
    assert result.exit_code == 2
    assert told in " ".join(result.output.split())
    assert not LIBRARY.search(result.output), result.output


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_completion_of_a_shell_is_shown_and_installed(shell: str, tmp_path: Path) -> None:
    chosen = {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1", "HOME": str(tmp_path), "SHELL": f"/bin/{shell}"}
    shown = called("--show-completion", shell, **chosen)
    assert shown.returncode == 0, shown.stderr
    assert "_IB_SUPERVISOR_COMPLETE" in shown.stdout
    installed = called("--install-completion", shell, **chosen)
    assert installed.returncode == 0, installed.stderr
    assert [file for file in tmp_path.rglob("*") if file.is_file() and "_IB_SUPERVISOR_COMPLETE" in file.read_text()]


def test_completion_knows_the_commands_and_their_options() -> None:
    def completed(line: str) -> list[str]:
        words = {"_IB_SUPERVISOR_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(line.count(" "))}
        return called(**words).stdout.split()

    assert set(completed("ib-supervisor con")) == {"confirm-login", "confirm-ids"}
    assert "--watch" in completed("ib-supervisor status --")
