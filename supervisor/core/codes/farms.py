"""The codes that tell of one data farm.

Rules of this file: those of `entry`. Sorted by number.
"""

from typing import Final

from supervisor.core.codes.entry import Code, CodeKind, Scope, Severity
from supervisor.core.codes.farm_kinds import FarmKind, FarmState
from supervisor.core.codes.parsers import farm

_LOGS = "IBKR's documentation; lines in public logs"

_ACTIONS: Final = {
    FarmState.OK: "Marks the farm ok. This is no evidence of upstream: a gateway says it from memory while IBKR is "
    "away.",
    FarmState.INACTIVE: "Marks the farm inactive, which counts as up.",
    FarmState.CONNECTING: "Marks the farm connecting, which counts as up; but a broken farm stays broken until it is "
    "ok or inactive.",
    FarmState.BROKEN: "Marks the farm broken and counts the break; if the farm is required, the farms layer is down. "
    "Keeps the session.",
}
_OPENING = "The gateway is opening this farm. Neither a fault nor a success."
_WAIT = "Do nothing for a minute; if it stays broken outside the nightly reset, check the gateway's internet line."


def _farm(
    number: int,
    title: str,
    kind: FarmKind,
    state: FarmState,
    meaning: str,
    *,
    source: str = _LOGS,
    cure: str = "",
    counted: bool = False,
) -> Code:
    """One farm code. Only a broken farm is worth a warning."""
    return Code(
        number,
        title,
        CodeKind.NOTICE,
        Severity.WARNING if state is FarmState.BROKEN else Severity.INFO,
        Scope.FARM,
        meaning=meaning,
        action=_ACTIONS[state],
        source=source,
        cure=cure,
        reads=farm(kind, state),
        counted=counted,
    )


FARMS: Final[tuple[Code, ...]] = (
    _farm(
        2103,
        "Market data farm connection is broken",
        FarmKind.MARKET_DATA,
        FarmState.BROKEN,
        "Live prices of this farm's products have stopped. Interruptions of 0.7 to 4 s are normal.",
        cure=_WAIT,
        counted=True,
    ),
    _farm(
        2104,
        "Market data farm connection is OK",
        FarmKind.MARKET_DATA,
        FarmState.OK,
        "Live prices of this farm's products flow.",
    ),
    _farm(
        2105,
        "HMDS data farm connection is broken",
        FarmKind.HISTORICAL,
        FarmState.BROKEN,
        "No history from this farm; live bars that followed it are dead (10182) even after it is back. Repeats about "
        "every 20 s while the gateway retries.",
        cure="Ask again for live bars once it is back; if it stays broken outside the nightly reset, check the "
        "gateway's internet line.",
        counted=True,
    ),
    _farm(
        2106,
        "HMDS data farm connection is OK",
        FarmKind.HISTORICAL,
        FarmState.OK,
        "History of this farm's products is available.",
    ),
    _farm(
        2107,
        "HMDS data farm connection is inactive",
        FarmKind.HISTORICAL,
        FarmState.INACTIVE,
        "Nobody asked for history for a while, so the farm sleeps; the next request wakes it. No fault.",
    ),
    _farm(
        2108,
        "Market data farm connection is inactive",
        FarmKind.MARKET_DATA,
        FarmState.INACTIVE,
        "Nobody watches prices of this farm, so it sleeps; the next request wakes it. No fault.",
    ),
    _farm(2119, "Market data farm is connecting", FarmKind.MARKET_DATA, FarmState.CONNECTING, _OPENING),
    _farm(
        2120,
        "HMDS data farm is connecting",
        FarmKind.HISTORICAL,
        FarmState.CONNECTING,
        _OPENING,
        source="a reverse-engineered client only",
    ),
    _farm(
        2157,
        "Sec-def data farm connection is broken",
        FarmKind.SEC_DEF,
        FarmState.BROKEN,
        'Contract definitions are not available. Until it is back, a "no security definition" (200) may be false.',
        cure=_WAIT,
        source="lines in public logs; not in IBKR's table",
        counted=True,
    ),
    _farm(
        2158,
        "Sec-def data farm connection is OK",
        FarmKind.SEC_DEF,
        FarmState.OK,
        "Contract definitions are available.",
    ),
    _farm(
        2159,
        "Sec-def data farm connection is inactive",
        FarmKind.SEC_DEF,
        FarmState.INACTIVE,
        "Nobody asked for contract definitions for a while, so the farm sleeps. No fault.",
        source="a post on the twsapi mailing list; no line in a public log was found",
    ),
)
"""Every known code of a farm, sorted by number."""
