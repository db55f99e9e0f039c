"""Likely causes of a failure, in words, each with its cure.

Rules of this file:

- One sentence for the cause and one for the cure, for a person who was woken by it and does not know this program.
- A cause is likely, not proven: where several look the same from outside, the sentence names them all, likeliest first.
- The keys never change: tests and the log refer to them. The sentences may.

Facts about the gateway: IBKR's documentation of the API settings and of the message codes, and what users met with
(public issues of ib_insync, ib_async, IBC, nautilus_trader and QuantConnect Lean).
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum, unique
from types import MappingProxyType
from typing import Final

from supervisor.core.parts.session import Failure, Loss


@unique
class CauseKey(StrEnum):
    """What went wrong, as far as it can be told from outside."""

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
    """The handshake was done, but the session did not become ready."""
    CLIENT_ID_GHOST = "client_id_ghost"
    """326 soon after a session of ours with the same id."""
    CLIENT_ID_RIVAL = "client_id_rival"
    """326 without one."""
    WRONG_ACCOUNT = "wrong_account"
    """The accounts do not fit `account_mode`."""
    PROTOCOL = "protocol"
    """What came is no message of TWS."""
    CALLBACK = "callback"
    """A fault of this program ended the session."""
    SESSION_CLOSED = "session_closed"
    """A ready session was closed or reset."""
    RESTART = "restart"
    """The session was lost in the window of a restart."""
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
class Cause:
    """Why it is likely so, and what to do. One sentence each."""

    words: str
    cure: str


_TEXTS: Final[Mapping[CauseKey, tuple[str, str]]] = MappingProxyType(
    {
        CauseKey.PORT_REFUSED: (
            "Nothing accepts connections on {place}: the gateway is down or restarting, its API is not enabled, the "
            "port is wrong, or 32 clients are connected already.",
            "Start the gateway, switch on 'Enable ActiveX and Socket Clients' in its API settings, and compare the "
            "socket port there (usually 4001 live and 4002 paper for IB Gateway, 7496 and 7497 for TWS).",
        ),
        CauseKey.UNREACHABLE: (
            "{place} did not answer in time: the machine is off or cut off, a firewall drops the packets, its name is "
            "looked up too slowly, or the gateway hangs with a full queue.",
            "Check that the machine answers, that a firewall lets port {port} through, and that the gateway does not "
            "hang.",
        ),
        CauseKey.NAME_UNKNOWN: (
            "The name {host} cannot be looked up: it is misspelt, or the name service is not reachable.",
            "Correct `host`, write the address instead of the name, or repair the name service.",
        ),
        CauseKey.LOCAL_ERROR: (
            "The connection to {place} failed on this machine: its name has no address, there is no route, or no file "
            "descriptor is left.",
            "The log has the operating system's words; check `host`, the network and the limit of open files.",
        ),
        CauseKey.CLOSED_EARLY: (
            "{place} accepts connections and closes them at once: this machine's address is not among the trusted "
            "ones, or a proxy such as socat stands before a gateway that is still starting or down.",
            "Add this machine to 'Trusted IPs' and clear 'Allow connections from localhost only' if it is another "
            "machine; in a container wait for the login, and look at the gateway behind the proxy.",
        ),
        CauseKey.MUTE: (
            "{place} accepts connections and says nothing: the gateway waits at a login dialog or for the second "
            "factor, asks whether to accept this connection, or hangs.",
            "Look at the gateway's screen, finish the login or answer the dialog, and restart it if it hangs.",
        ),
        CauseKey.NEVER_READY: (
            "The gateway at {place} speaks but does not let the session begin: it is still logging in, waits at a "
            "dialog, or has lost IBKR before the login was done.",
            "Give it a minute after its start, then look at its screen for a dialog.",
        ),
        CauseKey.CLIENT_ID_GHOST: (
            "The gateway still holds client id {client_id} for our own last session, because it has not noticed that "
            "it is gone.",
            "Wait: it is released within a minute as a rule; if not, restart the gateway or set client_id_fallback.",
        ),
        CauseKey.CLIENT_ID_RIVAL: (
            "Another program is connected to {place} with client id {client_id}.",
            "Give this daemon a client_id that nobody else uses, or stop the other program.",
        ),
        CauseKey.WRONG_ACCOUNT: (
            "The gateway at {place} serves other accounts than meant: account_mode is {mode}, its login is of the "
            "other kind.",
            "Log the gateway in with the right user and trading mode, or correct `port` or `account_mode`.",
        ),
        CauseKey.PROTOCOL: (
            "What {place} sends is not the protocol of TWS: another program listens there, TLS or a proxy stands "
            "between, or the stream has lost step.",
            "Check that `port` is the gateway's API port; if it is, and this repeats, restart the gateway and report "
            "the log.",
        ),
        CauseKey.CALLBACK: (
            "A fault of this daemon ended the session with {place}, not the gateway.",
            "Nothing need be done, since a new session is made; please report the log.",
        ),
        CauseKey.SESSION_CLOSED: (
            "The gateway at {place} closed the session without a word: it was closed or restarted, has crashed, or the "
            "connection to it broke.",
            "Nothing if it comes back by itself; else see whether the gateway runs, and whether its restart time is "
            "the configured one.",
        ),
        CauseKey.RESTART: (
            "The gateway at {place} is restarting as scheduled{window}.",
            "Nothing: it is back in one or two minutes as a rule; if not, it waits for a login.",
        ),
        CauseKey.PORT_CHANGED: (
            "Somebody changed the API port in the gateway's settings from {port} to {new_port}.",
            "Set the port back or correct `port`, after a look at which account the new one serves; "
            "follow_port_change does it by itself.",
        ),
        CauseKey.HEARTBEAT_LOST: (
            "The gateway at {place} no longer answers, though the connection stands: it hangs, the machine is "
            "overloaded or asleep, or the network between has failed silently.",
            "Look at the memory and processor of the gateway's machine, and restart the gateway if it stays mute.",
        ),
        CauseKey.UPSTREAM_LOST: (
            "The gateway has lost IBKR: IBKR unreachable, or the user logged in elsewhere.",
            "Check the internet line of the gateway's machine and IBKR's system status page, and whether somebody "
            "logged in with the same user; restarting the gateway cures neither.",
        ),
        CauseKey.UPSTREAM_RESET: (
            "The gateway has lost IBKR at a time when IBKR resets its servers{window}.",
            "Nothing: it comes back by itself when the reset is over.",
        ),
        CauseKey.FARM_BROKEN: (
            "IBKR is connected, but not its data farm{farms}: a fault at IBKR, or of the internet line.",
            "Nothing for a minute; if it lasts, check the internet line and IBKR's system status page, or reconnect "
            "the data in the gateway (Ctrl-Alt-F).",
        ),
        CauseKey.REAUTH_REQUIRED: (
            "The gateway at {place} did not come back, and its weekly login has expired: it waits for a person.",
            "Log the gateway in by hand and confirm the second factor.",
        ),
        CauseKey.DESUPPORTED: (
            "IBKR will refuse version {version} of the gateway from {day} on.",
            "Install version {minimum} or newer before that day.",
        ),
        CauseKey.READ_ONLY: (
            "The gateway's API is in read-only mode, so no program can place orders through it.",
            "Clear 'Read-Only API' in the gateway's API settings if orders are wanted; this daemon needs none.",
        ),
        CauseKey.COMPETING_SESSION: (
            "The same user is logged in elsewhere (another TWS, the phone, the Client Portal, or live against paper) "
            "and takes the market data.",
            "Log out there, or use a second user name for the programs.",
        ),
        CauseKey.PACING: (
            "A program sent too many messages over this connection, and the gateway is likely to close it.",
            "Make the program send fewer than 50 messages a second.",
        ),
        CauseKey.ORDER_ID_BACK: (
            "The gateway's next order id went back, as happens after a restart, so ids may be given out twice.",
            "Let programs take their ids from the gateway anew, and compare the orders with their own books.",
        ),
    }
)

_OF_FAILURE: Final[Mapping[Failure, CauseKey]] = MappingProxyType(
    {
        Failure.REFUSED: CauseKey.PORT_REFUSED,
        Failure.TIMEOUT: CauseKey.UNREACHABLE,
        Failure.HANDSHAKE_TIMEOUT: CauseKey.MUTE,
        Failure.SESSION_TIMEOUT: CauseKey.NEVER_READY,
        Failure.CLOSED: CauseKey.CLOSED_EARLY,
        Failure.CLIENT_ID_IN_USE: CauseKey.CLIENT_ID_RIVAL,
        Failure.ACCOUNT_MISMATCH: CauseKey.WRONG_ACCOUNT,
        Failure.PROTOCOL: CauseKey.PROTOCOL,
        Failure.ERROR: CauseKey.LOCAL_ERROR,
    }
)

_OF_LOSS: Final[Mapping[Loss, CauseKey | None]] = MappingProxyType(
    {
        Loss.CLOSED: CauseKey.SESSION_CLOSED,
        Loss.RESET: CauseKey.SESSION_CLOSED,
        Loss.HEARTBEAT: CauseKey.HEARTBEAT_LOST,
        Loss.PROTOCOL: CauseKey.PROTOCOL,
        Loss.CALLBACK: CauseKey.CALLBACK,
        Loss.PORT_CHANGE: CauseKey.PORT_CHANGED,
        Loss.OPERATOR: None,
        Loss.SHUTDOWN: None,
    }
)


_WHILE_RESTARTING: Final = frozenset({CauseKey.PORT_REFUSED, CauseKey.CLOSED_EARLY, CauseKey.MUTE})
"""What a gateway is like while it restarts."""


def of_failure(failure: Failure, *, ghost: bool, restarting: bool = False) -> CauseKey:
    """The likely cause of a failed attempt.

    `ghost`: our own last session may still hold the client id. `restarting`: the gateway was lost in the window of a
    restart, which is still open.
    """
    if failure is Failure.CLIENT_ID_IN_USE and ghost:
        return CauseKey.CLIENT_ID_GHOST
    key = _OF_FAILURE[failure]
    return CauseKey.RESTART if restarting and key in _WHILE_RESTARTING else key


def of_loss(loss: Loss, *, restarting: bool) -> CauseKey | None:
    """The likely cause of a lost session, None if we ended it. `restarting`: in the window of a restart."""
    key = _OF_LOSS[loss]
    return CauseKey.RESTART if restarting and key is CauseKey.SESSION_CLOSED else key


def of_upstream(*, reset: bool) -> CauseKey:
    """The likely cause of a lost upstream. `reset`: a window of IBKR's server reset explains it."""
    return CauseKey.UPSTREAM_RESET if reset else CauseKey.UPSTREAM_LOST


