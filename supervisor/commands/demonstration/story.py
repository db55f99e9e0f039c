"""A week of trouble in two minutes: the scenes that the demonstration plays on its simulated gateway.

- All faults happen to a real TCP server. The daemon finds them out by itself.
- Between scenes the wall clocks of the daemon and the gateway jump forward together. Within a scene time is real.
- A scene measures how long after its begin a fault was found, and how long after its end the gateway was up again.
"""

import json
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from supervisor.core.explain.causes import explain
from supervisor.core.model.behind.sight import LoginState
from supervisor.core.model.snapshot import Snapshot
from supervisor.core.model.status import Status
from supervisor.frozen import dataclass
from supervisor.runtime.clocks import Clock
from supervisor.simulator import SimulatedGateway

NEW_YORK = ZoneInfo("America/New_York")
BEGINNING = datetime(2026, 11, 19, 15, 0, tzinfo=NEW_YORK)
"""The played time at the start: a Thursday afternoon."""
RESTART_TIME = "23:45"
LEAD, GRACE = 8.0, 12.0
"""Seconds of the restart's lead and grace in the demonstration: long enough to see, short enough to wait for."""
PATIENCE = 30.0
"""Seconds to wait for each event of the story."""
BETWEEN = 1.5
"""Seconds between scenes, for the reader."""

LOST = "Connectivity between IBKR and Trader Workstation has been lost."
RESTORED = (
    "Connectivity between IBKR and Trader Workstation has been restored - data maintained. "
    "All data farms are connected: usfarm; ushmds; secdefnj."
)
BROKEN = "Market data farm connection is broken:usfarm"
FARM_OK = "Market data farm connection is OK:usfarm"


class Stuck(Exception):
    """The story waited for something that did not come."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the closing table. Times are seconds."""

    scene: str
    cause: str
    found_after: float
    back_after: float
    planned: bool


