"""Answers about the session itself: the clock, ids, accounts, market data type.

REQ_CURRENT_TIME is dropped within 1 s of the last answer to it, and a dropped one does not restart that second
(observed with IB Gateway 10.45 by the author of another simulated TWS; a single source). Whether that is so for each
connection or for the whole gateway is not known; both can be played (`time_throttle`).
"""

from supervisor.simulator.answers.desk import Desk, Handlers, Messages, Moment, silent
from supervisor.simulator.behaviour.faults import Fault
from supervisor.simulator.says import contracts, session
from supervisor.simulator.wire.ids import Answer, Ask
from supervisor.simulator.wire.requests import Request

TIME_ANSWER_APART = 1.0
"""Seconds after an answer to REQ_CURRENT_TIME in which further ones are dropped."""
LIVE, FROZEN, DELAYED, DELAYED_FROZEN = 1, 2, 3, 4


def next_id(client_id: int, now: Moment) -> int:
    """The lowest order id that a client may use: over those it has used, unless ids were set back."""
    return max(now.settings.next_valid_id, now.world.exchange.highest_id(client_id) + 1)


def _current_time(_: Request, desk: Desk, now: Moment) -> Messages:
    last = now.world.time_answered if now.settings.time_throttle == "gateway" else desk.time_answered
    recently = last is not None and now.mono - last < TIME_ANSWER_APART
    if recently or Fault.IGNORE_TIME in now.behaviour:
        return []
    desk.time_answered = now.world.time_answered = now.mono
    return [session.current_time(now.millis // 1000)]


def _choose_type(request: Request, desk: Desk, _: Moment) -> Messages:
    chosen = request.integer(1, 1)
    desk.market_data_type = chosen if chosen in (LIVE, FROZEN, DELAYED, DELAYED_FROZEN) else LIVE
    return []


HANDLERS: Handlers = {
    Ask.CURRENT_TIME: _current_time,
    Ask.CURRENT_TIME_MILLIS: lambda _, __, now: [session.current_time_millis(now.millis)],
    Ask.IDS: lambda _, desk, now: [session.next_valid_id(next_id(desk.client_id, now))],
    Ask.MANAGED_ACCOUNTS: lambda _, __, now: [session.managed_accounts(now.settings.accounts)],
    Ask.MARKET_DATA_TYPE: _choose_type,
    Ask.LOG_LEVEL: silent,
    Ask.FAMILY_CODES: lambda _, __, now: [contracts.family_codes(now.settings.accounts)],
    Ask.USER_INFO: lambda request, _, __: [contracts.user_info(request.integer(0, 1))],
    Ask.NEWS_PROVIDERS: lambda _, __, ___: [contracts.nothing(Answer.NEWS_PROVIDERS)],
    Ask.NEWS_BULLETINS: silent,
    Ask.CANCEL_NEWS_BULLETINS: silent,
    Ask.SOFT_DOLLAR_TIERS: lambda request, _, __: [contracts.nothing(Answer.SOFT_DOLLAR_TIERS, request.integer(0, 1))],
}
