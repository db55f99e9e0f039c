"""What each rung is for, and what proves it."""

from dataclasses import replace

import pytest

from supervisor.core.model.behind.controller import Ibc
from supervisor.core.model.behind.sight import GatewayProcess, LoginState
from supervisor.core.model.events import DeedAnswered, RungApproved
from supervisor.core.model.recovery.rules import (
    Block,
    Result,
    Rung,
)
from tests.core.driver import RESET, World, policy
from tests.core.parts.recovery.scenes import (
    ACCOUNT,
    ANEW,
    BROKEN,
    COMMAND,
    DATA,
    JVM,
    NEXT_JVM,
    OK,
    allowed,
    back,
    blocks,
    gone,
    hang,
    heals,
    replaced,
    results,
    see,
    steps,
    thaw,
    view,
    view_number,
    world_of,
)

# -- the farms --------------------------------------------------------------------------------------------------------


def test_nothing_is_ever_done_where_recovery_is_off() -> None:
    world = World(policy(controller=Ibc())).up()
    world.notice(*BROKEN)
    world.run(7200)
    assert heals(world) == []
    assert world.snapshot.recovery is None


def test_a_farm_that_is_broken_for_its_patience_is_reconnected_once_and_proved_by_the_farm() -> None:
    world = world_of(allowed(DATA))
    world.notice(*BROKEN)
    world.run(299)
    assert (heals(world), blocks(world)) == ([], {Rung.RECONNECT_DATA: Block.PATIENCE})
    world.run(2)
    assert heals(world) == [Rung.RECONNECT_DATA]
    world.step(DeedAnswered(1, True, ""))
    assert blocks(world) == {Rung.RECONNECT_DATA: Block.DEED_UNDER_WAY}
    world.run(30)
    world.notice(*OK)
    assert results(world) == {(Rung.RECONNECT_DATA, Result.PROVED): 1}
    assert steps(world) == ["started", "answered", "proved"]


def test_an_ok_that_does_nothing_proves_nothing_and_the_budget_ends_it() -> None:
    world = world_of(allowed(replace(DATA, budget=2)))
    world.notice(*BROKEN)
    for _ in range(8):
        world.run(430)
        world.step(DeedAnswered(view_number(world), True, "OK"))
    assert heals(world) == [Rung.RECONNECT_DATA] * 2
    assert results(world) == {(Rung.RECONNECT_DATA, Result.UNPROVED): 2}
    assert blocks(world) == {Rung.RECONNECT_DATA: Block.BUDGET}
    assert view(world).rungs[0].remaining == 0


def test_a_budget_rolls_over_24_hours_and_a_clock_that_is_set_forward_gives_nothing_back() -> None:
    world = world_of(allowed(replace(DATA, budget=1)))
    world.notice(*BROKEN)
    world.run(430)
    world.jump(86400 * 3)
    world.run(1200)
    assert heals(world) == [Rung.RECONNECT_DATA]
    assert blocks(world) == {Rung.RECONNECT_DATA: Block.BUDGET}
    world.run(86400)
    assert len(heals(world)) == 2


def test_a_refusal_ends_the_deed_at_once_and_costs_the_budget() -> None:
    world = world_of(allowed(replace(DATA, budget=1)))
    world.notice(*BROKEN)
    world.run(301)
    world.step(DeedAnswered(1, False, "Command invalid"))
    assert results(world) == {(Rung.RECONNECT_DATA, Result.REFUSED): 1}
    deed = view(world).deed
    assert deed is not None
    assert (deed.result, deed.words) == (Result.REFUSED, "Command invalid")
    world.run(3600)
    assert len(heals(world)) == 1


def test_a_late_answer_of_another_deed_is_nobodys() -> None:
    world = world_of(allowed(DATA))
    world.step(DeedAnswered(7, False, "what?"))
    world.notice(*BROKEN)
    world.run(301)
    world.step(DeedAnswered(7, False, "what?"))
    assert results(world) == {}


def test_a_session_lost_after_the_deed_is_no_proof_of_farms() -> None:
    world = world_of(allowed(DATA))
    world.notice(*BROKEN)
    world.run(301)
    world.restart(None)
    world.run(130)
    assert results(world) == {(Rung.RECONNECT_DATA, Result.UNPROVED): 1}


