"""The codes about the gateway itself: its upstream, this connection, the program, the account.

Rules of this file: those of `entry`. Sorted by number.
"""

from typing import Final

from supervisor.core.codes.entry import Code, CodeKind, Scope, Severity
from supervisor.core.codes.notices import ClientIdInUse, PacingWarning, UpstreamLost
from supervisor.core.codes.parsers import always, desupported, if_text_has, port_changed, restored

_DOCS = "IBKR's documentation"
_LOGS = "IBKR's documentation; lines in public logs"
_NO_ACCOUNT_DATA = "Counts it; the daemon subscribes to no account data."

SYSTEM: Final[tuple[Code, ...]] = (
    Code(
        0,
        "Approaching the maximum rate of messages",
        CodeKind.NOTICE,
        Severity.WARNING,
        Scope.SESSION,
        meaning="This connection sent about 44 messages in a second; 50 are allowed with 100 market data lines.",
        action="Counts and logs it. The daemon itself sends less than one a second.",
        cure="Send fewer messages a second.",
        source="erdewit/ib_insync#443",
        reads=if_text_has("max rate", PacingWarning()),
    ),
    Code(
        100,
        "Max rate of messages per second has been exceeded",
        CodeKind.NOTICE,
        Severity.ERROR,
        Scope.SESSION,
        meaning="This connection sent too many messages; the gateway will probably close it without another word.",
        action="Counts and logs it; makes a new session if this one is lost.",
        cure="Send fewer messages a second, and spread new subscriptions over time.",
        source="IBKR's documentation; erdewit/ib_insync pull request 201",
        reads=always(PacingWarning()),
    ),
    Code(
        320,
        "Server error when reading a request",
        CodeKind.ANSWER,
        Severity.ERROR,
        Scope.SESSION,
        meaning="The gateway could not make sense of what it received: a field of a request is wrong, the library and "
        "the gateway do not fit, or the stream is out of step.",
        action="Counts it; the session goes on as long as heartbeats are answered.",
        cure="Read the text for the field; if no field is named, update the library or the gateway.",
        source="IBKR's documentation; lines in public logs; ib-api-reloaded/ib_async#158",
    ),
    Code(
        326,
        "Client id already in use",
        CodeKind.NOTICE,
        Severity.ERROR,
        Scope.SESSION,
        meaning="Another session holds our client id, and the gateway closes ours. After a dropped connection the "
        "holder is often our own last session, which the gateway still believes to be alive; otherwise another program "
        "uses the same id.",
        action="Tries again with the same id: after 1 s, then every 2 s while our own earlier connection may be the "
        "holder, otherwise after 10, 20, 40, then every 60 s. Uses another id only if client_id_fallback names one; "
        "never a random one.",
        cure="Wait a minute; if it stays, give this daemon a client_id that no other program uses.",
        source="IBKR's documentation; lines in public logs; the order of events measured with ibapi",
        reads=always(ClientIdInUse()),
        counted=True,
    ),
    Code(
        357,
        "Your client version is out of date",
        CodeKind.NOTICE,
        Severity.CRITICAL,
        Scope.SESSION,
        meaning="The gateway refuses this version of the API library.",
        action="Counts and logs it; the session that follows, or fails to follow, decides.",
        cure="Install a newer ibapi.",
        source=_DOCS,
    ),
    Code(
        438,
        "The application is now locked",
        CodeKind.NOTICE,
        Severity.WARNING,
        Scope.APPLICATION,
        meaning="TWS has locked itself, which ends API work. An old code, no longer in use.",
        action="Counts and logs it; if the session ends, that is what it acts on.",
        cure="Unlock TWS, and choose 'Never lock' in its settings.",
        source=_DOCS,
    ),
    Code(
        1100,
        "Connectivity between IBKR and TWS has been lost",
        CodeKind.NOTICE,
        Severity.CRITICAL,
        Scope.UPSTREAM,
        meaning="The gateway has lost IBKR's servers: the internet line, IBKR's nightly reset, or the same user logged "
        "in elsewhere. The API connection stays open. It repeats for hours, from every few seconds to once a minute.",
        action="Upstream is down until 1101, 1102 or an answered probe. Keeps the session: neither a reconnect nor a "
        "restart helps. Counts each one; logs it once per outage.",
        cure="Wait if IBKR's reset is due; otherwise check the internet line of the gateway's machine and where else "
        "the user is logged in.",
        source=_LOGS,
        reads=always(UpstreamLost(1100)),
        counted=True,
    ),
    Code(
        1101,
        "Connectivity restored, data lost",
        CodeKind.NOTICE,
        Severity.WARNING,
        Scope.UPSTREAM,
        meaning="The gateway has IBKR's servers again, but all subscriptions of market and account data are gone.",
        action="Upstream is up, and settling for a while; counts the loss with data lost, and reports lost "
        "subscriptions even if no loss was known. Farms listed as connected are ok.",
        cure="Subscribe again in every trading program.",
        source="IBKR's documentation; no line in a public log was found",
        reads=restored("lost"),
        counted=True,
    ),
    Code(
        1102,
        "Connectivity restored, data maintained",
        CodeKind.NOTICE,
        Severity.INFO,
        Scope.UPSTREAM,
        meaning="The gateway has IBKR's servers again and kept the subscriptions. Users have seen feeds stay dead all "
        "the same.",
        action="Upstream is up, and settling for a while; counts the loss with data maintained. Farms listed as "
        "connected are ok; those listed as not connected stay broken if they were, otherwise they are unknown.",
        cure="Check that prices move, and subscribe again where they do not.",
        source=_LOGS,
        reads=restored("maintained"),
        counted=True,
    ),
    Code(
        1300,
        "Socket port has been reset",
        CodeKind.NOTICE,
        Severity.ERROR,
        Scope.SESSION,
        meaning="Somebody changed the API port in the gateway's settings; this connection is being dropped.",
        action="Reports the new port. Follows it only with follow_port_change, since another port may mean another "
        "account; otherwise keeps trying the configured one.",
        cure="Set `port` to the new port, or change it back in the gateway's settings.",
        source="IBKR's documentation; the wire text from a comment in public code",
        reads=port_changed,
        counted=True,
    ),
    Code(
        2100,
        "Unsubscribed from account data",
        CodeKind.NOTICE,
        Severity.WARNING,
        Scope.ACCOUNT,
        meaning="Another request took the account updates; only one subscription of that kind can exist.",
        action=_NO_ACCOUNT_DATA,
        source=_DOCS,
    ),
    Code(
        2101,
        "Unable to subscribe to account",
        CodeKind.NOTICE,
        Severity.WARNING,
        Scope.ACCOUNT,
        meaning="Other clients are subscribed to a different account.",
        action=_NO_ACCOUNT_DATA,
        source=_DOCS,
    ),
    Code(
        2110,
        "Connectivity between TWS and server is broken",
        CodeKind.NOTICE,
        Severity.CRITICAL,
        Scope.UPSTREAM,
        meaning="As 1100: the gateway has lost IBKR's servers and tries by itself. Usual in the nightly reset; at "
        "other times it is the internet line. No message of its own says that it is over.",
        action="Does the same as for 1100.",
        cure="Wait if IBKR's reset is due; otherwise check the internet line of the gateway's machine.",
        source="IBKR's documentation; the wire text from comments in public code",
        reads=always(UpstreamLost(2110)),
        counted=True,
    ),
    Code(
        2139,
        "Paper trading has not been acknowledged yet",
        CodeKind.ANSWER,
        Severity.ERROR,
        Scope.APPLICATION,
        meaning="An order was refused because the paper-trading disclaimer waits on the gateway's screen.",
        action="Counts and logs it. Keeps the session.",
        cure="Accept the disclaimer on the gateway's screen; if none is shown, restart the gateway.",
        source="ranaroussi/ezibpy#40",
    ),
    Code(
        2148,
        "Account warning",
        CodeKind.NOTICE,
        Severity.WARNING,
        Scope.ACCOUNT,
        meaning="A warning about the account, for instance that its margin is low and positions may be liquidated.",
        action="Counts and logs it.",
        cure="Read the text, and look at the account.",
        source="QuantConnect/Lean pull request 1033",
    ),
    Code(
        2172,
        "This version will be desupported",
        CodeKind.NOTICE,
        Severity.WARNING,
        Scope.APPLICATION,
        meaning="From the day named in the text, IBKR refuses logins of this version of TWS or Gateway.",
        action="Exports the day as ib_desupport_timestamp_seconds; alerts come before it.",
        cure="Install a newer TWS or Gateway before that day.",
        source="a line in QuantConnect/Lean.Brokerages.InteractiveBrokers#143",
        reads=desupported,
    ),
    Code(
        10141,
        "Paper trading disclaimer must first be accepted",
        CodeKind.NOTICE,
        Severity.ERROR,
        Scope.SESSION,
        meaning="The paper-trading disclaimer waits on the gateway's screen. Until it is accepted, the gateway closes "
        "every API connection or stays silent on it. It comes back after a restart of the gateway. Libraries often "
        "report 'client id already in use' right after it, which is misleading.",
        action="Quotes it as the cause of the attempt that fails; tries again until the disclaimer is accepted.",
        cure="Accept the disclaimer on the gateway's screen; in IBC, set AcceptNonBrokerageAccountWarning=yes.",
        source="IbcAlpha/IBC#98, #119, #268; extrange/ibkr-docker#128; lines in public logs",
    ),
)
"""Every known code of this kind, sorted by number."""
