"""Likely causes of a failure, in words, each with its cure.

Rules of this file:

- A sentence for the cause and one for the cure, for a person who was woken by it and does not know this program.
- A cure begins with a verb.
- A cause is likely, not proven: where several look the same from outside, the sentence names them all, likeliest first.
- The keys never change: the journal keeps them. The sentences may.

Facts about the gateway: IBKR's documentation of the API settings and of the message codes, and what users met with
(public issues of ib_insync, ib_async, IBC, nautilus_trader and QuantConnect Lean).
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from supervisor.core.codes.farm_kinds import UNNAMED
from supervisor.core.codes.notices import summary
from supervisor.core.codes.table import lookup
from supervisor.core.explain.sightings import KERNEL, SEEN, TOLD_BY_KERNEL, VAGUE, kernel_facts, since_words
from supervisor.core.model.cause import Cause, CauseKey, Message
from supervisor.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why it is likely so, and what to do."""

    words: str
    cure: str

    def __str__(self) -> str:
        return f"{self.words} {self.cure}"


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
            "The name {host} is not known: it is misspelt, or the name service does not have it.",
            "Correct `host`, or write the address instead of the name.",
        ),
        CauseKey.LOCAL_ERROR: (
            "The connection to {place} failed on this machine: its name has no address, there is no route, a rule here "
            "forbids it (firewall, sandbox), or no file descriptor or port is left.",
            "Read the operating system's words in the log; check `host`, the network, the rules of this machine and "
            "the limit of open files.",
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
        CauseKey.SESSION_REFUSED: (
            "The gateway at {place} speaks, and closes the connection before the session is ready: it is still logging "
            "in, is logging off, or waits at a dialog.",
            "Give it a minute after its start, then look at its screen for a dialog.",
        ),
        CauseKey.LOGGING_IN: (
            "The gateway at {place} is still logging in: it has no account yet.",
            "Wait for its login; if it does not end, look at the gateway's screen.",
        ),
        CauseKey.GATEWAY_SAID: (
            "The gateway at {place} does not let the session begin and says why, with message {code}: {said}",
            "{cure}",
        ),
        CauseKey.PAUSED: (
            "Paused by {by}{until}: nothing is tried, so nothing is known.",
            "Resume it with `ib-supervisor resume` when the work is done.",
        ),
        CauseKey.CLIENT_ID_GHOST: (
            "The gateway still holds client id {client_id} for our own earlier connection, because it has not noticed "
            "that it is gone.",
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
            "What {place} sends is not the protocol of TWS{about}: another program listens there, TLS or a proxy "
            "stands between, or the stream has lost step.",
            "Check that `port` is the gateway's API port; if it is, and this repeats, restart the gateway and report "
            "the log.",
        ),
        CauseKey.UNDECODABLE: (
            "The gateway at {place} speaks, but a message that is needed cannot be decoded{about}: gateway and ibapi "
            "are of different ages, or the message is damaged.",
            "Bring the gateway and ibapi to releases of the same age; if it repeats, report the log.",
        ),
        CauseKey.UNENCODABLE: (
            "A request to the gateway at {place} cannot be made{about}: the fault is on this side, most likely in the "
            "installation of ibapi.",
            "Install ibapi again, with the protobuf that it needs; if it repeats, report the log.",
        ),
        CauseKey.SERVER_VERSION: (
            "{place} answers with a server version that no gateway of today answers with{about}: the gateway is far "
            "too old, or another program listens there.",
            "Update the gateway if it is old; else check that `port` is the gateway's API port.",
        ),
        CauseKey.OLD_GREETING: (
            "{place} greets without a length, as a very old TWS does{about}: it is too old for ibapi.",
            "Update the gateway; this daemon and ibapi need one that greets with a length.",
        ),
        CauseKey.REDIRECT: (
            "{place} serves nobody itself and sends its clients on to another address{about}.",
            "Find out who answers there; if the other address is the gateway's, set `host` and `port` to it.",
        ),
        CauseKey.CALLBACK: (
            "A fault of this daemon ended the session with {place}, not the gateway.",
            "Do nothing: a new session is made. Please report the log.",
        ),
        CauseKey.SESSION_CLOSED: (
            "The gateway at {place} closed the session without a word: it was closed or restarted, has crashed, or the "
            "connection to it broke.",
            "Do nothing if it comes back by itself; else see whether the gateway runs, and whether its restart time is "
            "the configured one.",
        ),
        CauseKey.RESTART: (
            "The gateway at {place} is restarting as scheduled{window}.",
            "Do nothing: it is back in one or two minutes as a rule. If it is not, it waits for a login.",
        ),
        CauseKey.RESTART_OVERDUE: (
            "The gateway at {place} did not come back from its scheduled restart: most likely it waits for a login, or "
            "it logged off in place of restarting.",
            "Look at the gateway's screen and log it in; under Lock and Exit choose 'Auto restart', not 'Auto logoff'.",
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
            "Do nothing: it comes back by itself when the reset is over.",
        ),
        CauseKey.FARM_BROKEN: (
            "IBKR is connected, but not its data farm{farms}: a fault at IBKR, or of the internet line.",
            "Do nothing for a minute; if it lasts, check the internet line and IBKR's system status page, or reconnect "
            "the data in the gateway (Ctrl-Alt-F).{hint}",
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
            "Let programs take new ids from the gateway, and compare the orders with their own books.",
        ),
    }
)


