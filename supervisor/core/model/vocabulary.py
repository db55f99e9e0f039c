"""The closed sets of the core: what metrics, the API and the journal show of a session, an outage and a restart.

The values are public. They never change.
"""

from enum import Enum, StrEnum


class Phase(StrEnum):
    """Where the session stands, each with what its reader should do."""

    IDLE = "idle"
    """Not begun. Wait for the first step."""
    CONNECTING = "connecting"
    """TCP and handshake are under way. Wait: it has a deadline."""
    HANDSHAKING = "handshaking"
    """The gateway spoke; its accounts and next order id are awaited. Wait: it has a deadline."""
    READY = "ready"
    """The API session works. Look at the layers above it."""
    BACKOFF = "backoff"
    """Between two attempts. `next_attempt` says when."""
    STOPPED = "stopped"
    """Paused by the operator, or shutting down. Nothing is tried."""


OPEN = frozenset({Phase.CONNECTING, Phase.HANDSHAKING, Phase.READY})
"""The phases in which a session exists, so that its messages count."""


class Trigger(StrEnum):
    """What moves a phase."""

    BEGIN = "begin"
    GREETED = "server version"
    READY = "accounts and next id"
    FAILED = "attempt failed"
    LOST = "session lost"
    RETRY = "wait over"
    RESTART = "reload"
    STOP = "pause or shutdown"


class Failure(StrEnum):
    """Why an attempt did not become ready: the `reason` of `ib_connect_failures_total`."""

    REFUSED = "refused"
    TIMEOUT = "timeout"
    HANDSHAKE_TIMEOUT = "handshake_timeout"
    SESSION_TIMEOUT = "session_timeout"
    CLOSED = "closed"
    CLIENT_ID_IN_USE = "client_id_in_use"
    ACCOUNT_MISMATCH = "account_mismatch"
    PROTOCOL = "protocol"
    ERROR = "error"


class Loss(StrEnum):
    """Why a ready session ended: the `reason` of `ib_session_losses_total`."""

    CLOSED = "closed"
    RESET = "reset"
    HEARTBEAT = "heartbeat"
    PROTOCOL = "protocol"
    CALLBACK = "callback"
    PORT_CHANGE = "port_change"
    OPERATOR = "operator"
    SHUTDOWN = "shutdown"


class PortEvidence(Enum):
    """What the end of an attempt says of the process behind the port."""

    NONE = "none"
    """Nothing: a TCP timeout, an error of ours, or an attempt that got past the handshake."""
    CLOSED = "closed"
    """The port refused, or closed before the handshake: the process is gone or restarting."""
    MUTE = "mute"
    """The port accepted and said nothing."""


class Planning(StrEnum):
    """Whether a window explains a loss, at its moment. The value is the label `planned` of the metrics."""

    UNPLANNED = "false"
    PLANNED = "true"

    @classmethod
    def of(cls, explained: bool) -> "Planning":
        """PLANNED if a window explains it."""
        return cls.PLANNED if explained else cls.UNPLANNED


class Evidence(StrEnum):
    """What the present state of upstream rests on."""

    BEGINNING = "session start"
    """A new session begins with it up unless a loss was outstanding."""
    NOTICE_1100 = "1100"
    NOTICE_2110 = "2110"
    NOTICE_1101 = "1101"
    NOTICE_1102 = "1102"
    PROBE = "probe"
    SILENCE = "silence"
    CARRIED = "carried"
    """The last session ended with the loss outstanding."""
    ASSUMED = "assumed"
    """Nothing was known at start, and a server reset was active."""


class Data(StrEnum):
    """What a loss of upstream did to the subscriptions: the label of `ib_upstream_losses_total`."""

    LOST = "lost"
    MAINTAINED = "maintained"
    UNKNOWN = "unknown"


class RestartResult(StrEnum):
    """How a scheduled restart went: the label of `ib_restarts_total`."""

    IN_TIME = "in_time"
    OVERDUE = "overdue"
    NOT_SEEN = "not_seen"


class Stage(StrEnum):
    """Where a conversation with people stands."""

    BEGAN = "began"
    TURNED = "turned"
    """It began as planned, and is not any more."""
    CHANGED = "changed"
    """It has a sharper name than the one that was told."""
    OVER = "over"
    HAPPENED = "happened"
    """It was over when it was noticed: one message and no other."""
