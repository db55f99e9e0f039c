"""The canary: does the data of some contracts come? What the operator decided about it, and what is seen of it."""

from datetime import datetime
from enum import IntEnum, StrEnum

from supervisor.frozen import dataclass


@dataclass(frozen=True, slots=True)
class CanaryContract:
    """One contract, as IBKR names it. Empty fields are left to IBKR."""

    symbol: str
    sec_type: str
    exchange: str
    currency: str
    primary_exchange: str = ""
    local_symbol: str = ""

    @property
    def name(self) -> str:
        """The label `canary`: `EUR.USD`, `SPY`, `ESZ6`."""
        return self.local_symbol or (f"{self.symbol}.{self.currency}" if self.sec_type == "CASH" else self.symbol)


@dataclass(frozen=True, slots=True)
class CanaryPolicy:
    """The contracts, the client id of a connection of its own, and the age in seconds at which data is missed."""

    contracts: tuple[CanaryContract, ...]
    client_id: int = 913
    max_age: float = 60.0


class CanaryState(StrEnum):
    """Of one contract. The values are public. They never change."""

    ALIVE = "alive"
    """Data comes."""
    DEAD = "dead"
    """It should, and does not."""
    UNJUDGED = "unjudged"
    """Nobody can say: see why."""


class Unjudged(StrEnum):
    """Why a contract is not judged. The values are public. They never change."""

    GATEWAY = "gateway"
    """The gateway or IBKR is not up: that is told already."""
    CONNECTING = "connecting"
    """The canary's own connection is not ready."""
    ID_TAKEN = "id_taken"
    """Another program uses the canary's client id."""
    STARTING = "starting"
    """The market, the subscription or IBKR is back for less than `max_age`."""
    CLOSED = "closed"
    """Its market is closed."""
    NO_HOURS = "no_hours"
    """IBKR did not tell its hours."""
    REFUSED = "refused"
    """IBKR refuses it: there is no permission, or no such contract."""


FAULTS = frozenset({Unjudged.CONNECTING, Unjudged.ID_TAKEN, Unjudged.NO_HOURS, Unjudged.REFUSED})
"""Of these an operator is told when they last: something is to be mended."""


class DataType(IntEnum):
    """What kind of data comes, as the gateway numbers it."""

    LIVE = 1
    FROZEN = 2
    DELAYED = 3
    DELAYED_FROZEN = 4


class DataTypeName(StrEnum):
    """The same as a label: `ib_canary_data_type`."""

    LIVE = "live"
    FROZEN = "frozen"
    DELAYED = "delayed"
    DELAYED_FROZEN = "delayed_frozen"


@dataclass(frozen=True, slots=True)
class CanaryView:
    """One contract, as observers see it."""

    name: str
    state: CanaryState
    why: Unjudged | None
    since: datetime | None
    """Of the state."""
    last_update: datetime | None
    data_type: DataTypeName | None
    refused: str = ""
    """What IBKR said."""


@dataclass(frozen=True, slots=True)
class CanaryChanged:
    """A record: a contract is alive, dead or not judged, as it was not before."""

    name: str
    before: CanaryState
    state: CanaryState
    why: Unjudged | None
    max_age: float


@dataclass(frozen=True, slots=True)
class CanaryBlind:
    """A record: a contract has not been judged for some minutes, for a reason that can be mended."""

    name: str
    why: Unjudged
    refused: str
    client_id: int


# -- what is to be done -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CanaryConnect:
    """Open the canary's own session `epoch`."""

    epoch: int
    host: str
    port: int
    client_id: int
    connect_timeout: float
    handshake_timeout: float


@dataclass(frozen=True, slots=True)
class CanaryClose:
    """End it."""

    epoch: int


@dataclass(frozen=True, slots=True)
class CanaryHoursAsk:
    """Ask for the hours of a contract."""

    epoch: int
    request_id: int
    contract: CanaryContract


@dataclass(frozen=True, slots=True)
class CanarySubscribe:
    """Ask for the data of a contract; `instead_of` is the request that ends for it, 0 if there is none."""

    epoch: int
    request_id: int
    contract: CanaryContract
    instead_of: int = 0


CanaryAction = CanaryConnect | CanaryClose | CanaryHoursAsk | CanarySubscribe
