"""The codes that answer one order. This daemon places none: they are here because people look them up.

Rules of this file: those of `entry`. Sorted by number.
"""

from typing import Final

from supervisor.core.codes.entry import Code, CodeKind, Scope, Severity

_DOCS = "IBKR's documentation"


def _order(number: int, title: str, severity: Severity, meaning: str, source: str = _DOCS, cure: str = "") -> Code:
    return Code(
        number,
        title,
        CodeKind.ANSWER,
        severity,
        Scope.ORDER,
        meaning=meaning,
        action="Counts it; an order says nothing of the connection.",
        source=source,
        cure=cure,
    )


_INFO, _WARNING, _ERROR = Severity.INFO, Severity.WARNING, Severity.ERROR

ORDERS: Final[tuple[Code, ...]] = (
    _order(
        103,
        "Duplicate order id",
        _ERROR,
        "The order was refused because its id has been used before, by this client or in an earlier session.",
        "IBKR's documentation; erdewit/ib_insync#644, #308",
        "Ask for the next valid id after each connect, and count on from there.",
    ),
    _order(
        104,
        "Can't modify a filled order",
        _WARNING,
        "The change came too late: the order is filled.",
        "IBKR's documentation; QuantConnect/Lean pull request 1053",
    ),
    _order(
        105,
        "Order does not match the original",
        _WARNING,
        "A change of an order touched what cannot be changed. The order stays as it was.",
    ),
    _order(
        110, "Price does not conform to the minimum variation", _WARNING, "The price does not fit the contract's tick."
    ),
    _order(
        135,
        "Can't find the order",
        _WARNING,
        "A change or a cancel names an order id that the gateway does not have, or no longer has.",
        cure="Ask for the open orders, and go on with the ids that they have.",
    ),
    _order(
        161,
        "Cancel attempted when order is not in a cancellable state",
        _WARNING,
        "The order is already filled, cancelled or refused, so that it cannot be cancelled.",
        "IBKR's documentation; lines in public logs",
    ),
    _order(201, "Order rejected", _ERROR, "The order was refused; the reason follows in the text."),
    _order(202, "Order cancelled", _INFO, "The order is gone; the reason follows in the text."),
    _order(324, "Server error when executing a DDE command", _WARNING, "About the Excel link, not the API."),
    _order(325, "DDE or order code", _WARNING, "About the Excel link or an order; the text says what."),
    _order(
        327,
        "Only client id 0 can bind manual orders",
        _WARNING,
        "A client other than 0 asked for the orders made by hand.",
    ),
    _order(328, "Trailing stop order refused", _WARNING, "About an order; the text says what."),
    _order(329, "Order change failed", _WARNING, "The order cannot be changed to that type. It stays as it was."),
    _order(
        399,
        "Order message",
        _WARNING,
        "A warning about an order, for instance that its exchange is closed and it will be sent later.",
    ),
    _order(404, "Order held, shares are being located", _WARNING, "A short sale waits for shares to borrow."),
    _order(
        412,
        "The contract is not available for trading",
        _ERROR,
        "The order was refused because its contract cannot be traded.",
        "erdewit/ib_insync#389",
    ),
    _order(434, "Order size refused", _WARNING, "The size of an order is not possible, for instance zero."),
    _order(
        460,
        "No trading permissions",
        _ERROR,
        "The order was refused because the account may not trade this product.",
        "QuantConnect/Lean.Brokerages.InteractiveBrokers pull request 245; the source code of stoqey/ib",
        "Ask for the permission in IBKR's Client Portal.",
    ),
    _order(2102, "Unable to modify order, still being processed", _INFO, "An order cannot be changed yet."),
    _order(
        2109,
        "Outside regular trading hours is ignored",
        _INFO,
        "An attribute of an order does not apply to it. Tables that call this a lost connection are wrong.",
    ),
    _order(2111, "Algo start or end time adjusted", _INFO, "The times of an algorithmic order were changed."),
    _order(
        2113,
        "Size of a bond order is a nominal value",
        _INFO,
        "The size of an order of bonds is taken as their nominal value.",
        "the source code of deephaven-ib",
    ),
    _order(
        2129,
        "Product is indicative only",
        _INFO,
        "IBKR does not vouch for the valuation of this product.",
        "the source code of deephaven-ib",
    ),
    _order(2130, "Price with factor", _INFO, "The product trades at a currency price with a factor."),
    _order(
        2137,
        "Cross side warning",
        _INFO,
        "The order would turn the position from long to short, or from short to long.",
    ),
    _order(
        2161,
        "Limit price is capped",
        _INFO,
        "IBKR sends the order with a less aggressive price than its limit, because the limit is far from the market.",
        "lines in public logs",
    ),
    _order(2168, "EtradeOnly is not supported", _INFO, "An old attribute of an order is ignored."),
    _order(2169, "firmQuoteOnly is not supported", _INFO, "An old attribute of an order is ignored."),
    _order(
        10018,
        "Orders use EV warning",
        _INFO,
        "The product trades at a currency price with a factor.",
        "IBKR's documentation; wboayue/rust-ibapi pull request 834",
    ),
    _order(
        10019,
        "Trades use EV warning",
        _INFO,
        "The product trades at a currency price with a factor.",
        "IBKR's documentation; wboayue/rust-ibapi pull request 834",
    ),
    _order(
        10147,
        "Order to be cancelled is not found",
        _WARNING,
        "The gateway knows no such order: it is gone already, or belongs to another client.",
        "erdewit/ib_insync#656, #690; QuantConnect/Lean.Brokerages.InteractiveBrokers pull request 248",
    ),
    _order(
        10148,
        "Order cannot be cancelled",
        _WARNING,
        "The order is already filled or cancelled; the text has its state.",
        "erdewit/ib_insync#656; QuantConnect/Lean.Brokerages.InteractiveBrokers pull request 248",
    ),
    _order(
        10149,
        "Invalid order id",
        _ERROR,
        "The order was refused because its id is not possible, for instance 0.",
        "stoqey/ib#203",
        "Ask for the next valid id after each connect, and count on from there.",
    ),
    _order(
        10268,
        "EtradeOnly order attribute is not supported",
        _ERROR,
        "The order was refused because its library sends an attribute that IBKR has withdrawn.",
        "vnpy/vnpy_ib#17",
        "Set eTradeOnly and firmQuoteOnly of the order to False, or update the library.",
    ),
    _order(
        10311,
        "Order is routed directly",
        _WARNING,
        "The order goes straight to one exchange, which may cost more.",
        "deephaven-examples/deephaven-ib pull request 106",
        "Route the order to SMART, or allow direct routing in the gateway's precautionary settings.",
    ),
    _order(
        10328,
        "Connection lost, order data could not be resolved",
        _WARNING,
        "The state of an order is not known after a lost connection.",
        cure="Check the order.",
    ),
    _order(
        10349,
        "Time in force was set by a preset",
        _INFO,
        "The order goes on with the time in force of the gateway's preset. Some libraries report it as cancelled.",
        "ib-api-reloaded/ib_async#217, #191",
        "Set the time in force of the order.",
    ),
)
"""Every known code of orders, sorted by number."""
