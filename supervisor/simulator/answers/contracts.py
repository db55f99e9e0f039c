"""Answers about instruments: details, option chains, symbols, rules, exchanges, and options calculated on request."""

from collections.abc import Iterable
from datetime import UTC, datetime

from supervisor.frozen import replace
from supervisor.simulator.answers.desk import NO_SECURITY, Desk, Handlers, Messages, Moment, find_one, silent
from supervisor.simulator.behaviour.faults import Fault
from supervisor.simulator.says import contracts as says
from supervisor.simulator.says import quotes, session
from supervisor.simulator.state import options
from supervisor.simulator.state.instruments import MARKET_RULES, Instrument
from supervisor.simulator.wire.ids import Answer, Ask
from supervisor.simulator.wire.message import Message
from supervisor.simulator.wire.requests import Request

CUSTOM_COMPUTATION = 53
BBO_EXCHANGE = "9c0001"
"""The name of the map of exchanges that every quote has."""


def _details(request: Request, _: Desk, now: Moment) -> Messages:
    number, meant = request.integer(1, 1), request.contract(2, 2)
    mode = now.behaviour.choice(Fault.NO_CONTRACTS, "mode")
    if mode == "silent" or Fault.UPSTREAM_LOST in now.behaviour:
        return []
    rows = now.world.find(meant)
    if mode == "error" or not rows:
        return [now.notice(number, *NO_SECURITY)]
    return [*(says.details(number, row, now.wall) for row in rows), session.end(Answer.CONTRACT_END, number)]


def _option_chain(request: Request, _: Desk, now: Moment) -> Messages:
    number, con_id = request.integer(0, 1), request.integer(4, 5)
    rows = [row for row in now.world.instruments.values() if row.sec_type == "OPT" and row.under_con_id == con_id]
    told: Messages = []
    if rows:
        expirations = sorted({row.expiry for row in rows})
        strikes = sorted({row.strike for row in rows})
        told = [says.option_chain(number, venue, rows[0], expirations, strikes) for venue in rows[0].venues.split(",")]
    return [*told, session.end(Answer.OPTION_CHAIN_END, number)]


def _matching(request: Request, _: Desk, now: Moment) -> Messages:
    number, pattern = request.integer(0, 1), request.string(1, 2).upper()
    rows = list(now.world.instruments.values())
    found = [
        (row, _derivatives(row, rows))
        for row in rows
        if row.sec_type in ("STK", "IND", "CASH", "CRYPTO", "CMDTY", "CFD")
        and pattern
        and (row.symbol.startswith(pattern) or pattern in row.long_name.upper())
    ]
    return [says.symbols(number, found[:16])]


def _derivatives(row: Instrument, rows: Iterable[Instrument]) -> list[str]:
    return sorted({other.sec_type for other in rows if other.under_con_id == row.con_id})


def _market_rule(request: Request, _: Desk, now: Moment) -> Messages:
    rule = request.integer(0, 1)
    if rule not in MARKET_RULES:
        return [now.notice(-1, 321, f"Error validating request.-'bL' : cause - Market rule {rule} is not known")]
    return [says.market_rule(rule)]


def _depth_exchanges(_: Request, __: Desk, now: Moment) -> Messages:
    rows = now.world.instruments.values()
    places = {(venue, row.sec_type) for row in rows if row.trades for venue in row.venues.split(",")}
    return [says.depth_exchanges(sorted(places - {("SMART", row.sec_type) for row in rows}))]


def _smart_components(request: Request, _: Desk, now: Moment) -> Messages:
    number, asked = request.integer(0, 1), request.string(1, 2)
    if asked != BBO_EXCHANGE:
        return [now.notice(number, 321, f"Error validating request.-'cb' : cause - {asked!r} is no map of exchanges")]
    return [says.smart_components(number, ("AMEX", "NYSE", "CBOE", "ARCA", "NASDAQ", "BATS", "IEX"))]


def _option(request: Request, now: Moment, number: int) -> tuple[Instrument, float] | Message:
    row = find_one(request, now, 2, number)
    if isinstance(row, Message):
        return row
    if row.sec_type != "OPT":
        return now.notice(number, 321, f"Error validating request.-'bO' : cause - {row.symbol} is no option")
    expires = datetime.strptime(row.expiry + "2100", "%Y%m%d%H%M").replace(tzinfo=UTC).timestamp()
    return row, expires - now.wall


def _option_price(request: Request, _: Desk, now: Moment) -> Messages:
    number, found = request.integer(1, 1), _option(request, now, request.integer(1, 1))
    if isinstance(found, Message):
        return [found]
    row, left = found
    volatility, under = request.decimal(14, 3) or 0.0, request.decimal(15, 4) or 0.0
    if volatility <= 0 or under <= 0:
        return [now.notice(number, 321, "Error validating request.-'bP' : cause - volatility and price are needed")]
    figures = options.greeks(row.right == "C", under, row.strike, left, volatility)
    return [quotes.option(number, CUSTOM_COMPUTATION, figures)]


def _implied_volatility(request: Request, _: Desk, now: Moment) -> Messages:
    number, found = request.integer(1, 1), _option(request, now, request.integer(1, 1))
    if isinstance(found, Message):
        return [found]
    row, left = found
    price, under = request.decimal(14, 3) or 0.0, request.decimal(15, 4) or 0.0
    call = row.right == "C"
    volatility = options.implied(call, under, row.strike, left, price) if under > 0 else None
    if volatility is None:
        return [now.notice(number, 321, "Error validating request.-'bO' : cause - no volatility gives this price")]
    figures = options.greeks(call, under, row.strike, left, volatility)
    return [quotes.option(number, CUSTOM_COMPUTATION, replace(figures, price=price))]


HANDLERS: Handlers = {
    Ask.CONTRACT: _details,
    Ask.CANCEL_CONTRACT: silent,
    Ask.OPTION_CHAIN: _option_chain,
    Ask.MATCHING_SYMBOLS: _matching,
    Ask.MARKET_RULE: _market_rule,
    Ask.DEPTH_EXCHANGES: _depth_exchanges,
    Ask.SMART_COMPONENTS: _smart_components,
    Ask.OPTION_PRICE: _option_price,
    Ask.CANCEL_OPTION_PRICE: silent,
    Ask.IMPLIED_VOLATILITY: _implied_volatility,
    Ask.CANCEL_IMPLIED_VOLATILITY: silent,
}
