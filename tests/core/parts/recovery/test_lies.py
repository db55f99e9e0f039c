"""What looks like a reason, a proof or a word, and is none."""

from dataclasses import replace

from supervisor.core.model.events import DeedAnswered, RungApproved, RungAsked
from supervisor.core.model.recovery.rules import Block, MarketHours, RecoveryPolicy, Result, Rung
from supervisor.core.model.vocabulary import Phase
from tests.core.parts.recovery.scenes import (
    ANEW,
    COMMAND,
    allowed,
    back,
    blocks,
    gone,
    hang,
    heals,
    replaced,
    results,
    steps,
    thaw,
    view,
    waiting,
    world_of,
)


def test_a_gateway_that_answers_the_handshake_and_begins_no_session_does_not_hang() -> None:
    world = world_of(allowed(ANEW))
    world.peer.ready_after = None
    world.drop()
    world.run(3600)
    assert world.phase is not Phase.READY
    assert (heals(world), blocks(world)[Rung.RESTART]) == ([], Block.NOT_SO)


def test_what_lost_ibkr_and_then_hangs_is_not_restarted() -> None:
    world = world_of(allowed(ANEW))
    world.notice(1100)
    hang(world).run(3600)
    assert (heals(world), blocks(world)[Rung.RESTART]) == ([], Block.NOT_SO)


def test_a_session_of_a_process_that_cannot_be_told_is_no_proof_of_a_restart_while_the_port_stays_open() -> None:
    world = hang(world_of(allowed(replace(ANEW, unattended=False)), process=None))
    world.run(140)
    world.step(RungApproved("ann"))
    assert heals(world) == [Rung.RESTART]
    thaw(world).run(500)
    assert world.phase is Phase.READY
    assert results(world) == {}
    world.run(120)
    assert results(world) == {(Rung.RESTART, Result.UNPROVED): 1}


def test_a_session_after_the_port_was_closed_is_another_process_wherever_it_cannot_be_told() -> None:
    world = hang(world_of(allowed(replace(ANEW, unattended=False)), process=None))
    world.run(140)
    world.step(RungApproved("ann"))
    world.peer.port = "refuse"
    world.run(70)
    thaw(world).run(90)
    assert results(world) == {(Rung.RESTART, Result.PROVED): 1}


def test_a_process_that_is_not_seen_any_more_is_not_another_one() -> None:
    world = hang(world_of(allowed(ANEW)))
    world.run(140)
    assert heals(world) == [Rung.RESTART]
    world.state.eyes = replace(world.state.eyes, seen=replace(world.state.eyes.seen, process=None))
    thaw(world).run(60)
    assert results(world) == {}


def test_switched_off_and_on_again_it_begins_nothing_beside_the_deed_under_way() -> None:
    world = hang(world_of(allowed(ANEW, COMMAND)))
    world.run(140)
    assert heals(world) == [Rung.RESTART]
    settings = world.policy
    world.reload(replace(settings, recovery=None))
    world.run(10)
    world.reload(settings)
    world.step(RungAsked(Rung.COMMAND, "ann"))
    assert heals(world) == [Rung.RESTART]
    assert blocks(world)[Rung.COMMAND] is Block.DEED_UNDER_WAY


def test_what_was_begun_is_judged_though_recovery_is_switched_off() -> None:
    world = hang(world_of(allowed(ANEW)))
    world.run(140)
    number = world.state.recovery.number
    world.reload(replace(world.policy, recovery=None))
    world.step(DeedAnswered(number, True, "OK"))
    replaced(world)
    assert "proved" in steps(world)
    lost = hang(world_of(allowed(ANEW)))
    lost.run(140)
    lost.reload(replace(lost.policy, recovery=None))
    lost.run(660)
    assert "failed" in steps(lost)


def test_a_word_for_a_dry_run_is_none_for_a_deed() -> None:
    recovery = RecoveryPolicy((replace(ANEW, unattended=False),), MarketHours.IGNORE, dry_run=True)
    world = hang(world_of(allowed(*recovery.rungs, dry_run=True)))
    world.run(140)
    proposal = view(world).proposal
    assert proposal is not None
    world.reload(replace(world.policy, recovery=replace(recovery, dry_run=False)))
    assert steps(world)[-1] == "proposed"
    assert "withdrawn" in steps(world)
    assert heals(world) == []


def test_a_word_for_one_command_is_none_for_another() -> None:
    asks = replace(COMMAND, unattended=False)
    world = gone(world_of(allowed(asks)))
    world.run(1000)
    assert steps(world) == ["proposed"]
    other = replace(asks, argv=("another",))
    world.reload(replace(world.policy, recovery=RecoveryPolicy((other,), MarketHours.IGNORE)))
    assert steps(world)[:2] == ["proposed", "withdrawn"]
    assert heals(world) == []


def test_a_competing_session_is_known_to_another_process_of_the_daemon() -> None:
    world = world_of(allowed(COMMAND))
    world.notice(10197)
    heir = world.heir(after=60.0)
    heir.peer.port = "refuse"
    heir.start().run(30)
    heir.step(RungAsked(Rung.COMMAND, "ann"))
    assert (heals(heir), blocks(heir)[Rung.COMMAND]) == ([], Block.COMPETING_SESSION)
    heir.run(211)
    assert blocks(heir)[Rung.COMMAND] is not Block.COMPETING_SESSION
    later = world.heir(after=301.0)
    assert later.state.competing is None


def test_a_word_for_one_rung_is_none_for_another_that_waits_by_now() -> None:
    world = waiting()
    world.step(RungApproved("ann", Rung.COMMAND))
    assert (heals(world), steps(world)[-1]) == ([], "refused")
    assert "another step waits for approval now" in world.reports[-1].text
    world.step(RungApproved("ann", Rung.RESTART))
    assert heals(world) == [Rung.RESTART]


def test_a_command_that_runs_yet_is_not_proved_so_that_nothing_is_begun_beside_it() -> None:
    world = gone(world_of(allowed(COMMAND)))
    world.run(1000)
    assert heals(world) == [Rung.COMMAND]
    number = world.state.recovery.number
    back(world)
    assert results(world) == {}
    world.step(DeedAnswered(number, True, "ended with status 0"))
    assert results(world) == {(Rung.COMMAND, Result.PROVED): 1}
