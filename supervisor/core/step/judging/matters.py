"""What people must be told of one gateway: the rows of the table of pages that hold now, read off the state.

- Of an outage one row holds at a time: the sharpest name for what is broken. None does while it is planned; but a wrong
  account and a missing login are never explained by a window.
- What is read from numbers over time, such as a slow heartbeat, stays with Prometheus; flapping sessions are counted.
- A gateway labelled `role: standby` may be paused, and may find its client id in use: that is its purpose.
"""

from datetime import datetime, timedelta

from supervisor.core.model.actions import Subject
from supervisor.core.model.behind.canary import CanaryState, CanaryView
from supervisor.core.model.cause import Cause, CauseKey
from supervisor.core.model.gate import GateClosed
from supervisor.core.model.layers import Layer
from supervisor.core.model.pages import ROWS, Page, Severity, is_open, market_of
from supervisor.core.model.policy import STANDBY, AccountMode
from supervisor.core.model.records import OrderIdWentBack, RestartJudged, SessionLost
from supervisor.core.model.recovery.records import RecoveryFailed, RecoveryProved, RecoveryStarted
from supervisor.core.model.snapshot import Outage
from supervisor.core.model.status import Status
from supervisor.core.model.vocabulary import Loss, Planning, RestartResult
from supervisor.core.parts import farms
from supervisor.core.parts.telling import notify
from supervisor.core.parts.telling.notify import Ended, Matter
from supervisor.core.step.judging import recovery_told
from supervisor.core.step.state import COMPETING_FOR, LOGIN_SOON, State, login_soon, outage_id
from supervisor.core.step.transition import Transition
from supervisor.frozen import replace

LATE_RESTART = 300.0
"""Seconds that a loss may last soon after a restart that was not seen: it is most likely that restart."""
SKEW = 3.0
"""Seconds between the gateway's clock and ours."""
DESUPPORT_DAYS = 60
URGENT_DAYS = 2
_RIVAL = frozenset({CauseKey.CLIENT_ID_GHOST, CauseKey.CLIENT_ID_RIVAL})
_OURS = frozenset({Loss.OPERATOR, Loss.SHUTDOWN, Loss.PORT_CHANGE})


def tell_people(transition: Transition) -> None:
    """Say what is due, and remember when the next thing may be."""
    state = transition.state
    found = _matters(transition)
    state.notify, said = notify.heard(
        state.notify, found, _outage(state), _ended(state), transition.now, observed=state.outages.observing
    )
    transition.actions += said
    due = notify.wakes(state.notify, found, transition.now)
    silence = None if state.competing_at is None else state.competing_at + COMPETING_FOR
    if silence is not None and silence > transition.now.mono and (due is None or silence < due):
        due = silence
    state.notify_due, state.gate_heard = due, state.gate.open


def has_news(before: State, state: State) -> bool:
    """Whether there may be something to say, if no record says so: asked after every step, so nothing is called."""
    now, due, last = state.at, state.notify_due, before.outages.current
    outage, left, login, clock = state.outages.current, before.outages.inherited, state.login, state.clock
    soon = login.due.at - LOGIN_SOON if login.due is not None and login.due_from is not None else None
    if soon is not None and login.due_from is not None and login.due_from > soon:
        soon = login.due_from
    return (
        (due is not None and due <= now.mono)
        or state.broken is not before.broken
        or left is not state.outages.inherited
        or state.outages.observing is not before.outages.observing
        or (
            outage is not last
            and (
                outage is None or last is None or outage.planning is not last.planning or outage.ended is not last.ended
            )
        )
        or state.cause is not before.cause
        or state.status is not before.status
        or state.accounts is not before.accounts
        or state.operator is not before.operator
        or state.restarts.pending is not before.restarts.pending
        or login.required is not before.login.required
        or login.due is not before.login.due
        or login.unwatched is not before.login.unwatched
        or (soon is not None and before.at.wall < soon <= now.wall)
        or state.competing_at is not before.competing_at
        or (state.canary is not before.canary and _dead(state) is not _dead(before))
        or state.gate.open is not state.gate_heard
        or state.span.active is not before.span.active
        or state.recovery.proposal is not before.recovery.proposal
        or state.recovery.approval is not before.recovery.approval
        or state.desupport is not None
        or clock.mismatch is not before.clock.mismatch
        or (clock.skew is not before.clock.skew and clock.skew != before.clock.skew)
    )


