"""One session: one TCP connection, one `EClient` and `EWrapper`, one thread, one `SessionClosed`.

Rules
- The thread looks the name up, connects, shakes hands and then waits at the socket for messages. It always ends with
  `SessionClosed`, and no event of this session comes after that.
- The server version is reported even if the connection broke before START_API could be sent.
- `ping`, `probe` and `close` are for another thread. They return at once, whatever the gateway or the network does.
- The peer can end a session and do no other harm. Bytes that are no message, and a message of `NEEDED` that cannot be
  decoded, are `Ending.PROTOCOL`. Any other message that cannot be decoded is dropped and told.
- An exception of our own code is `Ending.CALLBACK`, wherever it is raised. It is never told as the gateway's fault.
- A request that `ibapi` cannot encode ends the session. Newer releases do not raise then: they call `error()` on the
  thread that asked.
"""

import logging
import re
import socket
import threading
import time
import traceback
from collections.abc import Callable
from typing import Any

from ibapi.client import EClient
from ibapi.contract import Contract
from ibapi.message import IN

from supervisor.core.model.actions import Connect
from supervisor.core.model.cause import CauseKey
from supervisor.core.model.events import (
    AccountsReceived,
    Ending,
    MessageUndecodable,
    NextIdReceived,
    PortOpened,
    SessionClosed,
    SessionEvent,
)
from supervisor.gateway.addresses import Addresses
from supervisor.gateway.client import Client
from supervisor.gateway.connection import Over, SupervisedConnection, WireLog
from supervisor.gateway.framing import clean
from supervisor.gateway.lookup import Lookups
from supervisor.gateway.versions import LIBRARY
from supervisor.gateway.wrapper import Callbacks, SummaryEnd, SummaryRow, Untellable

LOG = logging.getLogger(__name__)
NEEDED = frozenset({IN.MANAGED_ACCTS, IN.NEXT_VALID_ID, IN.CURRENT_TIME, IN.ERR_MSG, IN.CONTRACT_DATA})
"""The messages that say how the gateway is. Without one of them we would wait, or be told too little."""
_NAMES = {number: name for name, number in vars(IN).items() if isinstance(number, int)}
"""What `ibapi` calls each message."""


def probe_contract() -> Contract:
    """The contract of the upstream probe: EUR.USD at IDEALPRO.

    It never expires and is never renamed. It needs no market data and no trading permission. It has one row. Its
    definition comes from IBKR's servers at any hour, also when every market is closed.
    """
    contract = Contract()
    contract.symbol, contract.secType, contract.exchange, contract.currency = "EUR", "CASH", "IDEALPRO", "USD"
    return contract


