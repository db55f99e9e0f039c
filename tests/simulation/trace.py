"""What happened, one line a step: for people who look at a schedule that broke a promise."""

from collections import deque
from datetime import timedelta

from supervisor.core.model.actions import Action, Announce, Close, Connect, Heal, LookAtSockets, Persist, Ping, Probe
from supervisor.core.model.behind.canary import CanaryClose, CanaryConnect, CanaryHoursAsk, CanarySubscribe
from supervisor.core.model.events import Event, NoticeReceived, SessionClosed, SessionEvent
from supervisor.core.step.state import State
from supervisor.core.step.step import Decision
from tests.simulation.world.scenario import Scenario


class Trace:
    """The last steps of a run, as lines."""

    def __init__(self, scenario: Scenario, most: int = 60) -> None:
        self._begins = scenario.begins
        self.lines: deque[str] = deque(maxlen=most)

    def __call__(self, t: float, before: State, event: Event, decision: Decision) -> None:
        after = decision.state
        wall = self._begins + timedelta(seconds=t)
        phases = f"{before.session.phase} -> {after.session.phase}"
        did = " ".join(map(_did, decision.actions))
        broken = after.broken or "nothing"
        self.lines.append(
            f"{wall:%Y-%m-%d %H:%M:%S.%f} {_told(event):<28} {phases:<26} {broken:<9} {after.status:<16} {did}"
        )


def _told(event: Event) -> str:
    words = type(event).__name__
    if isinstance(event, NoticeReceived):
        words += f" {event.code}"
    if isinstance(event, SessionClosed):
        words += f" {event.ending}"
    return f"{words} #{event.epoch}" if isinstance(event, SessionEvent) else words


def _did(action: Action) -> str:
    match action:
        case Connect():
            return f"connect #{action.epoch}"
        case Close():
            return f"close #{action.epoch}"
        case Ping():
            return "ping"
        case Probe():
            return f"probe {action.request_id}"
        case Announce():
            return f"announce {action.key}"
        case Persist():
            return "persist"
        case Heal():
            return f"heal {action.rung}"
        case LookAtSockets():
            return "look"
        case CanaryConnect() | CanaryClose() | CanaryHoursAsk() | CanarySubscribe():
            return f"canary {type(action).__name__.removeprefix('Canary').lower()} #{action.epoch}"
