"""What a late loop decides: by the time of the event; what it sends has its whole time from then on."""

from dataclasses import replace

from supervisor.core.calendar.clock import Now
from supervisor.core.model.actions import Connect, Ping
from supervisor.core.model.events import Ending, SessionClosed, TrafficSeen
from supervisor.core.step.step import step
from tests.core.driver import World


def later(world: World, seconds: float) -> Now:
    world.jump(seconds)
    return replace(world.now, mono=world.now.mono + seconds)


def test_a_ping_that_goes_five_minutes_late_is_due_from_then_on() -> None:
    world = World().up()
    world.run(1)
    now = later(world, 10)
    state, actions, _ = step(world.state, TrafficSeen(world.state.session.epoch), now, world.policy, 300.0)
    assert any(isinstance(action, Ping) for action in actions)
    assert state.heartbeat.pings == (now.mono + 300,)
    assert state.wake.mono is not None
    after = replace(now, mono=now.mono + 200)
    again = step(state, TrafficSeen(state.session.epoch), after, world.policy, 100.0)
    assert again.state.heartbeat.misses == 0
    assert again.actions == ()


def test_an_attempt_that_begins_late_has_its_whole_time() -> None:
    world = World().up()
    world.run(100)
    epoch = world.state.session.epoch
    state, actions, _ = step(world.state, SessionClosed(epoch, Ending.RESET), world.now, world.policy, 60.0)
    assert any(isinstance(action, Connect) for action in actions)
    assert state.session.deadline == world.now.mono + 60 + world.policy.timing.connect_timeout


def test_lateness_of_an_event_from_before_the_last_decision_counts_from_its_own_time() -> None:
    world = World().up()
    world.run(100)
    early = replace(world.now, mono=world.now.mono - 5)
    state, _, _ = step(world.state, SessionClosed(world.state.session.epoch, Ending.RESET), early, world.policy, 3.0)
    assert state.session.deadline == world.now.mono + world.policy.timing.connect_timeout
