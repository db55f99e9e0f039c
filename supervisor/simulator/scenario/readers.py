"""How one argument of a step is read: a `Node` in, a value out, or `Wrong` with what would be right.

Durations are numbers of seconds or texts such as `500ms`, `5s`, `2m`, `1h`, `1d`.
"""

import re
from collections.abc import Callable
from zoneinfo import ZoneInfo

from supervisor.frozen import dataclass
from supervisor.simulator.scenario.documents import Node
from supervisor.simulator.settings import Notice

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"([+-]?)(\d{1,12}(?:\.\d{1,9})?)\s*(ms|s|m|h|d)")
MAX_DURATION = 3650 * 86400.0


class Wrong(ValueError):
    """A value is not what its place needs; the text says what would be right."""


Reader = Callable[[Node], object]


def duration(node: Node) -> float:
    """Seconds, not negative."""
    seconds = signed_duration(node)
    if seconds < 0:
        raise Wrong("a duration cannot be negative")
    return seconds


def signed_duration(node: Node) -> float:
    """Seconds, of either sign."""
    value = node.value
    if isinstance(value, str) and (match := _DURATION.fullmatch(value.strip())):
        value = float(match[1] + match[2]) * _UNITS[match[3]]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Wrong("write a duration such as 500ms, 5s, 2m, 1h or a number of seconds")
    if not abs(value) <= MAX_DURATION:
        raise Wrong("a duration of at most 3650 days")
    return float(value)


@dataclass(frozen=True, slots=True)
class Integer:
    """A whole number between the two, both included."""

    low: int
    high: int

    def __call__(self, node: Node) -> int:
        """The number."""
        if isinstance(node.value, bool) or not isinstance(node.value, int) or not self.low <= node.value <= self.high:
            raise Wrong(f"write a whole number from {self.low} to {self.high}")
        return node.value


def integer(low: int, high: int) -> Integer:
    """A whole number between the two, both included."""
    return Integer(low, high)


def text(node: Node) -> str:
    """Any text that the wire can carry: a zero byte would end its field, and half a surrogate pair is no character."""
    if not isinstance(node.value, str):
        raise Wrong("write a text, in quotes")
    if not _carried(node.value):
        raise Wrong("write a text without zero bytes and half characters")
    return node.value


def _carried(words: str) -> bool:
    try:
        return b"\0" not in words.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return False


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of these words."""

    allowed: tuple[str, ...]

    def __call__(self, node: Node) -> str:
        """The word."""
        if not isinstance(node.value, str) or node.value not in self.allowed:
            raise Wrong(f"write one of {', '.join(self.allowed)}")
        return node.value


def choice(*allowed: str) -> OneOf:
    """One of these words."""
    return OneOf(allowed)


def accounts(node: Node) -> tuple[str, ...]:
    """At least one account number."""
    found = tuple(
        item.value for item in node.items or () if isinstance(item.value, str) and item.value and _carried(item.value)
    )
    if not found or len(found) != len(node.items or ()):
        raise Wrong("write a list of account numbers, such as [DU1234567]")
    return found


def greeting(node: Node) -> tuple[Notice, ...]:
    """Notices for a new client; may be empty."""
    if node.items is None:
        raise Wrong("write a list such as [[2104, TEXT]]")
    notices = []
    for item in node.items:
        match [part.value for part in item.items or ()]:
            case [int(code), str(words)] if not isinstance(code, bool) and _carried(words):
                notices.append((code, words))
            case _:
                raise Wrong("each is a message code and a text, such as [2104, TEXT]")
    return tuple(notices)


def timezone(node: Node) -> str:
    """A zone of the IANA database."""
    try:
        return ZoneInfo(text(node)).key
    except (ValueError, OSError, KeyError):
        raise Wrong("write a time zone such as America/New_York") from None


@dataclass(frozen=True, slots=True)
class Number:
    """A number between the two, both included."""

    low: float
    high: float

    def __call__(self, node: Node) -> float:
        """The number."""
        value = node.value
        if isinstance(value, bool) or not isinstance(value, int | float) or not self.low <= value <= self.high:
            raise Wrong(f"write a number from {self.low:g} to {self.high:g}")
        return float(value)


def number(low: float, high: float) -> Number:
    """A number between the two, both included."""
    return Number(low, high)


def flag(node: Node) -> bool:
    """Yes or no."""
    if not isinstance(node.value, bool):
        raise Wrong("write true or false")
    return node.value


def contract(node: Node) -> int | str:
    """An instrument: its contract id, its local symbol or its symbol."""
    if isinstance(node.value, bool) or not isinstance(node.value, int | str) or not node.value:
        raise Wrong("write a contract id or a symbol, such as 265598, AAPL or EUR.USD")
    return node.value


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a word."""

    read: Reader
    default: object = None
    required: bool = False
