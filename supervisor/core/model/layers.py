"""The ladder: what works, in order. Each layer is up only if all before it are.

The cause of an outage is the lowest layer broken at its first moment.
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


LADDER: tuple[Layer, ...] = tuple(Layer)
HEIGHT: dict[Layer, int] = {layer: height for height, layer in enumerate(LADDER)}
TOP = len(LADDER)


def lowest_broken(height: int) -> Layer | None:
    """The first layer that does not work when `height` layers do; None if all do."""
    return LADDER[height] if height < TOP else None


def below_upstream(layer: Layer) -> bool:
    """Whether a server reset at IBKR cannot by itself have broken this layer."""
    return HEIGHT[layer] < HEIGHT[Layer.UPSTREAM]