class ApiSession:
    """Session `order.epoch`, begun by `start`.

    Args:
        order: where to connect, with which client id, and the time limits.
        post: takes every event, from any thread. It must not block and must not raise.
        lookups: where names are looked up.
        addresses: the order of the gateway's addresses, if it is to be remembered.
        label: a name for the thread.
        wire: gets every message, if given.
        callbacks: makes the callbacks, if they are to hear more than those of any session.
        on_summary: takes the rows of an account summary. Without it they count as traffic.
    """

    _needed = NEEDED

    def __init__(
        self,
        order: Connect,
        post: Callable[[SessionEvent], None],
        *,
        lookups: Lookups,
        addresses: Addresses | None = None,
        label: str = "gateway",
        wire: WireLog | None = None,
        on_summary: Callable[[SummaryRow | SummaryEnd], None] | None = None,
        callbacks: Callable[..., Callbacks] = Callbacks,
    ) -> None:
        self.epoch = order.epoch
        self._order = order
        self._post = post
        self._addresses = addresses or Addresses()
        self._awaited: set[type[SessionEvent]] = {AccountsReceived, NextIdReceived}
        """What did not come yet of what makes a session ready."""
        self._telling = threading.Lock()
        self._told_closed = False
        self._told_more = False  # something other than PortOpened was told
        self._callbacks = callbacks(order.epoch, self._tell, on_summary=on_summary)
        self._connection = self._new_connection(lookups, wire)
        self._client = self._new_client()
        self._thread = threading.Thread(target=self._live, name=f"session-{label}-{order.epoch}", daemon=True)

    def _new_connection(self, lookups: Lookups, wire: WireLog | None) -> SupervisedConnection:
        return SupervisedConnection(self._order.host, self._order.port, **self._connecting(lookups, wire))

    def _new_client(self) -> Any:
        return Client(self._callbacks, self._connection, self._callbacks.handled, self._judge)

    def _connecting(self, lookups: Lookups, wire: WireLog | None) -> dict[str, Any]:
        return {
            "connect_deadline": time.monotonic() + self._order.connect_timeout,
            "handshake_timeout": self._order.handshake_timeout,
            "lookups": lookups,
            "addresses": self._addresses,
            "opened": self._callbacks.opened,
            "greeted": self._callbacks.greeted,
            "wire": wire,
        }

    # -- for the thread that owns the session --------------------------------------------------------------------------

    def start(self) -> None:
        """Begin. All that follows comes as events, also that the system has no thread left."""
        try:
            self._thread.start()
        except RuntimeError as error:
            self._connection.finish(Ending.ERROR, f"no thread left: {error}")
            self._tell_closed()

    def ping(self) -> None:
        """Send `reqCurrentTime`."""
        self._request(lambda: EClient.reqCurrentTime(self._client))

    def probe(self, request_id: int) -> None:
        """Ask for a contract that only IBKR's servers know."""
        self._request(lambda: EClient.reqContractDetails(self._client, request_id, probe_contract()))

    def ask(self, send: Callable[[Client], None]) -> None:
        """Make a request of another kind."""
        self._request(lambda: send(self._client))

    def ask_summary(self, request_id: int, tags: str) -> None:
        """Ask for an account summary of all accounts. `cancel_summary` ends its updates."""
        self._request(lambda: EClient.reqAccountSummary(self._client, request_id, "All", tags))

    def cancel_summary(self, request_id: int) -> None:
        self._request(lambda: EClient.cancelAccountSummary(self._client, request_id))

    def close(self, detail: str = "") -> None:
        """End it. The FIN leaves before this returns, or the present attempt is abandoned."""
        self._connection.finish(Ending.ASKED, detail)

    @property
    def socket(self) -> socket.socket | None:
        """The socket, to be asked about; None while there is none."""
        return self._connection.socket  # type: ignore[no-any-return]

    def join(self, timeout: float) -> bool:
        """Wait for the thread to end. False if it did not end within `timeout` seconds."""
        if self._thread.ident is not None:
            self._thread.join(max(0.0, timeout))
        return not self._thread.is_alive()

    def _request(self, send: Callable[[], None]) -> None:
        """Let `ibapi` encode and send. An error ends the session and does not reach the caller."""
        if not (self._callbacks.connected and self._connection.isConnected()):
            return
        try:
            with self._callbacks.asking() as refused:
                send()
        except Exception as error:
            # If the session ended meanwhile, `ibapi` has forgotten the server version and raises. Then this changes
            # nothing.
            self._unencodable(_described(error))
        else:
            if refused:
                self._unencodable(refused[0])

    def _unencodable(self, why: str) -> None:
        """What follows if the session ended otherwise meanwhile: nothing."""
        detail = f"{LIBRARY} cannot encode a request: {why}"
        self._connection.finish(Ending.CALLBACK, detail, CauseKey.UNENCODABLE, LIBRARY)

    # -- on the session's own thread -----------------------------------------------------------------------------------

    def _live(self) -> None:
        try:
            self._begin()
            # The connection knows the host. ibapi would refuse some hosts without trying to connect.
            EClient.connect(self._client, "gateway", self._order.port, self._order.client_id)
            if self._connection.isConnected():
                EClient.run(self._client)
        except Untellable as error:
            self._connection.finish(Ending.CALLBACK, _described(error))
        except Exception as error:
            if _raised_by_ibapi(error):
                # The decoder is guarded. What else ibapi cannot read are bytes that are no message.
                self._connection.finish(Ending.PROTOCOL, f"undecodable: {_described(error)}")
            else:
                LOG.exception("session %d ends: a fault of this daemon", self.epoch)
                self._connection.finish(Ending.CALLBACK, _described(error))
        finally:
            self._connection.disconnect()
            self._connection.finish(Ending.ERROR, self._callbacks.last_local_error or "ibapi ended the session")
            self._tell_closed()

    def _begin(self) -> None:
        """Before the attempt, on the session's thread."""

    def _judge(self, decode: Callable[[], None]) -> None:
        """Decode a message. If that fails, it depends on the message what follows."""
        try:
            decode()
        except Untellable:
            raise
        except Exception as error:
            number, why = self._connection.message_id, _described(error)
            name = _NAMES.get(number, "")
            if number in self._needed:
                what = f"message {number}, {name}, by {LIBRARY}"
                detail = f"{LIBRARY} cannot decode message {number} ({name}): {why}"
                self._connection.finish(Ending.PROTOCOL, detail, CauseKey.UNDECODABLE, what)
            else:
                self._drop(MessageUndecodable(self.epoch, number, name, LIBRARY, why))

    def _drop(self, message: MessageUndecodable) -> None:
        self._callbacks.undecodable(message)

    def _tell(self, event: SessionEvent) -> None:
        with self._telling:
            if not self._told_closed and self._connection.over is None:
                self._told_more = self._told_more or not isinstance(event, PortOpened)
                self._note_greeting(event)
                self._post(event)

    def _note_greeting(self, event: SessionEvent) -> None:
        """Ready is the address that gave both, an account and an order id."""
        if self._awaited and not (isinstance(event, AccountsReceived) and not event.accounts):
            self._awaited.discard(type(event))
            if not self._awaited:
                self._addresses.was_ready(self._connection.address)

    def _leave_address(self, over: Over) -> None:
        """An address that accepted and then closed, said nothing or spoke something else is not the first one again."""
        useless = self._callbacks.hello is None or over.ending in (Ending.CLOSED, Ending.RESET, Ending.PROTOCOL)
        if self._connection.address and self._awaited and useless:
            self._addresses.was_of_no_use(self._connection.address)

    def _tell_closed(self) -> None:
        over = self._connection.over or Over(Ending.ERROR)
        self._leave_address(over)
        with self._telling:
            if self._told_closed:
                return
            self._told_closed = True
            hello = self._callbacks.hello
            closed = SessionClosed(self.epoch, over.ending, over.detail, over.key, over.what, over.tried)
            late = hello is not None and not self._told_more and over.ending is not Ending.ASKED
            for event in (hello if late else None, closed):
                try:
                    if event is not None:
                        self._post(event)
                except Exception:
                    LOG.exception("the end of session %d could not be told", self.epoch)


def _raised_by_ibapi(error: Exception) -> bool:
    """Whether `ibapi` itself raised it, and not our own code that it called."""
    *_, (frame, _) = traceback.walk_tb(error.__traceback__)
    return str(frame.f_globals.get("__name__")).partition(".")[0] == "ibapi"


def _described(error: Exception) -> str:
    """What went wrong, without what Python quotes: bytes of the gateway, whose place is the wire log."""
    said = re.split(r"b?['\"]", str(error), maxsplit=1)[0].rstrip(" :(")
    return clean(f"{type(error).__name__}: {said}" if said else type(error).__name__, 200)
