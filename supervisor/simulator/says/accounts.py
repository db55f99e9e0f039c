"""What a gateway says of accounts: values, positions, portfolio, gain and loss."""

from supervisor.simulator.says.common import amount, contract_fields, contract_proto, words
from supervisor.simulator.state.portfolio import Position
from supervisor.simulator.wire.ids import Answer
from supervisor.simulator.wire.message import Message


def summary(request: int, account: str, tag: str, value: str, currency: str) -> Message:
    """One row of an account summary."""
    return Message(
        Answer.ACCOUNT_SUMMARY,
        (1, request, account, tag, value, currency),
        lambda: ((1, request), (2, account), (3, tag), (4, value), (5, currency or None)),
    )


def value(account: str, key: str, told: str, currency: str) -> Message:
    """One value of the account updates."""
    return Message(
        Answer.ACCOUNT_VALUE,
        (2, key, told, currency, account),
        lambda: ((1, key), (2, told), (3, currency or None), (4, account)),
    )


def clock(minutes: str) -> Message:
    """When the account's values were last told, HH:MM."""
    return Message(Answer.ACCOUNT_TIME, (1, minutes), lambda: ((1, minutes),))


def end(account: str) -> Message:
    """The end of the first round of account updates."""
    return Message(Answer.ACCOUNT_END, (1, account), lambda: ((1, account),))


def multi(request: int, account: str, model: str, key: str, told: str, currency: str) -> Message:
    """One value of the account updates asked for by account and model."""
    return Message(
        Answer.ACCOUNT_MULTI,
        (1, request, account, model, key, told, currency),
        lambda: ((1, request), (2, account), (3, model or None), (4, key), (5, told), (6, currency or None)),
    )


def portfolio(account: str, held: Position, price: float) -> Message:
    """One position of the account updates, with its price, value and gain."""
    row = held.instrument
    fields = contract_fields(row, row.primary_exchange)
    worth, gain = round(held.value(price), 2), round(held.unrealized(price), 2)
    return Message(
        Answer.PORTFOLIO,
        (8, *fields, amount(held.quantity), price, worth, round(held.cost, 8), gain, round(held.realized, 2), account),
        lambda: (
            (1, contract_proto(row, "", primary=True)),
            (2, words(held.quantity)),
            (3, price),
            (4, worth),
            (5, round(held.cost, 8)),
            (6, gain),
            (7, round(held.realized, 2)),
            (8, account),
        ),
    )


def position(account: str, held: Position) -> Message:
    """One position of one account: a share with the exchange that lists it, others with none."""
    row = held.instrument
    venue = row.primary_exchange
    return Message(
        Answer.POSITION,
        (3, account, *contract_fields(row, venue), amount(held.quantity), round(held.cost, 8)),
        lambda: ((1, account), (2, contract_proto(row, venue)), (3, words(held.quantity)), (4, round(held.cost, 8))),
    )


def position_multi(request: int, account: str, model: str, held: Position) -> Message:
    """One position, asked for by account and model."""
    row = held.instrument
    venue = row.primary_exchange
    return Message(
        Answer.POSITION_MULTI,
        (1, request, account, *contract_fields(row, venue), amount(held.quantity), round(held.cost, 8), model),
        lambda: (
            (1, request),
            (2, account),
            (3, contract_proto(row, venue)),
            (4, words(held.quantity)),
            (5, round(held.cost, 8)),
            (6, model or None),
        ),
    )


def pnl(request: int, daily: float, unrealized: float, realized: float) -> Message:
    """An account's gain: of the day, open, and realized."""
    return Message(
        Answer.PNL,
        (request, daily, unrealized, realized),
        lambda: ((1, request), (2, daily), (3, unrealized), (4, realized)),
    )


def pnl_single(
    request: int, quantity: float, daily: float, unrealized: float, realized: float, worth: float
) -> Message:
    """A position's gain, and what it is worth."""
    return Message(
        Answer.PNL_SINGLE,
        (request, amount(quantity), daily, unrealized, realized, worth),
        lambda: ((1, request), (2, words(quantity)), (3, daily), (4, unrealized), (5, realized), (6, worth)),
    )
