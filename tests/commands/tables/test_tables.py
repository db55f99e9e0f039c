"""Tables are as expected at every width, in a pipe, without colours, and in a locale that knows only ASCII.

After a change that is meant, run `python -m tests.commands.tables`, and look at what differs.
"""

import json
import os
import pty
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands.tables.shown import EXPECTED, WIDTHS, gateways, history, name_of, shown
from tests.commands.test_printer import answering


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize("width", WIDTHS)
def test_each_table_is_as_expected(width: int | None, tmp_path: Path) -> None:
    for table, text in shown(width, tmp_path).items():
        assert text == name_of(table, width).read_text(encoding="utf-8"), table


@pytest.mark.parametrize("width", [width for width in (20, *WIDTHS) if width is not None])
def test_no_line_is_wider_than_the_terminal(width: int, tmp_path: Path) -> None:
    for table, text in shown(width, tmp_path).items():
        assert [line for line in text.splitlines() if len(line) > width] == [], table


@pytest.mark.parametrize("width", WIDTHS)
def test_no_width_loses_a_word_that_explains(width: int | None, tmp_path: Path) -> None:
    at_ease, squeezed = shown(None, tmp_path), shown(width, tmp_path)
    for table in ("history", "schedule", "codes", "code", "check-config", "details"):
        explaining = {word for word in at_ease[table].split() if word.islower() and len(word) < 30}
        assert explaining - set(squeezed[table].split()) == set(), table


def test_nothing_is_expected_that_is_not_shown(tmp_path: Path) -> None:
    made = {name_of(table, width) for width in WIDTHS for table in shown(width, tmp_path)}
    assert made == set(EXPECTED.iterdir())


@pytest.fixture(scope="module")
def daemon() -> Iterator[str]:
    """Its URL. One gateway says why in letters that ASCII lacks."""
    known = gateways()
    known[1]["cause"] = "Die Größe der Börse: ✓ 東京."
    with answering(200, json.dumps({"version": "1", "gateways": known})) as url:
        yield url


@pytest.fixture(scope="module")
def past() -> Iterator[str]:
    """The URL of a daemon that is asked for the past."""
    with answering(200, json.dumps(history())) as url:
        yield url


def called(*words: str, **environment: str) -> "subprocess.CompletedProcess[bytes]":
    inherited = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "NO_COLOR")}
    command = [sys.executable, "-m", "supervisor", *words]
    return subprocess.run(command, capture_output=True, env={**inherited, **environment}, check=False)


COMMANDS = (["status"], ["history"], ["codes"], ["codes", "1100"])


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_locale_of_ascii_gets_escapes_and_no_failure(words: list[str], daemon: str, past: str) -> None:
    plain = {
        "LC_ALL": "C",
        "PYTHONUTF8": "0",
        "PYTHONCOERCECLOCALE": "0",
        "IB_SUPERVISOR_URL": past if words == ["history"] else daemon,
    }
    result = called(*words, **plain)
    assert (result.returncode, result.stderr) == (0, b"")
    assert result.stdout.isascii()
    if words == ["status"]:
        assert rb"Die Gr\xf6\xdfe der B\xf6rse: \u2713 \u6771\u4eac." in result.stdout


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_pipe_gets_no_colours_and_whole_lines(words: list[str], daemon: str, past: str) -> None:
    result = called(*words, IB_SUPERVISOR_URL=past if words == ["history"] else daemon)
    assert result.returncode == 0
    assert b"\x1b" not in result.stdout
    if words == ["status"]:
        assert "Die Größe der Börse: ✓ 東京." in result.stdout.decode().splitlines()[2]


@pytest.mark.parametrize("colours", [True, False])
def test_a_terminal_gets_colours_unless_they_are_not_wanted(colours: bool, daemon: str) -> None:
    ours, theirs = pty.openpty()
    environment = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS")}
    environment |= {"TERM": "xterm-256color", "IB_SUPERVISOR_URL": daemon} | ({} if colours else {"NO_COLOR": "1"})
    with subprocess.Popen([sys.executable, "-m", "supervisor", "status"], stdout=theirs, env=environment) as process:
        os.close(theirs)
        told = b""
        while part := _read(ours):
            told += part
    os.close(ours)
    assert process.returncode == 0
    assert (b"\x1b[1;31m" in told) == colours
    assert b"1 of 4 up" in told


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # EIO: nobody holds the other end now
        return b""
