"""What the gateway says: every message in the layout of one negotiated server version. Pure.

Rules
- `Dialect(version)` is the whole knowledge about versions on the way out. Below 201 the id is the first text field;
  from 201 on it is 4 raw bytes, and a message is protobuf (its id raised by 200) from the version named in
  `PROTOBUF_SINCE` on, text before.
- Each method returns one whole frame.
- Layouts change at 164 (contract rows), 166 and 194 (errors), 182, 186 (contract rows), 196 (the end of history is a
  message of its own).

Source: the public message layouts of IBKR's API clients 9.81 to 10.46; the errors' protobuf form at 203 as captured.
"""

from collections.abc import Sequence
from enum import IntEnum

from supervisor.simulator.market import Bar, Instrument
from supervisor.simulator.wire import Field, Scalar, frame, protobuf, raw_id, text_fields

PROTOBUF_OFFSET = 200
"""Added to a message's id when its body is protobuf."""
FIRST_RAW_ID = 201
"""The first server version whose ids are raw integers."""


class Answer(IntEnum):
    """Message ids of the gateway."""

    TICK_PRICE = 1
    ERROR = 4
    ACCOUNT_VALUE = 6
    ACCOUNT_TIME = 8
    NEXT_VALID_ID = 9
    CONTRACT = 10
    MANAGED_ACCOUNTS = 15
    HISTORY = 17
    CURRENT_TIME = 49
    CONTRACT_END = 52
    OPEN_ORDERS_END = 53
    ACCOUNT_END = 54
    EXECUTIONS_END = 55
    MARKET_DATA_TYPE = 58
    POSITIONS_END = 62
    ACCOUNT_SUMMARY = 63
    ACCOUNT_SUMMARY_END = 64
    POSITIONS_MULTI_END = 72
    ACCOUNT_MULTI = 73
    ACCOUNT_MULTI_END = 74
    COMPLETED_ORDERS_END = 102
    HISTORY_END = 108
    CURRENT_TIME_MILLIS = 109


PROTOBUF_SINCE = {
    Answer.ERROR: 201,
    Answer.EXECUTIONS_END: 201,
    Answer.OPEN_ORDERS_END: 204,
    Answer.COMPLETED_ORDERS_END: 204,
    Answer.CONTRACT: 205,
    Answer.CONTRACT_END: 205,
    Answer.TICK_PRICE: 206,
    Answer.MARKET_DATA_TYPE: 206,
    Answer.ACCOUNT_VALUE: 207,
    Answer.ACCOUNT_TIME: 207,
    Answer.ACCOUNT_END: 207,
    Answer.MANAGED_ACCOUNTS: 207,
    Answer.POSITIONS_END: 207,
    Answer.POSITIONS_MULTI_END: 207,
    Answer.ACCOUNT_SUMMARY: 207,
    Answer.ACCOUNT_SUMMARY_END: 207,
    Answer.ACCOUNT_MULTI: 207,
    Answer.ACCOUNT_MULTI_END: 207,
    Answer.HISTORY: 208,
    Answer.HISTORY_END: 208,
    Answer.NEXT_VALID_ID: 213,
    Answer.CURRENT_TIME: 213,
    Answer.CURRENT_TIME_MILLIS: 213,
}


def handshake(version: int | str, clock: str) -> bytes:
    """The one frame that answers the hello: version and the gateway's wall clock with a zone name."""
    return frame(text_fields(version, clock))


