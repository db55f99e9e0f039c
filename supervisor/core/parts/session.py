"""One API session after another: the phases, the attempts between them, and nothing of what a session carries.

- `TRANSITIONS` is the whole truth about phases; docs/states.md is generated from it. A trigger that a phase does not
  list changes nothing.
- Each phase that is not healthy has a deadline. `idle` has none because the first step leaves it; `ready` is the
  heartbeat's to end; `stopped` ends when the operator says so, or at the hour the operator named.
- `ready` is earned by `nextValidId` and `managedAccounts`, never by `connectAck`: a gateway sends that before error
  326, measured with ibapi.
- Only a session that stayed ready for `stable_after` is proof of health: it forgives the failures before it, and its
  loss begins the early minute of quick attempts. A session that is granted and lost at once does neither.
- A connection on which START_API was sent may leave a ghost that holds the client id, ready or not.
"""

from collections.abc import Mapping
from dataclasses import field

from supervisor.core.calendar.clock import Now
from supervisor.core.model.cause import Message
from supervisor.core.model.layers import Layer
from supervisor.core.model.policy import Policy, Timing
from supervisor.core.model.vocabulary import Failure, Phase, PortEvidence, Trigger
from supervisor.core.parts import backoff
from supervisor.frozen import dataclass, replace

TRANSITIONS: Mapping[Phase, Mapping[Trigger, Phase]] = {
    Phase.IDLE: {Trigger.BEGIN: Phase.CONNECTING, Trigger.STOP: Phase.STOPPED},
    Phase.CONNECTING: {
        Trigger.GREETED: Phase.HANDSHAKING,
        Trigger.FAILED: Phase.BACKOFF,
        Trigger.RESTART: Phase.CONNECTING,
        Trigger.STOP: Phase.STOPPED,
    },
    Phase.HANDSHAKING: {
        Trigger.READY: Phase.READY,
        Trigger.FAILED: Phase.BACKOFF,
        Trigger.RESTART: Phase.CONNECTING,
        Trigger.STOP: Phase.STOPPED,
    },
    Phase.READY: {Trigger.LOST: Phase.BACKOFF, Trigger.RESTART: Phase.CONNECTING, Trigger.STOP: Phase.STOPPED},
    Phase.BACKOFF: {Trigger.RETRY: Phase.CONNECTING, Trigger.RESTART: Phase.CONNECTING, Trigger.STOP: Phase.STOPPED},
    Phase.STOPPED: {Trigger.BEGIN: Phase.CONNECTING},
}


@dataclass(frozen=True, slots=True)
class Greeting:
    """What the gateway said of itself: known from the handshake to the end of the session."""

    server_version: int
    accounts: tuple[str, ...] | None = None
    order_id: int | None = None
    reason: Message | None = None
    """An error that the gateway told before the session was ready: most likely why it is not."""
    logging_in: bool = False
    """It told an empty list of accounts."""


@dataclass(frozen=True, slots=True)
class Session:
    """The session of now, and what is remembered of the ones before it. Times are monotonic seconds."""

    port: int
    """The port of the last attempt: the configured one, or the one that 1300 named."""
    client_id: int
    """The id in use: the configured one, or its fallback."""
    seed: int
    """Of the jitter."""
    followed: int | None = None
    """The port that 1300 named, if the next attempts are to follow it."""
    phase: Phase = Phase.IDLE
    epoch: int = 0
    """Counts the attempts; a session is named by it."""
    since: float = 0.0
    """When the phase began."""
    deadline: float | None = None
    """When the phase ends if nothing else ends it."""
    opened: bool = False
    """TCP connected, in this attempt."""
    tried: str = ""
    """The addresses that this attempt tried, if its name has several and one accepted."""
    others_refused: bool = True
    """Every address that it tried before that one refused."""
    greeting: Greeting | None = None
    """None before the handshake and after the session."""
    ready: Now | None = None
    """When this session became ready; None without one."""
    reached: Layer = Layer.PORT
    """The lowest layer that the last finished attempt did not reach: `port`, `handshake` or `session`."""
    early_from: float | None = None
    """When a stable session ended, if none that was lost at once came since: attempts are quick for a minute."""
    ended: Mapping[int, Now] = field(default_factory=dict)
    """When the last connection of each client id ended on which START_API was sent: its ghost may still hold the id."""
    failures: int = 0
    """Since the last stable session: the step of the backoff."""
    short_lived: int = 0
    """Sessions in a row that were ready and not stable."""
    handshake_timeouts: int = 0
    """In a row."""
    conflicts: int = 0
    """326 in a row, of one kind."""
    own_ghost: bool = False
    """Which kind: our own earlier connection holds the id, else another program does."""


