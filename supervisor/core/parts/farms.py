"""Data farms, by kind and name: what the notices said of each in this session.

- Absence of a notice is no fault: IB Gateway connects to a farm when somebody asks for its data.
- Inactive is dormant, connecting is on its way: neither is a fault. A broken farm that is connecting stays broken until
  it is ok or inactive: TWS retries a dead farm every 20 seconds.
- A farm's state never changes the session: a farm that blinks is not a lost connection (nautilus_trader#4412).
- With the session all that was known is gone: every farm becomes unknown.
- At most `LIMIT` farms are tracked, so that odd texts cannot grow the metrics; more are counted.
- Farms break and heal in bursts: what happens within `BURST` seconds is told as one `FarmsSettled`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import field
from datetime import datetime

from supervisor.core.codes.farm_kinds import UNNAMED, FarmKind, FarmState
from supervisor.core.codes.notices import kind_of_unseen
from supervisor.core.model.policy import Policy, RequiredFarm
from supervisor.core.model.records import FarmChanged, FarmsNeverSeen, FarmsSettled
from supervisor.core.model.vocabulary import Planning
from supervisor.frozen import dataclass, replace

LIMIT = 200
BURST = 5.0
"""Seconds from the first change of a burst to its one record."""
MISSING_AFTER = 86400.0
"""Seconds after which a required farm that was never seen is worth a warning."""
FarmKey = tuple[FarmKind, str]


@dataclass(frozen=True, slots=True)
class Farm:
    """One farm."""

    state: FarmState
    since: datetime
    breaks_planned: int = 0
    """Times it became broken while a window explained broken farms."""
    breaks_unplanned: int = 0


@dataclass(frozen=True, slots=True)
class Farms:
    """All farms ever heard of, and how many more there were. Moments are monotonic seconds."""

    known: Mapping[FarmKey, Farm] = field(default_factory=dict)
    broken: frozenset[FarmKey] = frozenset()
    """Those of the known that are broken, required or not."""
    untracked: int = 0
    burst: frozenset[FarmKey] = frozenset()
    """Farms that broke, or healed after they were told as broken, since the last `FarmsSettled`."""
    burst_ends: float | None = None
    """When the next `FarmsSettled` is due."""
    told_broken: frozenset[FarmKey] = frozenset()
    """Farms that the last `FarmsSettled` left broken."""
    watched_from: float | None = None
    """When the first session became ready: the beginning of the day in which required farms should be heard of."""
    missing_told: bool = False
    """That day is over, and those never seen were told."""


def heard(farms: Farms, key: FarmKey, state: FarmState, wall: datetime, *, planned: bool) -> Farms:
    """A notice spoke of one farm. `planned`: an active window explains a farm that breaks now."""
    farm = farms.known.get(key)
    if farm is None:
        if len(farms.known) >= LIMIT:
            return replace(farms, untracked=farms.untracked + 1)
        farm = Farm(FarmState.UNKNOWN, wall)
    elif farm.state is state or (state is FarmState.CONNECTING and farm.state is FarmState.BROKEN):
        return farms
    if state is FarmState.BROKEN:
        farm = replace(
            farm, breaks_planned=farm.breaks_planned + planned, breaks_unplanned=farm.breaks_unplanned + (not planned)
        )
    return replace(
        farms,
        known={**farms.known, key: replace(farm, state=state, since=wall)},
        broken=farms.broken | {key} if state is FarmState.BROKEN else farms.broken - {key},
    )


def heard_unnamed(farms: Farms, kind: FarmKind, state: FarmState, wall: datetime, *, planned: bool) -> Farms:
    """A notice spoke of a farm of this kind without its name: in some languages none is told.

    One that broke counts under the name `unnamed`. Good news alone make no farm of it.
    """
    key = (kind, UNNAMED)
    if key not in farms.known and state is not FarmState.BROKEN:
        return farms
    return heard(farms, key, state, wall, planned=planned)


def healed_unnamed(farms: Farms, kind: FarmKind, state: FarmState, wall: datetime) -> Farms:
    """A named farm of this kind is well: so is the unnamed one, if no named one of its kind is broken."""
    key = (kind, UNNAMED)
    if key not in farms.broken or state not in (FarmState.OK, FarmState.INACTIVE):
        return farms
    if any(broken[0] is kind for broken in farms.broken - {key}):
        return farms
    return heard(farms, key, FarmState.OK, wall, planned=False)


def listed(farms: Farms, connected: Iterable[str], not_connected: Iterable[str], wall: datetime) -> Farms:
    """1102 (or 1101) listed farms.

    The connected are ok; the others stay broken if they were, else are unknown (idle ones are listed so).
    """
    for name in connected:
        for key in _named(farms, name):
            farms = heard(farms, key, FarmState.OK, wall, planned=False)
    for name in not_connected:
        for key in _named(farms, name):
            farm = farms.known.get(key)
            if farm is None or farm.state is not FarmState.BROKEN:
                farms = heard(farms, key, FarmState.UNKNOWN, wall, planned=False)
    return farms


def changed(before: Farms, after: Farms, now: float) -> tuple[Farms, tuple[FarmChanged, ...]]:
    """What a message changed: a record for each farm, and its place in the burst under way."""
    if after.known is before.known:
        return after, ()
    records, burst = [], set(after.burst)
    for key, farm in after.known.items():
        known = before.known.get(key)
        if known is not None and known.state is farm.state:
            continue
        records.append(FarmChanged(*key, farm.state))
        if farm.state is FarmState.BROKEN or key in after.told_broken:
            burst.add(key)
    if len(burst) > len(after.burst):
        ends = after.burst_ends if after.burst_ends is not None else now + BURST
        after = replace(after, burst=frozenset(burst), burst_ends=ends)
    return after, tuple(records)


def settled(farms: Farms, planning: Planning) -> tuple[Farms, FarmsSettled]:
    """The burst is over."""
    broken = farms.burst & farms.broken
    healed = farms.burst - broken
    record = FarmsSettled(
        broken=names(broken),
        back=names(healed & farms.told_broken),
        blinked=names(healed - farms.told_broken),
        planning=planning,
    )
    told = (farms.told_broken - healed) | broken
    return replace(farms, burst=frozenset(), burst_ends=None, told_broken=told), record


def session_ready(farms: Farms, now: float) -> Farms:
    """The first session begins the day in which required farms should be heard of."""
    return farms if farms.watched_from is not None else replace(farms, watched_from=now)


def judged_again(farms: Farms) -> Farms:
    """Other farms are required from now on."""
    return replace(farms, missing_told=False)


def missing_due(farms: Farms) -> float | None:
    """When required farms that were never seen are told of; None before the first session, and afterwards."""
    if farms.watched_from is None or farms.missing_told:
        return None
    return farms.watched_from + MISSING_AFTER


def missed(farms: Farms, policy: Policy) -> tuple[Farms, FarmsNeverSeen | None]:
    """That day is over: the required farms that were never seen, most likely misspelt names."""
    missing = tuple(str(farm) for farm in never_seen(farms, policy))
    return replace(farms, missing_told=True), FarmsNeverSeen(missing) if missing else None


def forgotten(farms: Farms, wall: datetime) -> Farms:
    """The session is gone."""
    return replace(
        farms,
        known={
            key: farm if farm.state is FarmState.UNKNOWN else replace(farm, state=FarmState.UNKNOWN, since=wall)
            for key, farm in farms.known.items()
        },
        broken=frozenset(),
        burst=frozenset(),
        burst_ends=None,
        told_broken=frozenset(),
    )


def is_required(key: FarmKey, policy: Policy) -> bool:
    """Whether this farm must not be broken: an unnamed one may be any."""
    if policy.required_farms is None or key[1] == UNNAMED:
        return True
    return any(required.matches(*key) for required in policy.required_farms)


def required_broken(farms: Farms, policy: Policy) -> frozenset[FarmKey]:
    """The required farms that are broken: the layer is up if there is none."""
    if not farms.broken or policy.required_farms is None:
        return farms.broken
    return frozenset(key for key in farms.broken if is_required(key, policy))


def never_seen(farms: Farms, policy: Policy) -> tuple[RequiredFarm, ...]:
    """The required farms of which no notice ever spoke: no fault, but most likely a misspelt name."""
    return tuple(
        required for required in policy.required_farms or () if not any(required.matches(*key) for key in farms.known)
    )


def names(keys: Iterable[FarmKey]) -> tuple[str, ...]:
    """`kind/name`, sorted."""
    return tuple(sorted(f"{kind}/{name}" for kind, name in keys))


def _named(farms: Farms, name: str) -> tuple[FarmKey, ...]:
    """The farms of this name; for a name never heard, the kind that it suggests."""
    return tuple(key for key in farms.known if key[1] == name) or ((kind_of_unseen(name), name),)
