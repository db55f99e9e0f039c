"""One step in the making: the moves that a turn of the machine is composed of.

- A `Turn` starts from a frozen state and ends in another; between, `state` is replaced, never changed.
- What touches two machines at once is here: a lost session also loses its farms, its heartbeat, and opens an outage.
- Nothing here decides whether a move is due; `machine` and `hearing` do.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from supervisor.core import causes, farms, heartbeat, outages, reauth, restarts, session, upstream
from supervisor.core.actions import Action, Close, Connect, Level, Ping, Probe, Tell
from supervisor.core.backoff import GHOST_FOR
from supervisor.core.causes import Cause, CauseKey
from supervisor.core.clock import Now
from supervisor.core.counters import added
from supervisor.core.layers import TOP, Layer, below_upstream
from supervisor.core.policy import Policy
from supervisor.core.restarts import Result
from supervisor.core.session import OPEN, Cue, Failure, Loss, Phase
from supervisor.core.state import State
from supervisor.core.talk import farms_gone
from supervisor.core.upstream import Evidence
from supervisor.core.windows import RESTARTS, Explains

RESET_PATIENCE = 300.0
"""Seconds at a stretch for which a daily server reset explains a layer below `upstream`."""
Word = str | int | float | bool | None


class Turn:
    """The state on its way from one step to the next, and the actions so far."""

    __slots__ = ("actions", "now", "policy", "state")

    def __init__(self, state: State, now: Now, policy: Policy) -> None:
        self.state = state
        self.now = now
        self.policy = policy
        self.actions: list[Action] = []

    # -- small words --------------------------------------------------------------------------------------------------

    def set(self, **changes: Any) -> None:
        """The one setter: replaces parts of the state."""
        self.state = replace(self.state, **changes)

    def tell(self, level: Level, kind: str, text: str, **fields: Word) -> None:
        """Something worth knowing."""
        self.actions.append(Tell(level, kind, text, fields))

    def count(self, **changes: Any) -> None:
        """Replaces parts of the counters."""
        self.set(counters=replace(self.state.counters, **changes))

    @property
    def ready(self) -> bool:
        """Whether a session is ready."""
        return self.state.session.phase is Phase.READY

    @property
    def restarting(self) -> bool:
        """Whether a restart window is active."""
        return any(occurrence.window.kind in RESTARTS for occurrence in self.state.active)

    def explained(self, layer: Layer) -> bool:
        """Whether an active window explains this layer as the lowest one broken. A wrong account is never explained."""
        state = self.state
        if state.session.failure is Failure.ACCOUNT_MISMATCH and not self.ready:
            return False
        for occurrence in state.active:
            if occurrence.window.explains is Explains.EVERY_LAYER or not below_upstream(layer):
                return True
            if state.low_since is None or self.now.mono - state.low_since < RESET_PATIENCE:
                return True
        return False

    def window_named(self) -> str | None:
        """The active window to name to a person."""
        return self.state.active[0].window.name if self.state.active else None

    def describe(self, key: CauseKey, **details: Any) -> Cause:
        """A likely cause in words, for this gateway."""
        live = self.state.session
        known: dict[str, Any] = {
            "client_id": live.client_id,
            "mode": self.policy.account_mode.value,
            "window": self.window_named(),
        }
        return causes.describe(key, host=self.policy.host, port=live.port, **{**known, **details})

    # -- the session --------------------------------------------------------------------------------------------------

    def connect(self, cue: Cue) -> None:
        """Begin an attempt."""
        live = session.begin(self.state.session, cue, self.policy, self.now.mono)
        self.set(session=live)
        self.count(attempts=self.state.counters.attempts + 1)
        timing = self.policy.timing
        self.actions.append(
            Connect(
                live.epoch,
                self.policy.host,
                live.port,
                live.client_id,
                timing.connect_timeout,
                timing.handshake_timeout,
            )
        )

    def fail(self, failure: Failure, detail: str = "", *, close: bool = False) -> None:
        """The attempt under way ends without a session."""
        if close:
            self.actions.append(Close(self.state.session.epoch))
        self._drop_session_parts()
        tried_id = self.state.session.client_id
        live = session.fail(self.state.session, failure, self.policy, self.now.mono, restarting=self.restarting)
        self.set(
            session=live,
            tried=True,
            login=reauth.attempt_failed(self.state.login, failure, live.reach, self.now),
            outages=replace(self.state.outages, observing=True),
        )
        failures = self.state.counters.failures
        self.count(failures=added(failures, failure, 1))
        self._tell_failure(failure, detail, tried_id)

    def lose(self, loss: Loss, detail: str = "", *, close: bool = False) -> None:
        """A ready session is over, and we want another one."""
        if close:
            self.actions.append(Close(self.state.session.epoch))
        planned = self.explained(Layer.SESSION)
        in_restart = self.restarting
        lasted = self.now.mono - self.state.session.since
        self._end_ready(loss, planned=planned, in_restart=in_restart)
        self.set(
            session=session.lose(self.state.session, self.policy, self.now.mono),
            outages=replace(self.state.outages, observing=True),
        )
        key = causes.of_loss(loss, restarting=in_restart)
        cause = self.describe(key) if key is not None else None
        self.set(cause=cause)
        words = f": {detail}" if detail else ""
        because = f". {cause.words} {cause.cure}" if cause is not None else ""
        self.tell(
            Level.INFO if planned else Level.WARNING,
            "session_lost",
            f"session lost ({loss}{words}) after {_lasted(lasted)}{because}",
            reason=loss.value,
            planned=planned,
            epoch=self.state.session.epoch,
        )

    def release(self, loss: Loss) -> None:
        """End whatever is open because we want to: no failure, and no outage."""
        live = self.state.session
        if live.phase in OPEN:
            self.actions.append(Close(live.epoch))
        if self.ready:
            self._end_ready(loss, planned=True, in_restart=False, ours=True)
        else:
            self._drop_session_parts()
        self.set(restarts=restarts.disarmed(self.state.restarts))

    def _end_ready(self, loss: Loss, *, planned: bool, in_restart: bool, ours: bool = False) -> None:
        losses = self.state.counters.losses
        self.count(losses=added(losses, (loss, planned), 1))
        self._drop_session_parts()
        self.set(ready_since=None)
        if not ours:
            self.set(
                restarts=restarts.lost(self.state.restarts, self.now, planned=planned),
                login=reauth.lost(self.state.login, self.now, in_restart=in_restart),
            )

    def _drop_session_parts(self) -> None:
        self.set(
            heartbeat=heartbeat.AT_REST,
            upstream=upstream.end_session(self.state.upstream),
            farms=farms.forgotten(self.state.farms, self.now.wall),
            talk=farms_gone(self.state.talk),
        )

    def _tell_failure(self, failure: Failure, detail: str, client_id: int) -> None:
        live = self.state.session
        recent = live.lost_at is not None and self.now.mono - live.lost_at < GHOST_FOR
        cause = self.describe(
            causes.of_failure(failure, ghost=recent and live.lost_id == client_id), client_id=client_id
        )
        self.set(cause=cause)
        if self.state.talk.failure is failure:
            return
        self.set(talk=replace(self.state.talk, failure=failure))
        words = f": {detail}" if detail else ""
        self.tell(
            Level.INFO if self.explained(Layer.PORT) else Level.WARNING,
            "attempt_failed",
            f"cannot connect ({failure}{words}), keeps trying. {cause.words} {cause.cure}",
            reason=failure.value,
            epoch=live.epoch,
        )

    # -- a session that is ready --------------------------------------------------------------------------------------

    def become_ready(self) -> None:
        """The session has earned it: the first ping goes, the layers above begin."""
        state, now = self.state, self.now
        resetting = any(
            o.window.explains is Explains.UPSTREAM_FARMS or o.window.name == "server_reset" for o in state.active
        )
        known = state.known
        login, new_login = reauth.became_ready(state.login, self.policy, now.wall)
        after_restart = state.restarts.pending
        waited = state.restarts
        back, verdicts = restarts.ready(waited, now)
        self.set(
            session=session.become_ready(state.session, now.mono),
            heartbeat=heartbeat.begin(now.mono),
            upstream=upstream.begin_session(state.upstream, now, known=known, resetting=resetting),
            login=login,
            restarts=back,
            known=True,
            ready_since=now.wall,
            first_ready_at=state.first_ready_at if state.first_ready_at is not None else now.mono,
            cause=None,
            talk=replace(state.talk, failure=None, misses=False),
        )
        self.count(sessions=state.counters.sessions + 1)
        live = self.state.session
        self.actions.append(Ping(live.epoch))
        said = f"session ready: server version {live.server_version}, client id {live.client_id}"
        self.tell(Level.INFO, "session_ready", said, epoch=live.epoch, server_version=live.server_version)
        if after_restart and not verdicts:
            self.tell(Level.INFO, "restart", "the gateway is back from its restart")
        for verdict in verdicts:
            self.tell_restart(verdict)
        if new_login:
            word = "assumed: the gateway is up after a scheduled restart" if login.assumed else "proven"
            self.tell(Level.INFO, "login", f"weekly login {word}", assumed=login.assumed)
        if not self.state.upstream.up:
            self.tell(
                Level.WARNING,
                "upstream_lost",
                f"IBKR is not known to be connected ({self.state.upstream.evidence}); waiting for evidence",
            )

    def ping(self) -> None:
        """The heartbeat has counted a request: send it."""
        self.actions.append(Ping(self.state.session.epoch))

    def probe(self) -> None:
        """Ask for something that only IBKR's servers know."""
        request = self.state.requests + 1
        self.set(requests=request, upstream=upstream.probed(self.state.upstream, request, self.now.mono))
        self.actions.append(Probe(self.state.session.epoch, request))

    def restore_upstream(self, evidence: Evidence) -> None:
        """Evidence came that the gateway has IBKR's servers."""
        before = self.state.upstream
        after, data = upstream.restored(before, evidence, self.now, self.policy)
        self.set(upstream=after)
        if data is None:
            return
        self.count(upstream_losses=added(self.state.counters.upstream_losses, data, 1))
        lasted = (self.now.wall - before.since).total_seconds() if before.since is not None else 0.0
        again = f", told {before.repeats + 1} times" if before.repeats else ""
        lost_data = "; subscriptions are lost and must be made again" if data is upstream.Data.LOST else ""
        self.tell(
            Level.INFO,
            "upstream_restored",
            f"IBKR is connected again ({evidence}) after {_lasted(lasted)}{again}{lost_data}",
            evidence=evidence.value,
            data=data.value,
        )

    def tell_restart(self, verdict: restarts.Verdict) -> None:
        """A restart window was judged."""
        at = verdict.occurrence.at
        name = verdict.occurrence.window.name
        words = {
            Result.IN_TIME: "the gateway restarted as scheduled and is back",
            Result.OVERDUE: "the gateway did not come back from its restart in time; it most likely waits for a login",
            Result.NOT_SEEN: "the gateway did not restart at its time",
        }[verdict.result]
        level = Level.INFO if verdict.result is Result.IN_TIME else Level.WARNING
        self.tell(level, "restart", f"{name} of {at:%Y-%m-%d %H:%M}Z: {words}", result=verdict.result.value)

    # -- how things stand ---------------------------------------------------------------------------------------------

    def height(self) -> int:
        """How many layers of the ladder are up, from the bottom."""
        state = self.state
        if state.session.phase is not Phase.READY:
            return min(state.session.reach, 2)
        if not state.heartbeat.up:
            return 3
        if not state.upstream.up:
            return 4
        return TOP - 1 if farms.broken(state.farms, self.policy) else TOP

    def pause(self) -> None:
        """Nothing is tried or observed until resumed."""
        self.release(Loss.OPERATOR)
        self.set(
            session=session.stop(self.state.session, self.now.mono),
            outages=outages.paused(self.state.outages),
            cause=None,
        )

    def anew(self, cue: Cue) -> None:
        """As on the first day: no wait, no debt, and nothing observed before the first attempt has ended."""
        self.set(
            session=session.forget(self.state.session, self.policy, self.now.mono),
            outages=outages.unwatched(self.state.outages),
            tried=False,
        )
        self.connect(cue)


def _lasted(seconds: float) -> str:
    """`3.2 s`, `4 min 10 s`, `15 h 2 min`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    whole = timedelta(seconds=round(seconds))
    days, rest = whole.days, whole.seconds
    hours, rest = divmod(rest, 3600)
    minutes, rest = divmod(rest, 60)
    parts: Mapping[str, int] = {"d": days, "h": hours, "min": minutes, "s": rest}
    return " ".join([f"{amount} {unit}" for unit, amount in parts.items() if amount][:2])
