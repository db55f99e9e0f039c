"""The systemd units as files: what can be said of them without root."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

SYSTEMD = Path(__file__).parents[2] / "systemd"
UNITS = ("ib-supervisor.service", "ib-supervisor@.service")
HARDENING = re.compile(
    r"(Protect|Private|Restrict|NoNew|Capab|Ambient|SystemCall|Lock|Memory|Remove|Keyring|Device|UMask|Limit|Tasks|Dynamic|Proc)"
)
MOST_EXPOSED = 1.2

needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")


def unit(name: str) -> list[str]:
    """The lines of a unit."""
    return (SYSTEMD / name).read_text().splitlines()


def installed_at(folder: Path, name: str) -> Path:
    """The unit with the programs it names in a folder, so that systemd finds them."""
    bin_of = folder / "bin"
    bin_of.mkdir(exist_ok=True)
    text = (SYSTEMD / name).read_text()
    for program in (
        "/opt/ib-supervisor/current/bin/ib-supervisor",
        "/usr/local/bin/ib-supervisor",
        "/opt/trading/bin/trade",
        "/usr/bin/xvfb-run",
    ):
        stand_in = bin_of / program.rsplit("/", 1)[1]
        stand_in.write_text("#!/bin/sh\n")
        stand_in.chmod(0o755)
        text = text.replace(program, str(stand_in))
    path = folder / name.rsplit("/", 1)[-1]
    path.write_text(text)
    return path


@needs_systemd
@pytest.mark.parametrize("name", [*UNITS, *(f"examples/{path.name}" for path in SYSTEMD.glob("examples/*.service"))])
def test_systemd_verifies_each_unit_in_silence(name: str, tmp_path: Path) -> None:
    path = installed_at(tmp_path, name)
    here = path.with_name(path.name.replace("@.", "@paper."))
    if here != path:
        here.symlink_to(path)
    done = subprocess.run(["systemd-analyze", "verify", str(here)], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@needs_systemd
@pytest.mark.parametrize("name", UNITS)
def test_little_is_left_to_harden(name: str, tmp_path: Path) -> None:
    ask = ["systemd-analyze", "security", "--offline=true", "--no-pager", f"--threshold={MOST_EXPOSED * 10:.0f}"]
    path = str(installed_at(tmp_path, name))
    done = subprocess.run([*ask, path], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout
    said = subprocess.run([*ask, "--json=short", path], capture_output=True, text=True, timeout=60)
    left = {entry["name"] for entry in json.loads(said.stdout) if entry["exposure"]}
    assert left <= {
        "RootDirectory=/RootImage=",
        "RestrictAddressFamilies=~AF_UNIX",
        "RestrictAddressFamilies=~AF_(INET|INET6)",
        "PrivateNetwork=",
        "DeviceAllow=",
        "IPAddressDeny=",
    }


@pytest.mark.parametrize("name", UNITS)
def test_each_hardening_line_says_what_it_is_for(name: str) -> None:
    lines = unit(name)
    hardening = [number for number, line in enumerate(lines) if HARDENING.match(line)]
    assert len(hardening) > 30
    assert [lines[number] for number in hardening if not lines[number - 1].startswith("# ")] == []


def test_the_instance_differs_only_where_its_name_is() -> None:
    def settings(name: str) -> list[str]:
        return [line for line in unit(name) if line and not line.startswith("#")]

    instance = [line.replace("@%i", "").replace("%i.yaml", "supervisor.yaml") for line in settings(UNITS[1])]
    instance = [line.replace(" (%i)", "") for line in instance]
    single = settings(UNITS[0])
    single.insert(
        single.index("EnvironmentFile=-/etc/default/ib-supervisor"), "EnvironmentFile=-/etc/default/ib-supervisor"
    )
    assert instance == single


@pytest.mark.parametrize("name", [path.name for path in SYSTEMD.glob("examples/*.service")])
def test_losing_the_supervisor_stops_nothing(name: str) -> None:
    assert not re.search(r"^(BindsTo|Requires|Requisite|PartOf)=", (SYSTEMD / "examples" / name).read_text(), re.M)


def test_the_config_to_edit_is_valid_and_logs_to_the_journal() -> None:
    from supervisor.config.load import load

    config = load(SYSTEMD / "supervisor.yaml", {})
    assert config.log.format == "journald"
    assert config.http.listen.host == "127.0.0.1"
