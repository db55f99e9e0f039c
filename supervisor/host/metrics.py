"""A host as a collector of prometheus_client. Loaded when `Host.metrics` is called, because it imports that library."""

from collections.abc import Callable

from supervisor.core.model.snapshot import Snapshot
from supervisor.host.household import Household
from supervisor.observe.metrics.program import ProgramCollector, ProgramCounts


def collector(snapshot: Callable[[], Snapshot], household: Household) -> ProgramCollector:
    """For `prometheus_client.REGISTRY.register`."""

    def counts() -> ProgramCounts:
        queue = household.queue()
        return ProgramCounts(queue.waiting, queue.paced, household.callback_errors, household.slow_callbacks)

    return ProgramCollector(snapshot, counts)
