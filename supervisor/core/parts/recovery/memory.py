"""What recovery remembers of one gateway: the proposal, the deed under way, and the deeds that count.

Another process of the daemon goes on with the deed under way: its proof or its failure is told, and nothing else is
done before.

A budget counts deeds of the last 24 h, on either clock: a wall clock that is set forward gives nothing back.
"""

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime, timedelta
from typing import Final

from supervisor.core.calendar.clock import Now
from supervisor.core.model.behind.sight import GatewayProcess
from supervisor.core.model.recovery.rules import (
    DAY,
    Block,
    DeedDone,
    OpenDeed,
    RecoveryPolicy,
    Result,
    Rung,
    RungPolicy,
)
from supervisor.core.model.recovery.views import DeedView
from supervisor.core.parts.recovery.rungs import RUNGS, Before, Scene
from supervisor.frozen import dataclass, replace

APPROVAL: Final = 900.0
"""Seconds for which an approval is good."""
LOOKED: Final = 30.0
"""Seconds that another process of the daemon has to see which process of the gateway it is now,"""
PROVED: Final = 60.0
"""and to see the proof of what is under way."""
SETTLED: Final = 5.0
"""Seconds after which a new session has told what is broken."""
TOO_LATE: Final = 3600.0
"""Seconds after which nobody can tell any more what came of it."""
MET: Final = 10.0
"""Seconds, and two pings at least, after which a process that is seen is the one that answers."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A rung that waits for a person's word."""

    what: RungPolicy
    dry_run: bool
    since: Now

    @property
    def rung(self) -> Rung:
        return self.what.rung

    def stands(self, policy: RecoveryPolicy) -> bool:
        """Whether this is what would be done: another command, or no dry run any more, is another question."""
        return policy.of(self.rung) == self.what and policy.dry_run is self.dry_run


@dataclass(frozen=True, slots=True)
class Approval:
    """A person's word for what was proposed in one outage."""

    proposal: Proposal
    outage: datetime | None
    """When that outage began."""
    by: str
    at: Now

    @property
    def rung(self) -> Rung:
        return self.proposal.rung

    def holds(self, scene: Scene) -> bool:
        """Whether the word is good yet."""
        now = scene.now
        fresh = now.mono - self.at.mono < APPROVAL and now.wall - self.at.wall < timedelta(seconds=APPROVAL)
        return fresh and scene.outage == self.outage


@dataclass(frozen=True, slots=True)
class Deed:
    """What was done, and is not proved yet."""

    number: int
    rung: Rung
    at: Now
    by: str
    before: Before
    deadline: float
    words: str = ""
    seen_by: float = 0.0
    """It was begun by another process of the daemon, and by then this one has looked; monotonic seconds."""
    answered: bool = False
    """The controller, or the command, has answered, or nobody can hear it any more."""


@dataclass(frozen=True, slots=True)
class Done:
    """A deed that counts against a budget."""

    what: DeedDone
    mono: float
    """When it was, in monotonic seconds of this process."""

    def counts(self, now: Now) -> bool:
        """Whether it is of the last 24 h, by either clock; one that lies ahead was done by a clock that was wrong."""
        return now.mono - self.mono < DAY or now.wall - self.what.at < timedelta(seconds=DAY)


@dataclass(frozen=True, slots=True)
class Meeting:
    """A process that was seen while a session was ready. A look may be late, so it may be the one before."""

    process: GatewayProcess
    since: float
    """Monotonic seconds."""


@dataclass(frozen=True, slots=True)
class Recovery:
    """What is remembered. Without a policy nothing is."""

    since: Mapping[Rung, float] = field(default_factory=dict)
    """Since when what a rung is for is so, and nothing forbids it; monotonic seconds."""
    proposal: Proposal | None = None
    approval: Approval | None = None
    deed: Deed | None = None
    last: DeedView | None = None
    """The deed under way, or the last one of this process."""
    done: tuple[Done, ...] = ()
    number: int = 0
    """Of the last deed."""
    port_closed: bool = False
    """Of the last scene."""
    met: Meeting | None = None
    """The process of the session of now."""
    seen: GatewayProcess | None = None
    """The last process that was behind a session that answers."""
    counts: Mapping[tuple[Rung, Result], int] = field(default_factory=dict)
    blocks: Mapping[Rung, Block] = field(default_factory=dict)
    """Why each rung is not done, as of the last look."""


