"""Every request that exists, and what becomes of it: answered, or refused with a text that says so.

Rules
- The documentation's table is made from this one (docs/simulated-gateway.md); nothing is swallowed.
- A refusal has the code that a real gateway uses for that kind of request, and the words "the simulated gateway does
  not do". It carries the request's id where the request has one, else -1.
- The number of a request that exists in no client's list is refused with code 320.
"""

from collections.abc import Mapping
from types import MappingProxyType

from supervisor.frozen import dataclass
from supervisor.simulator.answers import accounts, contracts, general, history, orders, quotes
from supervisor.simulator.answers.desk import NOT_DONE, Desk, Handler, Messages, Moment
from supervisor.simulator.wire.ids import Ask
from supervisor.simulator.wire.requests import Request

UNREADABLE = (320, "Server error when reading an API client request.")


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why and how a request is refused; `place` is where its text has its id, None if it has none."""

    code: int
    text: str
    place: int | None = 1


_VALIDATING = "Error validating request.-'bX' : cause - "
REFUSED: Mapping[int, Refusal] = MappingProxyType(
    {
        Ask.FA: Refusal(321, _VALIDATING + "FA data operations ignored for non FA customers.", None),
        Ask.REPLACE_FA: Refusal(321, _VALIDATING + "FA data operations ignored for non FA customers.", None),
        Ask.EXERCISE_OPTIONS: Refusal(322, "Error processing request.-'bX' : cause - exercise of options"),
        Ask.SCANNER: Refusal(162, "Historical Market Data Service error message:API scanner subscription", 0),
        Ask.CANCEL_SCANNER: Refusal(365, "No scanner subscription found for ticker id"),
        Ask.SCANNER_PARAMETERS: Refusal(321, _VALIDATING + "scanner parameters", None),
        Ask.FUNDAMENTALS: Refusal(430, "The fundamentals data for the security specified is not available."),
        Ask.CANCEL_FUNDAMENTALS: Refusal(300, "Can't find EId with tickerId"),
        Ask.VERIFY: Refusal(321, _VALIDATING + "verification of a client", None),
        Ask.VERIFY_MESSAGE: Refusal(321, _VALIDATING + "verification of a client", None),
        Ask.VERIFY_AND_AUTH: Refusal(321, _VALIDATING + "verification of a client", None),
        Ask.VERIFY_AND_AUTH_MESSAGE: Refusal(321, _VALIDATING + "verification of a client", None),
        Ask.DISPLAY_GROUPS: Refusal(321, _VALIDATING + "display groups"),
        Ask.SUBSCRIBE_GROUP: Refusal(321, _VALIDATING + "display groups"),
        Ask.UPDATE_GROUP: Refusal(321, _VALIDATING + "display groups"),
        Ask.UNSUBSCRIBE_GROUP: Refusal(321, _VALIDATING + "display groups"),
        Ask.NEWS_ARTICLE: Refusal(10172, "Failed to request news article:No news articles", 0),
        Ask.HISTORICAL_NEWS: Refusal(321, _VALIDATING + "historical news", 0),
        Ask.WSH_META_DATA: Refusal(10276, "News feed is not allowed.", 0),
        Ask.CANCEL_WSH_META_DATA: Refusal(300, "Can't find EId with tickerId", 0),
        Ask.WSH_EVENTS: Refusal(10276, "News feed is not allowed.", 0),
        Ask.CANCEL_WSH_EVENTS: Refusal(300, "Can't find EId with tickerId", 0),
        Ask.CONFIG: Refusal(321, _VALIDATING + "the gateway's settings", 0),
        Ask.UPDATE_CONFIG: Refusal(321, _VALIDATING + "the gateway's settings", 0),
    }
)
"""What the simulated gateway does not do."""

ANSWERED: Mapping[int, Handler] = MappingProxyType(
    {
        **general.HANDLERS,
        **accounts.HANDLERS,
        **orders.HANDLERS,
        **contracts.HANDLERS,
        **quotes.HANDLERS,
        **history.HANDLERS,
    }
)
"""What it does."""


def answer(request: Request, desk: Desk, now: Moment) -> Messages:
    """The answer to a request, which may be a refusal; raises `WireError` for one that cannot be read."""
    handler = ANSWERED.get(request.number)
    if handler is not None:
        return handler(request, desk, now)
    refusal = REFUSED.get(request.number)
    if refusal is None:
        return [now.notice(-1, UNREADABLE[0], f"{UNREADABLE[1]} {NOT_DONE} request {request.number}")]
    number = -1 if refusal.place is None else request.integer(refusal.place, 1)
    return [now.notice(number, refusal.code, f"{refusal.text} ({NOT_DONE} this)")]


def refused(number: int) -> str | None:
    """The name of a request if it is refused, for the line that says so."""
    if number in ANSWERED or number == Ask.START_API:
        return None
    return Ask(number).name.lower().replace("_", " ") if number in REFUSED else f"request {number}"
