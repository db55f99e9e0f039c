"""Recovery: what is done for a gateway, when, by whose word, and what proves it."""

from dataclasses import replace

import pytest

from supervisor.core.model.actions import Heal, Persist
from supervisor.core.model.controller import Ibc
from supervisor.core.model.events import DeedAnswered, RungApproved, RungAsked, Sighted
from supervisor.core.model.facts import Facts
from supervisor.core.model.policy import Policy, Timing
from supervisor.core.model.recovery.rules import (
    Block,
    MarketHours,
    NeedsLogin,
    RecoveryPolicy,
    Result,
    Rung,
    RungPolicy,
)
from supervisor.core.model.recovery.views import RecoveryView
from supervisor.core.model.sight import GatewayProcess, LoginState, Sight
from supervisor.core.model.vocabulary import Phase
from supervisor.core.parts.recovery import ladder
from supervisor.core.parts.recovery.memory import NOTHING_DONE
from supervisor.core.parts.recovery.rungs import RUNGS
from tests.core.driver import NEW_YORK, RELAXED, RESET, RESTART, World, instant, policy

DATA = RungPolicy(Rung.RECONNECT_DATA, 300.0, 6, NeedsLogin.NEVER)
ACCOUNT = RungPolicy(Rung.RECONNECT_ACCOUNT, 600.0, 1, NeedsLogin.NEVER)
ANEW = RungPolicy(Rung.RESTART, 120.0, 2, NeedsLogin.MAYBE, unattended=True)
COMMAND = RungPolicy(Rung.COMMAND, 900.0, 1, NeedsLogin.YES, unattended=True, argv=("restart",))
JVM = GatewayProcess(4711, 100.0)
NEXT_JVM = GatewayProcess(4712, 900.0)
BROKEN, OK = (2103, "Market data farm connection is broken:usfarm"), (2104, "Market data farm connection is OK:usfarm")


def allowed(*rungs: RungPolicy, **changes: object) -> Policy:
    recovery = RecoveryPolicy(rungs, market_hours=MarketHours.IGNORE)
    recovery = replace(recovery, **changes)  # type: ignore[arg-type]
    timing = Timing() if any(each.rung is Rung.RESTART for each in rungs) else RELAXED
    return policy(recovery=recovery, controller=Ibc(), windows=(RESTART,), timezone=NEW_YORK, timing=timing)


def world_of(settings: Policy, at: str = "2027-01-06T12:00:00Z", process: GatewayProcess | None = JVM) -> World:
    """A gateway that is up, logged in since Monday, and whose process is known."""
    facts = Facts(known=True, login_proven_at=instant("2027-01-04T12:00:00Z"))
    world = World(settings, at=at, facts=facts).up()
    see(world, process)
    return world


def see(world: World, process: GatewayProcess | None, state: LoginState | None = None) -> None:
    world.step(Sighted(Sight(state, process=process, running=True if process else None), 1e9))


def heals(world: World) -> list[Rung]:
    return [action.rung for _, action in world.log if isinstance(action, Heal)]


def view(world: World) -> RecoveryView:
    shown = world.snapshot.recovery
    assert shown is not None
    return shown


def blocks(world: World) -> dict[Rung, Block | None]:
    return {each.policy.rung: each.block for each in view(world).rungs}


def steps(world: World) -> list[object]:
    return [report.fields["step"] for report in world.tells("recovery")]


def results(world: World) -> dict[tuple[Rung, Result], int]:
    return dict(view(world).counts)


def gone(world: World) -> World:
    """The gateway's process ends, and nobody starts it."""
    world.restart(None)
    world.step(Sighted(Sight(running=False), 1e9))
    return world


def back(world: World, process: GatewayProcess = NEXT_JVM) -> World:
    """The gateway is there, and a session is ready."""
    thaw(world)
    world.wait(lambda world: world.phase is Phase.READY)
    see(world, process)
    return world.run(15)


def hang(world: World) -> World:
    world.peer.answers, world.peer.port = False, "mute"
    return world


def thaw(world: World) -> World:
    world.peer.answers, world.peer.port = True, "open"
    return world


def replaced(world: World, process: GatewayProcess = NEXT_JVM) -> World:
    """The gateway restarts, and is back."""
    world.peer.port = "refuse"
    world.run(40)
    return back(world, process)


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


def view_number(world: World) -> int:
    return world.state.recovery.number


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


# -- forbidden times --------------------------------------------------------------------------------------------------


def broken_at(moment: str, settings: Policy) -> World:
    world = world_of(settings, at=moment)
    world.notice(*BROKEN)
    return world


