"""What the operator decided for one gateway: validated, frozen, and the only settings the core knows.

All durations are seconds. The defaults stand here and nowhere else; the config model takes them from here.
"""

from dataclasses import field
from datetime import timedelta
from enum import StrEnum
from typing import Final

from supervisor.core.calendar.windows import Window
from supervisor.core.codes.farm_kinds import FarmKind
from supervisor.core.model.behind.canary import CanaryPolicy
from supervisor.core.model.behind.controller import Controller
from supervisor.core.model.gate import GatePolicy
from supervisor.core.model.recovery.rules import RecoveryPolicy
from supervisor.frozen import dataclass

LONGEST_MAINTENANCE: Final = timedelta(hours=4)
"""A window from the command line is no longer than this: a forgotten one must not hide a night."""

STANDBY: Final = ("role", "standby")
"""The label of a gateway that rests while another supervisor watches it."""


class AccountMode(StrEnum):
    """Which accounts the gateway must serve; paper ids begin with D."""

    LIVE = "live"
    PAPER = "paper"
    ANY = "any"

    def fits(self, accounts: tuple[str, ...]) -> bool:
        """Whether a login with these accounts is the one that was meant."""
        if self is AccountMode.ANY:
            return True
        paper = self is AccountMode.PAPER
        return bool(accounts) and all(account.startswith("D") is paper for account in accounts)


class Reauth(StrEnum):
    """Who does the weekly login."""

    MANUAL = "manual"
    """A person, with a second factor."""
    AUTOMATIC = "automatic"
    """IBC: a paper login has no second factor. A person is asked for only after twice the grace."""


@dataclass(frozen=True, slots=True)
class Timing:
    """The timers of one gateway, in seconds."""

    connect_timeout: float = 3.0
    """TCP connect, name look-up included."""
    handshake_timeout: float = 5.0
    """From the TCP connection to the server version."""
    handshake_timeout_early: float = 2.0
    """The same in the first minute after the loss of a stable session; no longer than `handshake_timeout`."""
    session_timeout: float = 10.0
    """From the server version to `nextValidId` and `managedAccounts`."""
    heartbeat_interval: float = 1.5
    """From the last answer to the next ping.

    A gateway silently ignores a request that comes less than about 1 s after its last answer.
    """
    suspect_after: float = 0.5
    """From a ping to the suspicion that the gateway hangs; no longer than `heartbeat_timeout`."""
    heartbeat_timeout: float = 3.5
    """From a ping to its miss."""
    heartbeat_misses: int = 2
    """Misses in a row that end the session."""
    retry_initial: float = 0.25
    """The first step of the backoff."""
    retry_max_early: float = 1.0
    """Its cap in the first minute after the loss of a session."""
    retry_max: float = 5.0
    """Its cap after that."""
    restart_retry: float = 0.25
    """The exact interval while a restart is expected and the port is closed."""
    stable_after: float = 60.0
    """A session this old earned an attempt at once after its loss."""
    settle: float = 10.0
    """How long answers are unreliable after the upstream came back."""
    outage_merge: float = 30.0
    """A new outage within this continues the last one."""


@dataclass(frozen=True, slots=True)
class RequiredFarm:
    """A farm that must not be broken; without a kind, whatever serves that name."""

    name: str
    kind: FarmKind | None = None

    def matches(self, kind: FarmKind, name: str) -> bool:
        """Whether this requirement speaks of that farm."""
        return self.name == name and self.kind in (None, kind)

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}" if self.kind else self.name


@dataclass(frozen=True, slots=True)
class Policy:
    """One gateway, as configured."""

    name: str
    host: str
    port: int
    client_id: int
    client_id_fallback: int | None = None
    account_mode: AccountMode = AccountMode.ANY
    required_farms: tuple[RequiredFarm, ...] | None = None
    """None: every farm seen is required."""
    timezone: str | None = None
    """The zone in which the gateway restarts, to be compared with the clock of its handshake; None: not configured."""
    windows: tuple[Window, ...] = ()
    """Restarts, server resets and custom windows."""
    reauth: Reauth = Reauth.MANUAL
    follow_port_change: bool = False
    upstream_probe: bool = True
    labels: tuple[tuple[str, str], ...] = ()
    """Free labels as names with their values, sorted by name."""
    programs: tuple[int, ...] = ()
    """The client ids of the operator's own programs at this gateway."""
    show_accounts: bool = False
    gate: GatePolicy = GatePolicy()
    controller: Controller | None = None
    """Who starts the gateway and can say how it is; None: nobody is asked."""
    recovery: RecoveryPolicy | None = None
    """None: nothing is done to the gateway."""
    canary: CanaryPolicy | None = None
    kernel: bool = False
    """The kernel is asked for the sockets on the gateway's port."""
    timing: Timing = field(default_factory=Timing)

    @property
    def address(self) -> str:
        """`host:port`, for log lines."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def same_session(self, other: "Policy") -> bool:
        """Whether a session opened under `other` is still the one this policy wants."""
        mine = (self.host, self.port, self.client_id, self.account_mode)
        return mine == (other.host, other.port, other.client_id, other.account_mode)
