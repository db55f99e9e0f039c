"""The decider of one gateway: `step(state, event, now, policy)` gives the next state, actions and records.

The order of a step: time that passed is booked (`advance`), what fell due meanwhile is done (`deadlines`), the event
follows (`messages`, `requests`), then what it made due, and at the end the outage and the status are judged
(`conclude`), and the gate (`gating`). An event that means nothing in a phase changes nothing.
"""

from typing import NamedTuple

from supervisor.core.calendar.clock import Now
from supervisor.core.model.actions import Action
from supervisor.core.model.events import (
    CanaryEvent,
    Event,
    EyesEvent,
    ProgramRan,
    SessionEvent,
    ShutdownAsked,
    Ticked,
    TimeAsked,
)
from supervisor.core.model.policy import Policy
from supervisor.core.model.records import Record
from supervisor.core.step.advance import advance_time
from supervisor.core.step.conclude import conclude
from supervisor.core.step.deadlines import run_deadlines, wake_of
from supervisor.core.step.judging.gating import judge_gate
from supervisor.core.step.judging.seeing import on_eyes_event
from supervisor.core.step.judging.watching import on_canary_event
from supervisor.core.step.messages import on_session_event
from supervisor.core.step.program import ask_time, stand_still
from supervisor.core.step.requests import on_request
from supervisor.core.step.state import State
from supervisor.core.step.transition import Transition


class Decision(NamedTuple):
    """What follows from an event."""

    state: State
    actions: tuple[Action, ...]
    """To be carried out, in their order."""
    records: tuple[Record, ...]
    """What happened, in its order."""


def step(state: State, event: Event, now: Now, policy: Policy, late: float = 0.0) -> Decision:
    """What follows from `event` at `now`. No argument is changed; nothing is raised for any event in any state.

    `late`: seconds since `now`. An event is judged by its own time however long it waited, but what is sent on it goes
    only now, and its deadline counts from there.
    """
    acts_at = now.mono + late
    if now.mono < state.at.mono:
        now = state.at  # an event that waited while another one was decided
    transition = Transition(state.copied(), now, policy, acts_at)
    advance_time(transition)
    if type(event) is ProgramRan:  # before the deadlines are judged that it moves
        stand_still(transition, event)
    if state.wake.is_due(now):
        run_deadlines(transition)
    if isinstance(event, Ticked | ProgramRan):
        pass
    elif isinstance(event, SessionEvent):
        on_session_event(transition, event)
    elif isinstance(event, EyesEvent):
        on_eyes_event(transition, event)
    elif isinstance(event, CanaryEvent):
        on_canary_event(transition, event)
    elif isinstance(event, TimeAsked):
        ask_time(transition, event)
    else:
        on_request(transition, event)
    last = type(event) is ShutdownAsked
    conclude(transition, state, exactly=last)
    judge_gate(transition)
    transition.state.wake = wake_of(transition.state, policy)
    if transition.state.wake.is_due(now):  # what the event itself made due, such as the attempt after a loss
        run_deadlines(transition)
        conclude(transition, state, exactly=last)
        judge_gate(transition)
        transition.state.wake = wake_of(transition.state, policy)
    return Decision(transition.state, tuple(transition.actions), tuple(transition.records))
