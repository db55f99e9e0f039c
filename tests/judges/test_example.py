"""The example project, as a user would run it: its files alone, in an environment with what they need and no more."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.judges.environments import python_of

pytestmark = [pytest.mark.judges, pytest.mark.timeout(600)]
EXAMPLE = Path(__file__).parents[1] / "simulator" / "example"


@pytest.mark.parametrize("extra", [(), ("-n", "2")], ids=["alone", "by two workers"])
def test_the_example_project_passes_wherever_it_is_copied_to(extra: tuple[str, ...], tmp_path: Path) -> None:
    python = python_of("example")
    shutil.copytree(EXAMPLE, tmp_path / "project", ignore=shutil.ignore_patterns("__pycache__"))
    run = subprocess.run(
        [str(python), "-W", "error", "-m", "pytest", "-q", "-W", "error", "-c", "/dev/null", "--rootdir", ".",
         "-p", "no:cacheprovider", "project", *extra],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr
    assert "16 passed" in run.stdout
