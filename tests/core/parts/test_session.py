"""Phases, their deadlines, and what ends a session."""

from dataclasses import replace

import pytest

from supervisor.core.model.events import (
    AccountsReceived,
    CallbackFailed,
    Ending,
    HandshakeDone,
    NextIdReceived,
    NoticeReceived,
    PauseAsked,
    PortOpened,
    ProbeAnswered,
    ResumeAsked,
    SessionClosed,
    Started,
    TimeAnswered,
    TrafficSeen,
)
from supervisor.core.model.layers import Layer
from supervisor.core.model.vocabulary import Phase, Trigger
from supervisor.core.parts.session import TRANSITIONS, Greeting
from tests.core.driver import World, policy


def lowest(world: World) -> Layer | None:
    """The lowest layer broken."""
    return world.snapshot.broken


def ended(world: World) -> bool:
    return world.phase is Phase.BACKOFF


def test_a_layer_is_up_only_if_every_layer_before_it_is() -> None:
    world = World()
    world.peer.ready_after = 1.0
    broken = []
    world.start()
    for _ in range(4):
        broken.append(world.snapshot.broken)
        world.run(0.4)
    assert broken == [Layer.PORT, Layer.PORT, Layer.PORT, None]  # nothing is told of an attempt that has not finished


def test_on_the_loss_of_a_session_port_and_handshake_keep_the_result_of_the_last_finished_attempt() -> None:
    world = World().up()
    world.run(100)
    world.peer.port = "refuse"
    world.drop()
    assert lowest(world) is Layer.SESSION
    world.run(0.01)
    assert lowest(world) is Layer.PORT
    world.peer.port = "mute"
    world.run(12)
    assert lowest(world) is Layer.HANDSHAKE
    world.peer.port, world.peer.ready_after = "open", None
    world.wait(lambda w: w.snapshot.broken is Layer.SESSION, 30)


def test_the_cause_of_an_outage_is_the_lowest_layer_broken_at_its_first_moment_and_stays() -> None:
    world = World().up()
    world.run(100)
    world.notice(1100)
    world.run(10)
    world.restart(20)
    world.run(2)
    world.notice(1102)
    world.run(100)
    assert world.counted() == {("upstream", False): 1}


def test_ready_needs_both_next_id_and_accounts_in_either_order() -> None:
    for words in (
        [(AccountsReceived, ("U1",)), (NextIdReceived, 5)],
        [(NextIdReceived, 5), (AccountsReceived, ("U1",))],
    ):
        world = World()
        world.peer.ready_after = None
        world.start().run(0.01)
        for event, detail in words:
            assert world.phase is Phase.HANDSHAKING
            world.say(event, detail)
        assert world.phase is Phase.READY


def test_nothing_is_sent_until_ready() -> None:
    world = World()
    world.peer.ready_after = None
    world.start().run(9)
    assert world.pings() == []
    assert world.probes() == []


def test_a_connect_without_answer_is_given_up_after_three_seconds() -> None:
    world = World()
    world.peer.port = "lost"
    assert world.start().wait(ended) == pytest.approx(3.0)
    assert world.failures() == {"timeout": 1}
    assert world.closes()


def test_a_mute_handshake_is_given_up_five_seconds_after_the_connection() -> None:
    world = World()
    world.peer.port = "mute"
    assert world.start().wait(ended) == pytest.approx(5.001)
    assert world.failures() == {"handshake_timeout": 1}


def test_a_session_that_does_not_become_ready_is_given_up_ten_seconds_after_the_handshake() -> None:
    world = World()
    world.peer.ready_after = None
    assert world.start().wait(ended) == pytest.approx(10.002)
    assert world.failures() == {"session_timeout": 1}


@pytest.mark.parametrize(
    ("ending", "reason"),
    [
        (Ending.REFUSED, "refused"),
        (Ending.TIMEOUT, "timeout"),
        (Ending.CLOSED, "closed"),
        (Ending.RESET, "closed"),
        (Ending.PROTOCOL, "protocol"),
        (Ending.CALLBACK, "error"),
        (Ending.ERROR, "error"),
    ],
)
def test_each_end_before_ready_has_its_reason(ending: Ending, reason: str) -> None:
    world = World()
    world.peer.port = "lost"
    world.start()
    world.drop(ending)
    assert world.failures() == {reason: 1}
    assert world.phase is Phase.BACKOFF


