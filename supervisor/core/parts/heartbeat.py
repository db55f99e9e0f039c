"""Towards the gateway: is the process that holds our socket alive?

- A ping is `reqCurrentTime`. It proves the gateway's process, not its upstream. It runs in windows too.
- The interval counts from the receipt of the last answer, never from the sending: a gateway silently ignores a request
  that comes less than about 1 s after its last answer (docs/facts/ib.md). No ping goes sooner than `THROTTLE` after it.
- Answers carry no id: any answer settles all requests in flight. Only a lone request's round trip is a measurement, and
  that of the first of two that were both answered.
- A ping that is not answered within `suspect_after` makes the gateway suspect. If the round trip before was faster than
  that, one more ping goes `THROTTLE` after the first, once an episode: a request that the gateway merely ignored ends
  as a short suspicion and never as an outage.
- The deadline of a miss counts from the first ping, not from that second one. A miss sends one more at once. The last
  miss ends the session, unless other messages still come: a busy gateway gets up to `PATIENCE` more, pinged every
  `heartbeat_timeout`. Other traffic saves the session for that long; it never makes the layer up.
"""

from math import inf
from typing import NamedTuple

from supervisor.core.model.policy import Timing
from supervisor.frozen import dataclass, replace

PATIENCE = 30.0
"""Seconds after the last miss, at most, in which other traffic keeps the session."""
OFTEN, OFTEN_WITHIN = 3, 600.0
"""So many ignored pings within so many seconds are told of."""
THROTTLE = 1.2
"""Seconds after an answer within which a gateway may ignore the next request."""


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Times are monotonic seconds. At rest, without a session, nothing is due."""

    up: bool = False
    pings: tuple[float, ...] = ()
    """When the requests in flight were sent, oldest first."""
    counts_from: float = -inf
    """When the request was sent whose deadline is running."""
    next_ping: float | None = None
    answered_at: float | None = None
    """The last answer of this session."""
    misses: int = 0
    """In a row."""
    last_miss: float | None = None
    """The miss that would have ended the session, had nothing else come."""
    last_traffic: float = -inf
    """The last message other than an answer."""
    round_trip: float | None = None
    """The last measured one, in seconds."""
    suspect: bool = False
    """The request in flight is not answered in time for a healthy gateway."""
    doubled: bool = False
    """One more ping was sent in this suspicion."""
    owed: float | None = None
    """Two were in flight and one answer came: the first one's round trip, if the other is only late and not ignored."""


AT_REST = Heartbeat()


class Judgement(NamedTuple):
    """What a moment that was due asks for."""

    heartbeat: Heartbeat
    ping: bool = False
    """Send a request: it has been counted."""
    missed: bool = False
    """An answer did not come: the layer is down."""
    dead: bool = False
    """Nothing speaks for the session any more."""
    ignored: bool = False
    """The gateway never answered a request that another one overtook."""


def deadline(heartbeat: Heartbeat, timing: Timing) -> float | None:
    """When something is due next; None at rest."""
    if not heartbeat.pings:
        return heartbeat.next_ping
    if not heartbeat.suspect:
        due = heartbeat.counts_from + timing.suspect_after
    elif _may_double(heartbeat, timing):
        due = min(_doubles_at(heartbeat, timing), heartbeat.counts_from + timing.heartbeat_timeout)
    else:
        due = min(heartbeat.counts_from + timing.heartbeat_timeout, _end(heartbeat, timing))
    return due if heartbeat.next_ping is None else min(due, heartbeat.next_ping)


def judge(heartbeat: Heartbeat, now: float, timing: Timing) -> Judgement:
    """What `now` asks for."""
    due = deadline(heartbeat, timing)
    if due is None or now < due:
        return Judgement(heartbeat)
    if heartbeat.next_ping is not None and now >= heartbeat.next_ping:
        stood = not heartbeat.pings and now >= heartbeat.next_ping + timing.suspect_after  # the loop: nobody asked
        sent = _sent(replace(heartbeat, owed=None), now)
        return Judgement(replace(sent, suspect=True) if stood else sent, ping=True, ignored=heartbeat.owed is not None)
    after = replace(heartbeat, suspect=True)  # the first thing that is due of a request in flight
    if now >= after.counts_from + timing.heartbeat_timeout:
        misses = after.misses + 1
        last_miss = now if after.last_miss is None and misses >= timing.heartbeat_misses else after.last_miss
        after = replace(after, up=False, misses=misses, last_miss=last_miss)
        if now >= _end(after, timing):
            return Judgement(after, missed=True, dead=True)
        return Judgement(_sent(after, now), ping=True, missed=True)
    if now >= _end(after, timing):
        return Judgement(after, dead=True)
    if _may_double(after, timing) and now >= _doubles_at(after, timing):
        return Judgement(replace(after, pings=(*after.pings, now), doubled=True), ping=True)
    return Judgement(after)


