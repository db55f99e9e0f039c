"""How the value of one key is read: from what the YAML tree holds to what the policy needs.

- A reader takes a plain value and returns the parsed one, or raises `Wrong` with what would be right.
- One whose key has a default accepts what it returned before, because the default is such a value.
- A text with replaced variables (`Expanded`) may stand for a number, a truth value or null; any other text may not.
- Durations are written as one number with its unit, and are seconds as float from here on.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, time
from enum import StrEnum
from ipaddress import ip_address
from typing import Final, TypeVar

from supervisor.config.values.zones import zone_near
from supervisor.core.calendar.durations import UNITS, seconds_of
from supervisor.core.calendar.rules import WEEKDAYS, clock_time, weekday_of, weekly_time, zone_of
from supervisor.core.codes.farm_kinds import FarmKind
from supervisor.core.model.policy import RequiredFarm
from supervisor.frozen import dataclass
from supervisor.yaml_lines import Expanded, Odd, ZeroFirst

HIGHEST_PORT: Final = 65535
HIGHEST_CLIENT_ID: Final = 2**31 - 1
LONGEST_LABEL: Final = 128
ALL: Final = "all"

_T = TypeVar("_T")
_E = TypeVar("_E", bound=StrEnum)

_DECIMAL: Final = re.compile(r"[-+]?\d{1,18}", re.ASCII)
_PORT: Final = re.compile(r"\d{1,6}", re.ASCII)
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}", re.ASCII)
_ZEROS_FIRST: Final = re.compile(r"0\d{1,17}", re.ASCII)
_SPOKEN: Final = re.compile(r"(\d{1,2})(?:[:.h](\d\d))?(?:[:.](\d\d))?\s*(?:([ap])\.?m\.?)?", re.ASCII | re.IGNORECASE)
"""A time of day as people say it: hours, minutes, seconds, and the half of the day."""
_HOST: Final = re.compile(r"(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_.])?", re.ASCII)
_DIGITS_AND_DOTS: Final = re.compile(r"[0-9.]+", re.ASCII)
_LABEL: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}", re.ASCII)
_FARM: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}", re.ASCII)
_YES: Final = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_NOTHING: Final = ("", "~", "null")
_YEARS: Final = range(2000, 2200)


class Wrong(ValueError):
    """A value is not what its place needs. `wrong` follows the value in a sentence; `right` is an instruction."""

    def __init__(self, wrong: str, right: str) -> None:
        super().__init__(f"{wrong}; {right}")
        self.wrong, self.right = wrong, right


class NoUnit(Wrong):
    """A number stands where a duration is needed; `units` are those with which it would be in range."""

    def __init__(self, number: int, units: Sequence[str]) -> None:
        self.number, self.units = number, units
        super().__init__("has no unit", self.right_beside(0.0))

    def right_beside(self, usual: float) -> str:
        """What would be right: the unit that comes nearest to the usual duration, in seconds; 0 for none."""
        if not self.units:
            return "write one number with its unit, such as 500ms, 5s, 2m, 1h or 400d"

        def distance(unit: str) -> float:
            seconds = self.number * float(UNITS[unit])
            return abs(math.log(seconds / usual)) if seconds > 0 and usual > 0 else float(unit != "s")

        return f"write {self.number}{min(self.units, key=distance)}; the units are {', '.join(UNITS)}"


class Conflict(ValueError):
    """A value does not fit another one, `beside`.

    `value` and `other` are how the two are shown, `rule` says what is wrong between them, `right` what would be right;
    `plainly` is what would be right in words that show neither.
    """

    def __init__(self, value: str, rule: str, right: str, beside: str, *, other: str = "", plainly: str = "") -> None:
        super().__init__(f"{value} {rule}")
        self.value, self.rule, self.other, self.beside = value, rule, other, beside
        self.right, self.plainly = right, plainly or right


class Conflicts(Conflict):
    """Several at one place."""

    def __init__(self, first: Conflict, *others: Conflict) -> None:
        super().__init__(first.value, first.rule, first.right, first.beside, other=first.other, plainly=first.plainly)
        self.each = (first, *others)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A host and a port; `str()` puts an IPv6 address in brackets."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def did_you_mean(said: object, known: Iterable[str]) -> str:
    """A hint towards the nearest of the known words, else all of them."""
    words = list(known)
    near = difflib.get_close_matches(str(said).lower(), words, 1, 0.6) if isinstance(said, str) else []
    return f'did you mean "{near[0]}"?' if near else f"write one of {', '.join(words)}"


def whole_number(low: int, high: int, what: str = "whole number in its range") -> Callable[[object], int]:
    """A reader of integers from low to high, both included."""
    right = f"write a number from {low} to {high}"

    def read(value: object) -> int:
        if isinstance(value, Expanded) and _DECIMAL.fullmatch(value.strip()):
            value = int(value)
        if isinstance(value, Odd | ZeroFirst) and _ZEROS_FIRST.fullmatch(digits := _digits(value)):
            if low <= int(digits) <= high:
                octal = ", which makes it octal in YAML 1.1" if isinstance(value, Odd) else ""
                raise Wrong(f"begins with a zero{octal}", f"write {int(digits)}")
            raise Wrong(f"is not a {what}", right)
        if isinstance(value, Odd) and isinstance(value.number, int) and low <= value.number <= high:
            raise Wrong(f"is the number {value.number} in YAML 1.1", f"write {value.number}")
        if isinstance(value, str) and _DECIMAL.fullmatch(value) and low <= int(value) <= high:
            raise Wrong("is a text", f"write {int(value)} without quotes")
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise Wrong(f"is not a {what}", right)
        return value

    return read


def _digits(value: Odd | ZeroFirst) -> str:
    return value.text if isinstance(value, Odd) else value


def flag(value: object) -> bool:
    """True or false."""
    if isinstance(value, Expanded):
        value = _YES.get(value.strip().lower(), value)
    if not isinstance(value, bool):
        raise Wrong("is neither true nor false", "write true or false")
    return value


def duration(low: str, high: str) -> Callable[[object], float]:
    """A reader of durations between the two, both included; seconds."""
    least, most = seconds_of(low) or 0.0, seconds_of(high) or 0.0

    def read(value: object) -> float:
        if isinstance(value, float):  # a default: from a file a number comes as int or Odd
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            raise NoUnit(value, [unit for unit, size in UNITS.items() if least <= value * float(size) <= most])
        seconds = seconds_of(value) if isinstance(value, str) else None
        if seconds is None:
            raise Wrong("is not a duration", "write one number with its unit, such as 500ms, 5s, 2m, 1h or 400d")
        if not least <= seconds <= most:
            raise Wrong("is out of range", f"write a duration from {low} to {high}")
        return seconds

    return read


def nullable(read: Callable[[object], _T]) -> Callable[[object], _T | None]:
    """A reader that also takes null, or variables that came to nothing."""

    def read_or_none(value: object) -> _T | None:
        return None if is_nothing(value) else read(value)

    return read_or_none


def is_nothing(value: object) -> bool:
    """Whether this is null, or a variable that says so."""
    return value is None or (isinstance(value, Expanded) and value.strip() in _NOTHING)


def word(words: type[_E]) -> Callable[[object], _E]:
    """A reader of the words of an enumeration."""

    def read(value: object) -> _E:
        try:
            return words(value.strip() if isinstance(value, Expanded) else value)  # type: ignore[arg-type]
        except ValueError:
            raise Wrong("is unknown", did_you_mean(value, words)) from None

    return read


def text(value: object, what: str, right: str) -> str:
    """A text that is not empty and can be printed."""
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise Wrong(f"is not a {what}", f"write {right}")
    return str(value.strip())


def name(value: object) -> str:
    """A name that can be a label, a file name and a part of a URL."""
    if isinstance(value, Odd | bool | int):
        raise Wrong("is a number or a truth value to YAML", "write it in quotes")
    said = text(value, "name", "a name such as live")
    if _NAME.fullmatch(said) is None:
        raise Wrong("is not a name", "write 1 to 63 of a-z, 0-9, _ and -, beginning with a letter or digit")
    return said


def host(value: object) -> str:
    """A host name or an IP address; brackets around an IPv6 address are taken off."""
    said = text(value, "host", "a host name or an IP address")
    if ":" in said or _DIGITS_AND_DOTS.fullmatch(said):
        bare = said[1:-1] if said.startswith("[") and said.endswith("]") else said
        try:
            return str(ip_address(bare))
        except ValueError:
            with_port = said.count(":") == 1 and "/" not in said
            right = "write the port under port" if with_port else "write a name or an address alone"
            raise Wrong("is not a host name or IP address", right) from None
    if _HOST.fullmatch(said) is None:
        raise Wrong("is not a host name", "write a name such as gateway.example.net, or an IP address")
    return said


def endpoint(lowest_port: int = 0, example: int = 14000) -> Callable[[object], Endpoint]:
    """A reader of `host:port`, IPv6 as `[::1]:port`; `example` is a port that would be right."""

    def read(value: object) -> Endpoint:
        if isinstance(value, Endpoint):
            return value
        right = f'write host and port, such as "127.0.0.1:{example}" or "[::1]:{example}"'
        if not isinstance(value, str):
            raise Wrong("is not a host and a port", right)
        address, _, port = value.strip().rpartition(":")
        if value.strip() == f":{port}" and port:
            shown = "PORT" if isinstance(value, Expanded) else port
            raise Wrong(
                "names no host", f'write "127.0.0.1:{shown}" for this machine, "0.0.0.0:{shown}" for every interface'
            )
        if ":" in address and not (address.startswith("[") and address.endswith("]")):
            raise Wrong("is not a host and a port", right)
        if _PORT.fullmatch(port) is None or not lowest_port <= int(port) <= HIGHEST_PORT:
            raise Wrong("is not a host and a port", f"{right}; ports go from {lowest_port} to {HIGHEST_PORT}")
        return Endpoint(host(address), int(port))

    return read


def zone(value: object) -> str:
    """The name of a zone of the tz database."""
    said = text(value, "time zone", "a name such as America/New_York")
    try:
        return zone_of(said).key
    except ValueError:
        near = zone_near(said)
        right = f'did you mean "{near}"?' if near else "write a name such as America/New_York"
        raise Wrong("is not a time zone of the tz database", right) from None


def clock(value: object) -> time:
    """A time of day, `"HH:MM"` or `"HH:MM:SS"`."""
    if isinstance(value, Odd) and ":" in value.text:
        said = ":".join(part.zfill(2) for part in value.text.split(":"))
        raise Wrong(f"without quotes is the number {value.number} in YAML 1.1", f'write it in quotes: "{said}"')
    try:
        return clock_time(value if isinstance(value, str) else "")
    except ValueError:
        meant = _clock_meant(value)
        right = f'write "{meant}"' if meant else 'write hours and minutes in quotes, such as "23:45"'
        raise Wrong("is not a time of day", right) from None


def _clock_meant(value: object) -> str | None:
    """The time of day that was most likely meant, as it is written here: `11:45 PM`, `9:30`, `2345`."""
    said = f"{value:04}" if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(said, str) or isinstance(said, Expanded):
        return None
    if said is not value:
        said = f"{said[:-2]}:{said[-2:]}"
    spoken = _SPOKEN.fullmatch(said.strip())
    if spoken is None or not (spoken[2] or spoken[4]):
        return None
    hours, parts = int(spoken[1]), [part for part in (spoken[2] or "00", spoken[3]) if part]
    if spoken[4]:
        hours = hours % 12 + 12 * (spoken[4] in "pP") if 1 <= hours <= 12 else 24
    meant = ":".join((f"{hours:02}", *parts))
    try:
        clock_time(meant)
    except ValueError:
        return None
    return meant


def weekday(value: object) -> int:
    """A day of the week by its English name; 0 is Monday."""
    if isinstance(value, int) and not isinstance(value, bool) and value in range(7):
        raise Wrong("is not a day of the week", f"write its name, such as {WEEKDAYS[value]}")
    try:
        return weekday_of(value if isinstance(value, str) else "")
    except ValueError:
        raise Wrong("is not a day of the week", did_you_mean(value, WEEKDAYS)) from None


def weekly(value: object) -> tuple[int, time]:
    """Day and time of day, such as `Sat 04:00`."""
    try:
        return weekly_time(value if isinstance(value, str) else "")
    except ValueError:
        day, _, at = value.strip().partition(" ") if isinstance(value, str) else ("", "", "")
        meant = None if isinstance(value, Expanded) else _clock_meant(at)
        right = (
            f'write "{day} {meant}"' if meant and _is_weekday(day) else 'write day and time of day, such as "Sat 04:00"'
        )
        raise Wrong("is not a weekly time", right) from None


def _is_weekday(said: str) -> bool:
    try:
        weekday_of(said)
    except ValueError:
        return False
    return True


def instant(value: object) -> datetime:
    """An instant with its offset, in ISO 8601; UTC."""
    right = "write date, time and offset, such as 2026-12-01T10:00:00Z"
    try:
        at = datetime.fromisoformat(value.strip() if isinstance(value, str) else "")
    except ValueError:
        raise Wrong("is not an instant", right) from None
    if at.utcoffset() is None:
        raise Wrong("has no offset from UTC", right)
    if at.year not in _YEARS:
        raise Wrong("is out of range", f"write a year from {_YEARS[0]} to {_YEARS[-1]}")
    return at.astimezone(UTC)


def farm(value: object) -> RequiredFarm:
    """A farm's name, with its kind where that matters: `usfarm`, `historical/ushmds`."""
    said = text(value, "farm", "a farm such as usfarm or historical/ushmds")
    if said == ALL:
        raise Wrong("names no farm", f"write required_farms: {ALL}, without a list")
    kind, slash, farm_name = said.rpartition("/")
    if slash and kind not in set(FarmKind):
        raise Wrong("begins with no kind of farm", did_you_mean(kind, FarmKind))
    if _FARM.fullmatch(farm_name) is None:
        raise Wrong("is not a farm", "write a farm such as usfarm or historical/ushmds")
    return RequiredFarm(farm_name, FarmKind(kind) if slash else None)


def label_name(value: object) -> str:
    """The name of a Prometheus label. Two underscores at the beginning are kept for Prometheus itself."""
    said = value if isinstance(value, str) else ""
    if _LABEL.fullmatch(said) is None or said.startswith("__"):
        raise Wrong("is not a label name", "write 1 to 63 of a-z, A-Z, 0-9 and _, beginning with a letter")
    return said


def label_text(value: object) -> str:
    """The text of a label."""
    if isinstance(value, Odd | bool | int):
        raise Wrong("is a number or a truth value to YAML", "write it in quotes")
    said = text(value, "text", "a text such as prod")
    if len(said) > LONGEST_LABEL:
        raise Wrong("is too long", f"write at most {LONGEST_LABEL} letters")
    return said


def sequence(example: str) -> Callable[[object], tuple[object, ...]]:
    """A reader of lists; null is an empty one. The elements are read on their own."""

    def read(value: object) -> tuple[object, ...]:
        if is_nothing(value):
            return ()
        if not isinstance(value, list | tuple):
            raise Wrong("is not a list", f"write a list, such as {example}")
        return tuple(value)

    return read