# -- IBKR -------------------------------------------------------------------------------------------------------------


def test_1100_for_ten_minutes_reconnects_the_account_and_1102_proves_it() -> None:
    world = world_of(allowed(ACCOUNT))
    world.notice(1100)
    world.run(601)
    assert heals(world) == [Rung.RECONNECT_ACCOUNT]
    world.notice(1102)
    assert results(world) == {(Rung.RECONNECT_ACCOUNT, Result.PROVED): 1}


def test_2110_alone_reconnects_nothing() -> None:
    world = world_of(allowed(ACCOUNT))
    world.notice(2110)
    world.run(3600)
    assert heals(world) == []


def test_the_minutes_of_a_reset_are_no_patience() -> None:
    world = world_of(replace(allowed(ACCOUNT), windows=(RESET,)), at="2027-01-06 00:01 NY")
    world.notice(1100)
    world.until("2027-01-06 02:09 NY")
    assert heals(world) == []
    world.until("2027-01-06 02:10:05 NY")
    assert heals(world) == [Rung.RECONNECT_ACCOUNT]


# -- a hang -----------------------------------------------------------------------------------------------------------


def test_a_hang_of_a_logged_in_gateway_is_cured_by_one_restart_and_proved_by_a_session_of_another_process() -> None:
    world = hang(world_of(allowed(ANEW)))
    world.run(140)
    assert heals(world) == [Rung.RESTART]
    world.step(DeedAnswered(1, True, "RESTART in progress; RESTART at 03:21 PM"))
    world.run(60)
    replaced(world)
    assert results(world) == {(Rung.RESTART, Result.PROVED): 1}


def test_a_hang_that_heals_at_the_moment_of_the_deed_is_not_called_cured_by_it() -> None:
    world = hang(world_of(allowed(ANEW)))
    world.run(140)
    thaw(world)
    world.run(550)
    assert results(world) == {}
    world.run(60)
    assert results(world) == {(Rung.RESTART, Result.UNPROVED): 1}
    assert "came back by itself" in world.tells("recovery")[-1].text


def test_a_process_is_restarted_once_whatever_the_budget_says() -> None:
    world = hang(world_of(allowed(ANEW)))
    world.run(140)
    world.run(1300)
    assert heals(world) == [Rung.RESTART]
    assert blocks(world) == {Rung.RESTART: Block.RESTARTED}
    replaced(world)
    hang(world)
    world.run(200)
    assert heals(world) == [Rung.RESTART] * 2


def test_two_restarts_a_day_are_the_most() -> None:
    world = world_of(allowed(replace(ANEW, budget=9)))
    for pid in range(4):
        hang(world)
        world.run(200)
        replaced(world, GatewayProcess(5000 + pid, float(pid)))
    assert heals(world) == [Rung.RESTART] * 2


def test_a_process_that_was_never_seen_logged_in_gets_no_command() -> None:
    world = world_of(allowed(ANEW))
    world.peer.port = "refuse"
    world.drop()
    world.run(5)
    see(world, NEXT_JVM)
    world.peer.port = "mute"
    world.run(600)
    assert heals(world) == []
    assert blocks(world) == {Rung.RESTART: Block.NOT_SEEN}


def test_a_process_that_a_look_shows_late_is_believed_after_ten_seconds_of_answers_and_not_before() -> None:
    world = world_of(allowed(ANEW))
    world.peer.port = "refuse"
    world.drop()
    world.run(40)
    back(world)
    hang(world).run(160)
    assert heals(world) == [Rung.RESTART]
    early = world_of(allowed(ANEW))
    see(early, NEXT_JVM)
    early.run(5)
    hang(early).run(600)
    assert blocks(early) == {Rung.RESTART: Block.NOT_SEEN}


