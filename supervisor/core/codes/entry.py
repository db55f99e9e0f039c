"""What one entry of the catalogue of message codes says, and in which words.

Rules of this file:

- An entry is data. What it says of the daemon in `action` must be what the daemon does.
- `meaning` is for a person who is woken by it: what has happened, and whether it matters.
- The entries are in `catalogue_system`, `catalogue_requests` and `catalogue_library`; `codes` looks them up.
"""

from dataclasses import dataclass
from enum import StrEnum, unique


@unique
class Kind(StrEnum):
    """How the message comes about."""

    NOTICE = "notice"
    """Told by the gateway unasked, with request id -1: a statement about its own state."""

    ANSWER = "answer"
    """Told by the gateway about one request or order, and only to the client that made it."""

    LOCAL = "local"
    """Made by the client library inside this process; the gateway knows nothing of it."""


@unique
class Severity(StrEnum):
    """How bad it is by itself, outside every window."""

    CRITICAL = "critical"
    """No trading is possible until it ends."""

    ERROR = "error"
    """Something was refused or has ended, and stays so until somebody acts."""

    WARNING = "warning"
    """Impaired, or soon to be. Often heals by itself."""

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
    """Account data, permissions, subscriptions that are paid for, the login."""

    REQUEST = "request"
    """One request; the rest of the session is untouched."""

    ORDER = "order"
    """One order; says nothing of the connection."""

    CLIENT_LIBRARY = "client_library"
    """The library in this process."""

    UNKNOWN = "unknown"
    """Not in the catalogue."""


@dataclass(frozen=True, slots=True)
class Code:
    """One message code.

    `source` tells where the facts are from: IBKR's documentation, a line that somebody posted in public, the source
    code of a public program, or less than that, in which case it says so.
    """

    number: int
    title: str
    kind: Kind
    severity: Severity
    scope: Scope
    meaning: str
    action: str
    source: str
