"""The metrics of recovery. Absent where it is off."""

from collections.abc import Iterable

from supervisor.core.model.recovery.rules import Result
from supervisor.core.model.recovery.views import RecoveryView
from supervisor.observe.metrics.entries import Gateway
from supervisor.observe.metrics.family import FLAG, Family, FamilyType, Row


def _actions(view: RecoveryView | None) -> Iterable[Row]:
    for each in view.rungs if view is not None else ():
        for result in Result:
            rung = each.policy.rung
            yield (rung.value, result.value), view.counts.get((rung, result), 0) if view is not None else 0


def _pending(view: RecoveryView | None) -> Iterable[Row]:
    for each in view.rungs if view is not None else ():
        proposal = view.proposal if view is not None else None
        waits = proposal is not None and proposal.rung is each.policy.rung and proposal.approved_until is None
        yield (each.policy.rung.value,), int(waits)


def _remaining(view: RecoveryView | None) -> Iterable[Row]:
    for each in view.rungs if view is not None else ():
        yield (each.policy.rung.value,), each.remaining


RECOVERY: tuple[Gateway, ...] = (
    Family(
        FamilyType.COUNTER,
        "ib_recovery_actions_total",
        "What recovery did, by rung and by how it ended: proved, unproved, refused or dry_run.",
        lambda s: s.recovery,
        _actions,
        ("rung", "result"),
        query="increase(ib_recovery_actions_total[1d]) > 0",
    ),
    Family(
        FamilyType.GAUGE,
        "ib_recovery_approval_pending",
        "1 while a rung of recovery waits for a person's approval.",
        lambda s: s.recovery,
        _pending,
        ("rung",),
        query="ib_recovery_approval_pending == 1",
        unit=FLAG,
    ),
    Family(
        FamilyType.GAUGE,
        "ib_recovery_budget_remaining",
        "Deeds of a rung that are left of its budget for 24 h.",
        lambda s: s.recovery,
        _remaining,
        ("rung",),
        query="ib_recovery_budget_remaining == 0",
        unit="deeds",
    ),
)
