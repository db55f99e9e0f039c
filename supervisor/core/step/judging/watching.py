"""The canary's connection: what it says, when it is opened and closed, and what the gate hears of it."""

from typing import assert_never

from supervisor.core.calendar.liquid import spans_of
from supervisor.core.codes import notices
from supervisor.core.codes.table import read
from supervisor.core.model.behind.canary import (
    CanaryClose,
    CanaryConnect,
    CanaryHoursAsk,
    CanaryPolicy,
    CanarySubscribe,
)
from supervisor.core.model.events import (
    AccountsReceived,
    CanaryEvent,
    CanaryHeard,
    CanaryHours,
    CanaryTicked,
    HandshakeDone,
    NextIdReceived,
    NoticeReceived,
    PortOpened,
    SessionClosed,
    SessionEvent,
)
from supervisor.core.model.gate import GateReason
from supervisor.core.model.policy import Policy
from supervisor.core.model.vocabulary import OPEN, Failure, Phase, Trigger
from supervisor.core.parts import diagnosis, gate, session
from supervisor.core.parts.behind import canary
from supervisor.core.parts.behind.canary import Canary
from supervisor.core.step.transition import Transition
from supervisor.frozen import replace

ENDED = frozenset({10182, 10225})
"""Codes after which a subscription is dead for good, and has to be made again."""
REFUSED = frozenset({200, 354, 10089, 10090, 10168, 10186, 10187, 10190})
"""Codes after which it never comes: no permission, or no such contract."""


def on_canary_event(transition: Transition, event: CanaryEvent) -> None:
    """A word of the canary's connection; nothing if it is not the connection of now, or nobody wants it any more."""
    state, wanted = transition.state, transition.policy.canary
    known = state.canary
    epoch = event.event.epoch if isinstance(event, CanaryHeard) else event.epoch
    if wanted is None or known is None or epoch != known.session.epoch or known.session.phase not in OPEN:
        return
    match event:
        case CanaryHeard(event=said):
            _session(transition, known, said, wanted)
        case CanaryTicked():
            place = canary.of_request(known, event.request_id)
            if place is not None:
                stream = known.streams[place]
                kind = event.data_type if event.data_type is not None else stream.data_type
                if event.ticked:
                    stream = replace(stream, ticked_at=transition.now.mono, ticked=transition.now.wall)
                state.canary = canary.changed(known, place, replace(stream, data_type=kind))
        case CanaryHours():
            place = canary.of_request(known, event.request_id)
            if place is not None:
                hours = spans_of(event.hours, event.zone)
                state.canary = canary.changed(known, place, replace(known.streams[place], hours=hours))
        case _:
            assert_never(event)


def judge_canary(transition: Transition, wanted: CanaryPolicy) -> None:
    """At the end of a step: open or close the connection, ask for what is missing, judge each contract."""
    state, now = transition.state, transition.now
    known = state.canary
    if known is None or len(known.streams) != len(wanted.contracts):
        policy = transition.policy
        live = session.Session(policy.port, wanted.client_id, 1 + state.session.seed)
        known = Canary(live, tuple(canary.Stream() for _ in wanted.contracts))
    known = _connection(transition, known, wanted)
    ready = known.session.phase is Phase.READY
    if ready:
        known = _ask(transition, known, wanted)
    up = transition.ready and state.heartbeat.up and state.upstream.up
    taken = known.session.conflicts > 0
    known, told = canary.judged(known, wanted, now, up=up, ready=ready, taken=taken)
    transition.records += told
    again = _ask(transition, known, wanted) if ready else known
    if again is not known:  # what is dead from now on was asked for long ago: it is asked for again at once
        known, _ = canary.judged(again, wanted, now, up=up, ready=ready, taken=taken)
    state.canary = known
    state.gate = gate.hold(state.gate, GateReason.CANARY, holds=state.canary.dead)


def reloaded(transition: Transition, before: Policy) -> None:
    """Other contracts, another id or another gateway: begin anew."""
    policy = transition.policy
    if policy.canary != before.canary or not policy.same_session(before):
        _end(transition)


def _end(transition: Transition) -> None:
    state = transition.state
    if state.canary is None:
        return
    if state.canary.session.phase in OPEN:
        transition.actions.append(CanaryClose(state.canary.session.epoch))
    if transition.policy.canary is None:
        state.canary = None
    else:  # the next epoch is another one than that of the connection that ends
        live = session.Session(transition.policy.port, transition.policy.canary.client_id, state.canary.session.seed)
        fresh = replace(live, epoch=state.canary.session.epoch)
        state.canary = Canary(fresh, tuple(canary.Stream() for _ in transition.policy.canary.contracts))
    state.gate = gate.hold(state.gate, GateReason.CANARY, holds=False)


def _policy(transition: Transition, wanted: CanaryPolicy) -> Policy:
    """The gateway's, with the canary's client id: sessions are opened by the same rules."""
    port = transition.state.session.port
    return replace(transition.policy, port=port, client_id=wanted.client_id, client_id_fallback=None)


