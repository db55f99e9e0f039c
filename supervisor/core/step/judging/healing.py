"""Recovery in a step: what it looks at, and what becomes of what it wants.

It looks after all else is judged, and sees the gateway as a person would.
"""

from datetime import timedelta
from typing import Final

from supervisor.core.calendar.windows import WindowKind
from supervisor.core.model.actions import Heal
from supervisor.core.model.cause import CauseKey
from supervisor.core.model.events import DeedAnswered, RungApproved, RungAsked
from supervisor.core.model.recovery.records import RecoveryRefused
from supervisor.core.model.recovery.rules import LEAST_QUIET, NO_RUNGS, Block, RecoveryPolicy
from supervisor.core.model.vocabulary import Evidence, Phase, Planning, PortEvidence
from supervisor.core.parts.recovery import ladder
from supervisor.core.parts.recovery.memory import switched_off
from supervisor.core.parts.recovery.rungs import Scene
from supervisor.core.step.state import COMPETING_FOR
from supervisor.core.step.transition import Transition

_HUNG: Final = frozenset({CauseKey.MUTE, CauseKey.HEARTBEAT_LOST})
"""The port accepts, and what is behind it does not answer. A gateway that answers the handshake and begins no session
does not hang: it is logging in, waits at a dialog, or has lost IBKR."""
_TOLD: Final = frozenset({Evidence.NOTICE_1100, Evidence.CARRIED})


def recover(transition: Transition) -> None:
    """One look of recovery."""
    policy = transition.policy.recovery
    if policy is None:
        recovery = transition.state.recovery = switched_off(transition.state.recovery)
        if recovery.deed is None:
            return
        policy = NO_RUNGS  # the end of what was begun is told, and nothing else is begun before
    _take(transition, ladder.observed(transition.state.recovery, policy, scene_of(transition, policy)))


def on_approval(transition: Transition, event: RungApproved) -> None:
    """A person approves what recovery proposes."""
    policy = transition.policy.recovery
    if policy is None:
        transition.records.append(RecoveryRefused(event.rung, event.by, Block.NOT_LISTED))
        return
    scene = scene_of(transition, policy)
    _take(transition, ladder.approved(transition.state.recovery, scene, event.rung, event.by))


def on_asked(transition: Transition, event: RungAsked) -> None:
    """A person asks for a rung."""
    policy = transition.policy.recovery
    if policy is None:
        transition.records.append(RecoveryRefused(event.rung, event.by, Block.NOT_LISTED))
        return
    scene = scene_of(transition, policy)
    _take(transition, ladder.asked(transition.state.recovery, policy, scene, event.rung, event.by))


def on_answer(transition: Transition, event: DeedAnswered) -> None:
    """A controller or a command answered."""
    recovery = transition.state.recovery
    _take(transition, ladder.answered(recovery, event.number, event.accepted, event.words))


def scene_of(transition: Transition, policy: RecoveryPolicy) -> Scene:
    """The gateway of now."""
    state, now = transition.state, transition.now
    line, known, seen = state.upstream, state.login, state.eyes.seen
    ready = transition.ready
    broken = transition.lowest_broken()
    cause = state.cause
    return Scene(
        now=now,
        ready=ready,
        ready_for=now.mono - state.ready_at if ready and state.ready_at is not None else 0.0,
        ping_every=transition.policy.timing.heartbeat_interval,
        epoch=state.session.epoch,
        broken=broken,
        told_lost=not line.up and (line.told_by_1100 or line.evidence in _TOLD),
        upstream_evidence=line.evidence,
        hung=not ready and cause is not None and cause.key in _HUNG,
        port=PortEvidence.NONE if ready else known.evidence,
        outage=state.outages.current.began if state.outages.current is not None else None,
        known=state.known,
        port_closed=known.port_closed,
        process=seen.process,
        proven=seen.proven,
        login_state=seen.login_state,
        login_proven_at=known.proven_at,
        paused=state.session.phase is Phase.STOPPED,
        reauth_required=known.required,
        competing=state.competing_at is not None and now.mono - state.competing_at < COMPETING_FOR,
        restart_pending=state.restarts.pending,
        restart_near=broken is not None and _restart_near(transition, policy),
        resetting=any(each.window.kind is WindowKind.SERVER_RESET for each in state.active),
        planned=broken is not None and transition.planning(broken) is Planning.PLANNED,
        market_told=state.canary.market_open(now.wall) if state.canary is not None else None,
    )


def _restart_near(transition: Transition, policy: RecoveryPolicy) -> bool:
    """Whether a scheduled restart is less than the quiet time ahead, or ten minutes behind."""
    ahead = timedelta(seconds=max(LEAST_QUIET, policy.quiet_before_restart))
    return transition.state.calendar.restart_within(transition.now.wall, timedelta(seconds=LEAST_QUIET), ahead)


def _take(transition: Transition, outcome: ladder.Outcome) -> None:
    recovery, records, deal = outcome
    transition.state.recovery = recovery
    transition.records += records
    if deal is not None:
        transition.deeds.append(Heal(deal.number, deal.rung))
