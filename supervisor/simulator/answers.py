"""What a healthy gateway answers to each request. Pure: a request and the moment in, frames out.

Rules
- One `Answerer` a session; it remembers only what the protocol makes it remember (the last time answer, the market data
  type).
- Requests without an entry in the table are ignored, as are cancellations, which need no answer.
- REQ_CURRENT_TIME is dropped within 1 s of the last answer to it, and a dropped one does not restart that second
  (observed with IB Gateway 10.45 by the author of another simulated TWS; a single source).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from supervisor.simulator.behaviour import Behaviour, Fault
from supervisor.simulator.market import (
    ACCOUNT_VALUES,
    BARS,
    HISTORY_END,
    HISTORY_START,
    PRICE,
    SIZE,
    Instrument,
    find,
)
from supervisor.simulator.messages import Answer, Dialect
from supervisor.simulator.requests import Ask, Request
from supervisor.simulator.settings import Settings

TIME_ANSWER_APART = 1.0
"""Seconds after an answer to REQ_CURRENT_TIME in which further ones are dropped."""

NO_SECURITY = (200, "No security definition has been found for the request")
CLIENT_ID_IN_USE = (326, "Unable to connect as the client id is already in use. Retry with a unique client id.")
UNREADABLE = (320, "Server error when reading an API client request.")


_TICK_BID = {1: 1, 2: 1, 3: 66, 4: 66}


@dataclass(frozen=True, slots=True)
class Moment:
    """Everything about the gateway that an answer depends on; `wall` is Unix seconds, `mono` monotonic ones."""

    settings: Settings
    behaviour: Behaviour
    wall: float
    mono: float

    @property
    def millis(self) -> int:
        """The gateway's clock, milliseconds since 1970."""
        return int((self.wall + self.settings.clock_offset) * 1000)


Frames = list[bytes]


