"""docs/gate.md: its readers say of the daemon's own files what ours says, and its list of reasons is whole.

The reader in C# is not run: no .NET is to be had here, and the page says so.
"""

import re
import shutil
import subprocess
import sys
import tempfile
import time
from functools import cache
from pathlib import Path

import pytest

from supervisor.core.explain.gates import sentence
from supervisor.core.model.gate import RANKED, GateReason
from supervisor.observe.gate.body import body, written
from supervisor.observe.gate.reader import since_boot
from tests.observe.gate.standing import standing

PAGE = Path(__file__).parents[2] / "docs" / "gate.md"
EXAMPLES = PAGE.parent / "examples" / "gate"
READERS = ["python", "bash", *(["java"] if shutil.which("javac") else [])]
OPEN, CLOSED, UNKNOWN = 0, 1, 3


@cache
def command(reader: str) -> list[str]:
    """How it is started: Java is compiled first, because a lease is shorter than that takes."""
    if reader == "java":
        folder = tempfile.mkdtemp()
        subprocess.run(["javac", "-d", folder, str(EXAMPLES / "Gate.java")], check=True, timeout=100)
        return ["java", "-cp", folder, "Gate"]
    return {"python": [sys.executable, str(EXAMPLES / "gate.py")], "bash": ["bash", str(EXAMPLES / "gate.sh")]}[reader]


def status(reader: str, path: Path) -> int:
    return subprocess.run([*command(reader), str(path)], timeout=60, check=False).returncode


def content(**changes: float) -> bytes:
    """A file with a young lease, moved by `changes` seconds on the clock of that name."""
    fields = body(standing(reasons=()), since_boot())
    fields["valid_until_realtime"] = time.time() + 2 + changes.get("wall", 0.4)
    fields["valid_until_boottime"] = since_boot() + 2 + changes.get("boot", 0.4)
    return written(fields)


@pytest.mark.parametrize("reader", READERS)
def test_each_reader_knows_open_closed_and_what_nobody_knows(reader: str, tmp_path: Path) -> None:
    path = tmp_path / "live.json"
    assert status(reader, path) == UNKNOWN
    path.write_bytes(content())
    assert status(reader, path) == OPEN
    closed = body(standing(reasons=(GateReason.SUSPECT, GateReason.RESTART_SOON)), since_boot())
    path.write_bytes(
        written({**closed, "valid_until_realtime": time.time() + 2.4, "valid_until_boottime": since_boot() + 2.4})
    )
    assert status(reader, path) == CLOSED


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("moved", [{"wall": -3.0}, {"boot": -3.0}, {"wall": 60.0}, {"boot": 60.0}], ids=str)
def test_each_reader_refuses_a_lease_that_does_not_hold_on_both_clocks(
    reader: str, moved: dict[str, float], tmp_path: Path
) -> None:
    path = tmp_path / "live.json"
    path.write_bytes(content(**moved))
    assert status(reader, path) == UNKNOWN


@pytest.mark.parametrize("reader", READERS)
def test_each_reader_takes_what_it_cannot_read_for_unknown(reader: str, tmp_path: Path) -> None:
    path = tmp_path / "live.json"
    for broken in (b"", b"{", b'{"open": true}\n', content().replace(b"true", b'"true"')):
        path.write_bytes(broken)
        assert status(reader, path) == UNKNOWN, broken


def test_the_page_lists_every_reason_in_its_rank_with_its_sentence() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \| .+ \|$", PAGE.read_text("utf-8"), re.MULTILINE)
    assert rows[: len(RANKED)] == [(reason.value, sentence(reason)) for reason in RANKED]