def test_nothing_within_ten_minutes_of_a_restart_on_either_side() -> None:
    world = broken_at("2027-01-06 23:36 NY", allowed(replace(DATA, patience=5.0)))
    world.until("2027-01-06 23:54:30 NY")
    assert heals(world) == []
    world.until("2027-01-06 23:55:30 NY")
    assert heals(world) == [Rung.RECONNECT_DATA]


def test_the_quiet_time_before_a_restart_may_be_longer() -> None:
    world = broken_at("2027-01-06 21:50 NY", allowed(replace(DATA, patience=5.0), quiet_before_restart=7200.0))
    world.run(600)
    assert blocks(world) == {Rung.RECONNECT_DATA: Block.RESTART_NEAR}


def test_nothing_in_a_server_reset_nor_while_a_window_explains_it() -> None:
    settings = replace(allowed(replace(DATA, patience=5.0)), windows=(RESET,))
    world = broken_at("2027-01-06 00:09:58 NY", settings)
    world.run(600)
    assert blocks(world) == {Rung.RECONNECT_DATA: Block.SERVER_RESET}


def test_nothing_while_the_operator_works_on_it() -> None:
    from supervisor.core.model.events import MaintenanceAsked, PauseAsked

    world = broken_at("2027-01-06T12:00:00Z", allowed(replace(DATA, patience=5.0)))
    world.step(MaintenanceAsked(instant("2027-01-06T13:00:00Z")))
    world.run(600)
    assert blocks(world) == {Rung.RECONNECT_DATA: Block.PLANNED}
    world.step(PauseAsked())
    assert blocks(world) == {Rung.RECONNECT_DATA: Block.PAUSED}


def test_nothing_while_a_competing_session_is_heard() -> None:
    world = broken_at("2027-01-06T12:00:00Z", allowed(DATA))
    world.run(200)
    world.notice(10197)
    world.run(200)
    assert blocks(world) == {Rung.RECONNECT_DATA: Block.COMPETING_SESSION}
    world.run(420)
    assert heals(world) == [Rung.RECONNECT_DATA]


def test_nothing_after_a_restart_that_did_not_bring_it_back() -> None:
    world = world_of(allowed(COMMAND), at="2027-01-06 23:00 NY")
    world.until("2027-01-06 23:45 NY")
    world.restart(None)
    world.run(7200)
    assert blocks(world) == {Rung.COMMAND: Block.RESTART_PENDING}


def test_nothing_while_a_login_is_required() -> None:
    world = world_of(allowed(COMMAND), at="2027-01-10 00:50 NY")
    world.until("2027-01-10 01:05 NY")
    world.restart(None)
    world.run(3600)
    assert world.word() == "reauth_required"
    assert blocks(world) == {Rung.COMMAND: Block.REAUTH_REQUIRED}


def test_a_patience_begins_anew_after_a_sleep() -> None:
    world = broken_at("2027-01-06T12:00:00Z", allowed(DATA))
    world.run(250)
    world.sleep(3600)
    world.run(250)
    assert heals(world) == []


# -- approval ---------------------------------------------------------------------------------------------------------


def waiting() -> World:
    world = hang(world_of(allowed(replace(ANEW, unattended=False))))
    world.run(140)
    assert steps(world) == ["proposed"]
    return world


def test_what_may_cost_a_login_waits_for_a_word_and_says_so_once() -> None:
    world = waiting()
    world.run(3600)
    assert (heals(world), steps(world)) == ([], ["proposed"])
    proposal = view(world).proposal
    assert proposal is not None
    assert (proposal.rung, proposal.needs_login, proposal.approved_by) == (Rung.RESTART, NeedsLogin.MAYBE, "")


def test_an_approval_is_written_down_with_who_gave_it() -> None:
    world = waiting()
    world.step(RungApproved("ann"))
    assert heals(world) == [Rung.RESTART]
    assert steps(world) == ["proposed", "approved", "started"]
    assert world.tells("recovery")[1].fields["by"] == "ann"
    deed = view(world).deed
    assert deed is not None
    assert deed.by == "ann"


def test_an_approval_ends_with_the_outage() -> None:
    world = back(waiting(), JVM)
    assert steps(world) == ["proposed", "withdrawn"]
    world.step(RungApproved("ann"))
    assert world.tells("recovery")[-1].text == "ann asked for recovery; not done: nothing waits for approval"
    hang(world).run(200)
    assert heals(world) == []


def approved_while_it_starts() -> World:
    """Somebody starts the gateway and approves the command in the same minute; then it ends again."""
    world = gone(world_of(allowed(replace(COMMAND, patience=5.0, unattended=False))))
    world.run(20)
    see(world, NEXT_JVM)
    world.step(RungApproved("ann"))
    shown = view(world).proposal
    assert shown is not None
    assert (shown.approved_by, heals(world)) == ("ann", [])
    world.run(120)
    assert steps(world) == ["proposed", "approved", "withdrawn"]
    return world


