"""One gateway's years on the real core: the loop of the daemon, without threads, sockets and waiting.

`Run(scenario).run()` plays a scenario to its end, or raises the Violation of the first promise that was not kept. What
the daemon's parts would do is done here: actions are carried out on a modelled world, events come back from it, the
core is stepped at what it asks for (`wake`), its records are put into words, a suspend is told within a second, facts
outlive the process.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial

from supervisor.core.calendar.clock import Now
from supervisor.core.explain.narrator import Narrator
from supervisor.core.model.actions import Announce, Close, Connect, Persist, Ping, Probe
from supervisor.core.model.events import (
    Ending,
    Event,
    LoginConfirmed,
    MaintenanceAsked,
    MaintenanceEnded,
    NoticeReceived,
    PauseAsked,
    Reloaded,
    ResumeAsked,
    SessionEvent,
    ShutdownAsked,
    Slept,
    Started,
    Ticked,
)
from supervisor.core.model.facts import Facts
from supervisor.core.model.policy import Policy
from supervisor.core.model.vocabulary import Loss, Phase, Planning
from supervisor.core.step.state import State, Wake, initial
from supervisor.core.step.step import Decision, step
from tests.simulation import bounds, skip
from tests.simulation import faults as f
from tests.simulation.counterpart import Counterpart
from tests.simulation.invariants import Judge
from tests.simulation.planning import Openings
from tests.simulation.scenario import DAY, Scenario
from tests.simulation.tally import Tally
from tests.simulation.timeline import Timeline
from tests.simulation.troubles import Troubles
from tests.simulation.violation import holds

WRONG_PORT = 4999
LOOK = 1.0
"""The daemon's loop looks at the clocks at least that often, in seconds."""
SPIN = 1000
"""Steps without any time passing after which the loop is held to spin."""
Watcher = Callable[[float, State, Event, Decision], None]


