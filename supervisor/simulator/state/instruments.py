"""The instruments that the simulated gateway knows, as rows of contract details tell them. Pure data.

The contract ids of stocks, the index and currencies are IBKR's own; those of futures, options, crypto and the rest are
invented, and so are all prices. Expiries follow the date on which the gateway begins.
"""

from collections.abc import Iterator
from datetime import date, timedelta

from supervisor.frozen import dataclass
from supervisor.simulator.state import hours
from supervisor.simulator.state.hours import Hours


@dataclass(frozen=True, slots=True)
class Instrument:
    """One tradable thing; `price` is about what it costs, `volatility` how much of that it moves in a year."""

    con_id: int
    symbol: str
    sec_type: str
    currency: str
    exchange: str
    local_symbol: str
    long_name: str
    price: float
    hours: Hours
    primary_exchange: str = ""
    trading_class: str = ""
    stock_type: str = ""
    expiry: str = ""
    strike: float = 0.0
    right: str = ""
    multiplier: str = ""
    min_tick: str = "0.01"
    size_step: str = "1"
    round_lot: str = "1"
    exchanges: str = ""
    market_rule: int = 26
    volatility: float = 0.25
    under_con_id: int = 0
    under_symbol: str = ""
    under_type: str = ""
    farm: str = "usfarm"
    category: tuple[str, str, str] = ("", "", "")

    @property
    def factor(self) -> float:
        """What one of it is worth at a price of one."""
        return float(self.multiplier or 1)

    @property
    def venues(self) -> str:
        """Every exchange that takes orders for it, comma-separated."""
        return self.exchanges or self.exchange

    @property
    def market_rules(self) -> str:
        """One market rule for each of the venues."""
        return ",".join([str(self.market_rule)] * (self.venues.count(",") + 1))

    @property
    def trades(self) -> bool:
        """Whether orders for it are taken: an index only tells its value."""
        return self.sec_type != "IND"


ORDER_TYPES = "ACTIVETIM,AON,DAY,GTC,LMT,LOC,MIT,MKT,MOC,OPG,STP,STPLMT,TRAIL,WHATIF"

MARKET_RULES: dict[int, tuple[tuple[float, float], ...]] = {
    26: ((0.0, 0.01),),
    67: ((0.0, 0.25),),
    109: ((0.0, 0.05), (3.0, 0.1)),
    239: ((0.0, 0.00005),),
    240: ((0.0, 0.005),),
    1529: ((0.0, 0.25),),
}
"""Price increments by rule: from which price on, and how large."""

_VENUES = "SMART,AMEX,NYSE,CBOE,PHLX,ISE,CHX,ARCA,NASDAQ,DRCTEDGE,BEX,BATS,EDGEA,BYX,IEX,FOXRIVER,OVERNIGHT"


def _currency(con_id: int, base: str, quote: str, name: str, price: float) -> Instrument:
    tick, rule = ("0.005", 240) if quote == "JPY" else ("0.00005", 239)
    pair = f"{base}.{quote}"
    return Instrument(
        con_id, base, "CASH", quote, "IDEALPRO", pair, name, price, hours.FOREX,
        trading_class=pair, min_tick=tick, size_step="0.01", round_lot="0.01", market_rule=rule, volatility=0.08,
        farm="cashfarm",
    )  # fmt: skip


def _share(
    con_id: int,
    symbol: str,
    name: str,
    price: float,
    primary: str,
    category: tuple[str, str, str],
    kind: str = "COMMON",
) -> Instrument:
    return Instrument(
        con_id, symbol, "STK", "USD", "SMART", symbol, name, price, hours.STOCK, primary,
        "NMS" if primary == "NASDAQ" else symbol, kind,
        size_step="0.0001", round_lot="100", exchanges=_VENUES, category=category,
    )  # fmt: skip


