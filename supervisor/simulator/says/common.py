"""What several messages share: how a contract and a quantity are written."""

from supervisor.simulator.state.instruments import Instrument
from supervisor.simulator.wire.frames import Field
from supervisor.simulator.wire.protobuf import protobuf

UNSET_DOUBLE = "1.7976931348623157E308"
"""How text says that a number is not there, where empty would be read as 0."""


def amount(quantity: float) -> int | float:
    """A quantity without a needless fraction."""
    return int(quantity) if quantity == int(quantity) else quantity


def words(quantity: float) -> str:
    """A quantity as protobuf carries it: a text."""
    return f"{amount(quantity):.8f}".rstrip("0").rstrip(".") if quantity != int(quantity) else str(int(quantity))


def contract_fields(row: Instrument, exchange: str | None = None) -> list[Field]:
    """Id, symbol, type, expiry, strike, right, multiplier, exchange, currency, local symbol, class: eleven fields."""
    return [
        row.con_id, row.symbol, row.sec_type, row.expiry, row.strike, row.right or "", row.multiplier,
        row.exchange if exchange is None else exchange, row.currency, row.local_symbol, row.trading_class,
    ]  # fmt: skip


def contract_proto(row: Instrument, exchange: str | None = None, primary: bool = False) -> bytes:
    """A contract as a message inside a message."""
    return protobuf(
        (1, row.con_id),
        (2, row.symbol),
        (3, row.sec_type),
        (4, row.expiry or None),
        (5, row.strike),
        (6, row.right or None),
        (7, row.factor if row.multiplier else None),
        (8, (row.exchange if exchange is None else exchange) or None),
        (9, (row.primary_exchange or None) if primary else None),
        (10, row.currency),
        (11, row.local_symbol),
        (12, row.trading_class),
    )
