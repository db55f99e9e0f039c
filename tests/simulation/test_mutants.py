"""The planted faults still fit the core; `make mutants` hunts them all."""

import pytest

from supervisor.core.parts import backoff
from tests.simulation.mutants import hunted
from tests.simulation.planted.faults import MUTANTS
from tests.simulation.planted.planting import Misfit, Mutant, constant, planted


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_planted_fault_stands_in_the_core_until_it_is_taken_out(mutant: Mutant) -> None:
    with planted(mutant):
        assert getattr(mutant.owner, mutant.attribute) is mutant.replacement

    assert mutant.replacement != mutant.original
    assert getattr(mutant.owner, mutant.attribute) is mutant.original


def test_every_planted_fault_has_a_name_of_its_own() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)


def test_a_fault_is_taken_out_when_the_run_fails() -> None:
    floor, mutant = backoff.FLOOR, constant("no delay has a floor", backoff, "FLOOR", 0.0)

    with pytest.raises(RuntimeError, match="the run failed"), planted(mutant):
        raise RuntimeError("the run failed")

    assert backoff.FLOOR == floor > 0.0


def test_a_fault_in_a_place_that_is_gone_is_refused() -> None:
    with pytest.raises(AttributeError):
        constant("gone", backoff, "NO_SUCH_NUMBER", 0.0)


def test_a_fault_that_would_replace_something_else_is_refused() -> None:
    with (
        planted(MUTANTS[0]),
        pytest.raises(Misfit, match=r"outages\.judged is not what it replaces"),
        planted(MUTANTS[1]),
    ):
        raise AssertionError("it was planted")


@pytest.mark.timeout(300)
def test_the_simulation_finds_a_planted_fault() -> None:
    found = hunted(MUTANTS[0], 5.0)

    assert found.promise == "planned is explained"
