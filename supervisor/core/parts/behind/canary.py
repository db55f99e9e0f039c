"""The canary: does the data of some contracts come, while everything says that it should?

- It has a connection and a client id of its own, opened while the gateway answers and closed with it.
- A contract is judged only inside its hours, and from `max_age` after the latest of their beginning, the subscription
  and the return of IBKR. Then it is alive if data came within `max_age`, else dead.
- Its hours are asked for each day; while they are not told, every five minutes: IBKR may be away just then.
- A stream that the gateway ended (10182 and kin) or lost (1101) is subscribed again; one that is dead, every five
  minutes.
- What cannot be judged closes nothing. It is told when it lasts.
"""

from dataclasses import field
from datetime import datetime

from supervisor.core.calendar.clock import Now
from supervisor.core.calendar.liquid import Span, next_edge, span_at
from supervisor.core.model.behind.canary import (
    FAULTS,
    CanaryBlind,
    CanaryChanged,
    CanaryContract,
    CanaryPolicy,
    CanaryState,
    CanaryView,
    DataType,
    DataTypeName,
    Unjudged,
)
from supervisor.core.parts.session import Session
from supervisor.frozen import dataclass, replace

HOURS_HOLD = 86400.0
"""Seconds after which the hours are asked for again."""
AGAIN = 300.0
"""Seconds after which a dead stream is subscribed again, and hours that nobody told are asked for again."""
SOONEST = 15.0
"""Seconds between two subscriptions of one contract, at least."""
BLIND_AFTER = 600.0
"""Seconds after which a contract that cannot be judged is told of."""


@dataclass(frozen=True, slots=True)
class Stream:
    """The data of one contract. Moments are monotonic seconds."""

    request: int = 0
    """The id of its subscription; 0 without one."""
    hours_request: int = 0
    asked_at: float | None = None
    """When its data was last asked for."""
    subscribed_at: float | None = None
    """The same, but for a dead stream that was asked for again: it stays dead until data comes."""
    renew: bool = False
    """The gateway ended it."""
    ticked_at: float | None = None
    ticked: datetime | None = None
    data_type: DataType | None = None
    hours: tuple[Span, ...] | None = None
    hours_asked: float | None = None
    refused: str = ""
    state: CanaryState = CanaryState.UNJUDGED
    why: Unjudged | None = Unjudged.CONNECTING
    since: datetime | None = None
    blind_from: float | None = None
    blind_told: bool = False


@dataclass(frozen=True, slots=True)
class Canary:
    """All contracts of one gateway, and their connection."""

    session: Session
    streams: tuple[Stream, ...] = ()
    requests: int = 0
    clear_since: float | None = None
    """Since when the gateway and IBKR are up at a stretch."""
    wake: float | None = None
    views: tuple[CanaryView, ...] = field(default=())

    @property
    def dead(self) -> bool:
        """Whether a contract is dead."""
        return any(stream.state is CanaryState.DEAD for stream in self.streams)

    def market_open(self, wall: datetime) -> bool | None:
        """Whether one of the contracts is in its hours; None if nothing is known of this day's hours."""
        known = [each.hours for each in self.streams if each.hours and wall < each.hours[-1][1]]
        return any(span_at(hours, wall) is not None for hours in known) if known else None


Told = CanaryChanged | CanaryBlind


def of_request(canary: Canary, request: int) -> int | None:
    """The place of the contract that this request id is of."""
    places = (place for place, each in enumerate(canary.streams) if request in (each.request, each.hours_request))
    return next(places, None) if request > 0 else None


def changed(canary: Canary, place: int, stream: Stream) -> Canary:
    """The canary with another state of one stream."""
    return replace(canary, streams=(*canary.streams[:place], stream, *canary.streams[place + 1 :]))


def lost(canary: Canary) -> Canary:
    """Its connection is over, and its subscriptions with it."""
    streams = tuple(
        replace(
            each,
            request=0,
            hours_request=0,
            asked_at=None,
            subscribed_at=None,
            hours_asked=None,
            renew=False,
            refused="",
        )
        for each in canary.streams
    )
    return replace(canary, streams=streams)


def ended(canary: Canary) -> Canary:
    """The gateway ended all subscriptions, and the connection lives."""
    return replace(canary, streams=tuple(replace(each, renew=True) for each in canary.streams))


def wants_hours(stream: Stream, now: float) -> bool:
    """Whether its hours are to be asked for."""
    due = _hours_due(stream)
    return due is None or now >= due


def _hours_due(stream: Stream) -> float | None:
    """When they are asked for again; None if they were not asked for. Who was not told, asks sooner."""
    told = stream.hours is not None or bool(stream.refused)
    return None if stream.hours_asked is None else stream.hours_asked + (HOURS_HOLD if told else AGAIN)


