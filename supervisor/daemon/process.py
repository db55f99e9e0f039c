"""One process of the daemon: what is opened before the loop turns, and closed after it.

- What can fail starts first: the log, `ibapi`, the journal's lock, the HTTP socket, the journal.
- The web stack and the edge scheduler are imported only when the loop turns: they delay neither READY=1 nor a session.
- Observers are told and asked; none decides anything.
"""

import logging
import platform
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TextIO

from supervisor.config.settings import Config
from supervisor.config.web_file import server_context
from supervisor.core.calendar.clock import Now
from supervisor.core.explain.narrator import Narrator
from supervisor.core.explain.recovery import reason
from supervisor.core.explain.report import Report
from supervisor.core.model.actions import Announce
from supervisor.core.model.events import OperatorEvent, RungApproved, RungAsked
from supervisor.core.model.facts import Facts
from supervisor.core.model.gate import GateClosed, GateOpened, GateReasonsChanged
from supervisor.core.model.records import NoticeHeard, OutageClosed, Record
from supervisor.core.model.recovery.records import RecoveryRefused
from supervisor.core.model.snapshot import Snapshot
from supervisor.core.parts.telling.outbox import USUAL, Pace
from supervisor.daemon.app import Daemon
from supervisor.daemon.lock import about, journal_lock
from supervisor.daemon.memory import give_back_large_blocks
from supervisor.daemon.people import People, status_page
from supervisor.gateway.selftest.trial import SelfTestError, self_test
from supervisor.gateway.versions import ibapi_version
from supervisor.observe.events import EventRing
from supervisor.observe.gate.files import GateFiles
from supervisor.observe.gate.news import GateNews
from supervisor.observe.journal.history import History, open_outages, read
from supervisor.observe.journal.journal import Journal
from supervisor.observe.lock import HeldError, WriterLock
from supervisor.observe.logs import writer as logs
from supervisor.observe.logs.wire import WireLogs
from supervisor.observe.masking import mask
from supervisor.observe.metrics.internals import Internals
from supervisor.observe.web.backend import ReloadResult
from supervisor.observe.web.listen import BindError, bind
from supervisor.runtime.clocks import Clock
from supervisor.version import VERSION

if TYPE_CHECKING:
    from supervisor.daemon.edge_scheduler import EdgeScheduler
    from supervisor.observe.web.access.guard import Admit
    from supervisor.observe.web.access.users import Users
    from supervisor.observe.web.server import WebServer

log = logging.getLogger("supervisor.daemon")

UNWRITTEN = 1000
"""Event numbers that are skipped at a start: after a kill, the journal may lack the last numbers that were sent."""
STORED = 2.0
"""Seconds that an operator waits to hear that a request of theirs is on the disk."""
END = 1.9
"""Seconds after SIGTERM within which the process ends, even if something hangs."""


class StartError(Exception):
    """The daemon cannot start. The text says why."""


Say = Callable[[str, datetime, Report], None]


def to_the_log(gateway: str, at: datetime, report: Report) -> None:
    """A line of the log, stamped by the log."""
    logs.tell(gateway, report)


class Observers:
    """Passes on what happened to the log (or to `say`), the journal and the stream of events; of the gate first."""

    def __init__(self, journal: Journal, events: EventRing, gates: GateNews, say: Say) -> None:
        self._journal = journal
        self._events = events
        self._gates = gates
        self._say = say
        self._narrators: dict[str, Narrator] = {}
        self.people: People | None = None

    def happened(self, gateway: str, at: Now, record: Record) -> None:
        """Count it, put it into words, and tell it if it is news."""
        if isinstance(record, GateClosed | GateReasonsChanged | GateOpened):
            self._gates.tell()
        if isinstance(record, NoticeHeard):
            self._journal.heard(gateway, at.wall, record.code, record.text)
        narrator = self._narrators.setdefault(gateway, Narrator())
        report = narrator.tell(record, at.mono)
        if report is not None:
            self.tell(gateway, at.wall, report, record if isinstance(record, OutageClosed) else None)

    def tell(self, gateway: str, at: datetime, report: Report, outage: OutageClosed | None = None) -> None:
        """Something worth knowing, of a gateway or of the daemon itself."""
        self._say(gateway, at, report)
        number = self._events.append(gateway, at, report)
        self._journal.record(gateway, at, report, number, outage)

    def keep(self, gateway: str, facts: Facts) -> None:
        self._journal.keep(gateway, facts)

    def announce(self, gateway: str, message: Announce) -> None:
        """People must be told."""
        if self.people is not None:
            self.people.announce(gateway, message)


