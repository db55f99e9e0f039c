"""Recovery of one gateway as JSON: for `/api/v1/status`, the page and scripts."""

from datetime import UTC, datetime
from typing import Any

from supervisor.core.explain.recovery import COSTS_WORDS, DOES, WHY_NOT
from supervisor.core.model.recovery.views import DeedView, ProposalView, RecoveryView
from supervisor.observe.masking import fit


def recovery(view: RecoveryView | None) -> dict[str, Any] | None:
    """None where recovery is off."""
    if view is None:
        return None
    return {
        "dry_run": view.dry_run,
        "rungs": [
            {
                "rung": each.policy.rung.value,
                "needs_login": each.policy.needs_login.value,
                "budget": each.policy.most,
                "remaining": each.remaining,
                "due": _instant(each.due),
                "blocked": each.block.value if each.block is not None else None,
                "why": WHY_NOT[each.block] if each.block is not None else None,
            }
            for each in view.rungs
        ],
        "proposal": _proposal(view.proposal),
        "deed": _deed(view.deed),
    }


def _proposal(proposal: ProposalView | None) -> dict[str, Any] | None:
    if proposal is None:
        return None
    return {
        "rung": proposal.rung.value,
        "needs_login": proposal.needs_login.value,
        "text": f"recovery would {DOES[proposal.rung]}: {COSTS_WORDS[proposal.needs_login]}",
        "since": _instant(proposal.since),
        "approved_by": proposal.approved_by or None,
        "approved_until": _instant(proposal.approved_until),
    }


def _deed(deed: DeedView | None) -> dict[str, Any] | None:
    if deed is None:
        return None
    return {
        "rung": deed.rung.value,
        "at": _instant(deed.at),
        "by": deed.by or None,
        "result": deed.result.value if deed.result is not None else None,
        "words": fit(deed.words) or None,
    }


def _instant(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"
