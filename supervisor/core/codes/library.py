"""The codes that the client library makes by itself: 501 to 593, and two of other libraries.

Rules of this file: those of `entry`. The gateway never sends these and its logs never show them. Sorted by number.
"""

from typing import Final

from supervisor.core.codes.entry import Code, CodeKind, Scope, Severity

_DOCS = "IBKR's documentation"
_MEASURED = "IBKR's documentation; measured with ibapi"


def _local(
    number: int, title: str, severity: Severity, meaning: str, action: str, source: str = _DOCS, cure: str = ""
) -> Code:
    return Code(number, title, CodeKind.LOCAL, severity, Scope.CLIENT_LIBRARY, meaning, action, source, cure)


_SENDING: Final[tuple[tuple[int, str], ...]] = (
    (510, "market data"),
    (511, "end of market data"),
    (512, "order"),
    (513, "account update"),
    (514, "executions"),
    (515, "cancelled order"),
    (516, "open orders"),
    (517, "unknown contract"),
    (518, "contract data"),
    (519, "market depth"),
    (521, "server log level"),
    (522, "financial advisor data"),
    (523, "replaced financial advisor data"),
    (524, "scanner subscription"),
    (525, "end of scanner"),
    (526, "scanner parameters"),
    (527, "historical data"),
    (528, "end of historical data"),
    (529, "real-time bars"),
    (530, "end of real-time bars"),
    (531, "current time"),
    (532, "fundamental data"),
    (533, "end of fundamental data"),
    (534, "implied volatility"),
    (535, "end of implied volatility"),
    (536, "option price"),
    (537, "end of option price"),
    (538, "global cancel"),
    (539, "market data type"),
    (540, "positions"),
    (541, "end of positions"),
    (542, "account data"),
    (543, "end of account data"),
    (544, "verification request"),
    (545, "verification message"),
    (546, "display group query"),
    (547, "display group subscription"),
    (548, "display group update"),
    (549, "end of display group"),
    (550, "start of the API"),
    (551, "verification with authorisation"),
    (552, "verification message with authorisation"),
    (553, "positions of models"),
    (554, "end of positions of models"),
    (555, "account updates of models"),
    (556, "end of account updates of models"),
    (557, "option parameters"),
    (558, "soft dollar tiers"),
    (559, "family codes"),
    (560, "matching symbols"),
    (561, "depth exchanges"),
    (562, "smart components"),
    (563, "news providers"),
    (564, "news article"),
    (565, "historical news"),
    (566, "head timestamp"),
    (567, "histogram"),
    (568, "end of histogram"),
    (569, "end of head timestamp"),
    (570, "market rule"),
    (571, "profit and loss"),
    (572, "end of profit and loss"),
    (573, "profit and loss of a position"),
    (574, "end of profit and loss of a position"),
    (575, "historical ticks"),
    (576, "tick-by-tick data"),
    (577, "end of tick-by-tick data"),
    (578, "completed orders"),
    (580, "calendar meta data"),
    (581, "end of calendar meta data"),
    (582, "calendar events"),
    (583, "end of calendar events"),
    (584, "user info"),
    (587, "current time in milliseconds"),
    (588, "protobuf message"),
    (589, "end of market depth"),
    (590, "end of contract data"),
    (591, "end of historical ticks"),
    (592, "configuration request"),
    (593, "configuration update"),
)
"""The requests that the library could not write to the socket, a number for each."""

_COUNTS = "Counts it."
_CLOSED = "Counts it; the closed socket is what it acts on."
_SEND_FAILED = (
    "The library could not write a request to the socket: the connection is dead or stalled. The text after the dash "
    "is the operating system's reason."
)