class Controller:
    """A simulated controller of the gateway: it writes the events that ibc2 writes. A context manager."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="ib-supervisor-demo-")
        self.events = Path(self._folder.name, "events.jsonl")
        self.events.touch()

    def __enter__(self) -> "Controller":
        return self

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()

    def says(self, kind: str, at: datetime) -> None:
        """Write one event."""
        with self.events.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"time": at.isoformat(), "type": kind, "detail": ""}) + "\n")


class Story:
    """Plays the scenes. `say` prints one line at the played time. `look` gives the gateway's newest snapshot."""

    def __init__(
        self,
        gateway: SimulatedGateway,
        controller: "Controller",
        clock: Clock,
        look: Callable[[], Snapshot],
        say: Callable[[str], None],
    ) -> None:
        self._gateway = gateway
        self._controller = controller
        self._clock = clock
        self._look = look
        self._say = say
        self.rows: list[Row] = []
        self._begun = False

    def play(self) -> None:
        """All scenes. Raises Stuck."""
        self._scene("Thursday afternoon: the daemon connects; the gateway reports its farms (2104, 2106, 2158)")
        self._await("every layer is up", lambda now: now.up)
        self._farm_blip()
        self._upstream_lost()
        self._socket_lost()
        self._hang()
        self._daily_restart()
        self._weekly_login()

    # -- scenes -------------------------------------------------------------------------------------------------------

    def _farm_blip(self) -> None:
        self._scene("a data farm breaks and heals (2103, 2104): no reason to touch the session")
        epoch = self._look().epoch
        self._fault(
            "farm blip",
            lambda: self._notice(2103, BROKEN),
            lambda: self._notice(2104, FARM_OK),
            lasts=4.0,
        )
        if self._look().epoch != epoch:
            raise Stuck("the session was rebuilt for a farm")

    def _upstream_lost(self) -> None:
        self._scene("the gateway loses IBKR (1100) and finds it again (1102); the socket stays open all the time")
        self._fault("1100 / 1102", lambda: self._notice(1100, LOST), lambda: self._notice(1102, RESTORED), lasts=6.0)

    def _socket_lost(self) -> None:
        self._scene("the gateway's process dies without a notice: the socket is reset, the port refuses for 5 s")
        self._fault("lost socket", lambda: self._do("refuse"), lambda: self._do("heal"), lasts=5.0)

    def _hang(self) -> None:
        self._scene("the gateway hangs with its port open: only an unanswered heartbeat shows it")
        self._fault("hang", lambda: self._do("freeze"), lambda: self._do("heal"), lasts=12.0)

    def _daily_restart(self) -> None:
        self._scene(f"the same night: the gateway's daily restart at {RESTART_TIME} New York")
        self._jump_to(BEGINNING.replace(hour=23, minute=44, second=51))
        self._wait_for_minute()
        self._fault("daily restart", lambda: self._do("refuse"), lambda: self._do("heal"), lasts=6.0)

    def _weekly_login(self) -> None:
        self._scene(
            "Sunday night: the token expired at 01:00, so the restart ends at a login that waits for the second factor"
        )
        self._jump_to((BEGINNING + timedelta(days=3)).replace(hour=23, minute=44, second=51))
        self._wait_for_minute()
        began = time.monotonic()
        self._do("refuse")
        self._controller.says("TWO_FA_REQUIRED", self._clock.now().wall)
        found = self._await_broken(began)
        cause = self._cause()
        self._await("the login is asked for", lambda now: now.status is Status.REAUTH_REQUIRED)
        self._await(
            "its controller says what it waits for",
            lambda now: now.seen is not None and now.seen.login_state is LoginState.SECOND_FACTOR,
        )
        cause_now = self._look().cause
        if cause_now is not None:
            self._say(explain(cause_now).words)
        self._say("someone approves the login on the phone")
        self._controller.says("LOGGED_IN", self._clock.now().wall)
        self._do("heal")
        healed = time.monotonic()
        self._await("every layer is up", lambda now: now.up)
        self._rows_add("weekly login", cause, found - began, time.monotonic() - healed, False)
        self._await("the outage is over for good", lambda now: now.outage is None)
        due = self._look().login.due
        if due is not None:
            self._say(f"the next login is due on {due.astimezone(NEW_YORK):%A %Y-%m-%d %H:%M %Z}")

    # -- how --------------------------------------------------------------------------------------------------------

    def _scene(self, title: str) -> None:
        if self._begun:
            time.sleep(BETWEEN)
        self._begun = True
        self._say(f"--- {title}")

    def _fault(self, scene: str, begin: Callable[[], None], end: Callable[[], None], *, lasts: float) -> None:
        began = time.monotonic()
        begin()
        found = self._await_broken(began)
        cause = self._cause()
        left = began + lasts - time.monotonic()
        if left > 0:
            time.sleep(left)
        planned = self._look().status is Status.MAINTENANCE
        end()
        healed = time.monotonic()
        self._await("every layer is up again", lambda now: now.up)
        self._rows_add(scene, cause, found - began, time.monotonic() - healed, planned)

    def _cause(self) -> str:
        outage = self._look().outage
        return outage.layer.value if outage is not None else "-"

    def _rows_add(self, scene: str, cause: str, found: float, back: float, planned: bool) -> None:
        self.rows.append(Row(scene, cause, found, back, planned))

    def _await_broken(self, began: float) -> float:
        self._await("the fault is found", lambda now: not now.up)
        return max(began, time.monotonic())

    def _await(self, what: str, holds: Callable[[Snapshot], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not holds(self._look()):
            if time.monotonic() > deadline:
                raise Stuck(f"waited {PATIENCE:g} s in vain until {what}")
            time.sleep(0.005)

    def _notice(self, code: int, text: str) -> None:
        self._say(f"the gateway says {code}: {text}")
        self._do("notice", code=code, text=text)

    def _do(self, word: str, **details: object) -> None:
        self._gateway.do(word, **details)

    def _jump_to(self, local: datetime) -> None:
        self._clock.offset += local.astimezone(UTC) - self._clock.now().wall

    def _wait_for_minute(self) -> None:
        """Wait for the next full minute. A restart comes just after it (docs/facts/ib.md#the-daily-restart)."""
        wall = self._clock.now().wall
        time.sleep(60 - wall.second - wall.microsecond / 1e6 + 0.167)
