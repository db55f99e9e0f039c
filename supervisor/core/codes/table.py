"""Message codes: what each number means, and what is done with it.

Rules of this file:

- One catalogue for everybody: the decider, the metrics, the command `codes` and the documentation.
- The code decides, never the text: texts are translated and reworded, numbers are not.
- An unknown code is never a fault. It is counted as `other`, logged, and has no effect.

Where the facts are from: IBKR's message code list (its three public addresses are in docs/codes.md), lines that users
posted in public, and the source code of public clients; each entry says which.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from supervisor.core.codes.entry import Code, Kind, Scope, Severity
from supervisor.core.codes.farm_kinds import FarmKind, FarmState
from supervisor.core.codes.library import LIBRARY
from supervisor.core.codes.requests import REQUESTS
from supervisor.core.codes.system import SYSTEM

__all__ = ["FARM_CODES", "KNOWN", "OTHER", "Code", "Kind", "Scope", "Severity", "label", "lookup"]

OTHER: Final = "other"
"""The metric label of every code that is not in the catalogue."""

KNOWN: Final[Mapping[int, Code]] = MappingProxyType(
    {code.number: code for code in sorted((*SYSTEM, *REQUESTS, *LIBRARY), key=lambda code: code.number)}
)
"""The catalogue, sorted by number."""

FARM_CODES: Final[Mapping[int, tuple[FarmKind, FarmState]]] = MappingProxyType(
    {
        2103: (FarmKind.MARKET_DATA, FarmState.BROKEN),
        2104: (FarmKind.MARKET_DATA, FarmState.OK),
        2105: (FarmKind.HISTORICAL, FarmState.BROKEN),
        2106: (FarmKind.HISTORICAL, FarmState.OK),
        2107: (FarmKind.HISTORICAL, FarmState.INACTIVE),
        2108: (FarmKind.MARKET_DATA, FarmState.INACTIVE),
        2119: (FarmKind.MARKET_DATA, FarmState.CONNECTING),
        2120: (FarmKind.HISTORICAL, FarmState.CONNECTING),
        2157: (FarmKind.SEC_DEF, FarmState.BROKEN),
        2158: (FarmKind.SEC_DEF, FarmState.OK),
        2159: (FarmKind.SEC_DEF, FarmState.INACTIVE),
    }
)
"""What a farm notice says of its farm, told by the number alone."""


def lookup(number: int) -> Code:
    """The catalogue's entry; for a number it does not have, one that says so.

    An unknown 21xx is an information: IBKR keeps that range for notices and warnings, and other clients hold it so.
    """
    known = KNOWN.get(number)
    if known is not None:
        return known
    if 2100 <= number < 2200:
        return Code(
            number,
            "Unknown notice",
            Kind.NOTICE,
            Severity.INFO,
            Scope.UNKNOWN,
            "Not in the catalogue. Numbers from 2100 to 2199 are notices and warnings of the gateway, none of them "
            "fatal.",
            "Counted as `other` and logged once per hour as information; changes nothing.",
            "the range, by IBKR's documentation and the source code of ib_async",
        )
    return Code(
        number,
        "Unknown code",
        Kind.ANSWER,
        Severity.WARNING,
        Scope.UNKNOWN,
        "Not in the catalogue. Most codes answer one request or order and say nothing of the connection.",
        "Counted as `other` and logged once per hour with its text; changes nothing.",
        "nothing is known of it",
    )


def label(number: int) -> str:
    """The code as the value of a metric label: a closed set, whatever arrives."""
    return str(number) if number in KNOWN else OTHER
