"""The truth of the world against the report, within the time that each layer needs to notice.

- Broken: `looks` are made when a trouble has lasted as long as its layer may take to be seen down.
- Healthy: when nothing has been wrong for as long as the longest wait of section 6 and one attempt take, the gateway
  must be reported up.
- Where events themselves are lost, the daemon is off, asleep or paused, nothing is expected until that is over.
"""

from supervisor.core.calendar.tokens import last_expiry, next_expiry
from supervisor.core.calendar.windows import RESTARTS
from supervisor.core.model.layers import Layer, layers_up
from supervisor.core.model.policy import Policy, Reauth
from supervisor.core.model.status import Status
from supervisor.core.step.state import State
from tests.simulation.judges.ledger import Ledger
from tests.simulation.judges.violation import Violation, holds
from tests.simulation.world.timeline import Timeline
from tests.simulation.world.troubles import Troubles

SLACK = 0.5
ATTEMPT = 18.5
"""Seconds of one attempt that fails in the worst way: 3 to connect, 5 to be greeted, 10 for the session."""
UPSTREAM_BACK = 190.0
"""Without a word that it is back: 120 s of silence, a probe every 60 s, its answer."""


def heartbeat_bound(policy: Policy) -> float:
    timing = policy.timing
    return timing.heartbeat_interval + timing.heartbeat_timeout + 1.0 + SLACK


def loss_bound(policy: Policy) -> float:
    """9.5 s with the defaults, after an answer that may itself be a second late."""
    timing = policy.timing
    return timing.heartbeat_interval + timing.heartbeat_timeout * timing.heartbeat_misses + 1.0 + SLACK


def look(line: Timeline, troubles: Troubles, clear_since: float, state: State, ledger: Ledger, policy: Policy) -> None:
    """Compare now. `clear_since`: since then nothing kept the daemon from knowing."""
    t = line.t
    if clear_since > t:
        return

    def lasted(name: str) -> float:
        since = troubles.since(name)
        return -1.0 if since is None else t - max(since, clear_since)

    promise, up = "a broken layer is seen", layers_up(state.broken)
    # Somebody whose session ended unheard has nobody to be told by, until the heartbeat finds out.
    deaf = t - troubles.unheard_at <= loss_bound(policy)
    told = (troubles.since("away") or 0.0) >= clear_since and not deaf
    if lasted("away") > (SLACK if told else loss_bound(policy)) and "lost" not in troubles:
        holds(Layer.SESSION not in up, promise, lambda: f"no process for {lasted('away'):.1f} s, {_told(state)}")
    silent = max(lasted("hung"), lasted("lost"))
    if silent > heartbeat_bound(policy):
        holds(Layer.HEARTBEAT not in up, promise, lambda: f"no answer for {silent:.1f} s, {_told(state)}")
    if silent > loss_bound(policy) + 30.0 + policy.timing.heartbeat_timeout:
        holds(not ledger.ready, promise, lambda: f"no answer for {silent:.1f} s, and the session is kept")
    if lasted("lost") > loss_bound(policy):
        holds(
            not ledger.ready, promise, lambda: f"complete silence for {lasted('lost'):.1f} s, and the session is kept"
        )
    if lasted("upstream") > 101.0 and "lost" not in troubles and ledger.ready:
        ready_for = state.at.mono - ledger.ready_at
        if min(ready_for, lasted("upstream")) > 101.0 + SLACK and not _interrupted(troubles):
            holds(
                Layer.UPSTREAM not in up,
                promise,
                lambda: f"upstream lost for {lasted('upstream'):.1f} s, {_told(state)}",
            )
    for name in troubles.names():
        told = (troubles.since(name) or 0.0) >= clear_since or line.of_mono(ledger.ready_at) >= clear_since
        seen = state.broken is not None or _interrupted(troubles) or deaf
        if name.startswith("farm ") and lasted(name) > SLACK and told and not seen:
            raise Violation(promise, f"{name} broken for {lasted(name):.1f} s, {_told(state)}")
    _healthy(line, troubles, clear_since, state, ledger, policy)
    _login(line, troubles, clear_since, state, policy)


def _told(state: State) -> str:
    return f"{state.broken or 'nothing'} reported broken"


def _interrupted(troubles: Troubles) -> bool:
    return "hung" in troubles or "lost" in troubles


def recovery_bound(policy: Policy, ledger: Ledger) -> float:
    """From health to `up`, at the very most."""
    timing = policy.timing
    wait = max(timing.retry_max, timing.retry_max_early, timing.restart_retry)
    # A session that is ready has forgotten the failure, but `up` comes with its first answer, after the whole wait.
    failure = ledger.failure or ledger.waited_for
    wait = max(wait, 30.0 if ledger.mutes else 0.0, 60.0 if failure in ("in_use", "mismatch") else 0.0)
    upstream = 0.0 if ledger.upstream_up else UPSTREAM_BACK
    return 2 * ATTEMPT + wait + loss_bound(policy) + upstream


LONGEST = 2 * ATTEMPT + 60.0 + 20.0 + UPSTREAM_BACK


def _healthy(
    line: Timeline, troubles: Troubles, clear_since: float, state: State, ledger: Ledger, policy: Policy
) -> None:
    calm = min(troubles.calm_for(line.t), line.t - clear_since)
    if not ledger.upstream_up and not policy.upstream_probe and ledger.by_1100:
        return  # section 3: without probes only a notice, or a new session, ends what 1100 told
    if ledger.broken:
        return  # a farm whose healing was told by a notice that was lost on its way
    if calm > recovery_bound(policy, ledger):
        holds(
            state.status is Status.UP,
            "health is seen",
            lambda: f"healthy for {calm:.0f} s: {state.status}, {ledger.brief()}",
        )


def _login(line: Timeline, troubles: Troubles, clear_since: float, state: State, policy: Policy) -> None:
    """A gateway that waits for its weekly login is reported so, if the loss is told to the daemon at all."""
    windows = [window for window in policy.windows if window.kind in RESTARTS]
    since = troubles.since("login")
    lost_at = state.login.lost_at
    if since is None or not windows or lost_at is None or troubles.names() != ("login",) or line.set_by:
        return
    grace = max(window.grace for window in windows).total_seconds()
    bound = grace * (2 if policy.reauth is Reauth.AUTOMATIC else 1) + 90.0
    proven = state.login.proven_at
    if state.login.address != (policy.host, policy.port):
        return  # of another address nothing is concluded
    expired = last_expiry(lost_at.wall).at if proven is None else next_expiry(proven).at
    if line.t - max(since, clear_since, troubles.changed_at) > bound and lost_at.wall >= expired:
        holds(
            state.status is Status.REAUTH_REQUIRED,
            "a login is asked for",
            lambda: f"waiting for {line.t - since:.0f} s",
        )