def hear(transition: Transition) -> None:
    """What happened in this step and was not heard yet: some of it is told at once, some is counted."""
    state, records = transition.state, transition.records
    for record in records[transition.heard :]:
        match record:
            case SessionLost(reason=reason, planning=Planning.UNPLANNED) if reason not in _OURS:
                state.notify = notify.lost(state.notify, transition.now)
            case RestartJudged(result=RestartResult.NOT_SEEN, at=at):
                state.notify = notify.unseen(state.notify, transition.now)
                if not state.clock.mismatch:
                    _once(transition, "IBRestartNotSeen", at, None)
            case OrderIdWentBack(cause=cause):
                _once(transition, "IBOrderIdWentBack", transition.now.wall, cause)
            case RecoveryStarted() | RecoveryProved() | RecoveryFailed():
                recovery_told.did(transition, record)
            case _:
                pass
    transition.heard = len(records)


def _once(transition: Transition, row: str, at: datetime, cause: Cause | None) -> None:
    page = ROWS[row]
    matter = Matter(row, page, f"{page.name}-{at:%Y%m%dT%H%M%S.%fZ}", at, _severity(page, transition), cause)
    transition.actions.append(notify.once(matter, transition.now))


def _matters(transition: Transition) -> list[Matter]:
    """All that hold, the sharpest first."""
    state, now = transition.state, transition.now
    standby = STANDBY in transition.policy.labels
    found = []
    outage = state.outages.current
    if outage is not None and outage.ended is None and state.outages.observing:
        row = _row_of(transition, outage)
        if row is not None and not (standby and row == "IBClientIdConflict"):
            found.append(_of_outage(transition, outage, row))
    if notify.is_flapping(state.notify, now):
        found.append(_lasting(transition, "IBSessionFlapping", state.cause))
    if state.operator.pause is not None and not standby:
        found.append(_lasting(transition, "IBGatewayPausedLong", state.cause))
    soon, due = login_soon(state), state.login.due
    rests = standby and state.operator.pause is not None  # it sees no login, and the other supervisor asks for it
    if soon is not None and due is not None and soon <= now.wall and not state.login.required and not rests:
        page = ROWS["IBReauthDueSoon"]
        name = f"{page.name}-{due.at:%Y%m%dT%H%M%SZ}"
        found.append(Matter(page.name, page, name, soon, page.severity, due=due.at))
    if state.competing_at is not None and now.mono - state.competing_at < COMPETING_FOR:
        found.append(_lasting(transition, "IBCompetingSession", transition.cause(CauseKey.COMPETING_SESSION)))
    if _dead(state) and state.competing_at is None:
        found.append(_lasting(transition, "IBCanaryDead", None, _dead_views(state)))
    if _gate_alone(state):
        found.append(_lasting(transition, "IBGateClosed", None, GateClosed(state.gate.reasons, 0.0)))
    found += recovery_told.asked(transition)
    calm = state.status not in (Status.MAINTENANCE, Status.STOPPED)
    if state.clock.skew is not None and not -SKEW <= state.clock.skew <= SKEW and calm:
        found.append(_lasting(transition, "IBClockSkew", None, state.clock))
    if state.clock.mismatch:
        found.append(_lasting(transition, "IBTimezoneMismatch", None, state.clock))
    if state.desupport is not None:
        found += _desupport(transition, state.desupport.on)
    return found


def _gate_alone(state: State) -> bool:
    """The gate is closed, and nothing else that is told, or is planned, says so."""
    told = _dead(state) or state.competing_at is not None
    return not state.gate.open and state.status is Status.UP and not state.active and not told


def _dead(state: State) -> bool:
    return state.canary is not None and state.canary.dead


def _dead_views(state: State) -> tuple[CanaryView, ...]:
    views = state.canary.views if state.canary is not None else ()
    return tuple(view for view in views if view.state is CanaryState.DEAD)


