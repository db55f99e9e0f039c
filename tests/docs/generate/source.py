"""What the source says of the members of an enumeration, and Markdown tables."""

import ast
import inspect
import textwrap
from collections.abc import Iterable, Sequence
from enum import Enum
from functools import cache

NOTE = "This page is generated from the source by `make docs`. A test fails when it is out of date."


@cache
def docstrings(kind: type[Enum]) -> dict[str, str]:
    """The text below each member of an enumeration, by the member's name. Members without a text are left out."""
    (body,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    assert isinstance(body, ast.ClassDef)
    found: dict[str, str] = {}
    for member, text in zip(body.body, body.body[1:], strict=False):
        if isinstance(member, ast.Assign) and isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant):
            target = member.targets[0]
            assert isinstance(target, ast.Name)
            found[target.id] = " ".join(str(text.value.value).split())
    return found


def meaning(member: Enum) -> str:
    """The text below one member. KeyError if there is none: a public value must be explained."""
    return docstrings(type(member))[member.name]


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table. A bar within a cell is escaped."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines) + "\n"


def code(text: str) -> str:
    """Text in the type of a program."""
    return f"`{text}`"
