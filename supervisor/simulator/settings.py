"""What a healthy simulated gateway is like: version, accounts, clock, greeting. Pure data.

`Settings` is replaced as a whole when a step changes one of them, never altered.
"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from supervisor.frozen import dataclass
from supervisor.simulator.state.orders import Fills

Notice = tuple[int, str]
"""A message code and its text."""

USUAL_GREETING: tuple[Notice, ...] = (
    (2104, "Market data farm connection is OK:usfarm"),
    (2106, "HMDS data farm connection is OK:ushmds"),
    (2158, "Sec-def data farm connection is OK:secdefnj"),
)
"""What a gateway whose farms are up tells a new client, within milliseconds of nextValidId."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The gateway as a client finds it.

    `server_version` is the newest it speaks (130 or more; a session gets the lower of this and the client's own).
    `clock_offset` is seconds that its clock is ahead of the true time. `zone_name` is what the handshake calls the
    zone; None: the abbreviation. `next_valid_id` is the lowest id given out. The client `master_client_id` hears of
    the orders of all others. `time_throttle` says whether requests for the time are throttled by connection or by
    gateway. `push_orders` tells open orders and executions at connect. `pacing` enforces IBKR's limits.
    """

    server_version: int = 176
    accounts: tuple[str, ...] = ("DU1234567",)
    greeting: tuple[Notice, ...] = USUAL_GREETING
    clock_offset: float = 0.0
    timezone: str = "America/New_York"
    zone_name: str | None = None
    next_valid_id: int = 1
    master_client_id: int | None = None
    push_orders: bool = False
    read_only: bool = False
    pacing: bool = False
    time_throttle: str = "connection"
    market: str = "open"
    fills: Fills = Fills()

    def clock_text(self, wall: float) -> str:
        """The handshake's clock at `wall` (Unix seconds, the true time): wall clock of the zone, then its name."""
        local = datetime.fromtimestamp(0, UTC) + timedelta(seconds=wall + self.clock_offset)
        local = local.astimezone(ZoneInfo(self.timezone))
        return f"{local:%Y%m%d %H:%M:%S} {self.zone_name or local.tzname()}"

    def minutes_text(self, wall: float) -> str:
        """The clock as account updates tell it: HH:MM."""
        return self.clock_text(wall)[9:14]
