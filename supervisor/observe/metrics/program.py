"""The metrics of hosted programs, for a registry of its own: those of a gateway, and what only a host knows.

Names and meanings are the daemon's. Instead of `gateway` they have the label `client_id`.
"""

from collections.abc import Callable, Iterator, Sequence

from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from supervisor.core.model.snapshot import Snapshot
from supervisor.frozen import dataclass
from supervisor.observe.metrics.family import Family, FamilyType, single
from supervisor.observe.metrics.gateway import GATEWAY

OWN_LABELS = ("client_id",)


@dataclass(frozen=True, slots=True)
class ProgramCounts:
    """What only a host knows."""

    waiting: int
    """Messages in the queue."""
    paced: int
    """Messages that had to wait, in all sessions."""
    errors: int
    """Callbacks and hooks that raised."""
    slow: int
    """Callbacks and hooks that ran for more than two seconds."""


PROGRAM: tuple[Family[ProgramCounts], ...] = (
    Family(
        FamilyType.GAUGE,
        "ib_program_queue_messages",
        "Messages of the program that wait for their turn.",
        lambda counts: counts.waiting,
        single,
        query="ib_program_queue_messages > 40",
        unit="messages",
    ),
    Family(
        FamilyType.COUNTER,
        "ib_program_paced_messages_total",
        "Messages of the program that had to wait for their turn.",
        lambda counts: counts.paced,
        single,
        query="rate(ib_program_paced_messages_total[5m])",
    ),
    Family(
        FamilyType.COUNTER,
        "ib_program_callback_errors_total",
        "Callbacks and hooks of the program that raised.",
        lambda counts: counts.errors,
        single,
        query="increase(ib_program_callback_errors_total[1h]) > 0",
    ),
    Family(
        FamilyType.COUNTER,
        "ib_program_slow_callbacks_total",
        "Callbacks and hooks of the program that ran for more than two seconds.",
        lambda counts: counts.slow,
        single,
        query="increase(ib_program_slow_callbacks_total[1h]) > 0",
    ),
)


class ProgramCollector(Collector):
    """Everything about the hosted programs of a process, as of the moment of the scrape."""

    def __init__(self, programs: Sequence[tuple[Callable[[], Snapshot], Callable[[], ProgramCounts]]]) -> None:
        self._programs = programs

    def collect(self) -> Iterator[Metric]:
        """All families with their samples."""
        told = [(snapshot(), counts()) for snapshot, counts in self._programs]
        who = [(str(snapshot.policy.client_id),) for snapshot, _ in told]
        for family in GATEWAY:
            read = [family.read(snapshot) for snapshot, _ in told]
            yield family.metric(list(zip(who, read, strict=True)), OWN_LABELS)
        for own in PROGRAM:
            heard = [own.read(counts) for _, counts in told]
            yield own.metric(list(zip(who, heard, strict=True)), OWN_LABELS)

    def describe(self) -> Iterator[Metric]:
        """All families without samples: a registry asks for names, and must not cost a decision."""
        for family in GATEWAY:
            yield family.metric((), OWN_LABELS)
        for own in PROGRAM:
            yield own.metric((), OWN_LABELS)
