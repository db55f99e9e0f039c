"""The pace of a program's messages: IBKR ends a connection that sends more than 50 in a second.

- At most `RATE` messages go within `SPAN`, which is a little more than a second: a gateway counts when it reads, and
  what it reads late would count with what comes after it. What does not go at once waits, and waiting blocks nobody.
- Requests that waited go one after the other and not in a burst, for the same reason. Some of the messages are kept for
  orders and cancels: many requests at once do not hold an order up.
- Cancels go before orders, orders before the rest, each kind in its order. So the order of what concerns one order is
  kept, and a cancel passes only what concerns other orders.
- A cancel of an order that still waits takes it out. If the gateway never heard of that order, the cancel has done its
  work; else it goes too.
- An order never goes late: one that would wait longer than `patience` is refused at once, and one that did wait longer
  is stale and taken out.
- Our own messages do not wait. They count, and the program's leave room for them.
- Times are monotonic seconds.
"""

from enum import IntEnum
from typing import NamedTuple

from supervisor.frozen import dataclass, replace

RATE = 45
"""Messages within a second, at most."""
OURS = 3
"""Of these the program's messages leave so many to the heartbeat and the questions of the host."""
THEIRS = RATE - OURS
KEPT = 6
"""Of the program's messages so many are for orders and cancels alone."""
REQUESTS = THEIRS - KEPT
SPAN = 1.1
"""Seconds within which the messages are counted."""
APART = SPAN / REQUESTS
"""Seconds between two requests that waited."""
ROOM = 10_000
"""Messages that may wait, at most."""


class Priority(IntEnum):
    """What a message is. A lower number goes first."""

    CANCEL = 0
    ORDER = 1
    """An order, a change of one, an exercise of an option."""
    REQUEST = 2


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message that waits."""

    kind: Priority
    order_id: int | None
    """The order it concerns."""
    frame: bytes
    since: float
    what: str = ""
    """The request, for people."""
    known: bool = False
    """The gateway may know an order of this id already: this changes it."""


class Admission(NamedTuple):
    """What becomes of a message that was offered, and of others."""

    pacing: "Pacing"
    send: bool = False
    """It goes now."""
    refused: str = ""
    """It does not go at all, and why."""
    removed: tuple[Waiting, ...] = ()
    """Orders that a cancel took out. The program is to be told."""


class Due(NamedTuple):
    """What a moment asks for."""

    pacing: "Pacing"
    send: Waiting | None
    stale: tuple[Waiting, ...]
    """Orders that waited too long. The program is to be told."""


@dataclass(frozen=True, slots=True)
class Pacing:
    """The messages of one connection."""

    patience: float = 1.0
    """Seconds that an order may wait."""
    sent: tuple[float, ...] = ()
    """When the last ones went, at most `THEIRS`."""
    waiting: tuple[Waiting, ...] = ()
    """In the order in which they will go."""
    paced: int = 0
    """How many had to wait, since the beginning."""


def offer(pacing: Pacing, message: Waiting, *, every: bool = False) -> Admission:
    """A message comes. `every`: it cancels all orders."""
    removed: tuple[Waiting, ...] = ()
    if message.kind is Priority.CANCEL:
        removed = tuple(
            each for each in pacing.waiting if each.kind is Priority.ORDER and _concerns(message, each, every)
        )
        if removed:
            left = tuple(each for each in pacing.waiting if each not in removed)
            pacing = replace(pacing, waiting=left)
            if not every and not any(each.known for each in removed):
                return Admission(pacing, removed=removed)
    position = sum(each.kind <= message.kind for each in pacing.waiting)
    goes_at = _free_at(pacing, message.kind, position, message.since)
    if position == 0 and goes_at <= message.since:
        return Admission(counted(pacing, message.since), send=True, removed=removed)
    if message.kind is Priority.ORDER and goes_at - message.since > pacing.patience:
        return Admission(pacing, refused=f"it would wait {goes_at - message.since:.1f} s in the queue")
    if len(pacing.waiting) >= ROOM:
        return Admission(pacing, refused=f"{ROOM} messages wait already", removed=removed)
    waiting = (*pacing.waiting[:position], message, *pacing.waiting[position:])
    return Admission(replace(pacing, waiting=waiting, paced=pacing.paced + 1), removed=removed)


def counted(pacing: Pacing, now: float) -> Pacing:
    """A message went."""
    return replace(pacing, sent=(*pacing.sent, now)[-THEIRS:])


def due(pacing: Pacing, now: float) -> Due:
    """The message that goes now, if one does, and the orders that may not go any more."""
    stale = tuple(
        each for each in pacing.waiting if each.kind is Priority.ORDER and now - each.since > pacing.patience + _GRACE
    )
    if stale:
        pacing = replace(pacing, waiting=tuple(each for each in pacing.waiting if each not in stale))
    goes_at = wake(pacing, now)
    if goes_at is None or goes_at > now:
        return Due(pacing, None, stale)
    first = pacing.waiting[0]
    return Due(replace(counted(pacing, now), waiting=pacing.waiting[1:]), first, stale)


def wake(pacing: Pacing, now: float) -> float | None:
    """When the next message may go; None if none waits."""
    if not pacing.waiting:
        return None
    kind = pacing.waiting[0].kind
    goes_at = _free_at(pacing, kind, 0, now)
    return goes_at if kind is not Priority.REQUEST or not pacing.sent else max(goes_at, pacing.sent[-1] + APART)


_GRACE = 0.05
"""Seconds that a thread may be late, which is not the queue's fault."""


def _concerns(cancel: Waiting, order: Waiting, every: bool) -> bool:
    return every or (order.order_id is not None and order.order_id == cancel.order_id)


def _free_at(pacing: Pacing, kind: Priority, position: int, now: float) -> float:
    """When there is room for a message of this kind that has so many others before it."""
    most = REQUESTS if kind is Priority.REQUEST else THEIRS
    rounds, place = divmod(position, most)
    sent = pacing.sent[-most:]
    free = most - len(sent)
    if place < free:
        return now + rounds * SPAN
    return max(now, sent[place - free] + SPAN) + rounds * SPAN
