"""When the next attempt comes."""

from dataclasses import replace
from itertools import pairwise

import pytest

from supervisor.core.model.events import Ending
from supervisor.core.model.policy import AccountMode, Timing
from supervisor.core.model.vocabulary import Phase
from supervisor.core.step.state import initial
from tests.core.driver import RESTART, WEEKEND, World, policy


def waits(world: World, run: float) -> list[float]:
    """The pauses between the ends of attempts and the next ones, while the port refuses."""
    first = len(world.connects()) - 1
    world.run(run)
    times = world.connects()[first:]
    return [later - earlier - 0.001 for earlier, later in pairwise(times)]


def refused(seed: int, settings: object = None) -> World:
    world = World(settings if settings is not None else policy(), seed=seed)  # type: ignore[arg-type]
    world.peer.port = "refuse"
    return world.start()


def ready(world: World) -> bool:
    return world.phase is Phase.READY


def test_at_once_after_the_loss_of_a_session_that_was_ready_for_a_minute() -> None:
    world = World().up()
    world.run(60)
    world.drop()
    assert world.phase is Phase.CONNECTING
    assert world.connects()[-1] == world.elapsed


def test_not_at_once_after_the_loss_of_a_younger_session() -> None:
    world = World().up()
    world.run(59)
    world.drop()
    assert world.phase is Phase.BACKOFF
    world.wait(lambda w: w.phase is Phase.CONNECTING, 0.26)


def test_at_once_also_when_its_heartbeat_ends_it() -> None:
    world = World().up()
    world.run(100)
    world.peer.answers = False
    world.wait(lambda w: bool(w.losses()))
    assert world.phase is Phase.CONNECTING


def test_the_delay_is_drawn_from_a_step_that_doubles_up_to_the_cap_never_below_the_floor() -> None:
    longest = [0.0] * 12
    for seed in range(60):
        for place, wait in enumerate(waits(refused(seed), 40)[:12]):
            step = min(0.25 * 2**place, 5.0)
            assert 0.0499 <= wait <= step + 1e-6
            longest[place] = max(longest[place], wait)
    for place, wait in enumerate(longest):
        assert wait > 0.8 * min(0.25 * 2**place, 5.0), "full jitter uses the whole step"


def test_jitter_never_compounds() -> None:
    means = [sum(late) / len(late) for late in (waits(refused(seed), 400)[10:] for seed in range(10))]
    assert 2.2 < sum(means) / len(means) < 2.8


def test_a_different_seed_waits_differently_and_the_same_seed_alike() -> None:
    assert waits(refused(1), 20) == waits(refused(1), 20) != waits(refused(2), 20)


def test_in_the_first_minute_after_the_loss_of_a_session_the_cap_is_one_second_then_five() -> None:
    late = []
    for seed in range(10):
        world = World(seed=seed).up()
        world.run(100)
        lost_at = world.elapsed
        world.restart(None)
        world.run(200)
        times = [at for at in world.connects() if at >= lost_at]
        for earlier, later in pairwise(times):
            if earlier - lost_at < 59.9:
                assert later - earlier - 0.001 <= 1.0 + 1e-6
            else:
                late.append(later - earlier)
    assert 4.0 < max(late) <= 5.002


def test_without_a_session_lost_the_cap_is_five_seconds_from_the_beginning() -> None:
    assert max(wait for seed in range(20) for wait in waits(refused(seed), 30)) > 4.0


def test_the_debt_doubles_from_where_it_stood_until_a_stable_session_forgives_it() -> None:
    world = refused(3)
    world.run(30)
    debt = world.state.session.failures
    assert debt > 5
    world.peer.port = "open"
    world.wait(ready)
    world.run(10)
    world.drop()
    assert world.state.session.failures == debt + 1
    world.wait(ready)
    world.run(61)
    world.drop()
    assert world.state.session.failures == 0


def test_the_limits_are_settings_and_the_cap_comes_last() -> None:
    timing = Timing(retry_initial=0.01, retry_max=0.02)
    assert all(wait <= 0.02 + 1e-6 for wait in waits(refused(1, policy(timing=timing)), 5))


def in_restart_window() -> World:
    world = World(policy(windows=(RESTART,)), at="2027-01-06 23:40 NY").up()
    return world.until("2027-01-06 23:45 NY")


def test_in_a_restart_window_while_the_port_refuses_every_250_milliseconds_exactly() -> None:
    world = in_restart_window()
    world.restart(None)
    assert waits(world, 20) == pytest.approx([0.25] * 79, abs=1e-6)


