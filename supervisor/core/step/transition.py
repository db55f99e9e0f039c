"""One step in the making: the moves that touch several parts at once.

- A `Transition` works on a copy of the state that nobody else has seen; it is handed out when the step is done.
- Each part's functions know their part alone. What follows in other parts is written here: a lost session also loses
  its farms and its heartbeat, and opens an outage.
- Nothing here decides whether a move is due; the other modules of `supervisor.core.step` do.
"""

import datetime as dt
from collections.abc import Container

from supervisor.core.calendar.clock import Now
from supervisor.core.calendar.windows import RESTARTS, WindowKind
from supervisor.core.model.actions import Action, Close, Connect, Heal, Ping, Probe
from supervisor.core.model.behind.sight import KernelSaid
from supervisor.core.model.cause import Cause, CauseKey, Message
from supervisor.core.model.counters import added
from supervisor.core.model.layers import Layer
from supervisor.core.model.policy import Policy
from supervisor.core.model.records import (
    AttemptFailed,
    LoginProven,
    Record,
    RestartJudged,
    RestartOver,
    SessionLost,
    SessionReady,
    UpstreamRestored,
    UpstreamUnknown,
)
from supervisor.core.model.vocabulary import (
    OPEN,
    Data,
    Evidence,
    Failure,
    Loss,
    Phase,
    Planning,
    PortEvidence,
    Trigger,
)
from supervisor.core.parts import (
    accounts,
    diagnosis,
    farms,
    gate,
    heartbeat,
    login,
    order_ids,
    outages,
    restarts,
    session,
    upstream,
)
from supervisor.core.parts.behind import eyes
from supervisor.core.parts.behind import kernel as sockets
from supervisor.core.step.state import State
from supervisor.frozen import replace

RESETS = frozenset({WindowKind.SERVER_RESET})


