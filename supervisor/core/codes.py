"""Message codes: what each number means.

Rules of this file:

- The code decides, never the text: texts are translated and reworded, numbers are not.
- An unknown code is never a fault: it is counted as `other` and has no effect.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from supervisor.core.farm_words import FarmKind, FarmState

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
