"""The weekly login: when it is due, whether it was done, and whether a person is needed now.

- A login is proven when a session becomes ready at or after the expiry and since the session before it the port refused
  or closed before the handshake. A session merely reopened proves nothing.
- What the port was seen doing is a fact about one address: it counts only for the host and port of the last ready
  session. Code 1300 says that the gateway leaves that address: from then on no address speaks of it.
- A scheduled restart that was lost and came back unclear lets us assume the login at most.
- Due is the first restart at or after the expiry; without a record, the next one. A due restart that was not seen moves
  it to the next one.
- When a due restart passed unwatched, or without a record, a gateway that is up after a scheduled restart since the
  last expiry is assumed to be logged in. A restart counts for that once its window is over: until then the session may
  be the old one, about to go.
- A person is required when no session was there for longer than the grace, the loss came at or after the expiry, and
  the port says so. A loss in the window of the due restart, its lead included, is after the expiry.
- That ends with a ready session, or with the operator's word.
- A gateway without a restart has no expiry and no due, and never asks.
"""

from datetime import datetime, timedelta

from supervisor.core.calendar.clock import Now
from supervisor.core.calendar.tokens import Expiry, last_expiry, next_expiry
from supervisor.core.calendar.windows import RESTARTS, Occurrence, Window, first_at, occurrences, renewed
from supervisor.core.model.facts import Facts
from supervisor.core.model.policy import Policy, Reauth
from supervisor.core.model.vocabulary import PortEvidence
from supervisor.core.parts.restarts import Away
from supervisor.frozen import dataclass, replace

Address = tuple[str, int]
"""Host and port."""
NOWHERE = 0
"""The port of a gateway that has left its port."""


@dataclass(frozen=True, slots=True)
class Login:
    """What is known of the weekly login of one gateway."""

    proven_at: datetime | None = None
    """The last login that was proven, assumed or confirmed; None without a record."""
    assumed: bool = False
    due_from: datetime | None = None
    """The first restart at or after this instant asks for the login; None without a record: the next one."""
    due: Occurrence | None = None
    """That restart; while the login is missed it stays the one that missed it."""
    unwatched: datetime | None = None
    """The end of the window of a due restart that passed while nobody looked."""
    address: Address = ("", NOWHERE)
    """Of the last ready session, before the first one as configured: only what is seen there speaks of this gateway."""
    port_closed: bool = False
    """Since the last session the port refused, or closed before the handshake."""
    evidence: PortEvidence = PortEvidence.NONE
    """What the last attempt said of the port."""
    lost_at: Now | None = None
    """When the session was lost; None while one is ready, or before anything is known."""
    lost_in_restart: bool = False
    """In the window of a restart, whose grace it has."""
    required_from: float | None = None
    """The monotonic moment after which a person may be required; None while a session is ready, or nothing is known."""
    required: bool = False


def restart_windows(policy: Policy) -> tuple[Window, ...]:
    """The windows whose instants ask for the login once the token has expired."""
    return tuple(window for window in policy.windows if window.kind in RESTARTS)


def recalled(facts: Facts, policy: Policy, now: Now) -> Login:
    """What an earlier process knew."""
    login = Login(
        proven_at=facts.login_proven_at,
        assumed=facts.login_assumed,
        due_from=facts.reauth_due,
        address=_recalled_address(facts, policy),
        port_closed=facts.port_gone,
    )
    login = _scheduled(login, policy, now.wall)
    if facts.session_lost_at is None:
        return login
    ago = max(0.0, (now.wall - facts.session_lost_at).total_seconds())
    return _lost(login, policy, Now(now.mono - ago, facts.session_lost_at), facts.session_lost_in_restart)


def readdressed(login: Login, policy: Policy, now: Now, *, same_host: bool, known: bool) -> Login:
    """Host or port are others from now on: what the port was seen doing is forgotten, and on another host all.

    `known`: a session was ready once, at `login.address`.
    """
    if not same_host:
        return recalled(Facts(), policy, now)
    address = login.address if known else (policy.host, policy.port)
    return replace(login, address=address, port_closed=False, evidence=PortEvidence.NONE)


def left_address(login: Login) -> Login:
    """Code 1300: a port that refuses from now on says nothing of the gateway."""
    return replace(login, address=(login.address[0], NOWHERE))


