"""What the operator asks for: pause, resume, reload, shutdown."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from supervisor.core.calendar.rules import Once
from supervisor.core.calendar.windows import custom
from supervisor.core.model.actions import Close, Connect
from supervisor.core.model.events import MaintenanceEnded, PauseAsked, ResumeAsked, ShutdownAsked
from supervisor.core.model.policy import AccountMode, Policy, RequiredFarm, Timing
from supervisor.core.model.vocabulary import Phase, Planning
from tests.core.driver import NOON, World, instant, policy


def test_a_pause_releases_the_client_id_and_tries_nothing() -> None:
    world = World().up()
    world.step(PauseAsked())
    assert [close.epoch for close in world.closes()] == [1]
    assert world.phase is Phase.STOPPED
    world.run(86400)
    assert len(world.connects()) == 1
    assert world.word() == "stopped"


@pytest.mark.parametrize("port", ["lost", "refuse"])
def test_a_pause_ends_an_attempt_and_a_wait_too(port: str) -> None:
    world = World()
    world.peer.port = port
    world.start().run(0.01)
    world.step(PauseAsked())
    assert bool(world.closes()) is (port == "lost")
    before = len(world.connects())
    world.run(60)
    assert len(world.connects()) == before


def test_a_resume_connects_at_once() -> None:
    world = World().up()
    world.step(PauseAsked())
    world.run(60)
    world.step(ResumeAsked())
    assert world.connects()[-1] == world.elapsed
    world.run(1)
    assert world.word() == "up"


@pytest.mark.parametrize(("port", "then"), [("open", "stopped -> up"), ("refuse", "stopped -> down (port broken)")])
def test_a_resume_is_told_by_what_its_first_attempt_came_to(port: str, then: str) -> None:
    world = World().up()
    world.step(PauseAsked())
    world.peer.port = port
    world.step(ResumeAsked())
    world.run(1)
    assert [tell.text for tell in world.tells("status")][-2:] == ["up -> stopped", then]


def test_a_resume_of_what_is_not_paused_changes_nothing() -> None:
    world = World().up()
    before = world.state
    world.step(ResumeAsked())
    assert world.state == before


def test_a_pause_for_a_while_ends_by_itself() -> None:
    world = World().up()
    world.step(PauseAsked(world.now.wall + timedelta(minutes=15)))
    world.run(899)
    assert world.word() == "stopped"
    assert world.snapshot.pause is not None
    world.run(2)
    assert world.word() == "up"
    assert world.facts.paused is False


def test_a_second_pause_moves_its_end() -> None:
    world = World().up()
    world.step(PauseAsked(world.now.wall + timedelta(minutes=15)))
    world.step(PauseAsked())
    world.run(3600)
    assert world.word() == "stopped"


def test_a_pause_survives_a_restart_and_a_reload() -> None:
    world = World().up()
    world.step(PauseAsked())
    world.reload(policy(port=4002))
    world.run(60)
    assert world.word() == "stopped"
    heir = world.heir(after=3600).start()
    assert heir.word() == "stopped"
    heir.run(60)
    assert heir.connects() == []
    heir.step(ResumeAsked())
    heir.run(1)
    assert heir.word() == "up"


def test_a_pause_that_ran_out_while_the_daemon_did_not_run_is_over() -> None:
    world = World().up()
    world.step(PauseAsked(world.now.wall + timedelta(minutes=15)))
    assert world.heir(after=60).start().word() == "stopped"
    heir = world.heir(after=1000).start().run(1)
    assert heir.word() == "up"


def test_the_end_of_a_pause_forgives_debt_and_waits() -> None:
    world = World()
    world.peer.port = "refuse"
    world.start().run(60)
    world.step(PauseAsked())
    world.step(ResumeAsked())
    assert world.state.session.failures == 0


CHANGES: dict[str, Callable[[Policy], Policy]] = {
    "host": lambda old: replace(old, host="10.0.0.1"),
    "port": lambda old: replace(old, port=4002),
    "client_id": lambda old: replace(old, client_id=5),
    "account_mode": lambda old: replace(old, account_mode=AccountMode.LIVE),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_of_where_or_as_whom_ends_the_session_and_connects_at_once(change: str) -> None:
    world = World().up()
    world.run(10)
    changed = CHANGES[change](world.policy)
    world.reload(changed)
    actions = [action for at, action in world.log if isinstance(action, Connect | Close) and at == world.now.mono]
    assert [type(action) for action in actions] == [Close, Connect]
    attempt = world.attempts()[-1]
    assert (attempt.host, attempt.port, attempt.client_id) == (changed.host, changed.port, changed.client_id)
    world.run(1)
    assert world.word() == "up"
    assert world.losses() == {("operator", True): 1}
    assert world.counted() == {}


def test_it_ends_an_attempt_under_way_too_and_forgets_every_wait_and_debt() -> None:
    world = World()
    world.peer.port = "lost"
    world.start().run(60)
    world.wait(lambda w: w.phase is Phase.CONNECTING)
    failed = world.failures()
    world.peer.port = "open"
    world.reload(policy(port=4002))
    assert world.state.session.failures == 0
    assert world.failures() == failed
    world.run(0.1)
    assert world.word() == "up"


def test_it_ends_a_wait_for_a_client_id() -> None:
    world = World()
    world.peer.taken = {911}
    world.start().run(40)
    world.reload(policy(client_id=912))
    assert world.connects()[-1] == world.elapsed
    assert world.state.session.conflicts == 0


def test_while_paused_it_is_kept_for_the_resume() -> None:
    world = World().up()
    world.step(PauseAsked())
    world.reload(policy(port=4002))
    assert world.phase is Phase.STOPPED
    world.step(ResumeAsked())
    assert world.attempts()[-1].port == 4002


def test_before_the_first_attempt_it_begins_with_the_new() -> None:
    world = World()
    world.reload(policy(port=4002))
    assert world.attempts()[-1].port == 4002
    world.start()
    assert len(world.attempts()) == 1


def test_everything_else_is_applied_to_the_running_session() -> None:
    world = World().up()
    world.notice(2103, "broken:jfarm")
    changed = policy(
        required_farms=(RequiredFarm("usfarm"),),
        upstream_probe=False,
        timing=Timing(heartbeat_interval=5.0),
        windows=(
            custom(
                "move",
                Once(instant(NOON)),
                timedelta(hours=1),
            ),
        ),
        follow_port_change=True,
        client_id_fallback=7,
    )
    world.reload(changed)
    assert world.snapshot.epoch == 1
    assert world.word() == "up"
    assert [view.active for view in world.snapshot.windows] == [True]
    world.run(60)
    assert world.pings()[-1] - world.pings()[-2] == pytest.approx(5.001)


def test_a_window_that_comes_or_goes_with_a_reload_counts_from_then_on() -> None:
    window = custom("move", Once(instant(NOON)), timedelta(hours=1))
    world = World(policy(windows=(window,))).up()
    world.restart(None)
    assert world.word() == "maintenance"
    world.reload(policy())
    assert world.word() == "down"
    world.reload(policy(windows=(window,)))
    assert world.word() == "down"


def test_a_reload_with_other_required_farms_warns_of_them_anew() -> None:
    slow = Timing(heartbeat_interval=600.0)
    world = World(policy(required_farms=(RequiredFarm("a"),), timing=slow)).up()
    world.run(90000)
    world.reload(policy(required_farms=(RequiredFarm("b"),), timing=slow))
    world.run(1200)
    assert [
        ("a" in tell.text.split("day:")[1], "b" in tell.text.split("day:")[1]) for tell in world.tells("farms_missing")
    ] == [
        (True, False),
        (False, True),
    ]


def test_a_reload_that_ended_the_session_leaves_an_open_outage_open_but_observes_nothing_until_it_is_clear() -> None:
    world = World().up()
    world.run(100)
    world.notice(1100)
    world.run(10)
    observed = world.snapshot.outages.observed
    world.peer.port = "lost"
    world.reload(policy(port=4002))
    world.run(2)
    assert world.snapshot.outages.observed == observed
    world.peer.port = "open"
    world.run(5)
    world.notice(1102)
    world.run(60)
    assert world.counted() == {("upstream", False): 1}


def test_an_outage_that_had_ended_closes_in_time_although_nothing_is_observed_then() -> None:
    world = World().up()
    world.notice(1100)
    world.run(10)
    world.notice(1102)
    world.run(29)
    world.peer.port = "lost"
    world.reload(policy(port=4002))
    world.run(2)
    assert world.counted() == {("upstream", False): 1}


def test_a_planned_outage_is_not_judged_while_nothing_is_observed() -> None:
    window = custom("move", Once(instant(NOON)), timedelta(seconds=61))
    world = World(policy(windows=(window,))).up()
    world.run(10)
    world.notice(1100)
    world.run(50)
    world.peer.port = "lost"
    world.reload(policy(windows=(window,), port=4002))
    assert world.word() == "down", "there is no outage until the first attempt has ended"
    world.run(2)
    assert world.snapshot.outage is not None
    assert world.snapshot.outage.planning is Planning.PLANNED


@pytest.mark.parametrize("port", ["open", "lost", "refuse"])
def test_a_shutdown_ends_whatever_is_open_and_tries_nothing_more(port: str) -> None:
    world = World()
    world.peer.port = port
    world.start().run(0.01)
    opened = world.phase is not Phase.BACKOFF
    world.step(ShutdownAsked())
    assert bool(world.closes()) is opened
    assert world.phase is Phase.STOPPED
    before = len(world.connects())
    world.run(60)
    assert len(world.connects()) == before
    state = world.state
    world.step(ShutdownAsked())
    world.step(MaintenanceEnded())
    assert world.state == state


def test_a_session_that_we_ended_may_leave_a_ghost_like_any_other() -> None:
    world = World().up()
    world.step(PauseAsked())
    world.peer.taken = {911}
    world.step(ResumeAsked())
    world.run(0.01)
    assert "our own earlier connection" in world.why