def test_in_a_restart_window_also_while_it_closes_before_the_handshake() -> None:
    world = in_restart_window()
    world.peer.port = "closes"
    world.drop()
    before = len(world.connects())
    world.run(10)
    assert [b - a for a, b in pairwise(world.connects()[before:])] == pytest.approx([0.252] * 38, abs=1e-6)


def test_the_dense_retries_end_with_the_window_and_leave_no_debt() -> None:
    world = in_restart_window()
    world.restart(None)
    world.until("2027-01-06 23:49:59 NY")
    assert world.state.session.failures == 0
    world.run(60)
    assert max(b - a for a, b in pairwise(world.connects()[-8:])) > 0.5


def test_in_a_restart_window_a_mute_handshake_is_retried_with_jitter() -> None:
    world = in_restart_window()
    world.peer.port = "mute"
    world.drop()
    world.run(30)
    assert world.state.session.failures > 2


def test_outside_a_restart_window_no_window_makes_retries_dense() -> None:
    world = World(policy(windows=(WEEKEND,)), at="2027-01-08 23:30 NY")
    world.peer.port = "refuse"
    world.start().run(30)
    assert world.state.session.failures > 3


def test_after_ten_mute_handshakes_in_a_row_the_cap_is_thirty_seconds() -> None:
    longest = 0.0
    for seed in range(8):
        world = World(seed=seed)
        world.peer.port = "mute"
        world.start().run(600)
        gaps = [b - a - 5.001 for a, b in pairwise(world.connects())]
        assert max(gaps[:9]) <= 5.001
        assert max(gaps) <= 30.001
        longest = max(longest, *gaps[9:])
    assert longest > 20


def test_another_end_interrupts_the_row_of_mute_handshakes() -> None:
    world = World()
    world.peer.port = "mute"
    world.start().wait(lambda w: w.state.session.handshake_timeouts == 9)
    world.peer.port = "refuse"
    world.wait(lambda w: w.state.session.handshake_timeouts == 0, 60)


def taken(lost_before: float | None, settings: object = None) -> World:
    """326, so many seconds after the end of our own session."""
    world = World(settings if settings is not None else policy())  # type: ignore[arg-type]
    if lost_before is not None:
        world.up().run(100)
        world.restart(lost_before) if lost_before else world.drop()
        world.wait(lambda w: w.phase is Phase.CONNECTING)
    world.peer.taken = {911}
    if lost_before is None:
        world.start()
    return world


def gaps_of(world: World, count: int) -> list[float]:
    begin = len(world.connects()) - 1
    assert begin >= 0
    world.wait(lambda w: len(w.connects()) > begin + count)
    return [b - a - 0.003 for a, b in pairwise(world.connects()[begin:])]


def test_326_after_our_own_session_one_then_every_two_seconds_exactly_for_a_minute_then_as_a_rival() -> None:
    world = World().up()
    world.run(100)
    world.peer.taken = {911}
    world.drop()
    assert gaps_of(world, 35) == pytest.approx([1, *[2] * 29, 2, 10, 20, 40, 60], abs=0.01)


def test_326_of_a_rival_ten_twenty_forty_then_every_sixty_seconds_exactly() -> None:
    world = taken(None)
    assert gaps_of(world, 6) == pytest.approx([10, 20, 40, 60, 60, 60], abs=0.01)
    assert {attempt.client_id for attempt in world.attempts()} == {911}
    assert world.failures()["client_id_in_use"] >= 6


def test_326_is_a_ghost_only_within_a_minute_of_a_session_of_that_id_that_was_ready() -> None:
    world = World().up()
    world.run(100)
    world.restart(61)
    world.peer.taken = {911}
    world.wait(lambda w: w.failures().get("client_id_in_use") == 1)
    assert gaps_of(world, 1) == pytest.approx([10], abs=0.01)


def test_the_ladder_begins_anew_after_another_end() -> None:
    world = taken(None)
    gaps_of(world, 2)
    world.peer.port = "refuse"
    world.wait(lambda w: "refused" in w.failures())
    world.peer.port = "open"
    world.wait(lambda w: w.failures()["client_id_in_use"] == 4)
    assert world.phase is Phase.BACKOFF
    assert gaps_of(world, 2) == pytest.approx([10, 20], abs=0.01)


def test_with_a_fallback_the_other_id_is_tried_and_the_configured_one_comes_first_again_after_a_loss() -> None:
    world = World(policy(client_id_fallback=912))
    world.peer.taken = {911}
    world.start().wait(ready)
    assert [attempt.client_id for attempt in world.attempts()] == [911, 912]
    assert world.snapshot.client_id == 912
    world.run(100)
    world.drop()
    assert world.attempts()[-1].client_id == 911


