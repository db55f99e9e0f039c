"""When an order is filled and at what price, and what it costs. Pure functions.

`price` also moves what belongs to the order: the stop of a trailing order, and whether a stop was reached.
"""

from supervisor.simulator.state.instruments import Instrument
from supervisor.simulator.state.orders import Form, Order
from supervisor.simulator.state.prices import Quote

_AT_MARKET = frozenset({"MKT", "MOC", "MTL", "MIDPRICE"})
_AT_LIMIT = frozenset({"LMT", "LOC"})
_STOPS = frozenset({"STP", "STP LMT", "TRAIL", "TRAIL LIMIT"})
_TOUCHED = frozenset({"MIT", "LIT"})
KNOWN = _AT_MARKET | _AT_LIMIT | _STOPS | _TOUCHED
"""The order types that are simulated."""
_ELSEWHERE = frozenset(
    {
        "BOX TOP", "MKT PRT", "PASSV REL", "PEG BENCH", "PEG BEST", "PEG MID", "PEG MKT", "PEG PRIM", "PEG STK",
        "PEGBENCH", "REL", "RPI", "SNAP MID", "SNAP MKT", "SNAP PRIM", "STP PRT", "TRAIL LIT", "TRAIL MIT", "VOL",
    }
)  # fmt: skip
"""Those that only IBKR has."""
AT_ONCE = frozenset({"FOK", "IOC"})
"""Times in force of orders that never wait: what is not filled at once is cancelled."""
TIMES_IN_FORCE = AT_ONCE | {"DAY", "GTC", "GTD", "OPG"}


def refused(instrument: Instrument, form: Form) -> tuple[int, str] | None:
    """The code and text with which the order is refused; None if it is taken."""
    ours = "the simulated gateway does not do"
    if form.order_type not in KNOWN | _ELSEWHERE:
        return 321, "Error validating request.-'bF' : cause - Invalid order type was entered"
    if form.order_type not in KNOWN:
        known = ", ".join(sorted(KNOWN))
        return 387, (
            f"Unsupported order type for this exchange and security type.: {ours} {form.order_type}, only {known}"
        )
    if not instrument.trades:
        return 201, f"Order rejected - reason:{instrument.symbol} is an index and cannot be traded"
    if form.action not in ("BUY", "SELL"):
        return 201, f"Order rejected - reason:{ours} the action {form.action!r}, only BUY and SELL"
    if form.tif not in TIMES_IN_FORCE:
        return 10052, f"Invalid time in force: {ours} {form.tif}, only {', '.join(sorted(TIMES_IN_FORCE))}"
    if form.quantity <= 0 and form.cash_quantity:
        return 201, f"Order rejected - reason:{ours} cash quantities"
    if form.quantity <= 0:
        return 201, "Order rejected - reason:The order size cannot be zero."
    if form.undone:
        return 201, f"Order rejected - reason:{ours} {', '.join(form.undone)}"
    if _limited(form) and form.limit is None:
        return 201, "Order rejected - reason:a limit price is required"
    if form.order_type in ("STP", "STP LMT", "MIT", "LIT") and form.aux is None:
        return 201, "Order rejected - reason:a stop price is required"
    if form.order_type.startswith("TRAIL") and form.aux is None and form.trail_percent is None:
        return 201, "Order rejected - reason:a trailing amount or percentage is required"
    return None


def is_stop(form: Form) -> bool:
    """Whether the order sleeps until a price is reached."""
    return form.order_type in _STOPS | _TOUCHED


def first_stop(form: Form, quote: Quote) -> float | None:
    """Where a new order is triggered."""
    if form.order_type.startswith("TRAIL"):
        return form.trail_stop if form.trail_stop is not None else quote.last + form.sign * _distance(form, quote.last)
    return form.aux if is_stop(form) else None


def price(order: Order, quote: Quote) -> float | None:
    """The price at which the order is filled now; None if it is not."""
    form = order.form
    buys = form.sign > 0
    other = quote.ask if buys else quote.bid
    if is_stop(form) and not order.triggered:
        if form.order_type.startswith("TRAIL") and order.stop is not None:
            moved = quote.last + form.sign * _distance(form, quote.last)
            order.stop = min(order.stop, moved) if buys else max(order.stop, moved)
        order.triggered = order.stop is not None and _reached(form, order.stop, quote.last)
        if not order.triggered:
            return None
    if not _limited(form) and form.order_type != "TRAIL LIMIT":
        return other
    limit = form.limit
    if form.order_type == "TRAIL LIMIT" and order.stop is not None:
        limit = order.stop + (form.limit_offset or 0.0) * (1 if buys else -1)
    if limit is None or (other > limit if buys else other < limit):
        return None
    return other


def _limited(form: Form) -> bool:
    return form.order_type in ("LMT", "LOC", "STP LMT", "LIT")


def _distance(form: Form, last: float) -> float:
    return form.aux if form.aux is not None else last * (form.trail_percent or 0.0) / 100.0


def _reached(form: Form, stop: float, last: float) -> bool:
    upwards = (form.sign > 0) != (form.order_type in _TOUCHED)
    return last >= stop if upwards else last <= stop


def liquidity(form: Form) -> int:
    """1 if the order added liquidity, 2 if it took it."""
    return 1 if form.order_type in _AT_LIMIT else 2


def commission(instrument: Instrument, quantity: float, paid: float) -> float:
    """What a fill costs, in the instrument's currency; about IBKR's fixed prices."""
    match instrument.sec_type:
        case "STK":
            return round(max(1.0, 0.005 * quantity), 4)
        case "FUT":
            return round(2.25 * quantity, 4)
        case "OPT":
            return round(max(1.0, 0.65 * quantity), 4)
        case "CRYPTO":
            return round(max(1.75, 0.0018 * quantity * paid), 4)
        case _:
            return round(max(2.0, 0.00002 * quantity * paid), 4)
