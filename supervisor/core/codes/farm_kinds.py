"""The words for data farms: which service a farm belongs to, and what is known of it.

Rules of this file:

- The values are public: metric labels, the status API and `required_farms` use them. They never change.
- A farm is named by kind and name together: one name may serve two kinds.
"""

from enum import StrEnum, unique


@unique
class FarmKind(StrEnum):
    """The service a farm belongs to. The message code tells it; the name only hints at it."""

    MARKET_DATA = "market_data"
    """Live quotes. Ticks stop for the products of a broken farm."""

    HISTORICAL = "historical"
    """Bars and charts (HMDS). Live bars that were following a broken farm are dead for good (10182)."""

    SEC_DEF = "sec_def"
    """Contract definitions. While it is broken, "no security definition" (200) is not to be believed."""


@unique
class FarmState(StrEnum):
    """What is known of one farm, each with what its reader should do."""

    UNKNOWN = "unknown"
    """Nothing was heard of it in this session. No fault: do nothing."""

    OK = "ok"
    """Connected. Use it."""

    INACTIVE = "inactive"
    """Dormant because nobody asked for data; wakes upon a request. No fault: use it."""

    CONNECTING = "connecting"
    """On its way. Wait; what comes next tells. No fault, unless it was broken before."""

    BROKEN = "broken"
    """Lost. Expect no data from it, and doubt what was cached, until it is ok or inactive."""