def test_with_both_ids_taken_they_are_tried_in_turn() -> None:
    world = World(policy(client_id_fallback=912))
    world.peer.taken = {911, 912}
    world.start().run(200)
    assert [attempt.client_id for attempt in world.attempts()][:4] == [911, 912, 911, 912]


def test_each_id_has_its_own_ghost() -> None:
    world = World(policy(client_id_fallback=912)).up()
    world.run(100)
    world.peer.taken = {911}
    world.drop()
    world.wait(lambda w: ready(w) and w.snapshot.client_id == 912)
    world.run(5)
    world.peer.taken = {911, 912}
    world.drop()
    before = len(world.connects())
    world.wait(lambda w: len(w.connects()) == before + 2)
    gap = world.connects()[-1] - world.connects()[-2]
    assert world.attempts()[-2].client_id == 911
    assert gap == pytest.approx(1.003, abs=0.01), "911 was ours a few seconds ago"


def test_a_fallback_that_is_configured_no_more_is_tried_no_more() -> None:
    settings = policy(client_id_fallback=912)
    world = World(settings)
    world.peer.taken = {911, 912}
    world.start().wait(lambda w: len(w.attempts()) == 2)
    world.reload(replace(settings, client_id_fallback=None))
    world.run(200)
    assert {attempt.client_id for attempt in world.attempts()[2:]} == {911}


def test_a_wrong_account_is_retried_every_sixty_seconds() -> None:
    world = World(policy(account_mode=AccountMode.PAPER)).start()
    world.run(250)
    assert [b - a for a, b in pairwise(world.connects())] == pytest.approx([60.004] * 4, abs=0.01)


def test_326_after_ready_is_no_failure() -> None:
    world = World().up()
    world.notice(326)
    assert world.phase is Phase.READY


# -- sessions that are granted and lost at once -----------------------------------------------------------------------


def flapping(seconds: float, ending: Ending = Ending.CLOSED) -> World:
    """A gateway that greets, answers the first ping, and closes: at every connect, for so long."""
    world = World().up()
    world.run(100)
    world.drop(ending)
    end = world.elapsed + seconds
    while world.elapsed < end:
        world.wait(lambda w: w.phase is Phase.READY)
        world.run(0.003)
        world.drop(ending)
    return world


@pytest.mark.parametrize("ending", [Ending.CLOSED, Ending.PROTOCOL, Ending.CALLBACK])
def test_sessions_that_are_granted_and_lost_at_once_are_tried_less_and_less_often(ending: Ending) -> None:
    world = flapping(150, ending)
    after = [at for at in world.connects() if at > 111]
    for begin in after:
        assert len([at for at in after if begin <= at < begin + 30]) < 20
    assert world.state.session.early_from is None


def test_the_log_folds_sessions_that_are_granted_and_lost_at_once_into_one_line_with_a_count() -> None:
    world = flapping(600)
    lost = [report for report in world.tells("session_lost") if "in a row" in report.text]
    assert len(lost) == 2, "the second one, and one line for the rest of the hour"
    assert len(world.reports) < 40
    world.run(100)
    assert "granted and lost at once" in world.tells("session_holds")[0].text


def test_a_session_that_lasts_after_others_were_lost_at_once_forgives_them() -> None:
    world = flapping(60)
    world.run(120)
    assert world.state.session.short_lived == 0
    assert world.state.session.failures == 0


def test_a_handshake_is_given_less_time_in_the_first_minute_after_a_stable_session() -> None:
    world = World().up()
    world.run(100)
    world.peer.port = "mute"
    world.drop()
    assert [attempt.handshake_timeout for attempt in world.attempts()][-1] == 2.0
    world.run(70)
    assert world.attempts()[-1].handshake_timeout == 5.0
    assert world.state.session.handshake_timeouts < 5


def test_326_after_an_attempt_of_ours_that_never_became_ready_is_our_own_ghost() -> None:
    world = World()
    world.peer.ready_after = None
    world.start().wait(lambda w: w.phase is Phase.HANDSHAKING)
    world.drop()
    world.peer.taken = {911}
    world.wait(lambda w: "client_id_in_use" in w.failures())
    assert "our own earlier connection" in world.why


def test_326_right_after_a_restart_of_the_daemon_is_our_own_ghost() -> None:
    world = World().up()
    world.run(100)
    world.peer.taken = {911}
    heir = world.heir(after=5)
    heir.state = initial(heir.policy, replace(world.facts, alive_at=world.now.wall), heir.now, 11)
    heir.start().run(0.1)
    assert "our own earlier connection" in heir.why
    late = world.heir(after=90)
    late.state = initial(late.policy, replace(world.facts, alive_at=world.now.wall), late.now, 11)
    late.start().run(0.1)
    assert "Another program" in late.why