def _connection(transition: Transition, known: Canary, wanted: CanaryPolicy) -> Canary:
    """It lives as long as the gateway answers."""
    live, now = known.session, transition.now
    policy = _policy(transition, wanted)
    if not transition.ready:
        if not session.allows(live, Trigger.STOP) or live.phase in (Phase.IDLE, Phase.STOPPED):
            return known
        if live.phase in OPEN:
            transition.actions.append(CanaryClose(live.epoch))
        return replace(canary.lost(known), session=session.stop(live, now))
    overdue = live.deadline is not None and now.mono >= live.deadline
    if overdue and live.phase in (Phase.CONNECTING, Phase.HANDSHAKING):
        transition.actions.append(CanaryClose(live.epoch))
        return _failed(transition, known, session.overdue(live), policy)
    if live.phase in (Phase.IDLE, Phase.STOPPED) or (overdue and live.phase is Phase.BACKOFF):
        trigger = Trigger.RETRY if live.phase is Phase.BACKOFF else Trigger.BEGIN
        live = session.begin(live, trigger, policy, now.mono)
        timing = policy.timing
        transition.actions.append(
            CanaryConnect(
                live.epoch,
                policy.host,
                live.port,
                live.client_id,
                timing.connect_timeout,
                timing.handshake_timeout,
            )
        )
    return replace(known, session=live)


def _ask(transition: Transition, known: Canary, wanted: CanaryPolicy) -> Canary:
    """Ask for hours and data where they are wanted."""
    now, epoch = transition.now.mono, known.session.epoch
    for place, contract in enumerate(wanted.contracts):
        stream, number = known.streams[place], known.requests
        if canary.wants_hours(stream, now):
            number += 1
            transition.actions.append(CanaryHoursAsk(epoch, number, contract))
            stream = replace(stream, hours_request=number, hours_asked=now)
        if canary.wants_data(stream, now):
            number += 1
            transition.actions.append(CanarySubscribe(epoch, number, contract, stream.request))
            stream = canary.asked(stream, number, now)
        if stream is not known.streams[place]:
            known = replace(canary.changed(known, place, stream), requests=number)
    return known


def _failed(transition: Transition, known: Canary, failure: Failure, policy: Policy) -> Canary:
    failed = session.fail(known.session, failure, policy, transition.now, restarting=False)
    return replace(canary.lost(known), session=failed)


def _session(transition: Transition, known: Canary, event: SessionEvent, wanted: CanaryPolicy) -> None:
    """What its connection says of itself."""
    state, now, live = transition.state, transition.now, known.session
    policy = _policy(transition, wanted)
    if isinstance(event, PortOpened):
        live = session.open_port(live, policy, now.mono)
    elif isinstance(event, HandshakeDone) and live.phase is Phase.CONNECTING:
        live = session.greeted(live, event.server_version, policy, now.mono)
    elif isinstance(event, AccountsReceived):
        live = session.with_accounts(live, event.accounts)
    elif isinstance(event, NextIdReceived):
        live = session.with_order_id(live, event.order_id)
    elif isinstance(event, SessionClosed):
        if live.phase is Phase.READY:
            state.canary = replace(canary.lost(known), session=session.lose(live, policy, now))
            return
        greeted = live.phase is Phase.HANDSHAKING
        failure = diagnosis.failure_of(event.ending, opened=live.opened, greeted=greeted)
        state.canary = _failed(transition, known, failure, policy)
        return
    elif isinstance(event, NoticeReceived):
        _notice(transition, known, event, policy)
        return
    greeting = live.greeting
    complete = greeting is not None and greeting.accounts is not None and greeting.order_id is not None
    if live.phase is Phase.HANDSHAKING and complete:
        live = session.become_ready(live, now)
    state.canary = replace(known, session=live)


def _notice(transition: Transition, known: Canary, event: NoticeReceived, policy: Policy) -> None:
    state = transition.state
    notice = read(event.code, event.text)
    if isinstance(notice, notices.ClientIdInUse) and known.session.phase is Phase.HANDSHAKING:
        transition.actions.append(CanaryClose(known.session.epoch))
        state.canary = _failed(transition, known, Failure.CLIENT_ID_IN_USE, policy)
    elif isinstance(notice, notices.CompetingSession):
        state.competing_at, state.competing_heard = transition.now.mono, transition.now.wall
    elif isinstance(notice, notices.UpstreamRestored) and notice.data == "lost":
        state.canary = canary.ended(known)
    place = canary.of_request(known, event.request_id)
    if place is None or state.canary is None:
        return
    stream = known.streams[place]
    if event.code in ENDED:
        state.canary = canary.changed(state.canary, place, replace(stream, renew=True))
    elif event.code in REFUSED:
        refused = f"{event.code}: {event.text}"
        state.canary = canary.changed(state.canary, place, replace(stream, refused=refused))
