"""YAML text as a tree of plain values that remembers lines and paths, and the faults that are found in it.

- It stands beside the rooms because two of them read files that people write: the config and the simulator.
- Read are mappings with text keys, lists, texts, decimal integers, true and false, null. What YAML 1.1 reads in a
  surprising way (`23:45` is 1425, `010` is 8) stays what was written, with the number beside it: `Odd`. A timestamp
  stays text.
- A variable, `${NAME:-default}`, is a text like any other, also where its braces and commas would be signs of YAML: in
  `{port: ${PORT}}`.
- The line of a mapping's value is that of its key, which is where a person looks.
- Duplicate keys, merge keys, tags, a second document and anything that is not YAML are faults. Aliases are followed,
  as far as the tree stays of a size that people write.
- A fault names file, line and path, what is wrong, and what would be right. All faults of a file are told together.
  Each is one line of text, whatever was in the file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Final, cast

import yaml

from supervisor.frozen import dataclass

MOST_VALUES: Final = 50_000
"""More values than any file has: the config of a hundred gateways with every key has a tenth of it."""

_TAG: Final = "tag:yaml.org,2002:"
_KNOWN_TAGS: Final = frozenset(
    f"{_TAG}{name}" for name in ("str", "int", "float", "bool", "null", "timestamp", "value")
)
_DECIMAL: Final = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})", re.ASCII)
_ZEROS_FIRST: Final = re.compile(r"[-+]?0[0-9]{1,17}", re.ASCII)
_NO_BLANK: Final = re.compile(r"\s*(?:- +)*(?P<key>[A-Za-z_][\w-]*):(?P<value>[^\s/].*)", re.ASCII)
"""A key whose colon has no blank behind it, and which is no address such as https://example.net."""
_PLAIN_KEY: Final = re.compile(r"[\w-]+", re.ASCII)
_LONGEST_SHOWN: Final = 60
_SECRETS: Final = re.compile(r"(notify|heartbeat_url)\b")
"""Paths whose addresses are secrets, wherever a person wrote them by mistake: no message shows one."""
_ADDRESS: Final = re.compile(r"^(heartbeat_url|notify(\[\d+\](\.url)?)?)$")
"""Those of them at which an address is due: whatever stands there is taken for one, with or without its scheme."""

_VARIABLE: Final = re.compile(r"""\$\{[A-Za-z_][A-Za-z0-9_]*(:-[^{}"'\n]*)?\}""", re.ASCII)
_SIGNS: Final = {sign: chr(0xFDD0 + i) for i, sign in enumerate("{}[],:#")}
_HIDE: Final = str.maketrans(_SIGNS)
_SHOW: Final = str.maketrans({hidden: sign for sign, hidden in _SIGNS.items()})
"""What YAML must not see of a variable. These code points are no characters, and PyYAML lets them pass."""


@dataclass(frozen=True, slots=True)
class Odd:
    """A plain scalar that YAML 1.1 takes for a number although it is not written as a decimal integer."""

    text: str
    number: int | float


class ZeroFirst(str):
    """A plain scalar of digits that YAML 1.1 takes for a text: it begins with a zero, and an 8 or 9 is in it."""

    __slots__ = ()


class Expanded(str):
    """A text in which variables were replaced. It may stand for a number or a truth value.

    What came out of a variable may be secret, and is never shown.
    """

    __slots__ = ()


Scalar = None | bool | int | str | Odd


