"""supervisord's distribution owns the import name `supervisor` too: both work in one environment, in either order."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
USE = """
import supervisor.supervisord, supervisor.options
from supervisor.host import Gate, Host, NotSent
host = Host(object, port=4001, client_id=1)
assert not host.gate.check().open
print(supervisor.options.VERSION)
"""


def install(python: Path, *what: str) -> None:
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *what]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.judges
@pytest.mark.timeout(600)
@pytest.mark.parametrize("ours_first", [True, False])
def test_both_are_used_from_one_environment(tmp_path: Path, ours_first: bool) -> None:
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "both")], check=True)
    python = tmp_path / "both" / "bin" / "python"
    install(python, "ibapi>=9.81.1.post1")
    order = [("--no-deps", str(ROOT)), ("supervisor>=4.2.5",)]
    for what in order if ours_first else reversed(order):
        install(python, *what)
    used = subprocess.run([str(python), "-c", USE], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert used.returncode == 0, used.stderr
    daemon = [str(python.parent / "supervisord"), "--version"]
    theirs = subprocess.run(daemon, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert theirs.stdout == used.stdout
