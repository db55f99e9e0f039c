"""The shell of one gateway: its state, its link, and the carrying in of events and out of actions and records."""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from math import inf
from typing import NamedTuple, Protocol

from supervisor.core.calendar.clock import Now
from supervisor.core.model.actions import Action, Announce, BehindAction, Persist, SessionAction
from supervisor.core.model.events import Ending, Event, Reloaded, SessionClosed, ShutdownAsked
from supervisor.core.model.facts import Facts
from supervisor.core.model.policy import Policy
from supervisor.core.model.records import Record
from supervisor.core.model.snapshot import Snapshot
from supervisor.core.parts.telling import notify
from supervisor.core.step.state import Wake, initial
from supervisor.core.step.step import step
from supervisor.core.step.view import snapshot

log = logging.getLogger("supervisor.daemon")

STALE = 1.0
"""Seconds after which the snapshot of a gateway is renewed although nothing has happened: half of the gate's lease."""


class Due(NamedTuple):
    """The earliest moment at which a gateway is to be stepped, on either clock."""

    mono: float
    wall: datetime | None

    def has_come(self, now: Now) -> bool:
        """Whether it has passed on one of the clocks."""
        return now.mono >= self.mono or (self.wall is not None and now.wall >= self.wall)

    def or_earlier(self, other: "Due") -> "Due":
        """The earlier one of both, clock by clock."""
        no_earlier = other.mono >= self.mono and (other.wall is None or other.wall is self.wall)
        return self if no_earlier else soonest_of((self, other))


def soonest_of(dues: Sequence[Due]) -> Due:
    """The earliest moment, clock by clock."""
    walls = [due.wall for due in dues if due.wall is not None]
    return Due(min([due.mono for due in dues], default=inf), min(walls, default=None))


class Link(Protocol):
    """The connection to one gateway: `supervisor.gateway.link.GatewayLink`."""

    def carry_out(self, action: SessionAction) -> None:
        """Do it, without ever blocking."""
        ...

    def close(self, timeout: float) -> bool:
        """End everything within `timeout` seconds."""
        ...


class Listener(Protocol):
    """Is told what happened at each gateway, and what must survive: log, journal, event stream."""

    def happened(self, gateway: str, at: Now, record: Record) -> None:
        """Something happened."""
        ...

    def keep(self, gateway: str, facts: Facts) -> None:
        """Facts that must survive."""
        ...

    def announce(self, gateway: str, message: Announce) -> None:
        """People must be told."""
        ...


class GatewayRuntime:
    """One gateway; used from the loop alone, but for `snapshot`, which anybody may read."""

    def __init__(
        self,
        policy: Policy,
        facts: Facts,
        now: Now,
        seed: int,
        link: Link,
        listener: Listener,
        post: Callable[[Event], None],
        behind: Callable[[BehindAction, Policy], None] = lambda action, policy: None,
    ) -> None:
        self.policy = policy
        self.link = link
        self._listener = listener
        self._post = post
        self._behind = behind
        self._state = initial(policy, facts, now, seed)
        self.snapshot: Snapshot = snapshot(self._state, policy)
        self.due = Due(now.mono + STALE, None)
        """When the next step is due: at a deadline, or because the snapshot is to be renewed."""

    def step(self, event: Event, now: Now, late: float = 0.0) -> tuple[Record, ...]:
        """Let the core decide, carry out what it wants, tell what happened and return it, and show how things stand.

        `late`: seconds since `now`, for an event that waited.
        """
        before = self._state
        stale_at = max(before.at.mono, now.mono) + STALE
        self.due = Due(stale_at, None)  # first: a decision that fails is not tried at once again
        decision = step(before, event, now, self.policy, late)
        self._state = decision.state
        wake = decision.state.wake
        self.due = Due(stale_at if wake.mono is None else min(stale_at, wake.mono), wake.wall)
        self.snapshot = snapshot(decision.state, self.policy, (before, self.snapshot))
        for action in decision.actions:
            self._carry_out(action)
        for record in decision.records:
            self._listener.happened(self.policy.name, decision.state.at, record)
        return decision.records

    @property
    def wake(self) -> Wake:
        """When the next step is due."""
        return self._state.wake

    @property
    def facts(self) -> Facts:
        """What must survive, as of the last step."""
        return self._state.facts

    @property
    def urgent(self) -> bool:
        """Whether people were told of something critical that lasts."""
        return notify.urgent(self._state.notify)

    def reload(self, policy: Policy, now: Now) -> None:
        """Apply a new policy. The session goes on if the new policy allows it."""
        before, self.policy = self.policy, policy
        self.step(Reloaded(before), now)

    def retire(self, now: Now) -> None:
        """The gateway has left the config. Release it, and do not wait for its threads."""
        self.step(ShutdownAsked(), now)
        self.link.close(0.0)

    def _carry_out(self, action: Action) -> None:
        if isinstance(action, Persist):
            self._listener.keep(self.policy.name, action.facts)
            return
        if isinstance(action, Announce):
            self._listener.announce(self.policy.name, action)
            return
        if isinstance(action, BehindAction):
            self._behind(action, self.policy)
            return
        try:
            self.link.carry_out(action)
        except Exception as error:
            log.exception("%s: could not carry out %s", self.policy.name, type(action).__name__)
            self._post(SessionClosed(action.epoch, Ending.CALLBACK, f"{type(error).__name__}: {error}"))
