"""How soon a session is back after the gateway is, where an attempt or a wait is under way at that moment: medians."""

import random
from itertools import pairwise
from statistics import median

from supervisor.core.model.policy import Timing
from supervisor.core.model.status import Status
from tests.core.driver import World, policy

SELDOM = policy(timing=Timing(heartbeat_interval=300.0))
"""Fewer steps."""
PROMISED = 1.2
"""Seconds, the median. Pure chance decides where in an attempt the gateway comes back."""
LIVES = 60


def back_after(number: int, *, mute: bool, away: float) -> float:
    """Seconds from the gateway's return to every layer up, after a session that was stable."""
    world = World(SELDOM, seed=number).up().run(70.0)
    if mute:
        world.peer.port = "mute"
    else:
        world.peer.taken = {world.policy.client_id}
    world.drop()
    world.run(away)
    world.peer.port, world.peer.taken = "open", set()
    return world.wait(lambda world: world.status is Status.UP)


def test_after_half_a_minute_of_a_mute_gateway_we_are_back_in_a_second() -> None:
    chance = random.Random(1)
    took = [back_after(number, mute=True, away=35.0 + chance.uniform(0.0, 5.0)) for number in range(LIVES)]
    assert median(took) <= PROMISED
    assert max(took) < 2.5, "an attempt of two seconds, and the first step of the backoff"


def test_when_a_ghost_of_our_own_gives_up_the_id_we_are_back_in_a_second() -> None:
    chance = random.Random(1)
    took = [back_after(number, mute=False, away=20.0 + chance.uniform(0.0, 5.0)) for number in range(LIVES)]
    assert median(took) <= PROMISED
    assert max(took) < 2.1


def test_pauses_between_attempts_at_a_mute_gateway_stay_random_and_grow_after_the_early_minute() -> None:
    world = World(SELDOM, seed=3).up().run(70.0)
    world.peer.port = "mute"
    lost = world.elapsed
    world.drop()
    world.run(200.0)
    begun = [at - lost for at in world.connects() if at > lost - 0.001]
    gaps = [(at, later - at) for at, later in pairwise(begun)]
    early = [gap - 2.0 for at, gap in gaps if at < 55.0]
    assert all(0.05 <= pause <= 0.26 for pause in early)
    assert len({round(pause, 3) for pause in early}) > 10, "a hundred gateways are not tried in one beat"
    assert max(gap for at, gap in gaps if at > 62.0) > 6.0, "an attempt of five seconds, and a longer pause"
