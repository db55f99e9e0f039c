"""IBKR's published server resets, from dated data files, as windows.

- Each file in `data/` named `resets-*.yaml` is one published table; `valid_from` is its date. The newest one that is
  valid on the day of the load counts, the oldest where none is valid yet. What is uncertain stands in the file.
- A daily span explains `upstream` and `farms`; the weekend span, which is the same for all regions, every layer.
- The config names regions, `none` (not even the weekend), or nothing (the weekend alone).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, time, timedelta
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

import yaml

from supervisor.core.calendar.rules import Daily, Weekly, clock_time, weekday_of, weekly_time
from supervisor.core.calendar.windows import Explains, Window, server_reset
from supervisor.frozen import dataclass

REGIONS = ("north_america", "europe", "asia_pacific")
NONE = "none"

_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class ResetTable:
    """One published table: `regions` has the daily windows of each region, `weekend` the window of all.

    `notes` has, by region, what an operator should know of it.
    """

    id: str
    source: str
    valid_from: date
    regions: Mapping[str, tuple[Window, ...]]
    weekend: Window
    notes: Mapping[str, str]

    def windows(self, setting: str | Sequence[str] | None) -> tuple[Window, ...]:
        """The windows for the config's `server_reset`, the daily ones in front.

        Raises ValueError for a region that is not known and for `none` beside a region.
        """
        if setting == NONE:
            return ()
        named = (setting,) if isinstance(setting, str) else tuple(dict.fromkeys(setting or ()))
        for region in named:
            if region == NONE:
                raise ValueError("server_reset: none stands alone")
            if region not in self.regions:
                raise ValueError(f"server_reset: {region!r} is not one of {', '.join((*REGIONS, NONE))}")
        return (*(window for region in named for window in self.regions[region]), self.weekend)


@cache
def tables() -> tuple[ResetTable, ...]:
    """All published tables that come with the package, the oldest first."""
    texts = (
        file.read_text(encoding="utf-8")
        for file in files("supervisor.config").joinpath("data").iterdir()
        if file.name.startswith("resets-") and file.name.endswith(".yaml")
    )
    return tuple(sorted((_table(yaml.safe_load(text)) for text in texts), key=lambda table: table.valid_from))


def newest(published: Sequence[ResetTable], on: date) -> ResetTable:
    """The newest of these tables (oldest first) that is valid on this day, else the oldest."""
    return next((table for table in reversed(published) if table.valid_from <= on), published[0])


def reset_windows(setting: str | Sequence[str] | None, on: date) -> tuple[Window, ...]:
    """The windows of the newest table valid `on` this day for the config's `server_reset`.

    Raises ValueError as `ResetTable.windows` does.
    """
    return newest(tables(), on).windows(setting)


def reset_notes(regions: Iterable[str], on: date) -> tuple[str, ...]:
    """What an operator of these regions should know of the newest table valid `on` this day."""
    notes = newest(tables(), on).notes
    return tuple(notes[region] for region in dict.fromkeys(regions) if region in notes)


def _table(document: Mapping[str, Any]) -> ResetTable:
    days = tuple(weekday_of(day) for day in document["days"])
    regions = {region: tuple(_daily(span, days) for span in document["regions"][region]) for region in REGIONS}
    return ResetTable(
        document["id"],
        document["source"],
        document["valid_from"],
        MappingProxyType(regions),
        _weekend(document["weekend"]),
        MappingProxyType(document.get("notes", {})),
    )


def _daily(span: Mapping[str, Any], usual_days: tuple[int, ...]) -> Window:
    days = tuple(map(weekday_of, span["days"])) if "days" in span else usual_days
    start = clock_time(span["start"])
    length = _since_midnight(clock_time(span["end"])) - _since_midnight(start)
    return server_reset(Daily(start, span["zone"], days), length % _DAY, Explains.UPSTREAM_FARMS)


def _weekend(span: Mapping[str, str]) -> Window:
    first_day, start = weekly_time(span["start"])
    last_day, end = weekly_time(span["end"])
    length = (last_day - first_day) * _DAY + _since_midnight(end) - _since_midnight(start)
    return server_reset(Weekly(first_day, start, span["zone"]), length % _WEEK, Explains.EVERY_LAYER)


def _since_midnight(at: time) -> timedelta:
    return timedelta(hours=at.hour, minutes=at.minute, seconds=at.second)
