"""What a controller says beside what the port shows: right, wrong, late and mute controllers."""

from dataclasses import replace

import pytest

from supervisor.core.explain.causes import explain
from supervisor.core.model.behind.controller import Process
from supervisor.core.model.behind.sight import GatewayProcess, LoginSeen, LoginState, Sight, Sockets
from supervisor.core.model.cause import Cause, CauseKey
from supervisor.core.model.events import PauseAsked, Sighted, SocketsSeen, Started
from supervisor.core.model.status import Status
from tests.core.driver import NEW_YORK, RESTART, World, instant, policy

CONTROLLED = policy(controller=Process(("gateway",)), kernel=True, timezone=NEW_YORK, windows=(RESTART,))
ONE, TWO = GatewayProcess(100, 1.0), GatewayProcess(200, 9.0)
RUNS = Sight(process=ONE, running=True)
FACTOR = Sight(LoginState.SECOND_FACTOR, process=ONE, running=True)


def see(world: World, sight: Sight, good_for: float = 1e6) -> LoginState | None:
    world.step(Sighted(sight, good_for))
    return state(world)


def state(world: World) -> LoginState | None:
    seen = world.snapshot.seen
    assert seen is not None
    return seen.login_state


def closed(seconds: float = 1.0) -> World:
    """The port refuses."""
    world = World(CONTROLLED)
    world.peer.port = "refuse"
    world.step(Started())
    return world.run(seconds)


def test_without_a_controller_nothing_is_seen_and_its_words_are_dropped() -> None:
    world = World(policy()).up()
    world.step(Sighted(FACTOR, 60.0))
    assert world.snapshot.seen is None


def test_a_gateway_that_waits_for_the_second_factor_is_told_so() -> None:
    world = closed()
    assert see(world, FACTOR) is LoginState.SECOND_FACTOR
    assert world.snapshot.cause is not None
    assert world.snapshot.cause.key is CauseKey.PORT_REFUSED
    words = explain(world.snapshot.cause)
    assert "waits for the second factor since 07:00 (EST, Wed 06 Jan)" in words.words
    assert "phone" in words.cure


def test_the_words_of_a_cause_follow_what_is_seen() -> None:
    world = closed()
    see(world, FACTOR)
    see(world, Sight())
    assert world.snapshot.cause is not None
    assert "second factor" not in explain(world.snapshot.cause).words


def test_a_look_that_fails_makes_no_second_factor_begin_anew() -> None:
    """One slow answer of a controller, and a login that waits since midnight would wait since now."""
    world = closed()
    see(world, FACTOR)
    before = world.snapshot.seen
    assert before is not None
    world.run(120)
    assert see(world, Sight(words="it took too long")) is None
    world.run(120)
    see(world, FACTOR)
    assert world.snapshot.seen is not None
    assert world.snapshot.seen.since == before.since


@pytest.mark.parametrize("mute", [120, 601])
@pytest.mark.parametrize("process", [ONE, TWO])
def test_of_another_process_and_after_ten_minutes_without_a_word_it_counts_as_begun_anew(
    mute: int, process: GatewayProcess
) -> None:
    world = closed()
    see(world, FACTOR)
    before = world.snapshot.seen
    assert before is not None
    see(world, Sight())
    world.run(mute)
    see(world, replace(FACTOR, process=process))
    assert world.snapshot.seen is not None
    assert (world.snapshot.seen.since == before.since) is (process is ONE and mute == 120)


def test_a_session_that_works_proves_the_login_whatever_a_controller_says() -> None:
    world = World(CONTROLLED).up()
    for lie in LoginState:
        assert see(world, Sight(lie, running=False)) is LoginState.LOGGED_IN
    world.run(2)
    assert world.snapshot.status is Status.UP
    assert world.snapshot.gate.open


def test_a_dialog_that_was_told_before_a_session_was_ready_is_over_when_that_session_ends() -> None:
    world = closed()
    assert see(world, FACTOR) is LoginState.SECOND_FACTOR
    world.peer.port = "open"
    world.wait(lambda world: world.status is Status.UP)
    world.step(PauseAsked(None))
    assert state(world) is LoginState.LOGGED_IN
    assert see(world, FACTOR) is LoginState.SECOND_FACTOR, "until it is told again"


def test_while_ibkr_is_away_a_dialog_is_believed() -> None:
    world = World(CONTROLLED).up()
    world.notice(1100)
    assert see(world, FACTOR) is LoginState.SECOND_FACTOR
    assert see(world, RUNS) is LoginState.LOGGED_IN


def test_a_process_whose_port_stays_closed_for_a_minute_has_a_login_pending() -> None:
    world = closed()
    assert see(world, RUNS) is LoginState.STARTING
    world.run(61)
    assert state(world) is LoginState.LOGIN_PENDING


def test_a_login_that_was_told_days_ago_is_not_believed_against_a_closed_port() -> None:
    world = closed()
    assert see(world, Sight(LoginState.LOGGED_IN, running=True)) is None
    world.run(61)
    assert state(world) is LoginState.LOGIN_PENDING


def test_a_process_that_hangs_stays_logged_in() -> None:
    world = World(CONTROLLED).up()
    see(world, RUNS)
    world.peer.answers = False
    world.peer.port = "mute"
    world.run(60)
    assert world.snapshot.status is Status.DOWN
    assert state(world) is LoginState.LOGGED_IN
    assert world.snapshot.seen is not None
    assert world.snapshot.seen.proven


def test_a_process_that_is_gone_is_not_running() -> None:
    world = closed()
    assert see(world, Sight(running=False)) is LoginState.NOT_RUNNING
    assert world.snapshot.cause is not None
    assert "is not running" in explain(world.snapshot.cause).words


