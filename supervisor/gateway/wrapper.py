"""What the gateway says, as events: the callbacks of one session.

Rules
- Values are checked here and nowhere else: what no gateway means (`Undecodable`) ends the session, as bytes that
  `ibapi` cannot decode do.
- An exception of our own in a callback is reported and costs nothing else: one guard around all of them.
- `error()` is taken in every layout that `ibapi` ever had (IBAPI.md section 4).
- A message of which nothing was told is `TrafficSeen`: no list of callbacks is needed to know that the gateway talks.
- What `ibapi` says about a connection that it could not make (502, 504) is not told: `SessionClosed` tells it. Once
  connected, every code is told, whoever said it.
"""

import time as clocks
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from ibapi.wrapper import EWrapper

from supervisor.core.model.events import (
    AccountsReceived,
    CallbackFailed,
    HandshakeDone,
    NextIdReceived,
    NoticeReceived,
    PortOpened,
    ProbeAnswered,
    SessionEvent,
    TimeAnswered,
    TrafficSeen,
)
from supervisor.gateway.framing import NotTws, clean

MAX_TEXT = 65536
"""Characters of a text that leave here: the text of code 507 holds a whole message, up to 16 MB."""
TRAFFIC_INTERVAL = 0.2
"""At most one `TrafficSeen` in this many seconds: a flood of messages must not become a flood of events."""
_LAST_SECOND = 253_402_300_799
"""The end of the year 9999, Unix seconds."""
_OF_OUR_SIDE = frozenset({502, 504})
"""Codes with which `ibapi` itself says that there is no connection."""


@dataclass(frozen=True, slots=True)
class SummaryRow:
    """`accountSummary`: one value of one account."""

    account: str
    tag: str
    value: str
    currency: str


@dataclass(frozen=True, slots=True)
class SummaryEnd:
    """`accountSummaryEnd`: no more rows."""


class Undecodable(NotTws):
    """A value that no gateway means."""


class Untellable(Exception):
    """A callback of ours failed, and so did telling it."""


def _guarded(callback: Callable[..., None]) -> Callable[..., None]:
    """The one place where an exception of ours in a callback is caught."""

    @wraps(callback)
    def guarded(self: "Callbacks", *args: Any) -> None:
        try:
            callback(self, *args)
        except Undecodable:
            raise
        except Exception as error:
            self.report(callback.__name__, error)

    return guarded


class Callbacks(EWrapper):  # type: ignore[misc]  # ibapi has no types
    """The callbacks of session `epoch`; everything goes to `tell`, the rows of an account summary to `on_summary` if
    given.
    """

    def __init__(
        self,
        epoch: int,
        tell: Callable[[SessionEvent], None],
        *,
        on_summary: Callable[[SummaryRow | SummaryEnd], None] | None = None,
    ) -> None:
        super().__init__()
        self.epoch = epoch
        self.connected = False
        """The handshake is done and START_API was sent."""
        self.last_local_error = ""
        """The last thing `ibapi` said about having no connection."""
        self._tell = tell
        self._on_summary = on_summary
        self.hello: HandshakeDone | None = None
        """What the gateway said of itself; told by `connectAck`."""
        self._answered: int | None = None
        self._told = False
        self._next_traffic = 0.0

    def emit(self, event: SessionEvent) -> None:
        """Tell it, and remember that the message under way was worth an event."""
        self._told = True
        self._tell(event)

    def report(self, callback: str, error: Exception) -> None:
        """Tell that a callback of ours raised; raises Untellable."""
        try:
            self.emit(CallbackFailed(self.epoch, callback, clean(f"{type(error).__name__}: {error}", 500)))
        except Exception as second:
            raise Untellable(f"{callback}: {error}") from second

    # -- of the connection ---------------------------------------------------------------------------------------------

    @_guarded
    def opened(self) -> None:
        """TCP is connected."""
        self.emit(PortOpened(self.epoch))

    def greeted(self, server_version: int, clock: str) -> None:
        """The server version came; it is told once START_API is sent."""
        self.hello = HandshakeDone(self.epoch, server_version, clock)

    @_guarded
    def handled(self) -> None:
        """The callbacks of a message have returned."""
        if not self._told and clocks.monotonic() >= self._next_traffic:
            self._next_traffic = clocks.monotonic() + TRAFFIC_INTERVAL
            self.emit(TrafficSeen(self.epoch))
        self._told = False

    # -- of ibapi, by its names ----------------------------------------------------------------------------------------

    @_guarded
    def connectAck(self) -> None:
        """The handshake is done and START_API was sent."""
        self.connected = True
        if self.hello is not None:
            self.emit(self.hello)

    @_guarded
    def managedAccounts(self, accountsList: str) -> None:
        """The accounts of the login, with commas between."""
        accounts = [account.strip() for account in clean(accountsList, MAX_TEXT).split(",")]
        if len(accountsList) > MAX_TEXT:
            accounts.pop()  # half an account is none
        self.emit(AccountsReceived(self.epoch, tuple(account for account in accounts if account)))

    @_guarded
    def nextValidId(self, orderId: int) -> None:
        """The next order id."""
        self.emit(NextIdReceived(self.epoch, _int32(orderId)))

    @_guarded
    def currentTime(self, time: int) -> None:
        """The gateway's clock."""
        if not 0 <= time <= _LAST_SECOND:
            raise Undecodable(f"no time of day: {time}")
        self.emit(TimeAnswered(self.epoch, time))

    @_guarded
    def contractDetails(self, reqId: int, contractDetails: object) -> None:
        """A row for the upstream probe; further rows of the same one say nothing new."""
        if reqId != self._answered:
            self._answered = reqId
            self.emit(ProbeAnswered(self.epoch, _int32(reqId)))

    @_guarded
    def accountSummary(self, reqId: int, account: str, tag: str, value: str, currency: str) -> None:
        """One row of an account summary, if anybody asked."""
        if self._on_summary is not None:
            self._on_summary(SummaryRow(*(clean(text, 1000) for text in (account, tag, value, currency))))

    @_guarded
    def accountSummaryEnd(self, reqId: int) -> None:
        """The end of an account summary."""
        if self._on_summary is not None:
            self._on_summary(SummaryEnd())

    @_guarded
    def error(self, *args: Any) -> None:
        """A message code, whatever the layout of the arguments."""
        request_id, code, text = _error_arguments(args)
        if code in _OF_OUR_SIDE:
            self.last_local_error = clean(text, 200)
            if not self.connected:
                return
        self.emit(NoticeReceived(self.epoch, _int32(request_id), _int32(code), clean(text, MAX_TEXT)))


def _error_arguments(args: tuple[Any, ...]) -> tuple[int, int, str]:
    """Request id, code and text out of the arguments of `error()`: with four of them the type of the third tells the
    layout.
    """
    if len(args) >= 4 and isinstance(args[2], int):
        request_id, _, code, text = args[:4]
    else:
        request_id, code, text = args[:3]
    return request_id, code, str(text)


def _int32(value: object) -> int:
    if not isinstance(value, int) or not -(2**31) <= value < 2**31:
        raise Undecodable(f"a number that is none of TWS: {clean(str(value), 40)}")
    return value