def test_a_timeout_told_after_the_connection_is_one_of_the_handshake_and_after_that_one_of_the_session() -> None:
    world = World()
    world.peer.port = "mute"
    world.start().run(0.5)
    world.drop(Ending.TIMEOUT)
    assert world.failures() == {"handshake_timeout": 1}
    world.peer.port, world.peer.ready_after = "open", None
    world.wait(lambda w: w.phase is Phase.HANDSHAKING)
    world.drop(Ending.TIMEOUT)
    assert world.failures() == {"handshake_timeout": 1, "session_timeout": 1}


@pytest.mark.parametrize(
    ("ending", "reason"),
    [
        (Ending.CLOSED, "closed"),
        (Ending.RESET, "reset"),
        (Ending.PROTOCOL, "protocol"),
        (Ending.CALLBACK, "callback"),
        (Ending.ERROR, "callback"),
    ],
)
def test_each_end_of_a_ready_session_has_its_reason(ending: Ending, reason: str) -> None:
    world = World().up()
    world.drop(ending)
    assert world.losses() == {(reason, False): 1}


def test_late_words_of_an_earlier_epoch_are_dropped() -> None:
    world = World().up()
    old = world.snapshot.epoch
    world.run(100)
    world.drop()
    world.run(1)
    assert world.snapshot.epoch > old
    before = world.state
    for event in (
        PortOpened(old),
        HandshakeDone(old, 176, "x"),
        AccountsReceived(old, ("DU1",)),
        NextIdReceived(old, -5),
        TimeAnswered(old, 0),
        ProbeAnswered(old, 1),
        NoticeReceived(old, -1, 1100, ""),
        TrafficSeen(old),
        CallbackFailed(old, "x", "y"),
        SessionClosed(old, Ending.CLOSED),
    ):
        world.step(event)
    assert world.state == before


def test_after_its_end_a_session_says_nothing_any_more() -> None:
    world = World()
    world.peer.port = "refuse"
    world.start().wait(ended)
    before = world.state
    world.say(NoticeReceived, -1, 1100, "")
    world.say(SessionClosed, Ending.CLOSED)
    assert world.state == before


def test_a_session_is_closed_once_when_its_deadline_passes_and_before_the_next_is_opened() -> None:
    world = World().up()
    world.run(100)
    world.peer.answers = False
    world.wait(lambda w: bool(w.losses()))
    actions = [type(action).__name__ for _, action in world.log if type(action).__name__ in ("Connect", "Close")]
    assert actions == ["Connect", "Close", "Connect"]


def test_each_attempt_has_an_epoch_of_its_own_and_tells_how_long_it_may_block() -> None:
    world = World()
    world.peer.port = "refuse"
    world.start().run(20)
    epochs = [attempt.epoch for attempt in world.attempts()]
    assert epochs == list(range(1, len(epochs) + 1))
    first = world.attempts()[0]
    assert (first.host, first.port, first.client_id) == ("127.0.0.1", 4001, 911)
    assert (first.connect_timeout, first.handshake_timeout) == (3.0, 5.0)
    assert world.snapshot.counters.attempts == len(epochs)


def test_an_exception_in_a_callback_ends_the_session_and_is_counted() -> None:
    world = World().up()
    world.say(CallbackFailed, "error", "KeyError")
    assert world.snapshot.counters.callback_errors == 1
    assert world.losses() == {("callback", False): 1}
    world = World()
    world.peer.ready_after = None
    world.start().run(0.1)
    world.say(CallbackFailed, "error", "KeyError")
    assert world.failures() == {"error": 1}
    assert "A fault of this daemon" in world.tells("attempt_failed")[0].text


def test_a_run_loop_ended_by_a_callback_before_ready_is_told_as_our_own_fault() -> None:
    world = World()
    world.peer.port = "lost"
    world.start()
    world.drop(Ending.CALLBACK)
    assert "A fault of this daemon" in world.tells("attempt_failed")[0].text
    assert "A fault of this daemon" in world.why


