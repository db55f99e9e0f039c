"""A gateway whose gate stands as a test wants it, with a decision of the age that it wants."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from supervisor.core.calendar.clock import Now
from supervisor.core.model.gate import GateReason
from supervisor.core.model.snapshot import Snapshot
from supervisor.observe.gate.reader import since_boot
from tests.core.driver import World, policy


def standing(name: str = "live", *, reasons: tuple[GateReason, ...] = (), age: float = 0.0) -> Snapshot:
    """Open without reasons; decided `age` seconds ago."""
    world = World(policy(name=name)).up()
    world.run(1.5)
    snapshot = world.snapshot
    assert snapshot.gate.open
    gate = replace(snapshot.gate, open=not reasons, reasons=reasons, holding=bool(reasons))
    return decided(replace(snapshot, gate=gate), age)


def decided(snapshot: Snapshot, age: float = 0.0) -> Snapshot:
    """The same, decided again `age` seconds ago."""
    boot = since_boot() - age
    return replace(snapshot, at=Now(boot, datetime.now(UTC) - timedelta(seconds=age), boot))
