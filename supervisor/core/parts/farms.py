"""Data farms, by kind and name: what the notices said of each in this session.

- Absence of a notice is no fault: IB Gateway connects to a farm when somebody asks for its data (IB.md section 1.1).
- Inactive is dormant, connecting is on its way: neither is a fault. A broken farm that is connecting stays broken until
  it is ok or inactive: TWS retries a dead farm every 20 seconds (IB.md, sample 19).
- A farm's state never changes the session: a blink of one farm is not a lost connection (nautilus_trader#4412).
- With the session all that was known is gone: every farm becomes unknown.
- At most `LIMIT` farms are tracked, so that odd texts cannot grow the metrics; more are counted.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from supervisor.core.codes.farm_kinds import FarmKind, FarmState
from supervisor.core.codes.notices import kind_of_unseen
from supervisor.core.model.policy import Policy, RequiredFarm

LIMIT = 200
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
    """All farms ever heard of, and how many more there were."""

    known: Mapping[FarmKey, Farm] = field(default_factory=dict)
    broken: frozenset[FarmKey] = frozenset()
    """Those of the known that are broken."""
    untracked: int = 0


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


def forgotten(farms: Farms, wall: datetime) -> Farms:
    """The session is gone."""
    return replace(
        farms,
        known={
            key: farm if farm.state is FarmState.UNKNOWN else replace(farm, state=FarmState.UNKNOWN, since=wall)
            for key, farm in farms.known.items()
        },
        broken=frozenset(),
    )


def is_required(key: FarmKey, policy: Policy) -> bool:
    """Whether this farm must not be broken."""
    if policy.required_farms is None:
        return True
    return any(required.matches(*key) for required in policy.required_farms)


def broken(farms: Farms, policy: Policy) -> tuple[FarmKey, ...]:
    """The required farms that are broken, by name: the layer is up if there is none."""
    if not farms.broken:
        return ()
    return tuple(sorted(key for key in farms.broken if is_required(key, policy)))


def never_seen(farms: Farms, policy: Policy) -> tuple[RequiredFarm, ...]:
    """The required farms of which no notice ever spoke: no fault, but most likely a misspelt name."""
    return tuple(
        required for required in policy.required_farms or () if not any(required.matches(*key) for key in farms.known)
    )


def _named(farms: Farms, name: str) -> tuple[FarmKey, ...]:
    """The farms of this name; for a name never heard, the kind that it suggests."""
    return tuple(key for key in farms.known if key[1] == name) or ((kind_of_unseen(name), name),)
