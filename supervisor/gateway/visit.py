"""One visit to a gateway: connect, listen, leave. `ib-supervisor probe` uses it.

Rules
- It blocks its caller, but never longer than the sum of the timeouts.
- It decides nothing. What it heard is in the `Visit`, and in the events that it passes on.
- It uses the daemon's own `Session`, so a visit shows what the daemon would see.
"""

import queue
import time
from collections.abc import Callable
from typing import assert_never

from ibapi.account_summary_tags import AccountSummaryTags

from supervisor.core.model.actions import Connect
from supervisor.core.model.cause import CauseKey
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
from supervisor.frozen import dataclass, replace
from supervisor.gateway.lookup import Lookups
from supervisor.gateway.session import ApiSession
from supervisor.gateway.versions import tame_logging
from supervisor.gateway.wrapper import SummaryEnd, SummaryRow

VisitEvent = SessionEvent | SummaryRow | SummaryEnd
PROBE_ID, SUMMARY_ID = 1, 2
"""Request ids. An error with such an id answers that request."""
QUIET = 0.3
"""Seconds of silence after which we expect no more notices."""
LINGER = 1.0
"""Seconds after which we leave, even if notices still come."""
_EPOCH = 1
_LEAVING = 1.0


@dataclass(frozen=True, slots=True)
class Visit:
    """What was heard. A value that never came is None or empty."""

    port: bool = False
    """TCP connected."""
    server_version: int | None = None
    """Set if the handshake was done."""
    clock: str | None = None
    """The gateway's wall clock at the handshake, as it wrote it."""
    accounts: tuple[str, ...] = ()
    logging_in: bool = False
    """The last list of accounts was empty."""
    next_order_id: int | None = None
    heartbeat_seconds: float | None = None
    """The round trip of one `reqCurrentTime`."""
    gateway_seconds: int | None = None
    """The gateway's clock in that answer, in Unix seconds."""
    upstream: bool | None = None
    """Whether IBKR's servers answered through it. None if they were not asked."""
    notices: tuple[NoticeReceived, ...] = ()
    summary: tuple[SummaryRow, ...] = ()
    summary_complete: bool = False
    ending: Ending = Ending.ERROR
    """ASKED if we left by ourselves: after all answers, or because one did not come in time."""
    detail: str = ""
    key: CauseKey | None = None
    """The likely cause of that ending, if the session knew it."""
    what: str = ""
    """What that cause is about."""
    tried: str = ""
    """The addresses that were tried, if the name has several."""

    @property
    def handshake(self) -> bool:
        """Whether the server version arrived."""
        return self.server_version is not None

    @property
    def session(self) -> bool:
        """Whether the gateway accepted us: both the accounts and the next order id came."""
        return bool(self.accounts) and self.next_order_id is not None

    @property
    def heartbeat(self) -> bool:
        """Whether it answered a heartbeat."""
        return self.heartbeat_seconds is not None


def visit(
    host: str,
    port: int,
    client_id: int,
    *,
    connect_timeout: float = 3.0,
    handshake_timeout: float = 5.0,
    session_timeout: float = 10.0,
    answer_timeout: float = 3.5,
    upstream_probe: bool = True,
    account_summary: bool = False,
    on_event: Callable[[VisitEvent], None] = lambda event: None,
) -> Visit:
    """Connect once, listen, ask, leave.

    Args:
        host: a name or an address.
        port: the gateway's API port.
        client_id: an id that no other program uses. A gateway refuses one in use with code 326.
        connect_timeout: seconds for the name look-up and the TCP connect.
        handshake_timeout: seconds from there to the server version.
        session_timeout: seconds from there to the accounts and the next order id.
        answer_timeout: seconds for the answers to heartbeat, probe and summary.
        upstream_probe: also ask for a contract that only IBKR's servers know.
        account_summary: also ask for the summary of all accounts.
        on_event: called in the caller's thread with each event as it comes.
    """
    tame_logging()
    order = Connect(_EPOCH, host, port, client_id, connect_timeout, handshake_timeout)
    visitor = _Visitor(order, on_event)
    try:
        return visitor.go(session_timeout, answer_timeout, upstream_probe, account_summary)
    finally:
        visitor.end()