def move(session: Session, trigger: Trigger, now: float, deadline: float | None = None) -> Session:
    """The one setter of the phase. Raises KeyError for a trigger the phase does not list: ask `allows` first."""
    return replace(session, phase=TRANSITIONS[session.phase][trigger], since=now, deadline=deadline)


def allows(session: Session, trigger: Trigger) -> bool:
    """Whether the table lists this trigger for the phase."""
    return trigger in TRANSITIONS[session.phase]


def begin(session: Session, trigger: Trigger, policy: Policy, now: float) -> Session:
    """A new attempt: the next epoch, with nothing known of it."""
    fresh = replace(
        session,
        epoch=session.epoch + 1,
        port=_port(session, policy),
        client_id=session.client_id if session.client_id == policy.client_id_fallback else policy.client_id,
        opened=False,
        tried="",
        others_refused=True,
        greeting=None,
    )
    return move(fresh, trigger, now, now + policy.timing.connect_timeout)


def open_port(session: Session, policy: Policy, now: float) -> Session:
    """TCP connected: the handshake's time begins."""
    return replace(session, opened=True, deadline=now + handshake_timeout(session, policy, now))


def is_early(session: Session, now: float) -> bool:
    """Whether a stable session was lost less than a minute ago."""
    return session.early_from is not None and now - session.early_from < backoff.EARLY


def handshake_timeout(session: Session, policy: Policy, now: float) -> float:
    """Seconds from the TCP connection to the server version: shorter while the gateway is most likely to come back."""
    timing = policy.timing
    return timing.handshake_timeout_early if is_early(session, now) else timing.handshake_timeout


def greeted(session: Session, server_version: int, policy: Policy, now: float) -> Session:
    """The server version arrived: the session's time begins."""
    known = replace(session, greeting=Greeting(server_version), handshake_timeouts=0)
    return move(known, Trigger.GREETED, now, now + policy.timing.session_timeout)


def with_accounts(session: Session, accounts: tuple[str, ...]) -> Session:
    """`managedAccounts` came. An empty list is "not yet"."""
    known = session.greeting
    if known is not None and not accounts:
        return replace(session, greeting=replace(known, logging_in=True))
    return session if known is None else replace(session, greeting=replace(known, accounts=accounts, logging_in=False))


def with_reason(session: Session, code: int, text: str) -> Session:
    """The gateway told an error before the session was ready. The first one is kept."""
    known = session.greeting
    if known is not None and known.reason is None:
        return replace(session, greeting=replace(known, reason=Message(code, text)))
    return session


def with_order_id(session: Session, order_id: int) -> Session:
    """`nextValidId` came."""
    known = session.greeting
    return session if known is None else replace(session, greeting=replace(known, order_id=order_id))


def following(session: Session, port: int | None) -> Session:
    """The next attempts go to this port; None: to the configured one."""
    return replace(session, followed=port)


def become_ready(session: Session, now: Now) -> Session:
    """Ready is earned. The failures are forgiven later, by lasting."""
    earned = replace(session, ready=now, reached=Layer.SESSION, conflicts=0, handshake_timeouts=0)
    return move(earned, Trigger.READY, now.mono)


def overdue(session: Session) -> Failure:
    """What a deadline that passed says of the attempt under way."""
    if session.phase is Phase.HANDSHAKING:
        return Failure.SESSION_TIMEOUT
    return Failure.HANDSHAKE_TIMEOUT if session.opened else Failure.TIMEOUT


DARK = frozenset({Failure.TIMEOUT, Failure.ERROR})
"""Ends of an attempt that say nothing of the port."""


def stood_still(session: Session, seconds: float) -> Session:
    """For so long an attempt under way could not go on, because of our own side: its deadline is as much later."""
    if session.deadline is None or session.phase not in (Phase.CONNECTING, Phase.HANDSHAKING):
        return session
    return replace(session, deadline=session.deadline + seconds)


def evidence_of(failure: Failure, failed: Session) -> PortEvidence:
    """What a failed attempt says of the process behind the port: nothing certain if its addresses ended differently."""
    if failure is Failure.REFUSED or (failure is Failure.CLOSED and failed.reached is not Layer.SESSION):
        return PortEvidence.CLOSED if failed.others_refused else PortEvidence.NONE
    return PortEvidence.MUTE if failure is Failure.HANDSHAKE_TIMEOUT else PortEvidence.NONE


