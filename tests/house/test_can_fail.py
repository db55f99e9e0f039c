"""The tests of the house are no decoration: each fails in a small house that breaks its rule."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.house import test_layers as layers
from tests.house import test_rooms as rooms

RULES = '"""Rules."""\n'
HOUSE = {
    "core/calendar/clock.py": "import datetime\n",
    "core/codes/table.py": "",
    "core/model/events.py": "from supervisor.core.codes.table import x\n",
    "core/parts/farms.py": "from supervisor.core.model.events import x\n",
    "core/program/pacing.py": "",
    "core/fleet/standby.py": "",
    "core/step/step.py": "from supervisor.core.parts import farms\n",
    "core/step/messages.py": "match x:\n    case 1:\n        pass\n    case _:\n        pass\n",
    "core/step/judging/matters.py": "match x:\n    case 1:\n        pass\n    case _:\n        pass\n",
    "core/explain/narrator.py": "match x:\n    case 1:\n        pass\n    case _:\n        pass\n"
    "match y:\n    case 1:\n        pass\n    case _:\n        pass\n",
    "observe/web/app.py": "import starlette\nfrom supervisor.core.explain.narrator import x\n",
    "runtime/loop.py": "from supervisor.core.step.step import step\n",
    "daemon/app.py": "from supervisor.observe.web.app import x\n",
    "platform.py": "import time\n",
    "yaml_lines.py": "import yaml\n",
    "config/load.py": "from supervisor.yaml_lines import x\n",
    "simulator/server.py": "from supervisor.core.calendar.durations import x\n",
}
"""A house in which all is well."""

BROKEN = [
    (layers.test_no_arrow_points_back, "core/model/events.py", "import supervisor.gateway.link"),
    (layers.test_no_arrow_points_back, "core/model/events.py", "from supervisor import platform"),
    (layers.test_no_arrow_points_back, "runtime/loop.py", "from supervisor.observe.web.app import x"),
    (layers.test_no_arrow_points_back, "observe/web/app.py", "from supervisor.daemon.app import x"),
    (layers.test_no_arrow_points_back, "simulator/server.py", "from supervisor.core.step.step import step"),
    (layers.test_no_arrow_points_back, "platform.py", "from supervisor.core.model.events import x"),
    (layers.test_no_arrow_points_back, "yaml_lines.py", "from supervisor.config.load import x"),
    (layers.test_every_part_of_the_house_is_known, "attic/box.py", ""),
    (layers.test_the_package_itself_imports_the_command_line_at_most, "__main__.py", "import supervisor.daemon.app"),
    (layers.test_a_library_is_imported_in_its_one_place_only, "observe/journal/store.py", "import starlette"),
    (layers.test_a_library_is_imported_in_its_one_place_only, "observe/web/app.py", "import prometheus_client"),
    (layers.test_a_library_is_imported_in_its_one_place_only, "gateway/link.py", "import requests"),
    (layers.test_the_core_knows_no_threads_sockets_clocks_logging_or_chance, "core/step/step.py", "import threading"),
    (layers.test_the_core_never_asks_what_time_it_is, "core/step/step.py", "datetime.now()"),
    (
        layers.test_only_where_the_start_must_be_fast_is_anything_imported_inside_a_function,
        "observe/web/app.py",
        "def f() -> None:\n    import json",
    ),
    (layers.test_no_module_is_longer_than_four_hundred_lines, "gateway/link.py", "\n" * 400),
    (rooms.test_no_arrow_points_back_inside_core, "core/model/events.py", "from supervisor.core.parts import farms"),
    (rooms.test_no_arrow_points_back_inside_core, "core/codes/table.py", "import supervisor.core.model.events"),
    (rooms.test_no_arrow_points_back_inside_core, "core/calendar/clock.py", "import supervisor.core.codes.table"),
    (rooms.test_no_arrow_points_back_inside_core, "core/parts/farms.py", "import supervisor.core.explain.narrator"),
    (rooms.test_no_arrow_points_back_inside_core, "core/step/step.py", "import supervisor.core.explain.narrator"),
    (rooms.test_no_arrow_points_back_inside_core, "core/explain/narrator.py", "import supervisor.core.step.step"),
    (rooms.test_every_room_of_core_is_known_and_flat, "core/attic/box.py", ""),
    (rooms.test_every_room_of_core_is_known_and_flat, "core/box.py", ""),
    (rooms.test_no_arrow_points_back_inside_core, "core/model/events.py", "from supervisor import core"),
    (rooms.test_no_arrow_points_back_inside_core, "core/model/events.py", "from supervisor.core import parts"),
    (rooms.test_half_of_the_modules_are_short, "", "\n" * 201),
    (rooms.test_nothing_in_core_is_any, "core/step/step.py", "def f(**fields: Any) -> None: ..."),
    (rooms.test_nothing_in_core_is_any, "core/step/step.py", "x: typing.Any"),
    (
        rooms.test_a_match_in_core_knows_every_kind,
        "core/step/step.py",
        "match x:\n    case 1:\n        pass\n    case _:\n        pass",
    ),
]


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small house, to which the tests look instead of the real one."""
    package = tmp_path / "supervisor"
    for name, text in HOUSE.items():
        write(package / name, RULES + text)
    write(package / "core" / "__init__.py", RULES)
    for module in (layers, rooms):
        monkeypatch.setattr(module, "ROOT", tmp_path)
        monkeypatch.setattr(module, "PACKAGE", package)
    return package


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize(("claim", "name", "line"), BROKEN)
def test_one_bad_line_is_found(claim: Callable[[], None], name: str, line: str, house: Path) -> None:
    claim()
    for path in [house / name] if name else sorted(house.rglob("*.py")):
        write(path, f"{path.read_text('utf-8') if path.exists() else RULES}{line}\n")
    with pytest.raises(AssertionError):
        claim()


def test_a_crowded_room_is_found(house: Path) -> None:
    rooms.test_no_room_is_crowded()
    for number in range(rooms.MODULES_AT_MOST):
        write(house / "observe" / "web" / f"page{number}.py", RULES)
    with pytest.raises(AssertionError):
        rooms.test_no_room_is_crowded()


def test_a_module_without_rules_is_found(house: Path) -> None:
    layers.test_a_module_opens_with_its_rules()
    write(house / "gateway" / "link.py", "x = 1\n")
    with pytest.raises(AssertionError):
        layers.test_a_module_opens_with_its_rules()