def test_next_valid_id_lower_than_one_seen_earlier_is_counted() -> None:
    world = World()
    world.peer.order_id = 38103
    world.up().run(100)
    world.peer.order_id = 38099
    world.drop()
    world.run(1)
    assert world.snapshot.counters.regressions == 1
    assert "38103" in world.tells("order_id_back")[0].text
    world.run(100)
    world.peer.order_id = 38200
    world.drop()
    world.run(1)
    assert world.snapshot.counters.regressions == 1
    assert world.heir().state.highest_order_id == 38200


@pytest.mark.parametrize(
    ("text", "port"), [("Please reconnect on the new port - 4002", 4002), ("das hat keinen Port", None)]
)
def test_1300_ends_the_session_and_the_configured_port_is_retried(text: str, port: int | None) -> None:
    world = World().up()
    world.run(100)
    world.notice(1300, text)
    assert world.losses() == {("port_change", False): 1}
    assert world.attempts()[-1].port == 4001
    assert len(world.tells("port_changed")) == 1
    assert world.tells("port_changed")[0].fields["new_port"] == port
    named = f"from 4001 to {port}." if port else "from 4001 to one that it did not name."
    assert named in world.tells("session_lost")[0].text
    assert named in world.why


def test_1300_is_followed_only_if_configured_until_restart_or_reload() -> None:
    following = policy(follow_port_change=True)
    world = World(following).up()
    world.run(100)
    world.notice(1300, "Please reconnect on the new port - 4002")
    assert world.attempts()[-1].port == 4002
    world.run(100)
    assert world.snapshot.port == 4002
    world.drop()
    assert world.attempts()[-1].port == 4002
    world.step(PauseAsked())
    world.step(ResumeAsked())
    assert world.attempts()[-1].port == 4002, "a pause is neither"
    world.run(100)
    world.reload(replace(following, upstream_probe=False))
    assert world.phase is Phase.READY
    assert world.snapshot.port == 4002, "the session itself lives on"
    world.drop()
    assert world.attempts()[-1].port == 4001
    assert world.heir(following).start().attempts()[-1].port == 4001


def test_1300_without_a_port_follows_nothing() -> None:
    world = World(policy(follow_port_change=True)).up()
    world.run(100)
    world.notice(1300, "no port in it")
    assert world.attempts()[-1].port == 4001


def test_1300_in_the_handshake_is_told_and_followed_by_the_next_attempt() -> None:
    world = World(policy(follow_port_change=True))
    world.peer.ready_after = None
    world.start().run(0.1)
    world.notice(1300, "new port - 4002")
    assert world.phase is Phase.HANDSHAKING
    assert world.snapshot.port == 4001
    world.run(15)
    assert world.attempts()[-1].port == 4002


def test_words_in_the_wrong_phase_change_nothing() -> None:
    world = World()
    world.peer.port = "lost"
    world.start()
    before = world.state
    world.say(AccountsReceived, ("U1",))
    world.say(NextIdReceived, 5)
    world.say(TimeAnswered, 0)
    assert replace(world.state, last_message=None) == before
    world.say(PortOpened)
    deadline = world.state.session.deadline
    world.run(1)
    world.say(PortOpened)
    assert world.state.session.deadline == deadline
    world.say(HandshakeDone, 176, "")
    world.say(TimeAnswered, 0)
    assert world.snapshot.clock.skew is None
    assert world.phase is Phase.HANDSHAKING
    world.say(HandshakeDone, 200, "")
    assert world.state.session.greeting == Greeting(176)
    world.step(Started())
    assert world.phase is Phase.HANDSHAKING


def test_the_table_knows_every_phase_and_each_can_be_left() -> None:
    assert set(TRANSITIONS) == set(Phase)
    assert all(TRANSITIONS.values())
    reached = {phase for cues in TRANSITIONS.values() for phase in cues.values()}
    assert reached == set(Phase) - {Phase.IDLE}
    assert all(Trigger.STOP in cues for phase, cues in TRANSITIONS.items() if phase is not Phase.STOPPED)


def test_the_skew_is_the_gateways_clock_minus_ours() -> None:
    world = World().up()
    world.say(TimeAnswered, int(world.now.wall.timestamp()) + 7)
    assert world.snapshot.clock.skew == 7.0
