"""What is planned: an account of windows of its own, on lists of openings made once from the pure functions.

- `explains` says whether an active window explains a layer; `Planned` follows one outage from moment to moment.
- `RestartBook` counts how scheduled restarts went, from when a session was ready and when it was not.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from supervisor.core.calendar.windows import (
    RESTARTS,
    Explains,
    Occurrence,
    Window,
    WindowKind,
    maintenance,
    occurrences,
)
from supervisor.core.model.layers import LAYERS, Layer
from supervisor.core.model.vocabulary import RestartResult

PATIENCE = 300.0
LOW = LAYERS[: LAYERS.index(Layer.UPSTREAM)]
"""The layers that a daily server reset explains for `PATIENCE` only."""
MARGIN = timedelta(days=3)
"""Around the run: clocks are set wrong by a day at most."""
UNCLEAR_FROM = 10.0
NEVER = datetime.max.replace(tzinfo=UTC)


class Openings:
    """All openings of a run, with the operator's."""

    def __init__(self, windows: Iterable[Window], begins: datetime, days: float) -> None:
        until = begins + timedelta(days=days) + MARGIN
        self._fixed = list(occurrences(windows, begins - MARGIN, until))
        self._own: list[Occurrence] = []
        self._sort()

    def upkeep(self, begins: datetime, until: datetime) -> None:
        """The operator opens a window; an earlier one of his is gone."""
        self._own = list(occurrences([maintenance(begins, until - begins)], begins, until))
        self._sort()

    def passed(self, wall: datetime) -> None:
        """An operator's window that is over does not come again, whatever the clock is set to."""
        if self._own and wall >= self._own[0].planned_until:
            self.no_upkeep()

    def no_upkeep(self) -> None:
        """He ends it."""
        self._own = []
        self._sort()

    def _sort(self) -> None:
        self._all = sorted((*self._fixed, *self._own), key=lambda o: o.start)
        self._starts = [occurrence.start for occurrence in self._all]
        self._longest = max((o.planned_until - o.start for o in self._all), default=timedelta(0))
        self._edges = sorted({edge for o in self._all for edge in (o.start, o.planned_until)})
        self._held: tuple[datetime, datetime, list[Occurrence]] | None = None

    def active(self, wall: datetime) -> list[Occurrence]:
        held = self._held
        if held is not None and held[0] <= wall < held[1]:
            return held[2]
        after = bisect_right(self._edges, wall)
        until = self._edges[after] if after < len(self._edges) else NEVER
        self._held = (wall, until, self._active(wall))
        return self._held[2]

    def next_edge(self, wall: datetime) -> datetime | None:
        """The first instant later than this one at which a window opens or closes."""
        held = self._held
        if held is not None and held[0] <= wall < held[1]:
            return held[1] if held[1] < NEVER else None
        after = bisect_right(self._edges, wall)
        return self._edges[after] if after < len(self._edges) else None

    def _active(self, wall: datetime) -> list[Occurrence]:
        found = []
        position = bisect_right(self._starts, wall) - 1
        while position >= 0 and wall - self._starts[position] <= self._longest:
            if wall < self._all[position].planned_until:
                found.append(self._all[position])
            position -= 1
        return found

    def between(self, begins: datetime, until: datetime) -> list[Occurrence]:
        """Those that start in (begins, until]."""
        return self._all[bisect_right(self._starts, begins) : bisect_right(self._starts, until)]

    def edges(self, after: datetime, until: datetime) -> Iterator[datetime]:
        """The instants in (after, until] at which a window opens or closes."""
        position = bisect_right(self._starts, after - self._longest)
        while position < len(self._all) and self._starts[position] <= until:
            occurrence = self._all[position]
            for edge in (occurrence.start, occurrence.planned_until):
                if after < edge <= until:
                    yield edge
            position += 1

    def explains(self, layer: Layer, wall: datetime, low_for: float | None) -> bool:
        """`low_for`: seconds for which a layer below `upstream` has been broken at a stretch."""
        low = layer in LOW
        for occurrence in self.active(wall):
            if occurrence.window.explains is Explains.EVERY_LAYER or not low:
                return True
            if low_for is None or low_for < PATIENCE:
                return True
        return False

    def restarting(self, wall: datetime) -> bool:
        return any(occurrence.window.kind in RESTARTS for occurrence in self.active(wall))

    def resetting(self, wall: datetime) -> bool:
        return any(occurrence.window.kind is WindowKind.SERVER_RESET for occurrence in self.active(wall))