LIBRARY: Final[tuple[Code, ...]] = tuple(
    sorted(
        (
            _local(
                -1,
                "End of stream",
                Severity.ERROR,
                "The C# library reports a closed or reset connection so. The Python library has no code for that.",
                _CLOSED,
                "IBKR's documentation; QuantConnect/Lean.Brokerages.InteractiveBrokers#242",
            ),
            _local(
                501,
                "Already connected",
                Severity.ERROR,
                "The library was told to connect twice: a fault of the program, not of the gateway.",
                "Counts it. Every session has a client object of its own, so this should never be seen.",
                _MEASURED,
            ),
            _local(
                502,
                "Couldn't connect to TWS",
                Severity.ERROR,
                "The TCP connection was refused or not answered: the gateway is down or restarting, its API is not "
                "enabled, the port is wrong, or more than 32 clients are connected.",
                "Counts a failed attempt and tries again. The daemon looks at the socket itself and knows the reason "
                "better.",
                _MEASURED,
                "Start the gateway, enable its API, and compare the port.",
            ),
            _local(
                503,
                "The TWS is out of date",
                Severity.ERROR,
                "A function was called which this gateway is too old for.",
                "Counts it; the daemon asks for nothing that needs a recent gateway.",
                cure="Install a newer TWS or Gateway.",
            ),
            _local(
                504,
                "Not connected",
                Severity.WARNING,
                "A request was made after the connection was gone. A symptom, never the cause.",
                "Counts it; the lost session itself is what it acts on.",
                _MEASURED,
            ),
            _local(
                505,
                "Unknown message id",
                Severity.WARNING,
                "The gateway sent a message that the library does not know; newer versions go on. Many of them mean a "
                "library too old for the gateway, or a stream out of step.",
                "Counts it; the session goes on as long as heartbeats are answered.",
                _MEASURED,
                "Install a newer ibapi.",
            ),
            _local(
                506,
                "Unsupported version",
                Severity.ERROR,
                "The gateway and the library have no version in common. Not used by the Python library.",
                _COUNTS,
                "IBKR's documentation; the source code of QuantConnect Lean",
                "Update the gateway or the library.",
            ),
            _local(
                507,
                "Bad message length",
                Severity.ERROR,
                "A message claimed to be over 16 MB, which means that the stream is out of step. (In the Java library "
                "it means the end of the stream.) Its text may hold the whole 16 MB.",
                "Ends the session, at best before the library has stored the message, and makes a new one. Cuts the "
                "text.",
                _MEASURED,
            ),
            _local(508, "Bad message", Severity.ERROR, "The Java library met the end of the stream.", _COUNTS),
            _local(
                509,
                "Exception while reading the socket",
                Severity.ERROR,
                "The Java library could not read. Not used by the Python library.",
                _CLOSED,
            ),
            _local(
                520,
                "Failed to create socket",
                Severity.ERROR,
                "This machine or process has no file descriptor left for a socket. (In other libraries: the end of "
                "market depth could not be sent.)",
                "Counts a failed attempt and tries again.",
                cure="Raise the limit of open files, or find what keeps them open.",
            ),
            _local(
                579,
                "Invalid symbol in string",
                Severity.ERROR,
                "An argument was not ASCII: a fault of the calling program.",
                _COUNTS,
                _MEASURED,
            ),
            _local(
                585,
                "Financial advisor profile is not supported",
                Severity.WARNING,
                "A function was called that IBKR has withdrawn.",
                _COUNTS,
                cure="Use a group in place of a profile.",
            ),
            _local(
                586,
                "Failed to read message, not connected",
                Severity.WARNING,
                "The Java library read after the connection was gone.",
                _COUNTS,
            ),
            _local(
                10038,
                "Operation on something that is not a socket",
                Severity.ERROR,
                "Windows only: the connection was closed in the middle of something.",
                _CLOSED,
            ),
            *(
                _local(
                    number,
                    f"Sending failed: {request}",
                    Severity.ERROR,
                    _SEND_FAILED,
                    "Counts it; the heartbeat and the socket decide whether the session is over.",
                )
                for number, request in _SENDING
            ),
        ),
        key=lambda code: code.number,
    )
)
"""Every known code of the client library, sorted by number."""
