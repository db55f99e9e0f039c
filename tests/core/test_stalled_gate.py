"""A loop that stood still opens no gate on an answer that is older than a hang may stay unseen."""

from dataclasses import replace
from datetime import timedelta

import pytest

from supervisor.core.model.events import Ticked
from supervisor.core.step.step import step
from tests.core.driver import World


@pytest.mark.parametrize("stood", [2.5, 5.0, 60.0])
def test_a_late_loop_does_not_open_the_gate_on_an_old_answer(stood: float) -> None:
    world = World().up()
    world.run(100.0)
    while world.state.heartbeat.pings:
        world.run(0.05)
    assert world.snapshot.gate.open
    now = world.now
    late = replace(now, mono=now.mono + stood, boot=now.boot + stood, wall=now.wall + timedelta(seconds=stood))
    state = step(world.state, Ticked(), late, world.policy, 0.0).state
    assert not state.gate.open
    assert state.heartbeat.pings