_LANGUAGE: Final = " To see which farm it is, choose 'Show API messages in English' in the gateway's API settings."
_LOGIN_EXPIRED: Final = "Its weekly login has expired since it was lost: it will need a login before it is back."


def _of_message(message: Message | None) -> Mapping[str, str | int]:
    """What a message of the gateway adds: its code, its words, and what to do about it."""
    if message is None:
        return {"code": "", "said": "", "cure": ""}
    cure = lookup(message.code).cure or "Look at the gateway's screen and answer what it asks there."
    return {"code": message.code, "said": sentence(summary(message.text)), "cure": cure}


def sentence(text: str) -> str:
    """The same text with a full stop. IBKR's texts often have none."""
    return text if text.endswith((".", "!", "?")) else f"{text}."


def explain(cause: Cause) -> Explanation:
    """The cause in words. What is not known is left out, or said in general."""
    host, port, farms = cause.host, cause.port, cause.farms
    facts = {
        "host": host,
        "port": port,
        "place": f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
        "client_id": "in use" if cause.client_id is None else cause.client_id,
        "mode": cause.mode or "set",
        "new_port": "one that it did not name" if cause.new_port is None else cause.new_port,
        "window": f" ({cause.window})" if cause.window else "",
        "farms": f"{'s' if len(farms) > 1 else ''} {', '.join(farms)}" if farms else "",
        "version": cause.version or "in use",
        "day": "a day soon" if cause.day is None else cause.day.isoformat(),
        "minimum": cause.minimum or "offered by IBKR",
        "by": cause.by or "the operator",
        "about": f" ({cause.what})" if cause.what else "",
        "until": f" until {cause.until:%Y-%m-%d %H:%M}Z" if cause.until is not None else "",
        "hint": _LANGUAGE if any(name.endswith(f"/{UNNAMED}") for name in farms) else "",
        "since": "" if cause.login is None else since_words(cause.login),
        **kernel_facts(cause.kernel),
        **_of_message(cause.message),
    }
    words, cure = (text.format_map(facts) for text in _texts(cause))
    if cause.tried:
        words = f"{words} Tried were {cause.tried}."
    if cause.login_expired:
        words = f"{words} {_LOGIN_EXPIRED}"
    return Explanation(words, cure)


def _texts(cause: Cause) -> tuple[str, str]:
    """What was seen behind the port is told in place of what only may be so."""
    seen, kernel = cause.login, cause.kernel
    if seen is not None and seen.state in SEEN and cause.key in VAGUE:
        return SEEN[seen.state]
    if kernel is not None and cause.key in TOLD_BY_KERNEL:
        return KERNEL[kernel.word]
    return _TEXTS[cause.key]
