"""What a scene of the calendar has: a clock to set, simulated gateways that show it, and the daemon that lives by it.

- A scene is a function that takes a `Story`. `@scene` makes a test of it; all scenes that were selected are played at
  the same time, because they mostly wait, and each test waits for its own.
- The daemon is started at a quiet hour, however long that takes; then the clock is moved to a moment before the window.
"""

import functools
import json
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from supervisor.simulator import Fleet, Scenario, SimulatedGateway
from tests.daemon.running import Running, gateways, quick
from tests.stories.faked import NEW_YORK, FakedClock, needs_faketime, swept
from tests.waiting import wait_until

LEAD, GRACE = timedelta(seconds=4), timedelta(seconds=8)
"""Of the restarts of the scenes: long enough for a slow machine, short enough to wait for."""
BEFORE = timedelta(seconds=4)
"""How long before a window the clock is set to: the daemon must have seen the jump when the window opens."""
EVERY = 0.2
"""Seconds between two looks at the daemon."""


def restart(time: str, zone: str = NEW_YORK, grace: timedelta = GRACE, lead: timedelta = LEAD) -> str:
    """A `daily_restart` of the config."""
    early, late = lead.total_seconds(), grace.total_seconds()
    return f'{{time: "{time}", timezone: {zone}, lead: {early:.0f}s, grace: {late:.0f}s}}'


class Gateway:
    """One simulated gateway, and what the daemon tells of it."""

    def __init__(self, stage: "Story", name: str, simulated: SimulatedGateway) -> None:
        self._stage = stage
        self.name = name
        self.simulated = simulated
        self.do = simulated.do

    def value(self, metric: str, **labels: str) -> float | None:
        """One sample of it; None if it is absent."""
        return self._stage.daemon.metric(metric, gateway=self.name, **labels)

    def moment(self, metric: str) -> datetime | None:
        """A sample that is an instant."""
        value = self.value(metric)
        return None if value is None else datetime.fromtimestamp(value, UTC)

    @property
    def due(self) -> datetime | None:
        """When the weekly login is due."""
        return self.moment("ib_reauth_due_timestamp_seconds")

    @property
    def expiry(self) -> datetime | None:
        """When the token expires."""
        return self.moment("ib_token_expiry_timestamp_seconds")

    @property
    def required(self) -> bool:
        """Whether a person is needed."""
        return self.value("ib_reauth_required") == 1

    @property
    def up(self) -> bool:
        """Whether every layer is."""
        return self.value("ib_up") == 1

    def open(self, window: str = "daily_restart") -> bool:
        """Whether this window is."""
        return self.value("ib_window_active", window=window) == 1

    @property
    def restarts(self) -> dict[str, float]:
        """The restarts that were counted, by result; those that are 0 are left out."""
        counts = self._stage.daemon.metrics("ib_restarts_total", "result", gateway=self.name)
        return {result: count for result, count in counts.items() if count}

    def seconds(self, planned: bool) -> float:
        """Booked seconds of outages."""
        word = str(planned).lower()
        found = self._stage.daemon.metrics("ib_outage_seconds_total", "cause", gateway=self.name, planned=word)
        return sum(found.values())

    def outages(self, planned: bool) -> float:
        """Outages that closed."""
        word = str(planned).lower()
        return sum(self._stage.daemon.metrics("ib_outages_total", "cause", gateway=self.name, planned=word).values())

    def losses(self, planned: bool) -> float:
        """Sessions lost."""
        word = str(planned).lower()
        found = self._stage.daemon.metrics("ib_session_losses_total", "reason", gateway=self.name, planned=word)
        return sum(found.values())

    @property
    def status(self) -> dict[str, Any]:
        """What the API says of it."""
        return self._stage.daemon.status(self.name)

    def events(self, kind: str) -> list[dict[str, Any]]:
        """What was told of it by this process, of one kind, in its order."""
        told = json.loads(self._stage.daemon.get("/api/v1/events?since=0&limit=1000"))["events"]
        return [event for event in told if event["gateway"] == self.name and event["kind"] == kind]

    @property
    def statuses(self) -> list[str]:
        """The statuses it went through since the daemon began."""
        return [event["fields"]["status"] for event in self.events("status")]


