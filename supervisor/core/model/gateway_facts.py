"""What a gateway tells of itself: its clock, and the end of its version."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class GatewayClock:
    """What the gateway's own clock says, by the handshake and by the heartbeats."""

    offset: timedelta | None = None
    """From UTC, to a quarter of an hour; None while unknown, or where no zone has it."""
    told_at: datetime | None = None
    """When it said so: the configured zone is compared at that instant."""
    mismatch: bool | None = None
    """It is not the offset of the configured zone; None if either is unknown."""
    skew: float | None = None
    """The gateway's clock minus ours, in seconds, resolution 1 s."""


@dataclass(frozen=True, slots=True)
class Desupport:
    """2172: IBKR will refuse this version of the gateway."""

    on: datetime
    """The first moment of the day it named, in UTC."""
    server_version: int | None
    """The version that was told so; a later one clears it."""
    heard_at: float
    """Monotonic seconds."""
