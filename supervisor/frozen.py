"""`dataclass(frozen=True, slots=True)`, quick to import: the methods are written when the first instance is made.

The library's own decorator compiles six methods for each class, which takes most of a millisecond. For our three
hundred record classes that was a quarter of the daemon's start, though most of them describe what has not happened yet.
This one makes the class with its slots, and asks the library for the methods later.

`replace` was a third of the cost of a decision. Here each class gets one function of its own for it, as it has one for
`__init__`: three times as fast as the library's loop over the fields.

Type checkers see the library's decorator and function.
"""

import dataclasses
from dataclasses import FrozenInstanceError
from dataclasses import dataclass as complete
from typing import TYPE_CHECKING

__all__ = ["dataclass", "replace"]

if TYPE_CHECKING:
    from dataclasses import dataclass, replace
else:
    UNSLOTTED = {"__dict__", "__weakref__"}
    """What a class without slots has."""
    BOUND = {"__setattr__", "__delattr__", "__replace__"}
    """What the library writes for one class alone, or we write ourselves."""

    def dataclass(*, frozen=False, slots):
        """A dataclass with slots. One that is not frozen is the library's."""
        assert slots
        return _begun if frozen else complete(slots=True)

    def _begun(cls):
        """The class with its slots, and for each method the promise of one."""
        names = tuple(cls.__annotations__)
        given = {name: value for name, value in vars(cls).items() if name not in UNSLOTTED}

        def finish():
            whole = complete(frozen=True)(type(cls.__name__, cls.__bases__, given))
            written = vars(whole).keys() - given.keys() - UNSLOTTED - BOUND - {"__init__"}
            for name in written:
                setattr(made, name, vars(whole)[name])
            made.__init__ = whole.__init__  # last: who finds it finds the others, too

        def __init__(self, *values, **named):
            finish()
            self.__init__(*values, **named)

        def __replace__(self, **changes):
            made.__replace__ = _compiled_replace(made)
            return self.__replace__(**changes)

        made = type(cls)(
            cls.__name__,
            cls.__bases__,
            {
                **{name: value for name, value in given.items() if name not in names},
                "__slots__": names,
                "__match_args__": names,
                "__init__": __init__,
                "__replace__": __replace__,
                "__dataclass_fields__": _Fields(finish),
                "__setattr__": _refuse,
                "__delattr__": _refuse,
                "__getstate__": _state,
                "__setstate__": _restore,
            },
        )
        return made

    def replace(record, /, **changes):
        """A record that differs from this one in these fields."""
        return record.__replace__(**changes)

    def _compiled_replace(cls):
        """The function of a class that `replace` calls. It goes around `__init__`, which would refuse nothing here."""
        names = tuple(cls.__dataclass_fields__)
        if hasattr(cls, "__post_init__"):
            return dataclasses.replace
        known = {f"set_{name}": getattr(cls, name).__set__ for name in names} | {"new": object.__new__}
        lines = [f" set_{name}(_made, self.{name} if {name} is new else {name})" for name in names]
        header = f"def __replace__(self, *, {', '.join(f'{name}=new' for name in names)}):"
        exec("\n".join((header, " _made = new(self.__class__)", *lines, " return _made")), known)  # as the library does
        return known["__replace__"]

    class _Fields:
        """What `dataclasses.fields`, `replace` and others ask of a class, before its first instance."""

        __slots__ = ("_finish",)

        def __init__(self, finish):
            self._finish = finish

        def __get__(self, instance, owner):
            self._finish()
            return owner.__dataclass_fields__

    def _refuse(self, name, *value):
        raise FrozenInstanceError(f"cannot assign to or delete field {name!r}")

    def _state(self):
        return [getattr(self, name) for name in self.__dataclass_fields__]

    def _restore(self, values):
        for name, value in zip(self.__dataclass_fields__, values, strict=True):
            object.__setattr__(self, name, value)
