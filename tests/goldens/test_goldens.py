"""What the daemon shows to the outside is what it always was: each public output of one day, beside its golden file.

- Nothing of `supervisor` is imported: the day is played by processes, and seen over HTTP, in the log, in the journal
  and on the command line, so that the inside may be rebuilt.
- A change that is meant is written by `python -m tests.goldens --write`, looked at as a diff, and told in CHANGELOG.md.
- What varies from run to run is replaced (`normal.py`).
"""

from pathlib import Path

import pytest

from tests.goldens.comparing import EXPECTED, difference
from tests.goldens.day import Day
from tests.goldens.documents import of_day, of_surface

# One worker of pytest-xdist plays the day once; each further one would play it again.
pytestmark = pytest.mark.xdist_group("goldens")

SURFACE = ("codes.json", "codes.txt", "config-keys.txt", "help.txt", "schedule.txt")
NAMES = sorted(file.name for file in EXPECTED.iterdir())


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """One day, played once for all files."""
    return dict(of_day(Day(Path(tmp_path_factory.mktemp("day"))).play()))


@pytest.fixture(scope="module")
def surface() -> dict[str, str]:
    """What can be asked without a day."""
    return dict(of_surface())


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", [name for name in NAMES if name not in SURFACE])
def test_a_day_looks_from_outside_as_it_always_did(name: str, day: dict[str, str]) -> None:
    if different := difference(name, day[name]):
        pytest.fail(different, pytrace=False)


@pytest.mark.parametrize("name", SURFACE)
def test_the_command_line_and_the_config_are_as_they_always_were(name: str, surface: dict[str, str]) -> None:
    if different := difference(name, surface[name]):
        pytest.fail(different, pytrace=False)


def test_every_golden_file_is_compared(day: dict[str, str], surface: dict[str, str]) -> None:
    assert sorted([*day, *surface]) == NAMES
