"""Recovery: the rungs of its ladder, what each costs, and what the operator allows.

- The words are public: the config, the metrics, the API and the journal use them. They never change.
- The same command means another thing to another controller, so what a rung costs is written down for each kind of
  controller (`COSTS`). A kind that is not there has no commands.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from supervisor.core.model.behind.sight import GatewayProcess
from supervisor.frozen import dataclass

DAY: Final = 86400.0
"""Seconds over which a budget rolls."""
MOST_RESTARTS: Final = 2
"""RESTARTs in a day, whatever the config says."""
LEAST_QUIET: Final = 600.0
"""Seconds around a restart in which nothing is done, whatever the config says."""


class Rung(StrEnum):
    """One thing that can be done for a gateway, the mildest first."""

    RECONNECT_DATA = "reconnect_data"
    """The controller's RECONNECTDATA: the gateway connects to its data farms anew."""
    RECONNECT_ACCOUNT = "reconnect_account"
    """RECONNECTACCOUNT: the gateway connects to IBKR anew."""
    RESTART = "restart"
    """RESTART: the gateway's process is replaced. IBC and ibc2 keep the token, so that no login is needed as a rule."""
    COMMAND = "command"
    """A command of the operator's own, such as a restart of the gateway's unit."""


class NeedsLogin(StrEnum):
    """Whether a person must log in, with a second factor, after a rung."""

    NEVER = "never"
    MAYBE = "maybe"
    """IBKR may refuse the token."""
    YES = "yes"


class Result(StrEnum):
    """How a deed ended: the label of `ib_recovery_actions_total`."""

    PROVED = "proved"
    """What the rung is for was seen to be so."""
    UNPROVED = "unproved"
    """It was done, and nothing showed in time that it helped."""
    REFUSED = "refused"
    """The controller or the command refused, or could not be reached."""
    DRY_RUN = "dry_run"
    """It would have been done."""


class MarketHours(StrEnum):
    """What may be done unattended while the market is open."""

    AVOID = "avoid"
    """Nothing: every rung waits for approval."""
    IGNORE = "ignore"
    """As at any other time."""


class Block(StrEnum):
    """Why a rung is not done now, the first that applies."""

    PAUSED = "paused"
    REAUTH_REQUIRED = "reauth_required"
    """A person must log in anyway."""
    COMPETING_SESSION = "competing_session"
    """Somebody else uses the same login."""
    RESTART_PENDING = "restart_pending"
    """It was lost in the window of a restart, and is not back."""
    RESTART_NEAR = "restart_near"
    """A scheduled restart is near, before or behind us."""
    SERVER_RESET = "server_reset"
    PLANNED = "planned"
    """An active window explains what is broken."""
    NOT_LISTED = "not_listed"
    """The config does not list it."""
    NOT_PROPOSED = "not_proposed"
    """Another one waits for a person's word."""
    NOT_SO = "not_so"
    """What the rung is for is not so."""
    DEED_UNDER_WAY = "deed_under_way"
    STARTING = "starting"
    """The gateway starts or restarts by itself."""
    NOT_SEEN = "not_seen"
    """This very process was never seen logged in: what it does with a command, nobody knows."""
    RESTARTED = "restarted"
    """This very process was asked to restart already. A controller takes it once."""
    BUDGET = "budget"
    MILDER = "milder"
    """Something milder is left to do."""
    PATIENCE = "patience"
    """What it is for has not lasted long enough."""
    APPROVAL = "approval"
    """It waits for a person's word."""


FOR_GOOD: Final = frozenset({Block.NOT_SEEN, Block.RESTARTED, Block.BUDGET})
"""A rung that is blocked so is not left: a stronger one need not wait for it."""

COSTS: Final[Mapping[str, Mapping[Rung, NeedsLogin]]] = MappingProxyType(
    {
        "ibc": {
            Rung.RECONNECT_DATA: NeedsLogin.NEVER,
            Rung.RECONNECT_ACCOUNT: NeedsLogin.NEVER,
            Rung.RESTART: NeedsLogin.MAYBE,
        },
        "ibc2": {
            Rung.RECONNECT_DATA: NeedsLogin.NEVER,
            Rung.RECONNECT_ACCOUNT: NeedsLogin.NEVER,
            Rung.RESTART: NeedsLogin.MAYBE,
        },
        "ibg": {  # its RESTART is a full login, and it has no RECONNECTDATA for a Gateway
            Rung.RECONNECT_ACCOUNT: NeedsLogin.YES,
            Rung.RESTART: NeedsLogin.YES,
        },
    }
)
"""By kind of controller: the commands that it has, and whether each costs a login. A command of the operator's own
always does."""


@dataclass(frozen=True, slots=True)
class RungPolicy:
    """One rung, as allowed."""

    rung: Rung
    patience: float
    """Seconds for which what it is for must have lasted."""
    budget: int = 1
    """Deeds in 24 h."""
    needs_login: NeedsLogin = NeedsLogin.YES
    unattended: bool = False
    """It is done without approval, whatever it costs."""
    argv: tuple[str, ...] = ()
    """The operator's command."""

    @property
    def most(self) -> int:
        """Deeds in 24 h that are allowed."""
        return min(self.budget, MOST_RESTARTS) if self.rung is Rung.RESTART else self.budget


@dataclass(frozen=True, slots=True)
class RecoveryPolicy:
    """What may be done for one gateway. The rungs are sorted, the mildest first, each once."""

    rungs: tuple[RungPolicy, ...]
    market_hours: MarketHours = MarketHours.AVOID
    quiet_before_restart: float = LEAST_QUIET
    """Seconds before a scheduled restart in which nothing is done."""
    dry_run: bool = False
    """Everything but the deed."""

    def of(self, rung: Rung) -> RungPolicy | None:
        """What is said of this rung; None if it is not used."""
        return next((each for each in self.rungs if each.rung is rung), None)


NO_RUNGS: Final = RecoveryPolicy(())
"""Nothing may be done."""


@dataclass(frozen=True, slots=True)
class DeedDone:
    """A deed that counts: kept so that a restart of the daemon gives neither a budget nor a process back."""

    rung: Rung
    at: datetime
    dry_run: bool = False
    pid: int | None = None
    """The gateway's process that it was done to, if it could be told;"""
    started: float | None = None
    """and when that began."""
    same_process: bool = True
    """Nothing has shown since that the gateway's process is another one."""

    def was_to_another(self, process: GatewayProcess | None) -> bool:
        """Whether the process of now is known to be another one than the one it was done to."""
        return None not in (process, self.pid) and process != GatewayProcess(self.pid or 0, self.started or 0.0)


@dataclass(frozen=True, slots=True)
class OpenDeed:
    """A deed that is not proved yet: kept so that its end is told, whichever process sees it."""

    rung: Rung
    at: datetime
    by: str
    """Who asked for it or approved it; empty if nobody had to."""
    pid: int | None = None
    started: float | None = None
    """The gateway's process before it, if it could be told."""
