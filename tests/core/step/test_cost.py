"""What a decision costs, in calls of functions: the same on every machine, however busy.

A call is one of Python's or of C's, as `sys.setprofile` counts them. `RELEASE_0_1` is what the last release called with
Python 3.11; later versions of Python call less. A decision may cost no more than it did then.
"""

import gc
import sys
from collections.abc import Callable, Mapping
from datetime import timedelta
from types import FrameType
from typing import Any

import pytest

from supervisor.core.calendar.clock import Now
from supervisor.core.model.events import Event, NoticeReceived, Ticked, TimeAnswered, TrafficSeen
from supervisor.core.step.step import step
from tests.core.driver import RESET, RESTART, World, policy

FARMS = 20
TIMES = 50


def busy() -> World:
    """A gateway with windows and farms, all up."""
    world = World(policy(windows=(RESTART, RESET), timezone="America/New_York")).up()
    for turn in range(FARMS):
        world.notice(2104, f"Market data farm connection is OK:usfarm{turn}")
    return world


def decide(world: World, event: Event) -> None:
    """What the daemon does with an event: the step, what is shown of it, and when the next is due."""
    world.state = step(world.state, event, world.now, world.policy).state
    world.snapshot  # noqa: B018 - it is made where it is read


def wait(world: World, seconds: float) -> None:
    world.now = Now(world.now.mono + seconds, world.now.wall + timedelta(seconds=seconds))


def calls(work: Callable[[], None]) -> int:
    """How many functions are called."""
    count = 0

    def profile(frame: FrameType, what: str, argument: Any) -> None:
        nonlocal count
        count += what in ("call", "c_call")

    before = sys.getprofile()
    gc.disable()  # others hang functions of theirs on it
    sys.setprofile(profile)
    try:
        work()
    finally:
        sys.setprofile(before)
        gc.enable()
    return count


def heartbeat(world: World) -> None:
    """The ping is due, and answered."""
    wait(world, 1.6)
    decide(world, Ticked())
    decide(world, TimeAnswered(world.state.session.epoch, int(world.now.wall.timestamp())))


def look(world: World) -> None:
    """A moment has passed, and nothing has happened."""
    wait(world, 0.001)
    decide(world, Ticked())


def traffic(world: World) -> None:
    decide(world, TrafficSeen(world.state.session.epoch))


def known_farm(world: World) -> None:
    """A farm is told to be as it is."""
    decide(world, NoticeReceived(world.state.session.epoch, -1, 2104, "Market data farm connection is OK:usfarm3"))


def blink(world: World) -> None:
    """A farm breaks, and heals."""
    epoch = world.state.session.epoch
    decide(world, NoticeReceived(epoch, -1, 2103, "Market data farm connection is broken:usfarm3"))
    decide(world, NoticeReceived(epoch, -1, 2104, "Market data farm connection is OK:usfarm3"))


RELEASE_0_1: Mapping[Callable[[World], None], int] = {
    heartbeat: 218,
    look: 80,
    traffic: 100,
    known_farm: 156,
    blink: 668,
}


@pytest.mark.parametrize("what", RELEASE_0_1, ids=lambda what: what.__name__)
def test_a_decision_calls_no_more_functions_than_it_did(what: Callable[[World], None]) -> None:
    world = busy()

    def often() -> None:
        for _ in range(TIMES):
            what(world)

    what(world)  # what the first one alone costs, such as compiling a pattern
    assert calls(often) / TIMES <= RELEASE_0_1[what]