def fail(session: Session, failure: Failure, policy: Policy, now: Now, *, restarting: bool) -> Session:
    """The attempt failed: remember how far it came, and wait.

    `restarting` says that a restart window is active: while the port is closed then, attempts come at a short exact
    interval.
    """
    opened = Layer.HANDSHAKE if session.opened else Layer.PORT
    reached = Layer.SESSION if session.phase is Phase.HANDSHAKING else opened
    timeouts = 0
    if failure is Failure.HANDSHAKE_TIMEOUT:  # those of the early minute are cut short: no proof of a hang
        timeouts = session.handshake_timeouts + (not is_early(session, now.mono))
    kept = session if failure is Failure.CLIENT_ID_IN_USE else _parted(session, now)
    failed = replace(kept, reached=reached, handshake_timeouts=timeouts, greeting=None)
    failed, delay = _wait(failed, failure, policy, now.mono, restarting=restarting)
    return move(failed, Trigger.FAILED, now.mono, now.mono + delay)


def lose(session: Session, policy: Policy, now: Now) -> Session:
    """A ready session ended: a stable one has earned an attempt at once, and starts without failures."""
    lost = replace(_parted(session, now), client_id=policy.client_id)
    if now.mono - session.since >= policy.timing.stable_after:
        return move(replace(lost, failures=0, short_lived=0, early_from=now.mono), Trigger.LOST, now.mono, now.mono)
    lost, delay = _draw(replace(lost, early_from=None, short_lived=lost.short_lived + 1), policy, now.mono)
    return move(lost, Trigger.LOST, now.mono, now.mono + delay)


def stop(session: Session, now: Now) -> Session:
    """Release the client id and stop trying."""
    return move(_parted(session, now), Trigger.STOP, now.mono)


def may_be_ghost(session: Session, client_id: int, now: float) -> bool:
    """Whether our own last connection with this id ended so lately that the gateway may still hold the id for it."""
    ended = session.ended.get(client_id)
    return ended is not None and now - ended.mono < backoff.GHOST_FOR


def forget(session: Session, policy: Policy, now: Now) -> Session:
    """No wait and no failures, as at the start. Kept: the epoch, a followed port, and when our own sessions ended."""
    parted = _parted(session, now)
    return replace(
        parted,
        port=_port(parted, policy),
        client_id=policy.client_id,
        failures=0,
        handshake_timeouts=0,
        conflicts=0,
    )


def _port(session: Session, policy: Policy) -> int:
    return policy.port if session.followed is None else session.followed


def _parted(session: Session, now: Now) -> Session:
    """A connection that ends after its START_API may leave a ghost, also if we end it ourselves."""
    if session.greeting is None:
        return session
    return replace(session, greeting=None, ready=None, ended={**session.ended, session.client_id: now})


def holds(session: Session, timing: Timing) -> float | None:
    """When the session of now has lasted long enough to be told of, after others were lost at once; else None."""
    if session.ready is None or not session.short_lived:
        return None
    return session.ready.mono + timing.stable_after


def proven(session: Session) -> Session:
    """The session of now has lasted: it is as good as any."""
    return replace(session, failures=0, short_lived=0)


def _wait(session: Session, failure: Failure, policy: Policy, now: float, *, restarting: bool) -> tuple[Session, float]:
    if failure is Failure.CLIENT_ID_IN_USE:
        return _wait_for_id(session, policy, now)
    session = replace(session, conflicts=0)
    if failure is Failure.ACCOUNT_MISMATCH:
        return session, backoff.ACCOUNT_WAIT
    if restarting and evidence_of(failure, session) is PortEvidence.CLOSED:
        return session, policy.timing.restart_retry
    # An attempt at a mute gateway has waited already. In the early minute a longer pause would only miss its return.
    waited = failure is Failure.HANDSHAKE_TIMEOUT and is_early(session, now)
    return _draw(session, policy, now, first_step=waited)


def _draw(session: Session, policy: Policy, now: float, *, first_step: bool = False) -> tuple[Session, float]:
    chance, seed = backoff.roll(session.seed)
    limit = backoff.cap(policy.timing, session.handshake_timeouts, early=is_early(session, now))
    delay = backoff.jittered(policy.timing, 0 if first_step else session.failures, limit, chance)
    return replace(session, failures=session.failures + 1, seed=seed), delay


def _wait_for_id(session: Session, policy: Policy, now: float) -> tuple[Session, float]:
    """326: most likely our own ghost for a minute, then another program.

    The same id again, unless a fallback is configured.
    """
    ghost = may_be_ghost(session, session.client_id, now)
    position = session.conflicts if ghost is session.own_ghost else 0
    delay = backoff.wait_at(backoff.GHOST_WAITS if ghost else backoff.RIVAL_WAITS, position)
    client_id = session.client_id
    if policy.client_id_fallback is not None:
        client_id = policy.client_id if client_id == policy.client_id_fallback else policy.client_id_fallback
    return replace(session, conflicts=position + 1, own_ghost=ghost, client_id=client_id), delay
