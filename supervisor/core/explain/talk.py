"""What has been said already, so that a long night makes a short log.

- A cause is told once for each outage, again only when it changes; a way to fail at most once an hour.
- 1100 repeats for hours: told at its first word and summed up at the end.
- Farms break and heal in bursts: what happens within `BURST` seconds is one line.
- A code that changes nothing is told once an hour.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from supervisor.core.codes.farm_kinds import FarmState
from supervisor.core.model.status import Status
from supervisor.core.parts.farms import FarmKey, Farms
from supervisor.core.parts.session import Failure

BURST = 5.0
HOUR = 3600.0
REMEMBERED = 256
"""Codes whose last telling is remembered."""


@dataclass(frozen=True, slots=True)
class Talk:
    """What was told, and what waits to be told. Times are monotonic seconds."""

    failure: Failure | None = None
    """How the last attempt failed; None once one was ready."""
    failures: Mapping[Failure, float] = field(default_factory=dict)
    """When each failure was last told in this outage."""
    codes: Mapping[int, float] = field(default_factory=dict)
    """When a code was last told."""
    farms: frozenset[FarmKey] = frozenset()
    """Farms that broke, or healed after they were told as broken, since the last line about farms."""
    farms_at: float | None = None
    """When that line is due."""
    broken: frozenset[FarmKey] = frozenset()
    """Farms that the log knows as broken."""
    missing_farms: bool = False
    """The warning about required farms that were never seen was given."""
    mismatch: str = ""
    """The zones that were last told as different."""
    misses: bool = False
    """The slow heartbeat of this outage was told."""
    status: Status = Status.DOWN
    """The status that was last told."""


def may_tell(talk: Talk, code: int, now: float) -> tuple[Talk, bool]:
    """Whether a code that changes nothing is told now: once an hour."""
    last = talk.codes.get(code)
    if last is not None and now - last < HOUR:
        return talk, False
    codes = dict(talk.codes)
    codes.pop(code, None)
    if len(codes) >= REMEMBERED:
        codes.pop(next(iter(codes)))
    codes[code] = now
    return replace(talk, codes=codes), True


def may_tell_failure(talk: Talk, failure: Failure, now: float) -> tuple[Talk, bool]:
    """Whether a failed attempt is told now: if it fails in another way than the last one, once an hour for each way.

    A gateway that hangs may time out in two ways by turns, all night.
    """
    if talk.failure is failure:
        return talk, False
    talk = replace(talk, failure=failure)
    last = talk.failures.get(failure)
    if last is not None and now - last < HOUR:
        return talk, False
    return replace(talk, failures={**talk.failures, failure: now}), True


def farm_changed(talk: Talk, key: FarmKey, state: FarmState, now: float) -> Talk:
    """A farm's state changed: worth a line if it broke, or if the log knows it as broken."""
    if state is not FarmState.BROKEN and key not in talk.broken and key not in talk.farms:
        return talk
    due = talk.farms_at if talk.farms_at is not None else now + BURST
    return replace(talk, farms=talk.farms | {key}, farms_at=due)


def farm_line(talk: Talk, farms: Farms) -> tuple[Talk, str, bool]:
    """The line that is due, and whether it is bad news."""
    broken = frozenset(key for key in talk.farms if farms.known[key].state is FarmState.BROKEN)
    healed = talk.farms - broken
    parts = []
    if broken:
        parts.append(f"broken: {_names(broken)}")
    if healed & talk.broken:
        parts.append(f"back: {_names(healed & talk.broken)}")
    if healed - talk.broken:
        parts.append(f"broke and healed within {BURST:g} s: {_names(healed - talk.broken)}")
    told = replace(talk, farms=frozenset(), farms_at=None, broken=(talk.broken - healed) | broken)
    return told, f"farms {'; '.join(parts)}", bool(broken)


def farms_gone(talk: Talk) -> Talk:
    """With the session all farms are unknown."""
    return replace(talk, farms=frozenset(), farms_at=None, broken=frozenset())


def _names(keys: frozenset[FarmKey], most: int = 12) -> str:
    names = sorted(f"{kind}/{name}" for kind, name in keys)
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
