"""A machine on a virtual clock, and a gateway that behaves as told: years of operation in seconds.

`World` steps the machine exactly when the daemon would: at what `wake` asks for and at what the gateway says. It looks
after every step whether the books balance, against a count of its own, and whether the next deadline lies ahead.
"""

import heapq
import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from itertools import count
from zoneinfo import ZoneInfo

from supervisor.core.calendar.clock import Now
from supervisor.core.calendar.rules import FRIDAY, Daily, Weekly
from supervisor.core.calendar.windows import Explains, daily_restart, server_reset
from supervisor.core.explain.causes import explain
from supervisor.core.explain.narrator import Narrator
from supervisor.core.explain.report import Report
from supervisor.core.model.actions import Action, Announce, Close, Connect, Persist, Ping, Probe
from supervisor.core.model.events import (
    AccountsReceived,
    Ending,
    Event,
    HandshakeDone,
    NextIdReceived,
    NoticeReceived,
    PortOpened,
    ProbeAnswered,
    Reloaded,
    SessionClosed,
    Slept,
    Started,
    Ticked,
    TimeAnswered,
    TrafficSeen,
)
from supervisor.core.model.facts import Facts
from supervisor.core.model.layers import LAYERS, Layer
from supervisor.core.model.policy import Policy, Timing
from supervisor.core.model.records import Record
from supervisor.core.model.snapshot import Snapshot
from supervisor.core.model.status import Status
from supervisor.core.model.vocabulary import OPEN, Phase, Planning
from supervisor.core.parts import outages
from supervisor.core.step.state import State, Wake, initial
from supervisor.core.step.step import step
from supervisor.core.step.view import snapshot

NEW_YORK = "America/New_York"
NOON = "2027-01-06T12:00:00Z"
"""A quiet Wednesday: no window is near."""
RESTART = daily_restart(time(23, 45), NEW_YORK)
RESET = server_reset(Daily(time(0, 15), NEW_YORK), timedelta(minutes=90), Explains.UPSTREAM_FARMS)
"""North America's, daily: from 00:10 to 02:00 with lead and grace."""
WEEKEND = server_reset(Weekly(FRIDAY, time(23, 0), NEW_YORK), timedelta(hours=4), Explains.EVERY_LAYER)
RELAXED = Timing(heartbeat_interval=300.0, retry_max=30.0)
"""For stories of days: fewer steps."""


def policy(**changes: object) -> Policy:
    """A live gateway without windows, but for `changes`."""
    return replace(Policy("live", "127.0.0.1", 4001, 911), **changes)  # type: ignore[arg-type]


def instant(text: str) -> datetime:
    """An instant in UTC from ISO 8601, or `2027-01-10 23:45 NY` on the wall of New York."""
    if text.endswith(" NY"):
        return datetime.fromisoformat(text[:-3]).replace(tzinfo=ZoneInfo(NEW_YORK)).astimezone(UTC)
    return datetime.fromisoformat(text).astimezone(UTC)


@dataclass
class Peer:
    """How the gateway behaves from now on."""

    port: str = "open"
    """`open`, `refuse`, `closes` (accepts and closes), `mute` (accepts, says nothing), `lost` (no answer to TCP)."""
    ready_after: float | None = 0.002
    """Seconds from the handshake to `nextValidId`; None: never."""
    answers: bool = True
    """It answers pings."""
    round_trip: float = 0.001
    probes: bool = False
    """It answers probes."""
    accounts: tuple[str, ...] = ("U1234567",)
    order_id: int = 1
    server_version: int = 176
    clock: str = ""
    """Of the handshake; empty: UTC as it is."""
    skew: int = 0
    """Seconds by which its clock is ahead."""
    taken: set[int] = field(default_factory=set)
    """Client ids that another session holds."""


