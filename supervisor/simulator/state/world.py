"""One simulated world: instruments, prices, IBKR's side of orders, and what the gateway has learned of them.

Rules
- `exchange` is IBKR; `reports`, `executions` and `accounts` are what the gateway knows. They differ while the gateway
  has lost IBKR's servers: what happens there meanwhile is learned afterwards, by `learn`.
- Pure; time is an argument.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from supervisor.simulator.state.exchange import Exchange
from supervisor.simulator.state.instruments import Instrument, book
from supervisor.simulator.state.orders import Changed, Event, Executed, Execution, Key, Report, Told
from supervisor.simulator.state.portfolio import Account
from supervisor.simulator.state.prices import Prices
from supervisor.simulator.wire.requests import Contract


class World:
    """Everything behind the gateway; `began` is the wall clock's Unix seconds at its start."""

    def __init__(
        self,
        accounts: Sequence[str],
        began: float,
        seed: int = 1,
        cash: float = 1_000_000.0,
        extra: Iterable[Instrument] = (),
    ) -> None:
        rows = (*book(datetime.fromtimestamp(began, UTC).date()), *extra)
        self.instruments = {row.con_id: row for row in rows}
        self.prices = Prices(seed, self.instruments)
        self.exchange = Exchange(self.prices)
        self.reports: dict[Key, Report] = {}
        """Every order the gateway has told of, as it last told it."""
        self.executions: list[Execution] = []
        self.gains: dict[str, float | None] = {}
        """What each execution realized, by its id."""
        self.time_answered: float | None = None
        """When a client of the gateway was last told the time, in monotonic seconds."""
        self._cash = cash
        self._accounts: dict[str, Account] = {}
        self._by_quote = {(row.symbol, row.currency): row for row in rows if row.sec_type == "CASH"}

    def hold(self, named: int | str, quantity: float, cost: float | None, account: str, now: float) -> None:
        """Put a position into an account, as if it had always been there; raises ValueError for what is not known."""
        row = self.named(named)
        if row is None:
            raise ValueError(f"contract: {named!r} is not known")
        self.account(account).hold(row, quantity, self.prices.exact(row, now) * row.factor if cost is None else cost)

    @property
    def holdings(self) -> list[tuple[str, Instrument, float]]:
        """Account, instrument and quantity of every open position."""
        accounts = self._accounts.values()
        held = [(each.name, position) for each in accounts for position in each.positions.values()]
        return [(name, position.instrument, position.quantity) for name, position in held if position.quantity]

    def named(self, named: int | str) -> Instrument | None:
        """The instrument with this contract id, this local symbol, or else the first with this symbol."""
        if isinstance(named, int):
            return self.instruments.get(named)
        rows = [row for row in self.instruments.values() if named in (row.local_symbol, row.symbol)]
        return next((row for row in rows if row.local_symbol == named), rows[0] if rows else None)

    def account(self, name: str) -> Account:
        """The account of that name; a new one has its cash and nothing else."""
        if name not in self._accounts:
            self._accounts[name] = Account(name, self._cash, day_began_with=self._cash)
        return self._accounts[name]

    def find(self, meant: Contract) -> list[Instrument]:
        """The instruments a request means: by contract id if it names one, else by whatever it says."""
        if meant.con_id:
            row = self.instruments.get(meant.con_id)
            return [] if row is None else [row]
        return [row for row in self.instruments.values() if _fits(meant, row)]

    def rate(self, currency: str, now: float) -> float:
        """What one unit of a currency is in US dollars."""
        direct, inverse = self._by_quote.get((currency, "USD")), self._by_quote.get(("USD", currency))
        if direct is not None:
            return self.prices.exact(direct, now)
        return 1.0 / self.prices.exact(inverse, now) if inverse is not None else 1.0

    def price(self, row: Instrument, now: float) -> float:
        """What an instrument is valued at: its last price."""
        return self.prices.quote(row, now).last

    def learn(self, event: Event, now: float) -> None:
        """The gateway hears from IBKR."""
        match event:
            case Changed(report):
                self.reports[report.key] = report
            case Executed(execution, report):
                self.reports[report.key] = report
                self.executions.append(execution)
                booked = self.account(execution.account)
                self.gains[execution.exec_id] = booked.apply(execution, lambda currency: self.rate(currency, now))
            case Told(report=Report() as report):
                self.reports[report.key] = report
            case Told():
                pass


def _fits(meant: Contract, row: Instrument) -> bool:
    venues = {"", "SMART", row.exchange, row.primary_exchange, *row.venues.split(",")}
    return (
        (meant.symbol == row.symbol or (not meant.symbol and meant.local_symbol != ""))
        and meant.sec_type in ("", row.sec_type)
        and meant.currency in ("", row.currency)
        and row.expiry.startswith(meant.expiry)
        and meant.strike in (0.0, row.strike)
        and meant.right[:1] in ("", "0", "?", row.right)
        and meant.multiplier in ("", row.multiplier)
        and meant.exchange in venues
        and meant.local_symbol in ("", row.local_symbol)
        and meant.trading_class in ("", row.trading_class)
    )
