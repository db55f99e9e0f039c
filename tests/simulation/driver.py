"""One gateway's years on the real core, and all that befalls it.

`Run(scenario).run()` plays a scenario to its end, or raises the Violation of the first promise that was not kept. A
suspend is told within a second, and the truth of the world is compared with the report.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from supervisor.core.model.events import (
    Ending,
    LoginConfirmed,
    MaintenanceAsked,
    MaintenanceEnded,
    PauseAsked,
    Reloaded,
    ResumeAsked,
    ShutdownAsked,
    Slept,
)
from supervisor.core.model.gate import LEASE
from supervisor.core.model.policy import Policy
from supervisor.core.model.vocabulary import Loss, Phase, Planning
from supervisor.core.parts.behind.canary import AGAIN
from supervisor.core.step.state import State
from tests.simulation.judges import bounds, sights
from tests.simulation.judges.violation import holds
from tests.simulation.loop import Loop
from tests.simulation.tally import Tally
from tests.simulation.world import faults as f
from tests.simulation.world.program import Program
from tests.simulation.world.scenario import DAY

WRONG_PORT = 4999
STALE = "a lease ends with its decision"
UNSEEN = (
    f.Chaos
    | f.Noise
    | f.Confirm
    | f.Reload
    | f.KeeperLies
    | f.KeeperHangs
    | f.DeadStream
    | f.StreamEnds
    | f.Competing
    | f.CanaryRival
    | f.TargetDown
)
"""What no layer is to tell of."""
LOOK = 1.0
"""The daemon's loop looks at the clocks at least that often, in seconds."""
BEGINS = 60.0
"""Seconds in which the canary is connected and has its first data."""
SPIN = 1000
"""Steps without any time passing after which the loop is held to spin."""


