"""Answers about orders: placing, cancelling, and what is asked of them afterwards.

Rules
- A client hears of its own orders; the master client hears of everybody's, and client 0 too when it asks for all.
- Executions are those since the gateway's midnight, as a gateway keeps no older ones.
"""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from supervisor.simulator.answers.desk import NO_SECURITY, NOT_DONE, Desk, Handlers, Messages, Moment
from supervisor.simulator.answers.forms import read_order
from supervisor.simulator.behaviour.faults import Fault
from supervisor.simulator.says import orders as says
from supervisor.simulator.says import session
from supervisor.simulator.state.instruments import Instrument
from supervisor.simulator.state.orders import Execution, Key, Report
from supervisor.simulator.wire.ids import Answer, Ask
from supervisor.simulator.wire.requests import Request

READ_ONLY = "Error validating request.-'bN' : cause - The API interface is currently in Read-Only mode."


def clock_text(instant: float, row: Instrument, now: Moment) -> str:
    """A time as a gateway writes it, in the instrument's zone: `20261127 09:30:00 US/Eastern`."""
    zone = row.hours.timezone
    return f"{datetime.fromtimestamp(instant + now.settings.clock_offset, ZoneInfo(zone)):%Y%m%d %H:%M:%S} {zone}"


def open_orders(reports: list[Report]) -> Messages:
    """Orders with their status."""
    return [message for report in reports for message in (says.open_order(report), says.status(report))]


def working(now: Moment) -> list[Report]:
    """Every order that the gateway knows and that is not done."""
    return [report for report in now.world.reports.values() if not report.done]


def executions(request: int, fills: list[Execution], now: Moment) -> Messages:
    """Fills, each with what it cost."""
    told: Messages = []
    for fill in fills:
        told.append(says.execution(request, fill, clock_text(fill.at, fill.instrument, now)))
        told.append(says.commission(fill, now.world.gains[fill.exec_id]))
    return told


def _place(request: Request, desk: Desk, now: Moment) -> Messages:
    placed = read_order(request, desk.version)
    number, form = placed.order_id, placed.form
    if Fault.DROP_ORDERS in now.behaviour:
        return []
    if now.settings.read_only:
        return [now.notice(number, 321, READ_ONLY)]
    if placed.legs:
        return [now.notice(number, 201, f"Order rejected - reason:{NOT_DONE} combinations")]
    found = now.world.find(placed.contract)
    if len(found) != 1:
        ambiguous = f"The contract description specified for {placed.contract.symbol} is ambiguous."
        return [now.notice(number, 200, ambiguous) if found else now.notice(number, *NO_SECURITY)]
    if form.account and form.account not in now.settings.accounts:
        text = f"Error validating request.-'bN' : cause - Invalid account code {form.account!r}"
        return [now.notice(number, 321, text)]
    if not form.account and len(now.settings.accounts) > 1:
        return [now.notice(number, 435, "You must specify an account.")]
    desk.broker.place(Key(desk.client_id, number), found[0], form)
    return []


def _cancel(request: Request, desk: Desk, now: Moment) -> Messages:
    number = request.integer(1 if desk.version < 192 else 0, 1)
    if Fault.DROP_ORDERS not in now.behaviour:
        desk.broker.cancel(Key(desk.client_id, number))
    return []


def _cancel_all(_: Request, desk: Desk, __: Moment) -> Messages:
    desk.broker.cancel_all()
    return []


def _open(_: Request, desk: Desk, now: Moment) -> Messages:
    mine = [report for report in working(now) if report.key.client_id == desk.client_id]
    return [*open_orders(mine), session.end_of_all(Answer.OPEN_ORDERS_END)]


def _all_open(_: Request, __: Desk, now: Moment) -> Messages:
    return [*open_orders(working(now)), session.end_of_all(Answer.OPEN_ORDERS_END)]


def _auto_open(_: Request, desk: Desk, now: Moment) -> Messages:
    if desk.client_id:
        text = "Only API connections with clientId set to 0 can set the auto bind TWS orders property."
        return [now.notice(-1, 327, text)]
    return []


def _completed(_: Request, __: Desk, now: Moment) -> Messages:
    done = [report for report in now.world.reports.values() if report.done and not report.form.what_if]
    told: Messages = [
        says.completed_order(report, clock_text(report.done_at, report.instrument, now)) for report in done
    ]
    return [*told, session.end_of_all(Answer.COMPLETED_ORDERS_END)]


def _executions(request: Request, _: Desk, now: Moment) -> Messages:
    number = request.integer(1, 1)
    if request.text is None:
        inner = request.body.inner(2)
        client_id, wanted = inner.integer(1), [inner.string(place) for place in range(2, 8)]
    else:
        client_id, wanted = request.integer(2, 0), [request.string(place, 0) for place in range(3, 9)]
    account, since, symbol, kind, exchange, side = wanted
    zone = ZoneInfo(now.settings.timezone)
    midnight = datetime.fromtimestamp(now.clock, zone).replace(hour=0, minute=0, second=0, microsecond=0)
    first = max(midnight.timestamp(), _instant(since, zone)) - now.settings.clock_offset
    sides = {"BUY": 1, "BOT": 1, "SELL": -1, "SLD": -1}
    fills = [
        fill
        for fill in now.world.executions
        if fill.at >= first
        and client_id in (0, fill.key.client_id)
        and account in ("", fill.account)
        and symbol in ("", fill.instrument.symbol)
        and kind in ("", fill.instrument.sec_type)
        and exchange in ("", "SMART", fill.instrument.exchange, fill.instrument.primary_exchange)
        and sides.get(side.upper(), fill.form.sign) == fill.form.sign
    ]
    return [*executions(number, fills, now), session.end(Answer.EXECUTIONS_END, number)]


def _instant(text: str, zone: ZoneInfo) -> float:
    """The filter's time, `20261127 09:30:00`, with a zone or not, or `20261127-14:30:00` in UTC; 0 if it has none."""
    if not text:
        return 0.0
    utc = "-" in text[:9]
    try:
        parsed = datetime.strptime(text.replace("-", " ")[:17].strip() + " +0000", "%Y%m%d %H:%M:%S %z")
    except ValueError:
        return 0.0
    return parsed.replace(tzinfo=UTC if utc else zone).timestamp()


HANDLERS: Handlers = {
    Ask.PLACE_ORDER: _place,
    Ask.CANCEL_ORDER: _cancel,
    Ask.GLOBAL_CANCEL: _cancel_all,
    Ask.OPEN_ORDERS: _open,
    Ask.ALL_OPEN_ORDERS: _all_open,
    Ask.AUTO_OPEN_ORDERS: _auto_open,
    Ask.COMPLETED_ORDERS: _completed,
    Ask.EXECUTIONS: _executions,
}