def begin(now: float) -> Heartbeat:
    """The session is ready: the first ping goes at once, and the layer is up on its answer."""
    return _sent(AT_REST, now)


def answered(heartbeat: Heartbeat, now: float, timing: Timing) -> tuple[Heartbeat, float | None]:
    """An answer came; with it the round trip, if it can be known.

    One that nobody waits for any more, because an earlier one settled its request, sets the clock like any other.
    """
    next_ping = now + timing.heartbeat_interval
    if not heartbeat.pings:
        late = heartbeat.round_trip if heartbeat.owed is None else heartbeat.owed
        settled = replace(heartbeat, next_ping=next_ping, answered_at=now, owed=None, round_trip=late)
        return settled, heartbeat.owed
    round_trip = max(0.0, now - heartbeat.pings[0]) if len(heartbeat.pings) == 1 else None
    settled = Heartbeat(
        up=now <= heartbeat.counts_from + timing.heartbeat_timeout,
        next_ping=next_ping,
        answered_at=now,
        last_traffic=heartbeat.last_traffic,
        round_trip=heartbeat.round_trip if round_trip is None else round_trip,
        owed=now - heartbeat.pings[0] if heartbeat.doubled and not heartbeat.misses else None,
    )
    return settled, round_trip


def heard(heartbeat: Heartbeat, now: float) -> Heartbeat:
    """Another message came."""
    return replace(heartbeat, last_traffic=now)


def stood_still(heartbeat: Heartbeat, seconds: float, now: float) -> Heartbeat:
    """For so long nobody could read an answer: what waits for one waits as much longer, and at most anew from now."""
    last_miss = heartbeat.last_miss
    return replace(
        heartbeat,
        pings=tuple(min(sent_at + seconds, now) for sent_at in heartbeat.pings),
        counts_from=min(heartbeat.counts_from + seconds, now),
        last_miss=None if last_miss is None else min(last_miss + seconds, now),
        last_traffic=min(heartbeat.last_traffic + seconds, now),
    )


def asked(heartbeat: Heartbeat, now: float) -> Heartbeat:
    """Somebody wants the gateway's time: the next ping goes as soon as the gateway would not ignore it.

    One that is in flight serves them too.
    """
    if heartbeat.next_ping is None or heartbeat.answered_at is None:
        return heartbeat
    return replace(heartbeat, next_ping=min(heartbeat.next_ping, max(now, heartbeat.answered_at + THROTTLE)))


def doubt(heartbeat: Heartbeat, now: float) -> Judgement:
    """The machine slept: nothing is known until an answer comes.

    One more ping goes now, or as soon as the gateway would not ignore it. The misses begin again.
    """
    fresh = replace(heartbeat, up=False, misses=0, last_miss=None, suspect=False, doubled=False, owed=None)
    earliest = now if fresh.answered_at is None else max(now, fresh.answered_at + THROTTLE)
    if earliest > now:
        return Judgement(replace(fresh, next_ping=earliest, counts_from=earliest))
    return Judgement(_sent(fresh, now), ping=True)


def sent(heartbeat: Heartbeat, at: float) -> Heartbeat:
    """The latest ping goes only then: its answer is due from there on."""
    latest = heartbeat.pings[-1]
    if latest == at:
        return heartbeat
    counts_from = at if heartbeat.counts_from == latest else heartbeat.counts_from
    return replace(heartbeat, pings=(*heartbeat.pings[:-1], at), counts_from=counts_from)


def retimed(heartbeat: Heartbeat, longer: float) -> Heartbeat:
    """The interval is `longer` from now on, counted from the last answer as before."""
    due = heartbeat.next_ping
    return heartbeat if due is None else replace(heartbeat, next_ping=due + longer)


def ignored_again(earlier: tuple[float, ...], now: float) -> tuple[tuple[float, ...], bool]:
    """The moments of ignored pings that still count, and whether they are often enough to be told of."""
    lately = (*(moment for moment in earlier if now - moment < OFTEN_WITHIN), now)
    return ((), True) if len(lately) >= OFTEN else (lately, False)


def _sent(heartbeat: Heartbeat, now: float) -> Heartbeat:
    return replace(heartbeat, pings=(*heartbeat.pings, now), counts_from=now, next_ping=None)


def _may_double(heartbeat: Heartbeat, timing: Timing) -> bool:
    """Only where the gateway was quick before is silence the sign of a request that it ignored."""
    before = heartbeat.round_trip
    return not heartbeat.doubled and not heartbeat.misses and before is not None and before < timing.suspect_after


def _doubles_at(heartbeat: Heartbeat, timing: Timing) -> float:
    return heartbeat.counts_from + max(THROTTLE, timing.suspect_after)


def _end(heartbeat: Heartbeat, timing: Timing) -> float:
    """After the last miss: when silence, or the end of patience, ends the session. Before it, never."""
    if heartbeat.last_miss is None:
        return inf
    return min(heartbeat.last_traffic + timing.heartbeat_timeout, heartbeat.last_miss + PATIENCE)
