"""What people are told of recovery, and of a gate that stays closed."""

from dataclasses import replace

import pytest

from supervisor.core.explain.messages import Message, telling
from supervisor.core.model.actions import Announce
from supervisor.core.model.events import DeedAnswered, IdsConfirmed, PauseAsked, RungApproved, RungAsked
from supervisor.core.model.gate import GatePolicy
from supervisor.core.model.pages import Severity
from supervisor.core.model.recovery.rules import Result, Rung
from supervisor.core.model.recovery.views import DeedView
from tests.core.driver import World, policy
from tests.core.parts.recovery.scenes import (
    ANEW,
    BROKEN,
    DATA,
    JVM,
    NEXT_JVM,
    OK,
    allowed,
    back,
    hang,
    replaced,
    see,
    thaw,
    waiting,
    world_of,
)


def of_recovery(world: World) -> list[tuple[str, str]]:
    return [(said.row, said.stage.value) for _, said in world.announced if said.row.startswith("IBRecovery")]


def last(world: World) -> Announce:
    return next(said for _, said in reversed(world.announced) if said.row.startswith("IBRecovery"))


def words(world: World) -> Message:
    return telling("live", last(world), None)


def test_what_waits_for_a_word_is_told_at_once_and_once() -> None:
    world = waiting()
    assert of_recovery(world) == [("IBRecoveryApproval", "began")]
    world.run(3600)
    assert of_recovery(world) == [("IBRecoveryApproval", "began")]
    message = words(world)
    assert message.title == "live: recovery waits for your word"
    assert message.text == (
        "It would restart the gateway by its controller (RESTART); it may cost a login with the second factor."
    )
    assert message.cure == "Approve it on the status page, or with `ib-supervisor approve live restart`."
    assert last(world).severity is Severity.WARNING


def test_a_deed_and_its_proof_are_one_conversation() -> None:
    world = waiting()
    world.step(RungApproved("ann"))
    assert of_recovery(world)[1:] == [("IBRecoveryDeed", "happened")]
    began = last(world)
    assert words(world).text == (
        "Recovery: restart the gateway by its controller (RESTART) (ann said so); it may cost a login with the second "
        "factor."
    )
    world.step(DeedAnswered(1, True, "RESTART in progress"))
    replaced(world)
    assert of_recovery(world)[1:] == [("IBRecoveryDeed", "happened"), ("IBRecoveryDeed", "over")]
    assert last(world).talk == began.talk
    assert words(world).title == "live: recovery is over"
    assert words(world).text.startswith("Recovery (restart) is proved after ")


@pytest.mark.parametrize("after", [0.0, 30.0, 900.0])
def test_the_proof_of_a_deed_is_told_by_another_process_too_and_once(after: float) -> None:
    world = waiting()
    world.step(RungApproved("ann"))
    began = last(world)
    heir = thaw(world).heir(after=after).up()
    assert of_recovery(heir) == [], "which process it is has not been seen yet"
    see(heir, NEXT_JVM)
    heir.run(8)
    assert of_recovery(heir) == [("IBRecoveryDeed", "over")]
    assert last(heir).talk == began.talk
    shown = heir.snapshot.recovery
    assert shown is not None
    assert shown.deed == DeedView(Rung.RESTART, began.began, "ann", Result.PROVED, "")
    assert of_recovery(heir.heir(after=1.0).up().run(60)) == []


def test_a_deed_that_another_process_began_is_not_proved_by_the_process_that_it_was_for() -> None:
    world = waiting()
    world.step(RungApproved("ann"))
    heir = thaw(world).heir(after=30.0).up()
    see(heir, JVM)
    heir.run(500)
    assert of_recovery(heir) == []
    heir.run(100)
    assert of_recovery(heir) == [("IBRecoveryDeed", "over")]
    assert "came back by itself" in words(heir).text


def test_where_the_process_cannot_be_told_any_more_a_new_session_is_proof_only_if_its_port_was_closed() -> None:
    world = waiting()
    world.step(RungApproved("ann"))
    heir = thaw(world).heir(after=30.0).up()
    heir.run(300)
    assert of_recovery(heir) == []
    heir.restart(40)
    heir.run(90)
    assert of_recovery(heir)[0] == ("IBRecoveryDeed", "over")


def test_of_a_deed_of_yesterday_nobody_can_tell_what_came() -> None:
    world = waiting()
    world.step(RungApproved("ann"))
    assert of_recovery(thaw(world).heir(after=86400.0).up().run(60)) == []


