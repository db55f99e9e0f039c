"""What must survive a restart of the daemon: few, small, and only what decisions need.

The core hands them out with a `Persist` action when they change; the daemon hands them back once, at start. A missing
record is one in which everything is unknown.
"""

from dataclasses import field
from datetime import datetime

from supervisor.core.model.cause import Cause
from supervisor.core.model.recovery.rules import DeedDone, OpenDeed
from supervisor.frozen import dataclass, replace


@dataclass(frozen=True, slots=True)
class OpenOutage:
    """An outage that had not closed when the daemon ended."""

    began: datetime
    cause: str
    """The lowest layer broken at its first moment."""
    planned: bool
    seconds: float
    """Observed by earlier processes, gaps excluded: already in their counters, not in ours."""
    ended: datetime | None = None
    """Every layer was up again since, and the daemon did not live to close it."""
    why: Cause | None = None
    """The first likely cause that was known."""
    flaps: int = 0
    """How often a layer broke again so soon that it went on."""


@dataclass(frozen=True, slots=True)
class UsedId:
    """A client id that a connection of ours used: START_API was sent with it."""

    client_id: int
    ended: datetime | None = None
    """When that connection ended; None if it was open when this was written."""


@dataclass(frozen=True, slots=True)
class FirstId:
    """The order id with which a session began."""

    host: str
    port: int
    client_id: int
    login: str
    """A mark of the accounts, not the accounts."""
    order_id: int

    def same_session(self, other: "FirstId") -> bool:
        """Whether the ids of these two sessions are one sequence."""
        mine = (self.host, self.port, self.client_id, self.login)
        return mine == (other.host, other.port, other.client_id, other.login)


@dataclass(frozen=True, slots=True)
class ToldTalk:
    """A conversation with people that is not over."""

    id: str
    began: datetime
    row: str
    """What it is about, by the table of pages."""
    since: datetime | None = None
    """Since when it holds without a break; None: it did not when this was written."""
    gone: datetime | None = None
    """Since when it does not hold."""
    told: tuple[str, ...] = ()
    """The rows that were told."""
    severity: str = "warning"
    """The most urgent one of them."""
    turned: bool = False
    """It was planned at first."""


@dataclass(frozen=True, slots=True)
class Facts:
    """All that one gateway's next life needs of this one. Instants are aware UTC datetimes."""

    known: bool = False
    """A session was ready once, so that what follows means something."""
    upstream_lost: bool = False
    """The loss of IBKR's servers was outstanding."""
    session_lost_at: datetime | None = None
    """When the last session was lost; None while one is ready."""
    session_lost_in_restart: bool = False
    """That loss came in the window of a restart."""
    session_host: str | None = None
    """Of the last ready session, else of the attempts: what the port was seen doing counts for no other address."""
    session_port: int | None = None
    """With it; 0 if the gateway has left that port (code 1300)."""
    port_gone: bool = False
    """Since then the port refused, or closed before the handshake: what comes next was started again."""
    login_proven_at: datetime | None = None
    """When the weekly login was last proven, assumed or confirmed."""
    login_assumed: bool = False
    reauth_due: datetime | None = None
    """The first restart at or after this instant asks for the login; moved on when one was not seen; None: the next."""
    highest_order_id: int | None = None
    paused: bool = False
    paused_until: datetime | None = None
    maintenance_from: datetime | None = None
    maintenance_until: datetime | None = None
    maintenance_reason: str = ""
    desupported_on: datetime | None = None
    desupported_version: int | None = None
    """The server version that was told so."""
    restart_stray: datetime | None = None
    """An unplanned loss on a full minute, as long as a restart: if the next window sees none, it moved there."""
    paused_by: str = ""
    """Who paused it."""
    client_ids: tuple[UsedId, ...] = ()
    """Client ids that the gateway may still hold for us."""
    first_ids: tuple[FirstId, ...] = ()
    """The first order ids of the last sessions."""
    epoch: int = 0
    """Of the last session that was ready: sessions are numbered on from here."""
    alive_at: datetime | None = field(default=None, compare=False)
    """When the process that wrote this was last seen alive: the journal fills it in when it reads."""
    outage: OpenOutage | None = None
    competing_at: datetime | None = None
    """When a competing session was last heard of."""
    deeds: tuple[DeedDone, ...] = ()
    """What recovery did, as far as it counts against a budget or a process."""
    deed: OpenDeed | None = None
    """What recovery did last, if its proof is awaited."""
    talks: tuple[ToldTalk, ...] = ()
    """What people have been told, or are about to be told."""


def at_address(facts: Facts, host: str, port: int) -> Facts:
    """What of these facts still holds at this address.

    On another host there is another gateway; on another port what was seen of the port means nothing.
    """
    if facts.session_host is None or (facts.session_host, facts.session_port) == (host, port):
        return facts
    if facts.session_host == host:
        return replace(facts, port_gone=False)
    return replace(
        facts,
        known=False,
        session_lost_at=None,
        session_lost_in_restart=False,
        session_host=None,
        session_port=None,
        port_gone=False,
        login_proven_at=None,
        login_assumed=False,
        reauth_due=None,
        highest_order_id=None,
        desupported_on=None,
        desupported_version=None,
        restart_stray=None,
        competing_at=None,
        deeds=(),
        deed=None,
    )
