"""A supervisor on the real core, in virtual time, as Prometheus would scrape it every 15 seconds.

The gateways are `tests.core.driver.World`; what a scrape would find is their real page of metrics. What the core does
not know of (that a scrape succeeds, the process, its loop) is written by hand.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from prometheus_client.parser import text_string_to_metric_families

from supervisor.core.model.events import PauseAsked
from supervisor.core.model.policy import Policy
from supervisor.observe.metrics.exposition import Exposition
from tests.core.driver import World, instant, policy
from tests.deploy.tools import ALERTS
from tests.observe.stage import INTERNALS

SCRAPE = 15
WARM = 300
"""Seconds of quiet before a story."""
BEFORE = 600
"""Seconds from promtool's beginning to the first scrape: Prometheus was there before."""
RULES = ALERTS.read_text(encoding="utf-8")
Labels = tuple[tuple[str, str], ...]


@dataclass
class Series:
    """What the scrapes found of one series: by their numbers."""

    values: dict[int, float] = field(default_factory=dict)

    def text(self, before: int, scrapes: int, always: float | None = None) -> str:
        """In promtool's notation, after so many scrapes of nothing, or of what was `always` found."""
        parts = [f"{'_' if always is None else always}x{before - 1}"] if before > 0 else []
        number = 0
        while number < scrapes:
            value, first = self.values.get(number), number
            while number < scrapes and self.values.get(number) == value:
                number += 1
            times = number - first - 1
            if value is not None:
                parts.append(f"{value!r}x{times}" if times else f"{value!r}")
            elif first in range(1, scrapes) and first - 1 in self.values:
                parts.append(f"stale _x{times - 1}" if times else "stale")
            else:
                parts.append(f"_x{times}")
        return " ".join(parts)


class Stage:
    """One supervisor with its gateways, and Prometheus. `everything`: keep what no rule asks for, too."""

    def __init__(
        self,
        *gateways: Policy,
        at: str,
        accounts: tuple[str, ...],
        labels: Mapping[str, str],
        everything: bool = False,
        instance: str = "a",
        world: type[World] = World,
    ) -> None:
        self._everything = everything
        self.worlds = {each.name: world(each, at) for each in gateways or (policy(),)}
        self.began = instant(at)
        self.base = self.began - timedelta(seconds=BEFORE)
        self.series: dict[tuple[str, Labels], Series] = {}
        self.scrapes = 0
        self.marked = 0
        self._labels = labels
        self.own = INTERNALS
        self._known: dict[str, tuple[str, Mapping[str, str]] | None] = {}
        self._instance = instance
        self._target: str | None = instance
        self._standby: Stage | None = None
        self._neighbour = False
        self._alive = True
        self._turns = 0.0
        self._hung = False
        self._born = -1000.0
        for each in self.worlds.values():
            each.peer.accounts = accounts
            each.peer.probes = True  # as a gateway does; a session that begins in a server reset waits for the answer
            each.start()
        self.run(WARM)

    @property
    def live(self) -> World:
        """The only gateway, or the first."""
        return next(iter(self.worlds.values()))

    @property
    def now(self) -> datetime:
        return self.began + timedelta(seconds=SCRAPE * self.scrapes)

    # -- what happens -------------------------------------------------------------------------------------------------

    def mark(self) -> None:
        """The trouble begins: times are counted from here."""
        self.marked = self.scrapes - 1

    def stand_by(self) -> "Stage":
        """Another supervisor, `b`, with the same gateways as a standby that rests. To be asked for at the beginning."""
        other = Stage(
            *(replace(world.policy, client_id=921) for world in self.worlds.values()),
            at=self.began.isoformat(),
            accounts=self.live.peer.accounts,
            labels={"label_role": "standby"},
            instance="b",
        )
        assert other.scrapes == self.scrapes
        self.series |= other.series
        other.series = self.series
        self._standby = other
        other.live.step(PauseAsked(None))
        return other

    def run(self, seconds: float) -> None:
        """Time passes; Prometheus scrapes."""
        for _ in range(round(seconds / SCRAPE)):
            if self._standby is not None:
                self._standby.run(SCRAPE)
            for world in self.worlds.values():
                if self._alive and not self._hung:
                    world.run(SCRAPE)
            self.scrape()

    def until(self, at: str) -> None:
        """Time passes up to this instant."""
        self.run((instant(at) - self.now).total_seconds())

    def kill(self) -> None:
        """The supervisor is gone, its target stays."""
        self._alive = False

    def born(self, *, pause: float = 0.0) -> None:
        """A new process, with the facts of the one before."""
        seconds = 0.0 if self._alive else (self.now - self.live.now.wall).total_seconds()
        self.worlds = {name: world.heir(after=seconds + pause) for name, world in self.worlds.items()}
        for world in self.worlds.values():
            world.start()
        self._alive, self._hung = True, False
        self._turns = 0.0
        self._born = float(self.scrapes * SCRAPE)

    def hang(self) -> None:
        """The loop does not turn any more; the web server answers."""
        self._hung = True

    def neighbour(self) -> None:
        """Another supervisor is scraped as well, and is well."""
        self._neighbour = True

    def forget_target(self) -> None:
        """Service discovery no longer has it."""
        self._target = None

    def find_target(self) -> None:
        """Service discovery has it again."""
        self._target = self._instance

    # -- what Prometheus finds ----------------------------------------------------------------------------------------

    def scrape(self) -> None:
        """One scrape of all that the rules ask for."""
        number, self.scrapes = self.scrapes, self.scrapes + 1
        if self._neighbour:
            self._found(number, "up", {"instance": "b"}, 1.0)
        if self._target is None:
            return
        self._found(number, "up", {}, float(self._alive))
        if not self._alive:
            return
        self._turns += 0 if self._hung else SCRAPE
        self._found(number, "ib_supervisor_loop_seconds_count", {}, self._turns)
        self._found(number, "process_start_time_seconds", {}, self._born)
        snapshots = [world.snapshot for world in self.worlds.values()]
        page, _ = Exposition(lambda: snapshots, lambda: self.own).page(None)
        for line in page.decode().splitlines():
            what, _, said = line.rpartition(" ")
            if what not in self._known:
                self._known[what] = None if line.startswith("#") else self._read(line)
            known = self._known[what]
            if known is not None:
                name, labels = known
                value = float(said) - (self.base.timestamp() if name.endswith("_timestamp_seconds") else 0.0)
                self._found(number, name, labels, value)

    def _read(self, line: str) -> tuple[str, Mapping[str, str]] | None:
        """The series of a line, if it is wanted. The loop of a stage has no clock, so what it says of itself is not."""
        (family,) = text_string_to_metric_families(line)
        (sample,) = family.samples
        if sample.name.startswith("ib_supervisor_loop_") or not (sample.name in RULES or self._everything):
            return None
        more = self._labels if sample.name == "ib_gateway_info" else {}
        return sample.name, {**sample.labels, **more}

    def _found(self, number: int, name: str, labels: Mapping[str, str], value: float) -> None:
        every = {"job": "ib-supervisor", "instance": self._target or "", **labels}
        key = (name, tuple(sorted(every.items())))
        self.series.setdefault(key, Series()).values[number] = value
