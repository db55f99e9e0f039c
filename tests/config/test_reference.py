"""config/supervisor.yaml, the commented reference: what it says of a key is what the model says.

A key is shown with its default, unless its comment says `default ...` or `required`: then the value is an example.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import get_args, get_origin

import pytest
import yaml
from pydantic import BaseModel

from supervisor.config.keys import Keys
from supervisor.config.load import load
from supervisor.config.model import FileKeys
from supervisor.config.reading.faults import Faults
from supervisor.config.reference import SECTIONS, shown_default, tables, with_tables
from supervisor.config.values.controller_keys import KINDS
from supervisor.config.values.window_keys import OnceWindowKeys, WeeklyWindowKeys
from supervisor.yaml_lines import Node, parse
from tests.config.loading import FILES, NOW, config_of

REFERENCE = FILES / "supervisor.yaml"
PAGE = FILES.parent / "docs" / "configuration.md"
COMMENTED_OUT = re.compile(r"^(\s*)#((?:  )*(?:- )?[a-z_]+:.*)$", re.MULTILINE)
WHOLE = COMMENTED_OUT.sub(r"\1\2", REFERENCE.read_text(encoding="utf-8"))
"""With every key set."""


def mappings(model: type[BaseModel], node: Node) -> Iterator[tuple[type[BaseModel], Node]]:
    """Each mapping of the file with its model."""
    yield model, node
    for name, field in model.model_fields.items():
        child = node.entries.get(field.alias or name)
        nested = list(models_in(field.annotation))
        for each in [child, *child.items] if child else []:
            if each.entries and nested:
                yield from mappings(model_of(each, nested), each)


def model_of(node: Node, nested: list[type[BaseModel]]) -> type[BaseModel]:
    """The one of several forms that this mapping has."""
    if "kind" in node.entries:
        return KINDS[str(node.entries["kind"].value)]
    return nested[len(nested) > 1 and "weekly" in node.entries]


def models_in(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and get_origin(annotation) is None and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from models_in(argument)


ANOTHER_KIND = re.compile(r"^\s*#   controller: (\{.*\})$", re.MULTILINE)
"""A gateway has one controller; the other kinds stand in comments, each with all its keys."""


def shown_mappings() -> list[tuple[type[BaseModel], Node]]:
    faults = Faults("supervisor.yaml")
    root = parse(WHOLE, faults)
    assert root is not None
    assert not faults.found
    return list(mappings(FileKeys, root))


def test_it_loads_as_it_is_and_nothing_in_it_is_a_surprise() -> None:
    config = load(REFERENCE, {}, NOW)
    assert [policy.name for policy in config.gateways] == ["live"]
    assert config.warnings == ()


def test_it_loads_with_every_key_set() -> None:
    config = config_of(WHOLE)
    assert [window.name for window in config.gateways[0].windows] == [
        "daily_restart", "weekly_restart", "server_reset", "server_reset", "move", "saturday",
    ]  # fmt: skip


def test_every_key_of_the_model_appears_and_no_other() -> None:
    shown: dict[type[BaseModel], set[str]] = {}
    for model, node in shown_mappings():
        shown.setdefault(model, set()).update(node.entries)
    for line in ANOTHER_KIND.findall(REFERENCE.read_text(encoding="utf-8")):
        keys = yaml.safe_load(line)
        shown[KINDS[keys["kind"]]] = set(keys)
    assert set(shown) == set(SECTIONS)
    for model, keys in shown.items():
        assert keys == {field.alias or name for name, field in model.model_fields.items()}


def test_every_default_it_states_is_that_of_the_model() -> None:
    lines = WHOLE.splitlines()
    for model, node in shown_mappings():
        for name, field in model.model_fields.items():
            entry = node.entries[field.alias or name]
            comment = lines[entry.line - 1].partition(" # ")[2]
            default = shown_default(model, name)
            if not default:
                assert comment.startswith("required"), entry.path
            elif "`" not in default:  # said in words
                assert comment.startswith("default "), entry.path
            elif comment.startswith("default "):
                assert re.split("[; ]", comment)[1] == default.strip("`"), entry.path
            elif entry.entries:
                assert default == "`{}`", entry.path
            elif isinstance(entry.value, dict | list):
                assert yaml.safe_load(default.strip("`")) == entry.plain(), entry.path
            else:
                shown = entry.value if isinstance(entry.value, str) else entry.text
                assert shown == default.strip("`"), entry.path


@pytest.mark.parametrize("model", SECTIONS)
def test_every_key_is_explained(model: type[Keys]) -> None:
    for field in model.model_fields.values():
        assert (field.description or "").endswith(".")


def test_the_page_has_the_tables_of_the_model() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert with_tables(text) == text, "stale: python -m supervisor.config.reference docs/configuration.md"


def test_a_page_without_markers_is_refused() -> None:
    with pytest.raises(ValueError, match="keys: begin"):
        with_tables("# Configuration\n")


def test_the_tables_have_every_key_with_default_form_and_meaning() -> None:
    rows = [line for line in tables().splitlines() if line.startswith("| `")]
    assert len(rows) == sum(len(model.model_fields) for model in SECTIONS)
    for row in rows:
        assert all(cell.strip() for cell in row.strip("|").split("|")), row


def test_both_forms_of_a_window_are_sections() -> None:
    assert {OnceWindowKeys, WeeklyWindowKeys} <= set(SECTIONS)


def test_the_examples_of_the_page_are_valid_and_its_faults_are_true() -> None:
    for block in re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL):
        assert config_of(block)


def test_every_other_kind_of_controller_is_valid_as_it_is_shown() -> None:
    for line in ANOTHER_KIND.findall(REFERENCE.read_text(encoding="utf-8")):
        config_of(f"gateways: [{{name: live, port: 4001, client_id: 911, controller: {line}}}]")
