"""The daemon: the loop in the middle, observers around it, and signals and requests from outside.

- Start: the config is valid, `ibapi` passes its self-test, the HTTP socket is bound, and the journal is read. Then the
  loop turns, and READY=1 is sent. The daemon does not wait for a gateway.
- Signals only enqueue. A reload is read and validated on a thread of its own, one at a time, and the loop applies it.
  If two reloads overlap, the file that was read last counts.
- End: sessions get one second, and the process ends within two, even if something hangs.
"""

import logging
import random
import signal
import socket
import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime

from supervisor.config.load import ConfigError, load
from supervisor.config.settings import Config, changes
from supervisor.controllers.hands.hands import Hands
from supervisor.controllers.watch import Watches
from supervisor.core.calendar.clock import Now
from supervisor.core.explain.report import Level, Report
from supervisor.core.model.actions import BehindAction, Heal, LookAtSockets
from supervisor.core.model.events import Event
from supervisor.core.model.facts import Facts
from supervisor.core.model.policy import Policy
from supervisor.core.model.records import Record
from supervisor.daemon.people import refuse_unknown_targets
from supervisor.gateway.canary import CanaryLink
from supervisor.gateway.link import GatewayLink
from supervisor.gateway.lookup import Lookups
from supervisor.kernel.tables import Ends, ends_of
from supervisor.kernel.watch import Asked, KernelWatch
from supervisor.observe.logs.wire import WireLogs
from supervisor.observe.systemd.notifier import Notifier, status_line
from supervisor.observe.web.backend import ReloadResult
from supervisor.platform import RELOAD_SIGNAL
from supervisor.runtime.clocks import Clock
from supervisor.runtime.gateway_runtime import GatewayRuntime, Listener
from supervisor.runtime.loop import POLL, Loop
from supervisor.runtime.mailbox import Mailbox

log = logging.getLogger("supervisor.daemon")

DRAIN = 1.0
"""Seconds that sessions get to end."""
ASKED = 2.0
"""Seconds that a caller outside waits for the loop to do what was asked."""
RELOAD = 10.0
"""Seconds that a reload may take, including reading the file."""


Tell = Callable[[str, datetime, Report], None]
"""Takes what is told of a gateway, or of the daemon itself (``)."""


