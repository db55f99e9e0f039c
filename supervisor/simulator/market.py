"""The little world the simulated gateway knows: a few instruments, two bars, an account's values. Pure data.

The contract ids are IBKR's own for these instruments; prices and amounts are invented.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Instrument:
    """One tradable thing, as a row of contract details tells it."""

    con_id: int
    symbol: str
    sec_type: str
    currency: str
    exchange: str
    local_symbol: str
    long_name: str
    primary_exchange: str = ""
    stock_type: str = ""
    min_tick: str = "0.01"
    size_step: str = "1"
    timezone: str = "US/Eastern"

    @property
    def trading_class(self) -> str:
        """IBKR's name of the class; for stocks and currencies told apart by nothing else here."""
        return self.local_symbol if self.sec_type == "CASH" else self.symbol

    @property
    def market_name(self) -> str:
        """The class again: what the details call the market."""
        return self.trading_class

    @property
    def exchanges(self) -> str:
        """Every exchange that takes orders for it."""
        return ",".join(dict.fromkeys(filter(None, (self.exchange, self.primary_exchange))))

    order_types = "ACTIVETIM,DAY,GTC,LMT,MKT,STP"
    hours = "20260101:0400-20260101:2000"
    aggregation_group = 1
    market_rule = "26"


def _currency(con_id: int, base: str, quote: str, name: str) -> Instrument:
    return Instrument(con_id, base, "CASH", quote, "IDEALPRO", f"{base}.{quote}", name, min_tick="0.00005")


def _share(con_id: int, symbol: str, name: str, primary: str, kind: str = "COMMON") -> Instrument:
    return Instrument(con_id, symbol, "STK", "USD", "SMART", symbol, name, primary, kind)


INSTRUMENTS = (
    _currency(12087792, "EUR", "USD", "European Monetary Union Euro"),
    _currency(12087797, "GBP", "USD", "British pound"),
    _currency(15016059, "USD", "JPY", "US Dollar"),
    _share(265598, "AAPL", "APPLE INC", "NASDAQ"),
    _share(8314, "IBM", "INTL BUSINESS MACHINES CORP", "NYSE"),
    _share(272093, "MSFT", "MICROSOFT CORP", "NASDAQ"),
    _share(756733, "SPY", "SS SPDR S&P 500 ETF TRUST-US", "ARCA", "ETF"),
)


def find(con_id: int, symbol: str, sec_type: str, currency: str) -> list[Instrument]:
    """The instruments a request means: by contract id if it names one, else by symbol and whatever else it says."""
    if con_id:
        return [row for row in INSTRUMENTS if row.con_id == con_id]
    return [
        row
        for row in INSTRUMENTS
        if row.symbol == symbol and sec_type in ("", row.sec_type) and currency in ("", row.currency)
    ]


@dataclass(frozen=True, slots=True)
class Bar:
    """One historical bar."""

    date: str
    open: float
    high: float
    low: float
    close: float
    volume: int
    average: float
    count: int

    @property
    def fields(self) -> tuple[str, float, float, float, float, int, float, int]:
        """Its text fields, in the order of the wire."""
        return self.date, self.open, self.high, self.low, self.close, self.volume, self.average, self.count

    @property
    def protobuf(self) -> tuple[tuple[int, str | float | int], ...]:
        """Its protobuf fields; volume and average are texts there."""
        prices = (2, self.open), (3, self.high), (4, self.low), (5, self.close)
        return (1, self.date), *prices, (6, str(self.volume)), (7, str(self.average)), (8, self.count)


HISTORY_START, HISTORY_END = "20240102 09:30:00 US/Eastern", "20240102 09:32:00 US/Eastern"
BARS = (
    Bar("20240102 09:30:00 US/Eastern", 10.0, 11.0, 9.5, 10.5, 1200, 10.25, 42),
    Bar("20240102 09:31:00 US/Eastern", 10.5, 10.75, 10.25, 10.5, 800, 10.5, 17),
)

PRICE, SIZE = 189.25, 300
"""The price and size of every tick."""

ACCOUNT_VALUES = {
    "AccountType": ("INDIVIDUAL", ""),
    "NetLiquidation": ("1000000.00", "USD"),
    "TotalCashValue": ("1000000.00", "USD"),
    "SettledCash": ("1000000.00", "USD"),
    "BuyingPower": ("4000000.00", "USD"),
    "EquityWithLoanValue": ("1000000.00", "USD"),
    "AvailableFunds": ("1000000.00", "USD"),
    "ExcessLiquidity": ("1000000.00", "USD"),
    "GrossPositionValue": ("0.00", "USD"),
    "InitMarginReq": ("0.00", "USD"),
    "MaintMarginReq": ("0.00", "USD"),
    "Cushion": ("1", ""),
}
"""Tag or key to value and currency, the same for every account."""
