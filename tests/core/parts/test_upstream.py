"""Upstream: what ends it, and what alone brings it back."""

from dataclasses import replace

import pytest

from supervisor.core.explain.report import Level
from supervisor.core.model.events import ProbeAnswered
from supervisor.core.model.facts import Facts
from supervisor.core.model.layers import Layer
from supervisor.core.model.status import Status
from supervisor.core.model.vocabulary import Data, Evidence, Phase
from tests.core.driver import RELAXED, RESET, World, policy

NO_PROBE = policy(upstream_probe=False)


def carried(settings: object = None) -> World:
    """Ready again after a session that ended with the loss outstanding."""
    world = World(settings if settings is not None else policy()).up()  # type: ignore[arg-type]
    world.run(100)
    world.notice(1100, "Connectivity between IB and Trader Workstation has been lost.")
    world.run(5)
    world.drop()
    world.wait(lambda w: w.phase is Phase.READY)
    return world


def since_ready(world: World) -> list[float]:
    ready = world.state.ready_at
    assert ready is not None
    return [at + world.began - ready for at in world.probes() if at + world.began > ready]


@pytest.mark.parametrize("code", [1100, 2110])
def test_1100_and_2110_end_it(code: int) -> None:
    world = World().up()
    world.notice(code)
    assert world.broken_layer is Layer.UPSTREAM
    assert world.status is Status.DEGRADED
    assert world.phase is Phase.READY


@pytest.mark.parametrize(("code", "data"), [(1101, Data.LOST), (1102, Data.MAINTAINED)])
def test_1101_and_1102_bring_it_back_and_say_what_became_of_the_data(code: int, data: Data) -> None:
    world = World().up()
    world.notice(1100)
    world.run(20)
    assert world.snapshot.counters.upstream_losses == {}
    world.notice(code)
    assert world.status is Status.UP
    assert world.snapshot.counters.upstream_losses == {data: 1}
    assert world.state.upstream.evidence == str(code)


def test_a_loss_of_twenty_seconds_is_reported_for_exactly_as_long_as_it_lasts_and_costs_no_session() -> None:
    world = World().up()
    world.notice(1100)
    world.run(20)
    world.notice(1102)
    world.run(60)
    assert world.booked() == {("upstream", False): 20.0}
    assert world.snapshot.counters.sessions == 1


def test_repetitions_change_nothing_and_are_told_once_with_a_sum_at_the_end() -> None:
    world = World(policy(timing=RELAXED)).up()
    for _ in range(833):
        world.notice(1100)
        world.run(30)
    world.notice(1102)
    assert world.snapshot.counters.messages["1100"] == 833
    assert world.snapshot.counters.upstream_losses == {Data.MAINTAINED: 1}
    assert len(world.tells("upstream_lost")) == 1
    assert "833 times" in world.tells("upstream_restored")[0].text
    assert len([tell for tell in world.tells("notice") if tell.level >= 20]) == 0


def test_1101_is_told_as_lost_subscriptions_also_if_no_loss_is_outstanding() -> None:
    world = World().up()
    world.notice(1101)
    world.notice(1100)
    world.notice(1101)
    told = world.tells("upstream_restored")
    assert [(tell.level, tell.fields["data"]) for tell in told] == [(Level.WARNING, "lost")] * 2
    assert all("subscriptions are lost" in tell.text for tell in told)
    assert world.snapshot.counters.upstream_losses == {Data.LOST: 1}, "counted is only what was a loss"


def test_how_long_a_loss_lasted_is_told_by_the_monotonic_clock_and_only_if_its_beginning_was_seen() -> None:
    world = World().up()
    world.notice(1100)
    world.jump(-7200)
    world.run(20)
    world.notice(1102)
    assert "after 20.0 s" in world.tells("upstream_restored")[0].text
    world.notice(1100)
    heir = world.heir(after=60).start().run(1)
    heir.notice(1102)
    assert heir.tells("upstream_restored")[0].text == "IBKR is connected again (1102)"


def test_1102_without_a_loss_counts_nothing() -> None:
    world = World().up()
    world.notice(1102)
    assert world.snapshot.counters.upstream_losses == {}
    assert world.tells("upstream_restored") == []
    assert not world.snapshot.settling


@pytest.mark.parametrize("code", [2104, 2106, 2158, 2119])
def test_farm_notices_are_never_evidence(code: int) -> None:
    world = World().up()
    world.notice(1100)
    world.notice(code, "Market data farm connection is OK:usfarm")
    assert world.broken_layer is Layer.UPSTREAM


