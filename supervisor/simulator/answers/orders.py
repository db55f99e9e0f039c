"""Answers about orders: placing, cancelling, and what is asked of them afterwards.

Rules
- A client hears of its own orders; the master client hears of everybody's, and every client when it asks for all.
- A client may cancel its own orders, and those of others that it has been told of: it is told the end with its own
  client id (captured of a real gateway at 200, `api_cross_client_cancel_aapl` of ThomasMarcelis/ibkr-go).
- Executions are those since the gateway's midnight, as a gateway keeps no older ones.
"""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from supervisor.frozen import replace
from supervisor.simulator.answers.desk import NO_SECURITY, NOT_DONE, Desk, Handlers, Messages, Moment
from supervisor.simulator.answers.forms import read_order
from supervisor.simulator.behaviour.faults import Fault
from supervisor.simulator.says import orders as says
from supervisor.simulator.says import session
from supervisor.simulator.state import spans
from supervisor.simulator.state.bars import DAY
from supervisor.simulator.state.exchange import CANCELLED
from supervisor.simulator.state.instruments import Instrument
from supervisor.simulator.state.orders import Execution, Form, Key, Report, Status
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
    try:
        form = _timed(form, found[0], now)
    except ValueError as error:
        return [now.notice(number, 392, str(error))]
    desk.broker.place(Key(desk.client_id, number), found[0], form)
    return []


def _timed(form: Form, row: Instrument, now: Moment) -> Form:
    """The form with its times as instants; raises ValueError for one that cannot be."""

    def instant(text: str) -> float:
        return spans.instant(text, row.hours.timezone, now.clock) - now.settings.clock_offset

    starts = instant(form.good_after) if form.good_after.strip() else 0.0
    if form.tif != "GTD":
        return replace(form, starts=starts)
    if not form.good_till.strip():
        raise ValueError("The date, time, or time-zone entered is invalid: GTD needs a date")
    expires = instant(form.good_till) + (0.0 if ":" in form.good_till else DAY)
    if expires <= now.wall:
        raise ValueError(f"The date, time, or time-zone entered is invalid: {form.good_till} is in the past")
    return replace(form, starts=starts, expires=expires)


def _cancel(request: Request, desk: Desk, now: Moment) -> Messages:
    number = request.integer(1 if desk.version < 192 else 0, 1)
    if Fault.DROP_ORDERS in now.behaviour:
        return []
    key = _meant(number, desk, now)
    desk.broker.cancel(key)
    told = now.world.reports.get(key)
    heard = (key.client_id, now.settings.master_client_id)
    if desk.client_id in heard or told is None or told.status is not Status.CANCELLED:
        return []
    mine = replace(told, key=Key(desk.client_id, number))
    return [says.status(mine), now.notice(number, *CANCELLED)]


def _meant(number: int, desk: Desk, now: Moment) -> Key:
    """The client's own order of that id, else the one of another client that it has been told of."""
    own = Key(desk.client_id, number)
    master = desk.client_id == now.settings.master_client_id
    others = [
        report.key for report in working(now)
        if report.key.order_id == number and (master or report.key in desk.orders_seen)
    ]  # fmt: skip
    return own if now.world.exchange.order(own) is not None or len(others) != 1 else others[0]


def _cancel_all(_: Request, desk: Desk, __: Moment) -> Messages:
    desk.broker.cancel_all()
    return []


def _open(_: Request, desk: Desk, now: Moment) -> Messages:
    mine = [report for report in working(now) if report.key.client_id == desk.client_id]
    return [*open_orders(mine), session.end_of_all(Answer.OPEN_ORDERS_END)]


def _all_open(_: Request, desk: Desk, now: Moment) -> Messages:
    desk.orders_seen |= {report.key for report in working(now)}
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
