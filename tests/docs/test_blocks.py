"""Every block of every page that can be run is run, here or in a test of its own; of the others each line is known.

- Blocks marked `<!-- run: NAME -->` in for-programs.md are run by test_for_programs.py; zero-to-paged.md is run whole
  by the lab; `mixin` of alerts.md is run here.
- A line that calls ib-supervisor is read by the real command line, which refuses a word or an option that it has not.
- YAML is loaded as what it is a part of.
- What needs root, a container engine or a cluster begins with one of the words in `ELSEWHERE`.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from supervisor.commands.main import COMMANDS, app
from supervisor.config.load import load
from supervisor.config.model import FileKeys
from supervisor.simulator.scenario.files import parse
from tests.deploy.tools import needs

ROOT = Path(__file__).parents[2]
PAGES = [*sorted((ROOT / "docs").glob("*.md")), ROOT / "README.md"]
ELSEWHERE = {
    "sudoedit",
    "docker",
    "helm",
    "kubectl",
    "sudo",
    "git",
    "pipx",
    "systemctl",
    "journalctl",
    "apt",
    "curl",
    "useradd",
}
"""Programs of blocks that are not run: root, an engine, a cluster, or the network."""
_BLOCK = re.compile(
    r"^(?:<!-- (?P<mark>[^\n]*) -->\n)?```(?P<language>\w*)\n(?P<text>.*?)^```", re.MULTILINE | re.DOTALL
)


@dataclass(frozen=True)
class Block:
    """One fenced block."""

    page: str
    language: str
    mark: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}: {self.text.splitlines()[0][:40]}"


BLOCKS = [
    Block(page.name, match["language"], match["mark"] or "", match["text"])
    for page in PAGES
    for match in _BLOCK.finditer(page.read_text(encoding="utf-8"))
]


def lines() -> list[Any]:
    """Every command line of blocks that no test runs."""
    found = []
    for block in BLOCKS:
        if block.mark.startswith(("run:", "unit:")) or block.page == "zero-to-paged.md":
            continue
        if block.language in {"sh", "bash"} or re.match(r"(ib-supervisor|make) ", block.text):
            for line in re.sub(r"\\\n\s*", " ", block.text).splitlines():
                words = shlex.split(line, comments=True)
                while words and re.fullmatch(r"\w+=.*", words[0]):
                    words = words[1:]
                for command in " ".join(map(shlex.quote, words)).split(" '&&' "):
                    if command:
                        found.append(pytest.param(shlex.split(command), id=f"{block.page}: {command[:60]}"))
    return found


@pytest.mark.parametrize("words", lines())
def test_a_command_that_is_not_run_is_ours_and_complete_or_needs_what_no_test_has(words: list[str]) -> None:
    program = Path(words[0]).name
    if program == "ib-supervisor":
        read(words[1:])
    elif program == "make":
        targets = (ROOT / "Makefile").read_text(encoding="utf-8")
        for target in (word for word in words[1:] if "=" not in word):
            assert re.search(rf"^{re.escape(target)}:", targets, re.MULTILINE)
    else:
        assert program in ELSEWHERE | {"pip", "cd", "mv", "pkill"}


def read(words: list[str]) -> None:
    """The real command line reads it, and does nothing."""
    if words == ["--version"]:
        return
    assert words[0] in COMMANDS
    group = typer.main.get_command(app)
    command = group.get_command(None, words[0])  # type: ignore[attr-defined]
    command.make_context(words[0], list(words[1:])).close()


def yamls() -> list[Any]:
    """Every block of YAML."""
    return [pytest.param(block, id=str(block)) for block in BLOCKS if block.language == "yaml"]


@pytest.mark.parametrize("block", yamls())
def test_a_block_of_yaml_is_what_its_page_says(block: Block, tmp_path: Path) -> None:
    part = yaml.safe_load(block.text)
    if "tls_server_config" in part or "basic_auth_users" in part:
        assert set(part) <= {"tls_server_config", "basic_auth_users"}
        return
    if "steps" in part:
        assert parse(block.text).steps
        return
    if "routes" in part:
        assert all(route.keys() == {"matchers", "receiver"} for route in part["routes"])
        return
    of_the_file = set(FileKeys.model_fields) - {"gate"} | ({"gate"} if "directory" in part.get("gate", {}) else set())
    config = dict(part) if of_the_file & part.keys() else {"defaults": part}
    config.setdefault("gateways", [{"name": "live", "port": 4001, "client_id": 911}])
    if "web_config" in config.get("http", {}):
        (tmp_path / Path(config["http"]["web_config"]).name).write_text("{}", encoding="utf-8")
        config["http"] = {**config["http"], "web_config": Path(config["http"]["web_config"]).name}
    file = tmp_path / "supervisor.yaml"
    file.write_text(yaml.safe_dump(config), encoding="utf-8")
    named = re.findall(r"\$\{(\w+)\}", block.text)
    assert load(
        file, {name: "https://127.0.0.1/x" if "HEALTH" in name else "json://127.0.0.1/" for name in named}
    ).gateways


@needs("promtool", "amtool")
def test_the_rules_of_a_site_are_one_command(tmp_path: Path) -> None:
    """As docs/alerts.md has it, from a folder beside the repository's."""
    (block,) = (each for each in BLOCKS if each.mark == "run: mixin")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        ["bash", "-e", "-c", block.text], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    rules = tmp_path / "rules"
    files = [str(rules / name) for name in ("alerts.yaml", "records.yaml")]
    subprocess.run(["promtool", "check", "rules", *files], check=True, timeout=60, capture_output=True)
    subprocess.run(["amtool", "check-config", rules / "alertmanager.yml"], check=True, timeout=60, capture_output=True)
    text = (rules / "alerts.yaml").read_text(encoding="utf-8")
    assert 'up{job="ib", cluster="eu"}' in text
    assert "group_left (label_desk) ib_gateway_info" in text
    assert "https://wiki.example/ib/IBGatewayDown.md" in text
    assert "IBOrderIdWentBack" not in text
    named = yaml.safe_load(text)["groups"]
    found = [rule for group in named for rule in group["rules"] if rule.get("alert") == "IBGatewayDown"]
    assert [(rule["for"], rule["keep_firing_for"], rule["labels"]["severity"]) for rule in found] == [
        ("30s", "5m", "critical")
    ]
    assert "repeat_interval: 1h  # critical" in (rules / "alertmanager.yml").read_text(encoding="utf-8")


def test_every_marked_block_is_run_by_somebody() -> None:
    marked = {block.page for block in BLOCKS if block.mark.startswith(("run:", "unit:"))}
    assert marked == {"for-programs.md", "alerts.md"}
    assert shutil.which("bash")
