"""What `/api/v1/history` adds for who asks: days, sessions, restarts, what gateways said, events.

`include` names them. Lists are newest first and have at most `limit` rows; `limit` holds for outages too, if it is
given. Days are those of `timezone`. Instants are RFC 3339 in UTC, durations seconds; unknown is null.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, tzinfo
from typing import Any

from supervisor.core.calendar.rules import zone_of
from supervisor.core.explain.report import Level
from supervisor.frozen import dataclass
from supervisor.observe.journal import past
from supervisor.observe.journal.days import days_of
from supervisor.observe.journal.history import History
from supervisor.observe.journal.past import Wanted
from supervisor.observe.web.history_json import BadPeriod, figures
from supervisor.observe.web.status_json import instant
from supervisor.observe.web.stream import as_json

LIMIT = 200
MOST = 1000
DAYS = "days"
LEVELS = {level.name.lower(): level for level in Level}


@dataclass(frozen=True, slots=True)
class More:
    """What else is asked for."""

    include: frozenset[str] = frozenset()
    limit: int | None = None
    level: Level = Level.INFO
    zone: tzinfo = UTC


def more(asked: Mapping[str, str]) -> More:
    """What the parameters ask for. Raises BadPeriod with a sentence that says what would be right."""
    include = frozenset(word for word in asked.get("include", "").split(",") if word)
    unknown = sorted(include - {DAYS, *_LISTS})
    if unknown:
        raise BadPeriod(f"include has some of {', '.join((DAYS, *_LISTS))}, not {unknown[0][:40]!r}")
    level = LEVELS.get(asked.get("level") or "info")
    if level is None:
        raise BadPeriod(f"level is one of {', '.join(LEVELS)}")
    try:
        zone = zone_of(asked.get("timezone") or "UTC")
    except ValueError as error:
        raise BadPeriod(str(error)) from None
    return More(include, _limit(asked.get("limit")), level, zone)


def with_more(
    place: str, history: History, gateways: Sequence[str] | None, more: More, answer: dict[str, Any]
) -> dict[str, Any]:
    """The answer of `history_json` with what else was asked for. Raises HistoryError."""
    if DAYS in more.include:
        for found in answer["gateways"]:
            found["days"] = [
                {
                    "day": day.day.isoformat(),
                    "start": instant(day.start),
                    "end": instant(day.end),
                    **figures(day.totals),
                }
                for day in days_of(history, found["name"], more.zone)
            ]
    if more.limit is not None:
        answer["outages"] = answer["outages"][-more.limit :]
    wanted = Wanted(history.since, history.until, gateways, more.limit or LIMIT, more.level)
    return answer | {name: read(place, wanted) for name, read in _LISTS.items() if name in more.include}


def _sessions(place: str, wanted: Wanted) -> list[dict[str, Any]]:
    return [
        {
            "gateway": session.gateway,
            "ready": instant(session.ready),
            "lost": instant(session.lost),
            "epoch": session.epoch,
            "server_version": session.server_version,
            "reason": session.reason,
            "planned": session.planned,
        }
        for session in past.sessions(place, wanted)
    ]


def _restarts(place: str, wanted: Wanted) -> list[dict[str, Any]]:
    return [
        {"gateway": found.gateway, "time": instant(found.at), "result": found.result, "text": found.text}
        for found in past.restarts(place, wanted)
    ]


def _said(place: str, wanted: Wanted) -> list[dict[str, Any]]:
    return [
        {
            "gateway": found.gateway,
            "code": found.code,
            "text": found.text,
            "first": instant(found.began),
            "last": instant(found.last),
            "times": found.times,
        }
        for found in past.said(place, wanted)
    ]


def _events(place: str, wanted: Wanted) -> list[dict[str, Any]]:
    return [as_json(record) | {"times": times} for record, times in past.events(place, wanted)]


_LISTS: Mapping[str, Callable[[str, Wanted], list[dict[str, Any]]]] = {
    "sessions": _sessions,
    "restarts": _restarts,
    "said": _said,
    "events": _events,
}


def _limit(asked: str | None) -> int | None:
    if not asked:
        return None
    if not (asked.isascii() and asked.isdigit() and len(asked) < 5 and 1 <= int(asked) <= MOST):
        raise BadPeriod(f"limit is a number from 1 to {MOST}")
    return int(asked)
