"""All that is known of one gateway between two steps: the parts side by side, and what none of them owns."""

from datetime import UTC, date, datetime, time, timedelta
from operator import attrgetter, is_not

from supervisor.core.calendar.clock import Now
from supervisor.core.calendar.lookup import Calendar
from supervisor.core.calendar.windows import Occurrence, maintenance
from supervisor.core.model.cause import Cause
from supervisor.core.model.counters import Counters
from supervisor.core.model.facts import Facts, OpenOutage, UsedId, at_address
from supervisor.core.model.layers import Layer
from supervisor.core.model.policy import Policy
from supervisor.core.model.snapshot import GatewayClock
from supervisor.core.model.status import Status
from supervisor.core.model.vocabulary import Phase
from supervisor.core.parts import outages as outages_part
from supervisor.core.parts.accounts import FITTING, AccountGuard
from supervisor.core.parts.behind.canary import Canary
from supervisor.core.parts.behind.eyes import BLIND, Eyes
from supervisor.core.parts.behind.kernel import NEVER_ASKED, Kernel
from supervisor.core.parts.farms import Farms
from supervisor.core.parts.gate import Gate
from supervisor.core.parts.heartbeat import AT_REST, Heartbeat
from supervisor.core.parts.login import Login, recalled
from supervisor.core.parts.operator import Maintenance, Operator, Pause
from supervisor.core.parts.order_ids import OrderIds
from supervisor.core.parts.outages import Outages
from supervisor.core.parts.recovery import memory
from supervisor.core.parts.recovery.memory import NOTHING_DONE, Recovery
from supervisor.core.parts.restarts import Restarts, opened
from supervisor.core.parts.session import Session
from supervisor.core.parts.telling import notify as notify_part
from supervisor.core.parts.telling.notify import SILENT, Notify
from supervisor.core.parts.upstream import Upstream
from supervisor.frozen import dataclass, replace

COMPETING_FOR = 300.0
"""Seconds of silence after which a competing session is over."""


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
class WindowSpan:
    """A stretch of time over which the same windows are open."""

    begins: datetime
    """When it was looked up."""
    ends: datetime | None
    """The next edge of a window; None if there is no more."""
    active: tuple[Occurrence, ...]
    """The windows that are open, the one that began first in front."""
    restarts: tuple[Occurrence, ...] = ()
    """The restarts whose windows are open, and the next ones."""

    def covers(self, wall: datetime) -> bool:
        """Whether nothing need be looked up for this instant."""
        return self.begins <= wall and (self.ends is None or wall < self.ends)


@dataclass(frozen=True, slots=True)
class Wake:
    """When the next step is due, on either clock; None if nothing is."""

    mono: float | None
    wall: datetime | None

    def is_due(self, now: Now) -> bool:
        """Whether it has come."""
        return (self.mono is not None and now.mono >= self.mono) or (self.wall is not None and now.wall >= self.wall)


NEVER = Wake(None, None)


