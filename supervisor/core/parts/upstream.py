"""From the gateway to IBKR's servers.

- 1100 and 2110 end it. They repeat for hours (833 times in one night in a public log), so a repetition changes no
  state.
- Only evidence brings it back: 1101, 1102, or an answered probe. Farm notices are no evidence: a gateway tells cached
  ones while IBKR is away.
- A probe's answer counts only if no 1100 or 2110 came since the probe was sent. Whether a gateway answers contract
  details from a cache is not known; that is why a session that has heard 1100 itself is not probed before both have
  been silent for `QUIET`.
- A session that begins while the loss is outstanding is never told so by the gateway: the loss is carried into it. One
  that begins in a server reset is assumed to have none; if its first probe is answered, there was no loss.
- Times are monotonic seconds, except `since`, which people are told.
"""

from datetime import datetime

from supervisor.core.calendar.clock import Now
from supervisor.core.model.policy import Policy
from supervisor.core.model.vocabulary import Data, Evidence
from supervisor.frozen import dataclass, replace

QUIET = 120.0
"""Seconds without 1100 and 2110 before silence means anything."""
PROBE_TIMES = (0.5, 5.0, 15.0, 30.0)
"""Seconds after ready, in a session into which a loss was carried; then every `PROBE_INTERVAL`."""
PROBE_INTERVAL = 60.0
PROBES_KEPT = 8
"""Unanswered probes whose late answers still count."""


_DATA_OF = {Evidence.NOTICE_1101: Data.LOST, Evidence.NOTICE_1102: Data.MAINTAINED}


@dataclass(frozen=True, slots=True)
class Upstream:
    """Outlives sessions: a loss is outstanding until evidence ends it."""

    up: bool = True
    since: datetime | None = None
    """None until the first session."""
    evidence: Evidence | None = None
    lost_at: float | None = None
    """When the loss began; None if there is none, or an earlier process saw its beginning."""
    heard_at: float | None = None
    """The last 1100 or 2110 in the present session."""
    told_by_1100: bool = False
    """A 1100 belongs to this loss, so that silence alone cannot end it in its own session."""
    repeats: int = 0
    """1100 and 2110 after the first of this loss."""
    probed_at: float | None = None
    """The last probe in the present session since the last 1100 or 2110."""
    probes: tuple[int, ...] = ()
    """Requests whose answers would count."""
    settling_until: float | None = None
    undecided: bool = False
    """Assumed to be lost, and the first probe has not decided it yet."""


def begin_session(upstream: Upstream, now: Now, *, resetting: bool, probing: bool) -> Upstream:
    """A session is ready. `resetting`: a server reset is active; `probing`: a probe may decide what is assumed then."""
    fresh = replace(upstream, probed_at=None, probes=())
    if not upstream.up and upstream.heard_at is not None:
        return fresh  # lost by a notice of this session, before it was ready
    fresh = replace(fresh, heard_at=None, told_by_1100=False)
    if not upstream.up:
        return replace(fresh, evidence=Evidence.CARRIED)
    if resetting:
        return replace(
            fresh,
            up=False,
            since=now.wall,
            evidence=Evidence.ASSUMED,
            lost_at=now.mono,
            repeats=0,
            undecided=probing,
        )
    return replace(fresh, since=now.wall, evidence=Evidence.BEGINNING)


def end_session(upstream: Upstream) -> Upstream:
    """The session is gone; an outstanding loss is not. One that was only assumed is."""
    if upstream.undecided:
        upstream = replace(upstream, up=True, evidence=Evidence.BEGINNING, lost_at=None)
    return replace(upstream, heard_at=None, probed_at=None, probes=(), settling_until=None, undecided=False)


def lost(upstream: Upstream, code: int, now: Now) -> Upstream:
    """1100 or 2110 came."""
    by_1100 = code == 1100
    heard = replace(upstream, heard_at=now.mono, probed_at=None, probes=(), settling_until=None, undecided=False)
    if not upstream.up:
        return replace(heard, told_by_1100=upstream.told_by_1100 or by_1100, repeats=upstream.repeats + 1)
    evidence = Evidence.NOTICE_1100 if by_1100 else Evidence.NOTICE_2110
    return replace(
        heard, up=False, since=now.wall, evidence=evidence, lost_at=now.mono, told_by_1100=by_1100, repeats=0
    )


def restored(upstream: Upstream, evidence: Evidence, now: Now, policy: Policy) -> tuple[Upstream, Data | None]:
    """Evidence came; with it what the loss did to the subscriptions, or None if there was no loss.

    A loss that was only assumed, and that the first probe ends, was none.
    """
    if upstream.up:
        return upstream, None
    back = replace(
        upstream,
        up=True,
        since=now.wall,
        evidence=evidence,
        lost_at=None,
        heard_at=None,
        told_by_1100=False,
        probed_at=None,
        probes=(),
        settling_until=None if upstream.undecided else now.mono + policy.timing.settle,
        undecided=False,
    )
    return back, None if upstream.undecided else _DATA_OF.get(evidence, Data.UNKNOWN)


def next_probe(upstream: Upstream, policy: Policy, ready_at: float | None) -> float | None:
    """When the next probe goes; None while none is needed. `ready_at`: when the session became ready, if one is."""
    if upstream.up or ready_at is None or not policy.upstream_probe:
        return None
    if upstream.heard_at is not None:
        return upstream.heard_at + QUIET if upstream.probed_at is None else upstream.probed_at + PROBE_INTERVAL
    if upstream.probed_at is None:
        return ready_at + PROBE_TIMES[0]
    for offset in PROBE_TIMES:
        if ready_at + offset > upstream.probed_at:
            return ready_at + offset
    return upstream.probed_at + PROBE_INTERVAL


def probed(upstream: Upstream, request_id: int, now: float) -> Upstream:
    """A probe goes now."""
    return replace(upstream, probed_at=now, probes=(*upstream.probes, request_id)[-PROBES_KEPT:])


def silence_ends(upstream: Upstream, policy: Policy, ready_at: float | None) -> float | None:
    """When silence ends the loss, where the operator allows no probe; None where it cannot."""
    if upstream.up or ready_at is None or policy.upstream_probe or upstream.told_by_1100:
        return None
    return max(ready_at, upstream.heard_at or 0.0) + QUIET


def decided(upstream: Upstream) -> Upstream:
    """The first probe was not answered in time: what was assumed is a loss."""
    return replace(upstream, undecided=False)


def settled(upstream: Upstream, now: float) -> Upstream:
    """Answers are reliable again once the settling is over."""
    if upstream.settling_until is None or now < upstream.settling_until:
        return upstream
    return replace(upstream, settling_until=None)


def deadline(upstream: Upstream, policy: Policy, ready_at: float | None) -> float | None:
    """The next moment at which something is due; None if nothing is."""
    if upstream.up:
        return upstream.settling_until
    return next_probe(upstream, policy, ready_at) if policy.upstream_probe else silence_ends(upstream, policy, ready_at)
