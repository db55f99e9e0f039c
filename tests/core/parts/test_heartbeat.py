"""The heartbeat: how a gateway that hangs is told from one that is busy."""

from itertools import pairwise

import pytest

from supervisor.core.model.events import TimeAnswered
from supervisor.core.model.layers import Layer
from supervisor.core.model.policy import Timing
from supervisor.core.model.status import Status
from supervisor.core.model.vocabulary import Phase
from supervisor.core.parts import heartbeat
from tests.core.driver import RESTART, World, policy


def lost(world: World) -> bool:
    return bool(world.losses())


def answer(world: World) -> None:
    """The answer to a ping, just now."""
    world.say(TimeAnswered, int(world.now.wall.timestamp()))


def silent(after: float = 0.0) -> World:
    """Up, and silent since its last answer, `after` seconds ago."""
    world = World().up()
    world.wait(lambda w: len(w.pings()) == 3)
    world.run(0.001)
    world.peer.answers = False
    return world.run(after) if after else world


def test_the_first_ping_goes_at_ready_and_the_layer_is_up_on_its_answer() -> None:
    world = World().start()
    world.wait(lambda w: w.phase is Phase.READY)
    assert len(world.pings()) == 1
    assert world.broken_layer is Layer.HEARTBEAT
    world.run(0.001)
    assert world.status is Status.UP


def test_the_interval_counts_from_the_last_answer() -> None:
    world = World()
    world.peer.round_trip = 0.7
    world.start().run(20)
    gaps = [later - earlier for earlier, later in pairwise(world.pings())]
    assert gaps == pytest.approx([2.2] * len(gaps))


def test_a_hang_ends_the_session_in_eight_and_a_half_seconds_at_worst() -> None:
    world = silent()
    assert world.wait(lost) == pytest.approx(8.5)
    assert world.losses() == {("heartbeat", False): 1}
    assert world.snapshot.counters.misses == 2


def test_a_stall_of_three_seconds_costs_nothing() -> None:
    world = World().up()
    for after in (0.0, 0.3, 0.6, 0.9, 1.2, 1.4):
        world.run(10 + after)
        world.peer.round_trip = 3.0
        world.run(4)
        world.peer.round_trip = 0.001
        world.run(4)
    assert world.counted() == {}
    assert world.snapshot.outage is None
    assert world.snapshot.counters.misses == 0


def test_the_first_miss_drops_the_layer_and_sends_one_more_at_once() -> None:
    world = silent()
    world.run(4.999)
    assert world.word() == "up"
    world.run(0.002)
    assert world.broken_layer is Layer.HEARTBEAT
    assert world.phase is Phase.READY
    assert world.pings()[-1] - world.pings()[-3] == pytest.approx(3.5)
    assert world.word() == "degraded"


def test_an_answer_between_the_misses_makes_the_layer_up_again_and_clears_the_misses() -> None:
    world = silent(6.0)
    answer(world)
    assert world.status is Status.UP
    assert world.state.heartbeat.misses == 0
    assert world.wait(lost) == pytest.approx(8.5)


def test_any_answer_settles_all_requests_in_flight() -> None:
    world = silent(6.0)
    assert len(world.state.heartbeat.pings) == 3
    answer(world)
    assert not world.state.heartbeat.pings


def test_an_answer_within_the_deadline_of_the_latest_request_makes_the_layer_up_although_it_is_the_earlier_ones() -> (
    None
):
    world = silent(5.1)
    answer(world)
    assert world.status is Status.UP


def test_an_answer_later_than_the_deadline_of_the_latest_request_settles_but_does_not_make_the_layer_up() -> None:
    beat = heartbeat.Heartbeat(pings=(10.0,), misses=1)
    settled, _ = heartbeat.answered(beat, 13.6, Timing())
    assert (settled.up, settled.misses) == (False, 0)
    assert settled.next_ping == pytest.approx(15.1)
    assert not settled.pings


def test_a_second_late_answer_sets_the_clock_again_because_the_gateway_ignores_what_follows_within_a_second() -> None:
    world = silent(6.0)
    answer(world)
    world.run(1.0)
    answer(world)  # the one to the other request
    last, before = world.elapsed, len(world.pings())
    world.wait(lambda w: len(w.pings()) > before)
    assert world.pings()[-1] - last == pytest.approx(1.5)


def test_an_unasked_answer_makes_no_layer_up() -> None:
    beat, round_trip = heartbeat.answered(heartbeat.Heartbeat(next_ping=12.0), 11.0, Timing())
    assert not beat.up
    assert round_trip is None


def test_only_a_lone_requests_round_trip_is_measured() -> None:
    world = silent(6.0)
    measured = sum(world.snapshot.counters.heartbeats.counts)
    answer(world)
    assert sum(world.snapshot.counters.heartbeats.counts) == measured
    world.peer.answers = True
    world.peer.round_trip = 0.2
    world.run(3)
    assert sum(world.snapshot.counters.heartbeats.counts) == measured + 1
    assert world.snapshot.heartbeat_seconds == pytest.approx(0.2)


def test_other_traffic_never_makes_the_layer_up_but_keeps_the_session_for_thirty_seconds_after_the_last_miss() -> None:
    world = silent()
    began = world.elapsed
    while not lost(world):
        world.traffic()
        assert world.elapsed < 100
        assert world.elapsed - began <= 5.0 or world.broken_layer is Layer.HEARTBEAT
        world.run(1.0)
    assert 38.5 <= world.elapsed - began <= 39.5
    assert world.losses() == {("heartbeat", False): 1}


