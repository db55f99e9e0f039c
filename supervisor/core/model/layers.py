"""The layers: what works, in order. Each is up only if all before it are.

"The lowest layer broken" describes all of them at once; None means that every layer is up. The cause of an outage is
the lowest layer broken at its first moment.
"""

from enum import StrEnum


class Layer(StrEnum):
    """From the cable to the data, lowest first. The values are public: labels and API."""

    PORT = "port"
    """TCP connect succeeded."""
    HANDSHAKE = "handshake"
    """The server version arrived in time."""
    SESSION = "session"
    """`nextValidId` and `managedAccounts` arrived, and the accounts are the ones meant."""
    HEARTBEAT = "heartbeat"
    """The last `reqCurrentTime` was answered in time."""
    UPSTREAM = "upstream"
    """The gateway has IBKR's servers."""
    FARMS = "farms"
    """No required farm is broken."""


LAYERS: tuple[Layer, ...] = tuple(Layer)
BELOW_UPSTREAM = frozenset({Layer.PORT, Layer.HANDSHAKE, Layer.SESSION, Layer.HEARTBEAT})
"""The layers that a server reset at IBKR cannot by itself have broken."""
_UP: dict[Layer | None, tuple[Layer, ...]] = {
    None: LAYERS,
    **{layer: LAYERS[:place] for place, layer in enumerate(LAYERS)},
}


def layers_up(broken: Layer | None) -> tuple[Layer, ...]:
    """The layers that are up when `broken` is the lowest one broken."""
    return _UP[broken]
