"""What a session says, and what follows from it.

One function for each kind of event of a session; `machine` has already dropped the late words of earlier epochs.
Notices are dispatched on what `codes.read` made of them, never on their text.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from supervisor.core.calendar.gateway_clock import is_zone, offset_in, offset_of, told
from supervisor.core.codes import notices
from supervisor.core.codes import table as codes
from supervisor.core.explain.causes import CauseKey
from supervisor.core.explain.talk import farm_changed, may_tell
from supervisor.core.model.actions import Level
from supervisor.core.model.counters import added
from supervisor.core.model.events import (
    AccountsReceived,
    CallbackFailed,
    Ending,
    HandshakeDone,
    NextIdReceived,
    NoticeReceived,
    PortOpened,
    ProbeAnswered,
    SessionClosed,
    SessionEvent,
    TimeAnswered,
)
from supervisor.core.model.layers import Layer
from supervisor.core.parts import farms, heartbeat, session, upstream
from supervisor.core.parts.session import Failure, Loss, Phase
from supervisor.core.parts.upstream import Evidence
from supervisor.core.step.state import Desupport, day_begins
from supervisor.core.step.turn import Turn

_FAILURE_OF = {
    Ending.REFUSED: Failure.REFUSED,
    Ending.CLOSED: Failure.CLOSED,
    Ending.RESET: Failure.CLOSED,
    Ending.PROTOCOL: Failure.PROTOCOL,
}
_LOSS_OF = {
    Ending.RESET: Loss.RESET,
    Ending.PROTOCOL: Loss.PROTOCOL,
    Ending.CALLBACK: Loss.CALLBACK,
}
_TOLD_SEVERITIES = frozenset({codes.Severity.CRITICAL, codes.Severity.ERROR, codes.Severity.WARNING})


def hear(turn: Turn, event: SessionEvent) -> None:
    """One event of the session under way."""
    match event:
        case PortOpened():
            if turn.state.session.phase is Phase.CONNECTING and not turn.state.session.opened:
                turn.state.session = session.open_port(turn.state.session, turn.policy, turn.now.mono)
        case SessionClosed():
            _closed(turn, event)
        case CallbackFailed():
            turn.count(callback_errors=turn.state.counters.callback_errors + 1)
            turn.tell(Level.ERROR, "callback_error", f"exception in {event.callback}: {event.error}")
            _defective(turn)
        case NoticeReceived() if codes.lookup(event.code).kind is codes.Kind.LOCAL:
            _count(turn, event)  # the client library's own words: no sign of life of the gateway
            _tell_hourly(turn, event, None)
        case HandshakeDone():
            turn.state.last_message = turn.now.wall
            _handshake(turn, event)
        case _:
            turn.state.last_message = turn.now.wall
            if turn.state.session.phase is not Phase.CONNECTING:
                _message(turn, event)


def _message(turn: Turn, event: SessionEvent) -> None:
    """What counts from the handshake on."""
    match event:
        case TimeAnswered():
            _time(turn, event)
            return
        case AccountsReceived():
            _accounts(turn, event)
        case NextIdReceived():
            _next_id(turn, event)
        case NoticeReceived():
            _notice(turn, event)
        case ProbeAnswered() if event.request_id in turn.state.upstream.probes:
            turn.restore_upstream(Evidence.PROBE)
        case _:
            pass
    if turn.ready:
        turn.state.heartbeat = heartbeat.heard(turn.state.heartbeat, turn.now.mono)


def _closed(turn: Turn, event: SessionClosed) -> None:
    if turn.ready:
        turn.lose(_LOSS_OF.get(event.ending, Loss.CLOSED), event.detail)
    elif event.ending is Ending.TIMEOUT:
        turn.fail(session.overdue(turn.state.session), event.detail)
    else:
        ours = CauseKey.CALLBACK if event.ending is Ending.CALLBACK else None
        turn.fail(_FAILURE_OF.get(event.ending, Failure.ERROR), event.detail, key=ours)


def _defective(turn: Turn) -> None:
    """An exception of our own in a callback: what this session knows can no longer be trusted, another may."""
    if turn.ready:
        turn.lose(Loss.CALLBACK, close=True)
    else:
        turn.fail(Failure.ERROR, "an exception in a callback", close=True, key=CauseKey.CALLBACK)


def _handshake(turn: Turn, event: HandshakeDone) -> None:
    live = turn.state.session
    if live.phase is not Phase.CONNECTING:
        return
    turn.state.session = session.shaken(live, event.server_version, turn.policy, turn.now.mono)
    told = turn.state.desupport.server_version if turn.state.desupport is not None else None
    if told is not None and event.server_version > told:
        turn.state.desupport = None
    _compare_clock(turn, event.clock)


def _compare_clock(turn: Turn, clock: str) -> None:
    offset = offset_of(clock, turn.now.wall)
    if offset is None or not is_zone(offset):
        turn.state.clock = replace(turn.state.clock, offset=None, mismatch=None)
        if offset is not None:
            _tell_zone(turn, f"the gateway's clock is wrong: it says {notices.summary(clock)}")
        return
    compare_zone(turn, offset, turn.now.wall)


def compare_zone(turn: Turn, offset: timedelta, wall: datetime) -> None:
    """Whether the gateway's clock, `offset` from UTC at that instant, is that of the configured zone."""
    zone = turn.policy.timezone
    wanted = offset_in(zone, wall) if zone is not None else None
    mismatch = offset != wanted if wanted is not None else None
    turn.state.clock = replace(turn.state.clock, offset=offset, told_at=wall, mismatch=mismatch)
    if wanted is not None and mismatch:
        _tell_zone(
            turn,
            f"the gateway's clock runs at {told(offset)}, but its restart is configured in {zone} ({told(wanted)}): "
            "set `timezone` to that of the gateway's machine or container, or the restart will come as a surprise",
        )


