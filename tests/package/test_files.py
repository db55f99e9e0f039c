"""`ib-supervisor files`: what a wheel carries is what the repository has, and writing it out destroys nothing."""

import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from supervisor.commands.main import app
from supervisor.commands.setup.shipped import PACKAGE, TOPICS, files_of

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def said(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["files", *words])
    return result.exit_code, result.output


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel of this tree, unpacked."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "wheel", "--no-deps"]
    subprocess.run([*build, "--wheel-dir", str(folder), str(ROOT)], check=True, timeout=100)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "unpacked")
    return folder / "unpacked"


def test_the_build_puts_into_the_wheel_what_the_command_knows() -> None:
    forced = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert forced == dict(pair for topic, about in TOPICS.items() for pair in about.sources(topic))


def test_a_wheel_and_a_checkout_write_the_same_files(unpacked: Path) -> None:
    assert not (PACKAGE / "files").exists(), "this is a checkout"
    for topic in TOPICS:
        here = {name: path.read_bytes() for name, path in files_of(topic).items()}
        there = {name: path.read_bytes() for name, path in files_of(topic, unpacked / "supervisor").items()}
        assert here == there
        assert here


def test_a_wheel_has_the_manual_page_completions_and_the_licence_and_is_typed(unpacked: Path) -> None:
    names = {path.relative_to(unpacked).as_posix() for path in unpacked.rglob("*")}
    shared = {name.partition(".data/data/share/")[2] for name in names}
    assert {"man/man1/ib-supervisor.1", "bash-completion/completions/ib-supervisor"} <= shared
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)
    assert "supervisor/py.typed" in names


def test_a_topic_is_written_below_a_folder(tmp_path: Path) -> None:
    status, told = said("prometheus", str(tmp_path / "new/rules"))
    assert status == 0
    written = {path.relative_to(tmp_path / "new/rules").as_posix() for path in (tmp_path / "new").rglob("*.*")}
    assert written == set(files_of("prometheus"))
    assert len(told.splitlines()) == len(written)
    assert said("prometheus", str(tmp_path / "new/rules"))[0] == 0, "what is the same may be written again"


def test_a_file_that_differs_is_kept_and_nothing_else_is_written(tmp_path: Path) -> None:
    mine = tmp_path / "paper.yaml"
    mine.write_text("mine\n")
    status, told = said("config", str(tmp_path))
    assert (status, "--force replaces them" in told, str(mine) in told) == (1, True, True)
    assert list(tmp_path.iterdir()) == [mine]
    assert said("config", str(tmp_path), "--force")[0] == 0
    assert yaml.safe_load(mine.read_text())["gateways"]


def test_what_is_no_file_is_neither_read_nor_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "paper.yaml")
    for words in ((), ("--force",)):
        status, told = said("config", str(tmp_path), *words)
        assert (status, told) == (1, f"{tmp_path}/paper.yaml: is there and is no file\n")
    assert [each.name for each in tmp_path.iterdir()] == ["paper.yaml"]


def test_without_a_folder_it_lists_and_without_a_topic_it_names_all() -> None:
    status, told = said("systemd")
    assert (status, told.split()) == (0, list(files_of("systemd")))
    status, told = said()
    assert (status, [line.split()[0] for line in told.splitlines()]) == (0, list(TOPICS))
    assert said("nonsense")[0] == 2


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    status, told = said("config", str(tmp_path / "file/below"))
    assert (status, "Not a directory" in told) == (1, True)


def test_a_version_is_written_in_one_place_and_the_others_follow() -> None:
    chart = yaml.safe_load((ROOT / "deploy/helm/ib-supervisor/Chart.yaml").read_text())
    base = yaml.safe_load((ROOT / "deploy/kubernetes/kustomization.yaml").read_text())
    version = PROJECT["project"]["version"]
    assert f'variable "VERSION" {{ default = "{version}" }}' in (ROOT / "deploy/docker/bake.hcl").read_text()
    assert {chart["version"], chart["appVersion"], base["images"][0]["newTag"]} == {version}
    result = CliRunner().invoke(app, ["--version"])
    assert result.output == f"ib-supervisor {version}\n"
