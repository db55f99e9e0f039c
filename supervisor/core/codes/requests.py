"""The codes that answer one request of data.

Rules of this file: those of `entry`. They reach only the client that asked, and this daemon asks for little: most are
here because people look them up. Sorted by number.
"""

from typing import Final

from supervisor.core.codes.entry import Code, CodeKind, Scope, Severity
from supervisor.core.codes.notices import CompetingSession, ReadOnly
from supervisor.core.codes.parsers import Parser, always, if_text_has, plain

_DOCS = "IBKR's documentation"
_LOGS = "IBKR's documentation; lines in public logs"
_COUNTS = "Counts it; nothing else changes."
_OTHER_ADDRESS = "different ip address"
_COMPETING = "Sets ib_competing_session to 1 until 5 minutes pass without such a message, whatever its request id."
_COMPETING_IF = (
    "With 'different IP address' in the text, sets ib_competing_session to 1 until 5 minutes pass without such a "
    "message, whatever its request id. Otherwise counts it."
)
_LOG_OUT = "Log out the other session, or give each its own user."
_NO_STREAM = "Counts it; the daemon holds no such stream."
_SUBSCRIBE = "Subscribe to the data in IBKR's Client Portal, or ask for delayed data."


def _code(
    number: int,
    title: str,
    severity: Severity,
    scope: Scope,
    meaning: str,
    source: str,
    cure: str,
    *,
    action: str = _COUNTS,
    reads: Parser = plain,
) -> Code:
    return Code(number, title, CodeKind.ANSWER, severity, scope, meaning, action, source, cure, reads)


def _request(number: int, title: str, severity: Severity, meaning: str, source: str = _DOCS, cure: str = "") -> Code:
    """About one request, and nothing for the daemon to do."""
    return _code(number, title, severity, Scope.REQUEST, meaning, source, cure)


def _permission(number: int, title: str, meaning: str, source: str = _DOCS, cure: str = _SUBSCRIBE) -> Code:
    """About data that the account has not paid for, or may not see."""
    return _code(number, title, Severity.WARNING, Scope.ACCOUNT, meaning, source, cure)