@dataclass(frozen=True, slots=True)
class Node:
    """A value, the line it stands on, its path, and how it was written (`text`; for variables, with their names).

    `usable` is false where a fault was already told: nothing more is said about that value.
    """

    value: Scalar | list[Node] | dict[str, Node]
    line: int
    path: str
    text: str = ""
    usable: bool = True

    @property
    def entries(self) -> dict[str, Node]:
        """The entries of a mapping; empty for anything else."""
        return self.value if isinstance(self.value, dict) else {}

    @property
    def items(self) -> list[Node]:
        """The elements of a list; empty for anything else."""
        return self.value if isinstance(self.value, list) else []

    def plain(self) -> object:
        """The value without lines, as the model reads it."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value

    def said(self, text: str) -> str:
        """`text`, which says the value in a message; how the value was written, if variables are in it."""
        return f'"{shown_text(self.text)}"' if isinstance(self.value, Expanded) else text

    def shown(self) -> str:
        """The value in a message: short, on one line, a text in quotes."""
        if isinstance(self.value, dict):
            return "a mapping" if self.value else "an empty mapping"
        if isinstance(self.value, list):
            return "a list" if self.value else "an empty list"
        if self.value is None:
            return "nothing"
        secret = _SECRETS.match(self.path) is not None
        if secret and "://" in self.text:
            return "the value"
        if isinstance(self.value, Expanded):
            return f'the {"value" if self.value.strip() else "empty value"} of "{shown_text(self.text)}"'
        if secret and _ADDRESS.search(self.path) and self.text.strip():  # an address pasted without its scheme, a token
            return "the value"
        if isinstance(self.value, str) and not isinstance(self.value, ZeroFirst):
            return f'"{shown_text(self.value)}"'
        return shown_text(self.text)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong; `line` counts from 1 and is 0, `path` is empty, where the whole file is meant."""

    file: str
    line: int
    path: str
    wrong: str
    right: str = ""

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        said = f"{self.wrong}; {self.right}" if self.right else self.wrong
        return ": ".join(part for part in (where, self.path, said) if part)


@dataclass(slots=True)
class Faults:
    """Collects the faults of one file; `file` is empty for what comes from no file."""

    file: str
    found: list[Fault] = field(default_factory=list)

    def add(self, line: int, path: str, wrong: str, right: str = "") -> None:
        """Note a fault."""
        self.found.append(Fault(self.file, line, path, wrong, right))

    def told(self) -> tuple[Fault, ...]:
        """All of them, each once, in the order of their lines."""
        return tuple(sorted(dict.fromkeys(self.found), key=lambda fault: fault.line))


def shown_text(text: str) -> str:
    """The text short and on one line: what cannot be printed is escaped."""
    escaped = "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in text)
    return escaped if len(escaped) <= _LONGEST_SHOWN else f"{escaped[: _LONGEST_SHOWN - 3]}..."


def below(path: str, key: str) -> str:
    """The path of a key of the mapping at `path`."""
    word = key if _PLAIN_KEY.fullmatch(key) else f'"{shown_text(key)}"'
    return f"{path}.{word}" if path else word


def parse(text: str, faults: Faults) -> Node | None:
    """The tree of the one document in this text; None, with a fault, if there is none to be read."""
    loader: _Loader | None = None
    try:
        loader = _Loader(_VARIABLE.sub(lambda variable: variable[0].translate(_HIDE), text))
        root = loader.get_single_node()
        return None if root is None else _Tree(faults).node(root, root.start_mark.line + 1, "")
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        faults.add(line, "", f"not YAML: the sign {chr(cast(int, error.character))!a} is not allowed", "remove it")
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        glued = _without_blank(error, text)
        if glued is None:
            faults.add(mark.line + 1 if mark else 0, "", *_not_yaml(error))
        else:
            faults.add(*glued)
    except _TooMany:
        faults.add(0, "", f"more than {MOST_VALUES} values", "write fewer, and no alias of aliases")
    except RecursionError:
        faults.add(0, "", "nested too deeply", "write fewer levels: five are enough for everything")
    finally:
        if loader is not None:
            loader.dispose()
    return None


def from_python(value: object, path: str = "") -> Node:
    """The tree of a plain Python or JSON value, without lines."""
    if isinstance(value, Mapping):
        entries = {str(key): from_python(item, below(path, str(key))) for key, item in value.items()}
        return Node(entries, 0, path)
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return Node([from_python(item, f"{path}[{i}]") for i, item in enumerate(value)], 0, path)
    if isinstance(value, float):
        return Node(Odd(repr(value), value), 0, path, repr(value))
    if value is None or isinstance(value, bool | int):
        return Node(value, 0, path, str(value))
    return Node(str(value), 0, path, str(value))


def _without_blank(error: yaml.MarkedYAMLError, text: str) -> tuple[int, str, str, str] | None:
    """The fault of a key without a blank after its colon, if one stands where YAML stumbled."""
    lines = text.splitlines()
    marks = [mark.line for mark in (error.context_mark, error.problem_mark) if mark]
    for number in sorted({*marks, *(line - 1 for line in marks)}):
        glued = _NO_BLANK.fullmatch(lines[number]) if 0 <= number < len(lines) else None
        if glued is not None:
            key, value = glued["key"], glued["value"].rstrip()
            if "://" in value:  # it may hold a secret
                value = "..."
            wrong = f'not YAML: "{shown_text(f"{key}:{value}")}" has no blank after the colon'
            return number + 1, "", wrong, f"write {shown_text(f'{key}: {value}')}"
    return None


