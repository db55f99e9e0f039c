"""The catalogue of message codes: what each number means, how its text is read, and what the daemon does.

Rules of this file:

- One catalogue for everybody: the decisions, the metrics, the command `codes` and the page docs/codes.md.
- To add a code, add its entry to `system`, `farms`, `requests`, `orders` or `library`. Nothing else needs a change but
  the page docs/codes.md, which is generated.
- The code decides, never the text alone: texts are translated and reworded, numbers are not.
- An unknown code is never a fault. It is counted as `other`, logged, and has no effect.

Where the facts are from: IBKR's message code list (its three public addresses are in docs/codes.md), lines that users
posted in public, and the source code of public clients; each entry says which.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from supervisor.core.codes.entry import Code, CodeKind, Scope, Section, Severity
from supervisor.core.codes.farms import FARMS
from supervisor.core.codes.library import LIBRARY
from supervisor.core.codes.notices import Notice
from supervisor.core.codes.orders import ORDERS
from supervisor.core.codes.requests import REQUESTS
from supervisor.core.codes.system import SYSTEM

__all__ = [
    "CATALOGUE",
    "COUNTED_FROM_START",
    "KNOWN",
    "OTHER",
    "Catalogue",
    "Code",
    "CodeKind",
    "Scope",
    "Section",
    "Severity",
    "label",
    "lookup",
    "read",
]

OTHER: Final = "other"
"""The metric label of every code that is not in the catalogue."""


class Catalogue:
    """Entries, by number and in sections. It never changes."""

    def __init__(self, sections: Iterable[Section]) -> None:
        self.sections: Final = tuple(sections)
        codes = sorted((code for section in self.sections for code in section.codes), key=lambda code: code.number)
        self.known: Final[Mapping[int, Code]] = MappingProxyType({code.number: code for code in codes})
        """The entries, sorted by number."""
        self.counted_from_start: Final = tuple(code.number for code in codes if code.counted)
        """The codes whose counters exist, at 0, before the first message arrives."""

    def lookup(self, number: int) -> Code:
        """The entry; for a number that has none, an entry that says so."""
        return self.known.get(number) or _unknown(number)

    def label(self, number: int) -> str:
        """The code as the value of a metric label: a closed set, whatever arrives."""
        return str(number) if number in self.known else OTHER

    def read(self, number: int, text: str) -> Notice:
        """What a message says. Any number and any text is allowed; nothing raises."""
        return self.lookup(number).reads(text)


def _unknown(number: int) -> Code:
    """An unknown 21xx is information: IBKR keeps that range for notices and warnings, and other clients agree."""
    if 2100 <= number < 2200:
        return Code(
            number,
            "Unknown notice",
            CodeKind.NOTICE,
            Severity.INFO,
            Scope.UNKNOWN,
            meaning="Not in the catalogue. Numbers from 2100 to 2199 are notices and warnings of the gateway, none of "
            "them fatal.",
            action="Counts it as `other` and logs it once an hour as information; nothing else changes.",
            source="the range, by IBKR's documentation and the source code of ib_async",
        )
    return Code(
        number,
        "Unknown code",
        CodeKind.ANSWER,
        Severity.WARNING,
        Scope.UNKNOWN,
        meaning="Not in the catalogue. Most codes answer one request or order and say nothing of the connection.",
        action="Counts it as `other` and logs it once an hour with its text; nothing else changes.",
        source="nothing is known of it",
    )


CATALOGUE: Final = Catalogue(
    (
        Section(
            "The gateway and its upstream",
            "The connection to IBKR, this API connection, the gateway program, and the account.",
            SYSTEM,
        ),
        Section("Data farms", "The gateway sends these to every client, though nobody asked.", FARMS),
        Section("Requests", "Only the client that made the request gets these.", REQUESTS),
        Section("Orders", "Only the client that placed the order gets these.", ORDERS),
        Section(
            "The client library",
            "The library makes these inside the client's own process. The gateway knows nothing of them.",
            LIBRARY,
        ),
    )
)

KNOWN: Final = CATALOGUE.known
COUNTED_FROM_START: Final = CATALOGUE.counted_from_start
lookup: Final = CATALOGUE.lookup
label: Final = CATALOGUE.label
read: Final = CATALOGUE.read
