"""Who races: this daemon and every peer that can be run, each with a simulated gateway of its own."""

import shutil
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from supervisor.simulator import Fleet, SimulatedGateway
from tests.judges.environments import node_modules_of, npm_is_here, python_of
from tests.race.faults import CLIENT_ID, Fault
from tests.race.ours import Daemon
from tests.race.peer import DRIVERS, Peer
from tests.race.timeline import Timeline

OURS = "ib-supervisor"
GATEWAY = "raced"


class Racer:
    """A client and its gateway."""

    def __init__(self, name: str, fleet: Fleet, start: Callable[[int], Daemon | Peer]) -> None:
        self.name = name
        self.gateway = SimulatedGateway(fleet=fleet)
        self._start = start
        self._client = start(self.gateway.port)

    @property
    def claims(self) -> Timeline:
        """What it claims."""
        return self._client.timelines[GATEWAY]

    def prepare(self, fault: Fault) -> None:
        """Before a scheduled restart this daemon is told its minute, as an operator would tell it."""
        if fault.restart and isinstance(self._client, Daemon):
            minute = f"{datetime.now(UTC):%H:%M}"
            self._client.write(_config(self.gateway.port, f', daily_restart: {{time: "{minute}", timezone: UTC}}'))
            self._client.reload()

    def heard(self, begin: float, end: float) -> int | None:
        """How many notices the program heard; None where it is not told each (our daemon: see `messages`)."""
        return len(self.claims.codes(begin, end)) if isinstance(self._client, Peer) else None

    def messages(self) -> float:
        """All messages that this daemon has counted so far."""
        return self._client.total("ib_messages_total") if isinstance(self._client, Daemon) else 0.0

    def again(self) -> None:
        """Start the client anew: it was not back."""
        self._client.close()
        self._client = self._start(self.gateway.port)

    def close(self) -> None:
        """End both."""
        self._client.close()
        self.gateway.close()


def _config(port: int, more: str = "") -> str:
    return f"  - {{name: {GATEWAY}, port: {port}, client_id: {CLIENT_ID}{more}}}"


def racers(fleet: Fleet, folder: Path, left_out: Callable[[str], object]) -> Sequence[Racer]:
    """Everybody who can race here; `left_out` is told who cannot, and why."""

    def ours(port: int) -> Daemon:
        home = folder / f"ours-{time.monotonic():.3f}"
        home.mkdir()
        return Daemon(home, _config(port))

    def peer(name: str, command: Callable[[], Sequence[str]]) -> Racer | None:
        try:
            words = command()
        except (RuntimeError, OSError) as error:
            left_out(f"{name}: {str(error).strip().splitlines()[-1]}")
            return None
        log = folder / f"{name.replace(' ', '-').replace('/', '-')}.log"
        return Racer(name, fleet, lambda port: Peer([*words, f"{GATEWAY}={port}"], log))

    def driven(environment: str, driver: str, *arguments: str) -> Callable[[], Sequence[str]]:
        return lambda: [str(python_of(environment)), str(DRIVERS / driver), *arguments]

    def stoqey() -> Sequence[str]:
        if not npm_is_here():
            raise RuntimeError("npm is not installed")
        return [shutil.which("node") or "node", str(DRIVERS / "stoqey.js"), str(node_modules_of("stoqey-1.6.10"))]

    found = [
        Racer(OURS, fleet, ours),
        peer("ib_async Watchdog", driven("ib_async-2.1.0", "watchdog.py", "default")),
        peer("Watchdog, start-up wait 0", driven("ib_async-2.1.0", "watchdog.py", "0")),
        peer("ibapi 9.81.1, loop", driven("ibapi-9.81.1", "naive.py")),
        peer("ibapi 10.46.1, loop", driven("ibapi-10.46.1", "naive.py")),
        peer("nautilus_trader", driven("nautilus-1.221.0", "nautilus.py")),
        peer("@stoqey/ib", stoqey),
    ]
    return [racer for racer in found if racer is not None]
