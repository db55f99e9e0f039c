"""The canary's connection: the same sessions as the daemon's own, with a client id of its own, and market data.

- It is the only code that asks a gateway for market data: a stream for each contract, never a snapshot, which costs.
- It asks for delayed data where there is no live data (`reqMarketDataType(3)`), before anything else.
- Ticks come many times a second. One a second and contract is passed on.
- Only quotes and trades count. Yesterday's close and the like are told at the subscription, whether data comes or not.
"""

import time
from collections.abc import Callable
from typing import Any, assert_never

from ibapi.contract import Contract

from supervisor.core.model.actions import Connect
from supervisor.core.model.behind.canary import (
    CanaryAction,
    CanaryClose,
    CanaryConnect,
    CanaryContract,
    CanaryHoursAsk,
    CanarySubscribe,
    DataType,
)
from supervisor.core.model.events import CanaryEvent, CanaryHeard, CanaryHours, CanaryTicked, SessionEvent
from supervisor.gateway.link import HANDSHAKE_GRACE
from supervisor.gateway.lookup import Lookups
from supervisor.gateway.session import ApiSession
from supervisor.gateway.versions import tame_logging
from supervisor.gateway.wrapper import Callbacks

PASSED_ON = 1.0
"""Seconds between two ticks of a contract that are passed on."""
PRICES = frozenset({1, 2, 4, 66, 67, 68})
"""Bid, ask and last, live and delayed."""
SIZES = frozenset({0, 3, 5, 8, 69, 70, 71, 74})
"""Their sizes, and the volume."""
DELAYED_IF_NEEDED = 3


class CanaryCallbacks(Callbacks):
    """The callbacks of the canary: those of any session, and market data."""

    def __init__(
        self, epoch: int, tell: Callable[[SessionEvent], None], *, hear: Callable[[CanaryEvent], None], **more: Any
    ) -> None:
        super().__init__(epoch, tell, **more)
        self._hear = hear
        self._last: dict[int, float] = {}

    def tickPrice(self, reqId: int, tickType: int, price: float, attrib: object) -> None:
        """A price; -1 is none."""
        if tickType in PRICES and price != -1:
            self._tick(reqId)

    def tickSize(self, reqId: int, tickType: int, size: object) -> None:
        """A size."""
        if tickType in SIZES:
            self._tick(reqId)

    def marketDataType(self, reqId: int, marketDataType: int) -> None:
        """What kind of data comes."""
        if marketDataType in DataType.__members__.values():
            self._hear(CanaryTicked(self.epoch, reqId, DataType(marketDataType), ticked=False))

    def contractDetails(self, reqId: int, contractDetails: Any) -> None:
        """The hours of a contract; those of the first row, if there are several."""
        hours, zone = str(contractDetails.liquidHours), str(contractDetails.timeZoneId)
        self._hear(CanaryHours(self.epoch, reqId, hours[:65536], zone[:100]))

    def _tick(self, request: int) -> None:
        now = time.monotonic()
        if now - self._last.get(request, -PASSED_ON) >= PASSED_ON:
            self._last[request] = now
            self._hear(CanaryTicked(self.epoch, request))


class CanaryLink:
    """The loop's end of the canary of one gateway: actions in, events out. It never waits."""

    def __init__(self, name: str, post: Callable[[CanaryEvent], None], *, lookups: Lookups) -> None:
        tame_logging()
        self._name = name
        self._post = post
        self._lookups = lookups
        self._session: ApiSession | None = None

    def carry_out(self, action: CanaryAction) -> None:
        """Do it without blocking. What follows comes as events."""
        if isinstance(action, CanaryConnect):
            self._connect(action)
            return
        session = self._session
        if session is None or session.epoch != action.epoch:
            return
        match action:
            case CanaryClose():
                session.close()
            case CanaryHoursAsk():
                asked = contract_of(action.contract)
                session.ask(lambda client: client.reqContractDetails(action.request_id, asked))
            case CanarySubscribe():
                _subscribe(session, action)
            case _:
                assert_never(action)

    def close(self, timeout: float) -> None:
        """End it, and wait at most `timeout` seconds."""
        if self._session is not None:
            self._session.close("shutdown")
            self._session.join(timeout)
            self._session = None

    def _connect(self, order: CanaryConnect) -> None:
        if self._session is not None:
            self._session.close("replaced")
        patience = order.handshake_timeout + HANDSHAKE_GRACE
        connect = Connect(order.epoch, order.host, order.port, order.client_id, order.connect_timeout, patience)
        self._session = ApiSession(
            connect,
            lambda event: self._post(CanaryHeard(event)),
            lookups=self._lookups,
            label=f"{self._name}-canary",
            callbacks=lambda epoch, tell, **more: CanaryCallbacks(epoch, tell, hear=self._post, **more),
        )
        self._session.start()


def _subscribe(session: ApiSession, action: CanarySubscribe) -> None:
    contract = contract_of(action.contract)
    if action.instead_of:
        session.ask(lambda client: client.cancelMktData(action.instead_of))
    session.ask(lambda client: client.reqMarketDataType(DELAYED_IF_NEEDED))
    session.ask(lambda client: client.reqMktData(action.request_id, contract, "", False, False, []))


def contract_of(wanted: CanaryContract) -> Contract:
    """The contract as `ibapi` has it."""
    contract = Contract()
    contract.symbol, contract.secType = wanted.symbol, wanted.sec_type
    contract.exchange, contract.currency = wanted.exchange, wanted.currency
    contract.primaryExchange, contract.localSymbol = wanted.primary_exchange, wanted.local_symbol
    return contract