def rescheduled(login: Login, policy: Policy, now: Now) -> Login:
    """The restarts are others from now on: a due one that has not come yet is looked for among them."""
    windows, due, known = restart_windows(policy), login.due, login.due_from
    again = renewed(windows, due) if due is not None else None
    if not windows:
        login = replace(login, due=None, unwatched=None, required=False)
    elif due is None:  # the first ones that are known of this gateway: as after a start
        login = _scheduled(login, policy, now.wall)
    elif due.at > now.wall or (again is None and login.lost_at is None):
        after = now.wall if known is None else max(known, now.wall)
        login = replace(login, due=first_at(windows, after), due_from=None if known is None else after)
    elif again is not None:
        login = replace(login, due=again)
    lost_at = login.lost_at
    return login if lost_at is None else _lost(login, policy, lost_at, login.lost_in_restart)


def expiry(login: Login, policy: Policy, wall: datetime) -> datetime | None:
    """When the token expires, or has expired; None for a gateway without a restart."""
    if not restart_windows(policy):
        return None
    if login.proven_at is None:
        return last_expiry(wall).at
    return next_expiry(login.proven_at).at


def became_ready(login: Login, policy: Policy, address: Address, wall: datetime, away: Away | None) -> Login:
    """A session is ready at this address, which may prove a login, or let us assume one.

    `away`: what the loss before it was, if that is known.
    """
    fresh = replace(
        login,
        address=address,
        port_closed=False,
        evidence=PortEvidence.NONE,
        lost_at=None,
        lost_in_restart=False,
        required_from=None,
        required=False,
    )
    if not restart_windows(policy):
        return fresh
    closed_since = login.port_closed and login.address == address
    restarted = away in (Away.RESTART, Away.UNCLEAR) and _lost_in_due(login)
    if _holds(login, wall):  # the due restart came within its lead, and was over before the tokens expired
        return _moved_on(fresh, policy, next_expiry(wall), wall) if restarted else fresh
    last = last_expiry(wall)
    if wall < last.proof_from:
        fresh = _moved_on(fresh, policy, last, wall) if closed_since or restarted else fresh
    elif closed_since:
        return proven(fresh, policy, wall)
    elif restarted:
        fresh = passed_unwatched(fresh)
    return seen_up(fresh, policy, wall)


def seen_up(login: Login, policy: Policy, wall: datetime) -> Login:
    """A session is ready: if a due restart passed unwatched, and is over, what follows from that?"""
    if login.unwatched is None or wall < login.unwatched:
        return login
    last = last_expiry(wall)
    if wall < last.proof_from:
        return login
    restarts = occurrences(restart_windows(policy), last.at, wall)
    if any(last.at <= each.at and each.planned_until <= wall for each in restarts):
        return replace(proven(login, policy, wall), assumed=True)
    # The token has expired again, and no restart is known to have asked for it since: the next one does.
    return _scheduled(replace(login, due_from=last.at), policy, wall)


def confirmed(login: Login, policy: Policy, wall: datetime) -> Login:
    """The operator's word that the login was done. Between the two 01:00 of the fall-back Sunday it is too early."""
    return login if wall < last_expiry(wall).proof_from else proven(login, policy, wall)


def proven(login: Login, policy: Policy, wall: datetime) -> Login:
    """A login was done: it holds until the next expiry, and is due at the first restart after that."""
    expires = next_expiry(wall).at
    return replace(
        login,
        proven_at=wall,
        assumed=False,
        due_from=expires,
        due=first_at(restart_windows(policy), expires),
        unwatched=None,
        required=False,
    )


def lost(login: Login, policy: Policy, now: Now, *, in_restart: bool) -> Login:
    """The session was lost."""
    if login.due is not None and login.due.start <= now.wall:
        login = _remembered(login, login.due)
    return _lost(login, policy, now, in_restart)


def attempt_failed(login: Login, policy: Policy, evidence: PortEvidence, now: Now, *, known: bool) -> Login:
    """An attempt ended; `evidence` is what it said of the port.

    `known`: the gateway was ready once, so that its absence is a loss. One that never was is down, and no login is
    asked for: nothing tells that it was ever set up.
    """
    port_closed = login.port_closed or evidence is PortEvidence.CLOSED
    login = replace(login, port_closed=port_closed, evidence=evidence)
    return _lost(login, policy, now, False) if known and login.lost_at is None else login


