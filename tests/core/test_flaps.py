"""What an outage may be continued by, and for how long."""

from datetime import timedelta

import pytest

from supervisor.core.model.events import ShutdownAsked
from supervisor.core.model.facts import Facts, OpenOutage
from supervisor.core.model.layers import Layer
from supervisor.core.model.policy import Timing
from supervisor.core.model.vocabulary import Planning
from tests.core.driver import NOON, RESET, World, instant, policy


def drop(world: World, seconds: float = 1.0, gap: float = 29.0) -> None:
    world.notice(1100)
    world.run(seconds)
    world.notice(1102)
    world.run(gap)


def flaps(world: World) -> dict[tuple[str, bool], int]:
    counts = world.state.outages.totals.flaps.items()
    return {(layer.value, planning is Planning.PLANNED): times for (layer, planning), times in counts}


def test_twenty_drops_in_ten_minutes_are_two_outages_and_eighteen_flaps() -> None:
    world = World().up()
    world.run(100)
    for _ in range(20):
        drop(world)
    world.run(60)
    assert world.counted() == {("upstream", False): 2}
    assert flaps(world) == {("upstream", False): 18}
    assert world.booked() == {("upstream", False): 20.0}
    first, second = world.tells("outage_closed")
    assert first.text.endswith("11.0 s without upstream, broken again 10 times")
    assert (first.fields["flaps"], second.fields["flaps"]) == (10, 8)


def test_drops_for_four_hours_are_an_outage_for_each_five_minutes_not_one_for_ever() -> None:
    world = World().up()
    world.run(100)
    for _ in range(480):
        drop(world)
    assert world.counted()[("upstream", False)] == pytest.approx(48, abs=5)


def test_a_long_outage_may_be_continued_like_a_short_one_counted_from_its_first_end() -> None:
    world = World().up()
    world.run(100)
    drop(world, seconds=1200.0)
    drop(world)
    world.run(60)
    assert world.counted() == {("upstream", False): 1}
    assert flaps(world) == {("upstream", False): 1}


def test_one_that_ends_when_it_can_be_continued_no_more_closes_at_once() -> None:
    world = World().up()
    world.run(100)
    drop(world)
    drop(world, seconds=400.0, gap=0.0)
    assert world.counted() == {("upstream", False): 1}
    drop(world)
    world.run(60)
    assert world.counted() == {("upstream", False): 2}


def test_the_longest_merge_is_ten_times_outage_merge() -> None:
    world = World(policy(timing=Timing(outage_merge=10.0))).up()
    world.run(100)
    for _ in range(20):
        drop(world, gap=9.0)
    world.run(60)
    assert world.counted() == {("upstream", False): 2}


def test_flaps_outlive_the_process_with_their_outage() -> None:
    world = World().up()
    world.run(100)
    drop(world)
    world.notice(1100)
    world.run(1)
    world.step(ShutdownAsked())
    assert world.facts.outage is not None
    assert world.facts.outage.flaps == 1
    heir = world.heir(after=60).start()
    heir.peer.probes = True
    heir.run(60)
    assert next(record.flaps for record in heir.records if hasattr(record, "flaps")) == 1
    assert flaps(heir) == {}, "the counters of this process"


# -- sleep ------------------------------------------------------------------------------------------------------------


def test_no_outage_is_continued_across_a_suspend() -> None:
    world = World().up()
    world.run(100)
    drop(world, gap=5.0)
    world.sleep(8 * 3600)
    assert world.counted() == {("upstream", False): 1}
    assert world.state.outages.last is not None
    assert world.state.outages.last.ended < world.now.wall - timedelta(hours=8)
    world.run(1)
    drop(world)
    world.run(60)
    assert world.counted()[("upstream", False)] == 2


def test_one_that_had_not_ended_goes_on_with_its_beginning() -> None:
    world = World().up()
    world.run(100)
    world.notice(1100)
    began = world.state.outages.current
    world.sleep(8 * 3600)
    world.run(1)
    current = world.state.outages.current
    assert began is not None
    assert current is not None
    assert (current.began, current.layer) == (began.began, Layer.UPSTREAM)
    assert world.counted() == {}


def test_one_that_an_earlier_process_left_open_and_that_ended_is_continued_as_any() -> None:
    left = OpenOutage(instant(NOON), "upstream", False, 30.0)
    world = World(facts=Facts(known=True, outage=left)).up()
    world.run(10)
    world.notice(1100)
    world.run(1)
    world.notice(1102)
    world.run(60)
    assert world.counted() == {("upstream", False): 1}
    assert flaps(world) == {("upstream", False): 1}


def test_the_five_minutes_of_a_server_reset_count_the_time_asleep() -> None:
    world = World(policy(windows=(RESET,)), at="2027-01-06 00:00 NY").up()
    world.until("2027-01-06 00:20 NY")
    world.restart(None)
    world.run(60)
    assert world.word() == "maintenance"
    world.sleep(1800)
    assert world.word() == "down"


def test_a_short_sleep_leaves_the_rest_of_them() -> None:
    world = World(policy(windows=(RESET,)), at="2027-01-06 00:00 NY").up()
    world.until("2027-01-06 00:20 NY")
    world.restart(None)
    world.run(60)
    world.sleep(120)
    world.run(119)
    assert world.word() == "maintenance"
    world.run(2)
    assert world.word() == "down"