def test_what_a_new_session_has_not_told_yet_is_no_proof_of_what_another_process_did() -> None:
    world = world_of(allowed(DATA))
    world.notice(*BROKEN)
    world.run(301)
    heir = world.heir(after=10.0).up()
    heir.run(1)
    heir.notice(*BROKEN)
    heir.run(60)
    assert of_recovery(heir) == []
    heir.notice(*OK)
    heir.run(3)
    assert of_recovery(heir) == [("IBRecoveryDeed", "over")]


def test_that_nobodys_word_is_needed_any_more_is_not_told() -> None:
    world = back(waiting(), JVM)
    world.run(600)
    assert of_recovery(world) == [("IBRecoveryApproval", "began")]
    assert ("IBGatewayDown", "over") in [(said.row, said.stage.value) for _, said in world.announced]
    hang(world).run(140)
    assert of_recovery(world) == [("IBRecoveryApproval", "began")] * 2
    assert len({said.talk for _, said in world.announced if said.row == "IBRecoveryApproval"}) == 2


def test_a_deed_that_did_not_help_and_one_that_was_refused_are_told() -> None:
    world = world_of(allowed(replace(DATA, budget=2)))
    world.notice(*BROKEN)
    world.run(430)
    assert of_recovery(world) == [("IBRecoveryDeed", "happened"), ("IBRecoveryFailed", "happened")]
    assert words(world).title == "live: recovery did not help"
    world.run(300)
    world.step(DeedAnswered(2, False, "Command invalid"))
    assert of_recovery(world)[2:] == [("IBRecoveryDeed", "happened"), ("IBRecoveryFailed", "happened")]
    assert words(world).text == "Recovery (reconnect_data) was not done: Command invalid."
    world.notice(*OK)


def test_a_gateway_that_came_back_by_itself_is_told_as_the_end_of_the_deed() -> None:
    world = hang(world_of(allowed(ANEW)))
    world.run(140)
    thaw(world)
    world.run(620)
    assert of_recovery(world) == [("IBRecoveryDeed", "happened"), ("IBRecoveryDeed", "over")]
    assert "came back by itself" in words(world).text


def test_a_dry_run_is_told_for_the_record() -> None:
    world = world_of(allowed(DATA, dry_run=True))
    world.notice(*BROKEN)
    world.run(310)
    assert of_recovery(world) == [("IBRecoveryDeed", "happened")]
    assert last(world).severity is Severity.INFO
    asking = hang(world_of(allowed(replace(ANEW, unattended=False), dry_run=True)))
    asking.run(140)
    assert words(asking).text.endswith("It is a dry run: nothing will be done.")


def test_what_a_person_asks_for_by_hand_and_does_not_get_is_not_told_to_others() -> None:
    world = world_of(allowed(DATA))
    world.step(RungAsked(Rung.RECONNECT_DATA, "ann"))
    assert of_recovery(world) == []


def test_another_process_does_not_ask_again_for_the_same_and_asks_for_what_is_new() -> None:
    world = waiting()
    heir = world.heir(after=5)
    hang(heir)
    heir.run(10)
    assert of_recovery(heir) == []


# -- the gate ---------------------------------------------------------------------------------------------------------


def shut() -> World:
    """Every layer is up, and the gate is closed: order ids went back."""
    world = World(policy(gate=GatePolicy(order_ids=True)))
    world.peer.order_id = 100
    world.up().run(5)
    world.peer.order_id = 1
    world.drop()
    world.run(30)
    assert world.snapshot.up
    assert not world.snapshot.gate.open
    return world


def of_gate(world: World) -> list[tuple[str, str]]:
    return [(said.row, said.stage.value) for _, said in world.announced if said.row == "IBGateClosed"]


def test_a_gate_that_is_closed_for_five_minutes_while_all_layers_are_up_is_told_with_the_reason_and_its_end() -> None:
    world = shut()
    world.run(250)
    assert of_gate(world) == []
    world.run(60)
    assert of_gate(world) == [("IBGateClosed", "began")]
    message = telling("live", next(said for _, said in world.announced if said.row == "IBGateClosed"), None)
    assert message.title == "live: orders are not safe to send"
    assert message.text.startswith("This session began with a lower order id than the one before")
    assert message.cure == "`ib-supervisor gate live` says more."
    world.step(IdsConfirmed())
    world.run(130)
    assert of_gate(world) == [("IBGateClosed", "began"), ("IBGateClosed", "over")]


def test_a_gate_that_something_else_explains_is_not_told() -> None:
    world = World(policy()).up()
    world.peer.port = "refuse"
    world.drop()
    world.run(900)
    assert of_gate(world) == []
    paused = shut()
    paused.step(PauseAsked())
    paused.run(900)
    assert of_gate(paused) == []
