"""A hosted program: its slow callbacks are no fault of the gateway, and its time requests are pings."""

from supervisor.core.model.events import ProgramRan, TimeAsked
from supervisor.core.model.layers import Layer
from supervisor.core.model.vocabulary import Phase
from tests.core.driver import World


def ran(world: World, seconds: float, total: float) -> None:
    """Time passes in which the program has the thread; the core is told at every moment at which it acts."""
    end, began = world.now.mono + seconds, world.now.mono
    while world.now.mono < end:
        moment = world._next(end)
        world.now = type(world.now)(moment, world.now.wall)
        world.say(ProgramRan, total + moment - began)


def test_a_callback_of_a_minute_makes_nothing_suspect_and_costs_nothing() -> None:
    world = World().up()
    world.run(1.39)
    world.peer.answers = False
    world.run(0.05)  # a ping is on its way, and the callback begins
    pings = len(world.pings())
    ran(world, 60.0, 0.0)
    assert Layer.HEARTBEAT in world.layers
    assert not world.state.heartbeat.suspect
    assert len(world.pings()) == pings
    assert world.losses() == {}


def test_a_gateway_that_hangs_is_found_although_the_program_was_slow_before() -> None:
    world = World().up()
    world.peer.answers = False
    world.run(1.45)
    ran(world, 2.0, 0.0)
    assert world.wait(lambda world: world.phase is not Phase.READY, 20.0) < 12.0


def test_deadlines_move_by_each_second_once() -> None:
    world = World().up()
    world.peer.answers = False
    world.run(1.45)
    due = world.wake.mono
    assert due is not None
    world.say(ProgramRan, 0.02)
    world.say(ProgramRan, 0.02)
    world.say(ProgramRan, 0.01)
    assert world.wake.mono is not None
    assert abs(world.wake.mono - due - 0.02) < 1e-9


def test_what_an_earlier_session_ran_moves_nothing() -> None:
    world = World().up()
    before = world.state.heartbeat
    world.step(ProgramRan(world.state.session.epoch - 1, 5.0))
    world.step(TimeAsked(world.state.session.epoch - 1))
    assert world.state.heartbeat == before


def test_after_another_session_the_seconds_count_anew() -> None:
    world = World().up()
    world.say(ProgramRan, 5.0)
    world.drop()
    world.run(5.0)
    world.say(ProgramRan, 1.0)
    assert world.state.program_ran == (world.state.session.epoch, 1.0)


def test_an_attempt_that_waits_for_the_program_is_not_the_gateways_fault() -> None:
    world = World().start()
    world.peer.port = "lost"
    due = world.state.session.deadline
    world.say(ProgramRan, 2.5)
    assert due is not None
    assert world.state.session.deadline == due + 2.5


def test_the_programs_time_request_brings_the_next_ping_forward_but_never_under_the_throttle() -> None:
    world = World().up()
    answered = world.state.heartbeat.answered_at
    assert answered is not None
    world.run(0.3)
    world.say(TimeAsked)
    world.run(0.75)
    assert len(world.pings()) == 1
    world.run(0.2)
    assert len(world.pings()) == 2
    assert world.pings()[1] + world.began >= answered + 1.2


def test_a_time_request_joins_a_ping_on_its_way() -> None:
    world = World().up()
    world.peer.answers = False
    world.run(1.45)
    pings = len(world.pings())
    world.say(TimeAsked)
    world.run(0.2)
    assert len(world.pings()) == pings
