"""A controller and a kernel that lie cost nothing but their own fact: weeks of faults, played with and without them.

The same gateway fails in the same ways twice, once beside controllers that tell the truth late, wrongly or not at all.
Every layer, status, outage and attempt is the same to the millisecond. Where the controller is right, the cause is too.
"""

import random
from dataclasses import replace

import pytest

from supervisor.core.explain.causes import explain
from supervisor.core.model.actions import Close, Connect, Ping, Probe
from supervisor.core.model.behind.controller import Process
from supervisor.core.model.behind.sight import GatewayProcess, LoginState, Sight, Sockets
from supervisor.core.model.events import Event, Sighted, SocketsSeen
from supervisor.core.model.vocabulary import Phase
from tests.core.driver import NEW_YORK, RELAXED, RESTART, World, policy

SETTINGS = policy(
    controller=Process(("gateway",)),
    kernel=True,
    timezone=NEW_YORK,
    windows=(RESTART,),
    timing=replace(RELAXED, heartbeat_interval=60.0),
)
DAY = 86400.0
FAULTS = ("restart", "hang", "refuse", "mute", "1100", "farm", "drop")


def lie(chance: random.Random) -> Event:
    """Anything that a controller or a kernel may say, true or not."""
    some = (None, *range(3))
    if chance.random() < 0.3:
        bytes_ = (None, 0, 17, 4096)
        return SocketsSeen(Sockets(None, *(chance.choice(bytes_) for _ in range(3))))
    process = chance.choice([None, GatewayProcess(chance.randrange(1, 4), 1.0)])
    sight = Sight(
        chance.choice([None, *LoginState]),
        process=process,
        running=chance.choice([None, True, False]),
        restarts=chance.choice(some),
        exit_status=chance.choice([None, 0, 137]),
        words="whatever",
    )
    return Sighted(sight, chance.choice([5.0, 60.0, 1e6]))


def played(seed: int, *, lies: bool) -> World:
    """Three days of faults by a seed."""
    chance, liar = random.Random(seed), random.Random(seed + 1000)
    world = World(SETTINGS, seed=seed).up()
    if lies:
        moment = 0.0
        while moment < 3 * DAY:
            moment += liar.uniform(1.0, 600.0)
            world.later(moment, lie(liar))
    end = world.now.mono + 3 * DAY
    while world.now.mono < end:
        world.run(chance.uniform(60.0, 20000.0))
        fault, lasts = chance.choice(FAULTS), chance.uniform(1.0, 900.0)
        if fault in ("restart", "refuse", "mute"):
            world.peer.port = "mute" if fault == "mute" else "refuse"
            if world.phase is Phase.READY:
                world.drop()
        elif fault == "hang":
            world.peer.answers = False
        elif fault == "drop" and world.phase is Phase.READY:
            world.drop()
        elif world.phase is Phase.READY:
            world.notice(1100 if fault == "1100" else 2103, "Market data farm connection is broken:usfarm")
        world.run(lasts)
        world.peer.port, world.peer.answers = "open", True
        world.run(5.0)
        if world.phase is Phase.READY:
            world.notice(1102, "restored - data maintained. All data farms are connected: usfarm.")
    return world


def deeds(world: World) -> list[tuple[float, str]]:
    """What was done to the gateway, and when."""
    return [
        (round(at, 3), type(action).__name__)
        for at, action in world.log
        if isinstance(action, Connect | Close | Ping | Probe)
    ]


@pytest.mark.parametrize("seed", range(4))
def test_lies_change_nothing_but_what_is_said(seed: int) -> None:
    told, untold = played(seed, lies=True), played(seed, lies=False)
    assert deeds(told) == deeds(untold)
    assert told.seen == untold.seen
    assert told.snapshot.status is untold.snapshot.status
    assert told.state.outages.totals.counts == untold.state.outages.totals.counts
    assert told.state.restarts.counts == untold.state.restarts.counts
    assert told.state.login.required is untold.state.login.required
    assert told.snapshot.counters.losses == untold.snapshot.counters.losses
    assert told.snapshot.counters.failures == untold.snapshot.counters.failures


@pytest.mark.parametrize("state", [LoginState.SECOND_FACTOR, LoginState.LOGIN_DIALOG, LoginState.LOCKED_OUT])
def test_a_controller_that_is_right_makes_the_cause_right(state: LoginState) -> None:
    world = World(SETTINGS).up()
    world.peer.port = "refuse"
    world.drop()
    cause = world.run(5).snapshot.cause
    assert cause is not None
    vague = explain(cause).words
    world.step(Sighted(Sight(state, running=True), 1e6))
    for _ in range(100):
        world.run(30)
        assert world.snapshot.cause is not None
        assert explain(world.snapshot.cause).words != vague
        assert world.snapshot.seen is not None
        assert world.snapshot.seen.login_state is state
