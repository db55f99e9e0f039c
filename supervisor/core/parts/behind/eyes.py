"""What is seen behind the port: a controller's word, held against what the port itself was seen doing.

- A controller may be wrong, late or mute. Its word stands only as long as it is fresh, and never against a session
  that works: a ready session with IBKR's servers proves the login, whoever says otherwise.
- `login_pending` and `starting` follow from the port: a process that runs while its port stays closed for a minute
  waits for something.
- A process that ends inside the window of its restart, without an error, restarts; elsewhere it is gone.
"""

from supervisor.core.calendar.clock import Now
from supervisor.core.model.behind.sight import NOTHING, GatewayProcess, LoginSeen, LoginState, Seen, Sight
from supervisor.core.model.vocabulary import PortEvidence
from supervisor.frozen import dataclass, replace

PENDING_AFTER = 60.0
"""Seconds for which the port of a running process stays closed before that is called a login that is pending."""
REMEMBERED = 600.0
"""Seconds without a word after which the same state counts as begun anew."""
_WAITS = frozenset({LoginState.LOGIN_DIALOG, LoginState.SECOND_FACTOR, LoginState.LOCKED_OUT})
"""What only a controller can know. It is believed unless a session works."""


@dataclass(frozen=True, slots=True)
class Eyes:
    """Of one gateway. Moments are monotonic seconds."""

    sight: Sight = NOTHING
    """The last look, as long as it is fresh."""
    fresh_until: float | None = None
    closed_since: float | None = None
    """Since when the port has refused, or closed before the handshake."""
    process: GatewayProcess | None = None
    """The last one that was known."""
    gone: bool = False
    """The process was last seen to be gone."""
    told_restarts: int | None = None
    """What its keeper counted last."""
    began: float | None = None
    """When the process was first seen to be another one."""
    proven: bool = False
    """A session was ready with this process."""
    seen: Seen = Seen()
    """What is told to others."""
    last: Seen = Seen()
    """The last that named a state. A look that fails makes nothing begin anew."""
    mute_from: float | None = None
    """Since when no state is known."""


BLIND = Eyes()


def looked(eyes: Eyes, sight: Sight, good_for: float, now: Now) -> Eyes:
    """A controller was asked. Its answer holds for so many seconds, unless the next one comes before."""
    eyes = replace(eyes, sight=sight, fresh_until=now.mono + good_for)
    if _is_another(eyes, sight):
        eyes = replace(
            eyes,
            began=now.mono,
            proven=False,
            process=sight.process,
            seen=replace(eyes.seen, restarts=eyes.seen.restarts + 1),
            last=Seen(),
        )
    if sight.running is False:
        return replace(eyes, gone=True, proven=False)
    return replace(
        eyes,
        process=sight.process or eyes.process,
        gone=eyes.gone and not sight.running,
        told_restarts=sight.restarts if sight.restarts is not None else eyes.told_restarts,
    )


def _is_another(eyes: Eyes, sight: Sight) -> bool:
    """Whether this is another process than the last one known."""
    if eyes.process is not None and sight.process is not None:
        return sight.process != eyes.process
    if eyes.gone and sight.running:
        return True
    counted = eyes.told_restarts is not None and sight.restarts is not None
    return counted and (sight.restarts or 0) > (eyes.told_restarts or 0)


def forgotten(eyes: Eyes) -> Eyes:
    """There is another controller, or none: only the count stays."""
    return Eyes(closed_since=eyes.closed_since, seen=Seen(restarts=eyes.seen.restarts))


def attempt_failed(eyes: Eyes, evidence: PortEvidence, now: Now, *, dark: bool) -> Eyes:
    """An attempt ended without a session. `dark`: it says nothing of the port, as a TCP timeout does."""
    if evidence is PortEvidence.CLOSED:
        known = eyes.process is not None and eyes.process == eyes.sight.process
        since = eyes.closed_since if eyes.closed_since is not None else now.mono
        if since == eyes.closed_since and (known or not eyes.proven):
            return eyes
        return replace(eyes, closed_since=since, proven=eyes.proven and known)
    return eyes if dark or eyes.closed_since is None else replace(eyes, closed_since=None)


