"""APScheduler only rings: with rings lost, doubled, an hour late or at random the same night has the same decisions.

The daemon is the real one, without its process: it is given a scheduler, or none, as its process would.
"""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from supervisor.config.load import load
from supervisor.core.calendar.clock import Now
from supervisor.core.explain.report import Report
from supervisor.core.explain.sentences import report_of
from supervisor.core.model.actions import Announce
from supervisor.core.model.facts import Facts
from supervisor.core.model.records import Record
from supervisor.daemon.app import Daemon
from supervisor.daemon.edge_scheduler import EdgeScheduler
from supervisor.runtime.clocks import Clock
from supervisor.simulator import Fleet, SimulatedGateway
from tests.daemon.running import gateways, quick
from tests.stories.faked import at
from tests.stories.stage import BEFORE, GRACE, restart
from tests.waiting import wait_until

TONIGHT = at("2026-11-22 23:45")
LEAD = timedelta(seconds=8)
"""Long: what a gateway that is lost early in it and the end of its window bring stays seconds apart."""
DECISIVE = ("window", "session_lost", "session_ready", "restart", "status", "login", "reauth_required", "outage_closed")
DECIDED = ("active", "planned", "reason", "result", "status", "before", "assumed", "cause", "recovered")
Ring = Callable[[], None]


@dataclass
class Hung:
    """A scheduler that is hung beside the daemon: `late` for its rings, `times` for each of them."""

    late: timedelta
    times: int
    rings: int = 0

    @contextmanager
    def beside(self, daemon: Daemon, clock: Clock) -> Iterator[None]:
        """Set at the edges of windows as the daemon's process sets it."""
        scheduler = EdgeScheduler(lambda: self._ring(daemon), lambda: None)

        def chore(now: Now) -> None:
            for gateway in daemon.loop.gateways():
                edge = gateway.wake.wall
                scheduler.set(gateway.policy.name, None if edge is None else edge - clock.offset + self.late)

        daemon.each_second(chore)
        try:
            yield
        finally:
            scheduler.stop()

    def _ring(self, daemon: Daemon) -> None:
        for _ in range(self.times):
            self.rings += 1
            daemon.mailbox.submit(lambda: None)


class Restless(Hung):
    """Rings all the time, at no edge."""

    @contextmanager
    def beside(self, daemon: Daemon, clock: Clock) -> Iterator[None]:
        over = threading.Event()

        def ring() -> None:
            while not over.wait(0.007):
                self._ring(daemon)

        thread = threading.Thread(target=ring)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()


class Silent(Hung):
    """Never rings."""

    @contextmanager
    def beside(self, daemon: Daemon, clock: Clock) -> Iterator[None]:
        yield


class Decisions:
    """What was decided, and the played time of it."""

    def __init__(self) -> None:
        self.told_at: list[tuple[str, datetime, Report]] = []
        self._over = False

    def close(self) -> None:
        """What comes now is no more of the night."""
        self._over = True

    def happened(self, gateway: str, at: Now, record: Record) -> None:
        """Write down what is told of it."""
        report = report_of(record)
        if report is not None:
            self.tell(gateway, at.wall, report)

    def tell(self, gateway: str, moment: datetime, report: Report) -> None:
        """Write it down."""
        if not self._over:
            self.told_at.append((gateway, moment, report))

    def keep(self, gateway: str, facts: Facts) -> None:
        """Nobody comes after."""

    def announce(self, gateway: str, message: Announce) -> None:
        pass

    def decisions(self, name: str) -> list[tuple[str, tuple[object, ...]]]:
        """What was decided of one gateway."""
        return [
            (tell.kind, tuple(tell.fields.get(word) for word in DECIDED))
            for gateway, _, tell in self.told_at
            if gateway == name and tell.kind in DECISIVE
        ]

    def edges(self, name: str) -> list[datetime]:
        """When its window opened and closed."""
        return [moment for gateway, moment, tell in self.told_at if gateway == name and tell.kind == "window"]


