"""What happened: the outages of a period and how long each gateway was available, read from a journal.

- A connection of its own, for reading only: a slow reader never holds up the writer.
- Four kinds of time, and they add up to the period: up, planned, unplanned, and not observed. What nobody saw is no
  outage and no availability.
- An outage that began before the period or is not over counts with the part that lies in it, at most as many seconds
  as were observed of the whole.
- Instants are aware UTC, durations seconds.
"""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import field
from datetime import UTC, datetime

from supervisor.core.explain.causes import explain
from supervisor.core.model.cause import Cause
from supervisor.core.model.facts import OpenOutage
from supervisor.core.model.snapshot import Snapshot
from supervisor.core.model.vocabulary import Planning
from supervisor.frozen import dataclass
from supervisor.observe.journal.deeds import PastDeed, deeds
from supervisor.observe.journal.facts import from_json
from supervisor.observe.journal.place import HistoryError
from supervisor.observe.journal.rows import instant, microseconds, of_these
from supervisor.observe.masking import fit

TIMEOUT = 2.0
"""Seconds that a question waits for a file that another program holds."""

Stretch = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class PastOutage:
    """One outage. `ended` is None while it lasts; `seconds` are those observed, gaps excluded."""

    gateway: str
    began: datetime
    ended: datetime | None
    cause: str
    planned: bool
    seconds: float
    words: str = ""
    recovered: bool = False
    """It ended with every layer up; not by a pause, and not still open."""


@dataclass(frozen=True, slots=True)
class Totals:
    """One gateway over the period, in seconds."""

    gateway: str
    observed: float
    unobserved: float
    planned: float
    unplanned: float
    planned_outages: int
    unplanned_outages: int

    @property
    def availability(self) -> float | None:
        """Of the observed time that was not planned away, the part with every layer up; None if there is none."""
        expected = self.observed - self.planned
        return (expected - self.unplanned) / expected if expected > 0 else None

    @property
    def availability_with_planned(self) -> float | None:
        """Of all observed time, the part with every layer up; None if there is none."""
        return (self.observed - self.planned - self.unplanned) / self.observed if self.observed > 0 else None


@dataclass(frozen=True, slots=True)
class History:
    """What happened from `since` until `until`: outages by their beginning, and what was observed."""

    since: datetime
    until: datetime
    outages: tuple[PastOutage, ...]
    totals: tuple[Totals, ...]
    watched: Mapping[str, tuple[Stretch, ...]] = field(default_factory=dict)
    maintenance: Mapping[str, tuple[Stretch, ...]] = field(default_factory=dict)
    """Windows that an operator opened and that are over; all others follow from the config."""
    deeds: tuple[PastDeed, ...] = ()
    """What recovery did, oldest first."""


def read(
    place: str,
    since: datetime,
    until: datetime,
    gateways: Sequence[str] | None = None,
    still_open: Iterable[PastOutage] | None = None,
    watching: Iterable[tuple[str, datetime, datetime]] = (),
) -> History:
    """The history of a period; of these gateways, or of all that the journal knows.

    `place` is a URI of SQLite; `still_open` are the outages that have not closed, for who knows better than the
    journal's facts; `watching` are gateways that are observed, since when and until when, beside what the journal has.
    Raises HistoryError.
    """
    try:
        with closing(sqlite3.connect(place, uri=True, timeout=TIMEOUT, isolation_level=None)) as connection:
            connection.execute("PRAGMA query_only = 1")
            connection.execute("PRAGMA read_uncommitted = 1")  # of one in memory: never hold its writer up
            rows = _outages(connection, since, until, gateways)
            spans = _spans(connection, since, until, gateways)
            maintenance = _maintenance(connection, since, until)
            done = deeds(connection, since, until, gateways)
            left = _left_open(connection) if still_open is None else list(still_open)
    except (sqlite3.Error, UnicodeDecodeError, OSError) as error:
        raise HistoryError(f"the journal cannot be read: {error}") from None
    for gateway, began, end in watching:
        if end > since and began < until:
            spans.setdefault(gateway, []).append((max(since, began), min(until, end)))
    found = [*rows, *(outage for outage in left if outage.began < until)]
    names = gateways if gateways is not None else sorted({*spans, *(outage.gateway for outage in found)})
    outages = tuple(sorted((o for o in found if o.gateway in names), key=lambda o: (o.began, o.gateway)))
    watched = {name: tuple(_merged(sorted(spans.get(name, [])))) for name in names}
    totals = tuple(
        totals_of(name, [o for o in outages if o.gateway == name], watched[name], since, until) for name in names
    )
    return History(since, until, outages, totals, watched, maintenance, done)


