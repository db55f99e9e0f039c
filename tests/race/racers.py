"""Who races: this daemon, programs hosted by us, and every peer that can be run, each with a simulated gateway."""

import shutil
import sys
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from supervisor.simulator import Fleet, SimulatedGateway
from tests.judges.environments import node_modules_of, npm_is_here, python_of
from tests.race.doors import BY_FILE, BY_HTTP, Doors
from tests.race.faults import CLIENT_ID, Fault
from tests.race.orders import place
from tests.race.ours import Daemon
from tests.race.peer import DRIVERS, Peer
from tests.race.standin import StandIn
from tests.race.timeline import Timeline
from tests.waiting import wait_until

OURS, RECOVERY = "ib-supervisor", "ib-supervisor, recovery on"
HOSTED, KEPT = "own program, Host", "own program, Keeper"
WATCHDOG, QUICK_WATCHDOG = "ib_async Watchdog", "Watchdog, start-up wait 0"
OLD_IBAPI, NEW_IBAPI = "ibapi 9.81.1, loop", "ibapi 10.46.1, loop"
NAUTILUS, STOQEY = "nautilus_trader", "@stoqey/ib"
DOOR = "its own word"
"""What the door of a client is called that asks nobody else."""
GATEWAY = "raced"

Start = Callable[[int, str], Daemon | Peer]
"""Starts a client by the port of its gateway and the minute of its daily restart (HH:MM in UTC, or nothing)."""


class Racer:
    """A client and its gateway."""

    def __init__(self, name: str, gateway: SimulatedGateway, start: Start, standin: StandIn | None = None) -> None:
        self.name = name
        self.gateway = gateway
        self.numbers: list[int] = []
        """The executions that happened at its gateway during the fault of now."""
        self._standin = standin
        self._start = start
        place(gateway)
        self._client = start(gateway.port, "")
        self._doors = self._asked()

    @property
    def claims(self) -> Timeline:
        """What it claims."""
        return self._client.timelines[GATEWAY]

    @property
    def doors(self) -> Mapping[str, Timeline]:
        """What a program asks before it sends an order."""
        if self._doors is not None:
            return {door: self._doors.timelines[door] for door in (BY_FILE, BY_HTTP)}
        return {DOOR: self._client.timelines[f"{GATEWAY}/door"]}

    @property
    def well(self) -> bool:
        """Whether it claims to be up, and lets orders through."""
        return self.claims.up and all(door.up for door in self.doors.values())

    def prepare(self, fault: Fault) -> None:
        """Before a scheduled restart everybody of ours is told its minute, as an operator would tell it."""
        self.numbers = []
        if not fault.restart:
            return
        minute = f"{datetime.now(UTC):%H:%M}"
        if isinstance(self._client, Daemon):
            self._client.write(_config(self.gateway.port, minute, self._standin))
            self._client.reload()
        elif self.name in (HOSTED, KEPT):
            self._client.close()
            self._client = self._start(self.gateway.port, minute)
            wait_until(lambda: self.claims.up, 20)

    def cause_ended(self, begun: float, ended: float) -> float:
        """When the fault of its own gateway was over: a restart that it asked for may have cured it."""
        cures = [] if self._standin is None else self._standin.done
        return next((at for at in list(cures) if begun <= at < ended), ended)

    def restarts(self, begin: float, end: float) -> int:
        """Gateway restarts that it asked for."""
        asked = [] if self._standin is None else self._standin.asked
        return self.claims.count("restart", begin, end) + sum(begin <= at <= end for at in list(asked))

    def heard(self, begin: float, end: float) -> int | None:
        """How many notices the program heard; None where it is not told each (our daemon: see `messages`)."""
        return len(self.claims.codes(begin, end)) if isinstance(self._client, Peer) else None

    @property
    def ours(self) -> bool:
        """Whether it connects by our rules."""
        return self.name in (OURS, RECOVERY, HOSTED, KEPT)

    @property
    def trades(self) -> bool:
        """Whether it is a program that is to hear of its executions."""
        return isinstance(self._client, Peer)

    def messages(self) -> float:
        """All messages that this daemon has counted so far."""
        return self._client.total("ib_messages_total") if isinstance(self._client, Daemon) else 0.0

    def kill(self) -> None:
        """The daemon dies at once; other connectors are part of the program, and live."""
        if isinstance(self._client, Daemon):
            self._client.kill()

    def revive(self) -> None:
        """Start the daemon that was killed."""
        if isinstance(self._client, Daemon):
            self._client.start()

    def again(self) -> None:
        """Start the client anew: it was not back."""
        self._end_client()
        self._client = self._start(self.gateway.port, "")
        self._doors = self._asked()

    def close(self) -> None:
        """End everything of it."""
        self._end_client()
        if self._standin is not None:
            self._standin.close()
        self.gateway.close()

    def _asked(self) -> Doors | None:
        if not isinstance(self._client, Daemon):
            return None
        return Doors(self._client.gates / f"{GATEWAY}.json", self._client.port, GATEWAY)

    def _end_client(self) -> None:
        if self._doors is not None:
            self._doors.close()
        self._client.close()


