"""What happened at one gateway: typed records, in the past tense.

- The core returns them with each step, in their order. Journal, API, metrics and demo read their fields;
  `supervisor.core.explain` alone makes sentences of them, and decides whether something has been said already.
- A record says what was so at its moment: `planned`, and the likely cause, are judged there and stay.
- Instants are aware UTC datetimes, durations seconds.
"""

from datetime import datetime, timedelta

from supervisor.core.codes.farm_kinds import FarmKind, FarmState
from supervisor.core.model.behind.canary import CanaryBlind, CanaryChanged
from supervisor.core.model.behind.sight import LoginStateChanged
from supervisor.core.model.cause import Cause
from supervisor.core.model.gate import GateClosed, GateOpened, GateReasonsChanged, IdsKnown
from supervisor.core.model.layers import Layer
from supervisor.core.model.recovery.records import RecoveryRecord
from supervisor.core.model.status import Status
from supervisor.core.model.vocabulary import Data, Evidence, Failure, Loss, Planning, RestartResult
from supervisor.frozen import dataclass

# -- the session ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SessionReady:
    """A session has earned it."""

    epoch: int
    server_version: int
    client_id: int
    short_lived: int = 0
    """Sessions in a row before this one that were granted and lost at once."""


@dataclass(frozen=True, slots=True)
class SessionHolds:
    """A session has lasted, after others before it were granted and lost at once."""

    epoch: int
    short_lived: int
    """How many."""


@dataclass(frozen=True, slots=True)
class SessionLost:
    """A ready session ended, and we want another one."""

    epoch: int
    reason: Loss
    detail: str
    """The operating system's or the library's words; empty if there are none."""
    lasted: float
    planning: Planning
    cause: Cause | None
    short_lived: int = 0
    """Sessions in a row, this one among them, that were granted and lost at once."""


@dataclass(frozen=True, slots=True)
class AttemptFailed:
    """An attempt ended without a session."""

    epoch: int
    reason: Failure
    detail: str
    planning: Planning
    """PLANNED while a restart window explains the closed port."""
    cause: Cause


@dataclass(frozen=True, slots=True)
class HeartbeatMissed:
    """An answer did not come in time; one more request was sent."""


@dataclass(frozen=True, slots=True)
class SuspectChanged:
    """The gateway became suspect: a ping is not answered in time for a healthy one. Or it is so no more."""

    suspect: bool


@dataclass(frozen=True, slots=True)
class PingIgnored:
    """The gateway never answered a ping, and answered the one after it."""

    often: bool
    """The third time within ten minutes."""


@dataclass(frozen=True, slots=True)
class CallbackRaised:
    """A callback of ours raised: the session is over."""

    callback: str
    error: str


@dataclass(frozen=True, slots=True)
class MessageDropped:
    """The client library cannot decode a message that nobody here needs."""

    number: int
    name: str
    """The library's name of the message; empty if it has none."""
    library: str
    error: str


@dataclass(frozen=True, slots=True)
class PortChanged:
    """1300: somebody changed the API port. `port` is None if the text does not name one."""

    port: int | None
    cause: Cause


@dataclass(frozen=True, slots=True)
class OrderIdWentBack:
    """`nextValidId` is lower than one seen earlier."""

    order_id: int
    highest: int
    cause: Cause


@dataclass(frozen=True, slots=True)
class NoticeHeard:
    """A message code came, and was counted."""

    code: int
    request_id: int
    text: str
    cause: Cause | None = None
    told: bool = True
    """Nothing else tells of it: a farm or a loss of upstream has records of its own."""


# -- upstream and farms -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class UpstreamLost:
    """The gateway lost IBKR's servers: 1100 or 2110."""

    code: int
    planning: Planning
    cause: Cause


@dataclass(frozen=True, slots=True)
class UpstreamUnknown:
    """A session began without knowing that the gateway has IBKR's servers."""

    evidence: Evidence
    """`carried` or `assumed`."""


@dataclass(frozen=True, slots=True)
class UpstreamRestored:
    """Evidence came that the gateway has IBKR's servers again."""

    evidence: Evidence
    data: Data
    outstanding: bool
    """A loss was outstanding; else 1101 told of one that was over, or not ours to see."""
    lasted: float | None = None
    """None if an earlier process saw its beginning."""
    repeats: int = 0
    """1100 and 2110 after the first of this loss."""


@dataclass(frozen=True, slots=True)
class FarmChanged:
    """One farm is in another state."""

    kind: FarmKind
    name: str
    state: FarmState


