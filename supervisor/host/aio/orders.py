"""The order ids of one IB: never one that was used, over losses and, with a file, over a restart of the program."""

from typing import Any

from ib_async import IB

from supervisor.core.program import order_ids
from supervisor.core.program.order_ids import OrderIds
from supervisor.host.state_file import StateFile


class Orders:
    """Of one client id. `ib_async` draws the ids of orders and of requests from one row of numbers."""

    def __init__(self, ib: IB, client_id: int, state: StateFile) -> None:
        self._ib = ib
        self._client_id = client_id
        self._state = state
        self._ids = OrderIds(state.kept.highest)
        place = ib.client.placeOrder

        def placed(orderId: int, *args: Any, **named: Any) -> Any:
            if ib.client.isConnected():  # else it raises, and nothing was sent
                self._used(orderId)
            return place(orderId, *args, **named)

        ib.client.placeOrder = placed

    def agree(self) -> int:
        """A session is ready and has told its orders and fills: let its next id be one that no order has."""
        for trade in self._ib.trades():
            if trade.order.clientId == self._client_id:
                self._used(trade.order.orderId)
        for fill in self._ib.fills():
            if fill.execution.clientId == self._client_id:
                self._used(fill.execution.orderId)
        client = self._ib.client
        client.updateReqId(self._ids.next)
        return int(client._reqIdSeq)

    def _used(self, order_id: int) -> None:
        after = order_ids.used(self._ids, order_id)
        if after is not self._ids:
            self._ids = after
            self._state.keep(highest=after.highest)
