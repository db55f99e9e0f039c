"""What all models of the config file share: their settings, and the types of their values.

- Every type is what the model holds, the reader that makes it of a plain value, and the form in which it is written.
- The forms are for people: docs/configuration.md shows them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict

from supervisor.config.values import readers
from supervisor.core.calendar.windows import WindowKind

RESERVED_NAMES = frozenset(WindowKind) - {WindowKind.CUSTOM}
"""The names of the windows that the daemon makes itself."""


@dataclass(frozen=True, slots=True)
class Reads(BeforeValidator):
    """The reader of a value, and how the value is written."""

    form: str = ""


class Keys(BaseModel):
    """One mapping of the file."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, validate_default=True, defer_build=True)


def reads_duration(low: str, high: str) -> Reads:
    """Durations between the two, both included."""
    return Reads(readers.duration(low, high), form=f"duration, {low} to {high}")


def reads_number(low: int, high: int, what: str) -> Reads:
    """Integers between the two, both included."""
    return Reads(readers.whole_number(low, high, what), form=f"number, {low} to {high}")


def reads_word(words: type[StrEnum]) -> Reads:
    """The words of an enumeration."""
    return Reads(
        readers.word(words), form=" or ".join(f"`{word}`" for word in words).replace(" or ", ", ", len(words) - 2)
    )


def or_null(reads: Reads) -> Reads:
    """The same, or null."""
    read = cast(Callable[[object], object], reads.func)
    return Reads(readers.nullable(read), form=f"{reads.form}, or null")


def _mapping(value: object) -> object:
    return {} if readers.is_nothing(value) else value


def _mapping_or_null(value: object) -> object:
    return None if readers.is_nothing(value) else value


def _path(value: object) -> str:
    return readers.text(value, "path", "a path")


def _window_name(value: object) -> str:
    said = readers.name(value)
    if said in RESERVED_NAMES:
        raise readers.Wrong("is the name of a window that the daemon makes itself", "write another name")
    return said


A_MAPPING = Reads(_mapping, form="mapping")
"""A mapping with keys of its own; null is an empty one."""
A_MAPPING_OR_NULL = Reads(_mapping_or_null, form="mapping, or null")
A_PATH = Reads(_path, form="path")

Flag = Annotated[bool, Reads(readers.flag, form="`true` or `false`")]
Zone = Annotated[str, Reads(readers.zone, form="time zone")]
Clock = Annotated[dt.time, Reads(readers.clock, form='`"HH:MM"` in quotes')]
Weekday = Annotated[int, Reads(readers.weekday, form="day of the week")]
WeeklyTime = Annotated[tuple[int, dt.time], Reads(readers.weekly, form='`"Sat 04:00"`')]
Instant = Annotated[dt.datetime, Reads(readers.instant, form="date, time and offset, ISO 8601")]
Name = Annotated[str, Reads(readers.name, form="name")]
WindowName = Annotated[str, Reads(_window_name, form="name")]
Host = Annotated[str, Reads(readers.host, form="host name or IP address")]
