"""Keeps a program that is written against `ibapi` connected: a session, a new one after each loss, and the truth.

Threads: one loop decides (it is the daemon's), one thread has the program's sessions and all of its callbacks and
hooks, and one sends what waits in the queue, once something does. With `run` the sessions have the caller's thread.
None of them survives a fork: make the host in the process that uses it.
"""

import importlib
import os
import random
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from supervisor.core.calendar.clock import Now
from supervisor.core.calendar.windows import Window
from supervisor.core.model.events import Event, IdsConfirmed
from supervisor.core.model.gate import GatePolicy
from supervisor.core.model.snapshot import Snapshot
from supervisor.gateway.hosted.ears import ENDS_THE_PROCESS
from supervisor.gateway.versions import tame_logging
from supervisor.host.gate import HostGate
from supervisor.host.household import Household
from supervisor.host.link import HostLink
from supervisor.host.runtime import HostRuntime
from supervisor.host.seat import Seat
from supervisor.host.settings import Restart, WhenDown, policy_of, seconds
from supervisor.host.state_file import StateFile, facts_of
from supervisor.host.subscriptions import Make, Subscription
from supervisor.host.told import Queue, Ready
from supervisor.observe.gate.files import GateFiles
from supervisor.observe.gate.reader import Gate
from supervisor.runtime.clocks import Clock
from supervisor.runtime.loop import Loop
from supervisor.runtime.mailbox import Mailbox

if TYPE_CHECKING:
    from supervisor.observe.metrics.program import ProgramCollector

LOOK = 0.25
"""Seconds between two looks at the clocks and at the program, at most."""


