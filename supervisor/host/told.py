"""What the hooks of a program are told: frozen records with plain fields."""

from supervisor.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Ready:
    """`on_ready`: a session is ready, and what was missed has been asked for."""

    epoch: int
    """Of the session. It only grows."""
    next_order_id: int
    """The next order id that no order of this client id has."""
    away: float
    """Seconds without a session before this one; 0.0 for the first."""
    data_lost: bool
    """Streams of an earlier session are gone, and must be asked for again."""
    complete: bool
    """All open orders, and all executions since the loss, were told by callbacks before this."""
    reason: str
    """Why not; empty if complete."""
    server_version: int
    """What gateway and library have agreed on."""


@dataclass(frozen=True, slots=True)
class Loss:
    """`on_lost`: a session that was ready is over. The next one comes with a new object of the factory."""

    reason: str
    """closed, reset, heartbeat, protocol, callback, port_change."""
    planned: bool
    """A window, such as that of the daily restart, explains it."""
    words: str
    """A sentence with the likely cause."""
    lasted: float
    """Seconds for which the session was ready."""


@dataclass(frozen=True, slots=True)
class Reconciled:
    """`on_reconciled`: what was missed during a loss of IBKR's servers has been asked for."""

    complete: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Queue:
    """The messages that wait for their turn."""

    waiting: int
    orders: int
    """Orders among them."""
    oldest: float
    """Seconds that the first one has waited; 0.0 if none waits."""
    paced: int
    """How many messages had to wait so far, in all sessions."""
