"""What is currently wrong with the simulated gateway. Pure data with small methods: no sockets, no timers.

Rules
- A fault is active from `begin` to `end`; beginning one that is active replaces its arguments.
- Of the faults of the handshake, and of the ways to treat a new connection, only the last one begun is active.
- The server asks this object and makes its sockets agree; it never keeps a fault anywhere else.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Fault(StrEnum):
    """A way of being broken that lasts until it is healed; each is a word of scenarios."""

    REFUSE = "refuse"
    CLOSE_ON_ACCEPT = "close_on_accept"
    MUTE = "mute"
    HALF_HANDSHAKE = "half_handshake"
    SPLIT_HANDSHAKE = "split_handshake"
    GREETING_WITH_HANDSHAKE = "greeting_with_handshake"
    ERROR_BEFORE_HANDSHAKE = "error_before_handshake"
    BAD_VERSION = "bad_version"
    NOT_TWS = "not_tws"
    NEVER_READY = "never_ready"
    FREEZE = "freeze"
    IGNORE_TIME = "ignore_time"
    DELAY = "delay"
    NO_CONTRACTS = "no_contracts"
    SLOW_WRITES = "slow_writes"
    GHOST = "ghost"
    UPSTREAM_LOST = "upstream_lost"
    FARM_BROKEN = "farm_broken"
    COMPETING_SESSION = "competing_session"
    NO_QUOTES = "no_quotes"
    DROP_ORDERS = "drop_orders"
    REJECT_ORDERS = "reject_orders"


AT_THE_DOOR = frozenset(
    {
        Fault.CLOSE_ON_ACCEPT,
        Fault.MUTE,
        Fault.HALF_HANDSHAKE,
        Fault.SPLIT_HANDSHAKE,
        Fault.GREETING_WITH_HANDSHAKE,
        Fault.ERROR_BEFORE_HANDSHAKE,
        Fault.BAD_VERSION,
        Fault.NOT_TWS,
        Fault.NEVER_READY,
    }
)
"""What happens to a new client until it is ready: one at a time."""

Arguments = Mapping[str, object]


class Behaviour:
    """The faults that are active, with their arguments."""

    def __init__(self) -> None:
        self._active: dict[Fault, Arguments] = {}

    def begin(self, fault: Fault, arguments: Arguments = MappingProxyType({})) -> frozenset[Fault]:
        """Make it active; the faults that it ended are returned."""
        ended = frozenset((AT_THE_DOOR - {fault}) & self._active.keys()) if fault in AT_THE_DOOR else frozenset[Fault]()
        for other in ended:
            del self._active[other]
        self._active[fault] = dict(arguments)
        return ended

    def end(self, fault: Fault) -> None:
        """Heal it; nothing happens if it is not active."""
        self._active.pop(fault, None)

    def __contains__(self, fault: Fault) -> bool:
        return fault in self._active

    @property
    def active(self) -> dict[str, Arguments]:
        """Every active fault by its word, with its arguments."""
        return {str(fault): arguments for fault, arguments in self._active.items()}

    @property
    def door(self) -> Fault | None:
        """The fault that a new client meets, if any."""
        return next((fault for fault in self._active if fault in AT_THE_DOOR), None)

    @property
    def broken_farms(self) -> tuple[str, ...]:
        """The farms that are broken."""
        return tuple(name.strip() for name in self.choice(Fault.FARM_BROKEN, "farm").split(",") if name.strip())

    def broken(self, farm: str) -> bool:
        """Whether a farm is broken; `all` means every one."""
        broken = self.broken_farms
        return bool(broken) and (farm in broken or "all" in broken)

    def number(self, fault: Fault, name: str) -> float:
        """A numeric argument of a fault; 0 while the fault is not active."""
        value = self._active.get(fault, {}).get(name)
        return float(value) if isinstance(value, int | float) else 0.0

    def choice(self, fault: Fault, name: str) -> str:
        """A text argument of a fault; empty while the fault is not active."""
        value = self._active.get(fault, {}).get(name)
        return value if isinstance(value, str) else ""
