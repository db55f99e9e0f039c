"""What the kernel says of the sockets between us and the gateway, while a request is not answered.

- Bytes that were not read are evidence: whoever listens on the port hangs. None are no evidence of anything, because
  before a container or behind socat they are a proxy's.
- Bytes that were not acknowledged mean that the network is silent; acknowledged ones, that it is not.
- A look counts for a request only if it was taken after it was sent, and for a few seconds.
"""

from supervisor.core.model.behind.sight import KernelSaid, KernelWord, Sockets
from supervisor.frozen import dataclass

FRESH = 3.0
"""Seconds for which a look counts: the next one comes after one."""
SETTLED = 0.3
"""Seconds after a request before its acknowledgement is missed: a lost packet is sent again after 0.2 s."""


@dataclass(frozen=True, slots=True)
class Kernel:
    """The last look, and when it was taken, in monotonic seconds."""

    sockets: Sockets | None = None
    seen_at: float = 0.0


NEVER_ASKED = Kernel()


def fresh(kernel: Kernel, now: float) -> Sockets | None:
    """The last look, while it counts."""
    return kernel.sockets if kernel.sockets is not None and now - kernel.seen_at < FRESH else None


def of_request(kernel: Kernel, sent_at: float, now: float, pid: int | None) -> KernelSaid | None:
    """What it says of a request that is not answered."""
    sockets = fresh(kernel, now)
    if sockets is None or kernel.seen_at < sent_at:
        return None
    seconds = round(now - sent_at)
    if sockets.unread:
        return KernelSaid(KernelWord.NOT_READ, seconds, sockets.unread, pid)
    if sockets.unacknowledged is None or kernel.seen_at < sent_at + SETTLED:
        return None
    if sockets.unacknowledged:
        return KernelSaid(KernelWord.NOT_ACKNOWLEDGED, seconds, sockets.unacknowledged)
    return KernelSaid(KernelWord.ACKNOWLEDGED, seconds, 0) if sockets.unread is None else None


def of_attempt(kernel: Kernel, now: float, pid: int | None) -> KernelSaid | None:
    """What it says of a connection that was accepted by the kernel, and on which nothing comes."""
    sockets = fresh(kernel, now)
    if sockets is None or not sockets.unaccepted:
        return None
    return KernelSaid(KernelWord.NOT_ACCEPTED, 0, sockets.unaccepted, pid)