class Transition:
    """The state on its way from one step to the next, with the actions and records so far."""

    __slots__ = (
        "actions",
        "acts_at",
        "deeds",
        "heard",
        "last_closed",
        "now",
        "policy",
        "records",
        "state",
        "told_broken",
    )

    def __init__(self, state: State, now: Now, policy: Policy, acts_at: float) -> None:
        self.state = state
        self.now = now
        self.policy = policy
        self.acts_at = max(now.mono, acts_at)
        """When the actions are carried out, in monotonic seconds: later than `now` for an event that waited."""
        self.actions: list[Action] = []
        self.deeds: list[Heal] = []
        """What recovery wants done: after all else, so that it is kept before it is done."""
        self.records: list[Record] = []
        self.heard = 0
        """Records of which `matters` has heard."""
        self.told_broken = state.broken
        """The lowest layer broken, as the records so far tell it."""
        self.last_closed = state.outages.last
        """The last outage of which a record tells that it closed."""

    # -- what holds now -----------------------------------------------------------------------------------------------

    @property
    def ready(self) -> bool:
        """Whether a session is ready."""
        return self.state.session.phase is Phase.READY

    @property
    def in_restart_window(self) -> bool:
        """Whether a restart window is active."""
        return any(occurrence.window.kind in RESTARTS for occurrence in self.state.active)

    def planning(self, layer: Layer) -> Planning:
        """Whether an active window explains this layer as the lowest one broken. A wrong account is never explained."""
        state = self.state
        if not state.span.active or state.accounts.mismatch:
            return Planning.UNPLANNED
        return Planning.of(outages.explains(state.span.active, layer, state.low_since, self.now.mono))

    def cause(
        self,
        key: CauseKey,
        *,
        client_id: int | None = None,
        new_port: int | None = None,
        broken_farms: tuple[str, ...] = (),
        version: str | None = None,
        day: dt.date | None = None,
        minimum: str | None = None,
        message: Message | None = None,
        until: dt.datetime | None = None,
        by: str = "",
        what: str = "",
        tried: str = "",
        kernel: KernelSaid | None = None,
    ) -> Cause:
        """A likely cause at this gateway."""
        state, live = self.state, self.state.session
        return Cause(
            key,
            self.policy.host,
            live.port,
            live.client_id if client_id is None else client_id,
            self.policy.account_mode.value,
            self._window_named(RESETS if key is CauseKey.UPSTREAM_RESET else RESTARTS) if state.span.active else None,
            new_port,
            broken_farms,
            version,
            day,
            minimum,
            message,
            until,
            by,
            what,
            tried,
            login_expired=state.login.lost_at is not None
            and login.expired_since(state.login, self.policy, self.now.wall),
            kernel=kernel,
            login=None if self.ready else eyes.login_seen(state.eyes, self.policy.timezone),
        )

    def kernel_said(self) -> KernelSaid | None:
        """What the sockets say of a request that is not answered, or of an attempt on which nothing comes."""
        state, process = self.state, self.state.eyes.seen.process
        pid = process.pid if process is not None else None
        if self.ready:
            pings = state.heartbeat.pings
            return sockets.of_request(state.kernel, pings[0], self.now.mono, pid) if pings else None
        return sockets.of_attempt(state.kernel, self.now.mono, pid)

    def cause_of_upstream(self) -> Cause:
        """Why IBKR is away: a reset is the cause only while one is active, and of no outage that began otherwise."""
        outage = self.state.outages.current
        unplanned = outage is not None and outage.ended is None and outage.planning is Planning.UNPLANNED
        reset = bool(self.state.span.active) and not unplanned and self._window_named(RESETS) is not None
        key, known = CauseKey.UPSTREAM_RESET if reset else CauseKey.UPSTREAM_LOST, self.state.cause
        return known if known is not None and known.key is key else self.cause(key)

    def lowest_broken(self) -> Layer | None:
        """The lowest layer broken; None if every layer is up."""
        state = self.state
        if state.session.phase is not Phase.READY:
            return state.session.reached
        if not state.heartbeat.up:
            return Layer.HEARTBEAT
        if not state.upstream.up:
            return Layer.UPSTREAM
        return Layer.FARMS if farms.required_broken(state.farms, self.policy) else None

    def _window_named(self, kinds: Container[WindowKind]) -> str | None:
        """The active window of these kinds to name to a person."""
        return next((each.window.name for each in self.state.span.active if each.window.kind in kinds), None)

    # -- the session --------------------------------------------------------------------------------------------------

    def connect(self, trigger: Trigger) -> None:
        """Begin an attempt."""
        state, timing = self.state, self.policy.timing
        live = state.session = session.begin(state.session, trigger, self.policy, self.acts_at)
        state.counters = replace(state.counters, attempts=state.counters.attempts + 1)
        self.actions.append(
            Connect(
                live.epoch,
                self.policy.host,
                live.port,
                live.client_id,
                timing.connect_timeout,
                session.handshake_timeout(live, self.policy, self.now.mono),
            )
        )

    def fail(
        self,
        failure: Failure,
        detail: str = "",
        *,
        close: bool = False,
        key: CauseKey | None = None,
        what: str = "",
        tried: str = "",
    ) -> None:
        """The attempt under way ends without a session.

        `key`: the likely cause, if more is known than `failure`; `what`: what it is about; `tried`: the addresses of
        which none accepted.
        """
        state, now = self.state, self.now
        if close:
            self.actions.append(Close(state.session.epoch))
        self._drop_session_parts()
        client_id, greeting = state.session.client_id, state.session.greeting
        live = state.session = session.fail(state.session, failure, self.policy, now, restarting=self.in_restart_window)
        state.accounts = accounts.attempt_failed(failure)
        evidence = session.evidence_of(failure, live)
        here = state.login.address == (self.policy.host, live.port)
        state.eyes = eyes.attempt_failed(state.eyes, evidence, now, dark=failure in session.DARK)
        if here:
            state.restarts = restarts.attempt_failed(state.restarts, failure, evidence)
        else:
            evidence = PortEvidence.NONE  # another address says nothing of the gateway that was lost
        state.login = login.attempt_failed(state.login, self.policy, evidence, now, known=state.known)
        self.observe()
        state.counters = replace(state.counters, failures=added(state.counters.failures, failure, 1))
        if key is None:
            ghost = session.may_be_ghost(live, client_id, now.mono)
            pending, open_now = here and state.restarts.pending, self.in_restart_window
            key = diagnosis.of_failure(
                failure,
                ghost=ghost,
                restarting=pending and open_now,
                overdue=pending and not open_now,
                greeted=greeting is not None,
                said=greeting is not None and greeting.reason is not None,
                logging_in=greeting is not None and greeting.logging_in,
            )
        message = greeting.reason if greeting is not None and key is CauseKey.GATEWAY_SAID else None
        if live.tried:
            tried = f"{live.tried} ({failure.value.replace('_', ' ')})"
        said = self.kernel_said() if key is CauseKey.MUTE else None
        cause = self.cause(key, client_id=client_id, message=message, what=what, tried=tried, kernel=said)
        if not state.login.required:  # else it is the login that is missing, whatever the port does meanwhile
            state.cause = cause
        planning = self.planning(Layer.PORT) if self.in_restart_window else Planning.UNPLANNED
        self.records.append(AttemptFailed(live.epoch, failure, detail, planning, cause))

    def lose(self, loss: Loss, detail: str = "", *, close: bool = False, cause: Cause | None = None) -> None:
        """A ready session is over, and we want another one. `cause`: the likely one, if more is known than `loss`."""
        state, now = self.state, self.now
        if close:
            self.actions.append(Close(state.session.epoch))
        planning = self.planning(Layer.SESSION)
        in_restart = self.in_restart_window
        lasted = now.mono - state.session.since
        said = self.kernel_said() if loss is Loss.HEARTBEAT else None
        self._end_ready(loss, planning)
        state.restarts = restarts.session_lost(state.restarts, now, planned=planning is Planning.PLANNED)
        state.login = login.lost(state.login, self.policy, now, in_restart=in_restart)
        state.session = session.lose(state.session, self.policy, now)
        self.observe()
        key = diagnosis.of_loss(loss, restarting=in_restart)
        if cause is None and key is not None:
            cause = self.cause(key, kernel=said)
        state.cause = cause
        short_lived = state.session.short_lived
        self.records.append(SessionLost(state.session.epoch, loss, detail, lasted, planning, cause, short_lived))

    def observe(self) -> None:
        """The first attempt has ended, one way or the other: from now on time counts."""
        self.state.tried = True
        self.state.outages = outages.begin_observing(self.state.outages)

    def release(self, loss: Loss) -> None:
        """End whatever is open because we want to: no failure, and no outage."""
        state = self.state
        if state.session.phase in OPEN:
            self.actions.append(Close(state.session.epoch))
        if self.ready:
            self._end_ready(loss, Planning.PLANNED)
        else:
            self._drop_session_parts()
        state.login = login.released(state.login)
        self.stop_watching()

    def stop_watching(self) -> None:
        """The windows now open cannot be judged any more; the due restart may pass unseen in one of them."""
        state = self.state
        if state.login.due is not None and restarts.watches_over(state.restarts, state.login.due):
            state.login = login.passed_unwatched(state.login)
        state.restarts = restarts.disarmed(state.restarts)

    def connect_afresh(self, trigger: Trigger) -> None:
        """As at the start: no wait, no failures, and nothing observed before the first attempt has ended."""
        state = self.state
        state.session = session.forget(state.session, self.policy, self.now)
        state.accounts = accounts.FITTING
        state.outages = outages.unwatched(state.outages)
        state.tried = False
        self.connect(trigger)

    def _end_ready(self, loss: Loss, planning: Planning) -> None:
        counters = self.state.counters
        self.state.counters = replace(counters, losses=added(counters.losses, (loss, planning), 1))
        self._drop_session_parts()

    def _drop_session_parts(self) -> None:
        state = self.state
        state.heartbeat = heartbeat.AT_REST
        state.upstream = upstream.end_session(state.upstream)
        state.farms = farms.forgotten(state.farms, self.now.wall)
        state.order_ids = order_ids.session_over(state.order_ids)

    # -- a session that is ready --------------------------------------------------------------------------------------

    def become_ready(self, greeting: session.Greeting) -> None:
        """The session has earned it: the first ping goes, the layers above begin."""
        state, now = self.state, self.now
        resetting = any(occurrence.window.kind is WindowKind.SERVER_RESET for occurrence in state.active)
        pending = state.restarts.pending
        away = restarts.what_it_was(state.restarts, now)
        live = state.session = session.become_ready(state.session, now)
        state.accounts = accounts.FITTING
        state.gate = gate.session_ready(state.gate, live.epoch)
        state.heartbeat = heartbeat.begin(now.mono)
        state.upstream = upstream.begin_session(
            state.upstream, now, resetting=resetting, probing=self.policy.upstream_probe
        )
        state.farms = farms.session_ready(state.farms, now.mono)
        state.restarts, judgements = restarts.session_ready(state.restarts, now)
        state.eyes = eyes.session_ready(state.eyes)
        state.known = True
        state.cause = None
        state.counters = replace(state.counters, sessions=state.counters.sessions + 1)
        self.ping()
        self.records.append(SessionReady(live.epoch, greeting.server_version, live.client_id, live.short_lived))
        if pending and not judgements and away is not restarts.Away.BLIP:
            self.records.append(RestartOver())
        for judgement in judgements:
            self.restart_judged(judgement)
        address = (self.policy.host, live.port)
        self.set_login(login.became_ready(state.login, self.policy, address, now.wall, away))
        self.record_unknown_upstream()

    def record_unknown_upstream(self) -> None:
        """A session runs without evidence that the gateway has IBKR's servers."""
        line = self.state.upstream
        if not line.up and not line.undecided and line.evidence is not None:
            self.records.append(UpstreamUnknown(line.evidence))

    def set_login(self, after: login.Login) -> None:
        """What is known of the weekly login now."""
        before, self.state.login = self.state.login, after
        if after.proven_at is not None and after.proven_at != before.proven_at:
            self.records.append(LoginProven(after.assumed))

    def restart_judged(self, judgement: restarts.Judgement) -> None:
        """A restart window was judged."""
        occurrence = judgement.occurrence
        self.records.append(RestartJudged(occurrence.window.name, occurrence.at, judgement.result))

    def ping(self) -> None:
        """The heartbeat has counted a request: send it."""
        self.state.heartbeat = heartbeat.sent(self.state.heartbeat, self.acts_at)
        self.actions.append(Ping(self.state.session.epoch))

    def probe(self) -> None:
        """Ask for something that only IBKR's servers know."""
        state = self.state
        state.requests += 1
        state.upstream = upstream.probed(state.upstream, state.requests, self.acts_at)
        self.actions.append(Probe(state.session.epoch, state.requests))

    def restore_upstream(self, evidence: Evidence) -> None:
        """Evidence came that the gateway has IBKR's servers."""
        state = self.state
        before = state.upstream
        state.upstream, data = upstream.restored(before, evidence, self.now, self.policy)
        if data is not None:
            state.counters = replace(state.counters, upstream_losses=added(state.counters.upstream_losses, data, 1))
            lasted = self.now.mono - before.lost_at if before.lost_at is not None else None
            self.records.append(UpstreamRestored(evidence, data, True, lasted, before.repeats))
        elif before.undecided:
            self.observe()
        elif evidence is Evidence.NOTICE_1101:  # the loss was not ours to see, or a probe was quicker
            self.records.append(UpstreamRestored(evidence, Data.LOST, False))
