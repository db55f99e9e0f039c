"""Recovery keeps its promises among stupid controllers, and the simulation finds a fault that is planted in it."""

import pytest

from tests.simulation.recovery.mutants import MUTANTS, hunted
from tests.simulation.recovery.world import played


@pytest.mark.timeout(300)
def test_weeks_of_faults_and_stupid_controllers_break_no_promise() -> None:
    tally = played(range(3), 10.0)
    assert sum(tally.faults.values()) > 10
    assert sum(tally.deeds.values()) > 5


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("name", "promise"),
    [
        ("no patience", "no deed before its patience"),
        ("any process may be asked", "no command to a process that was not seen logged in"),
    ],
)
def test_the_simulation_finds_a_planted_fault(name: str, promise: str) -> None:
    by_name = {mutant.name: mutant for mutant in MUTANTS}
    assert hunted(by_name[name]).startswith(promise)