REQUESTS: Final[tuple[Code, ...]] = (
    _request(
        101,
        "Max number of tickers has been reached",
        Severity.WARNING,
        "All market data lines are in use.",
        cure="Cancel market data that is no longer needed.",
    ),
    _request(102, "Duplicate ticker id", Severity.WARNING, "The id belongs to a running request."),
    _code(
        162,
        "Historical market data service error",
        Severity.WARNING,
        Scope.REQUEST,
        "A request of history failed; the reason follows in the text. 'Different IP address': the same user is logged "
        "in elsewhere. 'TWS exited': the gateway is restarting. 'No data' and 'cancelled' are harmless.",
        _LOGS,
        "Read the reason in the text; for 'different IP address', log out the other session.",
        action=_COMPETING_IF,
        reads=if_text_has(_OTHER_ADDRESS, CompetingSession(162)),
    ),
    _code(
        165,
        "Historical market data service query message",
        Severity.WARNING,
        Scope.REQUEST,
        "The historical service lost or found its connection while it worked on a request.",
        _LOGS,
        "",
        action="Counts it; the farm notices (2105, 2106) decide the farm's state.",
    ),
    _code(
        200,
        "No security definition has been found",
        Severity.WARNING,
        Scope.REQUEST,
        "The contract does not exist. While upstream (1100) or the sec-def farm (2157) is down, and for some seconds "
        "after, it may exist all the same.",
        _LOGS,
        "Correct the contract; after an outage, ask once more.",
        action="Counts it. As the answer to the daemon's own probe it is no answer: upstream stays as it was.",
    ),
    _request(300, "Can't find the ticker id", Severity.INFO, "The request is not running. Harmless after a reconnect."),
    _request(309, "Max number of market depth requests", Severity.WARNING, "All market depth lines are in use."),
    _request(
        316, "Market depth halted", Severity.WARNING, "This market depth has ended.", cure="Ask for market depth again."
    ),
    _request(
        317,
        "Market depth reset",
        Severity.WARNING,
        "The book so far is void; it is sent again.",
        cure="Empty the book.",
    ),
    _code(
        321,
        "Server error when validating a request",
        Severity.WARNING,
        Scope.REQUEST,
        "The request was refused as invalid. With 'Read-Only' in the text: the API is in read-only mode, so no "
        "program can place orders through this gateway.",
        _LOGS,
        "Correct the request; to place orders, clear 'Read-Only API' in the gateway's settings.",
        action="Counts it. Read-only mode is enough for this daemon.",
        reads=if_text_has("read-only", ReadOnly()),
    ),
    _request(
        322, "Server error when processing a request", Severity.ERROR, "Refused, for instance for an id in use.", _LOGS
    ),
    _request(323, "Server error", Severity.ERROR, "The cause follows in the text."),
    _permission(
        354,
        "Requested market data is not subscribed",
        "The account has no subscription for this data. Also seen when another login has taken it.",
        _LOGS,
    ),
    _request(365, "No scanner or historical request found", Severity.INFO, "Harmless after a reconnect."),
    _request(366, "No historical data query found", Severity.INFO, "Harmless after a reconnect."),
    _code(
        420,
        "Invalid real-time query",
        Severity.WARNING,
        Scope.REQUEST,
        "A request of real-time bars failed; the reason follows in the text. 'Different IP address': the same user is "
        "logged in elsewhere.",
        _DOCS,
        "Read the reason in the text; for 'different IP address', log out the other session.",
        action=_COMPETING_IF,
        reads=if_text_has(_OTHER_ADDRESS, CompetingSession(420)),
    ),
    _permission(
        430,
        "Fundamental data is not available",
        "The account may not see it, or the contract has none.",
        "erdewit/ib_insync#369; quantbelt/ib_fundamental#10",
        "",
    ),
    _request(
        478,
        "Parameters conflict with the contract id",
        Severity.WARNING,
        "A field of the contract, often its expiry, does not agree with its contract id.",
        "erdewit/ib_insync#693, #641",
        "Send the contract id without the other fields, or look up the contract again.",
    ),
    _permission(
        492,
        "More permissions are needed for exact scanner results",
        "The scan goes on without the data that the account has not subscribed.",
        "erdewit/ib_insync pull request 196",
    ),
    _request(
        2152,
        "Market depth exchanges",
        Severity.INFO,
        "Tells which exchanges a request of market depth covers.",
        "IBKR's documentation; no line in a public log was found",
    ),
    _request(
        2174,
        "Time zone missing",
        Severity.INFO,
        "A date of a request has no time zone. The request goes on; newer versions may refuse it (10314).",
        "pst-group/pysystemtrade#1028",
        "Write the date in UTC as yyyymmdd-hh:mm:ss, or name its time zone.",
    ),
    _request(
        2176,
        "Fractional share size rules",
        Severity.INFO,
        "Sizes were rounded for an old API version. The request goes on.",
        "lines in public logs",
        "Use a newer ibapi.",
    ),
    _request(
        2187,
        "Generic ticks are not available with delayed data",
        Severity.INFO,
        "The account gets delayed data in place of live data, and without some ticks.",
        "wboayue/rust-ibapi#805",
    ),
    _request(
        2188,
        "Up-to-the-second history needs a subscription",
        Severity.INFO,
        "The history follows, but it may lack the newest data.",
        "wboayue/rust-ibapi#764",
    ),
    _permission(10089, "More market data subscriptions are needed", "The account lacks a subscription for the API."),
    _permission(10090, "Part of the market data is not subscribed", "The rest of the ticks still comes."),
    _permission(
        10091, "Part of the market data needs a subscription for the API", "The rest of the ticks still comes."
    ),
    _permission(10167, "Displaying delayed market data", "Not subscribed, so prices are late."),
    _permission(10168, "Not subscribed, and delayed data is not enabled", "No prices for this request."),
    _request(
        10172,
        "Failed to request a news article",
        Severity.WARNING,
        "The article is not available.",
        "the source code of deephaven-ib",
    ),
    _code(
        10182,
        "Failed to request live updates (disconnected)",
        Severity.ERROR,
        Scope.REQUEST,
        "A stream of live bars is dead for good, even if its farm is back in 3 s.",
        "lines in public logs; nautechsystems/nautilus_trader#4412; not in IBKR's table",
        "Ask for the bars again.",
        action=_NO_STREAM,
    ),
    _permission(10186, "Not subscribed, and delayed data is not enabled", "No prices for this request."),
    _permission(10187, "Failed to request historical ticks", "No permission, or no such data."),
    _code(
        10189,
        "Failed to request tick-by-tick data",
        Severity.WARNING,
        Scope.REQUEST,
        "No permission, or, with 'different IP address' in the text, the same user is logged in elsewhere.",
        _DOCS,
        "Read the reason in the text; for 'different IP address', log out the other session.",
        action=_COMPETING_IF,
        reads=if_text_has(_OTHER_ADDRESS, CompetingSession(10189)),
    ),
    _request(10190, "Max number of tick-by-tick requests", Severity.WARNING, "All tick-by-tick lines are in use."),
    _code(
        10197,
        "No market data during competing live session",
        Severity.ERROR,
        Scope.ACCOUNT,
        "The same user is logged in elsewhere (phone, Client Portal, a second TWS, or live against paper), and market "
        "data goes there. Asking again helps only after that session has ended. Also seen for a moment after 1102 "
        "alone.",
        _LOGS,
        _LOG_OUT,
        action=_COMPETING,
        reads=always(CompetingSession(10197)),
    ),
    _code(
        10225,
        "Bust event, subscription is deactivated",
        Severity.ERROR,
        Scope.REQUEST,
        "A stream of real-time bars is dead.",
        "the source code of ib_async and backtrader",
        "Ask for the bars again.",
        action=_NO_STREAM,
    ),
    _permission(
        10276,
        "News feed is not allowed",
        "The account has no subscription for this news, or not for the API.",
        "erdewit/ib_insync#617; the source code of stoqey/ib",
        "Subscribe to the news for the API in IBKR's Client Portal.",
    ),
    _request(
        10285,
        "API version does not support fractional share sizes",
        Severity.WARNING,
        "Sizes are cut because the API library is old (below 163). The connection is fine.",
        "ib-tws-api#28; stoqey/ib#144",
        "Use a newer ibapi.",
    ),
    _request(
        10299,
        "Wrong choice of what to show",
        Severity.WARNING,
        "The request was refused: crypto has AGGTRADES, not TRADES.",
        "wboayue/rust-ibapi pull request 693",
        "Ask for what the text names.",
    ),
    _request(
        10314,
        "The date, time or time zone is invalid",
        Severity.WARNING,
        "The request was refused because its date is not in one of the two formats that the text names.",
        "ultra1971/backtrader_ib_insync#6; atreyuxtrading/atreyu-backtrader-api#14",
        "Write the date in UTC as yyyymmdd-hh:mm:ss, or name its time zone.",
    ),
    _request(
        10339,
        "End date is not allowed for a continuous future",
        Severity.WARNING,
        "The request was refused: the history of a continuous future always ends now.",
        "nautechsystems/nautilus_trader#2570, #2616",
        "Leave the end date empty.",
    ),
    _request(
        10346, "Data note", Severity.INFO, "A note on the format or the data of an answer.", "seen widely, not verified"
    ),
)
"""Every known code of requests, sorted by number."""
