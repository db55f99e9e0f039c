"""What the core wants done: the only way it touches the world.

Actions are carried out in their order. None has an answer; what comes of them comes back as events.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from supervisor.core.model.facts import Facts


class Level(IntEnum):
    """How loud: the numbers of Python's logging."""

    DEBUG = 10
    INFO = 20
    WARNING = 30
    ERROR = 40


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
class Tell:
    """Something worth knowing: a log line, an entry of the journal, an event on the stream."""

    level: Level
    kind: str
    """One of a few stable words: `session_ready`, `outage_closed`, ..."""
    text: str
    """A sentence for the one who is woken at 3 a.m."""
    fields: Mapping[str, str | int | float | bool | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Keep:
    """These facts must survive a restart of the daemon."""

    facts: Facts


Action = Connect | Close | Ping | Probe | Tell | Keep