def test_a_process_that_cannot_be_told_waits_for_approval_and_is_restarted_once_until_the_port_closed() -> None:
    world = hang(world_of(allowed(ANEW), process=None))
    world.run(140)
    assert heals(world) == []
    assert blocks(world) == {Rung.RESTART: Block.APPROVAL}
    world.step(RungApproved("ann"))
    assert heals(world) == [Rung.RESTART]
    world.run(900)
    assert blocks(world) == {Rung.RESTART: Block.RESTARTED}
    world.peer.port = "refuse"
    world.run(20)
    thaw(world)
    world.run(20)
    hang(world)
    world.run(200)
    assert blocks(world) == {Rung.RESTART: Block.APPROVAL}


def test_a_port_that_closed_since_the_session_is_another_process_and_gets_no_command() -> None:
    world = world_of(allowed(ANEW), process=None)
    world.peer.port = "refuse"
    world.drop()
    world.run(5)
    world.peer.port = "mute"
    world.run(600)
    assert blocks(world) == {Rung.RESTART: Block.NOT_SEEN}


def test_an_expired_token_makes_no_restart() -> None:
    world = world_of(allowed(ANEW), at="2027-01-10 00:50 NY")
    world.until("2027-01-10 01:05 NY")
    hang(world).run(290)
    assert blocks(world) == {Rung.RESTART: Block.NOT_SO}


def test_a_gateway_of_whose_login_nothing_is_known_asks() -> None:
    world = World(replace(allowed(ANEW), windows=())).up()
    see(world, JVM)
    hang(world).run(600)
    assert blocks(world) == {Rung.RESTART: Block.APPROVAL}


@pytest.mark.parametrize("state", [LoginState.SECOND_FACTOR, LoginState.LOGIN_DIALOG, LoginState.LOCKED_OUT])
def test_a_gateway_that_waits_for_a_person_is_left_alone(state: LoginState) -> None:
    world = hang(world_of(allowed(ANEW, COMMAND)))
    world.run(10)
    see(world, JVM, state)
    world.run(3600)
    assert heals(world) == []
    assert set(blocks(world).values()) == {Block.NOT_SO}


# -- the operator's command -------------------------------------------------------------------------------------------


def test_a_gateway_that_is_gone_for_15_minutes_gets_the_command() -> None:
    world = gone(world_of(allowed(DATA, ACCOUNT, ANEW, COMMAND)))
    world.run(890)
    assert heals(world) == []
    world.run(20)
    assert heals(world) == [Rung.COMMAND]
    world.step(DeedAnswered(1, None, "it still runs after 90 s"))
    back(world)
    assert results(world) == {(Rung.COMMAND, Result.PROVED): 1}


@pytest.mark.parametrize(
    "port",
    ["lost", "open"],
    ids=["a TCP timeout", "a client id in use"],
)
def test_the_command_is_never_run_for_what_it_does_not_cure(port: str) -> None:
    world = world_of(allowed(COMMAND))
    world.drop()
    world.peer.port = port
    world.peer.taken = {911}
    world.peer.ready_after = None
    world.run(3600)
    assert heals(world) == []


def test_the_command_waits_while_a_restart_by_the_controller_is_left() -> None:
    world = hang(world_of(allowed(replace(ANEW, unattended=False), COMMAND)))
    world.run(1500)
    assert blocks(world) == {Rung.RESTART: Block.APPROVAL, Rung.COMMAND: Block.MILDER}
    world.step(RungApproved("ann"))
    world.run(610)
    assert blocks(world) == {Rung.RESTART: Block.RESTARTED, Rung.COMMAND: Block.PATIENCE}
    world.run(900)
    assert heals(world) == [Rung.RESTART, Rung.COMMAND]


def test_a_gateway_that_was_never_there_gets_no_command() -> None:
    world = World(allowed(COMMAND))
    world.peer.port = "refuse"
    world.start().run(3600)
    assert blocks(world) == {Rung.COMMAND: Block.NOT_SO}


def test_nothing_is_done_while_the_gateway_starts_by_itself() -> None:
    world = gone(world_of(allowed(replace(COMMAND, patience=5.0))))
    see(world, NEXT_JVM)
    world.run(50)
    assert blocks(world) == {Rung.COMMAND: Block.STARTING}
    world.run(300)
    assert (heals(world), blocks(world)) == ([], {Rung.COMMAND: Block.NOT_SO})
