"""What one entry of the catalogue of message codes says.

Rules of this file:

- All that is known of a code stands in its entry: what it means, what the daemon does, how its text is read. The metric
  labels, the command `codes`, the page docs/codes.md and the decisions read it from there.
- `action` says what the daemon does, and must be true.
- `meaning` is for somebody who is woken by the message: what has happened, and whether it matters.
- The entries stand in `system`, `farms`, `requests`, `orders` and `library`; `table` joins them.
"""

from enum import StrEnum, unique

from supervisor.core.codes.parsers import Parser, plain
from supervisor.frozen import dataclass


@unique
class CodeKind(StrEnum):
    """Who sends the message, and to whom."""

    NOTICE = "notice"
    """The gateway says something about its own state, with request id -1, though nobody asked."""

    ANSWER = "answer"
    """The gateway answers one request or order, and only the client that made it hears it."""

    LOCAL = "local"
    """The client library makes it inside this process; the gateway knows nothing of it."""


@unique
class Severity(StrEnum):
    """How bad it is by itself, outside every window."""

    CRITICAL = "critical"
    """No trading is possible until it ends."""

    ERROR = "error"
    """Something was refused or has ended, and stays so until somebody acts."""

    WARNING = "warning"
    """Something is impaired, or soon will be. Often it heals by itself."""

    INFO = "info"
    """No fault."""


@unique
class Scope(StrEnum):
    """How far it reaches."""

    UPSTREAM = "upstream"
    """The gateway's connection to IBKR."""

    FARM = "farm"
    """One data farm."""

    SESSION = "session"
    """This API connection."""

    APPLICATION = "application"
    """The gateway program itself."""

    ACCOUNT = "account"
    """The account: its data, its permissions, its paid subscriptions, its login."""

    REQUEST = "request"
    """One request; the rest of the session is not touched."""

    ORDER = "order"
    """One order; it says nothing of the connection."""

    CLIENT_LIBRARY = "client_library"
    """The library in this process."""

    UNKNOWN = "unknown"
    """Not in the catalogue."""


@dataclass(frozen=True, slots=True)
class Code:
    """One message code."""

    number: int
    title: str
    kind: CodeKind
    severity: Severity
    scope: Scope
    meaning: str
    action: str
    """What the daemon does."""
    source: str
    """Where the facts are from: IBKR's documentation, a line that somebody posted in public, the source code of a
    public program; or less than that, and then it says so."""
    cure: str = ""
    """What a person can do; it begins with a verb. Empty if there is nothing to do."""
    reads: Parser = plain
    """Reads the text of the message."""
    counted: bool = False
    """Whether its counter exists, at 0, before the first message arrives."""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the catalogue, as the page shows it."""

    title: str
    about: str
    codes: tuple[Code, ...]