def test_in_that_time_a_ping_goes_every_timeout() -> None:
    world = silent()
    for _ in range(30):
        world.traffic()
        world.run(1.0)
    pings = world.pings()[-6:]
    assert [b - a for a, b in pairwise(pings)] == pytest.approx([3.5] * 5)


def test_in_that_time_an_answer_saves_the_session() -> None:
    world = silent()
    for _ in range(20):
        world.traffic()
        world.run(1.0)
    answer(world)
    assert world.status is Status.UP
    assert world.state.heartbeat.last_miss is None


def test_in_that_time_complete_silence_of_one_timeout_ends_the_session() -> None:
    world = silent()
    for _ in range(15):
        world.traffic()
        world.run(1.0)
    world.traffic()
    assert world.wait(lost) == pytest.approx(3.5)


def test_traffic_before_the_last_timeout_does_not_save_the_session() -> None:
    world = silent(4.9)
    world.traffic()
    assert world.wait(lost) == pytest.approx(3.6)


def test_what_the_client_library_says_by_itself_is_no_traffic() -> None:
    world = silent(7.0)
    heard = world.state.last_message
    world.notice(531, "Request Current Time Sending Error - timed out")
    assert world.state.last_message == heard
    assert world.wait(lost) == pytest.approx(1.5)


def test_the_heartbeat_runs_in_windows_too() -> None:
    world = World(policy(windows=(RESTART,)), at="2027-01-06 23:40 NY").up()
    world.until("2027-01-06 23:46 NY")
    world.peer.answers = False
    assert world.wait(lost) <= 8.5
    assert world.losses() == {("heartbeat", True): 1}


def test_the_number_of_misses_is_a_setting() -> None:
    world = World(policy(timing=Timing(heartbeat_misses=1))).up()
    world.peer.answers = False
    assert world.wait(lost) <= 5.0
    world = World(policy(timing=Timing(heartbeat_misses=4))).up()
    world.peer.answers = False
    assert world.wait(lost) == pytest.approx(1.5 + 4 * 3.5, abs=0.1)


def test_a_reload_of_the_interval_counts_from_the_last_answer_already_waited_for() -> None:
    slow, quick = policy(timing=Timing(heartbeat_interval=300.0)), policy()
    world = World(slow).up()
    world.run(1)
    world.reload(quick)
    world.run(1)
    assert world.pings() == pytest.approx([0.004, 1.505], abs=0.01)
    world.reload(slow)
    world.run(200)
    assert len(world.pings()) == 2
    world.reload(quick)
    assert len(world.pings()) == 3, "long due"


def test_no_ping_goes_faster_than_the_interval_and_none_without_a_session() -> None:
    world = World().up()
    world.run(60)
    world.restart(None)
    sent = len(world.pings())
    world.run(60)
    assert len(world.pings()) == sent
    assert min(b - a for a, b in pairwise(world.pings())) >= 1.5


# -- suspect ----------------------------------------------------------------------------------------------------------


def test_a_hang_makes_the_gateway_suspect_after_two_seconds_at_worst_and_nothing_else() -> None:
    world = silent()
    world.run(1.999)
    assert not world.snapshot.suspect
    world.run(0.002)
    assert world.snapshot.suspect
    assert world.word() == "up"
    assert world.state.outages.current is None


def test_a_ping_that_the_gateway_merely_ignored_is_a_suspicion_of_less_than_a_second() -> None:
    world = silent(1.6)
    world.peer.answers = True
    ignored = world.pings()[-1]
    world.wait(lambda w: len(w.pings()) > 3 and w.pings()[-1] > ignored)
    assert world.pings()[-1] - ignored == pytest.approx(1.2)
    world.run(0.01)
    assert not world.snapshot.suspect
    assert world.state.counters.misses == 0
    world.run(2)
    assert world.state.counters.ignored == 1


def test_a_pause_of_the_gateway_that_answers_both_pings_is_no_ignored_one() -> None:
    world = World().up()
    world.run(10)
    world.peer.round_trip = 1.4
    world.run(2.0)
    world.peer.round_trip = 0.001
    world.run(10)
    assert world.state.counters.ignored == 0
    assert world.state.counters.misses == 0


def test_one_more_ping_goes_once_an_episode_and_only_if_the_gateway_was_quick_before() -> None:
    world = silent(4.9)
    assert len([at for at in world.pings() if at > world.elapsed - 4.0]) == 2
    slow = World()
    slow.peer.round_trip = 0.7
    slow.start().run(20)
    slow.peer.answers = False
    before = len(slow.pings())
    slow.run(4)
    assert len(slow.pings()) - before <= 1


def test_three_ignored_pings_within_ten_minutes_are_told_once_with_the_likely_reason() -> None:
    world = World().up()
    for _ in range(3):
        world.wait(lambda w: bool(w.state.heartbeat.next_ping))
        world.peer.answers = False
        world.wait(lambda w: bool(w.state.heartbeat.pings))
        world.run(0.1)
        world.peer.answers = True
        world.run(5)
    assert world.state.counters.ignored == 3
    (told,) = world.tells("ping_ignored")
    assert "another program asks it for the time" in told.text


def test_suspicion_ends_with_the_session() -> None:
    world = silent(3)
    assert world.snapshot.suspect
    world.drop()
    assert not world.snapshot.suspect


def test_a_first_ping_that_is_not_answered_makes_it_suspect_too() -> None:
    world = World()
    world.peer.answers = False
    world.start().run(0.6)
    assert world.snapshot.suspect
