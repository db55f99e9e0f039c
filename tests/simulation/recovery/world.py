"""A gateway with recovery, among stupid controllers, and the checker of its deeds.

A controller says OK and does nothing, refuses, or does not answer; a restart kills the token; a farm breaks each hour;
a hang heals by itself at the moment of the deed. The checker knows the truth, counts for itself, and reads nothing of
recovery but its deeds.
"""

import heapq
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, timedelta
from itertools import count
from zoneinfo import ZoneInfo

from supervisor.core.calendar.clock import Now
from supervisor.core.model.actions import Action, Heal
from supervisor.core.model.behind.controller import Ibc
from supervisor.core.model.behind.sight import GatewayProcess, LoginState, Sight
from supervisor.core.model.events import DeedAnswered, PauseAsked, ResumeAsked, RungApproved, Sighted
from supervisor.core.model.facts import Facts
from supervisor.core.model.policy import Timing
from supervisor.core.model.recovery.rules import (
    MarketHours,
    NeedsLogin,
    RecoveryPolicy,
    Rung,
    RungPolicy,
)
from supervisor.core.model.vocabulary import Phase
from tests.core.driver import NEW_YORK, RESET, RESTART, World, instant, policy
from tests.simulation import skip
from tests.simulation.judges.violation import Violation, holds
from tests.simulation.world.scenario import DAY, DAYS

PATIENCE = {Rung.RECONNECT_DATA: 300.0, Rung.RECONNECT_ACCOUNT: 600.0, Rung.RESTART: 120.0, Rung.COMMAND: 900.0}
BUDGET = {Rung.RECONNECT_DATA: 6, Rung.RECONNECT_ACCOUNT: 2, Rung.RESTART: 2, Rung.COMMAND: 1}
IS_FOR = {
    Rung.RECONNECT_DATA: {"farm"},
    Rung.RECONNECT_ACCOUNT: {"upstream"},
    Rung.RESTART: {"hang"},
    Rung.COMMAND: {"hang", "crash"},
}
FAULTS = ("farm", "farm", "hourly farm", "upstream", "limbo", "hang", "hang", "stillborn", "crash", "rival", "pause")
"""A stillborn process is another one that hangs from its first moment: nobody has seen it logged in.

In limbo the gateway has lost IBKR, then its session, and begins no other one until it is back.
"""
READY_AFTER = 0.002
MOST_A_DAY = sum(BUDGET.values())
SLOW = Timing(heartbeat_interval=1800.0, retry_initial=15.0, retry_max_early=30.0, retry_max=120.0, restart_retry=120.0)
NOTICED = SLOW.retry_max + 18.5
"""Seconds after which a gateway without a session is known to be well again: the longest wait, and one attempt."""
ROUNDED = 1e-6
"""Seconds that the difference of two moments may be short of by rounding."""


def settings(unattended: bool) -> RecoveryPolicy:
    costs = {Rung.RESTART: NeedsLogin.MAYBE, Rung.COMMAND: NeedsLogin.YES}
    rungs = tuple(
        RungPolicy(rung, PATIENCE[rung], BUDGET[rung], costs.get(rung, NeedsLogin.NEVER), unattended, ("x",))
        for rung in Rung
    )
    return RecoveryPolicy(rungs, MarketHours.IGNORE)


@dataclass
class Tally:
    """What was played."""

    runs: int = 0
    days: float = 0.0
    steps: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    deeds: Counter[Rung] = field(default_factory=Counter)
    unneeded: Counter[Rung] = field(default_factory=Counter)
    """The fault ended by itself within two minutes after the deed, at its moment, or just before it."""
    results: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Tally") -> None:
        self.runs += other.runs
        self.days += other.days
        self.steps += other.steps
        self.faults.update(other.faults)
        self.deeds.update(other.deeds)
        self.unneeded.update(other.unneeded)
        self.results.update(other.results)