@dataclass
class _Watch:
    armed: bool
    absent: bool = False
    """The session was lost in it, and is not back."""
    decided: bool = False
    back: bool = False


@dataclass
class _Away:
    since: float
    in_window: bool
    closed: bool = False
    silent: bool = True
    overran: bool = False


class RestartBook:
    """Scheduled restarts of one process, each window once. What is `active` at its beginning is not judged."""

    def __init__(self, active: list[Occurrence]) -> None:
        self.counts: dict[RestartResult, int] = {}
        self.blips = 0
        self._open = {occurrence: _Watch(False) for occurrence in _restarts(active)}
        self._done: datetime | None = None
        self._last: list[Occurrence] | None = None
        self._away: _Away | None = None

    def turned(self, active: list[Occurrence], before: datetime, wall: datetime, *, ready: bool, steady: bool) -> None:
        """Windows opened or closed since `before`; `ready`: a session was until now; `steady`: nobody set the clock."""
        if active is self._last:
            return
        self._last = active
        now_open = _restarts(active)
        for occurrence in [occurrence for occurrence in self._open if occurrence not in now_open]:
            watch = self._open.pop(occurrence)
            if occurrence.start > wall:
                continue  # the clock was set back: it will open again
            if watch.absent and self._away is not None:
                self._away.overran = watch.decided = True
                self._decide()
            if watch.armed and steady:
                self._ended(occurrence, watch)
            self._done = max(self._done or occurrence.at, occurrence.at)
        for occurrence in now_open:
            if occurrence not in self._open:
                watched = (
                    ready
                    and steady
                    and before < occurrence.start
                    and (self._done is None or occurrence.at > self._done)
                )
                self._open[occurrence] = _Watch(watched)

    def lost(self, mono: float) -> None:
        self._away = _Away(mono, in_window=bool(self._open))
        for watch in self._open.values():
            watch.absent = True

    def failed(self, *, closed: bool, silent: bool) -> None:
        """An attempt at the gateway's own address failed."""
        if self._away is not None:
            self._away.closed = self._away.closed or closed
            self._away.silent = self._away.silent and silent

    def ready(self, mono: float) -> None:
        away, self._away = self._away, None
        if away is not None:
            silent = away.silent and mono - away.since >= UNCLEAR_FROM
            if away.closed or silent or away.overran:
                self._decide()
            else:
                self.blips += away.in_window
        for watch in self._open.values():
            watch.absent = False
            if watch.armed and watch.decided and not watch.back:
                watch.back = True
                self._count(RestartResult.IN_TIME)

    def unwatched(self) -> None:
        """Something was not seen, or was our own doing."""
        self._away = None
        for watch in self._open.values():
            watch.armed = watch.absent = False

    def _decide(self) -> None:
        for watch in self._open.values():
            watch.decided = watch.decided or watch.absent

    def _ended(self, occurrence: Occurrence, watch: _Watch) -> None:
        if watch.decided and not watch.back:
            self._count(RestartResult.OVERDUE)
        elif not watch.decided and occurrence.repetition == 0:
            self._count(RestartResult.NOT_SEEN)

    def _count(self, result: RestartResult) -> None:
        self.counts[result] = self.counts.get(result, 0) + 1


def _restarts(active: list[Occurrence]) -> list[Occurrence]:
    return [occurrence for occurrence in active if occurrence.window.kind in RESTARTS]
