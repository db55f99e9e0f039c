"""Planting a fault: one function or constant of a module stands replaced for a while.

A mutant names what it replaces by the object itself. So one whose place is gone, or has another signature, fails the
type check, the import or `planted`, and never plays an unharmed core.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from types import ModuleType
from typing import Concatenate, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")
V = TypeVar("V", int, float)
Owner = ModuleType | type


@dataclass(frozen=True, slots=True)
class Mutant:
    """One fault."""

    name: str
    owner: Owner
    """The module or class through which the core reaches what is replaced."""
    attribute: str
    original: object
    replacement: object

    @property
    def place(self) -> str:
        """For people: `outages.judged`."""
        return f"{self.owner.__name__.rpartition('.')[2]}.{self.attribute}"


class Misfit(Exception):
    """What a mutant replaces is not where it was."""


def replaced(
    name: str, original: Callable[P, R], fault: Callable[Concatenate[Callable[P, R], P], R], owner: Owner | None = None
) -> Mutant:
    """`fault` is called instead of a function, which it is given in front of the arguments.

    `owner`: where the function is looked up when it is called; its own module unless told otherwise.
    """

    @wraps(original)
    def instead(*args: P.args, **kwargs: P.kwargs) -> R:
        return fault(original, *args, **kwargs)

    return Mutant(name, owner or sys.modules[original.__module__], original.__name__, original, instead)


def constant(name: str, owner: Owner, attribute: str, value: V) -> Mutant:
    """A number is another one. Raises AttributeError if the owner has no such number."""
    return Mutant(name, owner, attribute, getattr(owner, attribute), value)


@contextmanager
def planted(mutant: Mutant) -> Iterator[None]:
    """The fault is there until the end of the block. Raises Misfit."""
    if getattr(mutant.owner, mutant.attribute, None) is not mutant.original:
        raise Misfit(f"{mutant.name}: {mutant.place} is not what it replaces")
    setattr(mutant.owner, mutant.attribute, mutant.replacement)
    try:
        yield
    finally:
        setattr(mutant.owner, mutant.attribute, mutant.original)
