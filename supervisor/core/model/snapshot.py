"""What everybody may know of one gateway: one frozen record for all observers, made after each step.

Observers read it from other threads, by reference. It holds what was true at `at`; instants are aware UTC datetimes,
durations seconds, None is unknown.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from supervisor.core.calendar.clock import Now
from supervisor.core.codes.farm_kinds import FarmKind, FarmState
from supervisor.core.explain.causes import Cause
from supervisor.core.model.counters import Counters
from supervisor.core.model.layers import LADDER, Layer
from supervisor.core.model.policy import Policy
from supervisor.core.model.status import Status
from supervisor.core.parts import farms
from supervisor.core.parts import login as reauth
from supervisor.core.parts.outages import Outages
from supervisor.core.parts.restarts import Restarts
from supervisor.core.parts.session import Phase
from supervisor.core.parts.upstream import Evidence
from supervisor.core.step.state import GatewayClock, State


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


@dataclass(frozen=True, slots=True)
class LoginView:
    """The weekly login; expiry and due are None for a gateway without a restart."""

    expiry: datetime | None
    due: datetime | None
    required: bool
    assumed: bool


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
    height: int
    """How many layers of the ladder are up."""
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
    next_attempt: datetime | None
    clock: GatewayClock
    desupported_on: datetime | None
    competing: bool | None
    """None if no competing session was ever heard of."""
    paused_until: datetime | None
    counters: Counters
    outages: Outages
    restarts: Restarts
    origin: State = field(repr=False, compare=False)
    """What it was made of: only to tell, by identity, what the next one can take over from this one."""

    def layer_up(self, layer: Layer) -> bool:
        """Whether this layer, and so every one before it, is up."""
        return LADDER.index(layer) < self.height


def snapshot(state: State, policy: Policy, before: Snapshot | None = None) -> Snapshot:
    """The record of a state.

    What has not changed since `before` is the same object again, so that its readers can tell.
    """
    live, line, now = state.session, state.upstream, state.at
    ready = live.phase is Phase.READY
    return Snapshot(
        policy=policy,
        at=now,
        status=state.status,
        since=state.status_since,
        phase=live.phase,
        epoch=live.epoch,
        port=live.port,
        client_id=live.client_id,
        tried=state.tried,
        height=state.height,
        farms=_farms(state, policy, before),
        farms_untracked=state.farms.untracked,
        upstream_up=line.up if ready or not line.up else None,
        upstream_since=line.since,
        upstream_evidence=line.evidence,
        settling=line.settling_until is not None,
        heartbeat_seconds=state.heartbeat.round_trip,
        last_message=state.last_message,
        ready_since=state.ready_since,
        server_version=live.server_version if ready else None,
        windows=_windows(state, before),
        login=_login(state, policy, before),
        cause=state.cause,
        next_attempt=_on_wall(now, live.deadline) if live.phase is Phase.BACKOFF else None,
        clock=state.clock,
        desupported_on=state.desupport.on if state.desupport is not None else None,
        competing=_competing(state),
        paused_until=state.paused_until,
        counters=state.counters,
        outages=state.outages,
        restarts=state.restarts,
        origin=state,
    )


T = TypeVar("T")

COMPETING_FOR = 300.0
"""Seconds of silence after which a competing session is over."""


def _competing(state: State) -> bool | None:
    return None if state.competing_at is None else state.at.mono - state.competing_at < COMPETING_FOR


def _farms(state: State, policy: Policy, before: Snapshot | None) -> tuple[FarmView, ...]:
    if before is not None and before.policy is policy and before.origin.farms is state.farms:
        return before.farms
    views = tuple(
        FarmView(
            kind=key[0],
            name=key[1],
            state=farm.state,
            since=farm.since,
            required=farms.is_required(key, policy),
            breaks_planned=farm.breaks_planned,
            breaks_unplanned=farm.breaks_unplanned,
        )
        for key, farm in state.farms.known.items()
    )
    return _same(views, before.farms if before is not None else None)


def _windows(state: State, before: Snapshot | None) -> tuple[WindowView, ...]:
    if before is not None and before.origin.spell is state.spell:
        return before.windows
    calendar, wall = state.calendar, state.at.wall
    views = []
    for name in calendar.names:
        following = calendar.next_start_after(name, wall)
        now_open = [occurrence for occurrence in state.active if occurrence.window.name == name]
        ahead = calendar.active_at(following) if following is not None else ()
        shown = now_open or [occurrence for occurrence in ahead if occurrence.window.name == name]
        start = min((occurrence.start for occurrence in shown), default=None)
        end = max((occurrence.planned_until for occurrence in shown), default=None)
        views.append(WindowView(name, bool(now_open), start, end, following))
    return _same(tuple(views), before.windows if before is not None else None)


def _login(state: State, policy: Policy, before: Snapshot | None) -> LoginView:
    login = state.login
    if before is not None and before.policy is policy and before.origin.login is login and login.proven_at is not None:
        return before.login
    return LoginView(
        expiry=reauth.expiry(login, policy, state.at.wall),
        due=login.due.at if login.due is not None else None,
        required=login.required,
        assumed=login.assumed,
    )


def _on_wall(now: Now, mono: float | None) -> datetime | None:
    return None if mono is None else now.wall + timedelta(seconds=mono - now.mono)


def _same(new: T, old: T | None) -> T:
    return old if old is not None and old == new else new
