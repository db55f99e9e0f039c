"""`dataclass` with slots, quick to import: the methods of a class are written when each is first called.

The library's own decorator compiles up to seven methods for a class, which takes most of a millisecond. For our three
hundred record classes that was a quarter of the daemon's start, though most of them describe what has not happened yet.
Here the library works out the fields. Only `__init__` and `__replace__` are compiled, each once it is called: equality,
hash and text are those of the fields' values.

`replace` was a third of the cost of a decision. A function of its own for each class is three times as fast as the
library's loop over the fields.

Type checkers see the library's decorator and function.
"""

import dataclasses
from dataclasses import MISSING, FrozenInstanceError
from operator import attrgetter
from typing import TYPE_CHECKING

__all__ = ["dataclass", "replace"]

if TYPE_CHECKING:
    from dataclasses import dataclass, replace
else:
    UNSLOTTED = {"__dict__", "__weakref__"}
    """What a class without slots has."""

    def dataclass(*, frozen=False, slots):
        """A dataclass with slots."""
        assert slots
        return _frozen if frozen else _open

    def replace(record, /, **changes):
        """A record that differs from this one in these fields."""
        return record.__replace__(**changes)

    def _frozen(cls):
        fixed = {"__setattr__": _refuse, "__delattr__": _refuse, "__getstate__": _state, "__setstate__": _restore}
        return _begun(cls, fixed, {"__hash__": _hash_of})

    def _open(cls):
        return _begun(cls, {"__hash__": None}, {})

    def _begun(cls, fixed, promised):
        """The class with its slots, and a promise of each method that depends on its fields."""
        names = tuple(cls.__annotations__)
        given = {name: value for name, value in vars(cls).items() if name not in UNSLOTTED}
        kept = {name: value for name, value in given.items() if name not in names}
        slots = {"__slots__": names, "__match_args__": names, "__dataclass_fields__": _Fields(given)}
        made = type(cls)(cls.__name__, cls.__bases__, fixed | kept | slots)
        for name, write in (PROMISED | promised).items():
            if name not in given:
                setattr(made, name, _promise(made, name, write))
        return made

    def _promise(cls, name, write):
        """A method that is written, and takes its own place, when it is first called."""

        def method(self, *values, **named):
            written = write(cls)
            setattr(cls, name, written)
            return written(self, *values, **named)

        return method

    class _Fields:
        """What `dataclasses.fields` and we ask of a class: the library works it out when it is asked for."""

        __slots__ = ("_given",)

        def __init__(self, given):
            self._given = given

        def __get__(self, instance, owner):
            made = next(each for each in owner.__mro__ if vars(each).get("__dataclass_fields__") is self)
            whole = dataclasses.dataclass(init=False, repr=False, eq=False)(
                type(made.__name__, made.__bases__, self._given)
            )
            made.__dataclass_params__ = whole.__dataclass_params__
            made.__match_args__ = whole.__match_args__
            made.__dataclass_fields__ = whole.__dataclass_fields__
            return made.__dataclass_fields__

    def _init_of(cls):
        known, taken, named, lines = {"_new": object()}, [], [], []
        for name, each in cls.__dataclass_fields__.items():
            value, default = name, ""
            if each.default_factory is not MISSING:
                known[f"_make_{name}"] = each.default_factory
                value, default = f"_make_{name}() if {name} is _new else {name}", "=_new"
            elif each.default is not MISSING:
                known[f"_default_{name}"] = each.default
                default = f"=_default_{name}"
            known[f"_set_{name}"] = getattr(cls, name).__set__
            (named if each.kw_only else taken).append(name + default)
            lines.append(f" _set_{name}(self, {value})")
        if hasattr(cls, "__post_init__"):
            lines.append(" self.__post_init__()")
        return _compiled(cls, "__init__", ", ".join(["self", *taken, *(["*", *named] if named else [])]), lines, known)

    def _replace_of(cls):
        """It goes around `__init__`, which would refuse nothing here."""
        if hasattr(cls, "__post_init__"):
            return dataclasses.replace
        names = tuple(cls.__dataclass_fields__)
        known = {f"_set_{name}": getattr(cls, name).__set__ for name in names}
        known |= {"_new": object(), "_make": object.__new__}
        lines = [f" _set_{name}(_made, self.{name} if {name} is _new else {name})" for name in names]
        parts = ", ".join(f"{name}=_new" for name in names)
        return _compiled(
            cls, "__replace__", f"self, *, {parts}", [" _made = _make(self.__class__)", *lines, " return _made"], known
        )

    def _compiled(cls, name, parts, lines, known):
        """The function of this text, as the library makes its own."""
        exec("\n".join((f"def {name}({parts}):", *(lines or [" pass"]))), known)
        known[name].__qualname__ = f"{cls.__qualname__}.{name}"
        return known[name]

    def _values_of(cls):
        """The function that takes from a record what it is compared by: a tuple, or the only value."""
        names = [name for name, each in cls.__dataclass_fields__.items() if each.compare]
        return attrgetter(*names) if names else lambda record: ()

    def _equal_of(cls):
        values = _values_of(cls)

        def __eq__(self, other):
            return values(self) == values(other) if other.__class__ is self.__class__ else NotImplemented

        return __eq__

    def _hash_of(cls):
        values = _values_of(cls)
        return lambda self: hash(values(self))

    def _text_of(cls):
        names = [name for name, each in cls.__dataclass_fields__.items() if each.repr]

        def __repr__(self):
            return f"{type(self).__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in names)})"

        return __repr__

    PROMISED = {"__init__": _init_of, "__replace__": _replace_of, "__eq__": _equal_of, "__repr__": _text_of}

    def _refuse(self, name, *value):
        raise FrozenInstanceError(f"cannot assign to or delete field {name!r}")

    def _state(self):
        return [getattr(self, name) for name in self.__dataclass_fields__]

    def _restore(self, values):
        for name, value in zip(self.__dataclass_fields__, values, strict=True):
            object.__setattr__(self, name, value)