def unseen(login: Login, policy: Policy, occurrence: Occurrence) -> Login:
    """A restart did not come: if it was the due one, the next one is."""
    if login.due is None or login.due.at > occurrence.at:
        return login
    after = occurrence.at + timedelta.resolution
    return replace(login, due_from=after, due=first_at(restart_windows(policy), after), unwatched=None)


def passed_unwatched(login: Login) -> Login:
    """The window of the due restart opened, or was open, while nobody could see whether it came."""
    if login.due is None or login.unwatched is not None:
        return login
    return replace(_remembered(login, login.due), unwatched=login.due.planned_until)


def released(login: Login) -> Login:
    """We ended the session or the attempt ourselves: what the port last said is out of date."""
    return replace(login, evidence=PortEvidence.NONE)


def judged(login: Login, policy: Policy, now: Now) -> Login:
    """Whether a person is required now. Once required, only a ready session or the operator's word ends it."""
    begins, lost_at = login.required_from, login.lost_at
    if login.required or begins is None or lost_at is None or now.mono < begins or login.evidence is PortEvidence.NONE:
        return login
    expired = expiry(login, policy, now.wall)
    asked = expired is not None and (lost_at.wall >= expired or _lost_in_due(login))
    return replace(login, required=True) if asked else login


def expired_since(login: Login, policy: Policy, wall: datetime) -> bool:
    """The session was lost before the tokens expired, and is away past that: it will need a login to come back."""
    expired = expiry(login, policy, wall)
    if login.lost_at is None or expired is None or login.required:
        return False
    return login.lost_at.wall < expired <= wall


def _holds(login: Login, wall: datetime) -> bool:
    """The last login was after the last expiry."""
    return login.proven_at is not None and login.proven_at >= last_expiry(wall).proof_from


def _scheduled(login: Login, policy: Policy, wall: datetime) -> Login:
    """The due restart, and whether it lies behind us unseen."""
    windows = restart_windows(policy)
    if login.due_from is not None:
        due = first_at(windows, login.due_from)
        missed = due
    else:
        missed = first_at(windows, last_expiry(wall).at)
        due = missed if missed is not None and missed.contains(wall) else first_at(windows, wall)
    unwatched = missed.planned_until if missed is not None and missed.start <= wall else None
    return replace(login, due=due, unwatched=unwatched)


def _lost_in_due(login: Login) -> bool:
    """The session was lost in the window of the due restart."""
    return login.lost_at is not None and login.due is not None and login.due.contains(login.lost_at.wall)


def _recalled_address(facts: Facts, policy: Policy) -> Address:
    """Of the last ready session; the configured one if there was none, and for a record from before it was kept."""
    if not facts.known or facts.session_host is None or facts.session_port is None:
        return policy.host, policy.port
    return facts.session_host, facts.session_port


def _moved_on(login: Login, policy: Policy, around: Expiry, wall: datetime) -> Login:
    """A restart so near the expiry that it proves nothing; if it was the due one, the next one is.

    Between the two 01:00 of the fall-back Sunday, or within its lead before the expiry. On that Sunday the other window
    of the same local time is not the next one: of the two one restart is expected.
    """
    if login.due is None or login.due.start > wall:
        return login
    after = login.due.at + (around.proof_from - around.at) + timedelta.resolution
    return replace(login, due_from=after, due=first_at(restart_windows(policy), after), unwatched=None)


def _remembered(login: Login, due: Occurrence) -> Login:
    """The due restart has come: without a record too, another process must find this one due, not the next."""
    return login if login.due_from is not None else replace(login, due_from=due.at)


def _lost(login: Login, policy: Policy, at: Now, in_restart: bool) -> Login:
    """`lost_at`, and from it the moment after which a person may be required."""
    patience = _grace(login, policy, at.wall, in_restart) * (2 if policy.reauth is Reauth.AUTOMATIC else 1)
    begins = at.mono + patience.total_seconds() if restart_windows(policy) else None
    return replace(login, lost_at=at, lost_in_restart=in_restart, required_from=begins)


def _grace(login: Login, policy: Policy, lost_at: datetime, in_restart: bool) -> timedelta:
    """The grace of the restart in which the session was lost, else of the one that asks for the login."""
    if in_restart:
        for occurrence in occurrences(restart_windows(policy), lost_at, lost_at + timedelta.resolution):
            return occurrence.window.grace
    return login.due.window.grace if login.due is not None else timedelta(0)
