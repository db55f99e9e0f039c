"""How a session stands, as far as it follows from events and actions alone: what must be reported of it."""

from dataclasses import dataclass, field, fields

from supervisor.core.model.layers import Layer
from supervisor.core.model.policy import Policy
from supervisor.core.model.vocabulary import Phase
from supervisor.core.parts.farms import FarmKey, is_required

EARLY = 60.0


@dataclass
class Standing:
    """Of one process of the daemon. Times are monotonic seconds."""

    policy: Policy
    known: bool
    """A session was ready in an earlier process."""
    upstream_up: bool
    resetting: bool = False
    """A server reset is active; set before each step."""
    epoch: int = 0
    client_id: int = 0
    stopped: bool = False
    open: bool = False
    opened: bool = False
    shaken: bool = False
    accounts: tuple[str, ...] | None = None
    order_id: int | None = None
    ready: bool = False
    ready_at: float = 0.0
    reached: Layer = Layer.PORT
    """The lowest layer that the last attempt did not reach."""
    failure: str = ""
    """How the last attempt failed: `refused`, `closed`, `mute`, `timeout`, `in_use`, `mismatch` or `other`."""
    port: int = 0
    """Of the last attempt."""
    home: int = 0
    """Of the last ready session; 0 once 1300 has told that the gateway leaves it."""
    gone: bool = False
    """Since the last ready session its port refused, or closed before the handshake."""
    was_gone: bool = False
    """The same when the present session became ready."""
    waited_for: str = ""
    """The failure whose wait the present session comes after, until its first answer."""
    ended: str = ""
    """What ended in the last step: `lost`, `failed`, or nothing."""
    lasted: float = 0.0
    """How long the session that was lost had been ready."""
    early_from: float | None = None
    """When a session that was stable was lost, if none that was not came since."""
    ended_at: dict[int, float] = field(default_factory=dict)
    """When the last connection of each client id ended on which START_API was sent."""
    unready_since: float | None = None
    debt: int = 0
    mutes: int = 0
    conflicts: int = 0
    ghostly: bool = False
    tried: bool = False
    acted_at: float = 0.0
    """When actions were last carried out: later than the events that waited for a loop that stalled."""
    pinged_at: float | None = None
    """The request without an answer whose deadline is running."""
    asks_anew: bool = False
    """The machine slept: the next request begins a deadline of its own."""
    undecided: bool = False
    """Upstream is assumed to be lost, and the first probe has not decided it."""
    probed: bool = False
    """A probe was sent in this session."""
    answered_at: float = 0.0
    beats: bool = False
    heard_at: float | None = None
    """1100 or 2110, in this session."""
    by_1100: bool = False
    probes: list[int] = field(default_factory=list)
    broken: set[FarmKey] = field(default_factory=set)
    sockets: set[int] = field(default_factory=set)
    """Sessions that were asked for, and neither closed by us nor told to be over."""

    def lowest_broken(self) -> Layer | None:
        """The lowest layer that must be reported broken; None if all must be up."""
        if not self.ready:
            return self.reached
        if not self.beats:
            return Layer.HEARTBEAT
        if not self.upstream_up:
            return Layer.UPSTREAM
        return Layer.FARMS if any(is_required(key, self.policy) for key in self.broken) else None

    def phase(self) -> Phase:
        """The phase that this leaves."""
        if self.stopped:
            return Phase.STOPPED
        if self.ready:
            return Phase.READY
        if self.open:
            return Phase.HANDSHAKING if self.shaken else Phase.CONNECTING
        return Phase.BACKOFF

    def brief(self) -> str:
        """For people."""
        facts = {spec.name: getattr(self, spec.name) for spec in fields(self) if spec.name != "policy"}
        return " ".join(f"{name}={value}" for name, value in facts.items() if value)

    def is_early(self, now: float) -> bool:
        """A stable session was lost less than a minute ago."""
        return self.early_from is not None and now - self.early_from < EARLY

    @property
    def closed(self) -> bool:
        """The last attempt says that the process is gone."""
        return self.failure == "refused" or (self.failure == "closed" and self.reached is not Layer.SESSION)
