"""The same daemon without controller, canary and kernel, beside the one with them.

- `eyes change no decision`: whatever they say or keep to themselves, true or false, every attempt, layer, status,
  outage and count is that of the twin.
- `no gate is opened by eyes`: it is never open where the twin's is closed.
"""

from dataclasses import replace
from operator import attrgetter

from supervisor.core.calendar.clock import Now
from supervisor.core.model.actions import Action, Close, Connect, Ping, Probe
from supervisor.core.model.events import CanaryEvent, Event, EyesEvent, Reloaded, Ticked
from supervisor.core.model.facts import Facts
from supervisor.core.model.policy import Policy
from supervisor.core.step.state import State, initial
from supervisor.core.step.step import step
from tests.simulation.judges.violation import Violation, holds

SAME = "eyes change no decision"
_DECIDED = (
    "wake.wall",
    "session.phase",
    "session.deadline",
    "session.epoch",
    "session.reached",
    "heartbeat.up",
    "heartbeat.pings",
    "heartbeat.counts_from",
    "heartbeat.next_ping",
    "heartbeat.misses",
    "heartbeat.suspect",
    "heartbeat.owed",
    "upstream",
    "farms.known",
    "farms.broken",
    "accounts",
    "broken",
    "low_since",
    "status",
    "tried",
    "login",
    "restarts",
    "operator",
    "outages.observing",
    "outages.totals",
    "counters.attempts",
    "counters.sessions",
    "counters.failures",
    "counters.losses",
)
"""Not `heartbeat.answered_at`: over a stretch of skipped pings each of the two rounds it in its own way."""
_decided = attrgetter(*_DECIDED)
_seen = ("outages.current.began", "outages.current.planning", "outages.current.layer", "outages.current.ended")
_outage = attrgetter(*_seen)


def has_eyes(policy: Policy) -> bool:
    """Whether anything is looked at behind the port."""
    return policy.controller is not None or policy.canary is not None or policy.kernel


class Twin:
    """Of one process."""

    def __init__(self, policy: Policy, facts: Facts, now: Now, seed: int) -> None:
        self._policy, self._blind = policy, _blinded(policy)
        self.state = initial(self._blind, facts, now, seed)

    @property
    def policy(self) -> Policy:
        """The policy without eyes."""
        return self._blind

    def step(
        self, event: Event, now: Now, policy: Policy, late: float, after: State, actions: tuple[Action, ...]
    ) -> None:
        """The other one has heard this event. Raises Violation if it decided otherwise."""
        if policy is not self._policy:
            self._policy, self._blind = policy, _blinded(policy)
        if isinstance(event, EyesEvent | CanaryEvent):
            event = Ticked()
        elif isinstance(event, Reloaded):
            event = Reloaded(_blinded(event.before))
        decision = step(self.state, event, now, self._blind, late)
        self.state = mine = decision.state
        if _sent(actions) != _sent(decision.actions):
            raise Violation(SAME, f"{_sent(actions)}, without them {_sent(decision.actions)}")
        left, right = _decided(after), _decided(mine)
        if left != right:
            raise Violation(SAME, _difference(_DECIDED, left, right))
        theirs, ours = after.outages.current, mine.outages.current
        holds((theirs is None) is (ours is None), SAME, lambda: f"{theirs}, without them {ours}")
        if theirs is not None and _outage(after) != _outage(mine):
            raise Violation(SAME, _difference(_seen, _outage(after), _outage(mine)))
        if after.gate.open and not mine.gate.open:
            raise Violation("no gate is opened by eyes", f"closed for {mine.gate.reasons} without them")


def _blinded(policy: Policy) -> Policy:
    return replace(policy, controller=None, canary=None, kernel=False)


def _sent(actions: tuple[Action, ...]) -> list[Action]:
    return [action for action in actions if isinstance(action, Connect | Close | Ping | Probe)]


def _difference(names: tuple[str, ...], left: tuple[object, ...], right: tuple[object, ...]) -> str:
    found = (f"{n} {a}, without them {b}" for n, a, b in zip(names, left, right, strict=True) if a != b)
    return "; ".join(found)
