"""YAML documents and plain Python values as one tree that remembers lines.

Rules
- Everything after this module reads `Node`s, so a scenario file, a control line and a call in Python are checked by the
  same code.
- The line of a mapping's value is the line of its key, which is where a person looks.
- Duplicate keys and keys that are no text are faults of the document, told like all others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import cast

import yaml

from supervisor.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Node:
    """A value with the line it stands on, counted from 1; 0 where there is no file."""

    value: object
    line: int = 0

    @property
    def items(self) -> list["Node"] | None:
        """The elements of a list, or None if it is none."""
        return cast("list[Node]", self.value) if isinstance(self.value, list) else None

    @property
    def entries(self) -> dict[str, "Node"] | None:
        """The entries of a mapping, or None if it is none."""
        return cast("dict[str, Node]", self.value) if isinstance(self.value, dict) else None

    def shown(self) -> str:
        """The value as a fault message shows it: short, on one line."""
        if self.items is not None:
            return "a list"
        if self.entries is not None:
            return "a mapping"
        text = (
            {None: "nothing", True: "true", False: "false"}.get(self.value)
            if isinstance(self.value, bool | None)
            else None
        )
        text = text or (f'"{self.value}"' if isinstance(self.value, str) else str(self.value))
        return text if len(text) <= 60 else text[:57] + "..."


@dataclass(slots=True)
class Faults:
    """Collects what is wrong with a document, each with file and line."""

    source: str
    told: list[str] = field(default_factory=list)

    def add(self, line: int, path: str, wrong: str) -> None:
        """Note a fault at a line, in the value named by `path`; both may be absent (0, empty)."""
        where = f"{self.source}:{line}: " if line else f"{self.source}: " if self.source else ""
        self.told.append(f"{where}{path}: {wrong}" if path else f"{where}{wrong}")


class _Loader(yaml.SafeLoader):
    """Only its reading of scalars is used."""


def from_yaml(text: str, faults: Faults) -> Node | None:
    """The tree of a YAML text; None, and a fault, if it is not YAML or more than one document."""
    loader = _Loader(text)
    try:
        root = loader.get_single_node()
        return Node(None, 1) if root is None else _from_yaml_node(loader, root, root.start_mark.line + 1, faults)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        faults.add(mark.line + 1 if mark else 1, "", f"not YAML: {getattr(error, 'problem', None) or 'unreadable'}")
        return None
    except RecursionError:
        faults.add(1, "", "not a scenario: nested too deeply")
        return None
    finally:
        loader.dispose()


def _from_yaml_node(loader: yaml.SafeLoader, node: yaml.Node, line: int, faults: Faults) -> Node:
    if isinstance(node, yaml.SequenceNode):
        return Node([_from_yaml_node(loader, item, item.start_mark.line + 1, faults) for item in node.value], line)
    if not isinstance(node, yaml.MappingNode):
        return Node(_scalar(loader, node), line)
    entries: dict[str, Node] = {}
    for key_node, value_node in node.value:
        key_line = key_node.start_mark.line + 1
        key = _scalar(loader, key_node) if isinstance(key_node, yaml.ScalarNode) else None
        if not isinstance(key, str):
            faults.add(key_line, "", "a key must be a word")
        elif key in entries:
            faults.add(key_line, key, f"said twice, first in line {entries[key].line}; keep one")
        else:
            entries[key] = _from_yaml_node(loader, value_node, key_line, faults)
    return Node(entries, line)


def _scalar(loader: yaml.SafeLoader, node: yaml.Node) -> object:
    try:
        return cast(object, loader.construct_object(node))
    except (yaml.YAMLError, ValueError):
        return cast(object, node.value)  # an unknown tag, or a date like 2026-13-01: the text as it stands


def from_python(value: object) -> Node:
    """The tree of a plain Python or JSON value, without lines."""
    if isinstance(value, Mapping):
        return Node({str(key): from_python(item) for key, item in value.items()})
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return Node([from_python(item) for item in value])
    return Node(value)
