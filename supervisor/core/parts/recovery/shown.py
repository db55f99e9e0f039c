"""Recovery as observers read it."""

from datetime import timedelta

from supervisor.core.calendar.clock import Now
from supervisor.core.model.recovery.rules import NeedsLogin, RecoveryPolicy
from supervisor.core.model.recovery.views import ProposalView, RecoveryView, RungView
from supervisor.core.parts.recovery.memory import APPROVAL, Recovery, remaining


def view(recovery: Recovery, policy: RecoveryPolicy, now: Now) -> RecoveryView:
    """As it is shown."""
    rungs = []
    for each in policy.rungs:
        since = recovery.since.get(each.rung)
        due = now.wall + timedelta(seconds=since + each.patience - now.mono) if since is not None else None
        left = remaining(recovery, policy, each, now)
        rungs.append(RungView(each, left, recovery.blocks.get(each.rung), due))
    waits = recovery.proposal
    proposal = None
    if waits is not None:
        of = policy.of(waits.rung)
        cost = of.needs_login if of is not None else NeedsLogin.YES
        word = recovery.approval if recovery.approval is not None and recovery.approval.rung is waits.rung else None
        until = word.at.wall + timedelta(seconds=APPROVAL) if word is not None else None
        proposal = ProposalView(waits.rung, cost, waits.since.wall, word.by if word is not None else "", until)
    return RecoveryView(policy.dry_run, tuple(rungs), proposal, recovery.last, recovery.counts)
