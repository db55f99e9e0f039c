"""One API session after another: the phases, the attempts between them, and nothing of what a session carries.

- `TRANSITIONS` is the whole truth about phases; docs/states.md is generated from it. A cue that a phase does not list
  changes nothing.
- Each phase that is not healthy has a deadline. `idle` has none because the first step leaves it; `ready` is the
  heartbeat's to end; `stopped` ends when the operator says so, or at the hour the operator named.
- `ready` is earned by `nextValidId` and `managedAccounts`, never by `connectAck`: that comes before error 326 (IBAPI.md
  section 2).
- Only a session that stayed ready for `stable_after` forgives the debt of the attempts before it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from supervisor.core.model.policy import Policy
from supervisor.core.parts import backoff


class Phase(StrEnum):
    """Where the session stands, each with what its reader should do."""

    IDLE = "idle"
    """Not begun. Wait for the first step."""
    CONNECTING = "connecting"
    """TCP and handshake are under way. Wait: it has a deadline."""
    HANDSHAKING = "handshaking"
    """The gateway spoke; its accounts and next order id are awaited. Wait: it has a deadline."""
    READY = "ready"
    """The API session works. Look at the layers above it."""
    BACKOFF = "backoff"
    """Between two attempts. `next_attempt` says when."""
    STOPPED = "stopped"
    """Paused by the operator, or shutting down. Nothing is tried."""


class Cue(StrEnum):
    """What moves a phase."""

    BEGIN = "begin"
    SHAKEN = "server version"
    READY = "accounts and next id"
    FAILED = "attempt failed"
    LOST = "session lost"
    RETRY = "wait over"
    ANEW = "reload"
    STOP = "pause or shutdown"


TRANSITIONS: Mapping[Phase, Mapping[Cue, Phase]] = {
    Phase.IDLE: {Cue.BEGIN: Phase.CONNECTING, Cue.STOP: Phase.STOPPED},
    Phase.CONNECTING: {
        Cue.SHAKEN: Phase.HANDSHAKING,
        Cue.FAILED: Phase.BACKOFF,
        Cue.ANEW: Phase.CONNECTING,
        Cue.STOP: Phase.STOPPED,
    },
    Phase.HANDSHAKING: {
        Cue.READY: Phase.READY,
        Cue.FAILED: Phase.BACKOFF,
        Cue.ANEW: Phase.CONNECTING,
        Cue.STOP: Phase.STOPPED,
    },
    Phase.READY: {Cue.LOST: Phase.BACKOFF, Cue.ANEW: Phase.CONNECTING, Cue.STOP: Phase.STOPPED},
    Phase.BACKOFF: {Cue.RETRY: Phase.CONNECTING, Cue.ANEW: Phase.CONNECTING, Cue.STOP: Phase.STOPPED},
    Phase.STOPPED: {Cue.BEGIN: Phase.CONNECTING},
}
OPEN = frozenset({Phase.CONNECTING, Phase.HANDSHAKING, Phase.READY})
"""The phases in which a session exists, so that its words count."""


class Failure(StrEnum):
    """Why an attempt did not become ready: the `reason` of `ib_connect_failures_total`."""

    REFUSED = "refused"
    TIMEOUT = "timeout"
    HANDSHAKE_TIMEOUT = "handshake_timeout"
    SESSION_TIMEOUT = "session_timeout"
    CLOSED = "closed"
    CLIENT_ID_IN_USE = "client_id_in_use"
    ACCOUNT_MISMATCH = "account_mismatch"
    PROTOCOL = "protocol"
    ERROR = "error"


class Loss(StrEnum):
    """Why a ready session ended: the `reason` of `ib_session_losses_total`."""

    CLOSED = "closed"
    RESET = "reset"
    HEARTBEAT = "heartbeat"
    PROTOCOL = "protocol"
    CALLBACK = "callback"
    PORT_CHANGE = "port_change"
    OPERATOR = "operator"
    SHUTDOWN = "shutdown"


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
    server_version: int | None = None
    accounts: tuple[str, ...] | None = None
    order_id: int | None = None
    failure: Failure | None = None
    """Why the last attempt failed; None once one was ready."""
    reach: int = 0
    """How many layers of the ladder the last finished attempt climbed, 0 to 3."""
    lost_at: float | None = None
    """When the last ready session ended."""
    ended: Mapping[int, float] = field(default_factory=dict)
    """When the last ready session of each client id ended: its ghost may still hold the id."""
    debt: int = 0
    """Failures since the last stable session: the step of the backoff."""
    mute: int = 0
    """Mute handshakes in a row."""
    conflicts: int = 0
    """326 in a row, on the ladder they stand on."""
    ghostly: bool = False
    """Which ladder: our own ghost's, or a rival's."""


def move(session: Session, cue: Cue, now: float, deadline: float | None = None) -> Session:
    """The one setter of the phase. Raises KeyError for a cue the phase does not list: callers ask `allows` first."""
    return replace(session, phase=TRANSITIONS[session.phase][cue], since=now, deadline=deadline)


def allows(session: Session, cue: Cue) -> bool:
    """Whether the table lists this cue for the phase."""
    return cue in TRANSITIONS[session.phase]


def begin(session: Session, cue: Cue, policy: Policy, now: float) -> Session:
    """A new attempt: the next epoch, with nothing known of it."""
    fresh = replace(
        session,
        epoch=session.epoch + 1,
        port=_port(session, policy),
        client_id=session.client_id if session.client_id == policy.client_id_fallback else policy.client_id,
        opened=False,
        server_version=None,
        accounts=None,
        order_id=None,
    )
    return move(fresh, cue, now, now + policy.timing.connect_timeout)


def open_port(session: Session, policy: Policy, now: float) -> Session:
    """TCP connected: the handshake's time begins."""
    return replace(session, opened=True, deadline=now + policy.timing.handshake_timeout)


