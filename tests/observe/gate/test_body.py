"""What is said of a gate: the fields of the contract, in its order, and a lease that nobody makes longer."""

import json
from dataclasses import replace

from supervisor.core.model.gate import GateReason
from supervisor.observe.gate.body import body, left, written
from supervisor.observe.gate.reader import since_boot
from tests.observe.gate.standing import decided, standing

FIELDS = [
    "gateway",
    "open",
    "epoch",
    "valid_until",
    "valid_until_realtime",
    "valid_until_boottime",
    "valid_for",
    "next_restart",
    "reasons",
]


def test_the_lease_is_two_seconds_from_the_decision_however_late_it_is_passed_on() -> None:
    snapshot = standing()
    at = snapshot.at
    for late in (0.0, 1.0, 1.9):
        said = body(snapshot, at.boot + late)
        assert list(said) == FIELDS
        assert said["valid_until_boottime"] == round(at.boot + 2, 6)
        assert said["valid_until_realtime"] == round(at.wall.timestamp() + 2, 6)
        assert said["valid_for"] == round(2 - late, 3)
        assert said["open"] is True


def test_a_lease_that_is_over_is_not_open_and_has_nothing_left() -> None:
    snapshot = standing(age=2.5)
    said = body(snapshot, since_boot())
    assert (said["open"], said["valid_for"]) == (False, 0.0)
    assert left(snapshot, since_boot()) < -0.4


def test_account_numbers_are_masked() -> None:
    snapshot = standing(reasons=(GateReason.PAUSED,))
    pause = replace(snapshot.policy, name="live")
    assert "U1234567" not in json.dumps(body(replace(snapshot, policy=pause), since_boot()))


def test_a_shell_finds_each_field_on_a_line_of_its_own() -> None:
    text = written(body(decided(standing(reasons=(GateReason.SUSPECT, GateReason.SETTLING))), since_boot())).decode()
    assert len(text.splitlines()) == len(FIELDS)
    assert ' "open": false,\n' in text
    assert list(json.loads(text)) == FIELDS