class Answerer:
    """Answers the requests of one session."""

    def __init__(self, dialect: Dialect) -> None:
        self._say = dialect
        self._time_answered: float | None = None
        self._market_data_type = 1
        self._table: Mapping[int, Callable[[Request, Moment], Frames]] = {
            Ask.CURRENT_TIME: self._current_time,
            Ask.CURRENT_TIME_MILLIS: lambda _, now: [self._say.current_time_millis(now.millis)],
            Ask.IDS: lambda _, now: [self._say.next_valid_id(now.settings.next_valid_id)],
            Ask.MANAGED_ACCOUNTS: lambda _, now: [self._say.managed_accounts(now.settings.accounts)],
            Ask.ACCOUNT_SUMMARY: self._account_summary,
            Ask.ACCOUNT_UPDATES: self._account_updates,
            Ask.ACCOUNT_MULTI: self._account_multi,
            Ask.POSITIONS: lambda *_: [self._say.end_of_all(Answer.POSITIONS_END)],
            Ask.POSITIONS_MULTI: lambda ask, _: [self._say.end(Answer.POSITIONS_MULTI_END, ask.integer(1, 1))],
            Ask.OPEN_ORDERS: lambda *_: [self._say.end_of_all(Answer.OPEN_ORDERS_END)],
            Ask.ALL_OPEN_ORDERS: lambda *_: [self._say.end_of_all(Answer.OPEN_ORDERS_END)],
            Ask.COMPLETED_ORDERS: lambda *_: [self._say.end_of_all(Answer.COMPLETED_ORDERS_END)],
            Ask.EXECUTIONS: self._executions,
            Ask.CONTRACT: self._contract,
            Ask.HISTORY: self._history,
            Ask.MARKET_DATA_TYPE: self._choose_market_data,
            Ask.MARKET_DATA: self._market_data,
        }

    def greeting(self, now: Moment) -> Frames:
        """What a client is told once it has sent START_API: the session is ready with the first two."""
        said = [self._say.managed_accounts(now.settings.accounts), self._say.next_valid_id(now.settings.next_valid_id)]
        return said + [self.notice(-1, code, text, now) for code, text in now.settings.greeting]

    def notice(self, request: int, code: int, text: str, now: Moment) -> bytes:
        """A message code, with the gateway's time."""
        return self._say.error(request, code, text, now.millis)

    def answer(self, request: Request, now: Moment) -> Frames:
        """The answer; empty for what is ignored. Raises `WireError` for a request that cannot be read."""
        handler = self._table.get(request.number)
        return [] if handler is None else handler(request, now)

    def _current_time(self, _: Request, now: Moment) -> Frames:
        recently = self._time_answered is not None and now.mono - self._time_answered < TIME_ANSWER_APART
        if recently or Fault.IGNORE_TIME in now.behaviour:
            return []
        self._time_answered = now.mono
        return [self._say.current_time(now.millis // 1000)]

    def _account_summary(self, request: Request, now: Moment) -> Frames:
        number, tags = request.integer(1, 1), request.string(3, 3).split(",")
        rows = [
            self._say.account_summary(number, account, tag, *ACCOUNT_VALUES[tag])
            for account in now.settings.accounts
            for tag in tags
            if tag in ACCOUNT_VALUES
        ]
        return [*rows, self._say.end(Answer.ACCOUNT_SUMMARY_END, number)]

    def _account_updates(self, request: Request, now: Moment) -> Frames:
        if not request.integer(1, 1):
            return []
        account = _known(request.string(2, 2), now.settings.accounts)
        values = [self._say.account_value(account, key, *value) for key, value in ACCOUNT_VALUES.items()]
        clock = self._say.account_time(now.settings.minutes_text(now.wall))
        return [*values, clock, self._say.account_end(account)]

    def _account_multi(self, request: Request, now: Moment) -> Frames:
        number, account = request.integer(1, 1), _known(request.string(2, 2), now.settings.accounts)
        values = [self._say.account_multi(number, account, key, *value) for key, value in ACCOUNT_VALUES.items()]
        return [*values, self._say.end(Answer.ACCOUNT_MULTI_END, number)]

    def _executions(self, request: Request, _: Moment) -> Frames:
        return [self._say.end(Answer.EXECUTIONS_END, request.integer(1, 1))]

    def _contract(self, request: Request, now: Moment) -> Frames:
        number, rows = request.integer(1, 1), _rows(request, 2, 2)
        mode = now.behaviour.choice(Fault.NO_CONTRACTS, "mode")
        if mode == "silent":
            return []
        if mode == "error" or not rows:
            return [self.notice(number, *NO_SECURITY, now)]
        return [*(self._say.contract(number, row) for row in rows), self._say.end(Answer.CONTRACT_END, number)]

    def _history(self, request: Request, now: Moment) -> Frames:
        number = request.integer(0, 1)
        if not _rows(request, 1, 2):
            return [self.notice(number, *NO_SECURITY, now)]
        return self._say.history(number, HISTORY_START, HISTORY_END, BARS)

    def _choose_market_data(self, request: Request, _: Moment) -> Frames:
        chosen = request.integer(1, 1)
        self._market_data_type = chosen if chosen in _TICK_BID else 1
        return []

    def _market_data(self, request: Request, now: Moment) -> Frames:
        number, kind = request.integer(1, 1), self._market_data_type
        if not _rows(request, 2, 2):
            return [self.notice(number, *NO_SECURITY, now)]
        return [self._say.market_data_type(number, kind), self._say.tick_price(number, _TICK_BID[kind], PRICE, SIZE)]


def _known(account: str, accounts: Sequence[str]) -> str:
    """The account asked for; an empty or unknown one means the first."""
    return account if account in accounts else accounts[0]


def _rows(request: Request, place: int, field: int) -> list[Instrument]:
    meant = request.contract(place, field)
    return find(meant.con_id, meant.symbol, meant.sec_type, meant.currency)
