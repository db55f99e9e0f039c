"""What is seen behind the port: where it enters a step, and what it does to the likely cause."""

from typing import assert_never

from supervisor.core.model.behind.sight import LoginStateChanged
from supervisor.core.model.events import EyesEvent, Sighted, SocketsSeen
from supervisor.core.parts.behind import eyes
from supervisor.core.parts.behind.kernel import Kernel
from supervisor.core.step.transition import Transition
from supervisor.frozen import replace


def on_eyes_event(transition: Transition, event: EyesEvent) -> None:
    """A look behind the port. One that nobody configured any more is dropped."""
    state, policy = transition.state, transition.policy
    match event:
        case Sighted():
            if policy.controller is not None:
                state.eyes = eyes.looked(state.eyes, event.sight, event.good_for, transition.now)
        case SocketsSeen():
            if policy.kernel:
                state.kernel = Kernel(event.sockets, transition.now.mono)
        case _:
            assert_never(event)


def judge_sight(transition: Transition) -> None:
    """At the end of a step: what controller and port together say, and the cause in their words."""
    state, policy = transition.state, transition.policy
    before = state.eyes.seen
    working = transition.ready and state.heartbeat.up and state.upstream.up
    restarting = transition.in_restart_window and state.restarts.pending
    known = eyes.expired(state.eyes, transition.now)
    state.eyes = eyes.judged(known, transition.now, ready=transition.ready, working=working, restarting=restarting)
    seen = eyes.login_seen(state.eyes, policy.timezone)
    if state.eyes.seen.login_state is not before.login_state:
        transition.records.append(LoginStateChanged(before.login_state, seen, state.eyes.seen.words))
    if state.cause is not None and not transition.ready and state.cause.login != seen:
        state.cause = replace(state.cause, login=seen)
