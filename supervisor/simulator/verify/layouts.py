"""Checks of one kind: a request that changes nothing, and the layout of its answer.

Rules
- A layout is a function of the fields after the message id: whether they are as many as they say themselves.
- A request that the gateway refuses could not be tried: a permission is no layout.
- An answer that does not come is not as assumed.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from supervisor.simulator.verify.caller import Caller, Fields
from supervisor.simulator.verify.place import EURUSD, Check, Finding, Place, Verdict, said

_AAPL = 265598
_ID = "84"
"""The id of the request."""

Layout = Callable[[Fields, int], bool]
"""Of fields and server version."""


def fixed(count: int) -> Layout:
    """So many fields."""
    return lambda fields, _: len(fields) == count


def rows(place: int, width: int, after: int = 0) -> Layout:
    """A number in `place`, after it as many rows of `width` fields, and then `after` more."""
    return lambda fields, _: len(fields) == place + 1 + int(fields[place]) * width + after


def _symbols(fields: Fields, version: int) -> bool:
    """Each row has five fields, the kinds of derivatives with their number, and from version 176 on two words."""
    at = 2
    for _ in range(int(fields[1])):
        at += 5
        at += 1 + int(fields[at]) + (2 if version >= 176 else 0)
    return at == len(fields)


def _chain(fields: Fields, _: int) -> bool:
    """Expirations and strikes, each with their number, after request, exchange, underlying, class and multiplier."""
    strikes = 6 + int(fields[5])
    return len(fields) == strikes + 1 + int(fields[strikes])


def _seen(place: Place, request: Sequence[str | int], answer: str, end: str, fits: Layout) -> Finding:
    with place.ready(place.client_id) as caller:
        caller.ask(*request)
        told = caller.until(lambda each: each[0] == end or _refuses(each, caller))
        if told and _refuses(told[-1], caller):
            return Finding(Verdict.UNTRIED, " ".join(told[-1][1:5]))
        if not told or told[-1][0] != end:
            return said(False, "no answer" if end == answer else "no end")
        found = [each[1:] for each in told if each[0] == answer]
        wrong = [each for each in found if not fits(each, caller.version)]
        if not found:
            return Finding(Verdict.UNTRIED, "an empty list")
        shown = f"message {answer}, {len(found)} of it, {len((wrong or found)[0])} fields"
        return said(not wrong, shown)


def _refuses(told: Fields, caller: Caller) -> bool:
    return told[0] == "4" and told[1 if caller.version >= 194 else 2] == _ID


def _check(
    name: str, assumed: str, request: Callable[[], Sequence[str | int]], answer: str, fits: Layout, end: str = ""
) -> Check:
    def check(place: Place) -> Finding:
        return _seen(place, request(), answer, end or answer, fits)

    check.__name__, check.__doc__ = name, assumed
    return check


def _now() -> str:
    return f"{datetime.now(UTC):%Y%m%d-%H:%M:%S}"


LAYOUTS: tuple[Check, ...] = (
    _check(
        "position_layout", "A position has fifteen fields after its message id, and the list an end.",
        lambda: (61, 1), "61", fixed(15), "62",
    ),
    _check(
        "account_layout", "A value of the account updates has five fields after its message id, and the list an end.",
        lambda: (6, 2, 1, ""), "6", fixed(5), "54",
    ),
    _check(
        "symbols_layout", "A matching symbol has five fields, its derivatives, and from version 176 on two words.",
        lambda: (81, _ID, "AAPL"), "79", _symbols,
    ),
    _check(
        "rule_layout", "A market rule is pairs of a price and an increment.",
        lambda: (91, 26), "93", rows(1, 2),
    ),
    _check(
        "chain_layout", "An option chain is one message an exchange, with expirations and strikes, and has an end.",
        lambda: (78, _ID, "AAPL", "", "STK", _AAPL), "75", _chain, "76",
    ),
    _check(
        "family_layout", "Family codes are pairs of an account and a code.",
        lambda: (80,), "78", rows(0, 2),
    ),
    _check(
        "venues_layout", "An exchange with market depth has five fields.",
        lambda: (82,), "80", rows(0, 5),
    ),
    _check(
        "user_layout", "The user's info is one word.",
        lambda: (104, _ID), "107", fixed(2),
    ),
    _check(
        "first_moment_layout", "The first moment of a history is one word.",
        lambda: (87, _ID, *EURUSD, 0, 0, "MIDPOINT", 1), "88", fixed(2),
    ),
    _check(
        "schedule_layout", "A schedule has a span, a time zone, and three fields a session.",
        lambda: (20, _ID, *EURUSD, 0, "", "1 day", "1 W", 1, "SCHEDULE", 1, 0, ""), "106", rows(4, 3),
    ),
    _check(
        "ticks_layout", "Historical ticks of the middle price have four fields each, and one after all of them.",
        lambda: (96, _ID, *EURUSD, 0, "", _now(), 10, "MIDPOINT", 0, 0, ""), "96", rows(1, 4, 1),
    ),
)  # fmt: skip
"""All of them, in the order in which they are made."""
