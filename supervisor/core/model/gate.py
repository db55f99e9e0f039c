"""The gate: may a program send orders now? Its reasons, what the operator decided about it, and what others see of it.

- The gate is open if no reason holds, and none has for `quiet` seconds.
- It is a lease: what was decided holds for `LEASE` seconds, so that a dead or frozen daemon leaves no "open" behind.
  Whoever passes the answer on passes on the time of the decision with it (`Snapshot.at`), and never a later one.
"""

from datetime import datetime
from enum import StrEnum

from supervisor.frozen import dataclass

LEASE = 2.0
"""Seconds for which a decision about the gate holds."""


class GateReason(StrEnum):
    """Why the gate is closed: the highest rank first. The values are public and never change.

    Each says what ends it.
    """

    STARTING = "starting"
    """Nothing is known yet. Ends with the first attempt."""
    PAUSED = "paused"
    """Paused by the operator, or shutting down. Ends with `resume`."""
    PORT = "port"
    HANDSHAKE = "handshake"
    SESSION = "session"
    HEARTBEAT = "heartbeat"
    UPSTREAM = "upstream"
    """The lowest layer broken. These five end when that layer is up."""
    FARMS = "farms"
    """A farm that `gate.farms` counts is broken. Ends when it is not."""
    SUSPECT = "suspect"
    """A ping is not answered in time for a healthy gateway. Ends with the answer, or with the session."""
    SETTLING = "settling"
    """The upstream has just come back. Ends after `settle`."""
    RESTART_SOON = "restart_soon"
    """A scheduled restart is near. Ends when it was seen and a session is ready again, or with its window."""
    COMPETING_SESSION = "competing_session"
    """Another session uses the login. Ends after 5 min of silence about it."""
    CANARY = "canary"
    """Data of a contract that should come does not. Ends when it comes, or should not any more."""
    ORDER_ID_REGRESSED = "order_id_regressed"
    """The session began with a lower order id than the one before. Ends with `confirm-ids`, or with another session."""
    UNDECODABLE = "undecodable"
    """Hosted sessions: a message about orders or the account was lost. Ends when the program acknowledges it."""
    PROGRAM_BUSY = "program_busy"
    """Hosted sessions: a callback of the program runs for too long. Ends when it returns."""


RANKED: tuple[GateReason, ...] = tuple(GateReason)
TOLD = frozenset({GateReason.CANARY, GateReason.UNDECODABLE, GateReason.PROGRAM_BUSY})
"""Reasons that are not seen in the state of the gateway: an event says that they hold, and that they do no more."""


class GateFarms(StrEnum):
    """Which broken farms close the gate."""

    MARKET_DATA = "market_data"
    """Required farms of market data. A historical farm that is away on a Saturday stops no order."""
    REQUIRED = "required"
    """All required farms."""
    IGNORE = "ignore"
    """None."""


@dataclass(frozen=True, slots=True)
class GatePolicy:
    """What the operator decided about the gate; durations are seconds."""

    before_restart: float = 60.0
    """The gate closes so long before a daily or weekly restart."""
    quiet: float = 1.0
    """It opens so long after the last reason ended."""
    farms: GateFarms = GateFarms.MARKET_DATA
    order_ids: bool = False
    """An order id lower than before closes it. The daemon's own id sends no orders, so this is off for it."""


@dataclass(frozen=True, slots=True)
class GateView:
    """The gate of one gateway, as decided at `Snapshot.at`."""

    open: bool
    reasons: tuple[GateReason, ...]
    """By rank. Never empty while closed: after the last one ended it stays here for `quiet`. Empty while open."""
    holding: bool
    """The reasons hold; False while open, and while it waits for `quiet` to pass."""
    since: datetime
    """When it opened or closed."""
    epoch: int
    """Of the last session that was ready. It only grows, across restarts of the daemon too."""
    next_restart: datetime | None
    """The next scheduled restart of the gateway."""


# -- what happened: records --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class GateClosed:
    """No order should be sent from now on. Reasons are in the order of their rank."""

    reasons: tuple[GateReason, ...]
    after: float
    """Seconds for which it was open."""


@dataclass(frozen=True, slots=True)
class GateReasonsChanged:
    """It is closed, and for other reasons."""

    reasons: tuple[GateReason, ...]


@dataclass(frozen=True, slots=True)
class GateOpened:
    """Orders may be sent. `reasons` are the last that held."""

    reasons: tuple[GateReason, ...]
    after: float
    """Seconds for which it was closed."""


@dataclass(frozen=True, slots=True)
class IdsKnown:
    """The operator said that the lower order ids are known. Not `needed`: none had gone back."""

    needed: bool
