"""Towards the gateway: is the process that holds our socket alive?

- A ping is `reqCurrentTime`. It proves the gateway's process, not its upstream. It runs in windows too.
- One in flight. The interval counts from the receipt of the last answer, never from the sending: a gateway silently
  ignores a request within 1 s of its last answer.
- Answers carry no id: any answer settles all requests in flight. Only a lone request's round trip is a measurement.
- A miss sends one more at once. The last miss ends the session, unless other messages still come: a busy gateway gets
  up to `PATIENCE` more, pinged every `heartbeat_timeout`. Other traffic saves the session for that long; it never makes
  the layer up.
"""

from dataclasses import dataclass, replace
from enum import Enum
from math import inf

from supervisor.core.model.policy import Timing

PATIENCE = 30.0
"""Seconds after the last miss, at most, in which other traffic keeps the session."""


class Due(Enum):
    """What a moment that was due asks for."""

    NOTHING = "nothing"
    PING = "ping"
    """The interval is over."""
    MISS = "miss"
    """The answer did not come: the layer is down, ping again."""
    DEAD = "dead"
    """The answer did not come, and nothing speaks for the session any more."""


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Times are monotonic seconds. At rest, without a session, nothing is due."""

    up: bool = False
    pings: tuple[float, ...] = ()
    """When the requests in flight were sent, oldest first."""
    next_ping: float | None = None
    misses: int = 0
    """In a row."""
    last_miss: float | None = None
    """The miss that would have ended the session, had nothing else come."""
    last_traffic: float = -inf
    """The last message other than an answer."""
    round_trip: float | None = None
    """The last measured one, in seconds."""


AT_REST = Heartbeat()


def deadline(heartbeat: Heartbeat, timing: Timing) -> float | None:
    """When something is due next; None at rest."""
    if not heartbeat.pings:
        return heartbeat.next_ping
    return min(heartbeat.pings[-1] + timing.heartbeat_timeout, _end(heartbeat, timing))


def judge(heartbeat: Heartbeat, now: float, timing: Timing) -> tuple[Heartbeat, Due]:
    """What `now` asks for. PING and MISS have counted the request that the caller is to send."""
    due = deadline(heartbeat, timing)
    if due is None or now < due:
        return heartbeat, Due.NOTHING
    if not heartbeat.pings:
        return _sent(heartbeat, now), Due.PING
    missed = heartbeat
    if now >= heartbeat.pings[-1] + timing.heartbeat_timeout:
        misses = heartbeat.misses + 1
        last_miss = now if heartbeat.last_miss is None and misses >= timing.heartbeat_misses else heartbeat.last_miss
        missed = replace(heartbeat, up=False, misses=misses, last_miss=last_miss)
    if now >= _end(missed, timing):
        return missed, Due.DEAD
    return _sent(missed, now), Due.MISS


def begin(now: float) -> Heartbeat:
    """The session is ready: the first ping goes at once, and the layer is up on its answer."""
    return Heartbeat(pings=(now,))


def answered(heartbeat: Heartbeat, now: float, timing: Timing) -> tuple[Heartbeat, float | None]:
    """An answer came; with it the round trip, if it can be known.

    One that nobody waits for any more, because an earlier one settled its request, sets the clock like any other.
    """
    if not heartbeat.pings:
        return replace(heartbeat, next_ping=now + timing.heartbeat_interval), None
    round_trip = max(0.0, now - heartbeat.pings[0]) if len(heartbeat.pings) == 1 else None
    in_time = now <= heartbeat.pings[-1] + timing.heartbeat_timeout
    settled = Heartbeat(
        up=in_time,
        next_ping=now + timing.heartbeat_interval,
        last_traffic=heartbeat.last_traffic,
        round_trip=heartbeat.round_trip if round_trip is None else round_trip,
    )
    return settled, round_trip


def heard(heartbeat: Heartbeat, now: float) -> Heartbeat:
    """Another message came."""
    return replace(heartbeat, last_traffic=now)


def doubt(heartbeat: Heartbeat, now: float) -> Heartbeat:
    """The machine slept: nothing is known until an answer comes. One more ping goes now; the misses begin anew."""
    return _sent(replace(heartbeat, up=False, misses=0, last_miss=None), now)


def sent(heartbeat: Heartbeat, at: float) -> Heartbeat:
    """The latest ping goes only then: its answer is due from there on."""
    if heartbeat.pings[-1] == at:
        return heartbeat
    return replace(heartbeat, pings=(*heartbeat.pings[:-1], at))


def retimed(heartbeat: Heartbeat, longer: float) -> Heartbeat:
    """The interval is `longer` from now on, counted from the last answer as before."""
    due = heartbeat.next_ping
    return heartbeat if due is None else replace(heartbeat, next_ping=due + longer)


def _sent(heartbeat: Heartbeat, now: float) -> Heartbeat:
    return replace(heartbeat, pings=(*heartbeat.pings, now), next_ping=None)


def _end(heartbeat: Heartbeat, timing: Timing) -> float:
    """After the last miss: when silence, or the end of patience, ends the session. Before it, never."""
    if heartbeat.last_miss is None:
        return inf
    return min(heartbeat.last_traffic + timing.heartbeat_timeout, heartbeat.last_miss + PATIENCE)
