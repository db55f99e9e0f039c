"""What a gateway says of instruments: contract details, option chains, symbols, rules, exchanges."""

from collections.abc import Sequence

from supervisor.simulator.says.common import contract_proto
from supervisor.simulator.state import hours
from supervisor.simulator.state.instruments import MARKET_RULES, ORDER_TYPES, Instrument
from supervisor.simulator.wire.frames import Field
from supervisor.simulator.wire.ids import Answer
from supervisor.simulator.wire.message import Fields, Message
from supervisor.simulator.wire.protobuf import Pairs, protobuf


def details(request: int, row: Instrument, now: float) -> Message:
    """One row of contract details, with the trading hours of the days from now on."""
    whole, liquid = hours.told(row.hours, now, False), hours.told(row.hours, now, True)
    month = row.expiry[:6]

    def fields(version: int) -> Fields:
        by_rule = version >= 164
        told: list[Field] = [] if by_rule else [8]
        told += [request, row.symbol, row.sec_type, row.expiry]
        told += [row.expiry] if version >= 182 else []
        told += [row.strike, row.right, row.exchange, row.currency, row.local_symbol]
        told += [row.trading_class, row.trading_class, row.con_id, row.min_tick]
        told += [] if by_rule else [100]
        told += [row.multiplier, ORDER_TYPES, row.venues, 1, row.under_con_id, row.long_name, row.primary_exchange]
        told += [month, *row.category, row.hours.timezone, whole, liquid, "", 0, 0]
        told += [1, row.under_symbol, row.under_type, row.market_rules]
        told += [row.expiry] if version >= 134 else []
        told += [row.stock_type] if version >= 152 else []
        told += [row.size_step] if version == 163 else []
        told += [row.size_step, row.size_step, row.round_lot] if by_rule else []
        told += [0] if version >= 186 else []
        return told

    def proto() -> Pairs:
        industry, category, subcategory = row.category
        inner = protobuf(
            (1, row.trading_class),
            (2, row.min_tick),
            (3, ORDER_TYPES),
            (4, row.venues),
            (5, 1),
            (6, row.under_con_id or None),
            (7, row.long_name),
            (8, month or None),
            (9, industry or None),
            (10, category or None),
            (11, subcategory or None),
            (12, row.hours.timezone),
            (13, whole),
            (14, liquid),
            (18, 1),
            (19, row.under_symbol or None),
            (20, row.under_type or None),
            (21, row.market_rules),
            (22, row.expiry or None),
            (23, row.stock_type or None),
            (24, row.size_step),
            (25, row.size_step),
            (26, row.round_lot),
        )
        return (1, request), (2, contract_proto(row, primary=True)), (3, inner)

    return Message(Answer.CONTRACT, fields, proto)


def option_chain(
    request: int, exchange: str, row: Instrument, expirations: Sequence[str], strikes: Sequence[float]
) -> Message:
    """The options of an underlying at one exchange; `row` is one of them."""
    return Message(
        Answer.OPTION_CHAIN,
        (
            request, exchange, row.under_con_id, row.trading_class, row.multiplier,
            len(expirations), *expirations, len(strikes), *strikes,
        ),
        lambda: (
            (1, request),
            (2, exchange),
            (3, row.under_con_id),
            (4, row.trading_class),
            (5, row.multiplier),
            *((6, each) for each in expirations),
            *((7, each) for each in strikes),
        ),
    )  # fmt: skip


def symbols(request: int, found: Sequence[tuple[Instrument, Sequence[str]]]) -> Message:
    """Instruments whose symbol or name fits, each with the kinds of derivatives on it."""

    def fields(version: int) -> Fields:
        told: list[Field] = [request, len(found)]
        for row, kinds in found:
            told += [row.con_id, row.symbol, row.sec_type, row.primary_exchange or row.exchange, row.currency]
            told += [len(kinds), *kinds]
            told += [row.long_name, ""] if version >= 176 else []
        return told

    def proto() -> Pairs:
        rows = (
            protobuf(
                (
                    1,
                    protobuf(
                        (1, row.con_id),
                        (2, row.symbol),
                        (3, row.sec_type),
                        (9, row.primary_exchange or row.exchange),
                        (10, row.currency),
                        (15, row.long_name),
                    ),
                ),
                *((2, kind) for kind in kinds),
            )
            for row, kinds in found
        )
        return (1, request), *((2, row) for row in rows)

    return Message(Answer.SYMBOL_SAMPLES, fields, proto)


def market_rule(rule: int) -> Message:
    """The price increments of a rule that is known."""
    steps = MARKET_RULES[rule]
    return Message(
        Answer.MARKET_RULE,
        (rule, len(steps), *(number for step in steps for number in step)),
        lambda: ((1, rule), *((2, protobuf((1, low), (2, step))) for low, step in steps)),
    )


NO_GROUP = 2**31 - 1
"""How a gateway says that an exchange belongs to no group."""


def depth_exchanges(found: Sequence[tuple[str, str]]) -> Message:
    """Exchanges, and the kind of instrument for which each has a book."""
    return Message(
        Answer.DEPTH_EXCHANGES,
        (len(found), *(part for exchange, kind in found for part in (exchange, kind, "", "Deep", NO_GROUP))),
        lambda: tuple((1, protobuf((1, exchange), (2, kind), (4, "Deep"))) for exchange, kind in found),
    )


def smart_components(request: int, exchanges: Sequence[str]) -> Message:
    """What each bit of a quote's exchange map means."""
    rows = [(bit, exchange, chr(ord("A") + bit)) for bit, exchange in enumerate(exchanges)]
    return Message(
        Answer.SMART_COMPONENTS,
        (request, len(rows), *(part for row in rows for part in row)),
        lambda: ((1, request), *((2, protobuf((1, row[0]), (2, row[1]), (3, row[2]))) for row in rows)),
    )


def family_codes(accounts: Sequence[str]) -> Message:
    """Accounts with their family: none has one."""
    return Message(
        Answer.FAMILY_CODES,
        (len(accounts), *(part for account in accounts for part in (account, ""))),
        lambda: tuple((1, protobuf((1, account), (2, ""))) for account in accounts),
    )


def user_info(request: int) -> Message:
    """The white branding of the login: none."""
    return Message(Answer.USER_INFO, (request, ""), lambda: ((1, request), (2, "")))


def nothing(answer: Answer, request: int | None = None) -> Message:
    """An empty list, where a gateway has nothing of that kind: news providers, soft dollar tiers."""
    fields: Fields = (0,) if request is None else (request, 0)
    return Message(answer, fields, lambda: () if request is None else ((1, request),))