class Run(Loop):
    """A scenario being played."""

    def run(self) -> Tally:
        """Play it. Raises Violation."""
        with TemporaryDirectory(prefix="ib-supervisor-") as folder:
            self._program = Program(Path(folder), self.line)
            return self._run()

    def _run(self) -> Tally:
        line, end = self.line, self.scenario.days * DAY
        for fault in self.scenario.faults:
            line.at(fault.at, partial(self._begin, fault))
        line.at(0.0, self._live)
        for day in range(1, int(self.scenario.days) + 1):
            line.at(day * DAY, self._compare)
        line.at(end, lambda: None)
        while line.t < end:
            due, head = self._due(), line.next_at()
            if due > head:
                line.take()()
            elif not self._skipped(head):
                self._spinning = self._spinning + 1 if due <= line.t else 0
                holds(self._spinning < SPIN, "a phase has a deadline", "the loop spins")
                line.t = max(line.t, due)
                self._tick()
        self._count()
        return self.tally

    # -- what befalls it ----------------------------------------------------------------------------------------------

    def _begin(self, fault: f.Fault) -> None:
        self.tally.faults[type(fault).__name__] += 1
        self._looks(fault)
        if isinstance(fault, f.PortMove) and not self._hears_of_the_port():
            return
        if self.fate.suffer(fault) or self.feed.suffer(fault):
            return
        match fault:
            case f.Chaos():
                self._begin_chaos(fault)
            case f.Stall():
                self._stall(fault)
            case f.Typo():
                self._typo(fault)
            case f.ClockStep():
                self._set_clock(fault.by)
                self.line.later(fault.lasts, partial(self._set_clock, -fault.by))
            case f.Suspend():
                self._sleep(fault)
            case f.DaemonDown(after_its_word=float(after)):
                self._at_its_word = partial(self.line.later, after, partial(self._down, fault))
            case f.DaemonDown():
                self._down(fault)
            case f.TargetDown():
                for target in self.targets:
                    target.fails(fault.lasts, doubt=fault.doubt)
            case _:
                self._operate(fault)

    def _hears_of_the_port(self) -> bool:
        """A daemon that follows has 1300 alone to go by: where it may be lost or come late, the port stays."""
        if not self.policy.follow_port_change:
            return True
        if self._chaos is not None or self.line.t < self._stalled_until:
            return False
        return self.state is not None and self.state.session.phase is Phase.READY

    def _operate(self, fault: f.Fault) -> None:
        """The operator's doings; he does nothing to a daemon that does not run, and waits for a slow one."""
        if self.state is None:
            return
        if self.line.t < self._stalled_until:
            self.line.at(self._stalled_until + 0.01, partial(self._operate, fault))
            return
        match fault:
            case f.Pause():
                self._pause(fault)
            case f.Upkeep():
                self._upkeep(fault)
            case f.Reload():
                self._reload(fault)
            case f.Confirm():
                self._hear(LoginConfirmed())

    def _begin_chaos(self, fault: f.Chaos) -> None:
        self._chaos, self._dice = fault, random.Random(fault.seed)
        self._blinded("chaos", fault.lasts + fault.longest + 1.0)
        self.line.later(fault.lasts, partial(self._end_chaos, fault))

    def _end_chaos(self, fault: f.Chaos) -> None:
        if self._chaos is fault:
            self._chaos = None

    def _stall(self, fault: f.Stall) -> None:
        """The loop does not turn; `chatty`: a healthy gateway sends its traffic all the while."""
        stalled = self.line.t < self._stalled_until
        self._stalled_until = max(self._stalled_until, self.line.t + fault.lasts)
        if self.state is not None and not stalled:
            self._lease_runs(fault.lasts)
        self._blinded("stall", fault.lasts + 1.0)
        if fault.chatty:
            self.world.chatter_until(self.line.t + fault.lasts)
        if self.state is not None and self._chaos is None and self.state.session.phase is Phase.READY:
            ended = self.state.counters.losses
            self.line.later(fault.lasts + 15.0, partial(self._stalled, fault, self._lives, ended))

    def _lease_runs(self, lasts: float) -> None:
        """The loop decides nothing from now on: what a program reads of the gate."""
        begun, life = self.line.t, self._lives
        was_open = self._program.decided(self._now_standing(), self.policy)
        steady = self.line.set_by, self.line.slept
        for seconds in (LEASE / 2, LEASE + 0.05, lasts / 2, lasts - 0.01):
            if 0.0 < seconds < lasts:
                self.line.later(seconds, partial(self._reads, begun, life, was_open, steady))

    def _reads(self, begun: float, life: int, was_open: bool, steady: tuple[float, float]) -> None:
        if self._lives != life:
            return
        if self.state is not None:
            self._program.renewed()
        passed, may = self.line.t - begun, self._program.may_send()
        if passed >= LEASE:
            holds(not may, STALE, lambda: f"open {passed:.2f} s after the last decision")
        elif steady == (self.line.set_by, self.line.slept) and self.state is not None:
            holds(may is was_open, STALE, lambda: f"{may}, decided {was_open}")

    def _now_standing(self) -> State:
        if self.state is None:
            raise RuntimeError("the daemon does not run")
        return self.state

    def _stalled(self, fault: f.Stall, life: int, ended: Mapping[tuple[Loss, Planning], int]) -> None:
        """A stall of ours costs a healthy session nothing."""
        calm = self.world.troubles.calm_for(self.line.t) > fault.lasts + 60.0
        if self.state is None or self._lives != life or self._chaos is not None or not calm:
            return
        lost = [key for key, times in self.state.counters.losses.items() if times > ended.get(key, 0)]
        hearts = [reason for reason, _ in lost if reason is Loss.HEARTBEAT]
        holds(not hearts, "a stall costs no session", lambda: f"{fault}: {lost}")

    def _typo(self, fault: f.Typo) -> None:
        """The operator writes another port into the config, and finds out."""
        right = self.scenario.policy.port
        mend = partial(self.line.later, fault.lasts, lambda: self._changed(replace(self.policy, port=right), 1.0))
        self._changed(replace(self.policy, port=WRONG_PORT), fault.lasts + bounds.LONGEST, mend)

    def _set_clock(self, by: float) -> None:
        if self.state is not None and self.line.t >= self._stalled_until:
            self._program.decided(self.state, self.policy)
            self.line.set_by += by
            holds(not self._program.may_send(), STALE, lambda: f"open with a clock that was set by {by:g} s")
        else:
            self.line.set_by += by
        self._look_after = self.line.t + LOOK / 2
        self._clock_set_at = self.line.t

    def _sleep(self, fault: f.Suspend) -> None:
        self._tick_if_due()
        if self.state is not None and self.line.t >= self._stalled_until:
            self._program.decided(self.state, self.policy)
        self.line.sleep(fault.lasts)
        holds(not self._program.may_send(), STALE, "open after a sleep, before the loop has decided")
        self._blinded("asleep", LOOK)
        self._hear(Slept(fault.lasts))  # before anything that is heard since
        if fault.cut:
            self.fate.suffer(f.Cut(self.line.t, Ending.RESET))
        self._look_after = self.line.t + LOOK / 2

    def _pause(self, fault: f.Pause) -> None:
        until = self.line.now().wall + timedelta(seconds=fault.lasts) if fault.by_clock else None
        self._hear(PauseAsked(until))
        if until is None:
            self.line.later(fault.lasts, self._resume)

    def _resume(self) -> None:
        """An operator who finds no daemon tries again."""
        if self.state is None:
            self.line.later(60.0, self._resume)
        else:
            self._hear(ResumeAsked())

    def _upkeep(self, fault: f.Upkeep) -> None:
        """Work on the gateway in a window of the operator's."""
        now = self.line.now().wall
        until = now + timedelta(seconds=fault.lasts)
        self._tick_if_due()
        self._openings.upkeep(now, until)
        self._hear(MaintenanceAsked(until, "new version"))
        self.fate.suffer(f.Leave(self.line.t, min(30.0, fault.lasts / 2), 60.0))
        if fault.early:
            self.line.later(fault.lasts * 0.7, self._upkeep_over)

    def _upkeep_over(self) -> None:
        if self.state is None or self.line.t < self._stalled_until:
            return
        self._tick_if_due()
        self._openings.no_upkeep()
        self._hear(MaintenanceEnded())

    def _reload(self, fault: f.Reload) -> None:
        before, timing = self.policy, self.policy.timing
        match fault.change:
            case "retries":
                policy = replace(before, timing=replace(timing, retry_max=30.0 if timing.retry_max < 30.0 else 12.0))
            case "client_id":
                policy = replace(before, client_id=912 if before.client_id == 911 else 911)
            case "heartbeat":
                policy = replace(before, timing=replace(timing, heartbeat_misses=5 - timing.heartbeat_misses))
            case _:
                policy = before
        self._changed(policy, 1.0)

    def _changed(self, policy: Policy, blind: float, then: Callable[[], None] = lambda: None) -> None:
        """A reload, as soon as there is a daemon that hears of it; `then` follows it."""
        before = self.policy
        if self.state is None or self.line.t < self._stalled_until:
            self.line.later(60.0, partial(self._changed, policy, blind, then))
            return
        self._tick_if_due()
        self.world.port_back()
        self.policy = policy
        self.world.policy = replace(policy, port=self.scenario.policy.port)
        self._judge.policy_is(policy, self._openings)
        self._blinded("reload", blind)
        self._hear(Reloaded(before))
        then()

    def _down(self, fault: f.DaemonDown) -> None:
        if self.state is None:
            return
        self.world.port_back()
        self._tick_if_due()
        if not fault.killed:
            self._step(ShutdownAsked())
        elif self.line.t >= self._stalled_until:
            self._lease_runs(fault.lasts)
        for target in self.targets:
            target.ends()
        if fault.after_its_word == 0.0:
            self.facts = replace(self.facts, talks=self._talks_before)
            self._telling.killed_at_its_word()
        self._count()
        for connection in self.world.connections:
            self.world.close(connection)
            connection.ours = False
        self.state, self._waiting = None, []
        self._blinded("off", fault.lasts)
        if fault.reboot:
            self.line.started_again(fault.lasts)
        self.line.later(fault.lasts, self._live)

    # -- truth against report -----------------------------------------------------------------------------------------

    def _looks(self, fault: f.Fault) -> None:
        """Compare when this fault should have been noticed, and when its end should have been."""
        if isinstance(fault, UNSEEN):
            return
        lasts = fault.away + fault.login if isinstance(fault, f.Leave) else getattr(fault, "lasts", 0.0)
        seen = (bounds.SLACK, bounds.heartbeat_bound(self.policy), bounds.loss_bound(self.policy), 36.0, 105.0)
        recovered = bounds.recovery_bound(self.policy, self._judge.ledger)
        for seconds in (*seen, lasts + recovered, lasts + bounds.LONGEST):
            self.line.later(seconds + 0.1, self._compare)
        if isinstance(fault, f.Leave) and lasts > 400:
            for share in (0.3, 0.6, 0.99):
                self.line.later(fault.away + share * fault.login, self._compare)

    def _compare(self) -> None:
        for target in self.targets:
            target.compare()
        state, blind, troubles = self.state, self._blind, self.world.troubles
        if state is None or len(blind) or state.session.phase is Phase.STOPPED:
            return
        bounds.look(self.line, troubles, blind.calm_since, state, self._judge.ledger, self.policy)
        calm = min(self.feed.calm_for(), troubles.calm_for(self.line.t), self.line.t - blind.calm_since)
        by_the_clock = (
            self.line.set_by == 0 and self.line.t - self._clock_set_at > DAY
        )  # a market's hours are asked daily
        if state.canary is not None and calm > AGAIN + 2 * BEGINS and by_the_clock:
            holds(
                not state.canary.dead, "a dead stream is subscribed again", lambda: f"dead, and calm for {calm:.0f} s"
            )
        if self.keeper is not None:
            sights.look(self.line, troubles, blind.calm_since, state, self._judge.ledger, self.keeper)
