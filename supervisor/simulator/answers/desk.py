"""What a session remembers between its requests, and everything that an answer depends on.

Rules
- One `Desk` a session. A stream is whatever goes on after the answer: quotes, bars, gains; `pulse` asks each of them
  what there is to say.
- `Moment` is the gateway at an instant; handlers take it, and never a clock.
"""

from collections.abc import Callable, Mapping
from dataclasses import field
from enum import Enum
from typing import Protocol

from supervisor.frozen import dataclass
from supervisor.simulator.behaviour.faults import Behaviour
from supervisor.simulator.says import session
from supervisor.simulator.settings import Settings
from supervisor.simulator.state.instruments import Instrument
from supervisor.simulator.state.orders import Form, Key
from supervisor.simulator.state.world import World
from supervisor.simulator.wire.message import Message
from supervisor.simulator.wire.requests import Request

Messages = list[Message]

NO_SECURITY = (200, "No security definition has been found for the request")
NOT_DONE = "the simulated gateway does not do"


class Broker(Protocol):
    """Where orders go; what follows from them is told by it, not by the answer."""

    def place(self, key: Key, row: Instrument, form: Form) -> None:
        """A new order, a modification, or a preview."""

    def cancel(self, key: Key) -> None:
        """The cancellation of one order."""

    def cancel_all(self) -> None:
        """The cancellation of every order."""


@dataclass(frozen=True, slots=True)
class Moment:
    """The gateway as it is; `wall` is Unix seconds, the true time, `mono` monotonic ones."""

    settings: Settings
    behaviour: Behaviour
    world: World
    wall: float
    mono: float

    @property
    def clock(self) -> float:
        """The gateway's own clock, Unix seconds."""
        return self.wall + self.settings.clock_offset

    @property
    def millis(self) -> int:
        """The gateway's own clock, milliseconds since 1970."""
        return int(self.clock * 1000)

    def notice(self, request: int, code: int, text: str) -> Message:
        """A message code."""
        return session.error(request, code, text, self.millis)


class StreamKind(Enum):
    """The kinds of streams; a request id means one stream of each."""

    QUOTES = "market data"
    DEPTH = "market depth"
    TICKS = "tick by tick"
    REALTIME_BARS = "realtime bars"
    HISTORY = "history"
    SUMMARY = "account summary"
    PNL = "gain of an account"
    PNL_SINGLE = "gain of a position"
    ACCOUNT_MULTI = "account by model"
    POSITIONS_MULTI = "positions by model"


class Stream(Protocol):
    """What goes on after an answer."""

    farm: str
    """The farm it needs; empty if none."""

    def pulse(self, now: Moment) -> Messages:
        """What there is to say by now."""


@dataclass(slots=True)
class Desk:
    """One session's memory."""

    client_id: int
    version: int
    broker: Broker
    market_data_type: int = 1
    time_answered: float | None = None
    streams: dict[tuple[StreamKind, int], Stream] = field(default_factory=dict)
    account: str | None = None
    """The account whose updates it gets."""
    orders_seen: set[Key] = field(default_factory=set)
    """The orders of all clients that it was told when it asked for them."""
    positions: bool = False
    """Whether it hears of every change of a position."""

    def end(self, kind: StreamKind, request: int) -> bool:
        """End a stream; False if there is none."""
        return self.streams.pop((kind, request), None) is not None


Handler = Callable[[Request, Desk, Moment], Messages]
Handlers = Mapping[int, Handler]


def silent(_: Request, __: Desk, ___: Moment) -> Messages:
    """Nothing is to be said."""
    return []


def find_one(request: Request, now: Moment, place: int, number: int) -> Instrument | Message:
    """The one instrument that a request with its id in `place` or protobuf field 1 names, or why there is none."""
    return _one(request, now, place, number, primary=True)


def find_for_depth(request: Request, desk: Desk, now: Moment) -> Instrument | Message:
    """The same for market depth, whose text has the primary exchange only from server version 149 on."""
    return _one(request, now, 2, request.integer(1, 1), primary=desk.version >= 149)


def _one(request: Request, now: Moment, place: int, number: int, *, primary: bool) -> Instrument | Message:
    meant = request.contract(place, 2, primary=primary)
    found = now.world.find(meant)
    if len(found) == 1:
        return found[0]
    if not found:
        return now.notice(number, *NO_SECURITY)
    return now.notice(number, 200, f"The contract description specified for {meant.symbol} is ambiguous.")