def wants_data(stream: Stream, now: float) -> bool:
    """Whether it is to be subscribed, or subscribed again."""
    if stream.asked_at is None:
        return True
    if stream.refused:
        return False
    if stream.renew:
        return now >= stream.asked_at + SOONEST
    return stream.state is CanaryState.DEAD and now >= stream.asked_at + AGAIN


def asked(stream: Stream, request: int, now: float) -> Stream:
    """Its data was asked for, by this request."""
    again = stream.state is CanaryState.DEAD and not stream.renew and stream.subscribed_at is not None
    begun = stream.subscribed_at if again else now
    return replace(stream, request=request, asked_at=now, subscribed_at=begun, renew=False)


def judged(
    canary: Canary, policy: CanaryPolicy, now: Now, *, up: bool, ready: bool, taken: bool
) -> tuple[Canary, list[Told]]:
    """What each contract is now, what is to be told of it, and when to look again.

    Args:
        canary: as it was.
        policy: what the operator wants.
        now: the present.
        up: the gateway and IBKR are up, as far as the canary needs them.
        ready: the canary's own connection is ready.
        taken: another program has its client id.
    """
    clear = (now.mono if canary.clear_since is None else canary.clear_since) if up else None
    canary = replace(canary, clear_since=clear)
    streams, told, moments = [], list[Told](), [canary.session.deadline]
    for contract, stream in zip(policy.contracts, canary.streams, strict=True):
        state, why, until = _state(stream, policy, now, clear, ready=ready, taken=taken)
        if (state, why) != (stream.state, stream.why):
            if state is not stream.state:
                told.append(CanaryChanged(contract.name, stream.state, state, why, policy.max_age))
                stream = replace(stream, since=now.wall)
            blind_from = now.mono if why in FAULTS else None
            stream = replace(stream, state=state, why=why, blind_from=blind_from, blind_told=False)
        blind, reason = stream.blind_from, stream.why
        if blind is not None and reason is not None and not stream.blind_told:
            if now.mono >= blind + BLIND_AFTER:
                told.append(CanaryBlind(contract.name, reason, stream.refused, policy.client_id))
                stream = replace(stream, blind_told=True)
            else:
                moments.append(blind + BLIND_AFTER)
        streams.append(stream)
        moments += [until, *_wishes(stream, ready=ready)]
    ahead = [moment for moment in moments if moment is not None and moment > now.mono]
    views = tuple(_view(contract, stream) for contract, stream in zip(policy.contracts, streams, strict=True))
    wake = min(ahead, default=None)
    return replace(canary, streams=tuple(streams), wake=wake, views=_same(views, canary.views)), told


def _wishes(stream: Stream, *, ready: bool) -> tuple[float | None, ...]:
    """When something is to be asked for next."""
    begun = stream.asked_at
    if not ready or begun is None:
        return ()
    hours = _hours_due(stream)
    if stream.renew:
        return hours, begun + SOONEST
    return (hours, begun + AGAIN) if stream.state is CanaryState.DEAD else (hours,)


def _state(
    stream: Stream, policy: CanaryPolicy, now: Now, clear: float | None, *, ready: bool, taken: bool
) -> tuple[CanaryState, Unjudged | None, float | None]:
    """The state, why it is not judged, and until when that holds if nothing comes."""
    if clear is None:
        return CanaryState.UNJUDGED, Unjudged.GATEWAY, None
    if not ready or stream.subscribed_at is None:
        return CanaryState.UNJUDGED, Unjudged.ID_TAKEN if taken else Unjudged.CONNECTING, None
    if stream.refused:
        return CanaryState.UNJUDGED, Unjudged.REFUSED, None
    if stream.hours is None:
        return CanaryState.UNJUDGED, Unjudged.NO_HOURS, None
    edge, span = next_edge(stream.hours, now.wall), span_at(stream.hours, now.wall)
    closes = now.mono + (edge - now.wall).total_seconds() if edge is not None else None
    if span is None:
        return CanaryState.UNJUDGED, Unjudged.CLOSED, closes
    opened = now.mono - (now.wall - span[0]).total_seconds()
    judge_from = max(opened, stream.subscribed_at, clear) + policy.max_age
    if now.mono < judge_from:
        return CanaryState.UNJUDGED, Unjudged.STARTING, judge_from
    if stream.ticked_at is not None and now.mono < stream.ticked_at + policy.max_age:
        return CanaryState.ALIVE, None, _earlier(stream.ticked_at + policy.max_age, closes)
    return CanaryState.DEAD, None, closes


def _earlier(moment: float, other: float | None) -> float:
    return moment if other is None else min(moment, other)


def _view(contract: CanaryContract, stream: Stream) -> CanaryView:
    kind = DataTypeName(stream.data_type.name.lower()) if stream.data_type is not None else None
    return CanaryView(contract.name, stream.state, stream.why, stream.since, stream.ticked, kind, stream.refused)


def _same(new: tuple[CanaryView, ...], old: tuple[CanaryView, ...]) -> tuple[CanaryView, ...]:
    return old if new == old else new