@dataclass(slots=True)
class State:
    """Of one gateway. A step works on a copy of its own: nobody changes one that was handed out.

    All its parts are frozen, so a copy is shallow. Only `supervisor.core.step` writes here.
    """

    at: Now
    """When the last step was taken."""
    calendar: Calendar
    """The configured windows and the operator's maintenance."""
    span: WindowSpan
    session: Session
    login: Login
    gate: Gate
    accounts: AccountGuard = FITTING
    heartbeat: Heartbeat = AT_REST
    upstream: Upstream = Upstream()
    farms: Farms = Farms()
    outages: Outages = Outages()
    restarts: Restarts = Restarts()
    operator: Operator = Operator()
    order_ids: OrderIds = OrderIds()
    counters: Counters = Counters()
    clock: GatewayClock = GatewayClock()
    eyes: Eyes = BLIND
    recovery: Recovery = NOTHING_DONE
    kernel: Kernel = NEVER_ASKED
    canary: Canary | None = None
    desupport: Desupport | None = None
    broken: Layer | None = Layer.PORT
    """The lowest layer broken; None if every layer is up."""
    low_since: float | None = None
    """Since when a layer below `upstream` has been broken at a stretch."""
    status: Status = Status.DOWN
    status_since: datetime | None = None
    settled_status: Status = Status.DOWN
    """The last status that was not a moment in between."""
    cause: Cause | None = None
    """Why it is not up."""
    ignored: tuple[float, ...] = ()
    """When pings were ignored lately, in monotonic seconds."""
    tried: bool = False
    """The first attempt has ended, one way or the other."""
    known: bool = False
    """A session was ready once, in this process or an earlier one."""
    last_message: datetime | None = None
    highest_order_id: int | None = None
    competing_at: float | None = None
    """When a competing session was last heard of, in monotonic seconds; None if never."""
    competing_heard: datetime | None = None
    """The same on the wall clock, for another process."""
    requests: int = 0
    """Probes sent: the next one's number."""
    notify: Notify = SILENT
    """What people are told."""
    notify_due: float | None = None
    """The monotonic moment at which they may have to be told more; None: only if something happens."""
    gate_heard: bool = False
    """Whether the gate was open when that was last looked at: it is judged after it."""
    program_ran: tuple[int, float] = (0, 0.0)
    """The last epoch of a hosted program, and how long its own code held that session's thread, in seconds."""
    facts: Facts = Facts()
    """What was last handed out to be kept."""
    wake: Wake = NEVER
    """When the next step is due."""

    @property
    def active(self) -> tuple[Occurrence, ...]:
        """The windows that are open."""
        return self.span.active

    @property
    def ready_at(self) -> float | None:
        """When the session became ready, in monotonic seconds; None without one."""
        ready = self.session.ready
        return None if ready is None else ready.mono

    @property
    def competing(self) -> bool | None:
        """Whether a competing session is at work; None if none was ever heard of."""
        return None if self.competing_at is None else self.at.mono - self.competing_at < COMPETING_FOR

    def copied(self) -> "State":
        """Another one, equal to this."""
        return State(*_parts(self))


_parts = attrgetter(*State.__slots__)


def initial(policy: Policy, facts: Facts, now: Now, seed: int) -> State:
    """Before the first step. `facts` are an earlier process's; `seed` is of the jitter."""
    told, facts = facts, at_address(facts, policy.host, policy.port)
    operator = _recalled_operator(facts, now.wall)
    paused = operator.pause is not None
    desupport = None
    if facts.desupported_on is not None:
        desupport = Desupport(facts.desupported_on, facts.desupported_version, now.mono)
    competing_at = facts.competing_at
    ago = (now.wall - competing_at).total_seconds() if competing_at is not None else COMPETING_FOR
    calendar = calendar_of(policy, operator.maintenance)
    span = span_at(calendar, now.wall)
    login = recalled(facts, policy, now)
    status = Status.STOPPED if paused else Status.DOWN
    return State(
        at=now,
        calendar=calendar,
        span=span,
        session=Session(
            policy.port,
            policy.client_id,
            seed,
            phase=Phase.STOPPED if paused else Phase.IDLE,
            epoch=facts.epoch,
            since=now.mono,
            ended=_ended_ids(facts, now),
        ),
        login=login,
        gate=Gate(now.wall, epoch=facts.epoch),
        upstream=Upstream(up=not facts.upstream_lost),
        outages=Outages(inherited=facts.outage),
        restarts=replace(opened(span.active), stray=facts.restart_stray),
        operator=operator,
        order_ids=OrderIds(facts.first_ids),
        desupport=desupport,
        recovery=memory.recalled(facts.deeds, facts.deed, now) if facts.deeds else NOTHING_DONE,
        low_since=login.lost_at.mono if login.lost_at is not None and not paused else None,
        status=status,
        status_since=now.wall,
        known=facts.known,
        highest_order_id=facts.highest_order_id,
        competing_at=now.mono - max(0.0, ago) if ago < COMPETING_FOR else None,
        competing_heard=competing_at if ago < COMPETING_FOR else None,
        notify=notify_part.recalled(facts.talks, _untold(facts.outage), now),
        notify_due=now.mono,
        facts=told,
    )


def _recalled_operator(facts: Facts, wall: datetime) -> Operator:
    """What the operator asked an earlier process for, as far as it still holds."""
    pause = maintenance_now = None
    if facts.paused and (facts.paused_until is None or facts.paused_until > wall):
        pause = Pause(facts.paused_until, facts.paused_by)
    if facts.maintenance_from and facts.maintenance_until and facts.maintenance_until > wall:
        maintenance_now = Maintenance(facts.maintenance_from, facts.maintenance_until, facts.maintenance_reason)
    return Operator(pause, maintenance_now)


