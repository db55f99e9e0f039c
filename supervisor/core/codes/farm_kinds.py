"""Data farms: which service a farm belongs to, and what is known of it.

Rules of this file:

- The values are public: metric labels, the status API and `required_farms` use them. They never change.
- A farm is named by kind and name together: one name may serve two kinds.
"""

from enum import StrEnum, unique


@unique
class FarmKind(StrEnum):
    """The service a farm belongs to. The message code says it; the name is only a hint."""

    MARKET_DATA = "market_data"
    """Live quotes. Ticks stop for the products of a broken farm."""

    HISTORICAL = "historical"
    """Bars and charts (HMDS). Live bars that followed a broken farm are dead for good (10182)."""

    SEC_DEF = "sec_def"
    """Contract definitions. While it is broken, "no security definition" (200) may be false."""


@unique
class FarmState(StrEnum):
    """What is known of one farm, each with what its reader should do."""

    UNKNOWN = "unknown"
    """This session has heard nothing of it. No fault: do nothing."""

    OK = "ok"
    """Connected. Use it."""

    INACTIVE = "inactive"
    """Dormant because nobody asked for data; the next request wakes it. No fault: use it."""

    CONNECTING = "connecting"
    """The gateway is opening it. Wait for the next notice. No fault, unless it was broken before."""

    BROKEN = "broken"
    """Lost. Expect no data from it, and do not trust cached data, until it is ok or inactive."""