def open_outages(snapshots: Iterable[Snapshot]) -> list[PastOutage]:
    """The outages that have not closed, as the daemon knows them now."""
    found = []
    for seen in snapshots:
        name, now, left = seen.policy.name, seen.outage, seen.outage_left
        if now is not None:
            found.append(
                PastOutage(
                    name,
                    now.began,
                    now.ended.wall if now.ended is not None else None,
                    now.layer.value,
                    now.planning is Planning.PLANNED,
                    now.seconds,
                    _words(now.cause),
                    recovered=now.ended is not None,
                )
            )
        elif left is not None:
            found.append(_of_facts(name, left))
    return found


def _outages(
    connection: sqlite3.Connection, since: datetime, until: datetime, gateways: Sequence[str] | None
) -> list[PastOutage]:
    these, names = of_these(gateways)
    rows = connection.execute(
        "SELECT gateway, began, ended, cause, planned, seconds, words, recovered FROM outage_spans"
        f" WHERE ended >= ? AND began < ?{these}",
        (microseconds(since), microseconds(until), *names),
    )
    return [
        PastOutage(gateway, instant(began), instant(ended), cause, bool(planned), seconds, words, bool(recovered))
        for gateway, began, ended, cause, planned, seconds, words, recovered in rows
    ]


def _spans(
    connection: sqlite3.Connection, since: datetime, until: datetime, gateways: Sequence[str] | None
) -> dict[str, list[Stretch]]:
    these, names = of_these(gateways)
    rows = connection.execute(
        f"SELECT gateway, began, until FROM watched_spans WHERE until > ? AND began < ?{these} ORDER BY began",
        (microseconds(since), microseconds(until), *names),
    )
    spans: dict[str, list[Stretch]] = {}
    for gateway, began, end in rows:
        spans.setdefault(gateway, []).append((max(since, instant(began)), min(until, instant(end))))
    return spans


def _maintenance(connection: sqlite3.Connection, since: datetime, until: datetime) -> dict[str, tuple[Stretch, ...]]:
    rows = connection.execute(
        "SELECT gateway, at, json_extract(fields, '$.active') FROM events WHERE kind = 'window' AND at >= ? AND at < ?"
        " AND json_extract(fields, '$.window') = 'maintenance' ORDER BY at, id",
        (microseconds(since), microseconds(until)),
    )
    found: dict[str, tuple[Stretch, ...]] = {}
    opened: dict[str, datetime] = {}
    for gateway, at, active in rows:
        if active:
            opened.setdefault(gateway, instant(at))
        else:
            began = opened.pop(gateway, since)
            found[gateway] = (*found.get(gateway, ()), (began, instant(at)))
    return found


def _left_open(connection: sqlite3.Connection) -> list[PastOutage]:
    found = []
    for gateway, text in connection.execute("SELECT gateway, facts FROM facts"):
        try:
            outage = from_json(text).outage
        except ValueError:
            continue  # the daemon tells of broken facts
        if outage is not None:
            found.append(_of_facts(gateway, outage))
    return found


def _of_facts(gateway: str, outage: OpenOutage) -> PastOutage:
    return PastOutage(
        gateway,
        outage.began,
        outage.ended,
        outage.cause,
        outage.planned,
        outage.seconds,
        _words(outage.why),
        recovered=outage.ended is not None,
    )


def _words(cause: Cause | None) -> str:
    return fit(str(explain(cause))) if cause is not None else ""


def _merged(spans: Iterable[Stretch]) -> Iterable[Stretch]:
    """Without overlaps, which a clock that was set back leaves."""
    last: Stretch | None = None
    for began, until in spans:
        if last is None:
            last = (began, until)
        elif began <= last[1]:
            last = (last[0], max(last[1], until))
        else:
            yield last
            last = (began, until)
    if last is not None:
        yield last


def totals_of(
    name: str, outages: Iterable[PastOutage], watched: Sequence[Stretch], since: datetime, until: datetime
) -> Totals:
    """The books of one gateway over a period; what `watched` has lies in it."""
    seconds, counts = {True: 0.0, False: 0.0}, {True: 0, False: 0}
    observed = sum((end - began).total_seconds() for began, end in watched)
    for outage in outages:
        counts[outage.planned] += 1
        seconds[outage.planned] += _within(outage, watched, since, until)
    # The books keep the monotonic clock, the spans the wall clock: never more down than was observed.
    unplanned = min(seconds[False], observed)
    planned = min(seconds[True], observed - unplanned)
    period = max(0.0, (until - since).total_seconds())
    return Totals(name, observed, max(0.0, period - observed), planned, unplanned, counts[True], counts[False])


def _within(outage: PastOutage, watched: Iterable[Stretch], since: datetime, until: datetime) -> float:
    """The seconds of an outage that lie in the period."""
    ended = outage.ended if outage.ended is not None else datetime.max.replace(tzinfo=UTC)
    if since <= outage.began and (outage.ended is None or ended <= until):
        return outage.seconds
    shared = sum(
        max(0.0, (min(end, ended) - max(began, outage.began)).total_seconds())
        for began, end in watched
        if began < ended and end > outage.began
    )
    return shared if outage.ended is None else min(shared, outage.seconds)
