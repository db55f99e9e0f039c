"""What everybody may know of one gateway: one frozen record for all observers, made after each step.

Observers read it from other threads, by reference. It holds what was true at `at`; instants are aware UTC datetimes,
durations seconds, None is unknown.
"""

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime, timedelta

from supervisor.core.calendar.clock import Now
from supervisor.core.codes.farm_kinds import FarmKind, FarmState
from supervisor.core.model.behind.canary import CanaryView
from supervisor.core.model.behind.sight import KernelSaid, Seen, Sockets
from supervisor.core.model.cause import Cause
from supervisor.core.model.counters import Counters, Histogram
from supervisor.core.model.facts import OpenOutage
from supervisor.core.model.gate import GateView
from supervisor.core.model.layers import Layer, layers_up
from supervisor.core.model.policy import Policy
from supervisor.core.model.recovery.views import RecoveryView
from supervisor.core.model.status import Status
from supervisor.core.model.vocabulary import Evidence, Phase, Planning, RestartResult
from supervisor.frozen import dataclass


@dataclass(frozen=True, slots=True)
class GatewayClock:
    """What the gateway's own clock says, by the handshake and by the heartbeats."""

    offset: timedelta | None = None
    """From UTC, to a quarter of an hour; None while unknown, or where no zone has it."""
    told_at: datetime | None = None
    """When it said so: the configured zone is compared at that instant."""
    ahead: timedelta | None = None
    """What it shows minus UTC, to a second, zone and error together; None while unknown."""
    mismatch: bool | None = None
    """It is not the offset of the configured zone; None if either is unknown."""
    skew: float | None = None
    """The gateway's clock minus ours, in seconds, resolution 1 s."""


@dataclass(frozen=True, slots=True)
class FarmView:
    """One farm."""

    kind: FarmKind
    name: str
    state: FarmState
    since: datetime
    required: bool
    breaks_planned: int
    breaks_unplanned: int


@dataclass(frozen=True, slots=True)
class WindowView:
    """One window, by its name: the opening that is active, else the next one."""

    name: str
    active: bool
    start: datetime | None
    end: datetime | None
    """When it stops explaining: its grace included."""
    next_start: datetime | None
    """The first start later than now."""
    at: datetime | None = None
    """What people mean by its time: the restart itself, the first moment of a reset. `start` is earlier by the lead."""


@dataclass(frozen=True, slots=True)
class LoginView:
    """The weekly login; expiry and due are None for a gateway without a restart."""

    expiry: datetime | None
    due: datetime | None
    required: bool
    assumed: bool


@dataclass(frozen=True, slots=True)
class RestartView:
    """The scheduled restarts."""

    counts: Mapping[RestartResult, int]
    pending: bool
    """Lost in a restart window, and not ready since."""
    last: datetime | None
    """The last restart seen."""
    offset: float | None
    """Seconds from the configured instant to the one seen."""
    blips: int
    """Sessions lost and reopened in a restart window without the port having closed."""


@dataclass(frozen=True, slots=True)
class PauseView:
    """The operator paused the gateway; `until` None is without an end."""

    until: datetime | None
    by: str


@dataclass(frozen=True, slots=True)
class Outage:
    """One outage that has not closed."""

    began: datetime
    layer: Layer
    """The lowest layer broken at its first moment."""
    planning: Planning
    seconds: float = 0.0
    """Observed, gaps excluded; those of earlier processes too."""
    held: float = 0.0
    """Of this process, not yet booked because it is still planned."""
    ended: Now | None = None
    """Every layer is up again since; it may still be continued."""
    cause: Cause | None = None
    """The first likely cause that was known."""
    flaps: int = 0
    """How often it was continued: a layer broke again within `outage_merge`."""
    continued_until: float | None = None
    """The monotonic moment from which it is continued no more; None before its first end."""


@dataclass(frozen=True, slots=True)
class OutageTotals:
    """The numbers behind the metrics of outages, since the process began."""

    observed: float = 0.0
    seconds: Mapping[tuple[Layer, Planning], float] = field(default_factory=dict)
    """Booked, by layer."""
    counts: Mapping[tuple[Layer, Planning], int] = field(default_factory=dict)
    """Closed, by layer."""
    flaps: Mapping[tuple[Layer, Planning], int] = field(default_factory=dict)
    """Continued, by layer; judged when it happened."""
    recovery: Mapping[Planning, Histogram] = field(default_factory=dict)
    """The seconds of the outages that closed with every layer up."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One gateway."""

    policy: Policy
    at: Now
    status: Status
    since: datetime | None
    """Of the status."""
    phase: Phase
    epoch: int
    port: int
    """In use: the configured one, or the one that 1300 named."""
    client_id: int
    tried: bool
    """The first attempt has ended, one way or the other."""
    broken: Layer | None
    """The lowest layer broken; None if every layer is up."""
    farms: tuple[FarmView, ...]
    farms_untracked: int
    upstream_up: bool | None
    """None without a session, unless a loss is outstanding."""
    upstream_since: datetime | None
    upstream_evidence: Evidence | None
    settling: bool
    heartbeat_seconds: float | None
    """The last measured round trip."""
    last_message: datetime | None
    ready_since: datetime | None
    server_version: int | None
    windows: tuple[WindowView, ...]
    login: LoginView
    cause: Cause | None
    """Why it is not up."""
    next_attempt: datetime | None
    clock: GatewayClock
    desupported_on: datetime | None
    competing: bool | None
    """None if no competing session was ever heard of."""
    pause: PauseView | None
    known: bool
    """Whether anything is known of the layers: not while paused, nor until the first attempt after it has ended."""
    suspect: bool
    """A ping is not answered in time for a healthy gateway."""
    gate: GateView
    counters: Counters
    observing: bool
    """Time counts: the first attempt has ended, and nobody paused the gateway."""
    outage: Outage | None
    """The one that has not closed."""
    outage_left: OpenOutage | None
    """One that an earlier process left open, until the first observation."""
    outages: OutageTotals
    restarts: RestartView
    seen: Seen | None = None
    """What is seen behind the port; None without a controller."""
    recovery: RecoveryView | None = None
    """None where it is off."""
    canary: tuple[CanaryView, ...] | None = None
    """The contracts of the canary; None without one."""
    sockets: Sockets | None = None
    """The kernel's last look at the gateway's port, while it counts."""
    kernel: KernelSaid | None = None
    """What that says of a request that is not answered in time."""

    @property
    def up(self) -> bool:
        """Whether every layer is known to be up."""
        return self.known and self.broken is None

    def layer_up(self, layer: Layer) -> bool | None:
        """Whether this layer, and so every one before it, is up; None if nothing is known."""
        return layer in layers_up(self.broken) if self.known else None