class Host:
    """A program and its gateway.

    Args:
        factory: makes the program: an object that is `EWrapper` and `EClient`, or a client and its wrapper. It is
            called again for each session, because an `EClient` cannot be used twice.
        port: of the gateway's API.
        client_id: of this program alone.
        host: a name or an address.
        name: for threads and the log.
        daily_restart: `{"time": "23:45", "timezone": "America/New_York"}`, as set in the gateway.
        weekly_restart: the same with a `day`.
        windows: further windows of `supervisor.core.calendar.windows`.
        account_mode: live, paper or any: a login of the other kind is refused.
        required_farms: names of farms that must work, or `kind/name`; without it all that are seen.
        upstream_probe: ask for a contract to find out whether IBKR is back, where no message tells it.
        when_down: what a request does that comes while no session lives: raise, wait or drop.
        wait_timeout: how long it waits then, in seconds.
        order_max_wait: seconds that an order may wait in the queue before it is refused.
        state: a file that keeps the highest order id over a restart of the process.
        daemon_gate: the gate of a daemon that watches the same gateway: `host.gate` is open only if both are.
        gate_directory: a folder in which the file NAME.json says what `host.gate` says, for other processes.
        gate_before_restart: seconds before a restart at which the gate closes.
        timing: timers by their names, in seconds (`supervisor.core.model.policy.Timing`).

    Raises:
        ValueError: an argument is wrong.
        OSError: the state file cannot be opened.
    """

    def __init__(
        self,
        factory: Callable[[], object],
        *,
        port: int,
        client_id: int,
        host: str = "127.0.0.1",
        name: str | None = None,
        daily_restart: Restart | None = None,
        weekly_restart: Restart | None = None,
        windows: tuple[Window, ...] = (),
        account_mode: str = "any",
        required_farms: tuple[str, ...] | None = None,
        upstream_probe: bool = True,
        when_down: str = "raise",
        wait_timeout: float = 30.0,
        order_max_wait: float = 1.0,
        state: str | os.PathLike[str] | None = None,
        daemon_gate: Gate | None = None,
        gate_directory: str | os.PathLike[str] | None = None,
        gate_before_restart: float = 60.0,
        timing: Mapping[str, float] | None = None,
    ) -> None:
        if not callable(factory):
            raise ValueError(f"{factory!r}: a class, or a function that makes the program")
        if when_down not in tuple(WhenDown):
            raise ValueError(f"when_down={when_down!r}: raise, wait or drop")
        seconds("wait_timeout", wait_timeout)
        seconds("order_max_wait", order_max_wait)
        policy = policy_of(
            host=host,
            port=port,
            client_id=client_id,
            name=name,
            daily=daily_restart,
            weekly=weekly_restart,
            windows=windows,
            account_mode=account_mode,
            required_farms=required_farms,
            upstream_probe=upstream_probe,
            gate=GatePolicy(before_restart=gate_before_restart, order_ids=True),
            timing=timing,
        )
        tame_logging()
        self._state = StateFile(state, client_id, host, port)
        clock = Clock()
        self._mailbox = Mailbox(clock.now)
        self._seat = Seat()
        self._household = Household(
            factory,
            policy,
            self._seat,
            lambda: self.snapshot,
            self._state,
            when_down=WhenDown(when_down),
            wait_timeout=wait_timeout,
            end=self._end,
            post=self._post,
        )
        self._loop = Loop(self._mailbox, clock, look=LOOK)
        self._link = HostLink(self._household, self._seat, self._post, order_max_wait)
        self._runtime = HostRuntime(
            policy,
            facts_of(self._state.kept),
            clock.now(),
            random.getrandbits(64),
            self._link,
            self._household,
            self._post,
        )
        self.gate = HostGate(lambda: self.snapshot, lambda: self._seat.session, daemon_gate)
        """Whether orders are safe now: `host.gate.check().open`."""
        self._gate_files = None
        if gate_directory is not None:
            self._gate_files = GateFiles(lambda: (self.snapshot,), Path(gate_directory))
        self._deciding = threading.Thread(target=self._decide, name=f"host-{policy.name}", daemon=True)
        self._living: threading.Thread | None = None
        self._gate_shown = self.snapshot.gate
        self._begun = False
        self._error: BaseException | None = None

    # -- its life ------------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Run the program on this thread until it calls `disconnect()`, or `stop` is called.

        Raises what ended it: KeyboardInterrupt, SystemExit, or what the factory raised when it was called first.
        """
        self._begin()
        try:
            self._seat.live()
        finally:
            self.stop()
        if self._error is not None:
            raise self._error

    def start(self) -> None:
        """Run the program on a thread of the host's own. `stop` ends it."""
        self._begin()
        self._living = threading.Thread(target=self._live, name=f"program-{self.name}", daemon=True)
        self._living.start()

    def stop(self, timeout: float = 5.0) -> bool:
        """End the session and the host. False if the program's code still runs after `timeout` seconds."""
        self._end(None)
        if self._deciding.ident is not None and self._deciding is not threading.current_thread():
            self._deciding.join(timeout)
        living = self._living
        if living is not None and living is not threading.current_thread():
            living.join(timeout)
            return not living.is_alive()
        return True

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def wait_ready(self, timeout: float | None = None) -> Ready:
        """Wait until a session is ready and `on_ready` has been called; `timeout` in seconds.

        Raises:
            TimeoutError: there was none in time, or the host has ended.
            RuntimeError: none is ready, and this is the program's own thread: it would wait for itself.
            KeyboardInterrupt, SystemExit, or what the factory raised: that ended the host.
        """
        if self.ready is None and self._seat.is_here():
            raise RuntimeError("wait_ready() in a callback or a hook would wait for itself: use on_ready")
        ready = self._household.doorway.wait(timeout)
        if self._error is not None:
            raise self._error
        if ready is None:
            cause = self.snapshot.cause
            raise TimeoutError(f"no session is ready{'' if cause is None else f' ({cause.key.value})'}")
        return ready

    # -- for the program, from any thread ------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """For threads and the log."""
        return self._runtime.policy.name

    @property
    def app(self) -> Any:
        """What the factory made for the session that is ready; None while none is."""
        session = self._seat.session
        if self._household.doorway.client() is None or session is None or session.program is None:
            return None
        return session.program.made

    @property
    def ready(self) -> Ready | None:
        """What `on_ready` was told of the session that lives; None while none is ready."""
        return self._household.doorway.wait(0.0)

    @property
    def snapshot(self) -> Snapshot:
        """All that is known of the gateway, as of the last decision."""
        return self._runtime.snapshot

    @property
    def next_order_id(self) -> int:
        """The next order id that no order of this client id has."""
        return self._household.ids.next

    def new_order_id(self) -> int:
        """Take the next order id; nobody else gets it."""
        return self._household.take_id()

    @property
    def callback_errors(self) -> int:
        """Callbacks and hooks of the program that raised."""
        return self._household.callback_errors

    @property
    def slow_callbacks(self) -> int:
        """Callbacks and hooks of the program that ran for more than two seconds."""
        return self._household.slow_callbacks

    @property
    def queue(self) -> Queue:
        """What waits for its turn."""
        return self._household.queue()

    def subscribe(self, make: Make) -> Subscription:
        """Let a request be made now and again after each loss of data: `make(client, req_id)`."""
        return self._household.subscriptions.add(make)

    def subscription(self, req_id: int) -> Subscription | None:
        """The subscription that has, or had, this request id."""
        return self._household.subscriptions.of(req_id)

    def acknowledge(self) -> tuple[str, ...]:
        """The program has dealt with messages that could not be decoded: the gate may open. Which they were."""
        return self._household.acknowledge()

    def confirm_ids(self) -> None:
        """The program knows that the gateway's order ids went back: the gate may open."""
        self._post(IdsConfirmed())

    def metrics(self, *others: "Host") -> "ProgramCollector":
        """A collector for a registry of prometheus_client, with the daemon's names and the label `client_id`.

        Args:
            others: the other hosts of this process, if their metrics go into the same registry.

        Raises:
            ValueError: two of them have the same client id.
        """
        hosts = [(lambda each=each: each.snapshot, each._household) for each in (self, *others)]
        made: ProgramCollector = importlib.import_module("supervisor.host.metrics").collector(hosts)
        return made

    def call(self, act: Callable[[], None]) -> None:
        """Let it be done on the program's thread, between two messages."""
        self._seat.call(act)

    def reconnect(self) -> None:
        """End the session; another one follows as after a loss."""
        session = self._seat.session
        if session is not None:
            session.end("the program asked for a new session")

    # -- inside --------------------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        if self._begun:
            raise RuntimeError("a host runs once: make another one")
        self._begun = True
        self._deciding.start()

    def _live(self) -> None:
        """On the host's own thread, where nobody hears what is raised: it ends the host, as in `run`."""
        try:
            self._seat.live()
        except ENDS_THE_PROCESS as error:
            self._end(error)

    def _post(self, event: Event) -> None:
        self._mailbox.post(self._runtime.policy.name, event)

    def _decide(self) -> None:
        self._loop.arrange((self._runtime,))
        if self._gate_files is not None:
            self._gate_files.start()
        try:
            self._loop.run(self._look)
            self._link.close(0.0)
        finally:
            self._seat.end()
            self._household.ended()
            if self._gate_files is not None:
                self._gate_files.close(1.0)

    def _look(self, now: Now) -> None:
        self._household.look(now)
        gate = self.snapshot.gate
        if self._gate_files is not None and gate is not self._gate_shown:
            self._gate_shown = gate
            self._gate_files.news()

    def _end(self, error: BaseException | None) -> None:
        if error is not None and self._error is None:
            self._error = error
        self._mailbox.submit(self._finish)

    def _finish(self) -> None:
        self._loop.end()  # before the end of the session is heard: it is no loss
        self._loop.stop()
