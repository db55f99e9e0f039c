"""What an operator may ask for one gateway, read from a request: each is an entry of `ASKS`.

- What is asked comes in the query, in a form or in a JSON object: `for`, `reason`, `end`, `rung`. Durations are written
  as in the config file: 90s, 15m, 2h.
- Anything that is not understood is refused with a sentence that says what would be right.
"""

import json
import math
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

from supervisor.core.calendar.durations import seconds_of
from supervisor.core.model.events import (
    IdsConfirmed,
    LoginConfirmed,
    MaintenanceAsked,
    MaintenanceEnded,
    OperatorEvent,
    PauseAsked,
    ResumeAsked,
    RungApproved,
    RungAsked,
)
from supervisor.core.model.policy import LONGEST_MAINTENANCE
from supervisor.core.model.recovery.rules import Rung
from supervisor.frozen import replace

LONGEST_PAUSE = timedelta(days=400)
LONGEST_REASON = 200
_TRUTH = {"true": True, "false": False}


class BadRequest(ValueError):
    """The request is refused; the text says what would be right."""


def fields_of(query: str, body: bytes, content_type: str) -> dict[str, str]:
    """What the request says, by name. Raises BadRequest."""
    pairs = _pairs(query)
    if body:
        kind = content_type.partition(";")[0].strip().lower()
        if kind == "application/json":
            pairs += _from_json(body)
        elif kind in ("", "application/x-www-form-urlencoded"):
            pairs += _pairs(_text(body))
        else:
            raise BadRequest("send a form (application/x-www-form-urlencoded) or a JSON object (application/json)")
    fields: dict[str, str] = {}
    for name, value in pairs:
        if name in fields:
            raise BadRequest(f"{name!r} is given twice")
        fields[name] = value
    return fields


def event_of(what: str, fields: Mapping[str, str], now: datetime, by: str = "") -> OperatorEvent:
    """The event that is asked for, and who asks. Raises BadRequest, and KeyError for an unknown `what`."""
    known, read = ASKS[what]
    unknown = sorted(set(fields) - known)
    if unknown:
        may = f"it takes {', '.join(sorted(known))}" if known else "it takes nothing"
        raise BadRequest(f"{what} does not know {unknown[0]!r}: {may}")
    event = read(fields, now)
    return replace(event, by=by) if isinstance(event, PauseAsked) else event


def _pause(fields: Mapping[str, str], now: datetime) -> OperatorEvent:
    said = fields.get("for")
    return PauseAsked(now + _duration(said, LONGEST_PAUSE) if said is not None else None)


def _resume(fields: Mapping[str, str], now: datetime) -> OperatorEvent:
    return ResumeAsked()


def _maintenance(fields: Mapping[str, str], now: datetime) -> OperatorEvent:
    end = _TRUTH.get(fields.get("end", "false").lower())
    if end is None:
        raise BadRequest("'end' is true or false")
    if end == ("for" in fields):
        raise BadRequest("say either how long, such as for=15m, or end=true")
    if end:
        return MaintenanceEnded()
    until = now + _duration(fields["for"], LONGEST_MAINTENANCE)
    return MaintenanceAsked(until, _reason(fields.get("reason", "")))


def _confirm_ids(fields: Mapping[str, str], now: datetime) -> OperatorEvent:
    return IdsConfirmed()


def _confirm_login(fields: Mapping[str, str], now: datetime) -> OperatorEvent:
    return LoginConfirmed()


def _approve(fields: Mapping[str, str], now: datetime) -> OperatorEvent:
    return RungApproved(rung=_rung(fields))


def _recover(fields: Mapping[str, str], now: datetime) -> OperatorEvent:
    return RungAsked(_rung(fields))


def _rung(fields: Mapping[str, str]) -> Rung | None:
    said = fields.get("rung")
    if said is not None and said not in {*Rung}:
        raise BadRequest(f"'rung' is one of {', '.join(Rung)}, not {said[:40]!r}")
    return Rung(said) if said is not None else None


ASKS: Mapping[str, tuple[frozenset[str], Callable[[Mapping[str, str], datetime], OperatorEvent]]] = {
    "pause": (frozenset({"for"}), _pause),
    "resume": (frozenset(), _resume),
    "maintenance": (frozenset({"for", "reason", "end"}), _maintenance),
    "confirm-login": (frozenset(), _confirm_login),
    "confirm-ids": (frozenset(), _confirm_ids),
    "approve": (frozenset({"rung"}), _approve),
    "recover": (frozenset({"rung"}), _recover),
}
"""By the last word of the path: the fields it takes, and how they are read."""


def _duration(said: str, longest: timedelta) -> timedelta:
    seconds = seconds_of(said)
    if seconds is None:
        raise BadRequest(f"'for' is a duration such as 90s, 15m or 2h, not {said[:40]!r}")
    if seconds <= 0:
        raise BadRequest("'for' is longer than 0")
    if seconds > longest.total_seconds():
        hours = math.floor(longest.total_seconds() / 3600)
        raise BadRequest(f"'for' is at most {hours}h")
    return timedelta(seconds=seconds)


def _reason(said: str) -> str:
    reason = said.strip()
    if len(reason) > LONGEST_REASON or not reason.isprintable():
        raise BadRequest(f"'reason' is one line of at most {LONGEST_REASON} characters")
    return reason


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise BadRequest("the body is not UTF-8") from None


def _pairs(text: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=16)
    except ValueError:
        raise BadRequest("write fields as name=value, joined by &") from None


def _from_json(body: bytes) -> list[tuple[str, str]]:
    text = _text(body)
    try:
        read: Any = json.loads(text, object_pairs_hook=list)
    except (ValueError, RecursionError):
        raise BadRequest("the body is not JSON") from None
    if not isinstance(read, list) or not all(isinstance(pair, tuple) for pair in read):
        raise BadRequest('the body is not a JSON object such as {"for": "15m"}')
    pairs: list[tuple[str, str]] = []
    for name, value in read:
        if not isinstance(value, str | bool):
            raise BadRequest(f"{name[:40]!r} is neither a text nor true or false")
        pairs.append((name, value if isinstance(value, str) else str(value).lower()))
    return pairs