def _row_of(transition: Transition, outage: Outage) -> str | None:
    """The sharpest name of what is broken; None while nobody need know."""
    state = transition.state
    if state.login.required:
        return "IBReauthRequired"
    if outage.planning is Planning.PLANNED or state.broken is None:
        return None
    if state.broken is Layer.UPSTREAM:
        return "IBUpstreamLost"
    if state.broken is Layer.FARMS:
        return "IBFarmDown"
    if state.accounts.mismatch:
        return "IBAccountMismatch"
    if state.cause is not None and state.cause.key in _RIVAL:
        return "IBClientIdConflict"
    return "IBRestartOverdue" if state.restarts.pending else "IBGatewayDown"


def _of_outage(transition: Transition, outage: Outage, row: str) -> Matter:
    state, now = transition.state, transition.now
    unseen_at = state.notify.unseen_at
    late = row == "IBGatewayDown" and unseen_at is not None and now.mono - unseen_at < notify.UNSEEN_FOR
    page = ROWS[row]
    severity = _severity(page, transition)
    lasted = (now.wall - outage.began).total_seconds()
    if page.closed is not None and severity is page.severity and lasted >= page.after and _markets_closed(transition):
        severity = page.closed
    return Matter(
        row,
        page,
        outage_id(outage.began),
        outage.began,
        severity,
        state.cause if state.cause is not None else outage.cause,
        after=LATE_RESTART if late else None,
        turned=outage.began < now.wall and outage.planning is Planning.UNPLANNED,
    )


def _markets_closed(transition: Transition) -> bool:
    broken = farms.required_broken(transition.state.farms, transition.policy)
    return not any(is_open(market_of(name), transition.now.wall) for _, name in broken)


def _lasting(transition: Transition, row: str, cause: Cause | None, about: Subject | None = None) -> Matter:
    """One that has no instant of its own: its conversation goes on as long as it holds, or a new one begins."""
    known = None
    for talk in transition.state.notify.talks:
        if talk.row == row:
            known = talk
    page = ROWS[row]
    began = transition.now.wall if known is None else known.began
    name = f"{page.name}-{began:%Y%m%dT%H%M%S.%fZ}" if known is None else known.id
    return Matter(row, page, name, began, _severity(page, transition), cause, about=about)


def _desupport(transition: Transition, on: datetime) -> list[Matter]:
    left = on - transition.now.wall
    row = "IBGatewayVersionDesupported"
    if left >= timedelta(days=DESUPPORT_DAYS):
        return []
    if left < timedelta(days=URGENT_DAYS):
        row = f"{row} critical"
    day = on.date()
    cause = transition.cause(CauseKey.DESUPPORTED, day=day)
    page = ROWS[row]
    return [Matter(row, page, f"{page.name}-{day:%Y%m%d}", on, page.severity, cause, due=on)]


def _severity(page: Page, transition: Transition) -> Severity:
    paper = transition.policy.account_mode is AccountMode.PAPER
    return page.paper if paper and page.paper is not None else page.severity


def _outage(state: State) -> str:
    """The id of the outage that has not closed."""
    current, inherited = state.outages.current, state.outages.inherited
    began = current.began if current is not None else inherited.began if inherited is not None else None
    return "" if began is None else outage_id(began)


def _ended(state: State) -> dict[str, Ended]:
    """How conversations ended that are over now."""
    found = {**recovery_told.answered(state.notify.talks)}
    last, known = state.outages.last, state.login
    login_told = False
    for talk in state.notify.talks:
        if last is not None and talk.id == outage_id(last.began):
            asked = "IBReauthRequired" in talk.told
            login_told = login_told or asked
            recovered = Ended(last.seconds, last.cause, last.recovered, login=asked and last.recovered)
            found[talk.id] = recovered if last.recovered else replace(recovered, cause=state.cause)
    for talk in state.notify.talks:
        if talk.row == "IBReauthDueSoon":
            done = known.proven_at is not None and known.proven_at > talk.began
            found[talk.id] = Ended(login=done, silent=not done or login_told)
    return found