NOTHING_DONE: Final = Recovery()


def recalled(kept: tuple[DeedDone, ...], under_way: OpenDeed | None, now: Now) -> Recovery:
    """What an earlier process did, and what it had not seen the end of."""
    recovery = Recovery(done=tuple(Done(each, now.mono - (now.wall - each.at).total_seconds()) for each in kept))
    ago = 0.0 if under_way is None else max(0.0, (now.wall - under_way.at).total_seconds())
    if under_way is None or ago > TOO_LATE:
        return recovery
    at = Now(now.mono - ago, under_way.at)
    process = None if under_way.pid is None else GatewayProcess(under_way.pid, under_way.started or 0.0)
    until = max(at.mono + RUNGS[under_way.rung].prove_within, now.mono + PROVED)
    # Any session of ours is a new one.
    seen_by = now.mono + LOOKED
    deed = Deed(0, under_way.rung, at, under_way.by, Before(0, process), until, seen_by=seen_by, answered=True)
    return replace(recovery, deed=deed, last=DeedView(deed.rung, at.wall, deed.by, None, ""))


def kept(recovery: Recovery) -> tuple[DeedDone, ...]:
    """What another process must know of it."""
    return tuple(done.what for done in recovery.done)


def left_open(deed: Deed) -> OpenDeed:
    """The deed under way, for another process."""
    process = deed.before.process
    pid, started = (process.pid, process.started) if process is not None else (None, None)
    return OpenDeed(deed.rung, deed.at.wall, deed.by, pid, started)


def too_early(deed: Deed, scene: Scene) -> bool:
    """Whether this process of the daemon has seen too little to judge what another one began."""
    if not deed.seen_by:
        return False
    unseen = scene.process is None and deed.before.process is not None and scene.now.mono < deed.seen_by
    return unseen or scene.ready_for < SETTLED


def forgotten(recovery: Recovery) -> Recovery:
    """Nobody saw what was so: every patience begins anew."""
    return replace(recovery, since={}) if recovery.since else recovery


def switched_off(recovery: Recovery) -> Recovery:
    """Recovery is off now. What was done counts if it is switched on again, and a deed under way goes on."""
    deed = recovery.deed
    return Recovery(
        deed=deed,
        last=recovery.last if deed is not None else None,
        done=recovery.done,
        number=recovery.number,
        port_closed=recovery.port_closed,
        counts=recovery.counts,
    )


def remembered(recovery: Recovery, scene: Scene) -> Recovery:
    """Whether the gateway's process is another one since the last deeds; and deeds that no longer count are dropped."""
    anew = scene.ready and recovery.port_closed
    done = []
    for each in recovery.done:
        what = each.what
        if what.same_process and (anew or what.was_to_another(scene.process)):
            what = replace(what, same_process=False)
        if each.counts(scene.now) or (what.rung is Rung.RESTART and what.same_process):
            done.append(each if what is each.what else replace(each, what=what))
    recovery = _met(recovery, scene)
    if scene.port_closed is not recovery.port_closed:
        recovery = replace(recovery, port_closed=scene.port_closed)
    return recovery if tuple(done) == recovery.done else replace(recovery, done=tuple(done))


def seen_logged_in(recovery: Recovery, scene: Scene) -> bool:
    """Whether this very process of the gateway was seen logged in."""
    if scene.ready:
        return True
    if scene.process is not None:
        return scene.proven or scene.process == recovery.seen
    return scene.known and not scene.port_closed


def _met(recovery: Recovery, scene: Scene) -> Recovery:
    """A process that is seen for `MET` seconds behind one session that answers is the one that answers."""
    process, now, met = scene.process, scene.now.mono, recovery.met
    if process is None or not scene.answers:
        return recovery if met is None else replace(recovery, met=None)
    if met is None or met.process != process:
        return replace(recovery, met=Meeting(process, now))
    if process != recovery.seen and now - met.since >= max(MET, 2 * scene.ping_every):
        return replace(recovery, seen=process)
    return recovery


def remaining(recovery: Recovery, policy: RecoveryPolicy, rung: RungPolicy, now: Now) -> int:
    """Deeds left of a budget."""
    spent = sum(
        each.what.rung is rung.rung and each.what.dry_run is policy.dry_run and each.counts(now)
        for each in recovery.done
    )
    return max(0, rung.most - spent)