class Played(World):
    """A gateway, its controller, its people, and a checker."""

    def __init__(self, seed: int, tally: Tally) -> None:
        self.dice = random.Random(seed)
        self.tally = tally
        begins = instant("2027-01-04T17:00:00Z") + timedelta(days=self.dice.randrange(300))
        recovery = settings(unattended=self.dice.random() < 0.5)
        wanted = policy(recovery=recovery, controller=Ibc(), windows=(RESTART, RESET), timezone=NEW_YORK, timing=SLOW)
        facts = Facts(known=True, login_proven_at=begins - timedelta(minutes=5))
        super().__init__(wanted, at=begins.isoformat(), facts=facts, seed=seed)
        self.truth: dict[str, float] = {}
        """The faults of now, and since when."""
        self.past: dict[str, tuple[float, float]] = {}
        """Those that are over: since when they were, and until when."""
        self.pid = 100
        self.logged_in: set[int] = set()
        self.restarted: set[int] = set()
        self.deeds: list[tuple[float, Rung]] = []
        self.last: tuple[float, Rung] | None = None
        self.competing_at = -DAY
        self.paused = False
        self.peer.probes = True
        self._acts: list[tuple[float, int, Callable[[], None]]] = []
        self._acts_number = count()

    # -- time ---------------------------------------------------------------------------------------------------------

    def at(self, seconds: float, act: Callable[[], None]) -> None:
        heapq.heappush(self._acts, (self.now.mono + seconds, next(self._acts_number), act))

    def play(self, days: float) -> None:
        self.start()
        self.see()
        self.at(600, self.trouble)
        self.at(self.until_restart(), self.nightly)
        end = self.now.mono + days * DAY
        while self.now.mono < end:
            if self._acts and self._acts[0][0] <= self.now.mono:
                heapq.heappop(self._acts)[2]()
                continue
            head = min(end, self._acts[0][0] if self._acts else end)
            self._skip(head)
            self._advance(self._next(head))
            if self.phase is Phase.READY:
                self.logged_in.add(self.pid)
            self.people()
        self.tally.days += days
        self.tally.steps += self.steps
        self.tally.runs += 1
        for (_, result), times in self.state.recovery.counts.items():
            self.tally.results[result.value] += times

    def _skip(self, head: float) -> None:
        """Jump over the pings that are answered before anything else happens: they decide nothing."""
        state = self.state
        if self.truth or self._coming or state.wake.mono != state.heartbeat.next_ping or not skip.at_rest(state):
            return
        due = skip.next_but_pings(state, self.policy)
        moments = [head]
        if due.mono is not None:
            moments.append(due.mono)
        if due.wall is not None:
            moments.append(self.now.mono + (due.wall - self.now.wall).total_seconds())
        self.state, _, _ = skip.over_pings(state, self.policy, self.peer.round_trip, min(moments))

    def until_restart(self) -> float:
        local = self.now.wall.astimezone(ZoneInfo(NEW_YORK))
        then = local.replace(hour=23, minute=45, second=0, microsecond=0)
        if then <= local + timedelta(seconds=1):
            then = (then.replace(tzinfo=None) + timedelta(days=1)).replace(tzinfo=ZoneInfo(NEW_YORK))
        return max(60.0, (then - self.now.wall).total_seconds())

    # -- the gateway --------------------------------------------------------------------------------------------------

    def see(self, state: LoginState | None = None, *, runs: bool = True) -> None:
        process = GatewayProcess(self.pid, float(self.pid)) if runs else None
        self.step(Sighted(Sight(state, process=process, running=runs), 1e9))

    def end(self, fault: str) -> None:
        """A fault is over, by whatever cause."""
        if fault not in self.truth:
            return
        self.is_past(fault)
        last = self.last
        if last is not None and self.now.mono - last[0] <= 120 and fault in IS_FOR[last[1]]:
            self.tally.unneeded[last[1]] += 1
        if fault == "farm" and self.phase is Phase.READY:
            self.notice(2104, "Market data farm connection is OK:usfarm")
        elif fault == "upstream":
            self.peer.probes, self.peer.ready_after = True, READY_AFTER
            if self.phase is Phase.READY:
                self.notice(1102)
        elif fault == "hang":
            self.peer.answers, self.peer.port = True, "open"

    def is_past(self, fault: str) -> None:
        self.past[fault] = (self.truth.pop(fault), self.now.mono)

    def cured(self, fault: str) -> None:
        self.last = None
        self.end(fault)

    def replace_process(self, seconds: float) -> None:
        """The process ends and another one begins; what is broken at IBKR stays so."""
        self.peer.answers, self.peer.port = True, "refuse"
        if self.phase is Phase.READY:
            self.drop()
        self.truth.pop("hang", None)
        self.truth["crash"] = self.now.mono
        self.pid += 1
        self.see(LoginState.RESTARTING)
        pid = self.pid
        self.at(seconds, lambda: self.up_again() if self.pid == pid and "crash" in self.truth else None)

    def up_again(self) -> None:
        for fault in list(self.truth):
            self.is_past(fault)
        self.peer.answers, self.peer.port, self.peer.probes, self.peer.ready_after = True, "open", True, READY_AFTER
        self.see()

    def nightly(self) -> None:
        self.at(self.until_restart(), self.nightly)
        if not self.truth.keys() & {"hang", "crash"}:
            sunday = self.now.wall.astimezone(ZoneInfo(NEW_YORK)).weekday() == 6
            self.replace_process(self.dice.uniform(600, 6000) if sunday else self.dice.uniform(30, 200))

    def trouble(self) -> None:
        dice = self.dice
        self.at(dice.expovariate(1 / DAY), self.trouble)
        if self.truth or self.phase is not Phase.READY:
            return
        fault = dice.choice(FAULTS)
        self.tally.faults[fault] += 1
        lasts = dice.choice((30.0, 200.0, 400.0, 700.0, 1500.0, 4000.0))
        match fault:
            case "hourly farm":
                for hour in range(12):
                    self.at(hour * 3600.0, self.break_farm)
                    self.at(hour * 3600.0 + 900.0, lambda: self.end("farm"))
            case "farm":
                self.break_farm()
                self.at(lasts, lambda: self.end("farm"))
            case "upstream":
                self.truth["upstream"] = self.now.mono
                self.peer.probes = False
                self.notice(1100)
                self.at(lasts, lambda: self.end("upstream"))
            case "limbo":
                self.truth["upstream"] = self.now.mono
                self.peer.probes, self.peer.ready_after = False, None
                self.notice(1100)
                self.drop()
                self.at(lasts * 2, lambda: self.end("upstream"))
            case "hang":
                self.truth["hang"] = self.now.mono
                self.peer.answers, self.peer.port = False, "mute"
                self.at(lasts * 2, lambda: self.end("hang"))
            case "stillborn":
                self.pid += 1
                self.truth["hang"] = self.now.mono
                self.peer.answers, self.peer.port = False, "mute"
                self.drop()
                self.see()
                self.at(lasts * 2, lambda: self.end("hang"))
            case "crash":
                self.truth["crash"] = self.now.mono
                self.peer.port = "refuse"
                self.drop()
                self.see(runs=False)
                self.at(lasts * 1.5, self.person_starts)
            case "rival":
                self.break_farm()
                self.at(100.0, self.rival)
                self.at(lasts, lambda: self.end("farm"))
            case _:
                self.break_farm()
                self.at(100.0, lambda: self.pause(True))
                self.at(lasts, lambda: self.end("farm"))
                self.at(lasts + 100.0, lambda: self.pause(False))

    def break_farm(self) -> None:
        if not self.truth and self.phase is Phase.READY:
            self.truth["farm"] = self.now.mono
            self.notice(2103, "Market data farm connection is broken:usfarm")

    def person_starts(self) -> None:
        if "crash" in self.truth and self.peer.port == "refuse":
            self.pid += 1
            self.up_again()

    def rival(self) -> None:
        if self.phase is Phase.READY:
            self.competing_at = self.now.mono
            self.notice(10197)

    def pause(self, wanted: bool) -> None:
        if wanted is not self.paused:
            self.paused = wanted
            self.step(PauseAsked() if wanted else ResumeAsked())
            if not wanted:
                self.truth.pop("farm", None)

    def people(self) -> None:
        """Somebody approves in two cases of three, after a while."""
        proposal = self.state.recovery.proposal
        if proposal is not None and self.state.recovery.approval is None and self.dice.random() < 0.02:
            self.step(RungApproved("ann"))

    # -- the controller, and the checker ------------------------------------------------------------------------------

    def _carry_out(self, action: Action) -> None:
        if not isinstance(action, Heal):
            super()._carry_out(action)
            return
        self.check(action.rung)
        number = action.number
        how = self.dice.choice(("works", "works", "nothing", "refuses", "mute", "heals", "kills"))
        fault = next(iter(self.truth), "")
        said = {"refuses": False, "mute": None}.get(how, True)
        self.at(0.01, lambda: self.step(DeedAnswered(number, said, how)))
        if how == "heals":
            self.at(0.005, lambda: self.end(fault))
        elif how in ("works", "kills"):
            if action.rung in (Rung.RESTART, Rung.COMMAND):
                killed = how == "kills"
                self.at(30.0, lambda: self.replace_process(6000.0 if killed else 60.0))
            elif how == "works":
                self.at(5.0, lambda: self.cured(fault))

    def check(self, rung: Rung) -> None:
        """Every promise, by the truth alone."""
        now, local = self.now, self.now.wall.astimezone(ZoneInfo(NEW_YORK))
        minutes = local.hour * 60 + local.minute + local.second / 60
        opened = local.replace(hour=0, minute=10, second=0, microsecond=0, fold=0).astimezone(UTC)
        _hold(abs(minutes - (23 * 60 + 45)) > 10, "no deed within ten minutes of a restart", now)
        _hold(not 0 <= (now.wall - opened).total_seconds() < 110 * 60, "no deed in a server reset", now)
        _hold(not self.paused, "no deed while paused", now)
        _hold(now.mono - self.competing_at >= 300, "no deed beside a competing session", now)
        since = [begun for fault, begun in self.truth.items() if fault in IS_FOR[rung]]
        if not since and self.phase is not Phase.READY:
            # It healed a moment ago: who has no session learns of it with the next attempt.
            since = [
                begun
                for fault, (begun, over) in self.past.items()
                if fault in IS_FOR[rung] and now.mono - over <= NOTICED
            ]
            self.tally.unneeded[rung] += bool(since)
        _hold(bool(since), "no deed without its condition", now)
        _hold(now.mono - min(since) >= PATIENCE[rung] - ROUNDED, "no deed before its patience", now)
        if rung is not Rung.COMMAND:
            _hold(self.pid in self.logged_in, "no command to a process that was not seen logged in", now)
        if rung is Rung.RESTART:
            _hold(self.pid not in self.restarted, "one RESTART for each process", now)
            self.restarted.add(self.pid)
        today = [each for at, each in self.deeds if now.mono - at < DAY]
        _hold(today.count(rung) < BUDGET[rung], "no deed beyond its budget", now)
        _hold(len(today) < MOST_A_DAY, "no storm", now)
        _hold(not self.deeds or now.mono - self.deeds[-1][0] >= 60, "one deed at a time", now)
        self.deeds.append((now.mono, rung))
        self.last = (now.mono, rung)
        self.tally.deeds[rung] += 1


def _hold(so: bool, promise: str, now: Now) -> None:
    holds(so, promise, f"{now.wall:%Y-%m-%d %H:%M:%S}Z")


def played(seeds: range, days: float) -> Tally:
    """Raises Violation."""
    tally = Tally()
    for seed in seeds:
        Played(seed, tally).play(days)
    return tally


def play(seed: int) -> tuple[int, Tally, str, str]:
    """A quarter of a year."""
    tally = Tally()
    try:
        Played(seed, tally).play(DAYS)
    except Violation as broken:
        return seed, tally, broken.promise, broken.detail
    return seed, tally, "", ""
