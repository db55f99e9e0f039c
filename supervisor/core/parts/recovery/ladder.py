"""Recovery of one gateway: which rung is due, who must approve it, and whether it helped.

- A rung is due when what it is for has lasted for its patience. The patience counts only while nothing forbids a deed:
  a window, a pause, a missing login, a competing session or a near restart begin it anew.
- One deed at a time, and each has a proof and a deadline. After it every patience begins anew.
- What costs a login, or may, waits for approval, unless the operator allows it unattended. So does everything while
  the market is open, unless the operator says otherwise; a RESTART of a process that cannot be told from another; and
  one for which no login is known.
- An approval is for one rung of one outage, and is good for `APPROVAL` seconds: as long as that, it outlives a moment
  in which something was against the deed.
- Asked for by hand, a rung needs no patience and no approval. All else is checked as ever.
- A dry run does all of this but the deed. Its deeds are counted apart from real ones.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from supervisor.core.model.counters import added
from supervisor.core.model.recovery.records import (
    RecoveryAnswered,
    RecoveryApproved,
    RecoveryFailed,
    RecoveryProposed,
    RecoveryProved,
    RecoveryRecord,
    RecoveryRefused,
    RecoveryStarted,
    RecoveryWithdrawn,
)
from supervisor.core.model.recovery.rules import Block, DeedDone, RecoveryPolicy, Result, Rung, RungPolicy
from supervisor.core.model.recovery.views import DeedView
from supervisor.core.parts.recovery.blocks import blocks_of, forbidden, needs_approval
from supervisor.core.parts.recovery.memory import (
    APPROVAL,
    Approval,
    Deed,
    Done,
    Proposal,
    Recovery,
    remembered,
    too_early,
)
from supervisor.core.parts.recovery.rungs import RUNGS, Before, Scene
from supervisor.frozen import dataclass, replace

LOOK_AGAIN: Final = 30.0
"""Seconds until a gateway that does not work is looked at again."""


@dataclass(frozen=True, slots=True)
class Deal:
    """What is to be done now."""

    number: int
    rung: Rung


_WAITING: Final = frozenset({None, Block.STARTING, Block.MILDER})
"""What a rung that waits for approval may be blocked by, and still be right in a moment."""

Outcome = tuple[Recovery, tuple[RecoveryRecord, ...], Deal | None]


def observed(recovery: Recovery, policy: RecoveryPolicy, scene: Scene) -> Outcome:
    """One look at the gateway: judge the deed under way, or see whether a rung is due."""
    recovery = remembered(recovery, scene)
    recovery, records = _judged(recovery, scene)
    no = forbidden(scene)
    wanted = [each.rung for each in policy.rungs if no is None and RUNGS[each.rung].when(scene)]
    since = {} if recovery.deed else {rung: recovery.since.get(rung, scene.now.mono) for rung in wanted}
    if since != recovery.since:
        recovery = replace(recovery, since=since)
    blocks = blocks_of(recovery, policy, scene)
    recovery, more = _still_proposed(recovery, policy, blocks, scene)
    records += more
    due = next((each for each in policy.rungs if blocks[each.rung] is None), None)
    deal = None
    if due is not None:
        recovery, more, deal = _due(recovery, policy, due, scene)
        records += more
        blocks = blocks_of(recovery, policy, scene)
        if recovery.proposal is not None:
            blocks[due.rung] = Block.APPROVAL
    shown = {rung: block for rung, block in blocks.items() if block is not None}
    if shown != recovery.blocks:
        recovery = replace(recovery, blocks=shown)
    return recovery, records, deal


def approved(recovery: Recovery, scene: Scene, rung: Rung | None, by: str) -> Outcome:
    """A person approves what waits for it. It is done with the next look, or as soon as nothing is against it.

    `rung` is what they were asked for: another one may wait by now, and cost more.
    """
    proposal, now = recovery.proposal, scene.now
    if proposal is None:
        return recovery, (RecoveryRefused(rung, by, None),), None
    if rung not in (None, proposal.rung):
        return recovery, (RecoveryRefused(rung, by, Block.NOT_PROPOSED),), None
    approval = Approval(proposal, scene.outage, by, now)
    until = now.wall + timedelta(seconds=APPROVAL)
    return replace(recovery, approval=approval), (RecoveryApproved(proposal.rung, by, until),), None


def asked(recovery: Recovery, policy: RecoveryPolicy, scene: Scene, rung: Rung | None, by: str) -> Outcome:
    """A person asks for a rung by hand, or for the mildest one that is right."""
    recovery = remembered(recovery, scene)
    listed = [each for each in policy.rungs if rung in (None, each.rung)]
    if not listed:
        return recovery, (RecoveryRefused(rung, by, Block.NOT_LISTED),), None
    blocks = blocks_of(recovery, policy, scene, by_hand=True)
    chosen = next((each for each in listed if blocks[each.rung] is None), None)
    if chosen is not None:
        return _do(recovery, policy, chosen, scene, by)
    told = [(each.rung, blocks[each.rung]) for each in listed if blocks[each.rung] is not Block.NOT_SO]
    named, why = told[0] if told else (rung, Block.NOT_SO)
    return recovery, (RecoveryRefused(named, by, why),), None


def answered(recovery: Recovery, number: int, accepted: bool | None, words: str) -> Outcome:
    """The controller, or the command, has answered: accepted is not done, refused is."""
    deed, last = recovery.deed, recovery.last
    if deed is None or deed.number != number or last is None:
        return recovery, (), None
    recovery = replace(recovery, deed=replace(deed, words=words, answered=True), last=replace(last, words=words))
    answer = RecoveryAnswered(deed.rung, accepted, words)
    if accepted is not False:
        return recovery, (answer,), None
    failed = RecoveryFailed(deed.rung, Result.REFUSED, words)
    return _ended(recovery, deed, Result.REFUSED), (answer, failed), None


def deadline(recovery: Recovery, policy: RecoveryPolicy, at: float, *, broken: bool) -> float | None:
    """When the next look is due, if the last one was `at`; monotonic seconds. None if nothing is.

    `broken`: something is, so that a rung may become right with time alone.
    """
    deed = recovery.deed
    if deed is not None:
        return deed.seen_by if deed.seen_by > at else max(deed.deadline, at + 1.0)
    ends = [recovery.since[each.rung] + each.patience for each in policy.rungs if each.rung in recovery.since]
    ahead = [end for end in ends if end > at]
    return min([*ahead, at + LOOK_AGAIN]) if broken else None


# -- how --------------------------------------------------------------------------------------------------------------


def _judged(recovery: Recovery, scene: Scene) -> tuple[Recovery, tuple[RecoveryRecord, ...]]:
    """The deed under way: proved, or out of time."""
    deed = recovery.deed
    if deed is None:
        return recovery, ()
    if scene.port_closed and not deed.before.port_closed:
        deed = replace(deed, before=replace(deed.before, port_closed=True))
        recovery = replace(recovery, deed=deed)
    seconds = scene.now.mono - deed.at.mono
    runs = deed.rung is Rung.COMMAND and not deed.answered  # nothing else is begun beside it
    if not runs and not too_early(deed, scene) and RUNGS[deed.rung].proof(scene, deed.before):
        return _ended(recovery, deed, Result.PROVED), (RecoveryProved(deed.rung, seconds),)
    if scene.now.mono < deed.deadline:
        return recovery, ()
    failed = RecoveryFailed(deed.rung, Result.UNPROVED, deed.words, up=scene.broken is None)
    return _ended(recovery, deed, Result.UNPROVED), (failed,)


def _ended(recovery: Recovery, deed: Deed, result: Result) -> Recovery:
    last = recovery.last
    return replace(
        recovery,
        deed=None,
        since={},
        last=replace(last, result=result) if last is not None else None,
        counts=added(recovery.counts, (deed.rung, result), 1),
    )


def _still_proposed(
    recovery: Recovery, policy: RecoveryPolicy, blocks: Mapping[Rung, Block | None], scene: Scene
) -> tuple[Recovery, tuple[RecoveryRecord, ...]]:
    """What waits for approval may be right no more or allowed otherwise, and a word may be good no more."""
    waits, word = recovery.proposal, recovery.approval
    if word is not None and not (word.holds(scene) and word.proposal.stands(policy)):
        recovery = replace(recovery, approval=None)
    if waits is None or (waits.stands(policy) and blocks.get(waits.rung, Block.NOT_LISTED) in _WAITING):
        return recovery, ()
    return replace(recovery, proposal=None), (RecoveryWithdrawn(waits.rung),)


def _due(recovery: Recovery, policy: RecoveryPolicy, rung: RungPolicy, scene: Scene) -> Outcome:
    """This rung is due: do it, or ask."""
    if not needs_approval(policy, rung, scene):
        return _do(recovery, policy, rung, scene, "")
    waits, word = recovery.proposal, recovery.approval
    if word is not None and word.rung is rung.rung:
        return _do(recovery, policy, rung, scene, word.by)
    if waits is None or waits.rung is not rung.rung:
        proposal = Proposal(rung, policy.dry_run, scene.now)
        asked_for = RecoveryProposed(rung.rung, rung.needs_login, policy.dry_run)
        return replace(recovery, proposal=proposal), (asked_for,), None
    return recovery, (), None


def _do(recovery: Recovery, policy: RecoveryPolicy, rung: RungPolicy, scene: Scene, by: str) -> Outcome:
    now, process = scene.now, scene.process
    number = recovery.number + 1
    what = DeedDone(
        rung.rung,
        now.wall,
        policy.dry_run,
        process.pid if process is not None else None,
        process.started if process is not None else None,
    )
    result = Result.DRY_RUN if policy.dry_run else None
    recovery = replace(
        recovery,
        number=number,
        since={},
        proposal=None,
        approval=None,
        done=(*recovery.done, Done(what, now.mono)),
        last=DeedView(rung.rung, now.wall, by, result, ""),
    )
    started = RecoveryStarted(rung.rung, by, rung.needs_login, policy.dry_run)
    if policy.dry_run:
        counts = added(recovery.counts, (rung.rung, Result.DRY_RUN), 1)
        return replace(recovery, counts=counts), (started,), None
    before = Before(scene.epoch, process, scene.port_closed)
    deed = Deed(number, rung.rung, now, by, before, now.mono + RUNGS[rung.rung].prove_within)
    return replace(recovery, deed=deed), (started,), Deal(number, rung.rung)
