"""What the gateway says, read: a message code and its text become a `Notice`.

Rules of this file:

- Dispatch is on the code. The text only gives names: a farm, a port, a version, a reason.
- `read` is pure and total: no text, however long or odd, raises, and none takes long. Only the first or the last part
  of it is looked at, and no pattern goes over that twice.
- A name has at most `NAME_LIMIT` characters out of letters, digits, `_`, `.` and `-`, so it may become a metric label.
- What cannot be told is None, never a guess. A farm invented out of a translated sentence would stay broken for ever.

Texts of the messages: IBKR's message code list, and lines that users posted in public.
"""

import datetime as dt
import re
from dataclasses import dataclass
from typing import Final, Literal

from supervisor.core.codes.farm_kinds import FarmKind, FarmState
from supervisor.core.codes.table import FARM_CODES

NAME_LIMIT: Final = 64
"""Characters of the longest farm name that is told; a longer one is cut."""


@dataclass(frozen=True, slots=True)
class FarmNotice:
    """A farm of this kind is now in this state. `name` is None if the text does not give one."""

    kind: FarmKind
    state: FarmState
    name: str | None


@dataclass(frozen=True, slots=True)
class UpstreamLost:
    """The gateway has lost IBKR's servers. Repeats for hours; `code` is 1100 or 2110."""

    code: int


@dataclass(frozen=True, slots=True)
class UpstreamRestored:
    """The gateway has IBKR's servers again.

    `data` says whether the subscriptions are gone (1101) or were kept (1102). The names are those the text lists; both
    are empty in its bare form, and when it is translated.
    """

    data: Literal["lost", "maintained"]
    connected: tuple[str, ...] = ()
    not_connected: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PortChanged:
    """The API port was changed in the gateway's settings (1300). `port` is None if the text does not give one."""

    port: int | None


@dataclass(frozen=True, slots=True)
class ClientIdInUse:
    """Another session holds our client id (326). The gateway closes this one."""


@dataclass(frozen=True, slots=True)
class Desupported:
    """This version of the gateway will be refused from `date` on (2172). What the text does not give is None."""

    version: str | None
    date: dt.date | None
    minimum: str | None


@dataclass(frozen=True, slots=True)
class CompetingSession:
    """The same user is logged in elsewhere and took the market data. `code` is 10197, 162, 420 or 10189."""

    code: int


@dataclass(frozen=True, slots=True)
class HmdsFlap:
    """The historical service lost or found its connection (165). None if the text does not say which."""

    connected: bool | None


@dataclass(frozen=True, slots=True)
class PacingWarning:
    """Too many messages a second: nearly (code 0, `exceeded` False), or in fact (100, True: expect to be cut off)."""

    exceeded: bool


@dataclass(frozen=True, slots=True)
class ReadOnly:
    """The API is in read-only mode (321). Enough for this daemon."""


@dataclass(frozen=True, slots=True)
class Oversize:
    """A message of impossible length (507): the stream is out of step, the session is over."""


@dataclass(frozen=True, slots=True)
class Other:
    """Any message that changes nothing here, known or not."""

    code: int


Notice = (
    FarmNotice
    | UpstreamLost
    | UpstreamRestored
    | PortChanged
    | ClientIdInUse
    | Desupported
    | CompetingSession
    | HmdsFlap
    | PacingWarning
    | ReadOnly
    | Oversize
    | Other
)

_HEAD: Final = 4096
_TAIL: Final = 512
_LIST: Final = 16384

_SEPARATED: Final = re.compile(
    r"(?:connection is (?:ok|broken|inactive)|farm is connecting)[^:]{0,80}?(?:upon demand\s?[.:]|:)\s*"
    r"([a-z0-9_][a-z0-9_.\-]*)",
    re.IGNORECASE | re.ASCII,
)
"""The English form: the name follows a colon, or `upon demand.` without a separator of its own."""

_TRAILING: Final = re.compile(
    r"(?:(?:[:：=]|\s-)\s*|[.。．])([A-Za-z0-9_][A-Za-z0-9_\-]{2,}(?:\.[A-Za-z]{2})?)[.。．]?$"
)
"""Any other language: the last word, if a separator stands before it; else it is a word of the sentence.

The gateway puts the name straight after a text that ends in one of `: . = -`, and adds a colon to any other.
"""

_FARM_LIST: Final = re.compile(r"farms are (not )?connected:(.*?)(?:\.\s|\.?$)", re.IGNORECASE | re.DOTALL)
_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]*")
_PORT: Final = re.compile(r"(?<![0-9])(?<![0-9][,.'])([0-9]{2,5})[^0-9]*$")
_NUMBER: Final = re.compile(r"[0-9]+(?:\.[0-9]+)*")


