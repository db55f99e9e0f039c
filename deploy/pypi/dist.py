"""`make dist` and `make release`: source archive and wheel, and what must be so before anybody gets them.

    dist.py build  [--url URL]
    dist.py release VERSION --url URL

- The project's address is not part of the tree, because a fork has another one. The build writes it into a copy: as the
  links of the package's page, and into the README, whose links into the tree would lead nowhere on that page.
- Built from what git has, with the changes of the working tree, so that nothing else can get in.
- The source archive has every file that git has: its tests run from it, and they read pages and pictures too.
- `release` wants a clean tree, a new version and something under "Unreleased" in the changelog. It writes the version
  into its places, closes that section, builds, commits and tags. If it fails on the way, the tree is as it was. It
  publishes nothing: it says which commands would.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parents[2]
DIST = ROOT / "dist"
PLACES = {
    "pyproject.toml": r'(?m)^version = "(.*)"$',
    "deploy/docker/bake.hcl": r'variable "VERSION" \{ default = "(.*)" \}',
    "deploy/docker/sbom.cdx.json": r'"name": "ib-supervisor",\s+"type": "application",\s+"version": "(.*)"',
    "deploy/kubernetes/kustomization.yaml": r"(?m)^    newTag: (.*)$",
    "deploy/helm/ib-supervisor/Chart.yaml": r'(?m)^version: (.*)$|^appVersion: "(.*)"$',
}
"""Where a version is written: the first is read, the others follow it."""
UNRELEASED = "## [Unreleased]"
EXAMPLE = "https://example.com/ib-supervisor"
LEAST = "8"
"""Of pyroma's ten points. It takes two for an author without a mail address, and this project has none."""


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Build what is published.")
    parser.add_argument("what", choices=["build", "release"])
    parser.add_argument("version", nargs="?")
    parser.add_argument("--url", default="")
    words = parser.parse_args()
    words.url = words.url.rstrip("/")
    if words.url and not re.fullmatch(r"https?://[^/\s]+(/\S+)?", words.url):
        parser.error(f"{words.url!r} is no address such as {EXAMPLE}")
    if words.what == "build":
        build(words.url or EXAMPLE)
        return 0
    if not words.version or not words.url:
        parser.error("a release needs VERSION and --url, the address of the repository")
    return release(words.version, words.url)


def version() -> str:
    """The present one."""
    found = re.search(PLACES["pyproject.toml"], (ROOT / "pyproject.toml").read_text())
    assert found is not None
    return found[1]


def build(url: str) -> None:
    """Make and judge what would be published."""
    shutil.rmtree(DIST, ignore_errors=True)
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder, "tree")
        for name in _said("git", "ls-files", "-z").split("\0"):
            if name and (ROOT / name).exists():
                (tree / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, tree / name)
        kept = {path.relative_to(tree).as_posix() for path in tree.rglob("*") if not path.is_dir()}
        _address(tree, url)
        _run(sys.executable, "-m", "build", "--no-isolation", "--outdir", str(DIST), str(tree), quiet=True)
    (wheel,), (archive,) = DIST.glob("*.whl"), DIST.glob("*.tar.gz")
    _whole(archive, kept)
    tools = Path(sys.executable).parent
    _run(str(tools / "twine"), "check", "--strict", str(wheel), str(archive))
    _run(str(tools / "check-wheel-contents"), "--ignore", "W002", str(wheel))  # the chart has dashboards of its own
    _run(str(tools / "pyroma"), "-n", LEAST, str(archive))
    _try(wheel)


def _whole(archive: Path, kept: set[str]) -> None:
    with tarfile.open(archive) as opened:
        lacking = kept - {name.partition("/")[2] for name in opened.getnames()}
    if lacking:
        sys.exit(f"{archive.name} lacks {', '.join(sorted(lacking))}")


