"""What people are told of recovery: that it waits for their word, what it did, and whether it helped."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, assert_never

from supervisor.core.model.actions import Announce
from supervisor.core.model.pages import ROWS, Severity
from supervisor.core.model.recovery.records import (
    RecoveryFailed,
    RecoveryProposed,
    RecoveryProved,
    RecoveryStarted,
)
from supervisor.core.model.vocabulary import Stage
from supervisor.core.parts.telling.notify import Ended, Matter, Talk
from supervisor.core.step.transition import Transition

ASKED: Final = "IBRecoveryApproval"
DONE: Final = "IBRecoveryDeed"
FAILED: Final = "IBRecoveryFailed"


def asked(transition: Transition) -> list[Matter]:
    """The rung that waits for a person's word: each time that it is asked for is a conversation."""
    policy, waits = transition.policy.recovery, transition.state.recovery.proposal
    if policy is None or waits is None or transition.state.recovery.approval is not None:
        return []
    of = policy.of(waits.rung)
    page, began = ROWS[ASKED], waits.since.wall
    about = None if of is None else RecoveryProposed(waits.rung, of.needs_login, policy.dry_run)
    return [Matter(ASKED, page, _talk(ASKED, began), began, page.severity, about=about)]


def answered(talks: tuple[Talk, ...]) -> Mapping[str, Ended]:
    """That nobody's word is needed any more is not told: what follows from it is."""
    return {talk.id: Ended(silent=True) for talk in talks if talk.row == ASKED}


def did(transition: Transition, record: RecoveryStarted | RecoveryProved | RecoveryFailed) -> None:
    """What was done, and what came of it. The deed and its end are one conversation."""
    now, last = transition.now.wall, transition.state.recovery.last
    at = last.at if last is not None else now
    match record:
        case RecoveryStarted():
            row, stage = DONE, Stage.HAPPENED
        case RecoveryProved() | RecoveryFailed(up=True):
            row, stage = DONE, Stage.OVER
        case RecoveryFailed():
            row, stage = FAILED, Stage.HAPPENED
        case _:
            assert_never(record)
    dry = isinstance(record, RecoveryStarted) and record.dry_run
    severity = Severity.INFO if dry else ROWS[row].severity
    seconds = max(0.0, (now - at).total_seconds())
    transition.actions.append(Announce(_talk(DONE, at), stage, row, severity, now, at, seconds, about=record))


def _talk(row: str, began: datetime) -> str:
    return f"{row}-{began:%Y%m%dT%H%M%S.%fZ}"
