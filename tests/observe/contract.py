"""The metrics that docs/metrics.md promises, and pages on which to find them."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from supervisor.core.model.snapshot import Snapshot
from supervisor.observe.metrics.exposition import Exposition
from tests.observe import rich
from tests.observe.stage import INTERNALS

OPENMETRICS = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=0.0.4;q=0.3"
PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"
_ROW = re.compile(r"\| `(ib_\w+)` \| (\w+) \| ([^|]*) \|")


def promised(page: str) -> dict[str, tuple[str, tuple[str, ...]]]:
    """The type and the labels of each metric, as the reference tells them."""
    return {name: (kind, tuple(re.findall(r"`(\w+)`", labels))) for name, kind, labels in _ROW.findall(page)}


CONTRACT: Mapping[str, tuple[str, tuple[str, ...]]] = promised(PAGE.read_text(encoding="utf-8"))
"""What docs/metrics.md promises. The page is generated from the tables: nothing is listed a second time here."""


@cache
def played() -> tuple[Snapshot, ...]:
    """Three gateways: one to which everything happened, one to which nothing did, and one that is paused."""
    return tuple(rich.snapshots())


def exposition(snapshots: Sequence[Snapshot]) -> Exposition:
    """A page of these."""
    return Exposition(lambda: snapshots, lambda: INTERNALS)
