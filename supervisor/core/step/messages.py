"""What a session says, and what follows from it.

- The late messages of an earlier epoch are dropped here, in one place.
- Notices are dispatched on what their code's rule made of them, never on their text.
"""

from datetime import datetime, timedelta
from typing import assert_never

from supervisor.core.calendar.gateway_clock import ahead_of_utc, is_zone, offset_in, offset_of
from supervisor.core.codes import notices
from supervisor.core.codes.entry import CodeKind
from supervisor.core.codes.table import OTHER, label, lookup, read
from supervisor.core.model.cause import CauseKey
from supervisor.core.model.counters import MESSAGES_NAMED, added
from supervisor.core.model.events import (
    AccountsReceived,
    CallbackFailed,
    Ending,
    HandshakeDone,
    MessageUndecodable,
    NextIdReceived,
    NoticeReceived,
    PortOpened,
    ProbeAnswered,
    SessionClosed,
    SessionEvent,
    TimeAnswered,
    TrafficSeen,
)
from supervisor.core.model.facts import FirstId
from supervisor.core.model.layers import Layer
from supervisor.core.model.records import (
    CallbackRaised,
    ClockWrong,
    MessageDropped,
    NoticeHeard,
    OrderIdWentBack,
    PortChanged,
    SuspectChanged,
    UpstreamLost,
    ZoneDiffers,
)
from supervisor.core.model.vocabulary import OPEN, Evidence, Failure, Loss, Phase, Planning
from supervisor.core.parts import accounts, diagnosis, farms, heartbeat, login, order_ids, session, upstream
from supervisor.core.step.state import Desupport, day_begins
from supervisor.core.step.transition import Transition
from supervisor.frozen import replace

_LOSS_OF = {
    Ending.RESET: Loss.RESET,
    Ending.PROTOCOL: Loss.PROTOCOL,
    Ending.CALLBACK: Loss.CALLBACK,
    Ending.ERROR: Loss.CALLBACK,
}
_OUR_SIDE = {Ending.CALLBACK: CauseKey.CALLBACK, Ending.ERROR: CauseKey.LOCAL_ERROR}
"""The causes of endings for which no gateway is to blame."""


def on_session_event(transition: Transition, event: SessionEvent) -> None:
    """One event of a session: nothing, if it is not the session of now."""
    state = transition.state
    live = state.session
    if event.epoch != live.epoch or live.phase not in OPEN:
        return
    match event:
        case PortOpened():
            if live.phase is Phase.CONNECTING and not live.opened:
                opened = session.open_port(live, transition.policy, transition.now.mono)
                state.session = replace(opened, tried=event.tried, others_refused=event.others_refused)
            return
        case SessionClosed():
            _closed(transition, event)
            return
        case CallbackFailed():
            _callback_failed(transition, event)
            return
        case NoticeReceived() if lookup(event.code).kind is CodeKind.LOCAL:
            _count(transition, event)  # the client library's own words: no sign of life of the gateway
            transition.records.append(NoticeHeard(event.code, event.request_id, event.text))
            return
        case HandshakeDone():
            state.last_message = transition.now.wall
            if live.phase is Phase.CONNECTING:
                _greeted(transition, event)
            return
        case _:
            state.last_message = transition.now.wall
    if live.phase is Phase.CONNECTING:
        return  # messages count from the handshake on
    match event:
        case TimeAnswered():
            _time(transition, event)
            return
        case AccountsReceived():
            _accounts(transition, event)
        case NextIdReceived():
            _next_id(transition, event)
        case NoticeReceived():
            _notice(transition, event)
        case ProbeAnswered():
            if event.request_id in state.upstream.probes:
                transition.restore_upstream(Evidence.PROBE)
        case MessageUndecodable():
            _dropped(transition, event)
        case TrafficSeen():
            pass
        case _:
            assert_never(event)
    if state.session.phase is Phase.READY:
        state.heartbeat = heartbeat.heard(state.heartbeat, transition.now.mono)


def _closed(transition: Transition, event: SessionClosed) -> None:
    key = event.key or _OUR_SIDE.get(event.ending)
    if transition.ready:
        cause = transition.cause(key, what=event.what) if key is not None else None
        transition.lose(_LOSS_OF.get(event.ending, Loss.CLOSED), event.detail, cause=cause)
        return
    live = transition.state.session
    failure = diagnosis.failure_of(event.ending, opened=live.opened, greeted=live.phase is Phase.HANDSHAKING)
    transition.fail(failure, event.detail, key=key, what=event.what, tried=event.tried)