class Daemon:
    """All parts of one process except its command line. `run` is for the main thread, the rest for any thread."""

    def __init__(
        self,
        config: Config,
        listener: Listener,
        tell: Tell,
        *,
        clock: Clock,
        environment: Mapping[str, str],
        wires: WireLogs | None = None,
        not_stored: Callable[[], str] = lambda: "",
    ) -> None:
        self.config = config
        self.clock = clock
        self.mailbox = Mailbox(clock.now)
        self._notifier = Notifier(environment)
        self.loop = Loop(self.mailbox, clock, self._pace())
        self.reload_ok = True
        self.reload_at = clock.now().wall
        self._listener = listener
        self._tell = tell
        self._environment = environment
        self._started_with = config
        self._reading = threading.Lock()
        self._lookups = Lookups()
        self._controllers = Watches(self.mailbox.post)
        self._hands = Hands(self.mailbox.post, not_stored, environment)
        self._kernel = KernelWatch(self.mailbox.post)
        self._wires = wires if wires is not None else WireLogs()
        self._facts: dict[str, Facts] = {}
        self._chores: list[Callable[[Now], None]] = []
        self._first_round: Callable[[], None] = lambda: None
        self._ready = False
        self._next_chore = 0.0
        self._next_watchdog = 0.0
        self.ending_since = 0.0
        """Monotonic seconds of the order to end. 0 before it."""

    # -- for everybody ------------------------------------------------------------------------------------------------

    def tried(self) -> tuple[bool, str]:
        """Whether every gateway was tried once, and if not, which were not."""
        if not self._ready:
            return False, "starting"
        waiting = [s.policy.name for s in self.loop.snapshots() if not s.tried and s.phase != "stopped"]
        return not waiting, f"not tried yet: {', '.join(waiting)}" if waiting else "ready"

    def tell_gateway(self, name: str, event: Event) -> bool:
        """Pass an event to a gateway in its turn, and wait for it. False if there is no such gateway.

        Raises TimeoutError if the loop does not get to it in time.
        """
        return self.ask_gateway(name, event) is not None

    def ask_gateway(self, name: str, event: Event) -> tuple[Record, ...] | None:
        """The same, and what happened on it; None if there is no such gateway."""
        found: list[tuple[Record, ...] | None] = []

        def act() -> None:
            gateway = self.loop.gateway(name)
            if gateway is None:
                found.append(None)
                return
            self.loop.catch_up(gateway)
            found.append(self.loop.step(gateway, event))

        self._on_loop(act, ASKED)
        return found[0]

    def reload(self) -> ReloadResult:
        """Read the config file again, apply it, and return the result. Raises TimeoutError."""
        answer: list[ReloadResult] = []
        done = threading.Event()

        def tell(result: ReloadResult) -> None:
            answer.append(result)
            done.set()

        self.mailbox.submit(lambda: self._begin_reload(tell))
        if not done.wait(RELOAD):
            raise TimeoutError("the reload was not done in time")
        return answer[0]

    def stop(self) -> None:
        """End the daemon, as SIGTERM does."""
        self.ending_since = self.ending_since or time.monotonic()
        self.mailbox.submit(self.loop.stop)

    # -- the life of the process --------------------------------------------------------------------------------------

    def each_second(self, chore: Callable[[Now], None]) -> None:
        """Do this quick task on the loop about once a second."""
        self._chores.append(chore)

    def catch_signals(self) -> None:
        """Make signals tasks of the loop. Call it early, on the main thread; elsewhere it does nothing."""
        if threading.current_thread() is not threading.main_thread():
            return
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.stop())
        if RELOAD_SIGNAL is not None:
            signal.signal(RELOAD_SIGNAL, lambda *_: self.mailbox.submit(lambda: self._begin_reload(lambda _: None)))

    def run(self, facts: Mapping[str, Facts], on_ready: Callable[[], None] = lambda: None) -> None:
        """Supervise until stopped.

        `facts` come from earlier processes. `on_ready` is called once, when the loop turns.
        """
        self._facts = dict(facts)
        self._first_round = on_ready
        self.loop.arrange(self._runtime(policy) for policy in self.config.gateways)
        self._look_behind()
        self.loop.run(self._after_round)
        self._end()

    def _after_round(self, now: Now) -> None:
        if not self._ready:
            self._ready = True
            self._notifier.ready()
            self._first_round()
        interval = self._notifier.watchdog_interval
        if interval is not None and now.mono >= self._next_watchdog:
            self._next_watchdog = now.mono + self._pace() / 2
            self._notifier.watchdog()
        if now.mono >= self._next_chore:
            self._next_chore = now.mono + POLL
            self._notifier.status(status_line(self.loop.snapshots()))
            for chore in self._chores:
                chore(now)

    def _pace(self) -> float:
        """Most seconds between two rounds. systemd's watchdog may need them more often than our look at the clocks."""
        interval = self._notifier.watchdog_interval
        return POLL if interval is None else min(interval, POLL)

    def _end(self) -> None:
        self.ending_since = self.ending_since or time.monotonic()
        self._notifier.stopping()
        self._controllers.end()
        self._kernel.end()
        self.loop.end()
        deadline = self.ending_since + DRAIN
        for gateway in self.loop.gateways():
            gateway.link.close(max(0.0, deadline - time.monotonic()))

    def _look_behind(self) -> None:
        """Look through the controllers of the gateways that have one."""
        named = {policy.name: policy.controller for policy in self.config.gateways}
        self._controllers.arrange({name: asked for name, asked in named.items() if asked is not None})
        self._kernel.arrange({each.policy.name: _asked(each) for each in self.loop.gateways() if each.policy.kernel})

    def _behind(self, name: str) -> Callable[[BehindAction, Policy], None]:
        """Carries out what is not for the gateway's own session."""
        canary = CanaryLink(name, lambda event: self.mailbox.post(name, event), lookups=self._lookups)

        def carry_out(action: BehindAction, policy: Policy) -> None:
            if isinstance(action, LookAtSockets):
                self._kernel.hurry()
            elif isinstance(action, Heal):
                self._hands.carry_out(action, policy)
            else:
                canary.carry_out(action)

        return carry_out

    def _runtime(self, policy: Policy) -> GatewayRuntime:
        name = policy.name

        wire = self._wires.of(name)

        def post(event: Event) -> None:
            wire.event(event)
            self.mailbox.post(name, event)

        link = GatewayLink(name, post, wire=wire, lookups=self._lookups)
        seed = random.SystemRandom().getrandbits(64)
        facts = self._facts.get(name, Facts())
        return GatewayRuntime(policy, facts, self.clock.now(), seed, link, self._listener, post, self._behind(name))

    # -- reload -------------------------------------------------------------------------------------------------------

    def _begin_reload(self, tell: Callable[[ReloadResult], None]) -> None:
        """Read the file on a thread of its own. A file system may hang, and the loop must not."""

        def read() -> None:
            with self._reading:
                result = self._read_config()
                self.mailbox.submit(lambda: tell(self._apply(result)))

        self._notifier.reloading()
        threading.Thread(target=read, name="reload", daemon=True).start()

    def _read_config(self) -> Config | tuple[str, ...]:
        path = self.config.path
        if path is None:
            return ("there is no config file to read again: the daemon was started with --gateway",)
        try:
            config = load(path, self._environment)
            refuse_unknown_targets(config)
            return config
        except ConfigError as error:
            return tuple(str(fault) for fault in error.faults)
        except Exception as error:
            log.exception("the config could not be read")
            return (f"{path}: {type(error).__name__}: {error}",)

    def _apply(self, result: Config | tuple[str, ...]) -> ReloadResult:
        try:
            if isinstance(result, Config):
                return self._arrange(result)
            self.reload_ok = False
            for line in result:
                self._say(Level.ERROR, "reload_failed", f"reload refused, nothing is changed: {line}")
            return ReloadResult(False, faults=result)
        finally:
            self._notifier.ready()

    def _arrange(self, config: Config) -> ReloadResult:
        difference = changes(self.config, config)
        now = self.clock.now()
        wanted = {policy.name for policy in config.gateways}
        for gateway in self.loop.gateways():
            if gateway.policy.name not in wanted:
                gateway.retire(now)
                self._facts[gateway.policy.name] = gateway.facts
        gateways = []
        for policy in config.gateways:
            known = self.loop.gateway(policy.name)
            if known is not None and (known.policy != policy or known.snapshot.port != policy.port):
                self.loop.catch_up(known)
                known.reload(policy, self.clock.now())
            gateways.append(known if known is not None else self._runtime(policy))
        self.config = config
        self.loop.arrange(gateways)
        self._look_behind()
        self.reload_ok, self.reload_at = True, now.wall
        waiting = changes(self._started_with, config).needs_restart
        lines = tuple(f"a change of `{section}` needs a restart of the daemon" for section in waiting)
        self._say(
            Level.INFO, "reloaded", f"config reloaded: {len(gateways)} gateways, {len(difference.changed)} changed"
        )
        for line in lines:
            self._say(Level.WARNING, "reloaded", line)
        return ReloadResult(True, notes=lines)

    def _say(self, level: Level, kind: str, text: str) -> None:
        self._tell("", self.clock.now().wall, Report(level, kind, text))

    def _on_loop(self, act: Callable[[], None], timeout: float) -> None:
        done = threading.Event()

        def ordered() -> None:
            try:
                act()
            finally:
                done.set()

        self.mailbox.submit(ordered)
        if not done.wait(timeout):
            raise TimeoutError("the loop did not get to it in time")


def _asked(gateway: GatewayRuntime) -> Asked:
    """What the kernel is asked about a gateway."""
    known: tuple[socket.socket, Ends] | None = None  # the ends of a socket stay the same: they are asked for once

    def ends() -> Ends | None:
        nonlocal known
        link = gateway.link
        sock = link.socket() if isinstance(link, GatewayLink) else None
        if sock is None:
            return None
        if known is not None and known[0] is sock:
            return known[1]
        found = ends_of(sock)
        known = None if found is None else (sock, found)
        return found

    return Asked(lambda: gateway.snapshot.port, ends)
