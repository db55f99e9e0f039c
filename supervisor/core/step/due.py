"""What falls due with time alone: deadlines, pings, probes, and the lines that wait to be told."""

from dataclasses import replace

from supervisor.core.explain.causes import CauseKey
from supervisor.core.explain.talk import farm_line
from supervisor.core.model.actions import Level
from supervisor.core.model.layers import Layer
from supervisor.core.parts import farms, heartbeat, session, upstream
from supervisor.core.parts import login as reauth
from supervisor.core.parts.heartbeat import Verdict
from supervisor.core.parts.session import Cue, Loss, Phase
from supervisor.core.parts.upstream import Evidence
from supervisor.core.step.turn import Turn

MISSING_AFTER = 86400.0
"""Seconds after which a required farm that was never seen is worth a warning."""
DESUPPORT_FORGOTTEN = 86400.0
"""Seconds without another 2172, and with a new session since, after which the notice is forgotten (DESIGN.md 10)."""


def fall_due(turn: Turn) -> None:
    """Do what is due now; nothing if nothing is."""
    _pause_over(turn)
    _session_due(turn)
    _heartbeat_due(turn)
    _session_due(turn)  # a stable session that its heartbeat has just ended has earned an attempt at once
    _upstream_due(turn)
    _login_due(turn)
    _talk_due(turn)
    _forget(turn)


def resume(turn: Turn) -> None:
    """The operator's pause is over."""
    turn.state.paused = False
    turn.state.paused_until = None
    turn.tell(Level.INFO, "resumed", "resumed: connecting")
    turn.anew(Cue.BEGIN)


def _pause_over(turn: Turn) -> None:
    until = turn.state.paused_until
    if until is not None and turn.now.wall >= until:
        resume(turn)


def _session_due(turn: Turn) -> None:
    live = turn.state.session
    if live.deadline is None or turn.now.mono < live.deadline:
        return
    if live.phase is Phase.BACKOFF:
        turn.connect(Cue.RETRY)
    else:
        turn.fail(session.overdue(live), close=True)


def _heartbeat_due(turn: Turn) -> None:
    state = turn.state
    before = state.heartbeat
    state.heartbeat, verdict = heartbeat.judge(before, turn.now.mono, turn.policy.timing)
    if verdict is Verdict.NOTHING:
        return
    missed = state.heartbeat.misses - before.misses
    if missed:
        turn.count(misses=state.counters.misses + missed)
        turn.observe()
    if verdict is Verdict.DEAD:
        turn.lose(Loss.HEARTBEAT, close=True)
        return
    turn.ping()
    if verdict is Verdict.MISS and not state.talk.misses:
        state.talk = replace(state.talk, misses=True)
        turn.tell(Level.WARNING, "heartbeat", "the gateway does not answer; asking once more")


def _upstream_due(turn: Turn) -> None:
    line, now = turn.state.upstream, turn.now.mono
    due = upstream.deadline(line, turn.policy)
    if due is None or now < due:
        return
    silence = upstream.silence_ends(line, turn.policy)
    if silence is not None and now >= silence:
        turn.restore_upstream(Evidence.SILENCE)
    probe = upstream.next_probe(turn.state.upstream, turn.policy)
    if probe is not None and now >= probe:
        turn.probe()
    settling = turn.state.upstream.settling_until
    if settling is not None and now >= settling:
        turn.state.upstream = replace(turn.state.upstream, settling_until=None)


def _login_due(turn: Turn) -> None:
    state = turn.state
    before = state.login
    state.login = reauth.judged(before, turn.policy, turn.now)
    if state.login.required and not before.required:
        cause = state.cause = turn.describe(CauseKey.REAUTH_REQUIRED)
        turn.tell(Level.ERROR, "reauth_required", f"re-authentication required. {cause.words} {cause.cure}")


def _talk_due(turn: Turn) -> None:
    state, now = turn.state, turn.now.mono
    if state.talk.farms_at is not None and now >= state.talk.farms_at:
        state.talk, line, bad = farm_line(state.talk, state.farms)
        turn.tell(Level.WARNING if bad and not turn.explained(Layer.FARMS) else Level.INFO, "farms", line)
    if state.first_ready_at is not None and not state.talk.missing_farms and now - state.first_ready_at > MISSING_AFTER:
        state.talk = replace(state.talk, missing_farms=True)
        missing = ", ".join(str(farm) for farm in farms.never_seen(state.farms, turn.policy))
        if missing:
            turn.tell(
                Level.WARNING, "farms_missing", f"required farms never seen in a day: {missing}. Are they misspelt?"
            )


def _forget(turn: Turn) -> None:
    state, now = turn.state, turn.now.mono
    if state.desupport is None or now - state.desupport.heard_at < DESUPPORT_FORGOTTEN:
        return
    if turn.ready and state.session.since > state.desupport.heard_at:
        state.desupport = None