def test_an_approval_outlives_a_moment_in_which_something_is_against_it() -> None:
    world = gone(approved_while_it_starts())
    world.run(20)
    assert heals(world) == [Rung.COMMAND]


def test_an_approval_that_was_not_used_expires_after_15_minutes() -> None:
    world = approved_while_it_starts()
    world.run(900)
    gone(world).run(60)
    assert (heals(world), steps(world)[-1]) == ([], "proposed")


def test_in_market_hours_everything_waits_for_a_word() -> None:
    settings = allowed(DATA, market_hours=MarketHours.AVOID)
    world = broken_at("2027-01-06 09:20 NY", settings)
    world.until("2027-01-06 09:40 NY")
    assert heals(world) == [Rung.RECONNECT_DATA]
    world.notice(*OK)
    world.notice(*BROKEN)
    world.run(700)
    assert blocks(world) == {Rung.RECONNECT_DATA: Block.APPROVAL}


# -- by hand ----------------------------------------------------------------------------------------------------------


def test_by_hand_a_rung_needs_neither_patience_nor_approval_and_is_checked_all_the_same() -> None:
    world = world_of(allowed(DATA, replace(ANEW, unattended=False)))
    world.step(RungAsked(Rung.RESTART, "ann"))
    assert "not done: what it is for is not so now" in world.tells("recovery")[-1].text
    world.notice(*BROKEN)
    world.step(RungAsked(None, "ann"))
    assert heals(world) == [Rung.RECONNECT_DATA]
    world.step(RungAsked(None, "ann"))
    assert world.tells("recovery")[-1].fields["why"] == "deed_under_way"
    world.step(RungAsked(Rung.COMMAND, ""))
    assert world.tells("recovery")[-1].fields["why"] == "not_listed"


def test_by_hand_without_recovery_is_refused() -> None:
    world = World().up()
    world.step(RungAsked(None, "ann"))
    world.step(RungApproved("ann"))
    assert [report.fields["why"] for report in world.tells("recovery")] == ["not_listed", "not_listed"]


# -- a dry run, and another process -----------------------------------------------------------------------------------


def test_a_dry_run_does_everything_but_the_deed_and_spends_no_real_budget() -> None:
    settings = allowed(replace(DATA, budget=1), dry_run=True)
    world = world_of(settings)
    world.notice(*BROKEN)
    world.run(3600)
    assert (heals(world), steps(world)) == ([], ["started"])
    assert results(world) == {(Rung.RECONNECT_DATA, Result.DRY_RUN): 1}
    assert "would now" in world.tells("recovery")[0].text
    world.reload(allowed(replace(DATA, budget=1)))
    world.run(310)
    assert heals(world) == [Rung.RECONNECT_DATA]


def test_a_dry_run_asks_for_approval_too() -> None:
    world = hang(world_of(allowed(replace(ANEW, unattended=False), dry_run=True)))
    world.run(140)
    assert "a dry run" in world.tells("recovery")[0].text
    world.step(RungApproved("ann"))
    assert (heals(world), steps(world)) == ([], ["proposed", "approved", "started"])


def test_what_was_done_is_kept_before_it_is_done_and_counts_in_the_next_process() -> None:
    world = world_of(allowed(replace(DATA, budget=1)))
    world.notice(*BROKEN)
    world.run(301)
    kinds = [type(action) for _, action in world.log]
    assert kinds.index(Heal) > max(place for place, kind in enumerate(kinds[: kinds.index(Heal)]) if kind is Persist)
    heir = world.heir(after=60).up()
    heir.notice(*BROKEN)
    heir.run(3600)
    assert heals(heir) == []
    assert blocks(heir) == {Rung.RECONNECT_DATA: Block.BUDGET}


def test_switched_off_it_forgets_what_it_wanted_and_keeps_what_it_did() -> None:
    world = waiting()
    world.reload(replace(world.policy, recovery=None))
    assert world.snapshot.recovery is None
    world.step(RungApproved("ann"))
    assert heals(world) == []
    world.reload(allowed(ANEW))
    world.run(130)
    assert heals(world) == [Rung.RESTART]


def test_a_rung_that_leaves_the_config_is_no_longer_proposed() -> None:
    world = waiting()
    world.reload(allowed(COMMAND))
    assert view(world).proposal is None


def test_each_rung_has_a_rule_and_the_mildest_is_first() -> None:
    assert list(RUNGS) == list(Rung)


def test_an_answer_without_a_deed_changes_nothing() -> None:
    assert ladder.answered(NOTHING_DONE, 1, True, "") == (NOTHING_DONE, (), None)
