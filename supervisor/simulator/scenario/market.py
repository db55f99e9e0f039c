"""The world's part of a scenario file: instruments of one's own, and positions that accounts begin with."""

from collections.abc import Mapping

from supervisor.frozen import dataclass
from supervisor.simulator.scenario.documents import Faults, Node
from supervisor.simulator.scenario.readers import Argument, choice, contract, integer, number, text
from supervisor.simulator.scenario.words import read_entries
from supervisor.simulator.state import hours
from supervisor.simulator.state.hours import Hours
from supervisor.simulator.state.instruments import Instrument

_FIRST_ID = 950_000_000
_HOURS: Mapping[str, Hours] = {
    "STK": hours.STOCK,
    "IND": hours.INDEX,
    "FUT": hours.FUTURE,
    "CASH": hours.FOREX,
    "CRYPTO": hours.CRYPTO,
    "CMDTY": hours.FOREX,
    "CFD": hours.FUTURE,
}
KINDS = tuple(_HOURS)


@dataclass(frozen=True, slots=True)
class Held:
    """A position that an account begins with; no account is the first, no cost is the price at the start."""

    contract: int | str
    quantity: float
    cost: float | None = None
    account: str = ""


POSITION: Mapping[str, Argument] = {
    "contract": Argument(contract, required=True),
    "quantity": Argument(number(-1e9, 1e9), required=True),
    "cost": Argument(number(0, 1e12)),
    "account": Argument(text, ""),
}
INSTRUMENT: Mapping[str, Argument] = {
    "symbol": Argument(text, required=True),
    "sec_type": Argument(choice(*KINDS), "STK"),
    "price": Argument(number(0.000001, 1e9), required=True),
    "con_id": Argument(integer(1, 2**31 - 1)),
    "exchange": Argument(text, "SMART"),
    "primary_exchange": Argument(text, ""),
    "currency": Argument(text, "USD"),
    "local_symbol": Argument(text, ""),
    "name": Argument(text, ""),
    "expiry": Argument(text, ""),
    "multiplier": Argument(text, ""),
    "min_tick": Argument(number(0.00000001, 1e6), 0.01),
    "volatility": Argument(number(0, 10), 0.25),
    "farm": Argument(text, "usfarm"),
}


def positions(node: Node, faults: Faults) -> tuple[Held, ...]:
    """The positions of a scenario."""
    rows = _rows(node, "positions", POSITION, faults)
    return tuple(Held(**row) for row in rows)  # type: ignore[arg-type]  # the readers in POSITION see to it


def instruments(node: Node, faults: Faults) -> tuple[Instrument, ...]:
    """The instruments of a scenario, on top of those the gateway knows."""
    rows = _rows(node, "instruments", INSTRUMENT, faults)
    return tuple(_instrument(place, row) for place, row in enumerate(rows))


def _rows(node: Node, path: str, known: Mapping[str, Argument], faults: Faults) -> list[dict[str, object]]:
    if node.items is None:
        faults.add(node.line, path, f"{node.shown()} is wrong; write a list")
        return []
    rows = []
    for place, item in enumerate(node.items):
        where, before = f"{path}[{place}]", len(faults.told)
        if item.entries is None:
            faults.add(item.line, where, f"{item.shown()} is wrong; write {{{', '.join(known)}}}")
            continue
        values = read_entries(item.entries, item.line, where, known, faults)
        if len(faults.told) == before:
            rows.append(values)
    return rows


def _instrument(place: int, row: dict[str, object]) -> Instrument:
    symbol, kind = str(row["symbol"]), str(row["sec_type"])
    con_id, price, tick = row["con_id"], row["price"], row["min_tick"]
    volatility = row["volatility"]
    local = str(row["local_symbol"]) or (f"{symbol}.{row['currency']}" if kind == "CASH" else symbol)
    return Instrument(
        con_id if isinstance(con_id, int) else _FIRST_ID + place,
        symbol,
        kind,
        str(row["currency"]),
        str(row["exchange"]),
        local,
        str(row["name"]) or symbol,
        price if isinstance(price, float) else 1.0,
        _HOURS[kind],
        str(row["primary_exchange"]),
        local if kind == "CASH" else symbol,
        expiry=str(row["expiry"]),
        multiplier=str(row["multiplier"]),
        min_tick=f"{tick:.8f}".rstrip("0").rstrip("."),
        volatility=volatility if isinstance(volatility, float) else 0.25,
        farm=str(row["farm"]),
    )
