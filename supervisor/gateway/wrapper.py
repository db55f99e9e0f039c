"""What the gateway says, as events: the callbacks of one session.

Rules
- Values are checked only here. A value that no gateway can mean (`Undecodable`) is judged as a message that `ibapi`
  cannot decode.
- One guard is around all callbacks. An exception of our own is reported, and the session goes on.
- `error()` accepts every layout that `ibapi` ever had (docs/facts/ibapi.md#error-layouts).
- A message that made no event becomes `TrafficSeen`. So any message shows that the gateway talks.
- Before the connection stands, what `ibapi` says about it (502, 504) is not reported: `SessionClosed` says it. Later,
  every code is reported, also one that `ibapi` made; but for two kinds: its 506 quotes a message that the session tells
  of without its bytes, and what it says to the thread that makes a request is the end of that request.
"""

import threading
import time as clocks
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

from ibapi.wrapper import EWrapper

from supervisor.core.model.events import (
    AccountsReceived,
    CallbackFailed,
    HandshakeDone,
    MessageUndecodable,
    NextIdReceived,
    NoticeReceived,
    PortOpened,
    ProbeAnswered,
    SessionEvent,
    TimeAnswered,
    TrafficSeen,
)
from supervisor.frozen import dataclass
from supervisor.gateway.framing import NotTws, clean

MAX_TEXT = 65536
"""The longest text that is passed on, in characters. The text of code 507 holds a whole message, up to 16 MB."""
TRAFFIC_INTERVAL = 0.2
"""Seconds between two `TrafficSeen`, at least. A flood of messages must not become a flood of events."""
_LAST_SECOND = 253_402_300_799
"""The end of the year 9999, Unix seconds."""
_OF_OUR_SIDE = frozenset({502, 504})
"""Codes that `ibapi` itself makes when there is no connection."""


_BAD_MESSAGE = 506
"""What `ibapi` may call a message that it cannot decode, with the whole message in the text."""


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
    """A value that no gateway can mean."""


class Untellable(Exception):
    """A callback of ours failed, and the report of it failed too."""


def _guarded(callback: Callable[..., None]) -> Callable[..., None]:
    """Catch an exception of our own in a callback and report it."""

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
    """The callbacks of session `epoch`.

    Events go to `tell`. The rows of an account summary go to `on_summary`, if it is given.
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
        """The last text of `ibapi` about a missing connection."""
        self._tell = tell
        self._on_summary = on_summary
        self.hello: HandshakeDone | None = None
        """What the gateway said about itself. `connectAck` passes it on."""
        self._answered: int | None = None
        self._asking = threading.local()
        self._told = False
        self._next_traffic = 0.0

    def emit(self, event: SessionEvent) -> None:
        """Pass the event on, and note that the present message made one."""
        self._told = True
        self._tell(event)

    def report(self, callback: str, error: Exception) -> None:
        """Report that a callback of ours raised. Raises Untellable if even that fails."""
        try:
            self.emit(CallbackFailed(self.epoch, callback, clean(f"{type(error).__name__}: {error}", 500)))
        except Exception as second:
            raise Untellable(f"{callback}: {error}") from second

    @contextmanager
    def asking(self) -> Iterator[list[str]]:
        """While this thread makes a request: what `ibapi` says against it."""
        said: list[str] = []
        self._asking.said = said
        try:
            yield said
        finally:
            self._asking.said = None

    # -- of the connection ---------------------------------------------------------------------------------------------

    @_guarded
    def opened(self, tried: str, others_refused: bool) -> None:
        """TCP is connected."""
        self.emit(PortOpened(self.epoch, tried, others_refused))

    def greeted(self, server_version: int, clock: str) -> None:
        """The server version came. It is passed on once START_API is sent."""
        self.hello = HandshakeDone(self.epoch, server_version, clock)

    @_guarded
    def undecodable(self, event: MessageUndecodable) -> None:
        """A message was dropped."""
        self.emit(event)

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
        """The accounts of the login, separated by commas."""
        accounts = [account.strip() for account in clean(accountsList, MAX_TEXT).split(",")]
        if len(accountsList) > MAX_TEXT:
            accounts.pop()  # the cut may be inside this one
        self.emit(AccountsReceived(self.epoch, tuple(account for account in accounts if account)))

    @_guarded
    def nextValidId(self, orderId: int) -> None:
        self.emit(NextIdReceived(self.epoch, _int32(orderId)))

    @_guarded
    def currentTime(self, time: int) -> None:
        if not 0 <= time <= _LAST_SECOND:
            raise Undecodable(f"not a valid time: {time}")
        self.emit(TimeAnswered(self.epoch, time))

    @_guarded
    def contractDetails(self, reqId: int, contractDetails: object) -> None:
        """A row for the upstream probe. Further rows of the same probe are ignored."""
        if reqId != self._answered:
            self._answered = reqId
            self.emit(ProbeAnswered(self.epoch, _int32(reqId)))

    @_guarded
    def accountSummary(self, reqId: int, account: str, tag: str, value: str, currency: str) -> None:
        if self._on_summary is not None:
            self._on_summary(SummaryRow(*(clean(text, 1000) for text in (account, tag, value, currency))))

    @_guarded
    def accountSummaryEnd(self, reqId: int) -> None:
        if self._on_summary is not None:
            self._on_summary(SummaryEnd())

    @_guarded
    def error(self, *args: Any) -> None:
        """A message code, in any layout of the arguments."""
        request_id, code, text = error_arguments(args)
        if code in _OF_OUR_SIDE:
            self.last_local_error = clean(text, 200)
            if not self.connected:
                return
        said: list[str] | None = getattr(self._asking, "said", None)
        if said is not None:
            said.append(clean(f"{code}: {text}", 200))
            return
        if code == _BAD_MESSAGE:
            return
        self.emit(NoticeReceived(self.epoch, _int32(request_id), _int32(code), clean(text, MAX_TEXT)))


def error_arguments(args: tuple[Any, ...]) -> tuple[int, int, str]:
    """Request id, code and text from the arguments of `error()`. The type of the third one tells the layout."""
    if len(args) >= 4 and isinstance(args[2], int):
        request_id, _, code, text = args[:4]
    else:
        request_id, code, text = args[:3]
    return request_id, code, str(text)


def _int32(value: object) -> int:
    if not isinstance(value, int) or not -(2**31) <= value < 2**31:
        raise Undecodable(f"not a number of TWS: {clean(str(value), 40)}")
    return value