@pytest.mark.parametrize(
    ("status", "told"),
    [(0, LoginState.RESTARTING), (None, LoginState.RESTARTING), (137, LoginState.NOT_RUNNING)],
)
def test_an_exit_without_an_error_in_the_window_of_its_restart_is_a_restart(
    status: int | None, told: LoginState
) -> None:
    world = World(CONTROLLED, at="2027-01-06 23:40 NY").up()
    world.until("2027-01-06 23:45 NY")
    world.peer.port = "refuse"
    world.drop()
    world.run(2)
    assert see(world, Sight(running=False, exit_status=status)) is told
    assert see(world, RUNS) is LoginState.RESTARTING


def test_what_is_not_said_again_in_time_is_forgotten() -> None:
    world = closed()
    see(world, FACTOR, good_for=10.0)
    world.run(11)
    assert state(world) is None
    assert world.snapshot.seen is not None
    assert "does not answer" in world.snapshot.seen.words


def test_processes_are_told_apart_by_number_and_start() -> None:
    world = World(CONTROLLED).up()
    for sight in (RUNS, RUNS, Sight(process=TWO, running=True), Sight(), Sight(process=TWO, running=True)):
        see(world, sight)
    assert world.snapshot.seen is not None
    assert world.snapshot.seen.restarts == 1


def test_a_restart_that_only_its_keeper_counted_is_counted() -> None:
    world = World(CONTROLLED).up()
    for sight in (Sight(running=True, restarts=4), Sight(running=True, restarts=5), Sight(running=False)):
        see(world, sight)
    see(world, Sight(running=True, restarts=5))
    assert world.snapshot.seen is not None
    assert world.snapshot.seen.restarts == 2


def test_another_process_was_not_seen_logged_in() -> None:
    world = World(CONTROLLED).up()
    see(world, RUNS)
    world.peer.port = "refuse"
    world.drop()
    world.run(1)
    see(world, Sight(process=TWO, running=True))
    assert world.snapshot.seen is not None
    assert not world.snapshot.seen.proven


def test_a_port_that_closes_ends_the_proof_where_no_process_is_known() -> None:
    world = World(CONTROLLED).up()
    see(world, Sight(running=True))
    world.peer.port = "refuse"
    world.drop()
    world.run(1)
    assert world.snapshot.seen is not None
    assert not world.snapshot.seen.proven


def test_another_controller_begins_anew_and_keeps_the_count() -> None:
    world = closed()
    see(world, RUNS)
    see(world, Sight(LoginState.SECOND_FACTOR, process=TWO, running=True))
    world.reload(policy(controller=Process(("other",))))
    assert world.snapshot.seen is not None
    assert world.snapshot.seen.restarts == 1
    assert world.snapshot.seen.login_state is None


def test_a_controller_that_knows_since_when_is_believed_and_never_ahead_of_time() -> None:
    world = closed()
    for since, told in ((instant("2027-01-06T11:30:00Z"),) * 2, (instant("2030-01-01T00:00:00Z"), world.now.wall)):
        see(world, replace(FACTOR, since=since))
        assert world.snapshot.seen is not None
        assert world.snapshot.seen.since == told


def test_where_nobody_knows_since_when_the_words_leave_it_out() -> None:
    seen = LoginSeen(LoginState.SECOND_FACTOR, None, None)
    words = explain(Cause(CauseKey.MUTE, "127.0.0.1", 4001, login=seen)).words
    assert words == "The gateway at 127.0.0.1:4001 waits for the second factor."


# -- the kernel's word ------------------------------------------------------------------------------------------------


def hang(world: World, sockets: Sockets) -> str:
    """It answers no more; the kernel is asked as the daemon asks it."""
    world.peer.answers = False
    words = ""
    for _ in range(40):
        world.run(0.25)
        world.step(SocketsSeen(sockets))
        if world.snapshot.cause is not None and not words:
            words = explain(world.snapshot.cause).words
    return words


@pytest.mark.parametrize(
    ("sockets", "words"),
    [
        (Sockets(unread=17), "What listens on the port at 127.0.0.1:4001 has not read our request for 4 s"),
        (Sockets(unacknowledged=17), "The network to 127.0.0.1:4001 is silent"),
        (Sockets(unacknowledged=0), "The machine at 127.0.0.1:4001 has taken our request"),
        (Sockets(unread=0, unacknowledged=0), "no longer answers"),
        (Sockets(), "no longer answers"),
    ],
)
def test_the_kernel_tells_a_hang_from_a_silent_network(sockets: Sockets, words: str) -> None:
    assert words in hang(World(CONTROLLED).up(), sockets)


def test_the_word_is_there_as_soon_as_the_gateway_is_suspect() -> None:
    world = World(CONTROLLED).up()
    world.peer.answers = False
    world.wait(lambda world: world.snapshot.suspect, 5.0)
    world.step(SocketsSeen(Sockets(unread=17)))
    assert world.snapshot.kernel is not None
    world.run(4)
    assert world.snapshot.kernel is None, "an old look says nothing"


def test_a_port_that_accepts_nothing_is_told_so() -> None:
    world = World(CONTROLLED)
    world.peer.port = "mute"
    world.step(Started())
    for _ in range(8):
        world.step(SocketsSeen(Sockets(unaccepted=1)))
        world.run(1)
    assert world.snapshot.cause is not None
    assert "has not accepted 1 connection:" in explain(world.snapshot.cause).words


def test_where_the_kernel_is_not_to_be_asked_its_word_is_dropped() -> None:
    world = World(policy()).up()
    world.step(SocketsSeen(Sockets(unread=17)))
    assert world.snapshot.sockets is None
