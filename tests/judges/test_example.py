"""The example project, as a user would run it: a fresh environment with this package, pytest and ib_async alone."""

import subprocess
from pathlib import Path

import pytest

from tests.judges.environments import python_of

pytestmark = [pytest.mark.judges, pytest.mark.timeout(600)]
ROOT = Path(__file__).parents[2]
EXAMPLE = "tests/simulator/example"


@pytest.mark.parametrize("extra", [(), ("-n", "2")], ids=["alone", "by two workers"])
def test_the_example_project_passes(extra: tuple[str, ...]) -> None:
    python = python_of("example")
    run = subprocess.run(
        [str(python), "-W", "error", "-m", "pytest", "-q", "-W", "error", "-c", "/dev/null", "--rootdir", ".",
         "--confcutdir", EXAMPLE, "-p", "no:cacheprovider", EXAMPLE, *extra],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr
    assert "16 passed" in run.stdout
