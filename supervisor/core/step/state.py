"""All that is known of one gateway between two steps: the small machines side by side, and what none of them owns."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from operator import attrgetter, is_not

from supervisor.core.calendar.clock import Now
from supervisor.core.calendar.lookup import Calendar
from supervisor.core.calendar.windows import Occurrence, maintenance
from supervisor.core.explain.causes import Cause
from supervisor.core.explain.talk import Talk
from supervisor.core.model.counters import Counters
from supervisor.core.model.facts import Facts
from supervisor.core.model.policy import Policy
from supervisor.core.model.status import Status
from supervisor.core.parts import outages as books
from supervisor.core.parts.farms import Farms
from supervisor.core.parts.heartbeat import AT_REST, Heartbeat
from supervisor.core.parts.login import Login, recalled
from supervisor.core.parts.outages import Outages
from supervisor.core.parts.restarts import Restarts, opened
from supervisor.core.parts.session import Phase, Session
from supervisor.core.parts.upstream import Upstream


@dataclass(frozen=True, slots=True)
class Maintenance:
    """The window that the operator opened from the command line."""

    begins: datetime
    until: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Desupport:
    """2172: IBKR will refuse this version of the gateway."""

    on: datetime
    """The first moment of the day it named, in UTC."""
    server_version: int | None
    """The version that was told so; a later one clears it."""
    heard_at: float
    """Monotonic seconds."""


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
class Spell:
    """A stretch of time over which the same windows are open."""

    begins: datetime
    """When it was looked up."""
    ends: datetime | None
    """The next edge of a window; None if there is no more."""
    active: tuple[Occurrence, ...]
    """The windows that are open, the one that began first in front."""

    def covers(self, wall: datetime) -> bool:
        """Whether nothing need be looked up for this instant."""
        return self.begins <= wall and (self.ends is None or wall < self.ends)


@dataclass(slots=True)
class State:
    """Of one gateway. A step works on a copy of its own: nobody changes one that was handed out.

    All its parts are frozen, so a copy is shallow.
    """

    at: Now
    """When the last step was taken."""
    calendar: Calendar
    """The configured windows and the operator's maintenance."""
    spell: Spell
    session: Session
    login: Login
    heartbeat: Heartbeat = AT_REST
    upstream: Upstream = Upstream()
    farms: Farms = Farms()
    outages: Outages = Outages()
    restarts: Restarts = Restarts()
    counters: Counters = Counters()
    clock: GatewayClock = GatewayClock()
    talk: Talk = Talk()
    maintenance: Maintenance | None = None
    desupport: Desupport | None = None
    paused: bool = False
    paused_until: datetime | None = None
    height: int = 0
    """How many layers of the ladder are up."""
    low_since: float | None = None
    """Since when a layer below `upstream` has been broken at a stretch."""
    status: Status = Status.DOWN
    status_since: datetime | None = None
    cause: Cause | None = None
    """Why it is not up, in words, and the cure."""
    tried: bool = False
    """The first attempt has ended, one way or the other."""
    known: bool = False
    """A session was ready once, in this process or an earlier one."""
    first_ready_at: float | None = None
    ready_since: datetime | None = None
    last_message: datetime | None = None
    highest_order_id: int | None = None
    competing_at: float | None = None
    """When a competing session was last heard of; None if never."""
    requests: int = 0
    """Probes sent: the next one's number."""
    facts: Facts = Facts()
    """What was last handed out to be kept."""

    @property
    def active(self) -> tuple[Occurrence, ...]:
        """The windows that are open."""
        return self.spell.active

    def copied(self) -> "State":
        """Another one, equal to this."""
        return State(*_parts(self))


_parts = attrgetter(*State.__slots__)


def initial(policy: Policy, facts: Facts, now: Now, seed: int) -> State:
    """Before the first step. `facts` are an earlier process's; `seed` is of the jitter."""
    maintenance_now = None
    if facts.maintenance_from and facts.maintenance_until and facts.maintenance_until > now.wall:
        maintenance_now = Maintenance(facts.maintenance_from, facts.maintenance_until, facts.maintenance_reason)
    paused = facts.paused and (facts.paused_until is None or facts.paused_until > now.wall)
    desupport = None
    if facts.desupported_on is not None:
        desupport = Desupport(facts.desupported_on, facts.desupported_version, now.mono)
    calendar = calendar_of(policy, maintenance_now)
    spell = spell_at(calendar, now.wall)
    login = recalled(facts, policy, now)
    return State(
        at=now,
        calendar=calendar,
        spell=spell,
        session=Session(
            policy.port, policy.client_id, seed, phase=Phase.STOPPED if paused else Phase.IDLE, since=now.mono
        ),
        login=login,
        upstream=Upstream(up=not facts.upstream_lost),
        outages=Outages(inherited=facts.outage),
        restarts=replace(opened(spell.active), stray=facts.restart_stray),
        maintenance=maintenance_now,
        desupport=desupport,
        paused=paused,
        paused_until=facts.paused_until if paused else None,
        low_since=login.lost_at.mono if login.lost_at is not None and not paused else None,
        status=Status.STOPPED if paused else Status.DOWN,
        status_since=now.wall,
        known=facts.known,
        highest_order_id=facts.highest_order_id,
        facts=facts,
    )


def spell_at(calendar: Calendar, wall: datetime) -> Spell:
    """The windows of this instant, and how long that holds."""
    return Spell(wall, calendar.next_edge_after(wall), calendar.active_at(wall))


def calendar_of(policy: Policy, extra: Maintenance | None) -> Calendar:
    """The windows of a gateway: the configured ones and the operator's."""
    if extra is None:
        return Calendar(policy.windows)
    return Calendar((*policy.windows, maintenance(extra.begins, extra.until - extra.begins)))


def facts_of(state: State, *, exactly: bool = False) -> Facts:
    """What must survive. `exactly`: this is the last word, so that even the seconds of an open outage count."""
    login, upkeep, desupport = state.login, state.maintenance, state.desupport
    return Facts(
        known=state.known,
        upstream_lost=not state.upstream.up,
        session_lost_at=login.lost_at.wall if login.lost_at is not None else None,
        session_lost_in_restart=login.lost_in_restart,
        port_gone=login.gone,
        login_proven_at=login.proven_at,
        login_assumed=login.assumed,
        reauth_due=login.due_from,
        highest_order_id=state.highest_order_id,
        paused=state.paused,
        paused_until=state.paused_until,
        maintenance_from=upkeep.begins if upkeep is not None else None,
        maintenance_until=upkeep.until if upkeep is not None else None,
        maintenance_reason=upkeep.reason if upkeep is not None else "",
        desupported_on=desupport.on if desupport is not None else None,
        desupported_version=desupport.server_version if desupport is not None else None,
        restart_stray=state.restarts.stray,
        outage=books.left_open(state.outages, exactly=exactly),
    )


_memorable = attrgetter(
    "known",
    "upstream.up",
    "login",
    "highest_order_id",
    "paused",
    "paused_until",
    "maintenance",
    "desupport",
    "restarts.stray",
    "outages.current",
    "outages.inherited",
)


def may_differ(before: State, after: State) -> bool:
    """Whether anything changed that `facts_of` reads: it is asked after every step, and seldom has news."""
    return any(map(is_not, _memorable(before), _memorable(after)))


def day_begins(day: date) -> datetime:
    """The first moment of a day, in UTC."""
    return datetime.combine(day, time(), UTC)
