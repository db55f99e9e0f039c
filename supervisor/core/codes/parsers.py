"""Parsers: the text of a message becomes a `Notice`. Each entry of the catalogue names the one that reads its text.

Rules of this file:

- The code chooses the parser. The text only gives names: a farm, a port, a version, a reason.
- A parser is pure and total: no text, however long or odd, makes it raise, and none takes long. Only the first or the
  last part of a text is looked at, and no pattern goes over that twice.
- A name has at most `NAME_LIMIT` characters out of letters, digits, `_`, `.` and `-`, so it may become a metric label.
- An account number is neither a name nor a number of anything else: what is read here is shown, and not masked.

Texts of the messages: IBKR's message code list, and lines that users posted in public.
"""

import datetime as dt
import re
from collections.abc import Callable
from typing import Final, Literal

from supervisor.core.codes.accounts import ACCOUNT
from supervisor.core.codes.farm_kinds import FarmKind, FarmState
from supervisor.core.codes.notices import (
    NAME_LIMIT,
    Desupported,
    FarmNotice,
    Notice,
    Plain,
    PortChanged,
    UpstreamRestored,
)

Parser = Callable[[str], Notice]

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


def plain(_text: str) -> Plain:
    """The text has nothing to say to the daemon. What an entry reads unless it says otherwise."""
    return Plain()


def always(notice: Notice) -> Parser:
    """The code says it all; the text adds nothing."""
    return lambda _text: notice


def if_text_has(words: str, notice: Notice) -> Parser:
    """The notice if these words, in lower case, stand in the text in any case; else nothing of interest."""
    return lambda text: notice if words in text[:_HEAD].lower() else Plain()


def farm(kind: FarmKind, state: FarmState) -> Parser:
    """A farm of this kind is in this state; the text names it."""
    return lambda text: FarmNotice(kind, state, _farm_name(text))


def restored(data: Literal["lost", "maintained"]) -> Parser:
    """IBKR's servers are back; the text may list farms."""
    return lambda text: UpstreamRestored(data, *_farm_lists(text))


def port_changed(text: str) -> PortChanged:
    """The last number, if it is a port. A `-` before it is a separator; a number with separators inside is no port."""
    found = _PORT.search(_anonymous(text[-_TAIL:]))
    port = int(found[1]) if found else 0
    return PortChanged(port if 0 < port < 65536 else None)


def desupported(text: str) -> Desupported:
    """The day is the number of eight digits; the first of the others is the running version, the second the minimum."""
    numbers = _NUMBER.findall(_anonymous(text[:_HEAD]))
    days = [number for number in numbers if len(number) == 8 and number.isdecimal()]
    versions = [number[:NAME_LIMIT] for number in numbers if number not in days]
    return Desupported(
        version=versions[0] if versions else None,
        date=_day(days[0]) if days else None,
        minimum=versions[1] if len(versions) > 1 else None,
    )


def _farm_name(text: str) -> str | None:
    """The farm's name, which stands at the end of the text in every language seen."""
    tail = text[-_TAIL:].strip()
    found = _SEPARATED.search(tail) or _TRAILING.search(tail)
    return _short(found[1]) if found and not ACCOUNT.search(found[1]) else None


def _farm_lists(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The farms connected and not connected, in the order of the text, each once."""
    head = text[:_LIST] if len(text) <= _LIST else text[:_LIST].rpartition(";")[0]  # the cut may split the last name
    names: tuple[dict[str, None], dict[str, None]] = ({}, {})
    for found in _FARM_LIST.finditer(head.strip()):
        for item in found[2].split(";"):
            word = item.strip()
            if _NAME.fullmatch(word) and not ACCOUNT.search(word):
                names[bool(found[1])][_short(word)] = None
    return tuple(names[0]), tuple(names[1])


def _anonymous(text: str) -> str:
    """The text without account numbers."""
    return ACCOUNT.sub(" ", text)


def _short(name: str) -> str:
    """The name without the full stop of its sentence, short enough for a label."""
    return name.rstrip(".-")[:NAME_LIMIT]


def _day(digits: str) -> dt.date | None:
    """YYYYMMDD as a date, None if there is no such day."""
    try:
        return dt.date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None
