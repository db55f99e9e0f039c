"""Parts of the daemon for tests: a policy, clocks that are set, links and listeners that only write down."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from supervisor.core.calendar.clock import Now
from supervisor.core.explain.narrator import Narrator
from supervisor.core.explain.report import Report
from supervisor.core.model.actions import Announce, Close, Connect, Ping, Probe, SessionAction
from supervisor.core.model.events import (
    AccountsReceived,
    Event,
    HandshakeDone,
    NextIdReceived,
    PortOpened,
    TimeAnswered,
)
from supervisor.core.model.facts import Facts
from supervisor.core.model.policy import Policy
from supervisor.core.model.records import NoticeHeard, Record
from supervisor.runtime.clocks import Clock
from supervisor.runtime.gateway_runtime import GatewayRuntime

NOON = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)


def policy(name: str = "live", **changes: object) -> Policy:
    """A policy without windows."""
    return replace(Policy(name, "127.0.0.1", 4001, 911, windows=()), **changes)  # type: ignore[arg-type]


class SetClock(Clock):
    """Stands still until it is moved. Like a machine that has just booted: the real clock is ahead of it everywhere."""

    def __init__(self) -> None:
        super().__init__()
        self.at = Now(1.0, NOON)

    def now(self) -> Now:
        """The instant that was set."""
        return self.at

    def pass_(self, seconds: float) -> None:
        """Both clocks go on."""
        self.at = Now(self.at.mono + seconds, self.at.wall + timedelta(seconds=seconds))


class FakeLink:
    """A gateway that never answers."""

    def __init__(self) -> None:
        self.actions: list[SessionAction] = []
        self.closed_within: float | None = None
        self.broken: Exception | None = None

    def carry_out(self, action: Connect | Close | Ping | Probe) -> None:
        """Write it down."""
        if self.broken is not None:
            raise self.broken
        self.actions.append(action)

    def close(self, timeout: float) -> bool:
        """Write it down."""
        self.closed_within = timeout
        return True

    @property
    def words(self) -> list[str]:
        """The names of the actions."""
        return [type(action).__name__ for action in self.actions]


class Notes:
    """A listener that writes down."""

    def __init__(self) -> None:
        self.tells: list[tuple[str, Report]] = []
        self.facts: list[tuple[str, Facts]] = []
        self.codes: list[tuple[str, int]] = []
        self._narrators: dict[str, Narrator] = {}

    def happened(self, gateway: str, at: Now, record: Record) -> None:
        """Write it down, and what is told of it."""
        if isinstance(record, NoticeHeard):
            self.codes.append((gateway, record.code))
        report = self._narrators.setdefault(gateway, Narrator()).tell(record, at.mono)
        if report is not None:
            self.tells.append((gateway, report))

    def tell(self, gateway: str, at: datetime, report: Report) -> None:
        """Write it down."""
        self.tells.append((gateway, report))

    def keep(self, gateway: str, facts: Facts) -> None:
        """Write it down."""
        self.facts.append((gateway, facts))

    def announce(self, gateway: str, message: Announce) -> None:
        pass

    @property
    def kinds(self) -> list[str]:
        """The kinds of what was told."""
        return [tell.kind for _, tell in self.tells]


class RuntimeStage:
    """A runtime with all its surroundings, and its events posted back."""

    def __init__(self, clock: SetClock | None = None, of: Policy | None = None, facts: Facts | None = None) -> None:
        self.clock = clock if clock is not None else SetClock()
        self.link = FakeLink()
        self.notes = Notes()
        self.posted: list[Event] = []
        self.runtime = GatewayRuntime(
            of if of is not None else policy(),
            facts if facts is not None else Facts(),
            self.clock.now(),
            7,
            self.link,
            self.notes,
            self.posted.append,
        )

    def ready(self, epoch: int = 1) -> None:
        """The gateway answers all that it is asked."""
        for event in (
            PortOpened(epoch),
            HandshakeDone(epoch, 176, "20261118 12:00:00 UTC"),
            AccountsReceived(epoch, ("DU1",)),
            NextIdReceived(epoch, 1),
            TimeAnswered(epoch, int(self.clock.now().wall.timestamp())),
        ):
            self.runtime.step(event, self.clock.now())
