"""`/api/v1/history` and what the command prints: a period as it is asked for, and its history as JSON.

Instants are RFC 3339 in UTC, durations seconds, availabilities from 0 to 1; unknown is null.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from supervisor.core.calendar.durations import seconds_of
from supervisor.core.calendar.windows import occurrences
from supervisor.core.model.snapshot import Snapshot
from supervisor.observe.journal.history import History, Totals
from supervisor.observe.web.status_json import instant

DEFAULT = "7d"
LONGEST = timedelta(days=3660)
WINDOWS_FOR = timedelta(days=8)
"""Of a longer period the windows are not listed."""


class BadPeriod(ValueError):
    """The period makes no sense; the text says what would."""


def period(since: str | None, until: str | None, now: datetime) -> tuple[datetime, datetime]:
    """The period that is meant: each end is how long ago (`7d`) or an instant (ISO 8601). Raises BadPeriod."""
    begin = _moment(since or DEFAULT, now, "since")
    end = min(_moment(until, now, "until"), now) if until else now
    if begin >= end:
        raise BadPeriod("since is not before until")
    if end - begin > LONGEST:
        raise BadPeriod("a period has at most ten years")
    return begin, end


def history_json(history: History, snapshots: Iterable[Snapshot] = ()) -> dict[str, Any]:
    """The whole answer; `snapshots` know the zones and the windows of the gateways."""
    known = {snapshot.policy.name: snapshot for snapshot in snapshots}
    return {
        "since": instant(history.since),
        "until": instant(history.until),
        "gateways": [
            {
                "name": total.gateway,
                **figures(total),
                "timezone": known[total.gateway].policy.timezone if total.gateway in known else None,
                "watched": [[instant(began), instant(end)] for began, end in history.watched[total.gateway]],
                "windows": _windows(known.get(total.gateway), history),
            }
            for total in history.totals
        ],
        "outages": [
            {
                "gateway": outage.gateway,
                "began": instant(outage.began),
                "ended": instant(outage.ended),
                "seconds": round(outage.seconds, 3),
                "cause": outage.cause,
                "planned": outage.planned,
                "recovered": outage.recovered,
                "words": outage.words,
            }
            for outage in history.outages
        ],
        "deeds": [
            {
                "gateway": deed.gateway,
                "at": instant(deed.at),
                "rung": deed.rung,
                "by": deed.by,
                "needs_login": deed.needs_login,
                "result": deed.result,
                "ended": instant(deed.ended),
                "words": deed.words,
            }
            for deed in history.deeds
        ],
    }


def figures(totals: Totals) -> dict[str, Any]:
    """The books of a time, as a gateway's have them."""
    return {
        "observed_seconds": round(totals.observed, 3),
        "unobserved_seconds": round(totals.unobserved, 3),
        "planned_seconds": round(totals.planned, 3),
        "unplanned_seconds": round(totals.unplanned, 3),
        "planned_outages": totals.planned_outages,
        "unplanned_outages": totals.unplanned_outages,
        "availability": totals.availability,
        "availability_with_planned": totals.availability_with_planned,
    }


def _windows(snapshot: Snapshot | None, history: History) -> list[dict[str, Any]]:
    if snapshot is None or history.until - history.since > WINDOWS_FOR:
        return []
    found = [
        (occurrence.window.name, occurrence.start, occurrence.planned_until)
        for occurrence in occurrences(snapshot.policy.windows, history.since, history.until)
    ]
    found += [("maintenance", began, end) for began, end in history.maintenance.get(snapshot.policy.name, ())]
    for view in snapshot.windows:  # the operator's own are in no policy; one that is open is not over
        if view.name == "maintenance" and view.active and view.start is not None and view.end is not None:
            found.append((view.name, view.start, view.end))
    return [{"name": name, "start": instant(start), "end": instant(end)} for name, start, end in dict.fromkeys(found)]


def _moment(said: str, now: datetime, what: str) -> datetime:
    ago = seconds_of(said)
    try:
        if ago is not None:
            return now - timedelta(seconds=ago)
        moment = datetime.fromisoformat(said.strip())
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadPeriod(
            f"{what} is how long ago, such as 12h or 7d, or an instant such as 2026-11-23T15:00:00Z, not {said[:40]!r}"
        ) from None