class Story:
    """One scene's own clock, gateways, and daemon. `begins` sets the clock; `start` begins the daemon."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder = folder
        self._stack = stack
        self._clock: FakedClock | None = None
        self._daemon: Running | None = None
        self._fleet = stack.enter_context(Fleet())
        self._entries: list[str] = []
        self._gateways: list[Gateway] = []

    @property
    def clock(self) -> FakedClock:
        """The wall clock of this scene."""
        assert self._clock is not None, "the scene has not begun"
        return self._clock

    @property
    def daemon(self) -> Running:
        """The daemon that runs, or ran last."""
        assert self._daemon is not None, "the daemon was not started"
        return self._daemon

    def begins(self, instant: datetime) -> None:
        """The time at which the scene begins."""
        self._clock = FakedClock(self.folder, instant)

    def gateway(self, name: str, scenario: Scenario | None = None, **keys: object) -> Gateway:
        """One more gateway, and its part of the config: `keys` as YAML."""
        simulated = self._stack.enter_context(
            SimulatedGateway(scenario, fleet=self._fleet, wall=lambda: self.clock.seconds())
        )
        self._entries.append(quick(simulated.port, name, **keys))  # type: ignore[arg-type]
        self._gateways.append(Gateway(self, name, simulated))
        return self._gateways[-1]

    @property
    def config(self) -> str:
        """The config of all gateways so far."""
        return gateways(*self._entries)

    def start(self, *, up: bool = True) -> Running:
        """A daemon for these gateways; waits until it answers, and until all of them are up."""
        daemon = self._daemon = Running(self.folder, self.config, self.clock.environment)
        self._stack.callback(swept, daemon.process.pid)
        self._stack.callback(self.end, daemon)
        self.until(daemon.answers, "the daemon answers")
        if up:
            for gateway in self._gateways:
                self.until(lambda gateway=gateway: gateway.up, f"{gateway.name} is up")  # type: ignore[misc]
        return daemon

    def end(self, daemon: Running | None = None) -> None:
        """SIGTERM, and wait for it."""
        running = self.daemon if daemon is None else daemon
        if running.process.returncode is None:
            running.end()

    def run(self, *arguments: str, expect: int = 0) -> str:
        """A command of `ib-supervisor` that talks to the daemon; returns what it said, on both its outputs."""
        done = self._command([*arguments, "--url", self.daemon.url], {})
        assert done.returncode == expect, done.stdout + done.stderr
        return (done.stdout + done.stderr).decode()

    def listed(self, form: str) -> str:
        """What `ib-supervisor schedule` says of the daemon's config, by this scene's clock."""
        done = self._command(["schedule", "--config", str(self.daemon.file), form], self.clock.environment)
        assert done.returncode == 0, done.stderr
        return done.stdout.decode()

    def _command(self, arguments: list[str], more: dict[str, str]) -> "subprocess.CompletedProcess[bytes]":
        command = subprocess.Popen(
            [sys.executable, "-m", "supervisor", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "NO_COLOR": "1", **more},
        )
        said, complained = command.communicate(timeout=60)
        swept(command.pid)
        return subprocess.CompletedProcess(arguments, command.returncode, said, complained)

    def go_before(self, opens: datetime) -> None:
        """Set the clock to a moment before a window opens."""
        self.clock.set(opens - BEFORE)

    def wait_for(self, instant: datetime) -> None:
        """Wait until the clock shows this instant."""
        wait_until(lambda: self.clock.now() >= instant, 60, every=EVERY)

    def until(self, predicate: Callable[[], object], what: str, timeout: float = 40.0) -> None:
        """Wait; if it was in vain, show the end of the daemon's log."""
        try:
            wait_until(predicate, timeout, every=EVERY, what=f"{what} ({self.clock.now():%a %H:%M:%S}Z)")
        except AssertionError as error:
            raise AssertionError("\n".join([str(error), *self.daemon.log[-40:]])) from None


Scene = Callable[[Story], None]


class Scenes:
    """The scenes of one run of the tests, each under way or over."""

    def __init__(self, futures: dict[Scene, Future[None]]) -> None:
        self._futures = futures

    def wait(self, play: Scene) -> None:
        """Wait for the end of one; raises what it raised."""
        self._futures[play].result()


def scene(play: Scene) -> Callable[[Scenes], None]:
    """Makes a test of a scene."""

    def test(played: Scenes) -> None:
        played.wait(play)

    functools.update_wrapper(test, play, assigned=("__module__", "__name__", "__qualname__", "__doc__"))
    del test.__wrapped__  # type: ignore[attr-defined]  # or pytest would look for a fixture named as the scene's stage
    test.scene = play  # type: ignore[attr-defined]
    return needs_faketime(test)


def perform(play: Scene, folder: Path) -> None:
    """Play one scene, and clear the stage."""
    with ExitStack() as stack:
        play(Story(folder, stack))