def _not_yaml(error: yaml.MarkedYAMLError) -> tuple[str, str]:
    problem = shown_text(str(error.problem or error.context or "unreadable").translate(_SHOW))
    begun = error.context_mark
    if begun and error.problem_mark and error.problem and begun.line < error.problem_mark.line:
        problem = f"{problem}, {error.context} from line {begun.line + 1}"
    if error.problem == "but found another document":
        return "a second document begins here", "write one document in a file"
    if "'\\\\t'" in problem or "'\\t'" in problem:
        return f"not YAML: {problem}", "indent with spaces, not with tabs"
    return f"not YAML: {problem}", "mind the indentation, and quote texts with signs of YAML in them"


class _TooMany(Exception):
    """The tree is larger than any file that people write."""


class _Loader(yaml.SafeLoader):
    """Gives up on a text with too many values: PyYAML takes 4 s for 50,000 of them, and all of them for a megabyte."""

    _values = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        self._values += 1
        if self._values > MOST_VALUES:
            raise _TooMany
        return super().compose_node(parent, index)


class _Tree:
    """Turns PyYAML's nodes into ours, telling what a config may not have."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._reader = yaml.SafeLoader("")
        self._values = 0
        self._above: set[int] = set()

    def node(self, node: yaml.Node, line: int, path: str) -> Node:
        self._values += 1
        if self._values > MOST_VALUES:
            raise _TooMany
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, line, path)
        if node.tag not in (f"{_TAG}map", f"{_TAG}seq"):
            return self._no_tag(node, line, path)
        if id(node) in self._above:
            self._faults.add(line, path, "this alias holds itself", "write the value out")
            return Node(None, line, path, usable=False)
        self._above.add(id(node))
        try:
            if isinstance(node, yaml.MappingNode):
                return Node(self._entries(node, path), line, path)
            items = enumerate(cast(list[yaml.Node], node.value))
            return Node([self.node(item, item.start_mark.line + 1, f"{path}[{i}]") for i, item in items], line, path)
        finally:
            self._above.discard(id(node))

    def _entries(self, mapping: yaml.MappingNode, path: str) -> dict[str, Node]:
        entries: dict[str, Node] = {}
        for key_node, value_node in cast(list[tuple[yaml.Node, yaml.Node]], mapping.value):
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                self._faults.add(line, path, "a list or a mapping is not a key", "write a word")
                continue
            key = cast(str, key_node.value).translate(_SHOW)
            if key_node.tag == f"{_TAG}merge":
                self._faults.add(line, below(path, key), "merge keys are not read", "write common keys under defaults")
            elif key in entries:
                first = entries[key].line
                self._faults.add(line, below(path, key), f"written twice, first in line {first}", "keep one of them")
            else:
                entries[key] = self.node(value_node, line, below(path, key))
        return entries

    def _scalar(self, node: yaml.ScalarNode, line: int, path: str) -> Node:
        text = cast(str, node.value).translate(_SHOW)
        if node.tag not in _KNOWN_TAGS:
            return self._no_tag(node, line, path)
        if node.tag == f"{_TAG}int" and _DECIMAL.fullmatch(text):
            return Node(int(text), line, path, text)
        if node.style is None and _ZEROS_FIRST.fullmatch(text) and node.tag == f"{_TAG}str":
            return Node(ZeroFirst(text), line, path, text)
        if node.tag in (f"{_TAG}null", f"{_TAG}bool", f"{_TAG}int", f"{_TAG}float"):
            try:
                value = cast(bool | int | float | None, self._reader.construct_object(node))
            except (ValueError, LookupError):  # a number of thousands of digits; a tag that does not fit the text
                return Node(text, line, path, text)
            return Node(value if value is None or isinstance(value, bool) else Odd(text, value), line, path, text)
        return Node(text, line, path, text)

    def _no_tag(self, node: yaml.Node, line: int, path: str) -> Node:
        tag = shown_text(node.tag.replace(_TAG, "!!"))
        self._faults.add(line, path, f"the tag {tag} is not read", "write a plain value")
        return Node(None, line, path, usable=False)
