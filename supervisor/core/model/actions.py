"""What the core wants done: the only way it touches the world.

Actions are carried out in their order. None has an answer; what comes of them comes back as events. What happened is
told by records (`supervisor.core.model.records`), not here.
"""

from dataclasses import dataclass

from supervisor.core.model.facts import Facts
from supervisor.core.model.recovery.rules import Rung


@dataclass(frozen=True, slots=True)
class Connect:
    """Open session `epoch`. The deadlines are the core's; the two timeouts (seconds) bound the calls that block."""

    epoch: int
    host: str
    port: int
    client_id: int
    connect_timeout: float
    handshake_timeout: float


@dataclass(frozen=True, slots=True)
class Close:
    """End session `epoch` now: its FIN leaves before the next action is carried out."""

    epoch: int


@dataclass(frozen=True, slots=True)
class Ping:
    """Send `reqCurrentTime`."""

    epoch: int


@dataclass(frozen=True, slots=True)
class Probe:
    """Ask for the contract details that only IBKR's servers have."""

    epoch: int
    request_id: int


@dataclass(frozen=True, slots=True)
class Persist:
    """These facts must survive a restart of the daemon."""

    facts: Facts


@dataclass(frozen=True, slots=True)
class Heal:
    """Do this rung of recovery; its answer, if there is one, names the number."""

    number: int
    rung: Rung


SessionAction = Connect | Close | Ping | Probe
"""What the gateway's link carries out."""
Action = SessionAction | Persist | Heal
