"""The codes that answer one request or order, and those about too many of them.

Rules of this file: those of `catalogue`. They reach only the client that asked, and this daemon asks for little: most
are here because people look them up. Sorted by number.
"""

from typing import Final

from supervisor.core.codes.entry import Code, Kind, Scope, Severity

_COUNTED = "Counted; changes nothing."
_DOCS = "IBKR's documentation"
_LOGS = "IBKR's documentation; lines in public logs"
_COMPETING = "Believed whatever its request id: ib_competing_session is 1, until 5 minutes pass without one."
_COMPETING_IF = (
    "With 'different IP address' believed whatever its request id: ib_competing_session is 1, until 5 minutes pass "
    "without one. Else counted."
)


def _request(number: int, title: str, severity: Severity, meaning: str, source: str = _DOCS) -> Code:
    """About one request, and nothing to do for it."""
    return Code(number, title, Kind.ANSWER, severity, Scope.REQUEST, meaning, _COUNTED, source)


def _permission(number: int, title: str, meaning: str, source: str = _DOCS) -> Code:
    """About data that the account has not paid for, or not been given."""
    return Code(number, title, Kind.ANSWER, Severity.WARNING, Scope.ACCOUNT, meaning, _COUNTED, source)


def _order(number: int, title: str, severity: Severity, meaning: str, source: str = _DOCS) -> Code:
    """About one order; this daemon places none."""
    action = "Counted; an order matter, it says nothing of the connection."
    return Code(number, title, Kind.ANSWER, severity, Scope.ORDER, meaning, action, source)