APPLE = _share(265598, "AAPL", "APPLE INC", 189.25, "NASDAQ", ("Technology", "Computers", "Computers"))
SPX = Instrument(
    416904, "SPX", "IND", "USD", "CBOE", "SPX", "S&P 500 Stock Index", 5000.0, hours.INDEX,
    trading_class="SPX", volatility=0.15, category=("Indices", "Broad Range Equity Index", "*"),
)  # fmt: skip
_LASTING = (
    _currency(12087792, "EUR", "USD", "European Monetary Union Euro", 1.0850),
    _currency(12087797, "GBP", "USD", "British pound", 1.2650),
    _currency(15016059, "USD", "JPY", "US Dollar", 150.0),
    APPLE,
    _share(8314, "IBM", "INTL BUSINESS MACHINES CORP", 170.0, "NYSE", ("Technology", "Computers", "Computer Services")),
    _share(272093, "MSFT", "MICROSOFT CORP", 410.0, "NASDAQ", ("Technology", "Software", "Applications Software")),
    _share(756733, "SPY", "SS SPDR S&P 500 ETF TRUST-US", 500.0, "ARCA", ("", "", ""), "ETF"),
    SPX,
    Instrument(
        479624278, "BTC", "CRYPTO", "USD", "PAXOS", "BTC.USD", "Bitcoin cryptocurrency", 64000.0, hours.CRYPTO,
        trading_class="BTC", min_tick="0.25", size_step="0.00000001", market_rule=1529, volatility=0.6, farm="usfarm",
    ),
    Instrument(
        69067924, "XAUUSD", "CMDTY", "USD", "SMART", "XAUUSD", "London Gold", 2400.0, hours.FOREX,
        trading_class="XAUUSD", min_tick="0.01", volatility=0.15, farm="cashfarm",
    ),
    Instrument(
        118089500, "IBUS500", "CFD", "USD", "SMART", "IBUS500", "US 500", 5000.0, hours.FUTURE,
        trading_class="IBUS500", min_tick="0.01", volatility=0.15, under_con_id=416904, farm="cashfarm",
    ),
)  # fmt: skip
_FUTURE_ID, _OPTION_ID = 900_000_000, 910_000_000
_MONTHS = "FGHJKMNQUVXZ"
_STRIKES = range(160, 225, 5)


def book(today: date) -> tuple[Instrument, ...]:
    """Every instrument of a gateway that begins on this day."""
    return (*_LASTING, *_futures(today), *_options(today))


def third_friday(year: int, month: int) -> date:
    """When most futures and options of a month expire."""
    first = date(year, month, 1)
    return first + timedelta(days=(4 - first.weekday()) % 7 + 14)


def _expiries(today: date, step: int, count: int) -> Iterator[date]:
    """The next so many third Fridays of months that `step` divides."""
    year, month = today.year, today.month
    while count:
        friday = third_friday(year, month)
        if month % step == 0 and friday > today:
            yield friday
            count -= 1
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)


def _futures(today: date) -> Iterator[Instrument]:
    for place, day in enumerate(_expiries(today, 3, 2)):
        yield Instrument(
            _FUTURE_ID + place, "ES", "FUT", "USD", "CME", f"ES{_MONTHS[day.month - 1]}{day.year % 10}",
            "E-mini S&P 500", 5010.0 + 40 * place, hours.FUTURE,
            trading_class="ES", expiry=f"{day:%Y%m%d}", multiplier="50", min_tick="0.25", market_rule=67,
            volatility=0.15, under_con_id=11004968, under_symbol="ES", under_type="IND", farm="usfuture",
        )  # fmt: skip


def _options(today: date) -> Iterator[Instrument]:
    place = 0
    for day in _expiries(today, 1, 2):
        for strike in _STRIKES:
            for right in "CP":
                yield Instrument(
                    _OPTION_ID + place, "AAPL", "OPT", "USD", "SMART",
                    f"AAPL  {day:%y%m%d}{right}{strike * 1000:08d}", "APPLE INC", 0.0, hours.OPTION,
                    trading_class="AAPL", expiry=f"{day:%Y%m%d}", strike=float(strike), right=right, multiplier="100",
                    exchanges="SMART,AMEX,CBOE,PHLX,ISE,BOX,NASDAQOM", market_rule=109, farm="usopt",
                    under_con_id=APPLE.con_id, under_symbol="AAPL", under_type="STK", category=APPLE.category,
                )  # fmt: skip
                place += 1
