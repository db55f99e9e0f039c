"""Why something is likely so, as facts: `supervisor.core.explain.causes` makes the sentence and the cure of it."""

import datetime as dt
from datetime import datetime
from enum import StrEnum, unique

from supervisor.core.model.behind.sight import KernelSaid, LoginSeen
from supervisor.frozen import dataclass


@unique
class CauseKey(StrEnum):
    """What went wrong, as far as it can be told from outside. The journal keeps the values: they never change."""

    PORT_REFUSED = "port_refused"
    """Nothing listens on the port."""
    UNREACHABLE = "unreachable"
    """The TCP connection was not answered in time."""
    NAME_UNKNOWN = "name_unknown"
    """The host name has no address."""
    LOCAL_ERROR = "local_error"
    """This machine could not even try."""
    CLOSED_EARLY = "closed_early"
    """The connection was accepted and closed before it was ready."""
    MUTE = "mute"
    """The connection was accepted and never answered."""
    NEVER_READY = "never_ready"
    """The handshake was done, but the session did not become ready in time."""
    SESSION_REFUSED = "session_refused"
    """The handshake was done, then the gateway closed the connection."""
    LOGGING_IN = "logging_in"
    """The gateway told an empty list of accounts."""
    GATEWAY_SAID = "gateway_said"
    """The gateway told an error before the session was ready."""
    PAUSED = "paused"
    """The operator paused it."""
    CLIENT_ID_GHOST = "client_id_ghost"
    """326 soon after a session of ours with the same id."""
    CLIENT_ID_RIVAL = "client_id_rival"
    """326 without one."""
    WRONG_ACCOUNT = "wrong_account"
    """The accounts do not fit `account_mode`."""
    PROTOCOL = "protocol"
    """What came is no message of TWS."""
    UNDECODABLE = "undecodable"
    """The client library cannot decode a message that is needed."""
    UNENCODABLE = "unencodable"
    """The client library cannot make a request of ours."""
    SERVER_VERSION = "server_version"
    """The server version is none that the client library speaks."""
    OLD_GREETING = "old_greeting"
    """The greeting has no length, as that of a very old TWS."""
    REDIRECT = "redirect"
    """The greeting names another address."""
    CALLBACK = "callback"
    """A fault of this program ended the session."""
    SESSION_CLOSED = "session_closed"
    """A ready session was closed or reset."""
    RESTART = "restart"
    """The session was lost in the window of a restart."""
    RESTART_OVERDUE = "restart_overdue"
    """The session was lost in the window of a restart, which is over."""
    PORT_CHANGED = "port_changed"
    """1300."""
    HEARTBEAT_LOST = "heartbeat_lost"
    """The gateway no longer answers, but its port is open."""
    UPSTREAM_LOST = "upstream_lost"
    """1100 or 2110 while no server reset explains it."""
    UPSTREAM_RESET = "upstream_reset"
    """1100 or 2110 in the window of a server reset."""
    FARM_BROKEN = "farm_broken"
    """A required farm is broken while upstream is up."""
    REAUTH_REQUIRED = "reauth_required"
    """The weekly login is due, and the gateway is not there."""
    DESUPPORTED = "desupported"
    """2172."""
    READ_ONLY = "read_only"
    """321 with Read-Only."""
    COMPETING_SESSION = "competing_session"
    """10197 and kin."""
    PACING = "pacing"
    """Code 100."""
    ORDER_ID_BACK = "order_id_back"
    """`nextValidId` is lower than one seen earlier."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message of the gateway, in its own words."""

    code: int
    text: str


@dataclass(frozen=True, slots=True)
class Cause:
    """A likely cause at one gateway. What is not known is None: the sentence then leaves it out."""

    key: CauseKey
    host: str
    port: int
    client_id: int | None = None
    """The one that was refused, or is in use."""
    mode: str | None = None
    """The configured `account_mode`."""
    window: str | None = None
    """The name of the window that explains it."""
    new_port: int | None = None
    """The port that 1300 named."""
    farms: tuple[str, ...] = ()
    """The required farms that are broken, as `kind/name`."""
    version: str | None = None
    """The gateway's version by 2172."""
    day: dt.date | None = None
    """The first day on which IBKR refuses that version."""
    minimum: str | None = None
    """The least version from then on."""
    message: Message | None = None
    """What the gateway said itself."""
    until: datetime | None = None
    """When a pause ends."""
    by: str = ""
    """Who paused it."""
    what: str = ""
    """The message, the request, the server version or the address that it is about, in words."""
    tried: str = ""
    """Of a name with several addresses: each one that was tried, with its end."""
    login_expired: bool = False
    """The weekly login expired after the gateway was lost, so that it will be needed before the gateway is back."""
    login: LoginSeen | None = None
    """What was seen behind the port, without a session."""
    kernel: KernelSaid | None = None
    """What the sockets said of a request that was not answered."""
