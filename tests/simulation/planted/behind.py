"""Faults planted in what is seen behind the port, and in the lease of the gate."""

from collections.abc import Callable
from datetime import datetime, timedelta

from supervisor.core.calendar import liquid
from supervisor.core.calendar.clock import Now
from supervisor.core.calendar.liquid import Span
from supervisor.core.model.behind.canary import CanaryState
from supervisor.core.model.behind.sight import LoginState
from supervisor.core.model.gate import GateReason
from supervisor.core.parts import gate, login
from supervisor.core.parts.behind import canary, eyes
from supervisor.core.parts.behind.canary import Canary, Stream
from supervisor.core.parts.behind.eyes import Eyes
from supervisor.core.parts.gate import Gate
from supervisor.core.step import conclude
from supervisor.core.step.judging import seeing
from supervisor.core.step.transition import Transition
from supervisor.observe.gate import body
from tests.simulation.planted.planting import constant, replaced


def _proves_the_login(right: Callable[..., None], transition: Transition) -> None:
    right(transition)
    state = transition.state
    if state.eyes.seen.login_state is LoginState.LOGGED_IN:
        state.login = login.confirmed(state.login, transition.policy, transition.now.wall)


def _for_ever(right: Callable[..., Eyes], known: Eyes, now: Now) -> Eyes:
    return known


def _against_a_session(
    right: Callable[..., Eyes], known: Eyes, now: Now, *, ready: bool, working: bool, restarting: bool
) -> Eyes:
    return right(known, now, ready=ready, working=False, restarting=restarting)


def _closes_nothing(right: Callable[..., Gate], part: Gate, reason: GateReason, *, holds: bool) -> Gate:
    return right(part, reason, holds=holds and reason is not GateReason.CANARY)


def _always_open(right: Callable[..., Span | None], spans: tuple[Span, ...], wall: datetime) -> Span | None:
    return right(spans, wall) or (wall - timedelta(days=1), wall + timedelta(days=1))


def _never_again(right: Callable[..., bool], stream: Stream, now: float) -> bool:
    return right(stream, now) and not stream.renew and stream.state is not CanaryState.DEAD


def _any_request(right: Callable[..., int | None], known: Canary, request: int) -> int | None:
    return 0 if request > 0 else None


MUTANTS = (
    constant("a lease holds for ten minutes", body, "LEASE", 600.0),
    constant("a lease holds somewhat longer", body, "LEASE", 2.4),
    replaced("a controller's word proves the login", seeing.judge_sight, _proves_the_login, conclude),
    replaced("a controller that hangs is believed for ever", eyes.expired, _for_ever),
    replaced("a controller is believed against a session that works", eyes.judged, _against_a_session),
    replaced("a dead canary leaves the gate open", gate.hold, _closes_nothing),
    replaced("the canary is judged while its market is closed", liquid.span_at, _always_open, canary),
    replaced("a stream that ended is not subscribed again", canary.wants_data, _never_again),
    replaced("data of an earlier subscription counts", canary.of_request, _any_request),
)