def test_no_probe_goes_while_it_is_up() -> None:
    world = World().up()
    world.run(3600)
    assert world.probes() == []


def test_a_carried_loss_is_probed_at_half_a_second_five_fifteen_thirty_and_then_every_minute() -> None:
    world = carried()
    assert world.state.upstream.evidence is Evidence.CARRIED
    world.run(200)
    assert since_ready(world) == pytest.approx([0.5, 5, 15, 30, 90, 150])


def test_a_session_that_has_heard_1100_is_probed_only_after_two_minutes_without_either() -> None:
    world = World().up()
    world.notice(1100)
    world.run(60)
    world.notice(2110)
    last = world.elapsed
    world.run(400)
    assert [at - last for at in world.probes()] == pytest.approx([120, 180, 240, 300, 360])


def test_1100_in_a_session_with_a_carried_loss_stops_the_probes_for_two_minutes() -> None:
    world = carried()
    world.run(3)
    sent = len(world.probes())
    world.notice(1100)
    last = world.elapsed
    world.run(130)
    assert [at - last for at in world.probes()[sent:]] == pytest.approx([120])


def test_an_answered_probe_is_evidence_and_the_loss_counts_as_unknown() -> None:
    world = carried()
    world.peer.probes = True
    world.run(1)
    assert world.status is Status.UP
    assert world.state.upstream.evidence is Evidence.PROBE
    assert world.snapshot.counters.upstream_losses == {Data.UNKNOWN: 1}


def test_an_unanswered_probe_is_none_and_neither_is_an_error() -> None:
    world = carried()
    world.run(1)
    request = world.state.requests
    world.notice(200, "No security definition has been found for the request")
    world.say(ProbeAnswered, request + 1)
    assert world.broken_layer is Layer.UPSTREAM


def test_a_late_answer_to_an_earlier_probe_counts() -> None:
    world = carried()
    world.run(16)
    world.say(ProbeAnswered, world.state.requests - 1)
    assert world.status is Status.UP


@pytest.mark.parametrize("code", [1100, 2110])
def test_an_answer_counts_only_if_neither_came_since_its_probe_was_sent(code: int) -> None:
    world = carried()
    world.run(1)
    request = world.state.requests
    world.notice(code)
    world.say(ProbeAnswered, request)
    assert world.broken_layer is Layer.UPSTREAM


def test_probes_go_only_if_allowed() -> None:
    world = carried(NO_PROBE)
    world.run(119)
    assert world.probes() == []


@pytest.mark.parametrize("how", ["carried", "2110 alone"])
def test_without_probes_two_minutes_of_silence_end_a_loss_that_was_carried_or_told_by_2110_alone(how: str) -> None:
    if how == "carried":
        world = carried(NO_PROBE)
        began = world.elapsed
    else:
        world = World(NO_PROBE).up()
        world.notice(2110)
        world.run(50)
        world.notice(2110)
        began = world.elapsed
    world.wait(lambda w: w.status is Status.UP)
    assert world.elapsed - began == pytest.approx(120, abs=0.01)
    assert world.state.upstream.evidence is Evidence.SILENCE
    assert world.snapshot.counters.upstream_losses == {Data.UNKNOWN: 1}


@pytest.mark.parametrize("order", [(1100, 2110), (2110, 1100)])
def test_without_probes_silence_never_ends_a_loss_told_by_1100_in_its_session(order: tuple[int, int]) -> None:
    world = World(NO_PROBE).up()
    for code in order:
        world.notice(code)
    world.run(7200)
    assert world.broken_layer is Layer.UPSTREAM
    world.drop()
    world.run(125)
    assert world.status is Status.UP


def test_a_new_session_starts_with_upstream_up() -> None:
    world = World().up()
    world.run(100)
    world.drop()
    world.run(1)
    assert world.status is Status.UP


def test_a_loss_that_was_restored_is_not_carried() -> None:
    world = World().up()
    world.notice(1100)
    world.notice(1102)
    world.run(100)
    world.drop()
    world.run(1)
    assert world.status is Status.UP


def test_a_loss_told_in_the_handshake_counts_from_there() -> None:
    world = World()
    world.peer.ready_after = 1.0
    world.start().run(0.5)
    world.notice(1100)
    world.run(60)
    assert world.broken_layer is Layer.UPSTREAM
    assert world.probes() == []
    world.run(70)
    assert world.probes() == pytest.approx([120.5])