class World:
    """One gateway, one machine, one clock."""

    def __init__(
        self, settings: Policy | None = None, at: str = NOON, facts: Facts | None = None, *, seed: int = 7
    ) -> None:
        self.policy = settings if settings is not None else policy()
        self.peer = Peer()
        self.now = Now(1000.0, instant(at))
        self.state: State = initial(self.policy, facts if facts is not None else Facts(), self.now, seed)
        self.facts = facts if facts is not None else Facts()
        self.steps = 0
        self.log: list[tuple[float, Action]] = []
        self.records: list[Record] = []
        self.announced: list[tuple[float, Announce]] = []
        self.reports: list[Report] = []
        self._narrator = Narrator()
        self.observed = 0.0
        self.broken = 0.0
        self.seen: list[tuple[float, Layer | None]] = []
        self._shown: tuple[State, Snapshot] | None = None
        self._coming: list[tuple[float, int, Event]] = []
        self._number = count()
        self.began = self.now.mono

    # -- what happened ------------------------------------------------------------------------------------------------

    @property
    def elapsed(self) -> float:
        """Seconds since the beginning."""
        return self.now.mono - self.began

    @property
    def phase(self) -> Phase:
        return self.state.session.phase

    @property
    def status(self) -> Status:
        return self.state.status

    def word(self) -> str:
        """The status as people read it."""
        return self.status.value

    @property
    def layers(self) -> tuple[Layer, ...]:
        """Those that are up."""
        shown = self.snapshot
        return tuple(layer for layer in LAYERS if shown.layer_up(layer))

    @property
    def broken_layer(self) -> Layer | None:
        return self.state.broken

    @property
    def snapshot(self) -> Snapshot:
        shown = snapshot(self.state, self.policy, self._shown)
        self._shown = (self.state, shown)
        return shown

    @property
    def why(self) -> str:
        """The likely cause and its cure, as people read them; empty without one."""
        return str(explain(self.state.cause)) if self.state.cause is not None else ""

    @property
    def wake(self) -> Wake:
        return self.state.wake

    def connects(self) -> list[float]:
        """When the attempts began, in seconds since the beginning."""
        return [at - self.began for at, action in self.log if isinstance(action, Connect)]

    def attempts(self) -> list[Connect]:
        return [action for _, action in self.log if isinstance(action, Connect)]

    def pings(self) -> list[float]:
        return [at - self.began for at, action in self.log if isinstance(action, Ping)]

    def probes(self) -> list[float]:
        return [at - self.began for at, action in self.log if isinstance(action, Probe)]

    def closes(self) -> list[Close]:
        return [action for _, action in self.log if isinstance(action, Close)]

    def tells(self, kind: str) -> list[Report]:
        return [report for report in self.reports if report.kind == kind]

    def failures(self) -> dict[str, int]:
        return {reason.value: times for reason, times in self.state.counters.failures.items()}

    def losses(self) -> dict[tuple[str, bool], int]:
        losses = self.state.counters.losses.items()
        return {(reason.value, planning is Planning.PLANNED): times for (reason, planning), times in losses}

    def counted(self) -> dict[tuple[str, bool], int]:
        """The outages that were counted."""
        counts = self.state.outages.totals.counts.items()
        return {(layer.value, planning is Planning.PLANNED): times for (layer, planning), times in counts}

    def booked(self) -> dict[tuple[str, bool], float]:
        """The seconds that were booked, rounded to a tenth, but for zeros."""
        seconds = self.state.outages.totals.seconds.items()
        return {
            (layer.value, planning is Planning.PLANNED): round(length, 1)
            for (layer, planning), length in seconds
            if round(length, 1)
        }

    def restarts(self) -> dict[str, int]:
        return {result.value: times for result, times in self.state.restarts.counts.items()}

    # -- what happens -------------------------------------------------------------------------------------------------

    def start(self) -> "World":
        self.step(Started())
        return self

    def up(self) -> "World":
        """Started, and every layer up."""
        self.start().run(0.1)
        assert self.status is Status.UP
        return self

    def step(self, event: Event) -> None:
        """One decision, now."""
        before = self.state
        passed = max(0.0, self.now.mono - before.at.mono)
        if before.outages.observing:
            self.observed += passed
            self.broken += passed if before.broken is not None else 0.0
        self.state, actions, happened = step(before, event, self.now, self.policy)
        self.steps += 1
        self.log += [(self.now.mono, action) for action in actions]
        self.records += happened
        reports = (self._narrator.tell(record, self.state.at.mono) for record in happened)
        self.reports += [report for report in reports if report is not None]
        if not self.seen or self.seen[-1][1] is not self.state.broken:
            self.seen.append((self.elapsed, self.state.broken))
        for action in actions:
            self._carry_out(action)
        self._check()

    def say(self, event: Callable[..., Event], *details: object) -> None:
        """The gateway says something in the session of now."""
        self.step(event(self.state.session.epoch, *details))

    def notice(self, code: int, text: str = "") -> None:
        self.say(NoticeReceived, -1, code, text)

    def traffic(self) -> None:
        self.say(TrafficSeen)

    def drop(self, ending: Ending = Ending.CLOSED) -> None:
        """The session is cut from outside."""
        epoch = self.state.session.epoch
        self._forget(epoch)
        self.step(SessionClosed(epoch, ending))

    def restart(self, seconds: float | None) -> None:
        """The gateway goes; it is back after so many seconds, or not at all."""
        self.peer.port = "refuse"
        if self.phase in OPEN:
            self.drop()
        if seconds is not None:
            self.run(seconds)
            self.peer.port = "open"

    def reload(self, changed: Policy) -> None:
        before, self.policy = self.policy, changed
        self.step(Reloaded(before))

    def jump(self, seconds: float) -> None:
        """Somebody sets the wall clock."""
        self.now = replace(self.now, wall=self.now.wall + timedelta(seconds=seconds))

    def sleep(self, seconds: float) -> None:
        """The machine is suspended, and wakes."""
        self.jump(seconds)
        self.step(Slept(seconds))

    def run(self, seconds: float) -> "World":
        """Let time pass; the machine is stepped as often as it asks for."""
        return self._run_to(self.now.mono + seconds)

    def until(self, at: str | datetime) -> "World":
        """Let time pass until this instant on the wall."""
        moment = instant(at) if isinstance(at, str) else at
        return self.run((moment - self.now.wall).total_seconds())

    def wait(self, condition: Callable[["World"], bool], limit: float = 3600.0) -> float:
        """Let time pass until the condition holds; seconds that took."""
        began = self.now.mono
        while not condition(self):
            assert self.now.mono - began < limit, "it never came"
            self._advance(self._next(began + limit))
        return self.now.mono - began

    def heir(self, settings: Policy | None = None, after: float = 0.0) -> "World":
        """A new process with the facts that this one kept, `after` seconds later, with the same gateway."""
        other = World(settings if settings is not None else self.policy, facts=self.facts)
        other.now = Now(5.0, self.now.wall + timedelta(seconds=after))
        other.began = other.now.mono
        other.state = initial(other.policy, self.facts, other.now, 11)
        other.peer = self.peer
        return other

    # -- how ----------------------------------------------------------------------------------------------------------

    def _run_to(self, end: float) -> "World":
        while True:
            moment = self._next(end)
            self._advance(moment)
            if moment >= end:
                return self

    def _next(self, end: float) -> float:
        wake = self.state.wake
        moments = [end]
        if wake.mono is not None:
            moments.append(wake.mono)
        if wake.wall is not None:
            moments.append(self.now.mono + max(0.0, (wake.wall - self.now.wall).total_seconds()))
        if self._coming:
            moments.append(self._coming[0][0])
        return max(self.now.mono, min(moments))

    def _advance(self, moment: float) -> None:
        passed = moment - self.now.mono
        self.now = Now(moment, self.now.wall + timedelta(seconds=passed))
        if self._coming and self._coming[0][0] <= moment:
            self.step(heapq.heappop(self._coming)[2])
        else:
            self.step(Ticked())

    def later(self, seconds: float, event: Event) -> None:
        """The event comes in so many seconds."""
        heapq.heappush(self._coming, (self.now.mono + seconds, next(self._number), event))

    def _forget(self, epoch: int) -> None:
        self._coming = [item for item in self._coming if getattr(item[2], "epoch", None) != epoch]
        heapq.heapify(self._coming)

    def _carry_out(self, action: Action) -> None:
        match action:
            case Connect():
                self._connect(action)
            case Close():
                self._forget(action.epoch)
                self.later(0.001, SessionClosed(action.epoch, Ending.ASKED))
            case Ping() if self.peer.answers:
                self.later(
                    self.peer.round_trip, TimeAnswered(action.epoch, int(self.now.wall.timestamp()) + self.peer.skew)
                )
            case Probe() if self.peer.probes:
                self.later(self.peer.round_trip, ProbeAnswered(action.epoch, action.request_id))
            case Persist():
                self.facts = action.facts
            case Announce():
                self.announced.append((self.elapsed, action))
            case _:
                pass

    def _connect(self, action: Connect) -> None:
        peer, epoch = self.peer, action.epoch
        if peer.port == "refuse":
            self.later(0.001, SessionClosed(epoch, Ending.REFUSED))
        if peer.port in ("refuse", "lost"):
            return
        self.later(0.001, PortOpened(epoch))
        if peer.port == "closes":
            self.later(0.002, SessionClosed(epoch, Ending.CLOSED))
        if peer.port in ("closes", "mute"):
            return
        clock = peer.clock or f"{self.now.wall:%Y%m%d %H:%M:%S} UTC"
        self.later(0.002, HandshakeDone(epoch, peer.server_version, clock))
        if action.client_id in peer.taken:
            self.later(0.003, NoticeReceived(epoch, -1, 326, "Unable to connect as the client id is already in use."))
        elif peer.ready_after is not None:
            self.later(0.002 + peer.ready_after, AccountsReceived(epoch, peer.accounts))
            self.later(0.002 + peer.ready_after, NextIdReceived(epoch, peer.order_id))

    def _check(self) -> None:
        kept, at = self.state.outages, self.state.at
        assert outages.balanced(kept)
        held = kept.current.held if kept.current is not None else 0.0
        assert math.isclose(sum(kept.totals.seconds.values()) + held, self.broken, rel_tol=1e-9, abs_tol=1e-6)
        assert math.isclose(kept.totals.observed, self.observed, rel_tol=1e-9, abs_tol=1e-6)
        wake = self.state.wake
        assert wake.mono is None or wake.mono > at.mono, "the loop would spin"
        assert wake.wall is None or wake.wall > at.wall, "the loop would spin"
        if self.phase not in (Phase.IDLE, Phase.STOPPED):
            assert wake.mono is not None, "nothing would ever end this phase"