class _Visitor:
    def __init__(self, order: Connect, on_event: Callable[[VisitEvent], None]) -> None:
        self._order = order
        self._on_event = on_event
        self._heard: queue.SimpleQueue[tuple[float, VisitEvent]] = queue.SimpleQueue()
        self._session = ApiSession(order, self._hear, lookups=Lookups(), label="visit", on_summary=self._hear)
        self._result = Visit()
        self._over = False
        self._pinged = 0.0
        self._last = 0.0

    def go(self, session_timeout: float, answer_timeout: float, probe: bool, summary: bool) -> Visit:
        self._session.start()
        patience = self._order.connect_timeout + self._order.handshake_timeout + _LEAVING
        self._listen(time.monotonic() + patience, lambda: self._result.handshake)
        if self._result.handshake:
            self._listen(time.monotonic() + session_timeout, lambda: self._result.session)
        if self._over:
            return self._result
        if not self._result.session:
            return self.leave(f"no accounts and order id within {session_timeout:g} s")
        ready = self._pinged = time.monotonic()
        self._session.ping()
        if probe:
            self._result = replace(self._result, upstream=False)
            self._session.probe(PROBE_ID)
        if summary:
            self._session.ask_summary(SUMMARY_ID, AccountSummaryTags.AllTags)
        refused = self._refused

        def answered() -> bool:
            return (
                self._result.heartbeat
                and (not probe or bool(self._result.upstream) or refused(PROBE_ID))
                and (not summary or self._result.summary_complete or refused(SUMMARY_ID))
            )

        self._listen(ready + answer_timeout, answered)
        self._listen(ready + LINGER, lambda: time.monotonic() - self._last >= QUIET)
        if summary:
            self._session.cancel_summary(SUMMARY_ID)
        return self.leave("")

    def leave(self, detail: str) -> Visit:
        """End the session and take in the rest of its events."""
        self._session.close(detail)
        self._listen(time.monotonic() + _LEAVING, lambda: False)
        return self._result

    def end(self) -> None:
        """Leave nothing behind, whatever happened."""
        self._session.close()
        self._session.join(_LEAVING)

    def _hear(self, event: VisitEvent) -> None:
        self._heard.put((time.monotonic(), event))

    def _refused(self, request_id: int) -> bool:
        return any(notice.request_id == request_id for notice in self._result.notices)

    def _listen(self, deadline: float, enough: Callable[[], bool]) -> None:
        """Take in events until there are enough, or until the deadline or the end of the session."""
        while not self._over and not enough():
            now = time.monotonic()
            if now >= deadline:
                return
            try:
                self._take_in(*self._heard.get(timeout=min(deadline - now, QUIET)))
            except queue.Empty:
                continue

    def _take_in(self, received: float, event: VisitEvent) -> None:
        self._last = received
        result = self._result
        match event:
            case PortOpened(tried=tried):
                result = replace(result, port=True, tried=tried)
            case HandshakeDone(server_version=server_version, clock=clock):
                result = replace(result, server_version=server_version, clock=clock)
            case AccountsReceived(accounts=accounts):
                result = replace(result, accounts=accounts, logging_in=not accounts)
            case NextIdReceived(order_id=order_id):
                result = replace(result, next_order_id=order_id)
            case TimeAnswered(seconds=seconds) if not result.heartbeat:
                result = replace(result, heartbeat_seconds=received - self._pinged, gateway_seconds=seconds)
            case ProbeAnswered():
                result = replace(result, upstream=True)
            case NoticeReceived():
                result = replace(result, notices=(*result.notices, event)[-1000:])
            case SummaryRow():
                result = replace(result, summary=(*result.summary, event)[-1000:])
            case SummaryEnd():
                result = replace(result, summary_complete=True)
            case SessionClosed(ending=ending, detail=detail, key=key, what=what, tried=tried):
                self._over = True
                tried = tried or result.tried
                result = replace(result, ending=ending, detail=detail, key=key, what=what, tried=tried)
            case TimeAnswered() | TrafficSeen() | MessageUndecodable() | CallbackFailed():
                pass
            case _:
                assert_never(event)
        self._result = result
        self._on_event(event)
