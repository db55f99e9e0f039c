"""What the daemon tells of itself; apart from its metrics, so that the daemon starts without prometheus_client."""

from dataclasses import dataclass
from datetime import datetime

from supervisor.core.model.counters import Histogram


@dataclass(frozen=True, slots=True)
class Internals:
    """What the daemon tells of itself."""

    version: str
    ibapi_version: str
    python_version: str
    reload_ok: bool
    """The last attempt to load the config succeeded."""
    reload_at: datetime | None
    """The last one that succeeded."""
    loop: Histogram
    """Seconds that single decisions took."""
    events_dropped: int
    journal_errors: int
