"""Inside the rooms: which way imports point within core, how large rooms and modules are, and no `Any`."""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from tests.house.test_layers import PACKAGE, ROOT, found, imports, modules, parsed, place, room

MAY_IMPORT_IN_CORE = {
    "calendar": {"calendar"},
    "codes": {"codes"},
    "model": {"calendar", "codes", "model"},
    "parts": {"calendar", "codes", "model", "parts"},
    "step": {"calendar", "codes", "model", "parts", "step"},
    "program": {"program"},
    "fleet": {"fleet"},
    "explain": {"calendar", "codes", "model", "parts", "explain"},
}
"""calendar, codes <- model <- parts <- step. program and fleet stand alone.

explain reads what happened, and no part of core reads explain.
"""
MODULES_AT_MOST = 13
LINES_OF_THE_MEDIAN = 200
PICKS_A_FEW = {
    "core/explain/narrator.py": 2,
    "core/step/judging/matters.py": 1,
    "core/step/messages.py": 1,
}
"""Matches of core that name a few kinds out of many on purpose; all others are closed by `assert_never`."""


SUBROOMS = {
    "core/model/behind",
    "core/model/recovery",
    "core/parts/behind",
    "core/parts/recovery",
    "core/parts/telling",
    "core/step/judging",
}
"""Several files about one thing."""


def core_modules() -> list[Path]:
    return [path for path in modules() if place(path) == "core"]


def trees(paths: list[Path]) -> Iterator[tuple[Path, ast.AST]]:
    """Every node of these modules."""
    for path in paths:
        for node in ast.walk(parsed(path)):
            yield path, node


def test_no_arrow_points_back_inside_core() -> None:
    back = [
        found(path, line, name)
        for path in core_modules()
        if room(path) != "core"
        for line, name in imports(path)
        if name.startswith("supervisor.core")
        and (name.split(".")[2:] or ["core"])[0] not in MAY_IMPORT_IN_CORE[room(path).split("/")[1]]
    ]
    assert back == []


def test_every_room_of_core_is_known_and_flat() -> None:
    rooms = {room(path) for path in core_modules()} - SUBROOMS
    assert rooms == {"core", *(f"core/{name}" for name in MAY_IMPORT_IN_CORE)}
    assert [path.name for path in core_modules() if room(path) == "core"] == ["__init__.py"]


def test_no_room_is_crowded() -> None:
    held = Counter(room(path) for path in modules() if path.name != "__init__.py")
    crowded = {name: count for name, count in held.items() if count > MODULES_AT_MOST}
    assert crowded == {}


def test_half_of_the_modules_are_short() -> None:
    assert median(len(path.read_text(encoding="utf-8").splitlines()) for path in modules()) < LINES_OF_THE_MEDIAN


def test_nothing_in_core_is_any() -> None:
    anything = [
        found(path, node.lineno, "Any")
        for path, node in trees(core_modules())
        if (isinstance(node, ast.Name) and node.id == "Any")
        or (isinstance(node, ast.Attribute) and node.attr == "Any")
        or (isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value == "Any")
    ]
    assert anything == []


def test_a_match_in_core_knows_every_kind() -> None:
    """It ends in `assert_never`, so that a kind that is added later fails the check of types until it is handled."""
    open_ended = Counter(
        path.relative_to(PACKAGE).as_posix()
        for path, node in trees(core_modules())
        if isinstance(node, ast.Match) and not _closed(node)
    )
    assert open_ended == PICKS_A_FEW


def _closed(match: ast.Match) -> bool:
    last = match.cases[-1]
    return ast.unparse(last.pattern) == "_" and ast.unparse(last.body[0]).startswith("assert_never(")


def test_the_tests_of_core_and_observe_have_the_rooms_of_the_code() -> None:
    for house in ("core", "observe"):
        for path in sorted((PACKAGE / house).iterdir()):
            if (path / "__init__.py").exists():
                assert list((ROOT / "tests" / house / path.name).glob("test_*.py")), f"tests/{house}/{path.name}"
