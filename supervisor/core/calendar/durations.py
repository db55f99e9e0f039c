"""Durations as people write them: one number with its unit, `500ms`, `5s`, `2m`, `1.5h`, `400d`.

The config, the web API, the command line and the simulator's scenario files all read them here.
"""

import re
from decimal import Decimal
from typing import Final

UNITS: Final = {
    "ms": Decimal("0.001"),
    "s": Decimal(1),
    "m": Decimal(60),
    "h": Decimal(3600),
    "d": Decimal(86400),
}
"""Seconds, smallest unit first."""
_WRITTEN: Final = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)(ms|s|m|h|d)", re.ASCII)


def seconds_of(text: str) -> float | None:
    """The seconds that the text means; None if it is no duration."""
    match = _WRITTEN.fullmatch(text.strip())
    return None if match is None else float(Decimal(match[1]) * UNITS[match[2]])


def written(seconds: float) -> str:
    """A duration in the largest unit that needs no fraction."""
    exact = Decimal(str(seconds))
    if not exact:
        return "0s"
    unit = next((unit for unit in reversed(UNITS) if exact % UNITS[unit] == 0), "ms")
    return f"{(exact / UNITS[unit]).normalize():f}{unit}"
