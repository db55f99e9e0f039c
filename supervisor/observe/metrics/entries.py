"""Short ways to write an entry of the table of one gateway's metrics."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from itertools import product
from typing import Any

from supervisor.core.model.snapshot import Snapshot
from supervisor.observe.metrics.family import FLAG, Family, FamilyType, Row, single

Gateway = Family[Snapshot]


def gauge(name: str, text: str, read: Callable[[Snapshot], float | None], *, query: str) -> Gateway:
    """One number; absent while unknown."""
    return Family(FamilyType.GAUGE, name, text, read, single, query=query)


def flag(name: str, text: str, read: Callable[[Snapshot], bool | None], *, query: str) -> Gateway:
    """Yes (1) or no (0); absent while unknown."""
    return Family(
        FamilyType.GAUGE,
        name,
        text,
        read,
        lambda value: () if value is None else single(int(value)),
        query=query,
        unit=FLAG,
    )


def moment(name: str, text: str, read: Callable[[Snapshot], datetime | None], *, query: str) -> Gateway:
    """One instant, as Unix time."""
    return Family(
        FamilyType.GAUGE, name, text, read, lambda at: () if at is None else single(at.timestamp()), query=query
    )


def counter(name: str, text: str, read: Callable[[Snapshot], float], *, query: str) -> Gateway:
    """One number that only grows."""
    return Family(FamilyType.COUNTER, name, text, read, single, query=query)


def counted(
    name: str,
    text: str,
    read: Callable[[Snapshot], Mapping[Any, float]],
    labels: tuple[str, ...],
    *keys: Iterable[Any],
    query: str,
) -> Gateway:
    """Numbers by a closed set of keys: a member of an enumeration, or a tuple of several."""

    def rows(counts: Mapping[Any, float]) -> Iterable[Row]:
        for key in product(*keys):
            yield tuple(map(str, key)), counts.get(key if len(key) > 1 else key[0], 0)

    return Family(FamilyType.COUNTER, name, text, read, rows, labels, query=query)