def night(folder: Path, hung: Hung) -> Decisions:
    """A Sunday night of three gateways: back in time, not back, not gone."""
    clock, notes = Clock(), Decisions()
    clock.offset = TONIGHT - timedelta(hours=1) - datetime.now(UTC)
    with ExitStack() as stack:
        fleet = stack.enter_context(Fleet())
        simulated = {
            name: stack.enter_context(SimulatedGateway(fleet=fleet, wall=lambda: clock.now().wall.timestamp()))
            for name in ("prompt", "stuck", "stays")
        }
        file = folder / "supervisor.yaml"
        entries = [
            quick(each.port, name, daily_restart=restart("23:45", lead=LEAD)) for name, each in simulated.items()
        ]
        file.write_text(gateways(*entries))
        daemon = Daemon(load(file, {}), notes, notes.tell, clock=clock, environment={})
        stack.enter_context(hung.beside(daemon, clock))
        thread = threading.Thread(target=daemon.run, args=({},))
        thread.start()
        stack.callback(thread.join)
        stack.callback(daemon.stop)

        def seen(name: str, word: str, count: int = 1) -> None:
            wait_until(lambda: str(notes.decisions(name)).count(word) >= count, 30, every=0.05, what=f"{name} {word}")

        for name in simulated:
            seen(name, "'up'")
        clock.offset = TONIGHT - LEAD - BEFORE - datetime.now(UTC)
        for name in simulated:
            seen(name, "window")
        simulated["stuck"].do("refuse")
        wait_until(lambda: clock.now().wall >= TONIGHT, 30, every=0.05)
        simulated["prompt"].do("refuse", for_=2)
        for name in simulated:
            seen(name, "'window'", 2)
        seen("stuck", "reauth_required")
        simulated["stuck"].do("heal")
        for name in ("stuck", "prompt"):
            seen(name, "'outage_closed'")
        notes.close()
    return notes


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Hung, Decisions]]:
    """The same night with every scheduler, all at once."""
    bells = {
        "true": Hung(timedelta(0), 1),
        "lost": Silent(timedelta(0), 0),
        "doubled": Hung(timedelta(0), 2),
        "an hour late": Hung(timedelta(hours=1), 1),
        "an hour early": Hung(-timedelta(hours=1), 1),
        "restless": Restless(timedelta(0), 1),
    }
    folders = [tmp_path_factory.mktemp("scheduler") for _ in bells]
    with ThreadPoolExecutor(len(bells)) as pool:
        notes = pool.map(night, folders, bells.values())
        return {name: (hung, noted) for (name, hung), noted in zip(bells.items(), notes, strict=True)}


@pytest.mark.parametrize("scheduler", ["lost", "doubled", "an hour late", "an hour early", "restless"])
@pytest.mark.parametrize("gateway", ["prompt", "stuck", "stays"])
def test_whatever_the_bell_does_the_decisions_are_the_same(
    nights: dict[str, tuple[Hung, Decisions]], scheduler: str, gateway: str
) -> None:
    assert nights[scheduler][1].decisions(gateway) == nights["true"][1].decisions(gateway)


def test_the_night_went_as_it_should(nights: dict[str, tuple[Hung, Decisions]]) -> None:
    notes = nights["true"][1]
    results = {
        gateway: tell.fields["result"] for gateway, _, tell in notes.told_at if "result" in tell.fields
    }  # fmt: skip
    assert results == {"prompt": "in_time", "stuck": "overdue", "stays": "not_seen"}
    assert "reauth_required" in str(notes.decisions("stuck"))
    assert "reauth_required" not in str(notes.decisions("prompt"))


@pytest.mark.parametrize("scheduler", ["true", "lost", "doubled", "an hour late", "an hour early", "restless"])
def test_no_window_opens_or_closes_before_its_time_nor_long_after(
    nights: dict[str, tuple[Hung, Decisions]], scheduler: str
) -> None:
    for gateway in ("prompt", "stuck", "stays"):
        opened, closed = nights[scheduler][1].edges(gateway)
        for seen, edge in ((opened, TONIGHT - LEAD), (closed, TONIGHT + GRACE)):
            assert timedelta(0) <= seen - edge < timedelta(seconds=10)


def test_the_bells_did_what_they_are_named_for(nights: dict[str, tuple[Hung, Decisions]]) -> None:
    rings = {name: hung.rings for name, (hung, _) in nights.items()}
    assert rings["true"] + rings["doubled"] > 0, "the loop may be at the edge first, and take the ring back"
    assert rings["doubled"] % 2 == 0
    assert rings["lost"] == rings["an hour late"] == 0
    assert rings["restless"] > 100