@dataclass(frozen=True, slots=True)
class FarmsSettled:
    """What a burst of farm notices came to. Names are `kind/name`, sorted."""

    broken: tuple[str, ...]
    back: tuple[str, ...]
    """Told as broken earlier, and well now."""
    blinked: tuple[str, ...]
    """Broke and healed within the burst."""
    planning: Planning


@dataclass(frozen=True, slots=True)
class FarmsNeverSeen:
    """Required farms of which no notice spoke for a day."""

    farms: tuple[str, ...]


# -- windows, restarts, the login -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WindowTurned:
    """A window opened, or is over."""

    window: str
    active: bool


@dataclass(frozen=True, slots=True)
class RestartJudged:
    """A restart window was judged. `at` is the instant of the restart."""

    window: str
    at: datetime
    result: RestartResult


@dataclass(frozen=True, slots=True)
class RestartOver:
    """The gateway is back from a restart that was not judged."""


@dataclass(frozen=True, slots=True)
class RestartMoved:
    """The restart may have moved to another minute of the day."""

    minute: datetime
    zone: str | None
    """The zone in which it is configured."""


@dataclass(frozen=True, slots=True)
class LoginProven:
    """The weekly login is proven, or assumed."""

    assumed: bool


@dataclass(frozen=True, slots=True)
class LoginStated:
    """The operator said that the weekly login was done. Not `accepted`: it was too early."""

    accepted: bool


@dataclass(frozen=True, slots=True)
class LoginRequired:
    """A person must log in."""

    cause: Cause


@dataclass(frozen=True, slots=True)
class ZoneDiffers:
    """The gateway's clock is not that of the configured zone."""

    offset: timedelta
    zone: str
    configured: timedelta
    """The offset of that zone at the same instant."""


@dataclass(frozen=True, slots=True)
class ClockWrong:
    """No zone has the offset that the gateway's clock shows. `clock` is what it said."""

    clock: str


# -- the operator and the machine -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Paused:
    """The operator released the client id; `until` None is until resumed."""

    until: datetime | None
    by: str
    """Who did so."""


@dataclass(frozen=True, slots=True)
class Resumed:
    """The pause is over."""


@dataclass(frozen=True, slots=True)
class MaintenanceBegan:
    """The operator opened a window."""

    until: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class MaintenanceEnded:
    """The operator ended that window before its time."""


@dataclass(frozen=True, slots=True)
class Suspended:
    """The machine was asleep for so many seconds: not observed."""

    seconds: float


# -- how things stand -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StatusChanged:
    """The gateway has another status, and is not just passing through it."""

    before: Status
    status: Status
    broken: Layer | None
    farms: tuple[str, ...] = ()
    """The required farms that are broken, if `farms` is the lowest broken layer. Names are `kind/name`, sorted."""


@dataclass(frozen=True, slots=True)
class LayersChanged:
    """Other layers are up, and the status is the same."""

    broken: Layer | None


@dataclass(frozen=True, slots=True)
class OutageClosed:
    """An outage is over for good."""

    began: datetime
    ended: datetime
    """When every layer was up again; of a paused one, when it was paused."""
    layer: Layer
    """The lowest layer broken at its first moment."""
    planning: Planning
    seconds: float
    """Observed, gaps excluded; those of earlier processes too."""
    recovered: bool
    """It ended with every layer up, not with a pause."""
    cause: Cause | None
    """The first likely cause that was known."""
    flaps: int = 0
    """How often a layer broke again so soon that the outage went on."""


Record = (
    SessionReady
    | SessionHolds
    | SessionLost
    | AttemptFailed
    | HeartbeatMissed
    | SuspectChanged
    | PingIgnored
    | CallbackRaised
    | MessageDropped
    | PortChanged
    | OrderIdWentBack
    | NoticeHeard
    | UpstreamLost
    | UpstreamUnknown
    | UpstreamRestored
    | FarmChanged
    | FarmsSettled
    | FarmsNeverSeen
    | WindowTurned
    | RestartJudged
    | RestartOver
    | RestartMoved
    | LoginProven
    | LoginStated
    | LoginRequired
    | LoginStateChanged
    | CanaryChanged
    | CanaryBlind
    | ZoneDiffers
    | ClockWrong
    | GateClosed
    | GateReasonsChanged
    | GateOpened
    | IdsKnown
    | Paused
    | Resumed
    | MaintenanceBegan
    | MaintenanceEnded
    | Suspended
    | StatusChanged
    | LayersChanged
    | OutageClosed
    | RecoveryRecord
)
