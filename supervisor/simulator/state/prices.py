"""What an instrument costs at an instant: a function of seed, contract and time, so that quotes, bars and fills agree.

Rules
- The same seed tells the same story, whatever is asked, and in whatever order.
- A price moves at several speeds at once: a smooth noise for each period, larger for longer ones.
- An option follows its underlying. A pinned price stays where it was put until it is pinned again or let go.
- Quotes change four times a second; an instant within a quarter of a second is the same.
"""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache

from supervisor.frozen import dataclass
from supervisor.simulator.state.instruments import Instrument
from supervisor.simulator.state.options import Greeks, greeks

STEP = 0.25
"""Seconds in which a quote stays as it is."""
_MASK = (1 << 64) - 1
_PERIODS = ((2_592_000.0, 0.30), (259_200.0, 0.09), (21_600.0, 0.03), (2400.0, 0.010), (240.0, 0.003), (20.0, 0.0012))
"""Seconds of each noise, and its height as a part of the yearly volatility."""


@dataclass(frozen=True, slots=True)
class Pin:
    """A price that somebody put, from an instant on; None is left as it follows from the others."""

    since: float
    last: float
    bid: float | None = None
    ask: float | None = None


@dataclass(frozen=True, slots=True)
class Quote:
    """Both sides, the last trade, and their sizes."""

    bid: float
    ask: float
    last: float
    bid_size: int
    ask_size: int
    last_size: int
    volume: int

    @property
    def middle(self) -> float:
        """Between bid and ask."""
        return (self.bid + self.ask) / 2.0


def chance(*keys: int) -> float:
    """A number from 0 to 1 that follows from the keys alone, and looks like chance."""
    mixed = 0x9E3779B97F4A7C15
    for key in keys:
        mixed = (mixed ^ (key & _MASK)) * 0xBF58476D1CE4E5B9 & _MASK
        mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EB & _MASK
        mixed ^= mixed >> 31
    return mixed / _MASK


@lru_cache(maxsize=65536)
def _knot(seed: int, con_id: int, period: int, place: int) -> float:
    return chance(seed, con_id, period, place) - 0.5


def to_tick(price: float, tick: str) -> float:
    """The price on the instrument's grid."""
    size = float(tick)
    decimals = max(0, len(f"{size:.10f}".rstrip("0").partition(".")[2]))
    return round(round(price / size) * size, decimals)


class Prices:
    """All prices of one world."""

    def __init__(self, seed: int, instruments: Mapping[int, Instrument]) -> None:
        self._seed = seed
        self._instruments = instruments
        self._latest: dict[int, tuple[int, Pin | None, Quote]] = {}  # what many clients ask for at the same moment
        self._pins: dict[int, Pin] = {}

    def pin(self, con_id: int, pin: Pin | None) -> None:
        """Put a price where it stays, or let it go."""
        self._latest.clear()
        self._pins.pop(con_id, None)
        if pin is not None:
            self._pins[con_id] = pin

    def unpin(self) -> None:
        """Let every price go."""
        self._latest.clear()
        self._pins.clear()

    def exact(self, row: Instrument, instant: float) -> float:
        """The middle price, on no grid."""
        pin = self._pin(row, instant)
        if pin is not None:
            return pin.last
        if row.sec_type == "OPT":
            return self.greeks(row, instant).price
        drift = 0.0
        for period, height in _PERIODS:
            place = math.floor(instant / period)
            part = instant / period - place
            here = _knot(self._seed, row.con_id, int(period), place)
            there = _knot(self._seed, row.con_id, int(period), place + 1)
            drift += height * (here + (there - here) * part * part * (3.0 - 2.0 * part))
        return row.price * math.exp(drift * row.volatility)

    def _pin(self, row: Instrument, instant: float) -> Pin | None:
        pin = self._pins.get(row.con_id)
        return None if pin is None or instant < pin.since else pin

    def greeks(self, row: Instrument, instant: float) -> Greeks:
        """An option's figures."""
        under = self._instruments[row.under_con_id]
        expires = datetime.strptime(row.expiry + "2100", "%Y%m%d%H%M").replace(tzinfo=UTC).timestamp()
        return greeks(row.right == "C", self.exact(under, instant), row.strike, expires - instant, row.volatility)

    def quote(self, row: Instrument, instant: float) -> Quote:
        """The quote of this quarter of a second."""
        step, pin = math.floor(instant / STEP), self._pin(row, instant)
        kept = self._latest.get(row.con_id)
        if kept is None or kept[0] != step or kept[1] is not pin:
            kept = self._latest[row.con_id] = step, pin, self._quote(row, instant)
        return kept[2]

    def _quote(self, row: Instrument, instant: float) -> Quote:
        step = math.floor(instant / STEP)
        tick, pin = float(row.min_tick), self._pin(row, instant)
        middle = self.exact(row, instant if pin is not None else step * STEP)
        luck = chance(self._seed, row.con_id, step)
        if pin is None:
            half = max(tick / 2.0, middle * 0.00002)
            bid = to_tick(max(middle - half, tick), row.min_tick)
            ask = max(to_tick(middle + half, row.min_tick), to_tick(bid + tick, row.min_tick))
            last = bid if luck < 0.5 else ask
        else:
            last = pin.last
            bid = pin.bid if pin.bid is not None else min(last, to_tick(last - tick, row.min_tick))
            ask = pin.ask if pin.ask is not None else max(last, to_tick(last + tick, row.min_tick))
        sizes = (1 + int(chance(self._seed, row.con_id, step, side) * 9) for side in (1, 2, 3))
        bid_size, ask_size, last_size = (100 * size for size in sizes)
        seconds = int(instant % 86400)
        return Quote(bid, ask, last, bid_size, ask_size, last_size, 1000 + seconds * 10 + row.con_id % 97)