class Process:
    """A daemon with all its parts. It is also the `observe.web.backend.Backend` of the web side.

    The constructor opens what may fail, and raises StartError. `run` supervises on the main thread until it is stopped.
    """

    def __init__(
        self,
        config: Config,
        environment: Mapping[str, str],
        stream: TextIO,
        *,
        clock: Clock | None = None,
        say: Say = to_the_log,
        heard: Callable[[str, Announce], None] = lambda gateway, message: None,
        pace: Pace = USUAL,
    ) -> None:
        give_back_large_blocks()
        self._show_accounts = config.show_accounts
        self._log = logs.setup(config.log.level, config.log.format, stream, environment=environment, words=self._words)
        self._clock = clock if clock is not None else Clock()
        self._http = config.http
        self.events = EventRing(words=self._words)
        self._lock = _lock_of(config)
        try:
            self_test()
            if self._lock is not None:
                self._lock.take()
            security, listen = config.http.security, config.http.listen
            self._tls = None if security.tls is None else server_context(security.tls)
            self._socket = bind(listen.host, listen.port)
        except (SelfTestError, HeldError, BindError, OSError) as error:
            self._log.end()
            if self._lock is not None:
                self._lock.release()
            raise StartError(str(error)) from None
        may_open = self._lock.take if self._lock is not None else lambda: None
        self._journal = Journal(config.journal.path, words=self._words, may_open=may_open)
        self._retention = timedelta(seconds=config.journal.retention)
        self.gates = GateNews()
        observers = Observers(self._journal, self.events, self.gates, say)
        self._wires = WireLogs(config.log.wire, words=self._words)
        self.daemon = Daemon(
            config,
            observers,
            observers.tell,
            clock=self._clock,
            environment=environment,
            wires=self._wires,
            not_stored=self.not_stored,
        )
        self.people = observers.people = People(
            self._journal,
            self._clock.now,
            lambda: self.daemon.config,
            status_page(self.url, config.http),
            self._words,
            heard,
            pace,
        )
        self._gate_files = GateFiles(self.snapshots, config.gate.directory, about(config))
        self.gates.watch(self._gate_files.news)
        self.daemon.catch_signals()
        self._edges: EdgeScheduler | None = None
        self._web: WebServer | None = None
        self._users: Users | None = None
        self._rest = threading.Lock()
        self._over = False

    @property
    def url(self) -> str:
        """The address for people and for Prometheus."""
        host, port = self._socket.getsockname()[:2]
        scheme = "http" if self._tls is None else "https"
        return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"

    def run(self) -> None:
        """Supervise until stopped."""
        names = ", ".join(policy.name for policy in self.daemon.config.gateways)
        log.info("ib-supervisor %s supervises %s; %s", VERSION, names, self.url)
        for fault in self.daemon.config.warnings:
            log.warning("%s", fault)
        self.daemon.each_second(self._chores)
        facts = self._journal.open(given_up=lambda: self.daemon.ending_since > 0)
        last, recent = self._journal.recent()
        self.events.resume(recent, last + UNWRITTEN if last else 0)
        self.people.begin()
        self._gate_files.start()
        try:
            if not self.daemon.ending_since:
                self.daemon.run(facts, self._on_ready)
        finally:
            self._end()

    def _on_ready(self) -> None:
        threading.Thread(target=self._start_rest, name="start", daemon=True).start()

    def _start_rest(self) -> None:
        """What no session needs: the web stack and the edge scheduler, imported now."""
        try:
            from supervisor.daemon.edge_scheduler import EdgeScheduler
            from supervisor.observe.web.server import WebServer

            with self._rest:
                if self._over:
                    return
                http = self._http
                hosts = (http.listen.host, *http.names)
                self._web = WebServer(self, self._socket, hosts, tls=self._tls, admit=self._admit())
                self._web.start()
                submit = self.daemon.mailbox.submit
                self._edges = EdgeScheduler(lambda: submit(lambda: None), self.upkeep)
        except Exception:
            log.exception("%s does not answer: the web server could not be started", self.url)
            return
        found = ibapi_version()
        log.info("%s", found)
        if found.warning is not None:
            log.warning("%s", found.warning)

    def _admit(self) -> "Admit | None":
        """Checks names and passwords. None without users; then bcrypt is not needed."""
        if not self._http.security.users:
            return None
        from supervisor.observe.web.access.users import Users

        self._users = Users(dict(self._http.security.users))
        return self._users.admit

    def _words(self, text: str) -> str:
        """A text that may name an account, as it may be written."""
        return text if self._show_accounts else mask(text)

    def _chores(self, now: Now) -> None:
        if self._edges is not None:
            for gateway in self.daemon.loop.gateways():
                self._edges.set(gateway.policy.name, gateway.wake.wall)
        self._journal.watched((s.policy.name for s in self.snapshots() if s.observing), now.wall)
        self.people.each_second(
            now,
            reload_ok=self.daemon.reload_ok,
            dropped=self.daemon.mailbox.dropped,
            errors=self._journal.errors,
            well=not any(gateway.urgent for gateway in self.daemon.loop.gateways()),
        )
        self._show_accounts = self.daemon.config.show_accounts
        level, form = self.daemon.config.log.level, self.daemon.config.log.format
        self._log.change(level, form)
        self._wires.change(self.daemon.config.log.wire)
        self._gate_files.change(self.daemon.config.gate.directory)
        users = self.daemon.config.http.security.users
        if self._users is not None and users:  # none at all would let everybody in: that needs a restart
            self._users.change(dict(users))

    def _end(self) -> None:
        deadline = (self.daemon.ending_since or time.monotonic()) + END
        with self._rest:
            self._over = True  # what has not been started by now never is
        self._gate_files.close(0.2)
        if self._edges is not None:
            self._edges.stop()
        if self._web is not None:
            self._web.stop(max(0.1, deadline - 0.4 - time.monotonic()))
        else:
            self._socket.close()
        self._wires.close(0.1)
        self.people.notifier.end(0.2)
        written = self._journal.close(max(0.2, deadline - 0.2 - time.monotonic()))
        if written and self._lock is not None:  # else the end of the process gives the lock back
            self._lock.release()
        log.info("ib-supervisor ends")
        self._log.end(max(0.1, deadline - time.monotonic()))

    def upkeep(self) -> None:
        """Delete journal entries older than the retention of the config at start. A change of it needs a restart."""
        self._journal.prune(self._clock.now().wall - self._retention)

    # -- what the web side asks
    # -----------------------------------------------------------------------------------------

    def snapshots(self) -> tuple[Snapshot, ...]:
        """One of each gateway, in the order of the config."""
        return self.daemon.loop.snapshots()

    def internals(self) -> Internals:
        """What the daemon reports about itself."""
        return Internals(
            version=VERSION,
            ibapi_version=ibapi_version().version,
            python_version=platform.python_version(),
            reload_ok=self.daemon.reload_ok,
            reload_at=self.daemon.reload_at,
            loop=self.daemon.loop.decisions,
            events_dropped=self.daemon.mailbox.dropped,
            journal_errors=self._journal.errors,
            messages=self.people.notifier.counts(),
            gate_errors=self._gate_files.errors,
        )

    def now(self) -> datetime:
        """The daemon's wall clock."""
        return self._clock.now().wall

    def alive(self) -> bool:
        """Whether the loop turns."""
        return self.daemon.loop.alive()

    def ready(self) -> tuple[bool, str]:
        """Whether every gateway was tried once."""
        return self.daemon.tried()

    def history(self, since: datetime, until: datetime, gateways: Sequence[str]) -> History:
        """What happened, from the journal and from what is not in it yet."""
        return read(
            self._journal.place, since, until, gateways, open_outages(self.snapshots()), self._journal.watching()
        )

    def place(self) -> str:
        """Where the journal can be read."""
        return self._journal.place

    def reload(self) -> ReloadResult:
        """Read the config again."""
        return self.daemon.reload()

    def control(self, name: str, event: OperatorEvent) -> bool:
        """Pass what the operator asks to a gateway."""
        return self.daemon.tell_gateway(name, event)

    def recovery(self, name: str, event: RungApproved | RungAsked) -> str | None:
        """Pass what the operator asks of recovery to a gateway."""
        happened = self.daemon.ask_gateway(name, event)
        if happened is None:
            return None
        refused = (record for record in happened if isinstance(record, RecoveryRefused))
        return next((reason(record.why) for record in refused), "")

    def not_stored(self) -> str:
        """Why what was asked would not survive a restart; empty if it would."""
        return self._journal.stored(STORED)


def _lock_of(config: Config) -> WriterLock | None:
    """The lock of the journal; None for one in memory."""
    if config.journal.path is None:
        return None
    return journal_lock(config.journal.path, about(config))