def _tell_zone(turn: Turn, text: str) -> None:
    if turn.state.talk.mismatch != text[:60]:
        turn.state.talk = replace(turn.state.talk, mismatch=text[:60])
        turn.tell(Level.WARNING, "timezone_mismatch", text)


def _time(turn: Turn, event: TimeAnswered) -> None:
    if not turn.ready:
        return
    state, now = turn.state, turn.now
    state.heartbeat, round_trip = heartbeat.answered(state.heartbeat, now.mono, turn.policy.timing)
    skew = event.seconds - float(now.wall.timestamp() // 1)
    if skew != state.clock.skew:
        state.clock = replace(state.clock, skew=skew)
    turn.observe()
    if round_trip is not None:
        turn.count(heartbeats=state.counters.heartbeats.with_value(round_trip))


def _accounts(turn: Turn, event: AccountsReceived) -> None:
    live = turn.state.session = replace(turn.state.session, accounts=event.accounts)
    if turn.ready and not turn.policy.account_mode.fits(event.accounts):
        turn.state.session = replace(live, failure=Failure.ACCOUNT_MISMATCH)  # so that no window explains it
        cause = turn.describe(CauseKey.WRONG_ACCOUNT)
        turn.lose(Loss.PROTOCOL, "its accounts no longer fit account_mode", close=True, cause=cause)
    _perhaps_ready(turn)


def _next_id(turn: Turn, event: NextIdReceived) -> None:
    state = turn.state
    state.session = replace(state.session, order_id=event.order_id)
    highest = state.highest_order_id
    state.highest_order_id = event.order_id if highest is None else max(highest, event.order_id)
    if highest is not None and event.order_id < highest:
        turn.count(regressions=state.counters.regressions + 1)
        cause = turn.describe(CauseKey.ORDER_ID_BACK)
        turn.tell(
            Level.WARNING,
            "order_id_back",
            f"next order id {event.order_id} is lower than {highest}, seen earlier. {cause.words} {cause.cure}",
            order_id=event.order_id,
            highest=highest,
        )
    _perhaps_ready(turn)


def _perhaps_ready(turn: Turn) -> None:
    live = turn.state.session
    if live.phase is not Phase.HANDSHAKING or live.accounts is None or live.order_id is None:
        return
    if not turn.policy.account_mode.fits(live.accounts):
        turn.fail(Failure.ACCOUNT_MISMATCH, close=True)
    else:
        turn.become_ready()


def _count(turn: Turn, event: NoticeReceived) -> None:
    turn.count(messages=added(turn.state.counters.messages, codes.label(event.code), 1))


def _notice(turn: Turn, event: NoticeReceived) -> None:
    _count(turn, event)
    notice = codes.read(event.code, event.text)
    match notice:
        case notices.FarmNotice(kind=kind, name=str(name)):
            planned = turn.explained(Layer.FARMS)
            after = farms.heard(turn.state.farms, (kind, name), notice.state, turn.now.wall, planned=planned)
            _farms(turn, after)
        case notices.UpstreamLost():
            _upstream_lost(turn, notice)
        case notices.UpstreamRestored():
            _upstream_restored(turn, notice)
        case notices.PortChanged():
            _port_changed(turn, notice)
        case notices.ClientIdInUse() if turn.state.session.phase is Phase.HANDSHAKING:
            turn.fail(Failure.CLIENT_ID_IN_USE, close=True)
        case notices.CompetingSession():
            turn.state.competing_at = turn.now.mono
            _tell_hourly(turn, event, CauseKey.COMPETING_SESSION)
        case notices.Desupported():
            _desupported(turn, notice, event)
        case notices.PacingWarning():
            _tell_hourly(turn, event, CauseKey.PACING)
        case notices.ReadOnly():
            _tell_hourly(turn, event, CauseKey.READ_ONLY)
        case _:
            _tell_hourly(turn, event, None)


def _farms(turn: Turn, after: farms.Farms) -> None:
    before, turn.state.farms = turn.state.farms, after
    for key, farm in after.known.items():
        known = before.known.get(key)
        if known is None or known.state is not farm.state:
            turn.state.talk = farm_changed(turn.state.talk, key, farm.state, turn.now.mono)
            turn.tell(
                Level.DEBUG, "farm", f"farm {key[0]}/{key[1]} is {farm.state}", farm=key[1], farm_kind=key[0].value
            )


def _upstream_lost(turn: Turn, notice: notices.UpstreamLost) -> None:
    before = turn.state.upstream
    turn.state.upstream = upstream.lost(before, notice.code, turn.now)
    if before.up:
        explained = turn.explained(Layer.UPSTREAM)
        cause = turn.describe_upstream()
        turn.tell(
            Level.INFO if explained else Level.WARNING,
            "upstream_lost",
            f"upstream lost ({notice.code}). {cause.words} {cause.cure}",
            code=notice.code,
            planned=explained,
        )


def _upstream_restored(turn: Turn, notice: notices.UpstreamRestored) -> None:
    turn.restore_upstream(Evidence.NOTICE_1101 if notice.data == "lost" else Evidence.NOTICE_1102)
    _farms(turn, farms.listed(turn.state.farms, notice.connected, notice.not_connected, turn.now.wall))


def _port_changed(turn: Turn, notice: notices.PortChanged) -> None:
    cause = turn.describe(CauseKey.PORT_CHANGED, new_port=notice.port)
    turn.tell(Level.WARNING, "port_changed", f"{cause.words} {cause.cure}", new_port=notice.port)
    if turn.policy.follow_port_change and notice.port is not None:
        turn.state.session = replace(turn.state.session, followed=notice.port)
    if turn.ready:
        turn.lose(Loss.PORT_CHANGE, close=True, cause=cause)


def _desupported(turn: Turn, notice: notices.Desupported, event: NoticeReceived) -> None:
    details = {"version": notice.version, "day": notice.date, "minimum": notice.minimum}
    cause = turn.describe(CauseKey.DESUPPORTED, **details)
    _tell(turn, event, f"{cause.words} {cause.cure}")
    if notice.date is not None:
        version = turn.state.session.server_version
        turn.state.desupport = Desupport(day_begins(notice.date), version, turn.now.mono)


def _tell_hourly(turn: Turn, event: NoticeReceived, key: CauseKey | None) -> None:
    cause = turn.describe(key) if key is not None else None
    _tell(turn, event, f"{cause.words} {cause.cure}" if cause is not None else "")


def _tell(turn: Turn, event: NoticeReceived, words: str) -> None:
    code = codes.lookup(event.code)
    talk, now = may_tell(turn.state.talk, event.code, turn.now.mono)
    turn.state.talk = talk
    if not now:
        return
    unknown = event.code not in codes.KNOWN
    level = Level.WARNING if code.severity in _TOLD_SEVERITIES else Level.INFO
    if words or unknown or level is Level.WARNING:
        said = f"{event.code}: {notices.summary(event.text)}" + (f" {words}" if words else "")
        turn.tell(level, "notice", said, code=event.code, request_id=event.request_id)
