"""A daemon without a loop: what the web side is given in these tests, with every answer in the test's hand."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from supervisor.core.explain.report import Level, Report
from supervisor.core.model.counters import Histogram
from supervisor.core.model.events import OperatorEvent, RungApproved, RungAsked
from supervisor.core.model.snapshot import Snapshot
from supervisor.observe.events import EventRing
from supervisor.observe.gate.news import GateNews
from supervisor.observe.journal.history import History, open_outages, read
from supervisor.observe.metrics.exposition import Internals
from supervisor.observe.notify.courier import Counts
from supervisor.observe.web.backend import ReloadResult
from supervisor.observe.web.listen import bind
from supervisor.observe.web.protocol import LIMITS, Limits
from supervisor.observe.web.server import WebServer
from tests.observe.played import BEGIN

INTERNALS = Internals(
    version="0.1.0",
    ibapi_version="9.81.1.post1",
    python_version="3.11.7",
    reload_ok=True,
    reload_at=BEGIN,
    loop=Histogram((0.001, 0.01)).with_value(0.002),
    events_dropped=3,
    journal_errors=1,
    messages={"phone": Counts({"sent": 4, "failed": 2, "dropped": 0}, waiting=1)},
)


@dataclass
class Stage:
    """A `Backend`."""

    gateways: Sequence[Snapshot] = ()
    own: Internals = INTERNALS
    events: EventRing = field(default_factory=EventRing)
    gates: GateNews = field(default_factory=GateNews)
    turns: bool = True
    is_ready: tuple[bool, str] = (True, "ready")
    reloading: Callable[[], ReloadResult] = lambda: ReloadResult(True)
    journal: str = "file:none?mode=ro"
    trouble: str = ""
    recovers: str = ""
    """What recovery answers: why it is not done."""
    heard: list[tuple[str, OperatorEvent]] = field(default_factory=list)

    def snapshots(self) -> Sequence[Snapshot]:
        return self.gateways

    def internals(self) -> Internals:
        return self.own

    def now(self) -> datetime:
        return BEGIN

    def alive(self) -> bool:
        return self.turns

    def ready(self) -> tuple[bool, str]:
        return self.is_ready

    def history(self, since: datetime, until: datetime, gateways: Sequence[str]) -> History:
        return read(self.journal, since, until, gateways, open_outages(self.gateways))

    def place(self) -> str:
        return self.journal

    def reload(self) -> ReloadResult:
        return self.reloading()

    def control(self, name: str, event: OperatorEvent) -> bool:
        if name not in [snapshot.policy.name for snapshot in self.gateways]:
            return False
        self.heard.append((name, event))
        return True

    def recovery(self, name: str, event: RungApproved | RungAsked) -> str | None:
        return self.recovers if self.control(name, event) else None

    def not_stored(self) -> str:
        return self.trouble

    def tell(self, text: str, gateway: str = "live") -> None:
        """Something happens."""
        self.events.append(gateway, BEGIN, Report(Level.INFO, "status", text, {"n": 1}))


@contextlib.contextmanager
def served(stage: Stage, limits: Limits = LIMITS) -> Iterator[WebServer]:
    """A web server for it, on a port of its own."""
    server = WebServer(stage, bind("127.0.0.1", 0), ["127.0.0.1"], limits)
    server.start()
    try:
        yield server
    finally:
        assert server.stop(10), "did not stop"
