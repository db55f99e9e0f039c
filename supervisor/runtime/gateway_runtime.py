"""One gateway in the daemon: its state and its link. It takes events in and carries actions out."""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from supervisor.core.calendar.clock import Now
from supervisor.core.model.actions import Action, Close, Connect, Keep, Ping, Probe, Tell
from supervisor.core.model.events import Ending, Event, NoticeReceived, Reloaded, SessionClosed, ShutdownAsked
from supervisor.core.model.facts import Facts
from supervisor.core.model.policy import Policy
from supervisor.core.model.snapshot import Snapshot, snapshot
from supervisor.core.step import machine
from supervisor.core.step.state import initial

log = logging.getLogger("supervisor.daemon")

STALE = 1.0
"""Seconds after which the snapshot of a gateway is renewed although nothing has happened."""

LinkAction = Connect | Close | Ping | Probe


class Link(Protocol):
    """The connection to one gateway: `supervisor.gateway.link.GatewayLink`."""

    def carry_out(self, action: LinkAction) -> None:
        """Do it without blocking."""
        ...

    def close(self, timeout: float) -> bool:
        """End everything within `timeout` seconds."""
        ...


class Listener(Protocol):
    """Gets what happened and keeps it: log, journal, event stream."""

    def told(self, gateway: str, at: datetime, tell: Tell) -> None:
        """Something worth knowing."""
        ...

    def heard(self, gateway: str, at: datetime, code: int, text: str) -> None:
        """A message code of the present session."""
        ...

    def keep(self, gateway: str, facts: Facts) -> None:
        """Facts that must survive."""
        ...


class Unit:
    """One gateway. Only the loop uses it, except for `snapshot`, which any thread may read."""

    def __init__(
        self,
        policy: Policy,
        facts: Facts,
        now: Now,
        seed: int,
        link: Link,
        listener: Listener,
        post: Callable[[Event], None],
    ) -> None:
        self.policy = policy
        self.link = link
        self._listener = listener
        self._post = post
        self._state = initial(policy, facts, now, seed)
        self.snapshot: Snapshot = snapshot(self._state, policy)
        self.wake = machine.wake(self._state, policy)

    def step(self, event: Event, now: Now) -> None:
        """Let the machine decide, carry its actions out, and renew the snapshot."""
        before = self._state
        state, actions = machine.step(before, event, now, self.policy)
        self._state = state
        self.snapshot = snapshot(state, self.policy, self.snapshot)
        self.wake = machine.wake(state, self.policy)
        for action in actions:
            self._carry_out(action, state.at)
        if isinstance(event, NoticeReceived) and state.counters.messages is not before.counters.messages:
            self._listener.heard(self.policy.name, state.at.wall, event.code, event.text)

    @property
    def facts(self) -> Facts:
        """What must survive, as of the last step."""
        return self._state.facts

    def reload(self, policy: Policy, now: Now) -> None:
        """Apply a new policy. The session goes on if the new policy allows it."""
        before, self.policy = self.policy, policy
        self.step(Reloaded(before), now)

    def retire(self, now: Now) -> None:
        """The gateway has left the config. Release it, and do not wait for its threads."""
        self.step(ShutdownAsked(), now)
        self.link.close(0.0)

    def is_due(self, now: Now) -> bool:
        """Whether a deadline has passed on either clock, or the snapshot is `STALE` seconds old."""
        wake = self.wake
        return (
            now.mono - self.snapshot.at.mono >= STALE
            or (wake.mono is not None and now.mono >= wake.mono)
            or (wake.wall is not None and now.wall >= wake.wall)
        )

    def _carry_out(self, action: Action, now: Now) -> None:
        match action:
            case Tell():
                self._listener.told(self.policy.name, now.wall, action)
            case Keep(facts=facts):
                self._listener.keep(self.policy.name, facts)
            case _:
                self._link(action)

    def _link(self, action: LinkAction) -> None:
        try:
            self.link.carry_out(action)
        except Exception as error:
            log.exception("%s: could not carry out %s", self.policy.name, type(action).__name__)
            self._post(SessionClosed(action.epoch, Ending.ERROR, f"{type(error).__name__}: {error}"))
