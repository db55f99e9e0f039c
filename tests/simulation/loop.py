"""The loop of the daemon with one gateway, without threads, sockets and waiting.

What the daemon's parts would do is done here: actions are carried out on a modelled world, events come back from it,
the core is stepped at what it asks for (`wake`), its records are put into words, facts outlive the process.
"""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from math import inf

from supervisor.core.calendar.clock import Now
from supervisor.core.explain.narrator import Narrator
from supervisor.core.model.actions import Announce, Close, Connect, LookAtSockets, Persist, Ping, Probe
from supervisor.core.model.behind.canary import CanaryClose, CanaryConnect, CanaryHoursAsk, CanarySubscribe
from supervisor.core.model.behind.sight import Sockets
from supervisor.core.model.events import (
    CanaryEvent,
    Event,
    NoticeReceived,
    SessionEvent,
    SocketsSeen,
    Started,
    Ticked,
)
from supervisor.core.model.facts import Facts, ToldTalk
from supervisor.core.model.policy import Policy
from supervisor.core.model.vocabulary import Phase
from supervisor.core.step.state import State, Wake, initial
from supervisor.core.step.step import Decision, step
from tests.simulation import skip
from tests.simulation.judges.judge import Judge
from tests.simulation.judges.planning import Openings
from tests.simulation.judges.telling import TellingBook
from tests.simulation.judges.twins import Twin, has_eyes
from tests.simulation.judges.violation import holds
from tests.simulation.tally import Tally
from tests.simulation.world import faults as f
from tests.simulation.world.counterpart import Counterpart
from tests.simulation.world.fate import Fate
from tests.simulation.world.feed import Feed
from tests.simulation.world.keeper import Keeper
from tests.simulation.world.scenario import Scenario
from tests.simulation.world.targets import MAIL, PHONE, Target
from tests.simulation.world.timeline import Doing, Timeline
from tests.simulation.world.troubles import Troubles

FIRST_LOOK = 0.5
"""Seconds after its start in which the daemon has asked the controller."""
Watcher = Callable[[float, State, Event, Decision], None]


class Loop:
    """Steps the core, and has every step judged.

    Args:
        scenario: what will happen.
        every_ping: deliver all pings instead of jumping over quiet stretches.
        watch: told of every step.
    """

    def __init__(self, scenario: Scenario, *, every_ping: bool = False, watch: Watcher | None = None) -> None:
        self.scenario = scenario
        self.line = Timeline(scenario.begins)
        self.world = Counterpart(scenario, self.line, self._receive)
        behind = scenario.behind
        self.feed = Feed(self.world, self.line, behind.market, behind.every)
        self.fate = Fate(self.world, self.line, self.feed)
        self.keeper: Keeper | None = None
        if behind.keeper:
            self.keeper = Keeper(self.line, self.world.troubles, self._hear, speaks=behind.speaks)
            self.world.keeper = self.keeper
        self._twin: Twin | None = None
        self.policy: Policy = scenario.policy
        self.tally = Tally(runs=1, days=scenario.days)
        self.state: State | None = None
        """None while the daemon does not run."""
        self._every_ping = every_ping
        self._watch = watch
        self.targets = (Target(PHONE, self.line), Target(MAIL, self.line))
        self._telling = TellingBook()
        self._talks_before: tuple[ToldTalk, ...] = ()
        """What was kept of conversations before the last words."""
        self._spoke_at = -inf
        self._at_its_word: Doing | None = None
        """What befalls it when it next tells people something."""
        self.facts = Facts()
        self._lives = 0
        self._openings = Openings(scenario.policy.windows, scenario.begins, scenario.days)
        self._look_after = 0.0
        self._clock_set_at = -inf
        self._blind = Troubles()
        self._stalled_until = 0.0
        self._waiting: list[tuple[Event, Now]] = []
        self._chaos: f.Chaos | None = None
        self._dice = random.Random(0)
        self._spinning = 0

    # -- steps --------------------------------------------------------------------------------------------------------

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
        if self._twin is not None:
            twin = self._twin
            twin.state, as_often, _ = skip.over_pings(twin.state, twin.policy, trip, line.boot + until)
            holds(times == as_often, "eyes change no decision", lambda: f"{times} pings, without them {as_often}")
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
        self._telling.step(before, after, decision.actions)
        if self._twin is not None:
            self._twin.step(event, at, self.policy, late, after, decision.actions)
        for happened in decision.records:
            self._narrator.tell(happened, after.at.mono)
        if Phase.STOPPED in (before.session.phase, after.session.phase):
            self._blind.disturbed(self.line.t)
        for action in decision.actions:
            match action:
                case Connect() | Close() | Ping() | Probe():
                    self.world.carry_out(action)
                case CanaryConnect() | CanaryClose() | CanaryHoursAsk() | CanarySubscribe():
                    self.feed.carry_out(action)
                case LookAtSockets():
                    self.line.later(0.002, self._look_at_sockets)
                case Announce():
                    self._spoke(action)
                case Persist():
                    self.facts = action.facts

    def _spoke(self, said: Announce) -> None:
        """People are told. It stands before the facts that remember it."""
        if self._spoke_at != self.line.t:
            self._spoke_at, self._talks_before = self.line.t, self.facts.talks
        for target in self.targets:
            target.announce(said)
        if self._at_its_word is not None:
            self.line.at(self.line.t, self._at_its_word)
            self._at_its_word = None

    # -- events on their way ------------------------------------------------------------------------------------------

    def _receive(self, event: SessionEvent | CanaryEvent) -> None:
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

    def _look_at_sockets(self) -> None:
        """The kernel knows what the gateway has not read."""
        unread = 64 if "hung" in self.world.troubles else 0
        self._hear(SocketsSeen(Sockets(unaccepted=0, unread=unread)))

    def _tick_if_due(self) -> None:
        if self._due() <= self.line.t:
            self._tick()

    # -- the daemon's life --------------------------------------------------------------------------------------------

    def _live(self) -> None:
        """A process begins, with the facts of the one before."""
        now = self.line.now()
        self._lives += 1
        seed = self.scenario.seed * 1000 + self._lives
        self.state = initial(self.policy, self.facts, now, seed)
        self._judge = Judge(self.policy, self.state, self._openings, self.scenario.behind.market)
        self._twin = Twin(self.policy, self.facts, now, seed) if has_eyes(self.policy) else None
        self._telling.process_begins(self.state)
        for target in self.targets:
            target.begins()
        self._narrator = Narrator()
        self._step(Started())
        if self.keeper is not None:
            self.line.later(FIRST_LOOK, self.keeper.look)

    def _count(self) -> None:
        if self.state is not None:
            counters = self.state.counters
            self.tally.attempts += counters.attempts
            self.tally.sessions += counters.sessions
            self.tally.outages += sum(self.state.outages.totals.counts.values())

    def _blinded(self, name: str, seconds: float) -> None:
        """For so long nothing is expected of the daemon."""
        self._blind.begin(name, self.line.t)
        self.line.later(seconds, lambda: self._blind.end(name, self.line.t))
