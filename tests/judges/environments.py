"""Environments of third-party clients, made on first use under `.venvs/`, reused while their requirements are the same.

`python_of("ibapi-10.46.1")` is the interpreter of a virtual environment with that client alone: the `ibapi` versions
share one import name, so no two of them can be in one environment. `node_modules_of("stoqey-1.6.10")` is the same for
npm. `python -m tests.judges.environments` makes all of them.

An environment is made under a lock, so that parallel test runs wait for one another, and is marked whole last: a making
that was interrupted is begun anew.
"""

import fcntl
import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).parents[2]
ROOT = HERE / ".venvs"

PYTHON_REQUIREMENTS = {
    "ibapi-9.81.1": ("ibapi==9.81.1.post1",),
    "ibapi-10.30.1": ("nautilus-ibapi==10.30.1", "protobuf>=5.29.5"),
    "ibapi-10.37.2": ("nautilus-ibapi==10.37.2", "protobuf>=5.29.5"),
    "ibapi-10.46.1": ("nautilus-ibapi==10.46.1", "protobuf>=5.29.5"),
    "ibapi-10.50.2": ("ibapi-stable==10.50.2",),
    "ibapi-10.51.1": ("ibapi-latest==10.51.1",),
    "ib_async-2.1.0": ("ib_async==2.1.0",),
    "example": ("--editable", str(HERE), "pytest", "pytest-xdist", "ib_async==2.1.0"),
}
RACER_REQUIREMENTS = {"nautilus-1.221.0": ("nautilus_trader[ib]==1.221.0",)}
"""Clients that only the race needs: large ones, made when it is run."""
NPM_REQUIREMENTS = {"stoqey-1.6.10": {"@stoqey/ib": "1.6.10"}}


def python_of(name: str, *extra: str) -> Path:
    """The interpreter of the named environment, with `extra` requirements in one of its own; made if need be."""
    requirements = (*{**PYTHON_REQUIREMENTS, **RACER_REQUIREMENTS}[name], *extra)
    directory = ROOT / (name if not extra else f"{name}-{_digest(extra)[:8]}")
    python = directory / "bin" / "python"
    with _whole(directory, _digest([sys.version, *requirements])) as needed:
        if needed:
            # Without a pip of its own, which takes as long as all the rest.
            _run(sys.executable, "-m", "venv", "--without-pip", str(directory))
            pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "--python", str(python))
            _run(*pip, "install", *requirements)
    return python


def npm_is_here() -> bool:
    """Whether npm and node are installed."""
    return shutil.which("npm") is not None and shutil.which("node") is not None


def node_modules_of(name: str) -> Path:
    """The directory whose `node_modules` holds the named npm package; made if need be."""
    requirements = NPM_REQUIREMENTS[name]
    directory = ROOT / name
    with _whole(directory, _digest(requirements)) as needed:
        if needed:
            directory.mkdir()
            (directory / "package.json").write_text(json.dumps({"private": True, "dependencies": requirements}))
            _run("npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(directory))
    return directory


@contextmanager
def _whole(directory: Path, digest: str) -> Iterator[bool]:
    """Yields, under the lock, whether the environment must be made; marks it when that has succeeded."""
    ROOT.mkdir(exist_ok=True)
    mark = directory / ".made-of"
    with (ROOT / f"{directory.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        needed = not mark.exists() or mark.read_text() != digest
        if needed:
            shutil.rmtree(directory, ignore_errors=True)
        yield needed
        if needed:
            mark.write_text(digest)


def _digest(requirements: object) -> str:
    return hashlib.sha256(json.dumps(requirements, sort_keys=True).encode()).hexdigest()


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}\n{done.stdout}\n{done.stderr}")


def main() -> None:
    """Make every environment, those of npm only where npm is."""
    for name in PYTHON_REQUIREMENTS:
        print(python_of(name))
    for name in NPM_REQUIREMENTS:
        print(node_modules_of(name) if npm_is_here() else f"{name}: left out, npm is not installed")


if __name__ == "__main__":
    main()