def span_at(calendar: Calendar, wall: datetime) -> WindowSpan:
    """The windows of this instant, and how long that holds."""
    return WindowSpan(wall, calendar.next_edge_after(wall), calendar.active_at(wall), calendar.restarts_from(wall))


def calendar_of(policy: Policy, extra: Maintenance | None) -> Calendar:
    """The windows of a gateway: the configured ones and the operator's."""
    if extra is None:
        return Calendar(policy.windows)
    return Calendar((*policy.windows, maintenance(extra.begins, extra.until - extra.begins)))


def facts_of(state: State, *, exactly: bool = False) -> Facts:
    """What must survive. `exactly`: this is the last word, so that even the seconds of an open outage count."""
    login, desupport = state.login, state.desupport
    pause, extra = state.operator.pause, state.operator.maintenance
    host, port = login.address
    return Facts(
        known=state.known,
        upstream_lost=not state.upstream.up and not state.upstream.undecided,
        session_lost_at=login.lost_at.wall if login.lost_at is not None else None,
        session_lost_in_restart=login.lost_in_restart,
        session_host=host,
        session_port=port,
        port_gone=login.port_closed,
        login_proven_at=login.proven_at,
        login_assumed=login.assumed,
        reauth_due=login.due_from,
        highest_order_id=state.highest_order_id,
        paused=pause is not None,
        paused_until=pause.until if pause is not None else None,
        paused_by=pause.by if pause is not None else "",
        maintenance_from=extra.begins if extra is not None else None,
        maintenance_until=extra.until if extra is not None else None,
        maintenance_reason=extra.reason if extra is not None else "",
        desupported_on=desupport.on if desupport is not None else None,
        desupported_version=desupport.server_version if desupport is not None else None,
        restart_stray=state.restarts.stray,
        client_ids=_client_ids(state.session),
        first_ids=state.order_ids.first,
        epoch=state.gate.epoch,
        outage=outages_part.left_open(state.outages, exactly=exactly),
        competing_at=state.competing_heard,
        deeds=memory.kept(state.recovery),
        deed=memory.left_open(state.recovery.deed) if state.recovery.deed is not None else None,
        talks=state.notify.kept,
    )


def _client_ids(live: Session) -> tuple[UsedId, ...]:
    """When each client id was last in use; None while it is."""
    used = {client_id: UsedId(client_id, now.wall) for client_id, now in live.ended.items()}
    if live.greeting is not None:
        used[live.client_id] = UsedId(live.client_id, None)
    return tuple([used[client_id] for client_id in sorted(used)])


def _ended_ids(facts: Facts, now: Now) -> dict[int, Now]:
    """When an earlier process let go of its client ids: at the latest when it was last seen alive."""
    found = {}
    for used in facts.client_ids:
        end = used.ended if used.ended is not None else facts.alive_at
        if end is not None:
            found[used.client_id] = Now(now.mono - max(0.0, (now.wall - end).total_seconds()), end)
    return found


_memorable = attrgetter(
    "known",
    "upstream.up",
    "upstream.undecided",
    "session.ended",
    "session.greeting",
    "login",
    "highest_order_id",
    "operator",
    "order_ids.first",
    "gate.epoch",
    "desupport",
    "restarts.stray",
    "competing_heard",
    "outages.current",
    "outages.inherited",
    "recovery.done",
    "recovery.deed",
    "notify.kept",
)


def may_differ(before: State, after: State) -> bool:
    """Whether anything changed that `facts_of` reads: it is asked after every step, and seldom has news."""
    return any(map(is_not, _memorable(before), _memorable(after)))


def outage_id(began: datetime) -> str:
    """The id of an outage, in any process: the instant at which it began."""
    return f"outage-{began:%Y%m%dT%H%M%S.%fZ}"


def _untold(outage: OpenOutage | None) -> tuple[str, datetime] | None:
    return None if outage is None or outage.planned else (outage_id(outage.began), outage.began)


LOGIN_SOON = timedelta(hours=14)
"""So long before it is due, people are told of the weekly login."""


def login_soon(state: State) -> datetime | None:
    """When people are told that the weekly login is due: not before a login would count.

    None if it never is, and without a record: then it may well not be due.
    """
    known = state.login
    due, expiry = known.due, known.due_from
    return None if due is None or expiry is None or known.unwatched is not None else max(due.at - LOGIN_SOON, expiry)


def day_begins(day: date) -> datetime:
    """The first moment of a day, in UTC."""
    return datetime.combine(day, time(), UTC)