def _dropped(transition: Transition, event: MessageUndecodable) -> None:
    """Nothing follows from it. It is counted by name, and by no more names than fit."""
    counters = transition.state.counters
    counts, name = counters.undecodable, event.name or str(event.number)
    if name not in counts and len(counts) >= MESSAGES_NAMED:
        name = OTHER
    transition.state.counters = replace(counters, undecodable=added(counts, name, 1))
    transition.records.append(MessageDropped(event.number, event.name, event.library, event.error))


def _callback_failed(transition: Transition, event: CallbackFailed) -> None:
    """An exception of our own in a callback: what this session knows can no longer be trusted, another may."""
    counters = transition.state.counters
    transition.state.counters = replace(counters, callback_errors=counters.callback_errors + 1)
    transition.records.append(CallbackRaised(event.callback, event.error))
    if transition.ready:
        transition.lose(Loss.CALLBACK, close=True)
    else:
        transition.fail(Failure.ERROR, "an exception in a callback", close=True, key=CauseKey.CALLBACK)


# -- the greeting -----------------------------------------------------------------------------------------------------


def _greeted(transition: Transition, event: HandshakeDone) -> None:
    state = transition.state
    state.session = session.greeted(state.session, event.server_version, transition.policy, transition.now.mono)
    told = state.desupport.server_version if state.desupport is not None else None
    if told is not None and event.server_version > told:
        state.desupport = None
    state.clock = replace(state.clock, ahead=ahead_of_utc(event.clock, transition.now.wall))
    offset = offset_of(event.clock, transition.now.wall)
    if offset is not None and is_zone(offset):
        compare_zone(transition, offset, transition.now.wall)
        return
    state.clock = replace(state.clock, offset=None, mismatch=None)
    if offset is not None:
        transition.records.append(ClockWrong(event.clock))


def compare_zone(transition: Transition, offset: timedelta, wall: datetime) -> None:
    """Whether the gateway's clock, `offset` from UTC at that instant, is that of the configured zone."""
    state, zone = transition.state, transition.policy.timezone
    wanted = offset_in(zone, wall) if zone is not None else None
    mismatch = offset != wanted if wanted is not None else None
    state.clock = replace(state.clock, offset=offset, told_at=wall, mismatch=mismatch)
    if zone is not None and wanted is not None and mismatch:
        transition.records.append(ZoneDiffers(offset, zone, wanted))


def _accounts(transition: Transition, event: AccountsReceived) -> None:
    state = transition.state
    state.session = session.with_accounts(state.session, event.accounts)
    if transition.ready and event.accounts and not transition.policy.account_mode.fits(event.accounts):
        state.accounts = accounts.MISMATCHED
        cause = transition.cause(CauseKey.WRONG_ACCOUNT)
        transition.lose(Loss.PROTOCOL, "its accounts no longer fit account_mode", close=True, cause=cause)
        return
    _perhaps_ready(transition)


def _next_id(transition: Transition, event: NextIdReceived) -> None:
    state = transition.state
    state.session = session.with_order_id(state.session, event.order_id)
    highest = state.highest_order_id
    state.highest_order_id = event.order_id if highest is None else max(highest, event.order_id)
    if highest is not None and event.order_id < highest:
        state.counters = replace(state.counters, regressions=state.counters.regressions + 1)
        cause = transition.cause(CauseKey.ORDER_ID_BACK)
        transition.records.append(OrderIdWentBack(event.order_id, highest, cause))
    _perhaps_ready(transition)


def _perhaps_ready(transition: Transition) -> None:
    live = transition.state.session
    greeting = live.greeting
    if live.phase is not Phase.HANDSHAKING or greeting is None:
        return
    if greeting.accounts is None or greeting.order_id is None:
        return
    if not transition.policy.account_mode.fits(greeting.accounts):
        transition.fail(Failure.ACCOUNT_MISMATCH, close=True)
    else:
        address, login = (transition.policy.host, live.port), order_ids.login_of(greeting.accounts)
        first = FirstId(*address, live.client_id, login, greeting.order_id)
        transition.become_ready(greeting)
        transition.state.order_ids = order_ids.session_ready(transition.state.order_ids, first)