def _address(tree: Path, url: str) -> None:
    """Write the project's address into a copy of the tree."""
    at = f"v{version()}"
    links = {
        "Homepage": url,
        "Documentation": f"{url}/tree/{at}/docs",
        "Changelog": f"{url}/blob/{at}/CHANGELOG.md",
        "Issues": f"{url}/issues",
    }
    project = tree / "pyproject.toml"
    lines = "".join(f'{name} = "{link}"\n' for name, link in links.items())
    project.write_text(project.read_text().replace("[project.scripts]", f"[project.urls]\n{lines}\n[project.scripts]"))
    readme = tree / "README.md"
    text = re.sub(r'src="(?!https?:)', f'src="{url}/raw/{at}/', readme.read_text())
    readme.write_text(re.sub(r"\]\((?!https?:|#)", f"]({url}/blob/{at}/", text))


def _try(wheel: Path) -> None:
    """Install the wheel alone, in an environment of its own, and use it in an empty folder."""
    with tempfile.TemporaryDirectory() as folder:
        environment, began = Path(folder, "venv"), time.monotonic()
        _run(sys.executable, "-m", "venv", str(environment))
        base = _size(environment)
        _run(str(environment / "bin/pip"), "--disable-pip-version-check", "install", "--quiet", str(wheel))
        took, size = time.monotonic() - began, _size(environment) - base
        program = str(environment / "bin/ib-supervisor")
        assert version() in _said(program, "--version", at=folder)
        _run(program, "files", "prometheus", "rules", quiet=True, at=folder)
        _run(program, "files", "config", "config", quiet=True, at=folder)
        _run(program, "check-config", "config/paper.yaml", quiet=True, at=folder)
        assert (environment / "share/man/man1/ib-supervisor.1").is_file()
    print(f"{wheel.name}: {wheel.stat().st_size // 1000} kB; installed {size / 1e6:.0f} MB in {took:.0f} s")


def release(new: str, url: str) -> int:
    """Write the version and the changelog, build, commit, tag."""
    changelog = ROOT / "CHANGELOG.md"
    refused = _refused(new, changelog.read_text())
    if refused:
        print(refused, file=sys.stderr)
        return 1
    before = _said("git", "rev-parse", "HEAD").strip()
    try:
        for name, pattern in PLACES.items():
            path = ROOT / name
            path.write_text(
                re.sub(
                    pattern, lambda found: found[0].replace(next(filter(None, found.groups())), new), path.read_text()
                )
            )
        heading = f"{UNRELEASED}\n\n## [{new}] - {datetime.now(UTC):%Y-%m-%d}"
        changelog.write_text(changelog.read_text().replace(UNRELEASED, heading, 1))
        build(url)
        _run("git", "commit", "--quiet", "--all", "--message", f"Release {new}")
        _run("git", "tag", "--annotate", f"v{new}", "--message", f"ib-supervisor {new}")
    except BaseException:
        _run("git", "reset", "--quiet", before)
        _run("git", "checkout", "--quiet", "--", *PLACES, changelog.name)
        print("nothing is released, and the tree is as it was", file=sys.stderr)
        raise
    print(f"to publish: git push --follow-tags; {Path(sys.executable).parent}/twine upload dist/*")
    return 0


def _refused(new: str, changelog: str) -> str:
    """Why there can be no such release, or nothing."""
    if _said("git", "status", "--porcelain"):
        return "the working tree has changes; commit them first"
    if not re.fullmatch(r"(0|[1-9]\d*)(\.(0|[1-9]\d*)){2}", new):
        return f"{new!r} is no version such as 0.2.0"
    if _said("git", "tag", "--list", f"v{new}"):
        return f"there is a tag v{new} already"
    if _order(new) < _order(version()):
        return f"{new} is below {version()}"
    if not re.search(r"(?m)^- ", changelog.partition(UNRELEASED)[2].partition("\n## ")[0]):
        return 'CHANGELOG.md has nothing under "Unreleased"'
    return ""


def _order(name: str) -> list[int]:
    return [int(part) for part in name.split(".")]


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def _said(*command: str, at: str | Path = ROOT) -> str:
    done = subprocess.run(command, cwd=at, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}\n{done.stderr}")
    return done.stdout


def _run(*command: str, quiet: bool = False, at: str | Path = ROOT) -> None:
    done = subprocess.run(command, cwd=at, stdout=subprocess.PIPE if quiet else None, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}\n{done.stdout or ''}")


if __name__ == "__main__":
    sys.exit(main())
