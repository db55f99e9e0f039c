"""`dataclass(frozen=True, slots=True)`, quick to import: the methods are written when the first instance is made.

The library's own decorator compiles six methods for each class, which takes most of a millisecond. For our three
hundred record classes that was a quarter of the daemon's start, though most of them describe what has not happened yet.
This one makes the class with its slots, and asks the library for the methods later. Type checkers see the library's.
"""

from dataclasses import FrozenInstanceError
from dataclasses import dataclass as complete
from typing import TYPE_CHECKING

__all__ = ["dataclass"]

if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    UNSLOTTED = {"__dict__", "__weakref__"}
    """What a class without slots has."""
    BOUND = {"__setattr__", "__delattr__"}
    """What the library writes for one class alone."""

    def dataclass(*, frozen, slots):
        """A frozen dataclass with slots. Other kinds are the library's: take them from `dataclasses`."""
        assert frozen
        assert slots
        return _begun

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

        made = type(cls)(
            cls.__name__,
            cls.__bases__,
            {
                **{name: value for name, value in given.items() if name not in names},
                "__slots__": names,
                "__match_args__": names,
                "__init__": __init__,
                "__dataclass_fields__": _Fields(finish),
                "__setattr__": _refuse,
                "__delattr__": _refuse,
                "__getstate__": _state,
                "__setstate__": _restore,
            },
        )
        return made

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
