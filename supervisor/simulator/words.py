"""The vocabulary of steps: every `do:` word with its arguments, and what is right for each.

Rules
- One table, `WORDS`, is the truth for scenario files, the control socket and `SimulatedGateway.do`.
- Durations are numbers of seconds or texts such as `500ms`, `5s`, `2m`, `1h`, `1d`.
- A reader takes a `Node` and returns the value, or raises `Wrong` with what would be right. All faults of a step are
  told at once.
"""

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from supervisor.simulator.documents import Faults, Node
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


def integer(low: int, high: int) -> Reader:
    """A whole number between the two, both included."""

    def read(node: Node) -> int:
        if isinstance(node.value, bool) or not isinstance(node.value, int) or not low <= node.value <= high:
            raise Wrong(f"write a whole number from {low} to {high}")
        return node.value

    return read


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


def choice(*allowed: str) -> Reader:
    """One of these words."""

    def read(node: Node) -> str:
        if not isinstance(node.value, str) or node.value not in allowed:
            raise Wrong(f"write one of {', '.join(allowed)}")
        return node.value

    return read


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
class Argument:
    """One argument of a word."""

    read: Reader
    default: object = None
    required: bool = False


_FOR = Argument(duration)
_CODE = Argument(integer(-1, 2**31 - 1), required=True)
_PORT = integer(0, 65535)
_VERSION = integer(100, 999)
GARBAGE = (
    "length_prefix",
    "http",
    "zero_length",
    "non_numeric",
    "truncated",
    "unknown_id",
    "no_nul",
    "bad_protobuf",
    "decimal",
)
"""The kinds of bad bytes."""

WORDS: Mapping[str, Mapping[str, Argument]] = {
    # said to the clients
    "notice": {"code": _CODE, "text": Argument(text, ""), "request": Argument(integer(-(2**31), 2**31 - 1), -1)},
    "garbage": {"mode": Argument(choice(*GARBAGE), required=True)},
    "oversize": {"size": Argument(integer(0x1000000, 0x10000000), 17_000_000)},
    "burst_4096": {"quiet": Argument(duration, 1.5)},
    # the port
    "refuse": {"for": _FOR, "sessions": Argument(choice("drop", "keep"), "drop")},
    "accept_again": {},
    "port_changed": {"port": Argument(_PORT, 0)},
    "restart": {
        "for": Argument(duration, 5.0),
        "then": Argument(choice("close_on_accept", "mute", "never_ready")),
        "then_for": Argument(duration, 5.0),
    },
    # a new connection
    "close_on_accept": {"for": _FOR, "how": Argument(choice("fin", "rst"), "fin")},
    "mute": {"for": _FOR},
    "half_handshake": {"for": _FOR},
    "split_handshake": {"for": _FOR, "gap": Argument(duration, 0.3)},
    "greeting_with_handshake": {"for": _FOR},
    "error_before_handshake": {
        "for": _FOR,
        "code": Argument(integer(-1, 2**31 - 1), 2104),
        "text": Argument(text, "Market data farm connection is OK:usfarm"),
    },
    "bad_version": {"for": _FOR},
    "not_tws": {"for": _FOR},
    "never_ready": {"for": _FOR},
    # live sessions
    "freeze": {"for": _FOR},
    "thaw": {},
    "rst": {},
    "fin": {},
    "half_open": {},
    "ghost": {"for": Argument(duration, 10.0), "client_id": Argument(integer(0, 2**31 - 1))},
    # answers
    "ignore_time": {"for": _FOR},
    "delay": {"for": _FOR, "by": Argument(duration, required=True)},
    "no_contracts": {"for": _FOR, "mode": Argument(choice("silent", "error"), "silent")},
    "slow_writes": {"for": _FOR, "gap": Argument(duration, 0.01), "bytes": Argument(integer(1, 4096), 1)},
    # settings
    "clock": {"for": _FOR, "offset": Argument(signed_duration), "timezone": Argument(timezone)},
    "accounts": {"for": _FOR, "accounts": Argument(accounts, required=True)},
    "next_valid_id": {"for": _FOR, "id": Argument(integer(0, 2**31 - 1), required=True)},
    "server_version": {"for": _FOR, "version": Argument(_VERSION, required=True)},
    "greeting": {"for": _FOR, "greeting": Argument(greeting, required=True)},
    # all
    "heal": {},
    "state": {},
}
"""Every word and its arguments; `for` is how long it lasts, absent: until healed."""

SETTING_OF: Mapping[str, Mapping[str, str]] = {
    "clock": {"offset": "clock_offset", "timezone": "timezone"},
    "accounts": {"accounts": "accounts"},
    "next_valid_id": {"id": "next_valid_id"},
    "server_version": {"version": "server_version"},
    "greeting": {"greeting": "greeting"},
}
"""Words that change a setting: their arguments, and the setting each one is."""

_TIMING = {
    "after": Argument(duration, 0.0),
    "times": Argument(integer(1, 1_000_000), 1),
    "every": Argument(duration, 1.0),
}


@dataclass(frozen=True, slots=True)
class Step:
    """A word with its arguments, when to do it and how often.

    `after` counts from the end of the step before; `times` repetitions are `every` seconds apart.
    """

    do: str
    arguments: Mapping[str, object] = field(default_factory=dict)
    after: float = 0.0
    times: int = 1
    every: float = 1.0


def read_step(node: Node, path: str, faults: Faults) -> Step | None:
    """The step in a mapping; None if anything is wrong with it, and all of that is in `faults`."""
    entries = node.entries
    if entries is None:
        faults.add(node.line, path, f"{node.shown()} is no step; write {{do: notice, code: 1100, text: TEXT}}")
        return None
    word = entries.get("do")
    if word is None or not isinstance(word.value, str) or word.value not in WORDS:
        line = word.line if word else node.line
        said = "no word; " if word is None else f"{word.shown()} is unknown; "
        faults.add(line, f"{path}.do".lstrip("."), said + one_of(str(word.value) if word else "", WORDS))
        return None
    before = len(faults.told)
    known = {**WORDS[word.value], **_TIMING}
    values = read_entries({key: entry for key, entry in entries.items() if key != "do"}, node.line, path, known, faults)
    if len(faults.told) > before:
        return None
    timing = {key: values.pop(key) for key in _TIMING}
    return Step(word.value, values, **timing)  # type: ignore[arg-type]  # the readers in _TIMING see to it


def read_entries(
    entries: Mapping[str, Node], line: int, path: str, known: Mapping[str, Argument], faults: Faults
) -> dict[str, object]:
    """The values of a mapping by its table of arguments, defaults filled in; every fault is told."""
    values = {key: argument.default for key, argument in known.items()}
    for key, node in entries.items():
        where = f"{path}.{key}".lstrip(".")
        if key not in known:
            faults.add(node.line, where, "unknown; " + one_of(key, known))
            continue
        try:
            values[key] = known[key].read(node)
        except Wrong as wrong:
            faults.add(node.line, where, f"{node.shown()} is wrong; {wrong}")
    for key, argument in known.items():
        if argument.required and key not in entries:
            faults.add(line, f"{path}.{key}".lstrip("."), "missing")
    return values


def one_of(said: str, known: Iterable[str]) -> str:
    """A hint: the nearest known word, or all of them."""
    names = sorted(known)
    near = difflib.get_close_matches(said, names, 1)
    return f'did you mean "{near[0]}"?' if near else f"known are {', '.join(names)}"
