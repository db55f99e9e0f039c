"""Why a rung is not done now. Each reason is a `Block`, and the first that applies is told."""

import math
from types import MappingProxyType
from typing import Final

from supervisor.core.model.recovery.rules import (
    FOR_GOOD,
    Block,
    MarketHours,
    NeedsLogin,
    RecoveryPolicy,
    Rung,
    RungPolicy,
)
from supervisor.core.parts.recovery.memory import Recovery, remaining, seen_logged_in
from supervisor.core.parts.recovery.rungs import AT_WORK, RUNGS, Scene

_FORBIDDEN: Final = (
    (Block.PAUSED, "paused"),
    (Block.REAUTH_REQUIRED, "reauth_required"),
    (Block.COMPETING_SESSION, "competing"),
    (Block.RESTART_PENDING, "restart_pending"),
    (Block.RESTART_NEAR, "restart_near"),
    (Block.SERVER_RESET, "resetting"),
    (Block.PLANNED, "planned"),
)


def forbidden(scene: Scene) -> Block | None:
    """Why nothing at all is done; None if something may be."""
    return next((block for block, name in _FORBIDDEN if getattr(scene, name)), None)


def blocks_of(
    recovery: Recovery, policy: RecoveryPolicy, scene: Scene, *, by_hand: bool = False
) -> dict[Rung, Block | None]:
    """Why each rung of the policy is not due; None if it is."""
    no = forbidden(scene)
    if no is not None:
        return {each.rung: no for each in policy.rungs}
    return {
        each.rung: _block_of(recovery, policy, each, scene, by_hand) if RUNGS[each.rung].when(scene) else Block.NOT_SO
        for each in policy.rungs
    }


def _block_of(
    recovery: Recovery, policy: RecoveryPolicy, rung: RungPolicy, scene: Scene, by_hand: bool
) -> Block | None:
    """Why a rung that is right now is not due; None if it is."""
    if recovery.deed is not None:
        return Block.DEED_UNDER_WAY
    if scene.login_state in AT_WORK:
        return Block.STARTING
    spent = _spent(recovery, policy, rung, scene)
    if spent is not None:
        return spent
    if any(_is_left(recovery, policy, each, scene) for each in policy.rungs if _milder(each.rung, rung.rung)):
        return Block.MILDER
    since = recovery.since.get(rung.rung, math.inf)
    if not by_hand and scene.now.mono < since + rung.patience:
        return Block.PATIENCE
    return None


def _spent(recovery: Recovery, policy: RecoveryPolicy, rung: RungPolicy, scene: Scene) -> Block | None:
    """Why this rung cannot be done to this process any more, today; None if it can."""
    if RUNGS[rung.rung].to_controller and not seen_logged_in(recovery, scene):
        return Block.NOT_SEEN
    if rung.rung is Rung.RESTART and any(
        each.what.rung is Rung.RESTART and each.what.same_process and each.what.dry_run is policy.dry_run
        for each in recovery.done
    ):
        return Block.RESTARTED
    return Block.BUDGET if remaining(recovery, policy, rung, scene.now) == 0 else None


def _is_left(recovery: Recovery, policy: RecoveryPolicy, rung: RungPolicy, scene: Scene) -> bool:
    return RUNGS[rung.rung].when(scene) and _spent(recovery, policy, rung, scene) not in FOR_GOOD


_ORDER: Final = MappingProxyType({rung: place for place, rung in enumerate(Rung)})


def _milder(one: Rung, other: Rung) -> bool:
    return _ORDER[one] < _ORDER[other]


def needs_approval(policy: RecoveryPolicy, rung: RungPolicy, scene: Scene) -> bool:
    """Whether a person must say yes first."""
    if rung.needs_login is not NeedsLogin.NEVER and not rung.unattended:
        return True
    if scene.market_open and policy.market_hours is MarketHours.AVOID:
        return True
    return rung.rung is Rung.RESTART and (scene.process is None or scene.token_good is None)
