"""Why the gate is closed, in words."""

import pytest

from supervisor.core.explain.gates import sentence, why_closed
from supervisor.core.model.events import GateTold, IdsConfirmed
from supervisor.core.model.gate import RANKED, GatePolicy, GateReason
from tests.core.driver import World, policy


@pytest.mark.parametrize("reason", RANKED)
def test_every_reason_has_a_sentence(reason: GateReason) -> None:
    assert sentence(reason).endswith(".")
    assert "{" not in sentence(reason)


def test_a_broken_layer_is_explained_by_the_likely_cause() -> None:
    world = World()
    world.peer.port = "refuse"
    world.start().run(1)
    ((reason, text),) = why_closed(world.snapshot)
    assert reason is GateReason.PORT
    assert "Nothing accepts connections on 127.0.0.1:4001" in text


def test_a_reason_that_is_over_is_not_told_as_if_it_were_so_and_says_what_the_gate_waits_for() -> None:
    """Beside a gateway that is up "nothing is known of it yet" is not true."""
    world = World(policy(gate=GatePolicy(quiet=3.0))).up()
    ((reason, text),) = why_closed(world.snapshot)
    assert reason is GateReason.STARTING
    assert text == "What held the gate closed is over. It opens when nothing else has come for 3 s."


def test_an_open_gate_has_no_reasons() -> None:
    world = World().up()
    world.run(2)
    assert why_closed(world.snapshot) == ()


def test_a_lower_order_id_names_the_command_that_ends_it() -> None:
    world = World(policy(gate=GatePolicy(order_ids=True)))
    world.peer.order_id = 9
    world.up()
    world.peer.order_id = 1
    world.drop()
    world.run(1)
    assert "ib-supervisor confirm-ids live" in why_closed(world.snapshot)[0].text
    world.step(IdsConfirmed())
    world.step(IdsConfirmed())
    assert [report.text for report in world.tells("order_ids")] == [
        "the operator knows that the order ids went back",
        "nothing to confirm: no order ids went back",
    ]


def test_the_log_tells_of_the_gate_at_info_only_what_nothing_else_tells() -> None:
    world = World().up()
    world.run(2)
    world.notice(1100)
    world.restart(3)
    world.run(30)
    world.step(GateTold(GateReason.CANARY, holds=True))
    told = [(report.level.name, report.text, dict(report.fields)) for report in world.tells("gate")]
    assert [level for level, _, _ in told] == ["DEBUG"] * (len(told) - 1) + ["INFO"]
    assert told[0][1] == "gate open, after 1.0 s (starting)"
    assert told[1][1:] == ("gate closed: upstream", {"open": False, "reasons": "upstream"})
    assert told[2][1] == "gate still closed: session" or "port" in told[2][1]
