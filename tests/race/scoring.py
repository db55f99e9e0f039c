"""What one fault did to one racer, worked out from its words: pure.

- A claim is what a client says of its connection. A door is what a program asks before it sends an order: the gate, or
  its client's own `isConnected()`.
- `begun` and `ended` are the cause's beginning and end, `until` is when the fault is over for the run.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from tests.race.timeline import Timeline


@dataclass(frozen=True, slots=True)
class Moments:
    """On CLOCK_MONOTONIC."""

    begun: float
    ended: float
    until: float


@dataclass(frozen=True, slots=True)
class Sending:
    """Seconds in which a door was wrong."""

    wrong: float
    """It was open, and an order could not have reached IBKR."""
    needless: float
    """It was closed, and an order could have."""


@dataclass(frozen=True, slots=True)
class Result:
    """What one fault did to one racer; seconds, None is never."""

    ready: bool
    """Whether it was up when the fault began; if not, nothing else means anything."""
    found: float | None = None
    back: float | None = None
    again: float | None = None
    """The same from the beginning of the cause; None if it never said that anything was wrong."""
    noticed: bool = False
    """Whether it ever said that anything was wrong."""
    early: bool = False
    """Whether it claimed to be back before it could be."""
    false: float = 0.0
    """Seconds for which it claimed to be connected and was not."""
    suspected: float | None = None
    """When it first said that the gateway may hang."""
    reconnects: int = 0
    """Connections made at its gateway."""
    restarts: int = 0
    """Gateway restarts asked for."""
    heard_in_time: int = 0
    heard: int = 0
    sent: int = 0
    filled: int = 0
    """Executions that happened at its gateway."""
    missed: int = 0
    """Of them, how many the program does not know of at the end."""
    doors: Mapping[str, Sending] = field(default_factory=dict)


def judged(claims: Timeline, moments: Moments, seen: Result, *, broken: bool) -> Result:
    """What its claims say, added to what was counted."""
    begun, ended, until = moments.begun, moments.ended, moments.until
    found = claims.edge(False, begun)
    suspected = claims.first("suspect", begun)
    up = claims.last_edge(True, ended, until)
    back = None if not claims.up_at(until) else 0.0 if up is None else up - ended
    noticed = found is not None and found <= until
    return replace(
        seen,
        found=found - begun if found is not None and found <= ended else None,
        back=back,
        again=ended + back - begun if noticed and back is not None else None,
        noticed=noticed,
        early=broken and found is not None and found < ended and claims.up_at(ended),
        false=claims.seconds(True, begun, ended) if broken else 0.0,
        suspected=suspected - begun if suspected is not None and suspected <= ended else None,
    )


def sending(door: Timeline, moments: Moments, *, broken: bool) -> Sending:
    """How long a door was wrong. While the cause lasts no order can arrive if it is `broken`; else all can."""
    begun, ended, until = moments.begun, moments.ended, moments.until
    shut_after = door.seconds(False, ended, until)
    if broken:
        return Sending(door.seconds(True, begun, ended), shut_after)
    return Sending(0.0, door.seconds(False, begun, ended) + shut_after)


def missed(line: Timeline, numbers: Collection[int], until: float) -> int:
    """How many of these executions the program had not heard of by then."""
    heard = {word.code for word in line.words("fill") if word.at <= until}
    return len(set(numbers) - heard)
