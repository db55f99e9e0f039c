"""The snapshot of a state: the one frozen record that observers read."""

from datetime import datetime, timedelta
from typing import TypeVar

from supervisor.core.calendar.clock import Now
from supervisor.core.model.behind.sight import KernelSaid
from supervisor.core.model.gate import GateView
from supervisor.core.model.policy import Policy
from supervisor.core.model.recovery.rules import RecoveryPolicy
from supervisor.core.model.recovery.views import RecoveryView
from supervisor.core.model.snapshot import FarmView, LoginView, PauseView, RestartView, Snapshot, WindowView
from supervisor.core.model.status import Status
from supervisor.core.model.vocabulary import Phase
from supervisor.core.parts import farms, login
from supervisor.core.parts.behind import kernel
from supervisor.core.parts.recovery import shown
from supervisor.core.step.state import State

T = TypeVar("T")
Earlier = tuple[State, Snapshot]
"""A state, and what was made of it."""


def snapshot(state: State, policy: Policy, earlier: Earlier | None = None) -> Snapshot:
    """The record of a state.

    What has not changed since `earlier` is the same object again, so that readers can tell by identity.
    """
    live, line, now = state.session, state.upstream, state.at
    ready = live.phase is Phase.READY
    pause, greeting = state.operator.pause, live.greeting
    if earlier is not None and earlier[1].policy is not policy:
        earlier = None
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
        broken=state.broken,
        farms=_farms(state, policy, earlier),
        farms_untracked=state.farms.untracked,
        upstream_up=line.up if ready or not line.up else None,
        upstream_since=line.since,
        upstream_evidence=line.evidence,
        settling=line.settling_until is not None,
        heartbeat_seconds=state.heartbeat.round_trip,
        last_message=state.last_message,
        ready_since=live.ready.wall if live.ready is not None else None,
        server_version=greeting.server_version if ready and greeting is not None else None,
        windows=_windows(state, earlier),
        login=_login(state, policy, earlier),
        cause=state.cause,
        next_attempt=_on_wall(now, live.deadline) if live.phase is Phase.BACKOFF else None,
        clock=state.clock,
        desupported_on=state.desupport.on if state.desupport is not None else None,
        competing=state.competing,
        pause=PauseView(pause.until, pause.by) if pause is not None else None,
        known=not _unknown(state),
        suspect=state.heartbeat.suspect,
        gate=_gate(state, earlier),
        counters=state.counters,
        observing=state.outages.observing,
        outage=state.outages.current,
        outage_left=state.outages.inherited,
        outages=state.outages.totals,
        restarts=_restarts(state, earlier),
        seen=state.eyes.seen if policy.controller is not None else None,
        canary=state.canary.views if state.canary is not None else None,
        sockets=kernel.fresh(state.kernel, now.mono) if policy.kernel else None,
        kernel=_kernel(state) if state.heartbeat.suspect else None,
        recovery=_recovery(state, policy.recovery, earlier) if policy.recovery is not None else None,
    )


def _kernel(state: State) -> KernelSaid | None:
    """Of a suspect: at least one of its pings is unanswered."""
    process = state.eyes.seen.process
    pid = process.pid if process is not None else None
    return kernel.of_request(state.kernel, state.heartbeat.pings[0], state.at.mono, pid)


def _unknown(state: State) -> bool:
    """While paused no attempt is made, and after a resume the first one has not ended: nothing is known."""
    return state.status is Status.STOPPED or (state.settled_status is Status.STOPPED and not state.tried)


def _farms(state: State, policy: Policy, earlier: Earlier | None) -> tuple[FarmView, ...]:
    if earlier is not None and earlier[0].farms is state.farms:
        return earlier[1].farms
    known = state.farms.known
    if earlier is None or len(earlier[0].farms.known) != len(known):
        return tuple(_farm(key, farm, policy) for key, farm in known.items())
    # A farm that is known keeps its place, so most views are those of before.
    before = zip(earlier[0].farms.known.values(), earlier[1].farms, strict=True)
    pairs = zip(known.items(), before, strict=True)
    views = tuple([view if farm is was else _farm(key, farm, policy) for (key, farm), (was, view) in pairs])
    return _same(views, earlier[1].farms)


def _farm(key: farms.FarmKey, farm: farms.Farm, policy: Policy) -> FarmView:
    return FarmView(
        kind=key[0],
        name=key[1],
        state=farm.state,
        since=farm.since,
        required=farms.is_required(key, policy),
        breaks_planned=farm.breaks_planned,
        breaks_unplanned=farm.breaks_unplanned,
    )


def _windows(state: State, earlier: Earlier | None) -> tuple[WindowView, ...]:
    if earlier is not None and earlier[0].span is state.span:
        return earlier[1].windows
    calendar, wall = state.calendar, state.at.wall
    views = []
    for name in calendar.names:
        following = calendar.next_start_after(name, wall)
        now_open = [occurrence for occurrence in state.active if occurrence.window.name == name]
        ahead = calendar.active_at(following) if following is not None else ()
        shown = now_open or [occurrence for occurrence in ahead if occurrence.window.name == name]
        start = min((occurrence.start for occurrence in shown), default=None)
        end = max((occurrence.planned_until for occurrence in shown), default=None)
        at = min((occurrence.at for occurrence in shown), default=None)
        views.append(WindowView(name, bool(now_open), start, end, following, at))
    return _same(tuple(views), earlier[1].windows if earlier is not None else None)


def _login(state: State, policy: Policy, earlier: Earlier | None) -> LoginView:
    known = state.login
    if earlier is not None and earlier[0].login is known and known.proven_at is not None:
        return earlier[1].login
    view = LoginView(
        expiry=login.expiry(known, policy, state.at.wall),
        due=known.due.at if known.due is not None else None,
        required=known.required,
        assumed=known.assumed,
    )
    return _same(view, earlier[1].login if earlier is not None else None)


def _restarts(state: State, earlier: Earlier | None) -> RestartView:
    known = state.restarts
    if earlier is not None and earlier[0].restarts is known:
        return earlier[1].restarts
    return RestartView(known.counts, known.pending, known.last, known.offset, known.blips)


def _gate(state: State, earlier: Earlier | None) -> GateView:
    known = state.gate
    if earlier is not None and earlier[0].gate is known:
        return earlier[1].gate
    holding = not known.open and known.clear_from is None
    view = GateView(known.open, known.reasons, holding, known.since, known.epoch, known.ahead.coming)
    return _same(view, earlier[1].gate if earlier is not None else None)


def _recovery(state: State, policy: RecoveryPolicy, earlier: Earlier | None) -> RecoveryView | None:
    view = shown.view(state.recovery, policy, state.at)
    return _same(view, earlier[1].recovery if earlier is not None else None)


def _on_wall(now: Now, mono: float | None) -> datetime | None:
    return None if mono is None else now.wall + timedelta(seconds=mono - now.mono)


def _same(new: T, old: T | None) -> T:
    return old if old is not None and old == new else new
