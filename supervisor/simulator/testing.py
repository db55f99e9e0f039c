"""A simulated gateway with a method for each word: what the pytest plugin hands to tests.

Rules
- A method's arguments are those of the word in scenario files; `for_` stands for `for`.
- `fault` is a word for the length of a `with` block.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from supervisor.simulator.clock import ManualClock
from supervisor.simulator.engine.server import Result
from supervisor.simulator.fleet import Fleet, SimulatedGateway
from supervisor.simulator.scenario.files import load, read, seconds_of
from supervisor.simulator.scenario.words import WORDS

MANUAL_BEGINS = 1_795_797_000.0
"""Where a manual clock begins, so that every run is the same: 2026-11-27 11:30 in New York, a Friday."""


class Gateway(SimulatedGateway):
    """A simulated gateway for a test."""

    host = "127.0.0.1"

    @classmethod
    def make(cls, fleet: Fleet, scenario: str | Path | None, *, manual_clock: bool, **keys: object) -> Self:
        """A gateway on this fleet, out of a scenario file or out of the keys of one."""
        if scenario is not None and keys:
            raise TypeError("give a scenario file or its keys, not both")
        found = read(keys) if scenario is None else load(Path(scenario))
        clock = ManualClock(MANUAL_BEGINS) if manual_clock else None
        return cls(found, fleet=fleet, clock=clock)

    def advance(self, seconds: float | str) -> None:
        """Let so many seconds, or a duration such as `1h`, pass on the manual clock."""
        super().advance(seconds_of(seconds))

    def wait_until(self, predicate: Callable[[], object], timeout: float = 5.0) -> None:
        """Wait until something is so; raises AssertionError after `timeout` seconds of real time."""
        deadline = time.monotonic() + timeout
        while not predicate():
            if time.monotonic() > deadline:
                raise AssertionError(f"not within {timeout} s")
            time.sleep(0.005)

    @contextmanager
    def fault(self, word: str, **arguments: object) -> Iterator[None]:
        """A fault or a setting for the length of a block; everything is healed after it."""
        self.do(word, **arguments)
        try:
            yield
        finally:
            self.do("heal")

    def __getattr__(self, word: str) -> Callable[..., Result]:
        """The word as a method: `gateway.refuse(for_="2s")`, `gateway.price(contract="AAPL", last=190)`."""
        if word not in WORDS:
            raise AttributeError(f"{type(self).__name__!r} has neither an attribute nor a word {word!r}")
        return lambda **arguments: self.do(word, **arguments)
