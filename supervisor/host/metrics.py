"""A host as a collector of prometheus_client. Loaded when `Host.metrics` is called, because it imports that library."""

from collections.abc import Callable, Sequence
from functools import partial

from supervisor.core.model.snapshot import Snapshot
from supervisor.host.household import Household
from supervisor.observe.metrics.program import ProgramCollector, ProgramCounts


def collector(hosts: Sequence[tuple[Callable[[], Snapshot], Household]]) -> ProgramCollector:
    """For `prometheus_client.REGISTRY.register`. Raises ValueError: two of the hosts have the same client id."""
    ids = [snapshot().policy.client_id for snapshot, _ in hosts]
    if len(set(ids)) < len(ids):
        raise ValueError(f"client ids {ids}: in one registry each host has a client id of its own")
    return ProgramCollector([(snapshot, partial(_counts, household)) for snapshot, household in hosts])


def _counts(household: Household) -> ProgramCounts:
    queue = household.queue()
    return ProgramCounts(queue.waiting, queue.paced, household.callback_errors, household.slow_callbacks)