def read(code: int, text: str) -> Notice:
    """Read one message. Never raises; any `code` is allowed, and any `text`."""
    if code in FARM_CODES:
        kind, state = FARM_CODES[code]
        return FarmNotice(kind, state, _farm_name(text))
    match code:
        case 1100 | 2110:
            return UpstreamLost(code)
        case 1101:
            return UpstreamRestored("lost", *_farm_lists(text))
        case 1102:
            return UpstreamRestored("maintained", *_farm_lists(text))
        case 1300:
            return PortChanged(_port(text))
        case 326:
            return ClientIdInUse()
        case 2172:
            return _desupported(text)
        case 507:
            return Oversize()
        case 100:
            return PacingWarning(exceeded=True)
    return _by_reason(code, text[:_HEAD].lower())


def _by_reason(code: int, text: str) -> Notice:
    """The codes that mean more than a failed request only for the reason in their text, here in lower case."""
    match code:
        case 10197:
            return CompetingSession(code)
        case 162 | 420 | 10189 if "different ip address" in text:
            return CompetingSession(code)
        case 165:
            return HmdsFlap(_hmds_connected(text))
        case 0 if "max rate" in text:
            return PacingWarning(exceeded=False)
        case 321 if "read-only" in text:
            return ReadOnly()
    return Other(code)


def kind_of_unseen(name: str) -> FarmKind:
    """The likely kind of a farm that no farm notice has named yet (1101 and 1102 list names without kinds)."""
    folded = name.lower()
    if "hmds" in folded or folded == "fundfarm":  # mutual funds are served as history
        return FarmKind.HISTORICAL
    if folded.startswith("secdef"):
        return FarmKind.SEC_DEF
    return FarmKind.MARKET_DATA


def summary(text: str, limit: int = 300) -> str:
    """At most `limit` characters of the text, still as raw as it came; a cut ends in `...`.

    Whoever shows or keeps it masks it first and makes one clean line of it then.
    """
    return text if len(text) <= limit else beginning(text, max(limit - 3, 0)) + "..."[:limit]


def beginning(text: str, limit: int) -> str:
    """The first `limit` characters, without a part of a number at the end: half an account number is still an account
    number, and nobody would know it as one.
    """
    return text if len(text) <= limit else text[:limit].rstrip("0123456789")


def _farm_name(text: str) -> str | None:
    """The farm's name, which stands at the end of the text in every language seen."""
    tail = text[-_TAIL:].strip()
    found = _SEPARATED.search(tail) or _TRAILING.search(tail)
    return _safe(found[1]) if found else None


def _farm_lists(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The farms connected and not connected, in the order told, each once."""
    head = text[:_LIST] if len(text) <= _LIST else text[:_LIST].rpartition(";")[0]  # the cut may split the last name
    names: tuple[dict[str, None], dict[str, None]] = ({}, {})
    for found in _FARM_LIST.finditer(head.strip()):
        for item in found[2].split(";"):
            word = item.strip()
            if _NAME.fullmatch(word):
                names[bool(found[1])][_safe(word)] = None
    return tuple(names[0]), tuple(names[1])


def _safe(name: str) -> str:
    """A name that is already of the safe characters, without the sentence's full stop, short enough for a label."""
    return name.rstrip(".-")[:NAME_LIMIT]


def _port(text: str) -> int | None:
    """The last number, if it is a port. A `-` before it is a separator; a number with separators inside is no port."""
    found = _PORT.search(text[-_TAIL:])
    port = int(found[1]) if found else 0
    return port if 0 < port < 65536 else None


def _desupported(text: str) -> Desupported:
    """The day is the number of eight digits; the first of the others is the running version, the second the minimum."""
    numbers = _NUMBER.findall(text[:_HEAD])
    days = [number for number in numbers if len(number) == 8 and number.isdecimal()]
    versions = [number[:NAME_LIMIT] for number in numbers if number not in days]
    return Desupported(
        version=versions[0] if versions else None,
        date=_day(days[0]) if days else None,
        minimum=versions[1] if len(versions) > 1 else None,
    )


def _day(digits: str) -> dt.date | None:
    """YYYYMMDD as a date, None if there is no such day."""
    try:
        return dt.date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None


def _hmds_connected(text: str) -> bool | None:
    if "successful" in text:
        return True
    if "disconnect" in text or "failed" in text:
        return False
    return None
