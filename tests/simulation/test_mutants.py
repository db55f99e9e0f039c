"""The planted faults still fit the core; `make mutants` hunts them all."""

import shutil
from pathlib import Path

import pytest

from tests.simulation.mutants import MUTANTS, ROOT, Misfit, Mutant, hunted, planted


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_planted_fault_fits_the_core(mutant: Mutant, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "supervisor" / "core", tmp_path / "core")

    planted(mutant, tmp_path)

    changed = (tmp_path / "core" / mutant.file).read_text(encoding="utf-8")
    compile(changed, mutant.file, "exec")
    assert changed != (ROOT / "supervisor" / "core" / mutant.file).read_text(encoding="utf-8")


def test_a_planted_fault_whose_text_is_gone_is_refused(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "supervisor" / "core", tmp_path / "core")

    with pytest.raises(Misfit, match="0 times"):
        planted(Mutant("gone", "backoff.py", "this text is not there", ""), tmp_path)


@pytest.mark.timeout(300)
def test_the_simulation_finds_a_planted_fault() -> None:
    found = hunted(next(mutant for mutant in MUTANTS if mutant.file == "outages.py"), 5.0)

    assert found.promise == "planned is explained"
