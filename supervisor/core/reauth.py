"""The weekly login: when it is due, whether it was done, and whether a person is needed now.

- A login is proven when a session becomes ready at or after the expiry and since the session before it the port refused
  or closed before the handshake, or the loss was the scheduled restart. A session merely reopened proves nothing.
- Due is the first restart at or after the expiry. A due restart that was not seen moves it to the next one.
- Without a record, or when a due restart passed unwatched, a gateway that is up after a scheduled restart is assumed to
  be logged in.
- A person is required when no session was there for longer than the grace, the loss came at or after the expiry, and
  the port says so. It ends with a ready session, or with the operator's word.
- A gateway without a restart has no expiry and no due, and never asks.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from supervisor.core.clock import Now
from supervisor.core.facts import Facts
from supervisor.core.policy import Policy, Reauth
from supervisor.core.session import Failure
from supervisor.core.tokens import last_expiry, next_expiry
from supervisor.core.windows import RESTARTS, Occurrence, Window, first_at, occurrences


@dataclass(frozen=True, slots=True)
class Login:
    """What is known of the weekly login of one gateway."""

    proven_at: datetime | None = None
    """The last login that was proven, assumed or confirmed; None without a record."""
    assumed: bool = False
    due_from: datetime | None = None
    """The first restart at or after this instant asks for the login."""
    unwatched: bool = False
    """A due restart passed while nobody looked."""
    gone: bool = False
    """Since the last session the port refused, or closed before the handshake."""
    mute: bool = False
    """The last attempt ended in a mute handshake."""
    closed: bool = False
    """The last attempt was refused, or closed before the handshake."""
    lost_at: Now | None = None
    """When the session was lost; None while one is ready, or before anything is known."""
    lost_in_restart: bool = False
    required: bool = False


def restart_windows(policy: Policy) -> tuple[Window, ...]:
    """The windows whose instants ask for the login once the token has expired."""
    return tuple(window for window in policy.windows if window.kind in RESTARTS)


def recalled(facts: Facts, policy: Policy, now: Now) -> Login:
    """What an earlier process knew; without a record the login is due at the next restart."""
    lost_at = None
    if facts.session_lost_at is not None:
        ago = max(0.0, (now.wall - facts.session_lost_at).total_seconds())
        lost_at = Now(now.mono - ago, facts.session_lost_at)
    login = Login(
        proven_at=facts.login_proven_at,
        assumed=facts.login_assumed,
        due_from=facts.reauth_due or now.wall,
        lost_at=lost_at,
        lost_in_restart=facts.session_lost_in_restart,
    )
    due_at = due(login, policy)
    return replace(login, unwatched=due_at is not None and due_at.start <= now.wall)


def expiry(login: Login, policy: Policy, wall: datetime) -> datetime | None:
    """When the token expires, or has expired; None for a gateway without a restart."""
    if not restart_windows(policy):
        return None
    if login.proven_at is None:
        return last_expiry(wall).at
    return next_expiry(login.proven_at).at


def due(login: Login, policy: Policy) -> Occurrence | None:
    """The restart that asks for the login."""
    return None if login.due_from is None else first_at(restart_windows(policy), login.due_from)


def became_ready(login: Login, policy: Policy, wall: datetime) -> tuple[Login, bool]:
    """A session is ready; with it whether this proved, or let us assume, a login."""
    fresh = replace(login, gone=False, mute=False, closed=False, lost_at=None, lost_in_restart=False, required=False)
    last = last_expiry(wall)
    if not restart_windows(policy):
        return fresh, False
    if login.proven_at is not None and login.proven_at >= last.proof_from:
        return replace(fresh, unwatched=False), False
    if wall >= last.proof_from and (login.gone or login.lost_in_restart):
        return proven(fresh, wall), True
    unsure = login.proven_at is None or login.unwatched
    if unsure and wall >= last.proof_from and _restarted_since(last.at, policy, wall):
        return replace(proven(fresh, wall), assumed=True), True
    return fresh, False


def proven(login: Login, wall: datetime) -> Login:
    """A login was done: it holds until the next expiry, and is due at the first restart after that."""
    return replace(login, proven_at=wall, assumed=False, due_from=next_expiry(wall).at, unwatched=False, required=False)


def lost(login: Login, now: Now, *, in_restart: bool) -> Login:
    """The session was lost, or the first attempt ever failed."""
    return replace(login, lost_at=now, lost_in_restart=in_restart)


def attempt_failed(login: Login, failure: Failure, reach: int, now: Now) -> Login:
    """An attempt ended; `reach` is how many layers it climbed."""
    closed = failure is Failure.REFUSED or (failure is Failure.CLOSED and reach < 2)
    return replace(
        login,
        gone=login.gone or closed,
        closed=closed,
        mute=failure is Failure.HANDSHAKE_TIMEOUT,
        lost_at=login.lost_at or now,
    )


def unseen(login: Login, policy: Policy, occurrence: Occurrence) -> Login:
    """A restart did not come: if it was the due one, the next one is."""
    due_at = due(login, policy)
    if due_at is None or due_at.at > occurrence.at:
        return login
    return replace(login, due_from=occurrence.at + timedelta.resolution)


def unwatched(login: Login, policy: Policy, wall: datetime) -> Login:
    """A restart window opened while no session was ready:

    If it is the due one, the login may be done without our seeing.
    """
    due_at = due(login, policy)
    return replace(login, unwatched=login.unwatched or (due_at is not None and due_at.start <= wall))


def required_from(login: Login, policy: Policy) -> float | None:
    """The monotonic moment from which a person may be required; None while a session is ready, or nothing is known."""
    if login.lost_at is None or not restart_windows(policy):
        return None
    return login.lost_at.mono + grace(login, policy).total_seconds() * (2 if policy.reauth is Reauth.AUTOMATIC else 1)


def judged(login: Login, policy: Policy, now: Now) -> Login:
    """Whether a person is required now. Once required, only a ready session or the operator's word ends it."""
    begins = required_from(login, policy)
    if login.required or begins is None or now.mono <= begins or not (login.closed or login.mute):
        return login
    expired = expiry(login, policy, now.wall)
    lost_at = login.lost_at
    return replace(login, required=expired is not None and lost_at is not None and lost_at.wall >= expired)


def grace(login: Login, policy: Policy) -> timedelta:
    """The grace of the restart in which the session was lost, else of the one that asks for the login."""
    windows = restart_windows(policy)
    if login.lost_at is not None and login.lost_in_restart:
        wall = login.lost_at.wall
        for occurrence in occurrences(windows, wall, wall + timedelta.resolution):
            return occurrence.window.grace
    due_at = due(login, policy)
    return due_at.window.grace if due_at is not None else windows[0].grace


def _restarted_since(since: datetime, policy: Policy, wall: datetime) -> bool:
    restart = first_at(restart_windows(policy), since)
    return restart is not None and restart.at <= wall
