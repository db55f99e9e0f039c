"""The reader: what it believes, what it does not, and what it costs."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from supervisor.core.model.gate import GateReason
from supervisor.observe.gate.body import body, written
from supervisor.observe.gate.reader import LONGEST, Gate, since_boot
from tests.observe.gate.standing import standing

WALL, BOOT = 1_800_000_000.0, 5_000.0


def file_of(folder: Path, **changes: Any) -> Path:
    """A file that says open, with a lease of 2 s from `WALL` and `BOOT`, but for `changes`."""
    fields = {
        "gateway": "live",
        "open": True,
        "epoch": 3,
        "valid_until": "2027-01-15T08:00:02.000Z",
        "valid_until_realtime": WALL + 2,
        "valid_until_boottime": BOOT + 2,
        "valid_for": 2.0,
        "next_restart": None,
        "reasons": [],
    }
    path = folder / "live.json"
    path.write_text(json.dumps({**fields, **changes}))
    return path


def at(path: Path, wall: float = WALL, boot: float = BOOT, unknown: Any = "closed") -> Gate:
    return Gate(path, unknown, clocks=(lambda: wall, lambda: boot))


def test_an_open_gate_with_a_lease_is_open(tmp_path: Path) -> None:
    said = at(file_of(tmp_path)).check()
    assert (said.open, said.state, said.reasons, said.epoch, said.why) == (True, "open", (), 3, "")


def test_a_closed_gate_says_why(tmp_path: Path) -> None:
    reasons = [{"reason": "heartbeat", "text": "It hangs."}, {"reason": "suspect", "text": "It may hang."}]
    said = at(file_of(tmp_path, open=False, reasons=reasons)).check()
    assert (said.open, said.state) == (False, "closed")
    assert said.reasons == ("heartbeat", "suspect")
    assert said.texts == ("It hangs.", "It may hang.")


@pytest.mark.parametrize(
    ("wall", "boot"),
    [
        (WALL + 2, BOOT),
        (WALL, BOOT + 2),
        (WALL + 3600, BOOT + 3600),
        (WALL - LONGEST, BOOT),
        (WALL, BOOT - LONGEST),
        (WALL - 86400, BOOT),
        (WALL, 30.0),
    ],
    ids=["wall over", "boot over", "long over", "clock set back", "boot behind", "a day back", "started anew"],
)
def test_a_lease_holds_only_if_it_holds_on_both_clocks_and_is_not_too_long(
    tmp_path: Path, wall: float, boot: float
) -> None:
    said = at(file_of(tmp_path), wall, boot).check()
    assert (said.open, said.state) == (False, "unknown")
    assert "lease is over" in said.why


@pytest.mark.parametrize(("wall", "boot"), [(WALL + 1.999, BOOT + 1.999), (WALL - 0.5, BOOT - 0.5)])
def test_to_the_edges_of_its_lease_it_is_believed(tmp_path: Path, wall: float, boot: float) -> None:
    assert at(file_of(tmp_path), wall, boot).check().state == "open"


def test_without_a_file_nobody_knows_and_the_caller_has_chosen_what_that_means(tmp_path: Path) -> None:
    path = tmp_path / "live.json"
    assert [Gate(path, unknown=choice).check()[:2] for choice in ("closed", "open")] == [
        (False, "unknown"),
        (True, "unknown"),
    ]
    assert "No such file" in Gate(path).check().why
    with pytest.raises(ValueError, match='"closed" or "open"'):
        Gate(path, unknown="maybe")  # type: ignore[arg-type]


BROKEN: dict[str, bytes] = {
    "a number beyond every clock": b'{"open": true, "valid_until_realtime": 1'
    + b"0" * 400
    + b', "valid_until_boottime": 1}',
    "empty": b"",
    "half": b'{"gateway": "live", "open": tr',
    "a list": b"[]",
    "a number": b"1",
    "no fields": b"{}",
    "not UTF-8": b"\xff\xfe",
    "open is a word": b'{"open": "true", "valid_until_realtime": 1, "valid_until_boottime": 1, "reasons": []}',
    "nested": b"[" * 60000,
    "lease is a word": b'{"open": true, "valid_until_realtime": "soon", "valid_until_boottime": 1, "reasons": []}',
    "lease is no number": b'{"open": true, "valid_until_realtime": NaN, "valid_until_boottime": NaN, "reasons": [],'
    b' "epoch": 1, "next_restart": null}',
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_what_cannot_be_read_is_unknown(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "live.json"
    path.write_bytes(content)
    assert at(path).check().state == "unknown"


def test_a_folder_or_a_fifo_in_its_place_is_unknown_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.json")
    (tmp_path / "folder.json").mkdir()
    for name in ("fifo", "folder"):
        assert Gate(tmp_path / f"{name}.json").check().state == "unknown"


def test_the_same_bytes_are_believed_no_longer_than_their_lease(tmp_path: Path) -> None:
    wall = [WALL]
    gate = Gate(file_of(tmp_path), clocks=(lambda: wall[0], lambda: BOOT))
    assert gate.check().open
    wall[0] += 2.1
    assert gate.check().state == "unknown"


def test_what_the_daemon_writes_is_what_it_reads(tmp_path: Path) -> None:
    path = tmp_path / "live.json"
    path.write_bytes(written(body(standing(reasons=(GateReason.SUSPECT,)), since_boot())))
    said = Gate(path).check()
    assert (said.state, said.reasons) == ("closed", ("suspect",))
    path.write_bytes(written(body(standing(), since_boot())))
    assert Gate(path).check().open


def test_a_check_costs_less_than_fifty_microseconds(tmp_path: Path) -> None:
    """The median of single checks, each of a file that has just been replaced: nothing is cached."""
    path = tmp_path / "live.json"
    gate = Gate(path)
    took = []
    for _ in range(200):
        path.write_bytes(written(body(standing_once, since_boot())))
        began = time.perf_counter()
        gate.check()
        took.append(time.perf_counter() - began)
    assert sorted(took)[100] < 50e-6


standing_once = standing(reasons=(GateReason.PORT, GateReason.RESTART_SOON))


def test_a_program_that_asks_the_gate_loads_the_standard_library_and_two_rooms_of_ours() -> None:
    code = (
        "import sys; before = set(sys.modules); import supervisor.host; "
        "print(*sorted({name for name in set(sys.modules) - before}))"
    )
    said = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True, timeout=30)
    ours = {name for name in said.stdout.split() if name.startswith("supervisor")}
    assert ours <= {
        "supervisor",
        "supervisor.host",
        "supervisor.observe",
        "supervisor.observe.gate",
        "supervisor.observe.gate.reader",
    }
    others = {name.split(".")[0] for name in said.stdout.split()} - {"supervisor"}
    assert others <= sys.stdlib_module_names