def shaken(session: Session, server_version: int, policy: Policy, now: float) -> Session:
    """The server version arrived: the session's time begins."""
    known = replace(session, server_version=server_version, mute=0)
    return move(known, Cue.SHAKEN, now, now + policy.timing.session_timeout)


def become_ready(session: Session, now: float) -> Session:
    """Ready is earned. The debt is forgiven later, by lasting."""
    earned = replace(session, failure=None, reach=3, conflicts=0, mute=0)
    return move(earned, Cue.READY, now)


def overdue(session: Session) -> Failure:
    """What a deadline that passed says of the attempt under way."""
    if session.phase is Phase.HANDSHAKING:
        return Failure.SESSION_TIMEOUT
    return Failure.HANDSHAKE_TIMEOUT if session.opened else Failure.TIMEOUT


def fail(session: Session, failure: Failure, policy: Policy, now: float, *, restarting: bool) -> Session:
    """The attempt failed: remember how far it came, and wait.

    `restarting` says that a restart window is active: while the port is closed then, attempts come at a short exact
    interval.
    """
    reach = 2 if session.phase is Phase.HANDSHAKING else int(session.opened)
    mute = session.mute + 1 if failure is Failure.HANDSHAKE_TIMEOUT else 0
    failed = replace(session, failure=failure, reach=reach, mute=mute)
    failed, delay = _wait(failed, failure, policy, now, restarting=restarting)
    return move(failed, Cue.FAILED, now, now + delay)


def lose(session: Session, policy: Policy, now: float) -> Session:
    """A ready session ended: one that was stable has earned an attempt at once and starts without debt."""
    lost = replace(_parted(session, now), client_id=policy.client_id)
    if now - session.since >= policy.timing.stable_after:
        return move(replace(lost, debt=0), Cue.LOST, now, now)
    lost, delay = _draw(lost, policy, now)
    return move(lost, Cue.LOST, now, now + delay)


def stop(session: Session, now: float) -> Session:
    """Release the client id and stop trying."""
    return move(_parted(session, now), Cue.STOP, now)


def haunted(session: Session, client_id: int, now: float) -> bool:
    """Whether our own last session of this id ended so lately that its ghost may hold it."""
    ended = session.ended.get(client_id)
    return ended is not None and now - ended < backoff.GHOST_FOR


def forget(session: Session, policy: Policy, now: float) -> Session:
    """No wait, no debt: as on the first day, but for the epoch, a followed port, and a ghost that we may have left."""
    parted = _parted(session, now)
    return replace(
        parted,
        port=_port(parted, policy),
        client_id=policy.client_id,
        failure=None,
        debt=0,
        mute=0,
        conflicts=0,
    )


def _port(session: Session, policy: Policy) -> int:
    return policy.port if session.followed is None else session.followed


def _parted(session: Session, now: float) -> Session:
    """A ready session that ends may leave a ghost, also if we end it ourselves."""
    if session.phase is not Phase.READY:
        return session
    return replace(session, lost_at=now, ended={**session.ended, session.client_id: now})


def _wait(session: Session, failure: Failure, policy: Policy, now: float, *, restarting: bool) -> tuple[Session, float]:
    if failure is Failure.CLIENT_ID_IN_USE:
        return _wait_for_id(session, policy, now)
    session = replace(session, conflicts=0)
    if failure is Failure.ACCOUNT_MISMATCH:
        return session, backoff.ACCOUNT_WAIT
    if restarting and (failure is Failure.REFUSED or (failure is Failure.CLOSED and session.reach < 2)):
        return session, policy.timing.restart_retry
    return _draw(session, policy, now)


def _draw(session: Session, policy: Policy, now: float) -> tuple[Session, float]:
    since_loss = None if session.lost_at is None else now - session.lost_at
    chance, seed = backoff.roll(session.seed)
    limit = backoff.cap(policy.timing, since_loss, session.mute)
    delay = backoff.jittered(policy.timing, session.debt, limit, chance)
    return replace(session, debt=session.debt + 1, seed=seed), delay


def _wait_for_id(session: Session, policy: Policy, now: float) -> tuple[Session, float]:
    """326: most likely our own ghost for a minute, then a rival. The same id again, unless a fallback is configured."""
    ghostly = haunted(session, session.client_id, now)
    position = session.conflicts if ghostly is session.ghostly else 0
    delay = backoff.rung(backoff.GHOST_WAITS if ghostly else backoff.RIVAL_WAITS, position)
    client_id = session.client_id
    if policy.client_id_fallback is not None:
        client_id = policy.client_id if client_id == policy.client_id_fallback else policy.client_id_fallback
    return replace(session, conflicts=position + 1, ghostly=ghostly, client_id=client_id), delay
