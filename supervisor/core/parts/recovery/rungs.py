"""The rungs of recovery as a table: when each is right, and what proves that it helped.

- docs/recovery.md is generated from `RUNGS`.
- Conditions and proofs read a `Scene`, which is all that recovery knows of the world.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

from supervisor.core.calendar.clock import Now
from supervisor.core.calendar.market import is_open
from supervisor.core.calendar.tokens import last_expiry
from supervisor.core.model.behind.sight import GatewayProcess, LoginState
from supervisor.core.model.layers import Layer
from supervisor.core.model.recovery.rules import Rung
from supervisor.core.model.vocabulary import Evidence, PortEvidence
from supervisor.frozen import dataclass

AT_WORK: Final = frozenset({LoginState.STARTING, LoginState.RESTARTING})
"""The gateway or its controller does something by itself."""
WAITS_FOR_A_PERSON: Final = frozenset(
    {LoginState.LOGIN_DIALOG, LoginState.SECOND_FACTOR, LoginState.LOGIN_PENDING, LoginState.LOCKED_OUT}
)
"""A restart would burn another second factor, or lock the user out."""
IN_SERVICE: Final = frozenset({None, LoginState.LOGGED_IN, *AT_WORK})
"""A command may be right: the login is done, or nothing is known of it and the port has the word."""
_ANSWERS: Final = frozenset({None, Layer.FARMS, Layer.UPSTREAM})
_EVIDENCE: Final = frozenset({Evidence.NOTICE_1101, Evidence.NOTICE_1102, Evidence.PROBE})


@dataclass(frozen=True, slots=True)
class Scene:
    """The gateway at one moment, as far as recovery looks."""

    now: Now
    ready: bool = False
    """A session is ready,"""
    ready_for: float = 0.0
    """and has been for so many seconds."""
    ping_every: float = 0.0
    """Seconds between pings."""
    epoch: int = 0
    broken: Layer | None = None
    """The lowest layer broken; None if every layer is up."""
    told_lost: bool = False
    """1100 came, in this session or before it: IBKR is away."""
    upstream_evidence: Evidence | None = None
    hung: bool = False
    """The last attempt was accepted and not answered, or the last session ended because its pings were not."""
    port: PortEvidence = PortEvidence.NONE
    """What the last attempt said of the port."""
    outage: datetime | None = None
    """When the outage of now began; None without one."""
    known: bool = False
    """A session was ready once."""
    port_closed: bool = False
    """Since the last session the port refused, or closed before the handshake: another process is behind it."""
    process: GatewayProcess | None = None
    """None where it cannot be told."""
    proven: bool = False
    """A session was ready with this very process."""
    login_state: LoginState | None = None
    login_proven_at: datetime | None = None
    """When the last login was; None if nothing is known of one."""
    paused: bool = False
    reauth_required: bool = False
    competing: bool = False
    restart_pending: bool = False
    restart_near: bool = False
    resetting: bool = False
    planned: bool = False
    market_told: bool | None = None
    """Whether the market is open by the hours of the canary's contracts; None without any."""

    @property
    def answers(self) -> bool:
        """A session is ready, and its last ping was answered."""
        return self.ready and self.broken in _ANSWERS

    @property
    def token_good(self) -> bool | None:
        """Whether no token expired since the last login; an assumed one counts. None without a record."""
        proven_at = self.login_proven_at
        return None if proven_at is None else proven_at >= last_expiry(self.now.wall).proof_from

    @property
    def market_open(self) -> bool:
        """By the hours of the canary's contracts, or else by those in which most people trade."""
        return is_open(self.now.wall) if self.market_told is None else self.market_told


@dataclass(frozen=True, slots=True)
class Before:
    """What a proof is compared with: the moment of the deed."""

    epoch: int
    process: GatewayProcess | None
    port_closed: bool = False
    """At that moment or since then the port refused, or closed before the handshake."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rung."""

    when: Callable[[Scene], bool]
    proof: Callable[[Scene, Before], bool]
    prove_within: float
    """Seconds from the deed, after which it did not help."""
    to_controller: bool
    """It is a command to the controller, which must never get one early: see `Block.NOT_SEEN`."""
    says_when: str
    says_proof: str


def _farm_broken(scene: Scene) -> bool:
    return scene.broken is Layer.FARMS and scene.login_state in IN_SERVICE


def _upstream_lost(scene: Scene) -> bool:
    return scene.broken is Layer.UPSTREAM and scene.told_lost and scene.login_state in IN_SERVICE


def _hung(scene: Scene) -> bool:
    here = not scene.ready and scene.hung and not scene.told_lost
    return here and scene.login_state in IN_SERVICE and scene.token_good is not False


def _gone(scene: Scene) -> bool:
    away = not scene.ready and scene.known and scene.port is not PortEvidence.NONE
    return away and scene.login_state not in WAITS_FOR_A_PERSON


def _farms_ok(scene: Scene, before: Before) -> bool:
    return scene.ready and scene.broken is None


def _upstream_back(scene: Scene, before: Before) -> bool:
    return scene.ready and scene.broken in (None, Layer.FARMS) and scene.upstream_evidence in _EVIDENCE


def _new_session(scene: Scene, before: Before) -> bool:
    """A session of the very process that was to be replaced proves nothing: it came back by itself.

    Where the process cannot be told, it is the same one as long as its port was never closed.
    """
    told = scene.process is not None and before.process is not None
    another = scene.process != before.process if told else before.port_closed
    return scene.ready and scene.epoch > before.epoch and another


RUNGS: Final[Mapping[Rung, Rule]] = MappingProxyType(
    {
        Rung.RECONNECT_DATA: Rule(
            _farm_broken,
            _farms_ok,
            prove_within=120.0,
            to_controller=True,
            says_when="a required farm is broken, and everything below it works",
            says_proof="every required farm is well",
        ),
        Rung.RECONNECT_ACCOUNT: Rule(
            _upstream_lost,
            _upstream_back,
            prove_within=180.0,
            to_controller=True,
            says_when="1100 came, no window explains it, and the gateway waits at no dialog",
            says_proof="1101, 1102 or an answered probe",
        ),
        Rung.RESTART: Rule(
            _hung,
            _new_session,
            prove_within=600.0,
            to_controller=True,
            says_when="the port accepts and nothing answers, the gateway is logged in, and its token has not expired",
            says_proof="a new session",
        ),
        Rung.COMMAND: Rule(
            _gone,
            _new_session,
            prove_within=690.0,
            to_controller=False,
            says_when="no session, and the port refuses, closes before the handshake or is mute; nothing milder is "
            "left; the gateway waits for no person",
            says_proof="a new session",
        ),
    }
)
"""In the order of `Rung`: the mildest first."""
