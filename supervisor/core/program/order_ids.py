"""Order ids of one client id: the next one that is safe, and which ones the gateway may know.

A gateway's `nextValidId` may go back after a restart. An id that was used once must not be used for another order, so
the next one is the larger of the gateway's word and one more than the highest that this client id ever used.
"""

from supervisor.frozen import dataclass, replace

LARGEST = 2**31 - 1


@dataclass(frozen=True, slots=True)
class OrderIds:
    """What is known of the ids of one client id."""

    highest: int = 0
    """The highest that was sent or heard of; 0 if none was."""
    valid: int = 0
    """This session's `nextValidId`; 0 before it."""

    @property
    def next(self) -> int:
        """The next id that no order has."""
        return max(self.valid, self.highest + 1)


def told(ids: OrderIds, valid: int) -> OrderIds:
    """`nextValidId` came."""
    return replace(ids, valid=valid)


def used(ids: OrderIds, order_id: int) -> OrderIds:
    """An order with this id was sent, or heard of. An id that none can have is ignored."""
    return replace(ids, highest=order_id) if ids.highest < order_id < LARGEST else ids
