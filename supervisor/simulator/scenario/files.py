"""Scenario files: what the gateway is like and what happens to it, in order.

```yaml
version: 1
server_version: 176
accounts: [DU1234567]
greeting: [[2104, "Market data farm connection is OK:usfarm"]]
timezone: America/New_York
clock_offset: 0s
next_valid_id: 1
seed: 1                         # which story the prices tell
cash: 1000000                   # of each account, in US dollars
positions: [{contract: AAPL, quantity: 100, cost: 180}]
instruments: [{symbol: TSLA, sec_type: STK, price: 240, primary_exchange: NASDAQ}]
repeat: 1                       # how often the steps are played; forever
steps:
  - {after: 5s, do: notice, code: 1100, text: "Connectivity has been lost.", times: 833, every: 1s}
  - {after: 20s, do: refuse, for: 60s}
```

Rules
- Every key is optional. `after` counts from the end of the step before (its last repetition; a `for` is not waited
  for), the first from the start.
- Unknown words and wrong values are refused all at once, each with file and line and what would be right:
  `ScenarioError`.
"""

from collections.abc import Mapping
from dataclasses import field, fields
from pathlib import Path

from supervisor.frozen import dataclass
from supervisor.simulator.scenario import market
from supervisor.simulator.scenario.documents import Faults, Node, from_python, from_yaml
from supervisor.simulator.scenario.market import Held
from supervisor.simulator.scenario.readers import (
    Argument,
    Wrong,
    accounts,
    choice,
    duration,
    flag,
    greeting,
    integer,
    number,
    signed_duration,
    text,
    timezone,
)
from supervisor.simulator.scenario.words import Step, read_entries, read_step
from supervisor.simulator.settings import Settings
from supervisor.simulator.state.instruments import Instrument
from supervisor.simulator.wire.ids import OLDEST_VERSION

FILE_VERSION = 1


class ScenarioError(ValueError):
    """A scenario or a step is not usable; `faults` says everything that is wrong, one line each."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True)
class Scenario(Settings):
    """Settings of the gateway, its world, and the steps it plays; `repeat` is how often, None for ever."""

    steps: tuple[Step, ...] = field(default=())
    repeat: int | None = 1
    seed: int = 1
    cash: float = 1_000_000.0
    positions: tuple[Held, ...] = ()
    instruments: tuple[Instrument, ...] = ()

    @property
    def settings(self) -> Settings:
        """The settings alone."""
        return Settings(**{each.name: getattr(self, each.name) for each in fields(Settings)})


def load(path: Path) -> Scenario:
    """The scenario in a file; raises `ScenarioError`, also for one that cannot be read."""
    try:
        content = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise ScenarioError([f"{path}: cannot be read: {reason}"]) from None
    return parse(content, str(path))


def parse(content: str, source: str = "scenario") -> Scenario:
    """The scenario in a YAML text; `source` is its name in faults. An empty text is the default scenario."""
    faults = Faults(source)
    root = from_yaml(content, faults)
    scenario = None if root is None else _read(root, faults)
    if faults.told or scenario is None:
        raise ScenarioError(faults.told)
    return scenario


def read(keys: Mapping[str, object]) -> Scenario:
    """The scenario with these keys, as a file would have them, from Python."""
    faults = Faults("")
    scenario = _read(from_python(keys), faults)
    if faults.told:
        raise ScenarioError(faults.told)
    return scenario


def seconds_of(text_or_seconds: float | str) -> float:
    """The seconds of a number or of a text such as `500ms` or `1h`; raises `ScenarioError` for anything else."""
    try:
        return duration(Node(text_or_seconds))
    except Wrong as wrong:
        raise ScenarioError([f"{text_or_seconds!r} is wrong; {wrong}"]) from None


def step(do: str, **arguments: object) -> Step:
    """A step, checked, from Python: `step("refuse", for_=5, after=2)`; the underscore escapes Python's own word."""
    return checked_step({"do": do} | {key.removesuffix("_"): value for key, value in arguments.items()})


def checked_step(plain: object) -> Step:
    """The step in a plain mapping, as read from JSON."""
    faults = Faults("")
    found = read_step(from_python(plain), "", faults)
    if found is None:
        raise ScenarioError(faults.told)
    return found


def _steps(node: Node, faults: Faults) -> tuple[Step, ...]:
    if node.items is None:
        faults.add(node.line, "steps", f"{node.shown()} is wrong; write a list of steps")
        return ()
    found = (read_step(item, f"steps[{place}]", faults) for place, item in enumerate(node.items))
    return tuple(each for each in found if each is not None)


def _repeat(node: Node) -> int | None:
    if node.value == "forever":
        return None
    if isinstance(node.value, bool) or not isinstance(node.value, int) or node.value < 1:
        raise Wrong("write a whole number of times, or forever")
    return node.value


_USUAL = Settings()
HEAD: Mapping[str, Argument] = {
    "version": Argument(integer(FILE_VERSION, FILE_VERSION), FILE_VERSION),
    "server_version": Argument(integer(OLDEST_VERSION, 999), _USUAL.server_version),
    "accounts": Argument(accounts, _USUAL.accounts),
    "greeting": Argument(greeting, _USUAL.greeting),
    "clock_offset": Argument(signed_duration, _USUAL.clock_offset),
    "timezone": Argument(timezone, _USUAL.timezone),
    "zone_name": Argument(text, _USUAL.zone_name),
    "next_valid_id": Argument(integer(0, 2**31 - 1), _USUAL.next_valid_id),
    "master_client_id": Argument(integer(0, 2**31 - 1), _USUAL.master_client_id),
    "push_orders": Argument(flag, _USUAL.push_orders),
    "read_only": Argument(flag, _USUAL.read_only),
    "pacing": Argument(flag, _USUAL.pacing),
    "time_throttle": Argument(choice("connection", "gateway"), _USUAL.time_throttle),
    "market": Argument(choice("open", "closed"), _USUAL.market),
    "seed": Argument(integer(0, 2**31 - 1), 1),
    "cash": Argument(number(-1e12, 1e12), 1_000_000.0),
    "repeat": Argument(_repeat, 1),
}
"""Every key of a scenario that is one value."""


def _read(root: Node, faults: Faults) -> Scenario:
    if root.value is None:
        return Scenario()
    entries = root.entries
    if entries is None:
        faults.add(root.line, "", f"{root.shown()} is no scenario; write keys such as steps:")
        return Scenario()
    known = {
        **HEAD,
        "steps": Argument(lambda node: _steps(node, faults), ()),
        "positions": Argument(lambda node: market.positions(node, faults), ()),
        "instruments": Argument(lambda node: market.instruments(node, faults), ()),
    }
    values = read_entries(entries, root.line, "", known, faults)
    del values["version"]
    return Scenario(**values)  # type: ignore[arg-type]  # the readers in HEAD see to it
