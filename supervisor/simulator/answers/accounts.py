"""Answers about accounts: summary, updates, positions, gains; and what goes on being told of them.

Rules
- A summary is told again every three minutes, a gain every second while it changes, positions and account updates with
  every fill.
- A group or an account that is not there is refused (321), never answered as another one.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from supervisor.simulator.answers.desk import Desk, Handlers, Messages, Moment, StreamKind
from supervisor.simulator.says import accounts as says
from supervisor.simulator.says import session
from supervisor.simulator.state.instruments import Instrument
from supervisor.simulator.state.portfolio import Account, Position
from supervisor.simulator.wire.ids import Answer, Ask
from supervisor.simulator.wire.message import Message
from supervisor.simulator.wire.requests import Request

SUMMARY_EVERY, GAIN_EVERY = 180.0, 1.0
_ALL = ("All", "$LEDGER", "$LEDGER:USD", "$LEDGER:ALL")


def account_of(name: str, now: Moment) -> Account | None:
    """The account of that name; an empty one means the first; None if there is none."""
    if name and name not in now.settings.accounts:
        return None
    return now.world.account(name or now.settings.accounts[0])


def values(account: Account, now: Moment) -> dict[str, tuple[str, str]]:
    """Every tag of an account."""
    return account.values(_price(now), _rate(now))


def update(account: Account, now: Moment) -> Messages:
    """One round of account updates: values, the clock, the portfolio."""
    told: Messages = [says.value(account.name, key, *each) for key, each in values(account, now).items()]
    told += [says.portfolio(account.name, held, now.world.price(held.instrument, now.wall)) for held in _held(account)]
    return [*told, says.clock(now.settings.minutes_text(now.wall))]


def after_fill(desk: Desk, account: Account, row: Instrument, now: Moment) -> Messages:
    """What a session hears of a changed position."""
    held = account.positions[row.con_id]
    told: Messages = [says.position(account.name, held)] if desk.positions else []
    if desk.account == account.name:
        told += [says.portfolio(account.name, held, now.world.price(row, now.wall))]
        told += [says.value(account.name, key, *each) for key, each in values(account, now).items()]
    for (kind, request), stream in desk.streams.items():
        if kind is StreamKind.POSITIONS_MULTI and isinstance(stream, _Silent) and stream.account in ("", account.name):
            told.append(says.position_multi(request, account.name, stream.model, held))
    return told


def _price(now: Moment) -> Callable[[Instrument], float]:
    return lambda row: now.world.price(row, now.wall)


def _rate(now: Moment) -> Callable[[str], float]:
    return lambda currency: now.world.rate(currency, now.wall)


def _held(account: Account) -> Iterator[Position]:
    return (held for held in account.positions.values() if held.quantity)


def _unknown(number: int, name: str, now: Moment) -> Messages:
    text = f"Error validating request.-'bS' : cause - The account code {name!r} is not one of this login"
    return [now.notice(number, 321, text)]


@dataclass(slots=True)
class _Every:
    """Says it again every so many seconds, if it is no longer what was said."""

    every: float
    say: Callable[[Moment], list[tuple[object, ...]]]
    message: Callable[..., Message]
    last: dict[tuple[object, ...], tuple[object, ...]]
    due: float
    keys: int
    """How many of the values name the row."""
    farm: str = ""

    def pulse(self, now: Moment) -> Messages:
        if now.mono < self.due:
            return []
        self.due = now.mono + self.every
        told = []
        for row in self.say(now):
            if self.last.get(row[: self.keys]) != row:
                self.last[row[: self.keys]] = row
                told.append(self.message(*row))
        return told


@dataclass(slots=True)
class _Silent:
    """A subscription that fills alone make speak."""

    account: str
    model: str
    farm: str = ""

    def pulse(self, _: Moment) -> Messages:
        return []


def _stream(
    desk: Desk, kind: StreamKind, number: int, now: Moment, every: float, keys: int,
    say: Callable[[Moment], list[tuple[object, ...]]], message: Callable[..., Message],
) -> Messages:  # fmt: skip
    stream = _Every(every, say, message, {}, now.mono, keys)
    desk.streams[kind, number] = stream
    return stream.pulse(now)


def _summary(request: Request, desk: Desk, now: Moment) -> Messages:
    number, group = request.integer(1, 1), request.string(2, 2)
    tags = set(request.string(3, 3).split(","))
    if group not in _ALL:
        text = f"Error validating request.-'bX' : cause - The group name {group!r} is not known"
        return [now.notice(number, 321, text)]
    if any(tag.startswith("$LEDGER") for tag in tags):
        tags |= {"NetLiquidation", "TotalCashValue", "RealizedPnL", "UnrealizedPnL"}

    def rows(later: Moment) -> list[tuple[object, ...]]:
        return [
            (number, name, tag, *value)
            for name in later.settings.accounts
            for tag, value in values(later.world.account(name), later).items()
            if tag in tags
        ]

    told = _stream(desk, StreamKind.SUMMARY, number, now, SUMMARY_EVERY, 3, rows, says.summary)
    return [*told, session.end(Answer.ACCOUNT_SUMMARY_END, number)]


def _updates(request: Request, desk: Desk, now: Moment) -> Messages:
    if not request.flag(1, 1):
        desk.account = None
        return []
    account = account_of(request.string(2, 2), now)
    if account is None:
        return _unknown(-1, request.string(2, 2), now)
    desk.account = account.name
    return [*update(account, now), says.end(account.name)]


def _multi(request: Request, desk: Desk, now: Moment) -> Messages:
    number, name, model = request.integer(1, 1), request.string(2, 2), request.string(3, 3)
    account = account_of(name, now)
    if account is None:
        return _unknown(number, name, now)

    def rows(later: Moment) -> list[tuple[object, ...]]:
        return [(number, account.name, model, key, *value) for key, value in values(account, later).items()]

    told = _stream(desk, StreamKind.ACCOUNT_MULTI, number, now, SUMMARY_EVERY, 4, rows, says.multi)
    return [*told, session.end(Answer.ACCOUNT_MULTI_END, number)]


def _positions(_: Request, desk: Desk, now: Moment) -> Messages:
    desk.positions = True
    told: Messages = [
        says.position(name, held) for name in now.settings.accounts for held in _held(now.world.account(name))
    ]
    return [*told, session.end_of_all(Answer.POSITIONS_END)]


def _no_positions(_: Request, desk: Desk, __: Moment) -> Messages:
    desk.positions = False
    return []


def _positions_multi(request: Request, desk: Desk, now: Moment) -> Messages:
    number, name, model = request.integer(1, 1), request.string(2, 2), request.string(3, 3)
    account = account_of(name, now)
    if account is None:
        return _unknown(number, name, now)
    desk.streams[StreamKind.POSITIONS_MULTI, number] = _Silent(account.name, model)
    told: Messages = [says.position_multi(number, account.name, model, held) for held in _held(account)]
    return [*told, session.end(Answer.POSITIONS_MULTI_END, number)]


def _pnl(request: Request, desk: Desk, now: Moment) -> Messages:
    number, name = request.integer(0, 1), request.string(1, 2)
    account = account_of(name, now)
    if account is None:
        return _unknown(number, name, now)

    def rows(later: Moment) -> list[tuple[object, ...]]:
        price, rate = _price(later), _rate(later)
        today = datetime.fromtimestamp(later.clock, ZoneInfo(later.settings.timezone)).date()
        gains = account.daily(today, price, rate), account.unrealized(price, rate), account.realized
        return [(number, *(round(gain, 2) for gain in gains))]

    return _stream(desk, StreamKind.PNL, number, now, GAIN_EVERY, 1, rows, says.pnl)


def _pnl_single(request: Request, desk: Desk, now: Moment) -> Messages:
    number, name, con_id = request.integer(0, 1), request.string(1, 2), request.integer(3, 4)
    account = account_of(name, now)
    if account is None:
        return _unknown(number, name, now)
    if con_id not in now.world.instruments:
        return [now.notice(number, 2150, f"Invalid position trade derived value: contract {con_id} is not known")]

    def rows(later: Moment) -> list[tuple[object, ...]]:
        row = later.world.instruments[con_id]
        held = account.positions.get(con_id) or Position(row)
        price = later.world.price(row, later.wall)
        open_gain, worth = round(held.unrealized(price), 2), round(held.value(price), 2)
        return [(number, held.quantity, round(open_gain + held.realized, 2), open_gain, round(held.realized, 2), worth)]

    return _stream(desk, StreamKind.PNL_SINGLE, number, now, GAIN_EVERY, 1, rows, says.pnl_single)


def _cancel(kind: StreamKind, place: int) -> Callable[[Request, Desk, Moment], Messages]:
    def cancel(request: Request, desk: Desk, _: Moment) -> Messages:
        desk.end(kind, request.integer(place, 1))
        return []

    return cancel


HANDLERS: Handlers = {
    Ask.ACCOUNT_SUMMARY: _summary,
    Ask.CANCEL_ACCOUNT_SUMMARY: _cancel(StreamKind.SUMMARY, 1),
    Ask.ACCOUNT_UPDATES: _updates,
    Ask.ACCOUNT_MULTI: _multi,
    Ask.CANCEL_ACCOUNT_MULTI: _cancel(StreamKind.ACCOUNT_MULTI, 1),
    Ask.POSITIONS: _positions,
    Ask.CANCEL_POSITIONS: _no_positions,
    Ask.POSITIONS_MULTI: _positions_multi,
    Ask.CANCEL_POSITIONS_MULTI: _cancel(StreamKind.POSITIONS_MULTI, 1),
    Ask.PNL: _pnl,
    Ask.CANCEL_PNL: _cancel(StreamKind.PNL, 0),
    Ask.PNL_SINGLE: _pnl_single,
    Ask.CANCEL_PNL_SINGLE: _cancel(StreamKind.PNL_SINGLE, 0),
}
