"""Accounts: cash, positions, and what follows from them. Pure; prices and time are arguments.

Rules
- All amounts are in the base currency, US dollars; other currencies are turned into it at the book's rates.
- A purchase is paid in cash, but for futures and CFDs, which are settled by their gain when they are closed.
- The average cost of a position has its commissions and its multiplier in it, as IBKR tells it.
- The day's gain counts from the first look of the day, on the first day from the start.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

from supervisor.simulator.state.instruments import Instrument
from supervisor.simulator.state.orders import Execution

MARGINED = frozenset({"FUT", "CFD"})
LEVERAGE = 4.0
MARGIN = 0.25
"""The part of a position's value that is blocked."""

Price = Callable[[Instrument], float]
"""What an instrument costs now."""


@dataclass(slots=True)
class Position:
    """So many of an instrument, negative if sold; `cost` is what one cost, commission and multiplier in it."""

    instrument: Instrument
    quantity: float = 0.0
    cost: float = 0.0
    realized: float = 0.0

    def value(self, price: float) -> float:
        """What it is worth."""
        return self.quantity * price * self.instrument.factor

    def unrealized(self, price: float) -> float:
        """What it would gain if it were closed."""
        return self.value(price) - self.quantity * self.cost


@dataclass(slots=True)
class Account:
    """One account."""

    name: str
    cash: float
    positions: dict[int, Position] = field(default_factory=dict)
    realized: float = 0.0
    day: date | None = None
    day_began_with: float = 0.0

    def hold(self, instrument: Instrument, quantity: float, cost: float) -> None:
        """Put a position in, as if it had always been there."""
        self.positions[instrument.con_id] = Position(instrument, quantity, cost)
        if instrument.sec_type not in MARGINED:
            self.day_began_with += quantity * cost

    def apply(self, execution: Execution, rate: Callable[[str], float]) -> float | None:
        """Book a fill; returns the realized gain in the instrument's currency, None if it closed nothing."""
        row = execution.instrument
        held = self.positions.setdefault(row.con_id, Position(row))
        change, factor = execution.signed, row.factor
        closing = min(abs(change), abs(held.quantity)) if change * held.quantity < 0 else 0.0
        opening = abs(change) - closing
        sign = 1 if change > 0 else -1
        fee = execution.commission
        one = execution.price * factor
        gain = None
        if closing:
            gain = (one - held.cost) * closing * -sign - fee * closing / abs(change)
            held.realized += gain
        if opening:
            cost = one + sign * fee / abs(change)
            before = abs(held.quantity) - closing
            held.cost = (held.cost * before + cost * opening) / (before + opening)
        held.quantity = round(held.quantity + change, 8)
        in_base = rate(row.currency)
        self.realized += (gain or 0.0) * in_base
        if row.sec_type in MARGINED:
            self.cash += ((gain or 0.0) - (fee * opening / abs(change) if opening else 0.0)) * in_base
        else:
            self.cash -= (change * one + fee) * in_base
        return gain

    def unrealized(self, price: Price, rate: Callable[[str], float]) -> float:
        """What all open positions would gain."""
        return sum(
            held.unrealized(price(held.instrument)) * rate(held.instrument.currency) for held in self.positions.values()
        )

    def gross(self, price: Price, rate: Callable[[str], float]) -> float:
        """What all positions are worth, sold ones counted as positive."""
        return sum(
            abs(held.value(price(held.instrument))) * rate(held.instrument.currency) for held in self.positions.values()
        )

    def equity(self, price: Price, rate: Callable[[str], float]) -> float:
        """Net liquidation: cash and everything held."""
        total = self.cash
        for held in self.positions.values():
            now, in_base = price(held.instrument), rate(held.instrument.currency)
            margined = held.instrument.sec_type in MARGINED
            total += (held.unrealized(now) if margined else held.value(now)) * in_base
        return total

    def daily(self, today: date, price: Price, rate: Callable[[str], float]) -> float:
        """The gain since the day's first look."""
        equity = self.equity(price, rate)
        if self.day is not None and self.day != today:
            self.day_began_with = equity
        self.day = today
        return equity - self.day_began_with

    def values(self, price: Price, rate: Callable[[str], float]) -> dict[str, tuple[str, str]]:
        """Tag to value and currency, in alphabetical order, as account summaries and updates tell them."""
        equity, gross = self.equity(price, rate), self.gross(price, rate)
        margin = gross * MARGIN
        free = equity - margin
        amounts = {
            "AvailableFunds": free,
            "BuyingPower": max(free, 0.0) * LEVERAGE,
            "EquityWithLoanValue": equity,
            "ExcessLiquidity": free,
            "GrossPositionValue": gross,
            "InitMarginReq": margin,
            "MaintMarginReq": margin,
            "NetLiquidation": equity,
            "RealizedPnL": self.realized,
            "SettledCash": self.cash,
            "TotalCashValue": self.cash,
            "UnrealizedPnL": self.unrealized(price, rate),
        }
        told = {tag: (f"{amount:.2f}", "USD") for tag, amount in amounts.items()}
        told["AccountType"] = ("INDIVIDUAL", "")
        told["Cushion"] = (f"{free / equity if equity else 0:.6g}", "")
        return dict(sorted(told.items()))