def _config(port: int, minute: str, standin: StandIn | None) -> str:
    more = f', daily_restart: {{time: "{minute}", timezone: UTC}}' if minute else ""
    if standin is not None:
        more = standin.config(minute)
    return f"  - {{name: {GATEWAY}, port: {port}, client_id: {CLIENT_ID}{more}}}"


def racers(
    fleet: Fleet, folder: Path, left_out: Callable[[str], object], only: Collection[str] = ()
) -> Sequence[Racer]:
    """Everybody who can race here; `left_out` is told who cannot, and why. `only`: parts of names, if not all race."""

    def daemon(standin: StandIn | None) -> Start:
        def start(port: int, minute: str) -> Daemon:
            home = folder / f"ours-{time.monotonic():.6f}"
            home.mkdir()
            return Daemon(home, _config(port, minute, standin), gated=True)

        return start

    def ours(name: str) -> Racer:
        gateway = SimulatedGateway(fleet=fleet)
        standin = StandIn(gateway) if name == RECOVERY else None
        return Racer(name, gateway, daemon(standin), standin)

    def peer(name: str, command: Callable[[], Sequence[str]]) -> Racer | None:
        try:
            words = command()
        except (RuntimeError, OSError) as error:
            left_out(f"{name}: {str(error).strip().splitlines()[-1]}")
            return None
        log = folder / f"{name.replace(' ', '-').replace('/', '-')}.log"

        def start(port: int, minute: str) -> Peer:
            return Peer([*words, f"{GATEWAY}={port}", *([minute] if minute else [])], log)

        return Racer(name, SimulatedGateway(fleet=fleet), start)

    def driven(environment: str, driver: str, *arguments: str) -> Callable[[], Sequence[str]]:
        return lambda: [str(python_of(environment)), str(DRIVERS / driver), *arguments]

    def stoqey() -> Sequence[str]:
        if not npm_is_here():
            raise RuntimeError("npm is not installed")
        return [shutil.which("node") or "node", str(DRIVERS / "stoqey.js"), str(node_modules_of("stoqey-1.6.10"))]

    commands: Mapping[str, Callable[[], Sequence[str]]] = {
        HOSTED: lambda: [sys.executable, str(DRIVERS / "hosted.py")],
        KEPT: lambda: [sys.executable, str(DRIVERS / "kept.py")],
        WATCHDOG: driven("ib_async-2.1.0", "watchdog.py", "default"),
        QUICK_WATCHDOG: driven("ib_async-2.1.0", "watchdog.py", "0"),
        OLD_IBAPI: driven("ibapi-9.81.1", "naive.py"),
        NEW_IBAPI: driven("ibapi-10.46.1", "naive.py"),
        NAUTILUS: driven("nautilus-1.221.0", "nautilus.py"),
        STOQEY: stoqey,
    }

    def asked(name: str) -> bool:
        return not only or any(part in name for part in only)

    found = [ours(name) for name in (OURS, RECOVERY) if asked(name)]
    found += [racer for name, command in commands.items() if asked(name) if (racer := peer(name, command)) is not None]
    return found
