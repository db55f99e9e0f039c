"""docs/failure-modes.md: every failure mode is there, with a test that exists."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "failure-modes.md").read_text()


def rows() -> dict[int, str]:
    return {int(found[1]): found[0] for found in re.finditer(r"^\| (\d+) \|.*\|$", PAGE, re.MULTILINE)}


def test_all_twenty_five_are_there() -> None:
    assert sorted(rows()) == list(range(1, 26))


def test_each_names_a_test_of_its_own_number() -> None:
    assert [number for number, row in rows().items() if f"`test_{number:02d}_" not in row] == []


def test_every_test_it_names_exists() -> None:
    named = set(re.findall(r"`(test_\w+)`", PAGE))
    written = {
        name
        for file in ROOT.glob("tests/*/test_*.py")
        for name in re.findall(r"^def (test_\w+)\(", file.read_text(), re.MULTILINE)
    }
    assert named - written == set()


def test_no_test_of_a_failure_mode_is_left_out() -> None:
    files = (Path(__file__).parent / "test_modes_01_to_12.py", Path(__file__).parent / "test_modes_13_to_25.py")
    written = {name for file in files for name in re.findall(r"^def (test_\d\d_\w+)\(", file.read_text(), re.MULTILINE)}
    assert {name for name in written if f"`{name}`" not in PAGE} == set()
