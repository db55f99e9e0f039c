"""One word for a person, the first that applies; and why, with the cure."""

from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest

from supervisor.core.calendar.rules import Once
from supervisor.core.calendar.windows import custom
from supervisor.core.explain.causes import explain
from supervisor.core.explain.report import Level
from supervisor.core.model.events import PauseAsked
from supervisor.core.model.facts import Facts
from supervisor.core.model.layers import Layer
from supervisor.core.model.status import Status, status_of
from supervisor.core.model.vocabulary import Phase
from tests.core.driver import NOON, RELAXED, RESET, RESTART, WEEKEND, World, instant, policy


@pytest.mark.parametrize(("stopped", "up", "reauth", "planned", "alive"), list(product([False, True], repeat=5)))
def test_the_first_that_applies(stopped: bool, up: bool, reauth: bool, planned: bool, alive: bool) -> None:
    expected = (
        Status.STOPPED
        if stopped
        else Status.UP
        if up
        else Status.REAUTH_REQUIRED
        if reauth
        else Status.MAINTENANCE
        if planned
        else Status.DEGRADED
        if alive
        else Status.DOWN
    )
    assert status_of(stopped=stopped, up=up, reauth_required=reauth, planned=planned, alive=alive) is expected


def test_before_anything_is_known_it_is_down() -> None:
    assert World().snapshot.status is Status.DOWN


def test_a_snapshot_is_up_only_with_every_layer() -> None:
    world = World().up()
    assert world.snapshot.up
    world.notice(1100)
    assert not world.snapshot.up


def test_a_status_says_since_when() -> None:
    world = World().up()
    world.run(100)
    began = world.now.wall
    world.notice(1100)
    world.run(50)
    assert world.snapshot.since == began


def test_a_change_of_status_is_told_with_both_words_and_the_layer() -> None:
    world = World().up()
    world.notice(1100)
    world.notice(1102)
    assert [tell.text for tell in world.tells("status")] == [
        "down -> up",
        "up -> degraded (upstream broken)",
        "degraded -> up",
    ]


def test_a_planned_loss_is_maintenance_while_the_session_lives_and_while_it_does_not() -> None:
    window = custom("move", Once(instant(NOON)), timedelta(hours=1))
    world = World(policy(windows=(window,))).up()
    world.notice(1100)
    assert world.word() == "maintenance"
    world.restart(None)
    assert world.word() == "maintenance"


def words(world: World) -> str:
    cause = world.snapshot.cause
    return str(explain(cause)) if cause is not None else ""


def test_while_up_there_is_no_cause() -> None:
    world = World().up()
    assert words(world) == ""
    world.notice(1100)
    world.notice(1102)
    assert words(world) == ""


def test_every_fault_has_a_likely_cause_and_a_cure() -> None:
    world = World().up()
    world.run(100)
    world.notice(1100)
    assert "IBKR unreachable, or the user logged in elsewhere" in words(world)
    world.notice(1102)
    world.notice(2103, "broken:usfarm")
    assert "market_data/usfarm" in words(world)
    world.notice(2105, "broken:ushmds")
    assert "historical/ushmds" in words(world)
    world.notice(2104, "ok:usfarm")
    world.notice(2106, "ok:ushmds")
    assert words(world) == ""
    world.peer.answers = False
    world.run(7)
    assert "no longer answers" in words(world)
    world.peer.port = "mute"
    world.run(20)
    assert "says nothing" in words(world)
    world.peer.port = "refuse"
    world.run(20)
    assert "Nothing accepts connections" in words(world)


def test_an_upstream_lost_in_a_reset_has_the_reset_as_its_cause_until_it_is_over() -> None:
    world = World(policy(windows=(RESET,)), at="2027-01-06 00:05 NY").up()
    world.until("2027-01-06 01:59 NY")
    world.notice(1100)
    assert "resets its servers" in words(world)
    world.until("2027-01-06 02:01 NY")
    assert "resets its servers" not in words(world)


def test_no_other_window_is_told_as_a_reset_and_no_reset_as_the_cause_of_what_began_before_it() -> None:
    window = custom("move", Once(instant(NOON)), timedelta(hours=1))
    world = World(policy(windows=(window,))).up()
    world.notice(1100)
    assert world.word() == "maintenance"
    assert "IBKR unreachable" in words(world)
    assert "IBKR unreachable" in world.tells("upstream_lost")[0].text
    world = World(policy(windows=(RESET,)), at="2027-01-06 00:00 NY").up()
    world.notice(1100)
    world.until("2027-01-06 00:30 NY")
    assert "IBKR unreachable" in words(world)


