"""docs/metrics.md: every metric, from the tables in supervisor/observe/metrics."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from prometheus_client import Metric

from supervisor.core.calendar.windows import WindowKind
from supervisor.core.codes.farm_kinds import FarmKind
from supervisor.core.model.gate import GateReason
from supervisor.core.model.layers import Layer
from supervisor.core.model.recovery.rules import Result, Rung
from supervisor.core.model.snapshot import Snapshot
from supervisor.core.model.vocabulary import Data, Failure, Loss, RestartResult
from supervisor.observe.metrics.family import FLAG, Family, FamilyType
from supervisor.observe.metrics.gateway import GATEWAY
from supervisor.observe.metrics.ourselves import ourselves
from supervisor.observe.metrics.own import OWN
from supervisor.observe.notify.courier import RESULTS
from tests.docs.generate.source import NOTE, code, table
from tests.observe import rich
from tests.observe.stage import INTERNALS

_HEAD = f"""\
# Metrics

{NOTE}

`GET /metrics` has all of these, in Prometheus' text format or in OpenMetrics. Names, labels and meanings are public and
do not change.

- An unknown value has no sample. A label set that is closed is there from the first scrape, at 0.
- `planned` is `true` if a window, such as the daily restart, explains the outage. See [calendar](calendar.md).
- A state set has one sample for each state, and the sample of the present state is 1.
- A gateway that leaves the config leaves the page.
- A client that accepts gzip gets a compressed page.
- [alerts.yaml](../deploy/prometheus/alerts.yaml) and the dashboards in [deploy/grafana](../deploy/grafana) use these
  metrics. [statuses](statuses.md) explains each status, layer, phase and reason.
"""
_PROCESS = """\
`prometheus_client` adds these. Where the system has no `/proc`, those that begin with `process_` are absent.
"""
_EXAMPLES: Mapping[str, str] = {
    "process_virtual_memory_bytes": "process_virtual_memory_bytes",
    "process_resident_memory_bytes": "deriv(process_resident_memory_bytes[6h]) > 0",
    "process_start_time_seconds": "changes(process_start_time_seconds[20m])",
    "process_cpu_seconds_total": "rate(process_cpu_seconds_total[5m])",
    "process_open_fds": "process_open_fds / process_max_fds",
    "process_max_fds": "process_max_fds",
    "python_info": "count by (version) (python_info)",
    "python_gc_objects_collected_total": "rate(python_gc_objects_collected_total[5m])",
    "python_gc_objects_uncollectable_total": "increase(python_gc_objects_uncollectable_total[1h]) > 0",
    "python_gc_collections_total": "rate(python_gc_collections_total[5m])",
}
_HEADS = ("name", "type", "labels", "unit", "meaning", "example")
_UNITS = (
    ("_timestamp_seconds", "Unix time in s"),
    ("_bytes", "bytes"),
    ("_seconds", "s"),
    ("_seconds_total", "s"),
    ("_total", "a count"),
)
"""By the end of the name, the first that fits."""
_LABELS: Mapping[str, tuple[str, Iterable[str]]] = {
    "gateway": ("The `name` of the gateway in the config.", ()),
    "layer": ("A layer. All layers before it are up too.", Layer),
    "kind": ("The service a data farm belongs to.", FarmKind),
    "farm": ("The name of a data farm, as the gateway tells it.", ()),
    "target": ("The `name` of a target of `notify` in the config, or `heartbeat_url`.", ()),
    "planned": ("Whether a window explained it.", ("true", "false")),
    "canary": ("A contract whose data is watched.", ()),
    "state": ("A state of TCP, such as established or close_wait.", ()),
    "code": ("A message code, or `other` for a code that is not in [codes](codes.md).", ()),
    "cause": ("The lowest layer that was down when the outage began.", Layer),
    "data": ("What the loss did to subscriptions, as far as the gateway said.", Data),
    "window": (
        "A window: one of these, or the name of a custom window.",
        [kind for kind in WindowKind if kind is not WindowKind.CUSTOM],
    ),
    "result": (
        "How a scheduled restart went; how a deed of recovery ended; what became of messages to people.",
        dict.fromkeys(map(str, (*RestartResult, *Result, *RESULTS, "waiting", "retrying"))),
    ),
    "rung": ("A rung of recovery.", Rung),
    "message": ("The name that ibapi gives a message, or its number; at most 40 of them, then `other`.", ()),
    "reason": (
        "Why an attempt failed, a session ended or the gate closed.",
        dict.fromkeys(map(str, (*Failure, *Loss, *GateReason))),
    ),
}


def page(families: Sequence[Family[Snapshot]] = GATEWAY) -> str:
    """The whole page. `families` is the table of one gateway's metrics."""
    snapshot = rich.snapshots()[0]
    gateways = table(_HEADS, (_row(family, snapshot, ("gateway",)) for family in families))
    own = table(_HEADS, (_row(family, INTERNALS, ()) for family in OWN))
    process = table(("name", "type", "labels", "meaning", "example"), map(_process_row, ourselves().collect()))
    supervisor = ("## The supervisor itself\n", own, "## The process\n", _PROCESS, process)
    return "\n".join((_HEAD, "## Gateways\n", gateways, *supervisor, "## Labels\n", _labels(families)))


def _process_row(metric: Metric) -> tuple[str, ...]:
    """A row for a family of prometheus_client."""
    name = f"{metric.name}_total" if metric.type == "counter" else metric.name
    labels = ", ".join(map(code, metric.samples[0].labels))
    return (code(name), metric.type, labels, f"{metric.documentation.rstrip('.')}.", code(_EXAMPLES[name]))


def _row(family: Family[Any], subject: Any, own: tuple[str, ...]) -> tuple[str, ...]:
    labels = ", ".join(map(code, (*own, *_labels_of(family, subject))))
    return (code(family.name), family.kind.value, labels, _unit(family), family.help, code(family.query))


def _labels_of(family: Family[Any], subject: Any) -> tuple[str, ...]:
    if family.kind is FamilyType.INFO:
        return tuple(dict(family.read(subject)))
    return (*family.labels, family.name) if family.kind is FamilyType.STATESET else family.labels


def _unit(family: Family[Any]) -> str:
    """StopIteration for a metric that needs `unit` in its entry."""
    by_kind = {FamilyType.INFO: "always 1", FamilyType.STATESET: FLAG}
    return family.unit or by_kind.get(family.kind) or next(unit for end, unit in _UNITS if family.name.endswith(end))


def _labels(families: Sequence[Family[Snapshot]]) -> str:
    tables: tuple[Family[Any], ...] = (*families, *OWN)
    used = {"gateway", *(label for family in tables for label in family.labels)}
    assert used == _LABELS.keys(), f"describe each label, and no other: {sorted(used ^ _LABELS.keys())}"
    rows = [(code(name), text, ", ".join(map(code, values))) for name, (text, values) in _LABELS.items()]
    return table(("label", "meaning", "values"), rows)
