"""How the tests are shared out among the workers of pytest-xdist.

A file stays with one worker, so that its fixtures are made once; so do all scenes of the calendar, which are played at
the same time. The folders that take longest come first, or the last worker would work alone at the end.
"""

from importlib.util import find_spec

import pytest

LONGEST = ("calendar", "deploy", "simulation", "faults", "gateway", "judges", "endurance", "goldens", "docs")

if find_spec("hypothesis"):  # the environments of each ibapi are without it
    from hypothesis import HealthCheck, settings

    settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("unhurried")  # a machine that is busy is no fault of what is tested


@pytest.fixture(autouse=True)
def _no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """The workers of pytest-xdist have COLUMNS set, and so have some shells: the tests of commands print to a pipe."""
    monkeypatch.delenv("COLUMNS", raising=False)


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the names
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Name the group of each test, and bring the groups into order."""
    for item in items:
        scene = isinstance(item, pytest.Function) and hasattr(item.obj, "scene")
        item.add_marker(pytest.mark.xdist_group("scenes" if scene else f"{item.path.parent.name}-{item.path.stem}"))
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    folder = item.path.parent.name
    return LONGEST.index(folder) if folder in LONGEST else len(LONGEST)
