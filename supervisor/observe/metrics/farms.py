"""The metrics of one gateway's data farms. The notices of the gateway name the farms; each one has its own samples."""

from collections.abc import Callable, Iterable

from supervisor.core.codes.farm_kinds import FarmState
from supervisor.core.model.snapshot import FarmView
from supervisor.observe.metrics.entries import Gateway, counter
from supervisor.observe.metrics.family import FLAG, Family, FamilyType, Row


def _farm(
    name: str, text: str, value: Callable[[FarmView], object], kind: FamilyType = FamilyType.GAUGE, *, query: str
) -> Gateway:
    """One sample of each farm for which there is a value."""

    def rows(farms: tuple[FarmView, ...]) -> Iterable[Row]:
        for farm in farms:
            known = value(farm)
            if known is not None:
                yield (farm.kind.value, farm.name), known

    return Family(kind, name, text, lambda snapshot: snapshot.farms, rows, ("kind", "farm"), query=query, unit=FLAG)


def _farm_up(farm: FarmView) -> int | None:
    return None if farm.state is FarmState.UNKNOWN else int(farm.state is not FarmState.BROKEN)


def _farm_breaks(farms: tuple[FarmView, ...]) -> Iterable[Row]:
    for farm in farms:
        yield (farm.kind.value, farm.name, "false"), farm.breaks_unplanned
        yield (farm.kind.value, farm.name, "true"), farm.breaks_planned


FARMS: tuple[Gateway, ...] = (
    _farm(
        "ib_farm_up",
        "0 if the data farm is broken, 1 if ok, inactive or connecting; absent while unknown.",
        _farm_up,
        query="ib_farm_up == 0 and on (job, instance, gateway, kind, farm) ib_farm_required == 1",
    ),
    _farm(
        "ib_farm_state",
        "What is known of the data farm.",
        lambda farm: farm.state,
        FamilyType.STATESET,
        query='ib_farm_state{ib_farm_state="connecting"} == 1',
    ),
    _farm(
        "ib_farm_required",
        "1 if the farm counts for the farms layer.",
        lambda farm: int(farm.required),
        query="count by (job, instance, gateway) (ib_farm_required == 1)",
    ),
    Family(
        FamilyType.COUNTER,
        "ib_farm_breaks_total",
        "Times the data farm became broken.",
        lambda s: s.farms,
        _farm_breaks,
        ("kind", "farm", "planned"),
        query="sum without (planned) (increase(ib_farm_breaks_total[1d]))",
    ),
    counter(
        "ib_farms_untracked_total",
        "Notices of farms beyond the limit of farms per gateway.",
        lambda s: s.farms_untracked,
        query="increase(ib_farms_untracked_total[1d]) > 0",
    ),
)