def describe(
    key: CauseKey,
    *,
    host: str,
    port: int,
    client_id: int | None = None,
    mode: str | None = None,
    new_port: int | None = None,
    window: str | None = None,
    farms: Iterable[str] = (),
    version: str | None = None,
    day: dt.date | None = None,
    minimum: str | None = None,
) -> Cause:
    """The cause in words. What is not given is left out or told in general; each sentence uses only what it needs.

    Args:
        key: what went wrong.
        host: the gateway's host as configured.
        port: the port in use.
        client_id: the id that was refused.
        mode: the configured `account_mode`.
        new_port: the port that 1300 named.
        window: the active window's name.
        farms: the broken required farms.
        version: the gateway's version by 2172.
        day: the first day on which that version is refused.
        minimum: the least version from then on.
    """
    names = tuple(farms)
    facts = {
        "host": host,
        "port": port,
        "place": f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
        "client_id": "in use" if client_id is None else client_id,
        "mode": mode or "set",
        "new_port": "one that it did not name" if new_port is None else new_port,
        "window": f" ({window})" if window else "",
        "farms": f"{'s' if len(names) > 1 else ''} {', '.join(names)}" if names else "",
        "version": version or "in use",
        "day": "a day soon" if day is None else day.isoformat(),
        "minimum": minimum or "offered by IBKR",
    }
    words, cure = (text.format_map(facts) for text in _TEXTS[key])
    return Cause(words, cure)
