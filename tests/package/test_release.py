"""`make release`: what cannot be released is refused before anything is written, and a failure changes nothing."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PLACES = (
    "pyproject.toml",
    "CHANGELOG.md",
    "deploy/docker/bake.hcl",
    "deploy/docker/sbom.cdx.json",
    "deploy/kubernetes/kustomization.yaml",
    "deploy/helm/ib-supervisor/Chart.yaml",
    "deploy/pypi/dist.py",
)
URL = "https://example.org/ib-supervisor"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A repository with what a release writes to; its version is 0.1.0. It has no package, so no build succeeds."""
    for name in PLACES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    project = tmp_path / "pyproject.toml"
    version = tomllib.loads(project.read_text())["project"]["version"]
    project.write_text(project.read_text().replace(f'version = "{version}"', 'version = "0.1.0"', 1))
    (tmp_path / "CHANGELOG.md").write_text("# Changelog\n\n## [Unreleased]\n\n### Added\n\n- A thing.\n")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", "--all")
    git(tmp_path, "commit", "--quiet", "--message", "all")
    return tmp_path


def git(tree: Path, *words: str) -> str:
    who = ("-c", "user.name=somebody", "-c", "user.email=somebody@example.org")
    return subprocess.run(["git", *who, *words], cwd=tree, check=True, capture_output=True, text=True).stdout


def released(tree: Path, version: str, url: str = URL) -> "subprocess.CompletedProcess[str]":
    program = [sys.executable, "deploy/pypi/dist.py", "release", version, "--url", url]
    return subprocess.run(program, cwd=tree, capture_output=True, text=True, timeout=60)


def unchanged(tree: Path) -> bool:
    return git(tree, "status", "--porcelain") == "" and git(tree, "log", "--format=%s") == "all\n"


@pytest.mark.parametrize(
    ("version", "why"),
    [("0.0.9", "0.0.9 is below 0.1.0"), ("0.2", "'0.2' is no version"), ("01.2.3", "'01.2.3' is no version")],
)
def test_a_version_that_cannot_follow_is_refused(tree: Path, version: str, why: str) -> None:
    done = released(tree, version)
    assert (done.returncode, why in done.stderr, unchanged(tree)) == (1, True, True)


def test_a_version_is_released_once(tree: Path) -> None:
    git(tree, "tag", "v0.1.0")
    done = released(tree, "0.1.0")
    assert (done.returncode, done.stderr, unchanged(tree)) == (1, "there is a tag v0.1.0 already\n", True)


def test_a_release_in_which_nothing_is_new_is_refused(tree: Path) -> None:
    (tree / "CHANGELOG.md").write_text("# Changelog\n\n## [Unreleased]\n\n## [0.1.0] - 2026-01-01\n\n- A thing.\n")
    git(tree, "commit", "--quiet", "--all", "--amend", "--message", "all")
    done = released(tree, "0.2.0")
    assert (done.returncode, 'nothing under "Unreleased"' in done.stderr, unchanged(tree)) == (1, True, True)


@pytest.mark.parametrize("url", ["example.org", "https:///path", "git@example.org:a/b.git"])
def test_what_is_no_address_is_wrong_usage(tree: Path, url: str) -> None:
    done = released(tree, "0.2.0", url)
    assert (done.returncode, "is no address such as" in done.stderr, unchanged(tree)) == (2, True, True)


def test_a_build_that_fails_leaves_the_tree_as_it_was(tree: Path) -> None:
    done = released(tree, "0.2.0")
    assert done.returncode == 1
    assert "the tree is as it was" in done.stderr
    assert unchanged(tree)
    assert git(tree, "tag") == ""


def test_the_source_archive_leaves_nothing_out() -> None:
    """Its tests run from it. They follow the links of the docs, to pictures too. `make dist` compares the files."""
    targets = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]
    assert "sdist" not in targets