def session_ready(eyes: Eyes) -> Eyes:
    """A session is ready: whatever process this is, it is logged in, and a dialog that was told before is over."""
    sight = eyes.sight
    if sight.login_state in _WAITS:
        sight = replace(sight, login_state=None, since=None, words="")
    return replace(eyes, sight=sight, closed_since=None, proven=True)


def deadline(eyes: Eyes) -> float | None:
    """When something may follow from time alone, in monotonic seconds."""
    moments = [moment for moment in (eyes.fresh_until, _pending_at(eyes)) if moment is not None]
    return min(moments, default=None)


def expired(eyes: Eyes, now: Now) -> Eyes:
    """What was last heard is forgotten when it is too old."""
    if eyes.fresh_until is None or now.mono < eyes.fresh_until:
        return eyes
    return replace(eyes, sight=Sight(words="the controller does not answer in time"), fresh_until=None)


def judged(eyes: Eyes, now: Now, *, ready: bool, working: bool, restarting: bool) -> Eyes:
    """What to tell of it now.

    Args:
        eyes: what was seen.
        now: the present.
        ready: a session is ready.
        working: and it has IBKR's servers.
        restarting: the gateway was lost in the window of its restart, which is still open.
    """
    sight, before = eyes.sight, eyes.seen
    remembered = eyes.mute_from is not None and now.mono < eyes.mute_from + REMEMBERED
    last = eyes.last if remembered else Seen()
    state = LoginState.LOGGED_IN if working else _state(eyes, now, ready=ready, restarting=restarting)
    since = before.since
    if state is None:
        since = None
    elif state is sight.login_state and sight.since is not None:
        since = min(sight.since, now.wall)
    elif state is not before.login_state:
        since = last.since if state is last.login_state else now.wall
    proven = eyes.proven and not eyes.gone
    words = sight.words if sight.login_state in (None, state) else ""  # else they are about what is not so
    seen = Seen(state, since, sight.running, sight.process, proven, before.restarts, words)
    if seen == before:
        return eyes
    if state is None and before.login_state is not None:
        return replace(eyes, seen=seen, last=before, mute_from=now.mono)
    return replace(eyes, seen=seen)


def login_seen(eyes: Eyes, zone: str | None) -> LoginSeen | None:
    """Where the login stands, as a cause or a record tells it."""
    seen = eyes.seen
    return LoginSeen(seen.login_state, seen.since, zone) if seen.login_state is not None else None


def _state(eyes: Eyes, now: Now, *, ready: bool, restarting: bool) -> LoginState | None:
    sight = eyes.sight
    told = sight.login_state
    if not ready and (sight.running is False or told is LoginState.NOT_RUNNING):
        clean = sight.exit_status in (None, 0)
        return LoginState.RESTARTING if restarting and clean else LoginState.NOT_RUNNING
    if told in _WAITS:
        return told
    if ready:
        return LoginState.LOGGED_IN
    if told is None and not sight.running:
        return None
    return _by_the_port(eyes, now, told, restarting=restarting)


def _by_the_port(eyes: Eyes, now: Now, told: LoginState | None, *, restarting: bool) -> LoginState | None:
    """A process runs, and whoever knows of it names no dialog."""
    if restarting:
        return LoginState.RESTARTING
    if eyes.closed_since is None:
        return LoginState.LOGGED_IN if eyes.proven or told is LoginState.LOGGED_IN else told
    pending_at = _pending_at(eyes)
    if pending_at is not None and now.mono >= pending_at:
        return LoginState.LOGIN_PENDING
    if told is LoginState.LOGGED_IN:
        return None  # it says what may have been so for days, and the port says otherwise
    return told if told is not None else LoginState.STARTING


def _pending_at(eyes: Eyes) -> float | None:
    """When a port that stays closed means that a login is pending; None if it is not closed, or nobody knows more."""
    told = eyes.sight.login_state
    if eyes.closed_since is None or eyes.gone or (told is None and not eyes.sight.running):
        return None
    return max(eyes.closed_since, eyes.began or 0.0) + PENDING_AFTER