def _time(transition: Transition, event: TimeAnswered) -> None:
    state, now = transition.state, transition.now
    if not transition.ready:
        return
    was_suspect = state.heartbeat.suspect
    state.heartbeat, round_trip = heartbeat.answered(state.heartbeat, now.mono, transition.policy.timing)
    if was_suspect:
        transition.records.append(SuspectChanged(suspect=False))
    skew = event.seconds - float(now.wall.timestamp() // 1)
    if skew != state.clock.skew:
        state.clock = replace(state.clock, skew=skew)
    if not state.upstream.undecided:
        transition.observe()
    if round_trip is not None:
        state.counters = replace(state.counters, heartbeats=state.counters.heartbeats.with_value(round_trip))


# -- notices ----------------------------------------------------------------------------------------------------------


def _count(transition: Transition, event: NoticeReceived) -> None:
    counters = transition.state.counters
    transition.state.counters = replace(counters, messages=added(counters.messages, label(event.code), 1))


def _notice(transition: Transition, event: NoticeReceived) -> None:
    _count(transition, event)
    state, now = transition.state, transition.now
    notice = read(event.code, event.text)
    cause, told = None, False
    match notice:
        case notices.FarmNotice():
            _farm(transition, notice)
            told = notice.name is None
        case notices.UpstreamLost():
            _upstream_lost(transition, notice.code)
        case notices.UpstreamRestored():
            transition.restore_upstream(Evidence.NOTICE_1101 if notice.data == "lost" else Evidence.NOTICE_1102)
            _farms(transition, farms.listed(state.farms, notice.connected, notice.not_connected, now.wall))
        case notices.PortChanged():
            _port_changed(transition, notice)
        case notices.ClientIdInUse():
            if state.session.phase is Phase.HANDSHAKING:
                transition.fail(Failure.CLIENT_ID_IN_USE, close=True)
            else:
                told = True
        case notices.CompetingSession():
            state.competing_at, state.competing_heard = now.mono, now.wall
            cause, told = transition.cause(CauseKey.COMPETING_SESSION), True
        case notices.Desupported():
            cause = transition.cause(
                CauseKey.DESUPPORTED, version=notice.version, day=notice.date, minimum=notice.minimum
            )
            told = True
            if notice.date is not None:
                greeting = state.session.greeting
                version = greeting.server_version if greeting is not None else None
                state.desupport = Desupport(day_begins(notice.date), version, now.mono)
        case notices.PacingWarning():
            cause, told = transition.cause(CauseKey.PACING), True
        case notices.ReadOnly():
            cause, told = transition.cause(CauseKey.READ_ONLY), True
        case notices.Plain():
            told = True
        case _:
            assert_never(notice)
    if state.session.phase is Phase.HANDSHAKING and diagnosis.names_a_reason(event.code, event.text):
        state.session = session.with_reason(state.session, event.code, event.text)
    transition.records.append(NoticeHeard(event.code, event.request_id, event.text, cause, told))


def _farm(transition: Transition, notice: notices.FarmNotice) -> None:
    known, wall = transition.state.farms, transition.now.wall
    planned = transition.planning(Layer.FARMS) is Planning.PLANNED
    if notice.name is None:
        _farms(transition, farms.heard_unnamed(known, notice.kind, notice.state, wall, planned=planned))
        return
    after = farms.heard(known, (notice.kind, notice.name), notice.state, wall, planned=planned)
    _farms(transition, farms.healed_unnamed(after, notice.kind, notice.state, wall))


def _farms(transition: Transition, after: farms.Farms) -> None:
    state = transition.state
    state.farms, changes = farms.changed(state.farms, after, transition.now.mono)
    transition.records += changes


def _upstream_lost(transition: Transition, code: int) -> None:
    state = transition.state
    before = state.upstream
    state.upstream = upstream.lost(before, code, transition.now)
    if before.up or before.undecided:
        planning = transition.planning(Layer.UPSTREAM)
        cause = transition.cause_of_upstream()
        transition.records.append(UpstreamLost(code, planning, cause))
        if transition.lowest_broken() is Layer.UPSTREAM:
            state.cause = cause


def _port_changed(transition: Transition, notice: notices.PortChanged) -> None:
    cause = transition.cause(CauseKey.PORT_CHANGED, new_port=notice.port)
    transition.records.append(PortChanged(notice.port, cause))
    transition.state.login = login.left_address(transition.state.login)
    if transition.policy.follow_port_change and notice.port is not None:
        transition.state.session = session.following(transition.state.session, notice.port)
    if transition.ready:
        transition.lose(Loss.PORT_CHANGE, close=True, cause=cause)
