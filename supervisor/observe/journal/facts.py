"""The facts of a gateway as JSON, and back.

- What is written follows from the dataclasses themselves, so that a new fact cannot be forgotten here.
- Reading is forgiving about age and strict about sense: a key of a newer version is ignored, a missing one has its
  default; a value of the wrong type makes the whole record broken, because half a record is a guess.
- Instants are RFC 3339 in UTC.
"""

import json
import math
import types
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

from supervisor.core.calendar.rules import utc
from supervisor.core.model.cause import Cause, CauseKey
from supervisor.core.model.facts import Facts

VERSION = 1
"""Of the form; to be raised only when a key changes its meaning."""


def to_json(facts: Facts) -> str:
    """One line of JSON. Raises ValueError for what cannot be read back: a naive instant, a number that is none."""
    return json.dumps({"version": VERSION, **_mapping(facts)}, allow_nan=False, sort_keys=True)


def from_json(text: str) -> Facts:
    """What `to_json` was given. Raises ValueError, with the place, for a broken record."""
    try:
        said = json.loads(text)
    except RecursionError:
        raise ValueError("facts: nested too deeply") from None
    facts: Facts = _record(Facts, said, "facts")
    return facts


def _mapping(record: Any) -> dict[str, Any]:
    return {field.name: _value(getattr(record, field.name)) for field in fields(record)}


def _value(value: Any) -> Any:
    if isinstance(value, datetime):
        return utc(value).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if is_dataclass(value):
        return _mapping(value)
    return value


def _record(kind: Any, said: object, place: str) -> Any:
    if not isinstance(said, Mapping):
        raise ValueError(f"{place}: not a mapping: {said!r:.80}")
    hints = _hints(kind)
    values = {}
    for field in fields(kind):
        if field.name in said:
            values[field.name] = _read(hints[field.name], said[field.name], f"{place}.{field.name}")
        elif _needed(field):
            raise ValueError(f"{place}.{field.name}: missing")
    return kind(**values)


def _read(kind: Any, said: object, place: str) -> Any:
    if get_origin(kind) in (types.UnionType, Union):
        if said is None:
            return None
        kind = next(part for part in get_args(kind) if part is not type(None))
    if kind is Cause:
        return _cause(said, place)
    if is_dataclass(kind):
        return _record(kind, said, place)
    if kind == tuple[str, ...] and isinstance(said, list) and all(isinstance(each, str) for each in said):
        return tuple(said)
    if kind is date and isinstance(said, str):
        return _day(said, place)
    if kind is datetime and isinstance(said, str):
        return _instant(said, place)
    if kind is float and type(said) in (int, float):
        return _number(said, place)
    if isinstance(kind, type) and issubclass(kind, StrEnum) and isinstance(said, str) and said in {*kind}:
        return kind(said)
    if type(said) is kind:
        return said
    raise ValueError(f"{place}: not a {kind.__name__}: {said!r:.80}")


def _cause(said: object, place: str) -> Cause | None:
    """A likely cause; one that only a newer version knows is none."""
    key = said.get("key") if isinstance(said, Mapping) else None
    if key not in CauseKey.__members__.values():
        return None
    return _record(Cause, said, place)  # type: ignore[no-any-return]


def _day(said: str, place: str) -> date:
    try:
        return date.fromisoformat(said)
    except ValueError as error:
        raise ValueError(f"{place}: {error}") from None


def _instant(said: str, place: str) -> datetime:
    try:
        return utc(datetime.fromisoformat(said)).replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{place}: {error}") from None


def _number(said: Any, place: str) -> float:
    try:
        number = float(said)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ValueError(f"{place}: not finite")
    return number


def _needed(field: Field[Any]) -> bool:
    return field.default is MISSING and field.default_factory is MISSING


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)