REQUESTS: Final[tuple[Code, ...]] = (
    Code(
        0,
        "Approaching the maximum rate of messages",
        Kind.NOTICE,
        Severity.WARNING,
        Scope.SESSION,
        "Some 44 messages in a second were sent on this connection; 50 are allowed with 100 market data lines.",
        "Counted and logged. The daemon itself sends less than one a second.",
        "erdewit/ib_insync#443",
    ),
    Code(
        100,
        "Max rate of messages per second has been exceeded",
        Kind.NOTICE,
        Severity.ERROR,
        Scope.SESSION,
        "Too many messages were sent; the gateway will likely close the connection without another word.",
        "Counted and logged; a lost session is made anew.",
        "IBKR's documentation; erdewit/ib_insync pull request 201",
    ),
    _request(101, "Max number of tickers has been reached", Severity.WARNING, "All market data lines are in use."),
    _request(102, "Duplicate ticker id", Severity.WARNING, "The id belongs to a running request."),
    _order(
        105,
        "Order does not match the original",
        Severity.WARNING,
        "A change of an order touched what cannot be changed. The order lives on as it was.",
    ),
    _order(110, "Price does not conform to the minimum variation", Severity.WARNING, "The price is off the tick grid."),
    Code(
        162,
        "Historical market data service error",
        Kind.ANSWER,
        Severity.WARNING,
        Scope.REQUEST,
        "A request of history failed; the reason follows in the text. 'Different IP address': the same user is logged "
        "in elsewhere. 'TWS exited': the gateway is restarting. 'No data' and 'cancelled' are harmless.",
        _COMPETING_IF,
        _LOGS,
    ),
    Code(
        165,
        "Historical market data service query message",
        Kind.ANSWER,
        Severity.WARNING,
        Scope.REQUEST,
        "The historical service lost or found its connection while it worked on a request.",
        "Counted; the farm notices (2105, 2106) decide the farm's state.",
        _LOGS,
    ),
    Code(
        200,
        "No security definition has been found",
        Kind.ANSWER,
        Severity.WARNING,
        Scope.REQUEST,
        "The contract does not exist. Not to be believed while upstream (1100) or the sec-def farm (2157) is away, "
        "and for some seconds after.",
        "Counted. As the answer to the daemon's own probe it is no answer: upstream stays as it was.",
        _LOGS,
    ),
    _order(201, "Order rejected", Severity.ERROR, "The order was refused; the reason follows in the text."),
    _order(202, "Order cancelled", Severity.INFO, "The order is gone; the reason follows in the text."),
    _request(300, "Can't find the ticker id", Severity.INFO, "The request is not running. Harmless after a reconnect."),
    _request(309, "Max number of market depth requests", Severity.WARNING, "All market depth lines are in use."),
    _request(316, "Market depth halted", Severity.WARNING, "This market depth has ended: subscribe again."),
    _request(317, "Market depth reset", Severity.WARNING, "Empty the book; it is sent anew."),
    Code(
        320,
        "Server error when reading a request",
        Kind.ANSWER,
        Severity.ERROR,
        Scope.SESSION,
        "The gateway could not make sense of what it was sent: the library and the gateway do not fit, or the stream "
        "is out of step.",
        "Counted; the session goes on as long as heartbeats are answered.",
        _LOGS,
    ),
    Code(
        321,
        "Server error when validating a request",
        Kind.ANSWER,
        Severity.WARNING,
        Scope.REQUEST,
        "The request was refused as invalid. With 'Read-Only' in the text: the API is in read-only mode, so no "
        "program can place orders through this gateway.",
        "Counted. This daemon needs no write access: read-only mode is enough for it.",
        _LOGS,
    ),
    _request(
        322, "Server error when processing a request", Severity.ERROR, "Refused, for instance for an id in use.", _LOGS
    ),
    _request(323, "Server error", Severity.ERROR, "The cause follows in the text."),
    _order(324, "Server error when executing a DDE command", Severity.WARNING, "About the Excel link, not the API."),
    _order(325, "DDE or order code", Severity.WARNING, "About the Excel link or an order; the text says what."),
    _order(
        327,
        "Only client id 0 can bind manual orders",
        Severity.WARNING,
        "A client other than 0 asked for the orders made by hand.",
    ),
    _order(328, "Trailing stop order refused", Severity.WARNING, "About an order; the text says what."),
    _order(
        329, "Order change failed", Severity.WARNING, "The order cannot become one of that type. It lives on as it was."
    ),
    _permission(
        354,
        "Requested market data is not subscribed",
        "The account has no subscription for this data. Also seen when another login has taken it.",
        _LOGS,
    ),
    Code(
        357,
        "Your client version is out of date",
        Kind.NOTICE,
        Severity.CRITICAL,
        Scope.SESSION,
        "The gateway refuses this version of the API library: install a newer one.",
        "Counted; the session that follows, or fails to, decides.",
        _DOCS,
    ),
    _request(365, "No scanner or historical request found", Severity.INFO, "Harmless after a reconnect."),
    _request(366, "No historical data query found", Severity.INFO, "Harmless after a reconnect."),
    _order(
        399, "Order message", Severity.WARNING, "A warning about an order, for instance that its exchange is closed."
    ),
    _order(404, "Order held, shares are being located", Severity.WARNING, "A short sale waits for shares to borrow."),
    Code(
        420,
        "Invalid real-time query",
        Kind.ANSWER,
        Severity.WARNING,
        Scope.REQUEST,
        "A request of real-time bars failed; the reason follows in the text. 'Different IP address': the same user is "
        "logged in elsewhere.",
        _COMPETING_IF,
        _DOCS,
    ),
    _order(434, "Order size refused", Severity.WARNING, "The size of an order is not possible, for instance zero."),
    Code(
        438,
        "The application is now locked",
        Kind.NOTICE,
        Severity.WARNING,
        Scope.APPLICATION,
        "TWS has locked itself, which ends API work. Choose 'Never lock' in its settings. An old code, no longer in "
        "use.",
        "Counted; the session that may end decides.",
        _DOCS,
    ),
    _permission(
        492,
        "More permissions are needed for exact scanner results",
        "The scan goes on without the data that the account has not subscribed.",
        "erdewit/ib_insync pull request 196",
    ),
    _permission(10089, "More market data subscriptions are needed", "The account lacks a subscription for the API."),
    _permission(10090, "Part of the market data is not subscribed", "The rest of the ticks still comes."),
    _permission(
        10091, "Part of the market data needs a subscription for the API", "The rest of the ticks still comes."
    ),
    _permission(10167, "Displaying delayed market data", "Not subscribed, so prices are late."),
    _permission(10168, "Not subscribed, and delayed data is not enabled", "No prices for this request."),
    Code(
        10182,
        "Failed to request live updates (disconnected)",
        Kind.ANSWER,
        Severity.ERROR,
        Scope.REQUEST,
        "A stream of live bars is dead for good, even if its farm is back in 3 s: the program must ask for it again.",
        "Counted; the daemon holds no such stream.",
        "lines in public logs; nautechsystems/nautilus_trader#4412; not in IBKR's table",
    ),
    _permission(10186, "Not subscribed, and delayed data is not enabled", "No prices for this request."),
    _permission(10187, "Failed to request historical ticks", "No permission, or no such data."),
    Code(
        10189,
        "Failed to request tick-by-tick data",
        Kind.ANSWER,
        Severity.WARNING,
        Scope.REQUEST,
        "No permission, or, with 'different IP address' in the text, the same user is logged in elsewhere.",
        _COMPETING_IF,
        _DOCS,
    ),
    _request(10190, "Max number of tick-by-tick requests", Severity.WARNING, "All tick-by-tick lines are in use."),
    Code(
        10197,
        "No market data during competing live session",
        Kind.ANSWER,
        Severity.ERROR,
        Scope.ACCOUNT,
        "The same user is logged in elsewhere (phone, Client Portal, a second TWS, or live against paper), and market "
        "data goes there. Asking again helps only after that session has ended. Also seen for a moment after 1102 "
        "alone.",
        _COMPETING,
        _LOGS,
    ),
    Code(
        10225,
        "Bust event, subscription is deactivated",
        Kind.ANSWER,
        Severity.ERROR,
        Scope.REQUEST,
        "A stream of real-time bars is dead: the program must ask for it again.",
        "Counted; the daemon holds no such stream.",
        "the source code of ib_async and backtrader",
    ),
    _request(
        10285,
        "API version does not support fractional share sizes",
        Severity.WARNING,
        "Sizes are cut because the API library is old (below 163). The connection is fine.",
        "ib-tws-api#28; stoqey/ib#144",
    ),
    _request(
        10314, "Date format", Severity.INFO, "A date of a request was not as wanted.", "seen widely, not verified"
    ),
    Code(
        10328,
        "Connection lost, order data could not be resolved",
        Kind.ANSWER,
        Severity.WARNING,
        Scope.ORDER,
        "The state of an order is not known after a lost connection: check it.",
        "Counted; it changes no layer.",
        _DOCS,
    ),
    _request(
        10346, "Data note", Severity.INFO, "A note on the format or the data of an answer.", "seen widely, not verified"
    ),
)
"""Every known code of requests, sorted by number."""
