"""The first order id of each session, compared with that of the session before it.

- A gateway that lost its settings begins again at a low id, and an order that is sent with a used one changes an old
  order or is refused.
- Only sessions with the same host, port, client id and accounts are compared.
"""

import hashlib

from supervisor.core.model.facts import FirstId
from supervisor.frozen import dataclass, replace

REMEMBERED = 4
"""A client id and its fallback, each with two logins."""


@dataclass(frozen=True, slots=True)
class OrderIds:
    """What earlier sessions began with, and what this one did."""

    first: tuple[FirstId, ...] = ()
    """The last session first, and one for each kind of session."""
    regressed: bool = False
    """The session began lower than the one before, and nobody has confirmed it."""


def session_ready(ids: OrderIds, session: FirstId) -> OrderIds:
    """A session is ready. It began with this id."""
    before = next((each for each in ids.first if each.same_session(session)), None)
    others = tuple(each for each in ids.first if each is not before)
    regressed = before is not None and session.order_id < before.order_id
    return OrderIds((session, *others)[:REMEMBERED], regressed)


def session_over(ids: OrderIds) -> OrderIds:
    """There is no session."""
    return replace(ids, regressed=False) if ids.regressed else ids


def confirmed(ids: OrderIds) -> OrderIds:
    """The operator knows that the ids went back."""
    return replace(ids, regressed=False)


def login_of(accounts: tuple[str, ...]) -> str:
    """A mark that tells one login from another, and does not tell the account numbers."""
    return hashlib.sha256("\n".join(sorted(accounts)).encode()).hexdigest()[:4]
