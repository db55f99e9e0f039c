"""What a person or a program is told: one sentence with its fields."""

from collections.abc import Mapping
from dataclasses import field
from enum import IntEnum

from supervisor.frozen import dataclass

Word = str | int | float | bool | None


class Level(IntEnum):
    """How loud: the numbers of Python's logging."""

    DEBUG = 10
    INFO = 20
    WARNING = 30
    ERROR = 40


@dataclass(frozen=True, slots=True)
class Report:
    """A line of the log, an entry of the journal, an event on the stream."""

    level: Level
    kind: str
    """One of a few stable words: `session_ready`, `outage_closed`, ... They are public."""
    text: str
    """A sentence for a person who is woken at 3 a.m."""
    fields: Mapping[str, Word] = field(default_factory=dict)
    """Public names with plain values."""
