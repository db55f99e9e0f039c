"""What the daemon reports about itself. It stands apart so that the daemon starts without prometheus_client."""

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime

from supervisor.core.model.counters import Histogram
from supervisor.frozen import dataclass
from supervisor.observe.notify.courier import Counts


@dataclass(frozen=True, slots=True)
class Internals:
    """What the daemon reports about itself."""

    version: str
    ibapi_version: str
    python_version: str
    reload_ok: bool
    """Whether the last attempt to load the config succeeded."""
    reload_at: datetime | None
    """When the config was last loaded with success."""
    loop: Histogram
    """Seconds that single decisions took."""
    events_dropped: int
    journal_errors: int
    gate_errors: int = 0
    """Files of the gate that could not be written or removed."""
    messages: Mapping[str, Counts] = field(default_factory=dict)
    """To people, by target."""
