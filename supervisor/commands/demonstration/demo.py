"""`ib-supervisor demo`: the daemon on a simulated gateway that plays a week of trouble."""

import os
import sys
import textwrap
import threading
import time as time_module
from datetime import UTC, datetime, time, timedelta
from typing import Annotated, TextIO

import typer

from supervisor.commands.demonstration.story import (
    BEGINNING,
    GRACE,
    LEAD,
    NEW_YORK,
    RESTART_TIME,
    Controller,
    Row,
    Story,
    Stuck,
)
from supervisor.commands.shared.printer import say
from supervisor.commands.shared.table import Laid, folded, lay_out
from supervisor.commands.shared.table import Row as Line
from supervisor.commands.shared.terminal import show, width
from supervisor.config.settings import Config, Http, Log, LogLevel
from supervisor.config.values.readers import Endpoint
from supervisor.core.calendar.windows import daily_restart
from supervisor.core.explain.messages import telling
from supervisor.core.explain.report import Level, Report
from supervisor.core.model.actions import Announce
from supervisor.core.model.behind.controller import Ibc2
from supervisor.core.model.policy import AccountMode, Policy, Timing
from supervisor.daemon.process import Process, StartError
from supervisor.runtime.clocks import Clock
from supervisor.simulator import Scenario, SimulatedGateway

NAME = "demo"
PORT = 14000
WIDTH = 110
MERGE = 1.0
"""Seconds after which an outage is over for good: short, so that its end is told before the story ends."""
STABLE = 5.0
"""Seconds after which a session counts as healthy: as short as the scenes are."""
_QUIET_KINDS = frozenset({"farm", "notice", "outage_closed"})


def demo(
    once: Annotated[bool, typer.Option("--once", help="Exit after the closing table.")] = False,
) -> None:
    """Watch the daemon get through a week of trouble on a simulated gateway, in under three minutes.

    It plays once. On a terminal it then serves until Ctrl-C. Else, or with --once, it exits: 0 if all faults were found
    and healed, 1 if not.
    """
    clock = Clock()
    clock.offset = BEGINNING.astimezone(UTC) - datetime.now(UTC)
    scenario = Scenario(accounts=("DU1234567",), timezone=str(NEW_YORK))
    with Controller() as controller, SimulatedGateway(scenario, wall=lambda: clock.now().wall.timestamp()) as gateway:
        raise typer.Exit(_Demo(gateway, controller, clock, ends(once, sys.stdout)).play())


def ends(once: bool, out: TextIO) -> bool:
    """Whether it ends after its table: if that was asked for, or if nobody watches who could press Ctrl-C."""
    return once or not out.isatty()


class _Demo:
    """The daemon on the main thread, the story on another."""

    def __init__(self, gateway: SimulatedGateway, controller: Controller, clock: Clock, once: bool) -> None:
        self._controller = controller
        self._clock = clock
        self._once = once
        self._gateway = gateway
        self._failed = False
        self._messages = 0
        self._process: Process | None = None

    def play(self) -> int:
        """Play the story and return the exit status."""
        for port in (PORT, 0):
            try:
                self._process = Process(
                    self._config(port), os.environ, sys.stderr, clock=self._clock, say=self._told, heard=self._messaged
                )
                break
            except StartError as error:
                if port == 0:
                    say(error, err=True)
                    return 1
        threading.Thread(target=self._tell_story, name="story", daemon=True).start()
        if self._process is not None:
            self._process.run()
        return int(self._failed)

    def _config(self, port: int) -> Config:
        hour, minute = map(int, RESTART_TIME.split(":"))
        restart = daily_restart(
            time(hour, minute), str(NEW_YORK), lead=timedelta(seconds=LEAD), grace=timedelta(seconds=GRACE)
        )
        policy = Policy(
            name=NAME,
            host="127.0.0.1",
            port=self._gateway.port,
            client_id=911,
            account_mode=AccountMode.PAPER,
            timezone=str(NEW_YORK),
            windows=(restart,),
            controller=Ibc2(str(self._controller.events)),
            timing=Timing(outage_merge=MERGE, stable_after=STABLE),
        )
        return Config((policy,), http=Http(Endpoint("127.0.0.1", port)), log=Log(level=LogLevel.ERROR))

    def _tell_story(self) -> None:
        process = self._process
        if process is None:
            return
        self._say(f"metrics, API and status page: {process.url}")
        while not process.daemon.loop.snapshots():
            time_module.sleep(0.01)
        story = Story(
            self._gateway, self._controller, self._clock, lambda: process.daemon.loop.snapshots()[0], self._say
        )
        try:
            story.play()
        except Stuck as error:
            self._failed = True
            self._say(f"the story is stuck: {error}")
        say()
        columns = width()
        summary = "the story did not end" if self._failed else f"{len(story.rows)} outages: each was found and healed"
        show(folded(summary, columns), closing(story.rows, columns))
        say(
            f"\n{self._messages} messages would have been sent to a phone: nobody is told of what is planned, or of "
            "what is over within a minute (docs/notify.md)"
        )
        if self._once or self._failed:
            process.daemon.stop()
        else:
            self._say(f"the story is over; still serving at {process.url} until Ctrl-C")

    def _told(self, gateway: str, at: datetime, report: Report) -> None:
        if report.level >= Level.INFO and report.kind not in _QUIET_KINDS:
            self._line(at, f"  {textwrap.shorten(report.text, WIDTH, placeholder=' ...')}")

    def _messaged(self, gateway: str, said: Announce) -> None:
        message = telling(gateway, said, str(NEW_YORK))
        self._messages += 1
        text = textwrap.shorten(f"{message.title}. {message.text}", WIDTH, placeholder=" ...")
        self._line(said.at, f"  would be sent: {text}")

    def _say(self, text: str) -> None:
        self._line(self._clock.now().wall, text)

    def _line(self, at: datetime, text: str) -> None:
        try:
            say(f"{at.astimezone(NEW_YORK):%a %H:%M:%S}  {text}", flush=True)
        except BrokenPipeError:  # nobody reads the story now, as after `| head`
            with open(os.devnull, "wb") as nowhere:
                os.dup2(nowhere.fileno(), sys.stdout.fileno())
            self._failed = True
            if self._process is not None:
                self._process.daemon.stop()


def closing(rows: list[Row], width: int | None) -> Laid:
    """The table at the end of the story."""
    headings = ("WHAT WENT WRONG", "FIRST BROKEN", "FOUND AFTER", "BACK AFTER ITS END", "PLANNED")
    lines = [
        Line(
            [
                row.scene,
                row.cause,
                f"{row.found_after:.2f} s",
                f"{row.back_after:.2f} s",
                "yes" if row.planned else "no",
            ]
        )
        for row in rows
    ]
    return lay_out(headings, lines, width, right=headings[2:4], optional=("BACK AFTER ITS END", "PLANNED"))
