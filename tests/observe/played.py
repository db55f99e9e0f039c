"""A gateway played on the real core: events in, snapshots out, with a clock that only the player moves."""

from datetime import UTC, datetime, timedelta

from supervisor.core.calendar.clock import Now
from supervisor.core.explain.narrator import Narrator
from supervisor.core.explain.report import Report
from supervisor.core.model.actions import Connect, Ping
from supervisor.core.model.behind.canary import CanaryConnect
from supervisor.core.model.events import (
    AccountsReceived,
    Ending,
    Event,
    HandshakeDone,
    NextIdReceived,
    NoticeReceived,
    PortOpened,
    SessionClosed,
    Started,
    Ticked,
    TimeAnswered,
)
from supervisor.core.model.facts import Facts
from supervisor.core.model.policy import Policy
from supervisor.core.model.snapshot import Snapshot
from supervisor.core.step.state import initial
from supervisor.core.step.step import step
from supervisor.core.step.view import snapshot

BEGIN = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
"""A Monday, ten in the morning in New York."""


class Played:
    """One gateway; `snapshot` is how it stands."""

    def __init__(self, policy: Policy, wall: datetime = BEGIN, facts: Facts | None = None) -> None:
        self.policy = policy
        self.now = Now(1000.0, wall)
        self._state = initial(policy, facts or Facts(), self.now, seed=7)
        self.snapshot: Snapshot = snapshot(self._state, policy)
        self.told: list[Report] = []
        self._unanswered = 0
        self.canary_epoch = 0
        """Of the last attempt of the canary."""
        self._narrator = Narrator()

    @property
    def epoch(self) -> int:
        return self.snapshot.epoch

    def hear(self, event: Event) -> None:
        before = self._state
        self._state, actions, records = step(before, event, self.now, self.policy)
        self.snapshot = snapshot(self._state, self.policy, (before, self.snapshot))
        reports = (self._narrator.tell(record, self.now.mono) for record in records)
        self.told += [report for report in reports if report is not None]
        for action in actions:
            match action:
                case Ping():
                    self._unanswered += 1
                case Connect():
                    self._unanswered = 0
                case CanaryConnect():
                    self.canary_epoch = action.epoch

    def wait(self, seconds: float, *, answering: bool = True) -> None:
        """Time passes, in steps of at most half a second; heartbeats are answered after 20 ms."""
        left = seconds
        while left > 0:
            self._pass(min(left, 0.5))
            left -= 0.5
            self.hear(Ticked())
            if answering and self._unanswered:
                self.answer()

    def answer(self) -> None:
        self._pass(0.02)
        self._unanswered = 0
        self.hear(TimeAnswered(self.epoch, int(self.now.wall.timestamp())))

    def begin(self) -> None:
        self.hear(Started())

    def refuse(self) -> None:
        self.hear(SessionClosed(self.epoch, Ending.REFUSED, "Connection refused"))

    def connect(self, account: str = "U1234567", order_id: int = 7, clock: str = "20261123 10:00:00 EST") -> None:
        self.hear(PortOpened(self.epoch))
        self.hear(HandshakeDone(self.epoch, 187, clock))
        self.hear(AccountsReceived(self.epoch, (account,)))
        self.hear(NextIdReceived(self.epoch, order_id))

    def up(self) -> None:
        """Connected, and its first heartbeat answered."""
        self.connect()
        self.answer()

    def notice(self, code: int, text: str = "") -> None:
        self.hear(NoticeReceived(self.epoch, -1, code, text))

    def farm(self, code: int, name: str) -> None:
        self.notice(code, f"Market data farm connection is OK:{name}")

    def lose(self, ending: Ending = Ending.CLOSED) -> None:
        self.hear(SessionClosed(self.epoch, ending))

    def until_connecting(self) -> None:
        """Wait for the next attempt."""
        epoch = self.epoch
        while self.epoch == epoch:
            self.wait(0.5)

    def _pass(self, seconds: float) -> None:
        self.now = Now(self.now.mono + seconds, self.now.wall + timedelta(seconds=seconds))
