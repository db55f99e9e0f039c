"""One step in the making: the moves that a turn of the machine is composed of.

- A `Turn` works on a copy of the state that nobody else has seen; it is handed out when the step is done.
- What touches two machines at once is here: a lost session also loses its farms, its heartbeat, and opens an outage.
- Nothing here decides whether a move is due; `machine` and `hearing` do.
"""

from collections.abc import Container, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from supervisor.core.calendar.clock import Now
from supervisor.core.calendar.windows import RESTARTS, Explains, Kind, Occurrence
from supervisor.core.explain import causes
from supervisor.core.explain.causes import Cause, CauseKey
from supervisor.core.explain.talk import farms_gone, may_tell_failure
from supervisor.core.model.actions import Action, Close, Connect, Level, Ping, Probe, Tell
from supervisor.core.model.counters import added
from supervisor.core.model.layers import TOP, Layer, below_upstream
from supervisor.core.model.policy import Policy
from supervisor.core.parts import farms, heartbeat, outages, restarts, session, upstream
from supervisor.core.parts import login as reauth
from supervisor.core.parts.restarts import Result
from supervisor.core.parts.session import OPEN, Cue, Failure, Loss, Phase
from supervisor.core.parts.upstream import Evidence
from supervisor.core.step.state import State

RESETS = frozenset({Kind.SERVER_RESET})
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

    def tell(self, level: Level, kind: str, text: str, **fields: Word) -> None:
        """Something worth knowing."""
        self.actions.append(Tell(level, kind, text, fields))

    def count(self, **changes: Any) -> None:
        """Replaces parts of the counters."""
        self.state.counters = replace(self.state.counters, **changes)

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
        if state.session.failure is Failure.ACCOUNT_MISMATCH:
            return False
        return explains(state.active, layer, state.low_since, self.now.mono)

    def window_named(self, kinds: Container[Kind]) -> str | None:
        """The active window of these kinds to name to a person."""
        return next((each.window.name for each in self.state.active if each.window.kind in kinds), None)

    def describe(self, key: CauseKey, **details: Any) -> Cause:
        """A likely cause in words, for this gateway."""
        live = self.state.session
        known: dict[str, Any] = {
            "client_id": live.client_id,
            "mode": self.policy.account_mode.value,
            "window": self.window_named(RESETS if key is CauseKey.UPSTREAM_RESET else RESTARTS),
        }
        return causes.describe(key, host=self.policy.host, port=live.port, **{**known, **details})

    def describe_upstream(self) -> Cause:
        """Why IBKR is away: a reset is the cause only while one is active, and of no outage that others began."""
        outage = self.state.outages.current
        unplanned = outage is not None and outage.ended is None and not outage.planned
        return self.describe(causes.of_upstream(reset=self.window_named(RESETS) is not None and not unplanned))

    # -- the session --------------------------------------------------------------------------------------------------

    def connect(self, cue: Cue) -> None:
        """Begin an attempt."""
        live = self.state.session = session.begin(self.state.session, cue, self.policy, self.now.mono)
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

    def fail(self, failure: Failure, detail: str = "", *, close: bool = False, key: CauseKey | None = None) -> None:
        """The attempt under way ends without a session. `key`: the likely cause, if more is known than `failure`."""
        state, now = self.state, self.now
        if close:
            self.actions.append(Close(state.session.epoch))
        self._drop_session_parts()
        tried_id = state.session.client_id
        state.session = session.fail(state.session, failure, self.policy, now.mono, restarting=self.restarting)
        state.login = reauth.attempt_failed(
            state.login, self.policy, failure, state.session.reach, now, known=state.known
        )
        self.observe()
        self.count(failures=added(state.counters.failures, failure, 1))
        self._tell_failure(failure, detail, tried_id, key)

    def lose(self, loss: Loss, detail: str = "", *, close: bool = False, cause: Cause | None = None) -> None:
        """A ready session is over, and we want another one. `cause`: the likely one, if more is known than `loss`."""
        state = self.state
        if close:
            self.actions.append(Close(state.session.epoch))
        planned = self.explained(Layer.SESSION)
        in_restart = self.restarting
        lasted = self.now.mono - state.session.since
        self._end_ready(loss, planned=planned)
        state.restarts = restarts.lost(state.restarts, self.now, planned=planned)
        state.login = reauth.lost(state.login, self.policy, self.now, in_restart=in_restart)
        state.session = session.lose(state.session, self.policy, self.now.mono)
        self.observe()
        key = causes.of_loss(loss, restarting=in_restart)
        if cause is None and key is not None:
            cause = self.describe(key)
        state.cause = cause
        words = f": {detail}" if detail else ""
        because = f". {cause.words} {cause.cure}" if cause is not None else ""
        self.tell(
            Level.INFO if planned else Level.WARNING,
            "session_lost",
            f"session lost ({loss}{words}) after {_lasted(lasted)}{because}",
            reason=loss.value,
            planned=planned,
            epoch=state.session.epoch,
        )

    def observe(self) -> None:
        """The first attempt has ended, one way or the other: from now on time counts."""
        self.state.tried = True
        if not self.state.outages.observing:
            self.state.outages = replace(self.state.outages, observing=True)

    def release(self, loss: Loss) -> None:
        """End whatever is open because we want to: no failure, and no outage."""
        state = self.state
        if state.session.phase in OPEN:
            self.actions.append(Close(state.session.epoch))
        if self.ready:
            self._end_ready(loss, planned=True)
        else:
            self._drop_session_parts()
        state.login = reauth.released(state.login)
        self.stop_watching()

    def stop_watching(self) -> None:
        """The windows now open cannot be judged any more; the due restart may pass unseen in one of them."""
        state = self.state
        if state.login.due is not None and restarts.watches_over(state.restarts, state.login.due):
            state.login = reauth.passed_unwatched(state.login)
        state.restarts = restarts.disarmed(state.restarts)

    def _end_ready(self, loss: Loss, *, planned: bool) -> None:
        self.count(losses=added(self.state.counters.losses, (loss, planned), 1))
        self._drop_session_parts()
        self.state.ready_since = None

    def _drop_session_parts(self) -> None:
        state = self.state
        state.heartbeat = heartbeat.AT_REST
        state.upstream = upstream.end_session(state.upstream)
        state.farms = farms.forgotten(state.farms, self.now.wall)
        state.talk = farms_gone(state.talk)

    def _tell_failure(self, failure: Failure, detail: str, client_id: int, key: CauseKey | None) -> None:
        live = self.state.session
        ghost = session.haunted(live, client_id, self.now.mono)
        restarting = self.restarting and self.state.restarts.pending
        likely = key if key is not None else causes.of_failure(failure, ghost=ghost, restarting=restarting)
        cause = self.describe(likely, client_id=client_id)
        if not self.state.login.required:  # else it is the login that is missing, whatever the port does meanwhile
            self.state.cause = cause
        self.state.talk, now = may_tell_failure(self.state.talk, failure, self.now.mono)
        if not now:
            return
        words = f": {detail}" if detail else ""
        expected = self.restarting and self.explained(Layer.PORT)
        self.tell(
            Level.INFO if expected else Level.WARNING,
            "attempt_failed",
            f"cannot connect ({failure}{words}), keeps trying. {cause.words} {cause.cure}",
            reason=failure.value,
            epoch=live.epoch,
        )

    # -- a session that is ready --------------------------------------------------------------------------------------

    def become_ready(self) -> None:
        """The session has earned it: the first ping goes, the layers above begin."""
        state, now = self.state, self.now
        resetting = any(occurrence.window.kind is Kind.SERVER_RESET for occurrence in state.active)
        known, pending = state.known, state.restarts.pending
        state.session = session.become_ready(state.session, now.mono)
        state.heartbeat = heartbeat.begin(now.mono)
        state.upstream = upstream.begin_session(state.upstream, now, known=known, resetting=resetting)
        state.restarts, verdicts = restarts.ready(state.restarts, now)
        state.known = True
        state.ready_since = now.wall
        state.first_ready_at = state.first_ready_at if state.first_ready_at is not None else now.mono
        state.cause = None
        state.talk = replace(state.talk, failure=None, failures={}, misses=False)
        self.count(sessions=state.counters.sessions + 1)
        self.ping()
        live = state.session
        said = f"session ready: server version {live.server_version}, client id {live.client_id}"
        self.tell(Level.INFO, "session_ready", said, epoch=live.epoch, server_version=live.server_version)
        if pending and not verdicts:
            self.tell(Level.INFO, "restart", "the gateway is back from its restart")
        for verdict in verdicts:
            self.tell_restart(verdict)
        self.login(reauth.became_ready(state.login, self.policy, now.wall))
        if not state.upstream.up:
            self.tell(
                Level.WARNING,
                "upstream_lost",
                f"IBKR is not known to be connected ({state.upstream.evidence}); waiting for evidence",
            )

    def login(self, after: reauth.Login) -> None:
        """What is known of the weekly login now; told if it was proven or assumed."""
        before, self.state.login = self.state.login, after
        if after.proven_at is not None and after.proven_at != before.proven_at:
            word = "assumed: the gateway is up after a scheduled restart" if after.assumed else "proven"
            self.tell(Level.INFO, "login", f"weekly login {word}", assumed=after.assumed)

    def ping(self) -> None:
        """The heartbeat has counted a request: send it."""
        self.actions.append(Ping(self.state.session.epoch))

    def probe(self) -> None:
        """Ask for something that only IBKR's servers know."""
        state = self.state
        state.requests += 1
        state.upstream = upstream.probed(state.upstream, state.requests, self.now.mono)
        self.actions.append(Probe(state.session.epoch, state.requests))

    def restore_upstream(self, evidence: Evidence) -> None:
        """Evidence came that the gateway has IBKR's servers."""
        before = self.state.upstream
        self.state.upstream, data = upstream.restored(before, evidence, self.now, self.policy)
        if data is not None:
            self.count(upstream_losses=added(self.state.counters.upstream_losses, data, 1))
            lasted = f" after {_lasted(self.now.mono - before.lost_at)}" if before.lost_at is not None else ""
            again = f", told {before.repeats + 1} times" if before.repeats else ""
            said = f"IBKR is connected again ({evidence}){lasted}{again}"
        elif evidence is Evidence.NOTICE_1101:  # the loss was not ours to see, or a probe was quicker
            data, said = upstream.Data.LOST, f"IBKR was connected again ({evidence})"
        else:
            return
        lost_data = data is upstream.Data.LOST
        self.tell(
            Level.WARNING if lost_data else Level.INFO,
            "upstream_restored",
            said + ("; subscriptions are lost and must be made again" if lost_data else ""),
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

    def broken_farms(self) -> tuple[str, ...]:
        """The required farms that are broken, as `kind/name`."""
        return tuple(f"{kind}/{name}" for kind, name in farms.broken(self.state.farms, self.policy))

    def pause(self) -> None:
        """Nothing is tried or observed until resumed."""
        self.release(Loss.OPERATOR)
        state = self.state
        state.session = session.stop(state.session, self.now.mono)
        state.outages = outages.paused(state.outages, self.now)
        state.cause = None

    def anew(self, cue: Cue) -> None:
        """As on the first day: no wait, no debt, and nothing observed before the first attempt has ended."""
        state = self.state
        state.session = session.forget(state.session, self.policy, self.now.mono)
        state.outages = outages.unwatched(state.outages)
        state.tried = False
        self.connect(cue)


def explains(active: tuple[Occurrence, ...], layer: Layer, low_since: float | None, now: float) -> bool:
    """Whether one of the active windows explains this layer as the lowest one broken.

    `low_since`: when a layer below `upstream` broke, in monotonic seconds like `now`.
    """
    if not active:
        return False
    patient = not below_upstream(layer) or low_since is None or now < low_since + RESET_PATIENCE
    return patient or any(occurrence.window.explains is Explains.EVERY_LAYER for occurrence in active)


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