class Dialect:
    """The gateway's messages for clients of one negotiated server version."""

    def __init__(self, version: int) -> None:
        self.version = version

    def text(self, number: int, *fields: Field) -> bytes:
        """A text message with any id, also where protobuf would be usual: clients accept both."""
        if self.version < FIRST_RAW_ID:
            return frame(text_fields(number, *fields))
        return frame(raw_id(number) + text_fields(*fields))

    def _message(self, answer: Answer, text: Sequence[Field], proto: Sequence[tuple[int, Scalar]]) -> bytes:
        if self.version < PROTOBUF_SINCE[answer]:
            return self.text(answer, *text)
        return frame(raw_id(answer + PROTOBUF_OFFSET) + protobuf(*proto))

    def error(self, request: int, code: int, text: str, millis: int) -> bytes:
        """A message code with its text; `millis` is the time of it, told only from 194 on."""
        if self.version < 166:
            fields: tuple[Field, ...] = (2, request, code, text)
        elif self.version < 194:
            fields = (2, request, code, text, "")
        else:
            fields = (request, code, text, "", millis)
        return self._message(Answer.ERROR, fields, ((1, request), (2, millis), (3, code), (4, text)))

    def managed_accounts(self, accounts: Sequence[str]) -> bytes:
        """The accounts of the login, comma-separated on the wire."""
        listed = ",".join(accounts)
        return self._message(Answer.MANAGED_ACCOUNTS, (1, listed), ((1, listed),))

    def next_valid_id(self, order_id: int) -> bytes:
        """The lowest order id the client may use."""
        return self._message(Answer.NEXT_VALID_ID, (1, order_id), ((1, order_id),))

    def current_time(self, seconds: int) -> bytes:
        """The gateway's clock, whole seconds since 1970."""
        return self._message(Answer.CURRENT_TIME, (1, seconds), ((1, seconds),))

    def current_time_millis(self, millis: int) -> bytes:
        """The gateway's clock, milliseconds since 1970."""
        return self._message(Answer.CURRENT_TIME_MILLIS, (millis,), ((1, millis),))

    def account_summary(self, request: int, account: str, tag: str, value: str, currency: str) -> bytes:
        """One row of an account summary."""
        proto = ((1, request), (2, account), (3, tag), (4, value), (5, currency or None))
        return self._message(Answer.ACCOUNT_SUMMARY, (1, request, account, tag, value, currency), proto)

    def end(self, answer: Answer, request: int) -> bytes:
        """An end message that carries the request's id."""
        text = (request,) if answer is Answer.HISTORY_END else (1, request)
        return self._message(answer, text, ((1, request),))

    def end_of_all(self, answer: Answer) -> bytes:
        """An end message without an id: positions, open orders, completed orders."""
        return self._message(answer, () if answer is Answer.COMPLETED_ORDERS_END else (1,), ())

    def account_value(self, account: str, key: str, value: str, currency: str) -> bytes:
        """One value of the account updates."""
        proto = ((1, key), (2, value), (3, currency or None), (4, account))
        return self._message(Answer.ACCOUNT_VALUE, (2, key, value, currency, account), proto)

    def account_time(self, clock: str) -> bytes:
        """When the account's values were last told, HH:MM."""
        return self._message(Answer.ACCOUNT_TIME, (1, clock), ((1, clock),))

    def account_end(self, account: str) -> bytes:
        """The end of the first round of account updates."""
        return self._message(Answer.ACCOUNT_END, (1, account), ((1, account),))

    def account_multi(self, request: int, account: str, key: str, value: str, currency: str) -> bytes:
        """One value of the account updates asked for by account and model."""
        proto = ((1, request), (2, account), (4, key), (5, value), (6, currency or None))
        return self._message(Answer.ACCOUNT_MULTI, (1, request, account, "", key, value, currency), proto)

    def market_data_type(self, request: int, kind: int) -> bytes:
        """1 live, 2 frozen, 3 delayed, 4 delayed and frozen."""
        return self._message(Answer.MARKET_DATA_TYPE, (1, request, kind), ((1, request), (2, kind)))

    def tick_price(self, request: int, tick: int, price: float, size: int) -> bytes:
        """A price with its size; its attribute mask says that it can be executed automatically."""
        proto = ((1, request), (2, tick), (3, price), (4, str(size)), (5, 1))
        return self._message(Answer.TICK_PRICE, (6, request, tick, price, size, 1), proto)

    def history(self, request: int, start: str, end: str, bars: Sequence[Bar]) -> list[bytes]:
        """Historical bars; from 196 on a second message tells their start and end."""
        rows = [field for bar in bars for field in bar.fields]
        if self.version < 196:
            return [self._message(Answer.HISTORY, (request, start, end, len(bars), *rows), ())]
        proto: list[tuple[int, Scalar]] = [(1, request), *((2, protobuf(*bar.protobuf)) for bar in bars)]
        return [
            self._message(Answer.HISTORY, (request, len(bars), *rows), proto),
            self._message(Answer.HISTORY_END, (request, start, end), ((1, request), (2, start), (3, end))),
        ]

    def contract(self, request: int, row: Instrument) -> bytes:
        """One row of contract details."""
        return self._message(
            Answer.CONTRACT, self._contract_fields(request, row), self._contract_protobuf(request, row)
        )

    def _contract_fields(self, request: int, row: Instrument) -> tuple[Field, ...]:
        sizes_by_rule = self.version >= 164
        fields: list[Field] = [request] if sizes_by_rule else [8, request]
        fields += [row.symbol, row.sec_type, ""]
        if self.version >= 182:
            fields.append("")
        fields += [
            0,
            "",
            row.exchange,
            row.currency,
            row.local_symbol,
            row.market_name,
            row.trading_class,
            row.con_id,
            row.min_tick,
        ]
        if not sizes_by_rule:
            fields.append(100)
        fields += ["", row.order_types, row.exchanges, 1, 0, row.long_name, row.primary_exchange]
        fields += ["", "", "", "", row.timezone, row.hours, row.hours]
        fields += ["", 0, 0, row.aggregation_group, "", "", row.market_rule, "", row.stock_type]
        if self.version == 163:
            fields.append(row.size_step)
        if sizes_by_rule:
            fields += [row.size_step, row.size_step, row.size_step]
        if self.version >= 186:
            fields.append(0)
        return tuple(fields)

    def _contract_protobuf(self, request: int, row: Instrument) -> tuple[tuple[int, Scalar], ...]:
        contract = protobuf(
            (1, row.con_id),
            (2, row.symbol),
            (3, row.sec_type),
            (8, row.exchange),
            (9, row.primary_exchange or None),
            (10, row.currency),
            (11, row.local_symbol),
            (12, row.trading_class),
        )
        details = protobuf(
            (1, row.market_name),
            (2, row.min_tick),
            (3, row.order_types),
            (4, row.exchanges),
            (5, 1),
            (7, row.long_name),
            (12, row.timezone),
            (13, row.hours),
            (14, row.hours),
            (18, row.aggregation_group),
            (21, row.market_rule),
            (23, row.stock_type or None),
            (24, row.size_step),
            (25, row.size_step),
            (26, row.size_step),
        )
        return (1, request), (2, contract), (3, details)