class Run:
    """A scenario being played.

    Args:
        scenario: what will happen.
        every_ping: deliver all pings instead of jumping over quiet stretches.
        watch: told of every step.
    """

    def __init__(self, scenario: Scenario, *, every_ping: bool = False, watch: Watcher | None = None) -> None:
        self.scenario = scenario
        self.line = Timeline(scenario.begins)
        self.world = Counterpart(scenario, self.line, self._receive)
        self.policy: Policy = scenario.policy
        self.tally = Tally(runs=1, days=scenario.days)
        self.state: State | None = None
        """None while the daemon does not run."""
        self._every_ping = every_ping
        self._watch = watch
        self.announced: list[tuple[float, Announce]] = []
        self.facts = Facts()
        self._lives = 0
        self._openings = self._openings_of(self.policy)
        self._look_after = 0.0
        self._blind = Troubles()
        self._stalled_until = 0.0
        self._waiting: list[tuple[Event, Now]] = []
        self._chaos: f.Chaos | None = None
        self._dice = random.Random(0)
        self._spinning = 0

    # -- the loop -----------------------------------------------------------------------------------------------------

    def run(self) -> Tally:
        """Play it. Raises Violation."""
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

    def _due(self) -> float:
        """The true time of the next tick."""
        if self.state is None:
            return float("inf")
        if self._waiting:
            return self._stalled_until
        return self._time_of(self.state.wake)

    def _time_of(self, wake: Wake) -> float:
        due = float("inf") if wake.mono is None else self.line.of_mono(wake.mono)
        if wake.wall is not None:
            due = min(due, max(self.line.of_wall(wake.wall), self._look_after))
        return max(due, self._stalled_until)

    def _skipped(self, head: float) -> bool:
        """Jump over answered pings, if the next thing due is one of them."""
        state, line = self.state, self.line
        if self._every_ping or state is None or self._chaos is not None or line.t < self._stalled_until:
            return False
        if state.wake.mono != state.heartbeat.next_ping or not skip.at_rest(state):
            return False
        if not self.world.answers_pings(state.session.epoch):
            return False
        until = min(head, self._time_of(skip.next_but_pings(state, self.policy)))
        trip = self.scenario.round_trip
        self.state, times, answered = skip.over_pings(state, self.policy, trip, line.boot + until)
        if not times:
            return False
        self.tally.pings_skipped += times
        self.facts = self.state.facts
        self.world.skipped_until(state.session.epoch, line.of_mono(answered))
        self._judge.ledger.answered_at = answered
        return True

    def _tick(self) -> None:
        if self._waiting:
            waiting, self._waiting = self._waiting, []
            for event, at in waiting:
                self._step(event, at)
        if self.state is None:
            return
        now, wake = self.line.now(), self.state.wake
        # The sum that made the deadline and the sum that makes the clock may differ in the last digit.
        if wake.mono is not None and abs(now.mono - wake.mono) < 1e-6:
            now = replace(now, mono=max(now.mono, wake.mono))
        if wake.wall is not None and abs(now.wall - wake.wall) < timedelta(microseconds=2):
            now = replace(now, wall=max(now.wall, wake.wall))
        self._step(Ticked(), now)

    def _step(self, event: Event, now: Now | None = None) -> None:
        before = self.state
        if before is None:
            return
        real = self.line.now()
        at = now if now is not None else real
        late = max(0.0, real.mono - at.mono)
        decision = step(before, event, at, self.policy, late)
        after = self.state = decision.state
        self.tally.steps += 1
        if self._watch is not None:
            self._watch(self.line.t, before, event, decision)
        self._judge.step(before, event, after, decision.actions, late)
        for happened in decision.records:
            self._narrator.tell(happened, after.at.mono)
        if Phase.STOPPED in (before.session.phase, after.session.phase):
            self._blind.disturbed(self.line.t)
        for action in decision.actions:
            match action:
                case Connect() | Close() | Ping() | Probe():
                    self.world.carry_out(action)
                case Announce():
                    self.announced.append((self.line.t, action))
                case Persist():
                    self.facts = action.facts

    # -- events on their way ------------------------------------------------------------------------------------------

    def _receive(self, event: SessionEvent) -> None:
        """The world says something; chaos may happen to it."""
        chaos, dice = self._chaos, self._dice
        if chaos is None:
            self._hear(event)
            return
        if dice.random() < chaos.lose:
            return
        if dice.random() < chaos.double:
            self.line.later(dice.uniform(0.0, chaos.longest), partial(self._hear, event))
        if dice.random() < chaos.delay:
            self.line.later(dice.uniform(0.0, chaos.longest), partial(self._hear, event))
        else:
            self._hear(event)

    def _hear(self, event: Event) -> None:
        if self.state is None:
            return
        if self.line.t < self._stalled_until:
            self._waiting.append((event, self.line.now()))
            return
        port_moves = isinstance(event, NoticeReceived) and event.code == 1300
        if self._waiting or port_moves or not isinstance(event, SessionEvent):
            self._tick_if_due()
        self._step(event)

    def _tick_if_due(self) -> None:
        if self._due() <= self.line.t:
            self._tick()

    # -- the daemon's life --------------------------------------------------------------------------------------------

    def _live(self) -> None:
        """A process begins, with the facts of the one before."""
        now = self.line.now()
        self._lives += 1
        self.state = initial(self.policy, self.facts, now, self.scenario.seed * 1000 + self._lives)
        self._judge = Judge(self.policy, self.state, self._openings)
        self._narrator = Narrator()
        self._step(Started())

    def _down(self, fault: f.DaemonDown) -> None:
        if self.state is None:
            return
        self.world.port_back()
        self._tick_if_due()
        if not fault.killed:
            self._step(ShutdownAsked())
        self._count()
        for connection in self.world.connections:
            self.world.carry_out(Close(connection.epoch))
            connection.ours = False
        self.state, self._waiting = None, []
        self._blinded("off", fault.lasts)
        if fault.reboot:
            self.line.boot = 30.0 - fault.lasts - self.line.t
        self.line.later(fault.lasts, self._live)

    def _count(self) -> None:
        if self.state is not None:
            counters = self.state.counters
            self.tally.attempts += counters.attempts
            self.tally.sessions += counters.sessions
            self.tally.outages += sum(self.state.outages.totals.counts.values())

    # -- faults -------------------------------------------------------------------------------------------------------

    def _begin(self, fault: f.Fault) -> None:
        self.tally.faults[type(fault).__name__] += 1
        self._looks(fault)
        if isinstance(fault, f.PortMove) and not self._hears_of_the_port():
            return
        if self.world.suffer(fault):
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
            case f.DaemonDown():
                self._down(fault)
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
        self._stalled_until = max(self._stalled_until, self.line.t + fault.lasts)
        self._blinded("stall", fault.lasts + 1.0)
        if fault.chatty:
            self.world.chatter_until(self.line.t + fault.lasts)
        if self.state is not None and self._chaos is None and self.state.session.phase is Phase.READY:
            ended = self.state.counters.losses
            self.line.later(fault.lasts + 15.0, partial(self._stalled, fault, self._lives, ended))

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
        self._changed(replace(self.policy, port=WRONG_PORT), fault.lasts + bounds.LONGEST)
        self.line.later(fault.lasts, lambda: self._changed(replace(self.policy, port=right), 1.0))

    def _set_clock(self, by: float) -> None:
        self.line.set_by += by
        self._look_after = self.line.t + LOOK / 2

    def _sleep(self, fault: f.Suspend) -> None:
        self._tick_if_due()
        self.line.sleep(fault.lasts)
        self._blinded("asleep", LOOK)
        self._hear(Slept(fault.lasts))  # before anything that is heard since
        if fault.cut:
            self.world.suffer(f.Cut(self.line.t, Ending.RESET))
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
        self.world.suffer(f.Leave(self.line.t, min(30.0, fault.lasts / 2), 60.0))
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

    def _changed(self, policy: Policy, blind: float) -> None:
        before = self.policy
        if self.state is None or self.line.t < self._stalled_until:
            self.line.later(60.0, partial(self._changed, policy, blind))
            return
        self._tick_if_due()
        self.world.port_back()
        self.policy = policy
        self.world.policy = replace(policy, port=self.scenario.policy.port)
        self._judge.policy_is(policy, self._openings)
        self._blinded("reload", blind)
        self._hear(Reloaded(before))

    def _openings_of(self, policy: Policy) -> Openings:
        return Openings(policy.windows, self.scenario.begins, self.scenario.days)

    # -- truth against report -----------------------------------------------------------------------------------------

    def _blinded(self, name: str, seconds: float) -> None:
        """For so long nothing is expected of the daemon."""
        self._blind.begin(name, self.line.t)
        self.line.later(seconds, lambda: self._blind.end(name, self.line.t))

    def _looks(self, fault: f.Fault) -> None:
        """Compare when this fault should have been noticed, and when its end should have been."""
        if isinstance(fault, f.Chaos | f.Noise | f.Confirm | f.Reload):
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
        if self.state is None or len(self._blind) or self.state.session.phase is Phase.STOPPED:
            return
        bounds.look(self.line, self.world.troubles, self._blind.calm_since, self.state, self._judge.ledger, self.policy)
