"""The windows of one gateway, answering fast for a clock that mostly goes forward.

- A calendar computes a stretch of two weeks once and answers from it by bisection; asked for a moment outside, it
  computes that moment's stretch. So the clock may jump anywhere, in both directions, and the answers stay those of
  the pure functions in `supervisor.core.calendar.windows`.
- From outside it never changes: equal questions have equal answers. Other windows are another calendar.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from supervisor.core.calendar.rules import utc
from supervisor.core.calendar.windows import (
    RESTARTS,
    Occurrence,
    Window,
    next_edge,
    next_opening,
    next_start,
    occurrences,
)

STRETCH = timedelta(days=14)
_DAY = timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Calendar:
    """Answers for the given windows; `windows` is what it was made of, in that order."""

    __slots__ = ("_stretch", "names", "windows")

    def __init__(self, windows: Iterable[Window] = ()) -> None:
        self.windows = tuple(windows)
        self.names = tuple(dict.fromkeys(window.name for window in self.windows))
        self._stretch: _Stretch | None = None

    def active_at(self, wall: datetime) -> tuple[Occurrence, ...]:
        """The occurrences active at this instant, the one that began first in front."""
        wall = utc(wall)
        return self._around(wall).active_at(wall)

    def next_edge_after(self, wall: datetime) -> datetime | None:
        """The first instant later than this one at which a window opens or closes; None if there is no more."""
        wall = utc(wall)
        return self._around(wall).next_edge_after(wall)

    def next_start_after(self, name: str, wall: datetime) -> datetime | None:
        """The first start later than this instant among the windows of this name; None if there is no more.

        Raises KeyError for a name that no window has.
        """
        wall = utc(wall)
        return self._around(wall).next_start_after(name, wall)

    def restarts_from(self, wall: datetime) -> tuple[Occurrence, ...]:
        """The restarts that are active at this instant, and the next one of each restart window."""
        open_now = tuple(each for each in self.active_at(wall) if each.window.kind in RESTARTS)
        coming = (next_opening(window, wall) for window in self.windows if window.kind in RESTARTS)
        return (*open_now, *(each for each in coming if each is not None))

    def restart_within(self, wall: datetime, before: timedelta, after: timedelta) -> bool:
        """Whether a restart falls within so much before this instant, or so much after it: a day at most."""
        wall = utc(wall)
        return self._around(wall).restart_between(wall - before, wall + after)

    def _around(self, wall: datetime) -> _Stretch:
        stretch = self._stretch
        if stretch is None or not stretch.begin <= wall < stretch.end:
            stretch = self._stretch = _Stretch(self.windows, wall - (wall - _EPOCH) % STRETCH)
        return stretch


class _Stretch:
    """Two weeks, worked out: `_active[i]` holds from `_edges[i]` to the next edge."""

    __slots__ = ("_active", "_beyond", "_edges", "_restarts", "_starts", "begin", "end")

    def __init__(self, windows: tuple[Window, ...], begin: datetime) -> None:
        self.begin, self.end = begin, begin + STRETCH
        inside = tuple(occurrences(windows, self.begin, self.end))
        edges = {edge for occurrence in inside for edge in (occurrence.start, occurrence.planned_until)}
        self._edges = [begin, *sorted(edge for edge in edges if begin < edge < self.end)]
        self._active = _sweep(inside, self._edges)
        last = self.end - timedelta.resolution
        self._beyond = next_edge(windows, last)
        self._starts: dict[str, list[datetime]] = {window.name: [] for window in windows}
        for occurrence in inside:
            self._starts[occurrence.window.name].append(occurrence.start)
        restarts = (window for window in windows if window.kind in RESTARTS)
        self._restarts = sorted(each.at for each in occurrences(restarts, begin - _DAY, self.end + _DAY))
        for name, starts in self._starts.items():
            following = [next_start(window, last) for window in windows if window.name == name]
            starts.extend(sorted(start for start in following if start is not None)[:1])

    def active_at(self, wall: datetime) -> tuple[Occurrence, ...]:
        return self._active[bisect_right(self._edges, wall) - 1]

    def next_edge_after(self, wall: datetime) -> datetime | None:
        following = bisect_right(self._edges, wall)
        return self._edges[following] if following < len(self._edges) else self._beyond

    def restart_between(self, first: datetime, last: datetime) -> bool:
        following = bisect_left(self._restarts, first)
        return following < len(self._restarts) and self._restarts[following] <= last

    def next_start_after(self, name: str, wall: datetime) -> datetime | None:
        starts = self._starts[name]
        following = bisect_right(starts, wall)
        return starts[following] if following < len(starts) else None


def _sweep(inside: tuple[Occurrence, ...], edges: list[datetime]) -> list[tuple[Occurrence, ...]]:
    """What is active from each edge on; `inside` is in the order of its starts."""
    result: list[tuple[Occurrence, ...]] = []
    now: tuple[Occurrence, ...] = ()
    opened = 0
    for edge in edges:
        first = opened
        while opened < len(inside) and inside[opened].start <= edge:
            opened += 1
        now = tuple(occurrence for occurrence in (*now, *inside[first:opened]) if occurrence.planned_until > edge)
        result.append(now)
    return result
