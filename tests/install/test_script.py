"""`install.sh` and `build.sh`, on a tree with a build that takes no time: what they name, run, lock and quote."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.waiting import wait_until

ROOT = Path(__file__).parents[2]
BUILD = """#!/bin/sh
set -eu
mkdir -p "$2/bin" "$2/lib/python3.11/site-packages"
printf 'home = x\\n' >"$2/pyvenv.cfg"
ln -s "$(command -v true)" "$2/bin/python"
[ ! -e "$1/hold" ] || cat "$1/hold"
"""
"""A release without anything in it; while there is a FIFO `hold`, it takes until somebody writes to it."""
PYTHON = """#!/bin/sh
set -eu
for last; do :; done
case "$*" in
*"-m venv"*) mkdir -p "$last/bin"; cp "$0" "$last/bin/python" ;;
*"pip --disable-pip-version-check --no-cache-dir --quiet wheel"*)
    while [ "$1" != --wheel-dir ]; do shift; done
    mkdir -p "$2"; touch "$2/some thing.whl" "$2/ibapi-1.whl" ;;
*--no-index*)
    printf '%s\\n' "$@" >"$LOG" ;;
esac
"""
"""A Python that makes empty environments and wheels, and writes down what it is to install."""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The source as `install.sh` sees it."""
    source = tmp_path / "a source"
    for name in ("pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE", "config", "docs", "systemd"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        source.mkdir(exist_ok=True)
        copy(ROOT / name, source / name)
    build = source / "deploy" / "docker" / "build.sh"
    build.parent.mkdir(parents=True)
    build.write_text(BUILD)
    return source


def started(tree: Path, what: str, cwd: Path | None = None) -> "subprocess.Popen[str]":
    environment = {
        **os.environ,
        "DESTDIR": str(tree.parent / "root"),
        "PYTHON": sys.executable,
        "SYSTEMD_VERSION": "252",
    }
    return subprocess.Popen(
        ["sh", str(tree / "systemd" / "install.sh"), what],
        cwd=cwd or tree,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def done(tree: Path, what: str, cwd: Path | None = None) -> tuple[int, str]:
    with started(tree, what, cwd) as process:
        said, _ = process.communicate(timeout=60)
    return process.returncode, said


def home(tree: Path) -> Path:
    return tree.parent / "root" / "opt" / "ib-supervisor"


def current(tree: Path) -> str:
    return (home(tree) / "current").readlink().name


def test_a_rollback_names_the_release_that_is_current_again(tree: Path) -> None:
    assert done(tree, "install")[0] == 0
    first = current(tree)
    assert done(tree, "install")[0] == 0
    second = current(tree)
    assert first != second
    status, said = done(tree, "rollback")
    assert (status, said) == (0, f"{first} is the current one again\n")
    assert current(tree) == first
    status, said = done(tree, "rollback")
    assert (status, said, current(tree)) == (0, f"{second} is the current one again\n", second)


def test_without_a_release_before_nothing_is_rolled_back(tree: Path) -> None:
    assert done(tree, "rollback") == (1, "there is no previous release\n")


def test_nothing_is_imported_from_the_folder_where_it_is_called(tree: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for name in ("venv", "ensurepip", "sys", "compileall"):
        (elsewhere / f"{name}.py").write_text(f"open({str(tmp_path / 'imported')!r}, 'w')\n")
    status, said = done(tree, "install", elsewhere)
    assert status == 0, said
    assert not (tmp_path / "imported").exists()


def test_a_second_install_is_refused_and_the_first_one_s_release_stays(tree: Path) -> None:
    os.mkfifo(tree / "hold")
    with started(tree, "install") as first:
        wait_until(lambda: list(home(tree).glob("releases/*.new/pyvenv.cfg")), 30)
        for what in ("install", "rollback", "uninstall"):
            status, said = done(tree, what)
            assert (status, "is under way" in said) == (1, True)
        (tree / "hold").write_text("")
        said, _ = first.communicate(timeout=60)
        assert first.returncode == 0, said
    assert len(list(home(tree).glob("releases/*"))) == 1
    (tree / "hold").unlink()
    assert done(tree, "uninstall")[0] == 0, "the lock is free again"
    assert not home(tree).exists()


@pytest.mark.parametrize("ibapi", ["", "ibapi of mine"])
def test_a_build_in_folders_with_blanks(tmp_path: Path, ibapi: str) -> None:
    places = {name: tmp_path / f"{name} with blanks" for name in ("temporary", "target")}
    places["temporary"].mkdir()
    python, log = tmp_path / "fake python", tmp_path / "log"
    python.write_text(PYTHON)
    python.chmod(0o755)
    environment = {**os.environ, "TMPDIR": str(places["temporary"]), "PYTHON": str(python), "LOG": str(log)}
    if ibapi:
        (tmp_path / ibapi).mkdir()
        environment["IBAPI"] = str(tmp_path / ibapi)
    build = ["sh", str(ROOT / "deploy" / "docker" / "build.sh"), str(ROOT), str(places["target"])]
    ran = subprocess.run(build, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stderr
    said = log.read_text().splitlines()
    assert said[0] == "-I", "isolated from the folder where it is called"
    assert f"{places['target']}/bin/python" in said
    assert [Path(line).name for line in said if line.endswith(".whl")] == ["ibapi-1.whl", "some thing.whl"]
    assert list(places["temporary"].iterdir()) == [], "nothing is left"
