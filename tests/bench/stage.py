"""The stage of the bench: pairs of simulated gateways, one of a pair for this daemon, one for ib_async's Watchdog.

Both of a pair meet the same fault at the same time. Each pair meets it at a moment of its own, drawn from a heartbeat's
period, so that no two are in the same phase of anybody's timers.
"""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from supervisor.simulator import Fleet, SimulatedGateway
from tests.race.ours import Daemon
from tests.race.peer import Peer
from tests.race.timeline import Timeline

PHASES = 2.5
"""Seconds over which the beginnings of one fault are spread."""


@dataclass
class Pair:
    """Two gateways of one name."""

    name: str
    ours: SimulatedGateway
    theirs: SimulatedGateway

    def do(self, word: str, **arguments: object) -> float:
        """Let the same happen to both; returns the moment just before."""
        at = time.monotonic()
        for gateway in (self.ours, self.theirs):
            gateway.do(word, **arguments)
        return at


@dataclass
class Comparison:
    """All that runs."""

    pairs: Sequence[Pair]
    daemon: Daemon
    watchdog: Peer
    marks: dict[str, dict[str, float]] = field(default_factory=dict)
    """When each part of the fault happened, by pair."""
    chance: random.Random = field(default_factory=lambda: random.Random(7))

    def ours(self, pair: Pair) -> Timeline:
        """The claims of this daemon."""
        return self.daemon.timelines[pair.name]

    def theirs(self, pair: Pair) -> Timeline:
        """The claims of Watchdog."""
        return self.watchdog.timelines[pair.name]

    def play(self, *parts: tuple[str, float, Callable[[Pair], float]]) -> None:
        """Each part (its name, seconds from the start of the fault, what to do) for each pair, at its time."""
        self.marks = {pair.name: {} for pair in self.pairs}
        now = time.monotonic()
        began = {pair.name: now + self.chance.uniform(0.0, PHASES) for pair in self.pairs}
        due = sorted(
            ((began[pair.name] + after, what, act, pair) for pair in self.pairs for what, after, act in parts),
            key=lambda entry: entry[0],
        )
        for at, what, act, pair in due:
            time.sleep(max(0.0, at - time.monotonic()))
            self.marks[pair.name][what] = act(pair)

    def settle(self, timeout: float, quiet: float = 0.0) -> None:
        """Wait until everybody claims to be up, at most `timeout` seconds, and `quiet` more."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if all(self.ours(pair).up and self.theirs(pair).up for pair in self.pairs):
                break
            time.sleep(0.05)
        time.sleep(quiet)

    def mark(self, pair: Pair, what: str) -> float:
        """When that part happened to the pair."""
        return self.marks[pair.name][what]


def pairs_on(fleet: Fleet, count: int) -> list[Pair]:
    """Fresh pairs."""
    return [Pair(f"g{turn}", SimulatedGateway(fleet=fleet), SimulatedGateway(fleet=fleet)) for turn in range(count)]


def config_of(pairs: Sequence[Pair]) -> str:
    """The gateways of the daemon's config: default timing."""
    return "\n".join(f"  - {{name: {pair.name}, port: {pair.ours.port}, client_id: 911}}" for pair in pairs)
