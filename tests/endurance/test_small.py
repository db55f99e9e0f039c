"""What `make endurance` plays, in a small size."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.endurance.disks import damaged, full
from tests.endurance.hostile import hostile
from tests.endurance.kills import Truth, kills
from tests.endurance.readers import readers
from tests.endurance.reconnects import flapping, reconnects
from tests.endurance.sampling import Row, slope
from tests.endurance.strangers import strangers
from tests.endurance.told import told

NOTICED = 1.0
"""Seconds: a loop that waited for a stuck reader would take longer; a machine with other work may well take tenths."""
SCENES: dict[str, Callable[[Path], list[Row]]] = {
    "reconnects": lambda folder: reconnects(folder, 300),
    "flapping": lambda folder: flapping(folder, 8, 5.0),
    "kills": lambda folder: kills(folder, 4),
    "kills with messages": lambda folder: told(folder, 6),
    "a full disk": lambda folder: full(folder, 0.5),
    "a damaged journal": lambda folder: damaged(folder, 0.5),
    "a hostile gateway": lambda folder: hostile(folder, 2.0, ("accounts", "empty", "nested", "farms"), slack=8.0),
    "strangers": lambda folder: strangers(folder, 60, 3, 0.3, ("passwords",), within=5.0),
    "stuck readers": lambda folder: readers(folder, 200, 3.0, NOTICED),
}


@pytest.mark.parametrize("name", SCENES)
def test_it_survives(tmp_path: Path, name: str) -> None:
    for row in SCENES[name](tmp_path):
        assert row.kept, f"{row.what}: {row.found}"


def test_a_slope_is_that_of_the_line() -> None:
    assert slope([0.0, 1.0, 2.0], [5.0, 7.0, 9.0]) == pytest.approx(2.0)
    assert slope([1.0], [5.0]) == 0.0


def test_after_a_kill_only_what_was_confirmed_in_the_last_second_may_be_missing() -> None:
    truth = Truth([(0.0, "a"), (10.0, "b"), (11.5, "c"), (11.9, "d")])
    assert truth.allowed(killed=12.0) == ["b", "c", "d"]
    assert truth.allowed(killed=12.6) == ["c", "d"]
    assert truth.allowed(killed=20.0) == ["d"]
