"""A program that asks the gate before each order: the file, as the daemon's writer leaves it, and the reader."""

from pathlib import Path

from supervisor.core.model.policy import Policy
from supervisor.core.step.state import State
from supervisor.core.step.view import snapshot
from supervisor.observe.gate.body import body, written
from supervisor.observe.gate.reader import Gate
from tests.simulation.world.timeline import Timeline


class Program:
    """Reads on the clocks of the machine that it shares with the daemon."""

    def __init__(self, folder: Path, line: Timeline) -> None:
        self._line = line
        self._path = folder / "live.json"
        self._gate = Gate(self._path, clocks=(self._wall, self._boot))

    def decided(self, state: State, policy: Policy) -> bool:
        """The loop has decided at this moment: whether the gate is open then."""
        last = state.copied()
        last.at = self._line.now()
        self._snapshot = snapshot(last, policy)
        self.renewed()
        return self._snapshot.gate.open

    def renewed(self) -> None:
        """The writer, which has no part in decisions, writes what was decided last."""
        self._path.write_bytes(written(body(self._snapshot, self._boot())))

    def may_send(self) -> bool:
        """What the file says now."""
        return self._gate.check().open

    def _wall(self) -> float:
        return self._line.now().wall.timestamp()

    def _boot(self) -> float:
        return self._line.now().boot
