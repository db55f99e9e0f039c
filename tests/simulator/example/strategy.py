"""A small trading program on ib_async: it holds a target position, and knows when it must not trade."""

from collections.abc import Callable

from ib_async import IB, Contract, LimitOrder, MarketOrder, Stock, Ticker, Trade

LOST, DATA_LOST, DATA_MAINTAINED = 1100, 1101, 1102
MARKET_DATA_BROKEN, MARKET_DATA_OK = 2103, 2104


class NotNow(Exception):
    """An order would not be safe now."""


class Rejected(Exception):
    """The order was refused; the text says why."""


class Holder:
    """Holds a target position in one stock."""

    def __init__(self, port: int, symbol: str = "AAPL", client_id: int = 11) -> None:
        self.ib = IB()
        self.port, self.client_id = port, client_id
        self.stock: Contract = Stock(symbol, "SMART", "USD")
        self.ticker: Ticker | None = None
        self.upstream = self.farm = True
        self.reasons: dict[int, str] = {}
        self.resubscribed = 0
        self.ib.errorEvent += self._on_error

    def start(self, attempts: int = 1) -> None:
        """Connect, with as many attempts, and subscribe."""
        for left in reversed(range(attempts)):
            try:
                self.ib.connect("127.0.0.1", self.port, clientId=self.client_id, timeout=2)
                break
            except (OSError, TimeoutError):
                self.ib.disconnect()
                if not left:
                    raise
                self.ib.sleep(0.2)
        self.upstream = self.farm = True
        self.ib.qualifyContracts(self.stock)
        self.ticker = self.ib.reqMktData(self.stock)

    def stop(self) -> None:
        """Disconnect."""
        self.ib.disconnect()

    def alive(self, timeout: float = 1.0) -> bool:
        """Whether the gateway answers."""
        try:
            self.ib.run(self.ib.reqCurrentTimeAsync(), timeout=timeout)
        except TimeoutError:
            return False
        return True

    @property
    def position(self) -> float:
        """How many are held."""
        return sum(float(each.position) for each in self.ib.positions() if each.contract.conId == self.stock.conId)

    def hold(self, target: float, timeout: float = 5.0) -> Trade | None:
        """Buy or sell up to the target; returns the trade, None if there was nothing to do."""
        if not self.ib.isConnected() or not self.upstream:
            raise NotNow("no connection to IBKR")
        if not self.farm:
            raise NotNow("no prices")
        missing = target - self.position
        if not missing:
            return None
        order = MarketOrder("BUY" if missing > 0 else "SELL", abs(missing))
        trade = self._wait(self.ib.placeOrder(self.stock, order), timeout)
        if trade.orderStatus.status == "Filled":  # its position is told after it: who looks too early buys twice
            self._until(lambda: self.position == target, timeout)
        return trade

    def bid(self, quantity: float, price: float, timeout: float = 0.5) -> Trade:
        """Try to buy at a price; what is not filled in time is cancelled."""
        trade = self._wait(self.ib.placeOrder(self.stock, LimitOrder("BUY", quantity, price)), timeout)
        if not trade.isDone():
            self.ib.cancelOrder(trade.order)
            self._wait(trade, 2.0)
        return trade

    def protected(self, quantity: float, profit: float, loss: float) -> list[Trade]:
        """Buy with a bracket around it."""
        assert self.ticker is not None
        orders = self.ib.bracketOrder("BUY", quantity, self.ticker.ask + 1, profit, loss)
        trades = [self.ib.placeOrder(self.stock, order) for order in orders]
        self._wait(trades[0], 5.0)
        return trades

    def _wait(self, trade: Trade, timeout: float) -> Trade:
        self._until(lambda: trade.isDone() or trade.orderStatus.status == "Inactive", timeout)
        if trade.orderStatus.status == "Inactive":
            raise Rejected(self.reasons.get(trade.order.orderId, ""))
        return trade

    def _until(self, so: Callable[[], bool], timeout: float) -> None:
        waited = 0.0
        while not so() and waited < timeout:
            self.ib.sleep(0.02)
            waited += 0.02

    def _on_error(self, request: int, code: int, text: str, _: Contract | None) -> None:
        self.reasons[request] = text
        if code == LOST:
            self.upstream = False
        elif code in (DATA_LOST, DATA_MAINTAINED):
            self.upstream = True
            if code == DATA_LOST:
                self.ticker = self.ib.reqMktData(self.stock)
                self.resubscribed += 1
        elif code in (MARKET_DATA_BROKEN, MARKET_DATA_OK) and text.endswith("usfarm"):
            self.farm = code == MARKET_DATA_OK
