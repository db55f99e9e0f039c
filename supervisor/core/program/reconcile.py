"""What a program missed while it had no session, or no upstream: asked for, and told when all of it was heard.

- Two questions: the open orders and the executions. Each ends with a message of its own, or is refused by an error.
- After `LIMIT` what was heard so far has to do, and the program is told that it is not all.
- A gateway tells executions since its midnight only. If that midnight lies between the loss and the answer, some may
  be missing, and nobody can ask for them here.
- A loss is noticed late: a connection that is silent is given up only after the heartbeat's patience.
- An answer that comes while IBKR is away is what the gateway remembers. In a server reset that is not known at first,
  and the round waits for the probe that decides it.
- Times are monotonic seconds of a clock that may stand still while the program's own code runs, but for `lost_at`,
  which may be of an earlier process.
"""

from datetime import datetime, timedelta

from supervisor.frozen import dataclass, replace

LIMIT = 10.0
"""Seconds for both answers."""
NOTICED_WITHIN = timedelta(minutes=1)
"""A loss is noticed so late at most: what happened before may not have been heard either."""


@dataclass(frozen=True, slots=True)
class Reconcile:
    """One round of questions."""

    request_id: int
    """Of the question for executions."""
    deadline: float
    lost_at: datetime | None = None
    """Since when something may have been missed; None if nothing can have been."""
    orders: bool = False
    """All open orders were heard."""
    executions: bool = False
    """All executions were heard."""
    refused: str = ""
    """What the gateway said against one of the questions."""


@dataclass(frozen=True, slots=True)
class Heard:
    """The end of a round."""

    complete: bool
    reason: str = ""
    """Why it is not complete."""


def orders_heard(round_: Reconcile) -> Reconcile:
    """The end of the open orders came."""
    return replace(round_, orders=True)


def executions_heard(round_: Reconcile, request_id: int) -> Reconcile:
    """The end of the executions of a question came."""
    return replace(round_, executions=True) if request_id == round_.request_id else round_


def refused(round_: Reconcile, request_id: int, code: int, text: str) -> Reconcile:
    """The gateway told an error about a question."""
    if request_id != round_.request_id:
        return round_
    return replace(round_, executions=True, refused=f"the gateway refused the question for executions: {code} {text}")


def is_over(round_: Reconcile, now: float, *, undecided: bool = False) -> bool:
    """Whether nothing more is waited for. `undecided`: a probe is about to tell whether IBKR is away."""
    return (round_.orders and round_.executions and not undecided) or now >= round_.deadline


def result(
    round_: Reconcile, wall: datetime, offset: timedelta, *, upstream: bool, undecodable: tuple[str, ...] = ()
) -> Heard:
    """What the round came to. `wall`: now; `offset`: the gateway's clock from UTC; `undecodable`: messages lost."""
    if undecodable:
        return Heard(False, f"could not be decoded: {', '.join(undecodable)}")
    if round_.refused:
        return Heard(False, round_.refused)
    missing = [
        name for name, heard in (("the open orders", round_.orders), ("the executions", round_.executions)) if not heard
    ]
    if missing:
        return Heard(False, f"{' and '.join(missing)} were not told within {LIMIT:g} s")
    if not upstream:
        return Heard(False, "the gateway has lost IBKR's servers, and told what it remembers")
    if round_.lost_at is not None and midnight_between(round_.lost_at - NOTICED_WITHIN, wall, offset):
        return Heard(False, "the gateway's midnight has passed meanwhile: it tells executions since midnight only")
    return Heard(True)


def midnight_between(earlier: datetime, later: datetime, offset: timedelta) -> bool:
    """Whether a midnight of the gateway's clock lies between two instants."""
    return (earlier + offset).date() != (later + offset).date()
