"""One outage that has not closed, and the totals of those that have."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from supervisor.core.calendar.clock import Now
from supervisor.core.model.cause import Cause
from supervisor.core.model.counters import Histogram
from supervisor.core.model.layers import Layer
from supervisor.core.model.vocabulary import Planning


@dataclass(frozen=True, slots=True)
class Outage:
    """One outage that has not closed."""

    began: datetime
    layer: Layer
    """The lowest layer broken at its first moment."""
    planning: Planning
    seconds: float = 0.0
    """Observed, gaps excluded; those of earlier processes too."""
    held: float = 0.0
    """Of this process, not yet booked because it is still planned."""
    ended: Now | None = None
    """Every layer is up again since; it may still be continued."""
    cause: Cause | None = None
    """The first likely cause that was known."""
    flaps: int = 0
    """How often it was continued: a layer broke again within `outage_merge`."""
    continued_until: float | None = None
    """The monotonic moment from which it is continued no more; None before its first end."""


@dataclass(frozen=True, slots=True)
class OutageTotals:
    """The numbers behind the metrics of outages, since the process began."""

    observed: float = 0.0
    seconds: Mapping[tuple[Layer, Planning], float] = field(default_factory=dict)
    """Booked, by layer."""
    counts: Mapping[tuple[Layer, Planning], int] = field(default_factory=dict)
    """Closed, by layer."""
    flaps: Mapping[tuple[Layer, Planning], int] = field(default_factory=dict)
    """Continued, by layer; judged when it happened."""
    recovery: Mapping[Planning, Histogram] = field(default_factory=dict)
    """The seconds of the outages that closed with every layer up."""