def test_a_loss_outstanding_is_carried_through_failed_attempts_a_pause_and_a_restart_of_the_daemon() -> None:
    world = World().up()
    world.run(100)
    world.notice(1100)
    world.restart(30)
    world.run(10)
    assert world.broken_layer is Layer.UPSTREAM
    heir = world.heir(after=300).start().run(0.2)
    assert heir.broken_layer is Layer.UPSTREAM
    assert heir.state.upstream.evidence is Evidence.CARRIED
    heir.peer.probes = True
    heir.run(1)
    assert heir.status is Status.UP


def test_a_daemon_that_knows_nothing_assumes_a_loss_while_a_server_reset_is_active() -> None:
    world = World(policy(windows=(RESET,)), at="2027-01-06 00:20 NY").start().run(0.1)
    assert world.broken_layer is Layer.UPSTREAM
    assert world.state.upstream.evidence is Evidence.ASSUMED
    world.peer.probes = True
    world.run(1)
    assert world.status is Status.UP


def in_reset(*, known: bool = False) -> World:
    """Started while a server reset is active, with a gateway that answers probes."""
    world = World(policy(windows=(RESET,)), at="2027-01-06 00:20 NY", facts=Facts(known=known))
    world.peer.probes = True
    return world.start()


def test_a_session_reopened_inside_a_server_reset_waits_for_evidence() -> None:
    world = World(policy(windows=(RESET,)), at="2027-01-06 00:00 NY").up()
    world.until("2027-01-06 00:20 NY")
    world.drop()
    world.run(20)
    assert world.broken_layer is Layer.UPSTREAM
    assert world.state.upstream.evidence is Evidence.ASSUMED
    assert world.word() == "maintenance"


def test_a_loss_that_was_only_assumed_and_that_the_first_probe_ends_was_none() -> None:
    world = in_reset(known=True).run(30)
    assert world.status is Status.UP
    assert world.state.counters.upstream_losses == {}
    assert world.state.outages.current is None
    assert world.state.upstream.settling_until is None
    assert world.tells("upstream_lost") == world.tells("upstream_restored") == []
    assert [tell.text for tell in world.tells("status")] == ["down -> up"]


def test_an_assumed_loss_that_the_first_probe_does_not_end_is_told_and_counted() -> None:
    world = in_reset()
    world.peer.probes = False
    world.run(6)
    assert len(world.tells("upstream_lost")) == 1
    world.peer.probes = True
    world.run(60)
    assert world.status is Status.UP
    assert sum(world.state.counters.upstream_losses.values()) == 1


def test_a_session_lost_while_a_loss_was_only_assumed_carries_nothing_on() -> None:
    world = in_reset()
    world.run(0.1)
    assert world.facts.upstream_lost is False
    world.drop()
    assert world.state.upstream.up


def test_1100_in_a_session_that_assumed_a_loss_is_told_as_one() -> None:
    world = in_reset()
    world.run(0.1)
    world.notice(1100)
    assert len(world.tells("upstream_lost")) == 1


def test_outside_a_server_reset_nothing_is_assumed() -> None:
    world = World(policy(windows=(RESET,)), at="2027-01-06 03:00 NY").start().run(0.1)
    assert world.status is Status.UP


def test_without_probes_silence_ends_an_assumed_loss() -> None:
    world = World(replace(NO_PROBE, windows=(RESET,)), at="2027-01-06 00:20 NY").start().run(119)
    assert world.broken_layer is Layer.UPSTREAM
    world.run(2)
    assert world.status is Status.UP


def test_after_it_is_back_answers_are_unreliable_for_ten_seconds() -> None:
    world = World().up()
    world.notice(1100)
    world.run(5)
    assert not world.snapshot.settling
    world.notice(1102)
    world.run(9.9)
    assert world.snapshot.settling
    world.run(0.2)
    assert not world.snapshot.settling


def test_a_new_loss_or_the_end_of_the_session_ends_settling() -> None:
    world = World().up()
    world.notice(1100)
    world.notice(1102)
    world.notice(1100)
    assert not world.snapshot.settling
    world.notice(1102)
    world.drop()
    assert not world.snapshot.settling


def test_without_a_session_upstream_is_unknown_unless_a_loss_is_outstanding() -> None:
    world = World().up()
    assert world.snapshot.upstream_up is True
    world.notice(1100)
    world.restart(None)
    assert world.snapshot.upstream_up is False
    world = World().up()
    world.restart(None)
    assert world.snapshot.upstream_up is None