def test_the_window_that_is_named_is_the_one_that_is_the_cause() -> None:
    settings = policy(windows=(RESTART, WEEKEND))
    world = World(settings, at="2027-01-08 23:40 NY", facts=Facts(known=True))
    world.peer.probes = True
    world.start().run(1)
    assert world.word() == "up"
    world.until("2027-01-08 23:45 NY")
    world.notice(1100)
    assert "resets its servers (server_reset)" in words(world)
    world.drop()
    assert "restarting as scheduled (daily_restart)" in words(world)


def test_between_ready_and_the_first_answer_nothing_is_said_to_be_wrong() -> None:
    world = World()
    world.peer.round_trip = 1.0
    world.start().run(0.5)
    assert world.phase is Phase.READY
    assert words(world) == ""
    assert world.tells("status") == []


def test_a_cause_is_told_once_in_an_outage_and_again_when_it_changes() -> None:
    world = World().up()
    world.restart(None)
    world.run(300)
    world.peer.port = "mute"
    world.run(100)
    assert [tell.fields["reason"] for tell in world.tells("attempt_failed")] == ["refused", "handshake_timeout"]


def test_attempts_that_fail_in_two_ways_by_turns_are_told_once_an_hour_each() -> None:
    world = World().up()
    world.run(100)
    world.restart(None)
    began = world.elapsed
    while world.elapsed - began < 3700:
        world.peer.port = "lost" if world.peer.port == "refuse" else "refuse"
        world.wait(lambda w: w.phase is Phase.BACKOFF)
        world.wait(lambda w: w.phase is Phase.CONNECTING)
    assert len(world.tells("attempt_failed")) == 4
    world.peer.port = "open"
    world.wait(lambda w: w.status is Status.UP)
    world.restart(None)
    world.run(10)
    assert len(world.tells("attempt_failed")) == 5, "the next outage is told anew"


def test_what_is_expected_is_told_quietly() -> None:
    window = custom("move", Once(instant(NOON)), timedelta(hours=1))
    world = World(policy(windows=(window,))).up()
    world.drop()
    assert world.tells("session_lost")[0].level == 20
    world = World().up()
    world.drop()
    assert world.tells("session_lost")[0].level == 30


def test_the_next_attempt_is_told_on_the_wall() -> None:
    world = World()
    world.peer.port = "refuse"
    world.start().wait(lambda w: w.phase is Phase.BACKOFF)
    attempt = world.snapshot.next_attempt
    assert attempt is not None
    assert timedelta(0) < attempt - world.now.wall < timedelta(seconds=1)
    world.wait(lambda w: w.phase is Phase.CONNECTING)
    assert world.snapshot.next_attempt is None


def test_a_paused_gateway_is_stopped_whatever_else_is_true() -> None:
    world = World().up()
    world.notice(1100)
    world.step(PauseAsked())
    assert world.word() == "stopped"
    assert words(world).startswith("Paused by the operator: nothing is tried, so nothing is known.")


def test_a_snapshot_hands_on_what_has_not_changed() -> None:
    world = World(policy(windows=(RESET,))).up()
    world.notice(2104, "ok:usfarm")
    first = world.snapshot
    world.run(10)
    second = world.snapshot
    assert second.farms is first.farms
    assert second.windows is first.windows
    world.notice(2103, "broken:usfarm")
    assert world.snapshot.farms is not first.farms
    world.policy = replace(world.policy, required_farms=())
    assert [farm.required for farm in world.snapshot.farms] == [False]


def test_a_snapshot_tells_which_layers_are_up() -> None:
    world = World().up()
    world.notice(1100)
    assert [world.snapshot.layer_up(layer) for layer in Layer] == [True, True, True, True, False, False]


def test_long_lasting_things_are_told_in_words() -> None:
    world = World(policy(timing=RELAXED), facts=Facts(known=True)).up()
    world.run(93784)
    world.notice(1100)
    world.run(130)
    world.notice(1102)
    world.drop()
    assert "after 2 min 10 s" in world.tells("upstream_restored")[0].text
    assert "after 1 d 2 h" in world.tells("session_lost")[0].text


def test_a_change_of_layers_that_changes_no_status_is_told_for_the_journal_alone() -> None:
    world = World().up()
    world.notice(2103, "broken:usfarm")
    world.notice(1100)
    (told,) = [tell for tell in world.tells("layers") if tell.fields["layers"] == "port,handshake,session,heartbeat"]
    assert (told.level, told.text) == (Level.DEBUG, "layers up: port,handshake,session,heartbeat")
    before = len(world.tells("layers"))
    world.notice(1100)
    assert len(world.tells("layers")) == before
