"""What a metric family is made of, and how one gateway's lines of it become text.

- A family says what it reads from its subject (`read`) and which samples follow from that (`rows`). Equal readings have
  equal samples, so a reading that did not change needs no rendering.
- prometheus_client writes all text. A block is its text for one subject without the family's head. The head is its text
  for a family without samples.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import field
from enum import Enum, StrEnum
from itertools import accumulate
from typing import Any, Generic, TypeVar

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
    StateSetMetricFamily,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from prometheus_client.utils import INF, floatToGoString

from supervisor.core.model.counters import Histogram
from supervisor.frozen import dataclass

T = TypeVar("T")
FLAG = "0 or 1"
"""The unit of a yes or no."""
Row = tuple[tuple[str, ...], Any]
"""Label values, without the subject's own, and the value."""


class FamilyType(Enum):
    """The type of a family. It decides what the value of a row is."""

    GAUGE = "gauge"
    """A number."""
    COUNTER = "counter"
    """A number that never goes back."""
    STATESET = "stateset"
    """A member of a StrEnum: one sample for each member."""
    HISTOGRAM = "histogram"
    """A `supervisor.core.model.counters.Histogram`."""
    INFO = "info"
    """Pairs of a label name and its value."""


@dataclass(frozen=True, slots=True)
class Family(Generic[T]):
    """One metric, under its public name, as read of a `T`. docs/metrics.md is generated from these fields."""

    kind: FamilyType
    name: str
    help: str
    read: Callable[[T], Any]
    rows: Callable[[Any], Iterable[Row]]
    labels: tuple[str, ...] = ()
    """Besides the subject's own labels."""
    query: str = field(kw_only=True)
    """An example in PromQL, for docs/metrics.md."""
    unit: str = field(default="", kw_only=True)
    """What a value is, for docs/metrics.md. Empty if the type or the end of the name says it."""

    def metric(self, subjects: Iterable[tuple[tuple[str, ...], Any]], own: tuple[str, ...] = ()) -> Metric:
        """The family with the samples of some subjects, each given as its label values and its reading.

        `own` are the names of the subjects' own labels.
        """
        empty, add = _SHAPES[self.kind]
        metric = empty(self.name.removesuffix(_SUFFIX.get(self.kind, "")), self.help, labels=(*own, *self.labels))
        for who, reading in subjects:
            for what, value in self.rows(reading):
                add(metric, (*who, *what), value)
        return metric


class Format(Enum):
    """A text format of the page. The value is the `Accept` header for which prometheus_client renders it."""

    TEXT = ""
    OPENMETRICS = "application/openmetrics-text; version=1.0.0; escaping=allow-utf-8"
    """This way to write names checks and does not escape. Our names are plain, and it is the fastest."""

    @classmethod
    def accepted(cls, accept: str | None) -> "Format":
        """The format that prometheus_client chooses for the `Accept` header of a client."""
        try:
            _, content_type = choose_encoder(accept or "")
        except TypeError:  # a version that is not a number
            return cls.TEXT
        return cls.OPENMETRICS if content_type.startswith("application/openmetrics-text") else cls.TEXT


class Renderer:
    """Metrics as text in one format."""

    def __init__(self, page: Format) -> None:
        self._encode, content_type = choose_encoder(page.value)
        self.content_type = ";".join(part for part in content_type.split(";") if "escaping=" not in part)
        self.tail = self._encode(_Given(()))
        """The end of a page."""

    def lines(self, metric: Metric) -> bytes:
        """The lines of one family, without the end of the page."""
        return self._encode(_Given((metric,))).removesuffix(self.tail)


def single(value: Any) -> Iterable[Row]:
    """The row of a family with one sample for each subject. No row if the value is unknown."""
    return () if value is None else (((), value),)


@dataclass(frozen=True, slots=True)
class _Given(Collector):
    metrics: tuple[Metric, ...]

    def collect(self) -> Iterable[Metric]:
        return self.metrics


def _add_number(metric: Any, labels: tuple[str, ...], value: float) -> None:
    metric.add_metric(labels, value)


def _add_state(metric: Any, labels: tuple[str, ...], value: StrEnum) -> None:
    metric.add_metric(labels, {state.value: state is value for state in type(value)})


def _add_histogram(metric: Any, labels: tuple[str, ...], value: Histogram) -> None:
    counts = value.counts or (0,) * (len(value.bounds) + 1)
    bounds = map(floatToGoString, (*value.bounds, INF))
    metric.add_metric(labels, list(zip(bounds, accumulate(counts), strict=True)), value.total)


def _add_info(metric: Any, labels: tuple[str, ...], value: Iterable[tuple[str, str]]) -> None:
    metric.add_metric(labels, dict(value))


_SHAPES: Mapping[FamilyType, tuple[Callable[..., Metric], Callable[[Any, tuple[str, ...], Any], None]]] = {
    FamilyType.GAUGE: (GaugeMetricFamily, _add_number),
    FamilyType.COUNTER: (CounterMetricFamily, _add_number),
    FamilyType.STATESET: (StateSetMetricFamily, _add_state),
    FamilyType.HISTOGRAM: (HistogramMetricFamily, _add_histogram),
    FamilyType.INFO: (InfoMetricFamily, _add_info),
}
_SUFFIX: Mapping[FamilyType, str] = {FamilyType.INFO: "_info"}
"""What prometheus_client adds to the name without removing it first."""
