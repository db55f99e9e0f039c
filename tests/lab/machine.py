"""A machine of our own with a real systemd as PID 1: a Debian root file system, booted by systemd-nspawn.

- It has no network but a loopback of its own, so that nothing in it meets anything outside.
- What pip installs in it comes from a folder that was filled outside, and fits the lock files' hashes.
- Every command has a deadline. Only processes that were started here are ended.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.waiting import wait_until

REPOSITORY = Path(__file__).parents[2]
STORE = REPOSITORY / "artefacts" / "lab"
"""What is kept between two runs: root file systems as they come from Debian, and wheels."""
SUITES = {"bookworm": "3.11", "trixie": "3.13"}
"""Debian's releases, and the Python of each."""

_PACKAGES = "systemd,systemd-sysv,libnss-systemd,dbus,polkitd,procps,ca-certificates,python3-venv,make,sudo"
_MASKED = (
    "systemd-resolved.service",
    "systemd-networkd.service",
    "console-getty.service",
    "getty@.service",
    "apt-daily.timer",
    "apt-daily-upgrade.timer",
    "dpkg-db-backup.timer",
    "e2scrub_all.timer",
    "e2scrub_reap.service",
    "systemd-logind.service",
    "systemd-timesyncd.service",
    "systemd-hibernate-clear.service",
)
_MEMORY = Path("/proc/meminfo")
_IN_MEMORY = 6 << 30  # bytes that must be available for two machines in memory, on which a slow disk costs nothing
_INIT = ("/systemd", "/init")
_TOOLS = ("mmdebstrap", "systemd-nspawn", "nsenter", "tar")
_LEFT_OUT = (".git", ".venv", ".venvs", "artefacts", "node_modules", "__pycache__", ".*_cache", ".hypothesis")


def why_not() -> str | None:
    """Why no machine can be made here; None if one can."""
    if os.geteuid() != 0:
        return "needs root"
    missing = [tool for tool in _TOOLS if shutil.which(tool) is None]
    return f"not installed: {', '.join(missing)} (apt install systemd-container mmdebstrap)" if missing else None


def mirror() -> str:
    """Where Debian's packages come from: LAB_MIRROR, or where the apt of this machine gets them."""
    named = os.environ.get("LAB_MIRROR")
    if named:
        return named
    asked = ["apt-get", "indextargets", "--format", "$(ORIGIN) $(LABEL) $(REPO_URI)", "Created-By: Packages"]
    told = subprocess.run(asked, capture_output=True, text=True, timeout=60, check=True).stdout
    found = [line.split()[2].rstrip("/") for line in told.splitlines() if line.startswith("Debian Debian ")]
    assert found, "apt knows no archive of Debian: run apt-get update, or set LAB_MIRROR"
    return found[0]


class CommandFailed(AssertionError):
    """A command inside ended with another status than 0."""


class Machine:
    """One booted machine. `root` is its root file system, seen from outside."""

    def __init__(self, root: Path, process: subprocess.Popen[bytes], leader: int, groups: Sequence[Path]) -> None:
        self.root = root
        self._groups = groups
        self._process = process
        self._leader = leader

    def run(self, *command: str, timeout: float = 60, check: bool = True) -> str:
        """What a command inside, run as root, writes to its standard output. Raises CommandFailed if `check`."""
        done = subprocess.run(
            [*self._enter(), *command], capture_output=True, text=True, timeout=timeout, stdin=subprocess.DEVNULL
        )
        if check and done.returncode != 0:
            told = self.run("journalctl", "--no-pager", "-o", "short-precise", "-n", "40", timeout=20, check=False)
            raise CommandFailed(f"{command} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}\n{told}")
        return done.stdout.strip()

    def script(self, text: str, timeout: float = 300) -> str:
        """What a shell script inside says, both ways; it ends at the first command that fails."""
        return self.run("bash", "-euo", "pipefail", "-c", f"exec 2>&1\n{text}", timeout=timeout)

    def status_of(self, *command: str, timeout: float = 60) -> int:
        """The exit status of a command inside."""
        return subprocess.run(
            [*self._enter(), *command], capture_output=True, timeout=timeout, stdin=subprocess.DEVNULL
        ).returncode

    def start(self, *command: str) -> subprocess.Popen[str]:
        """A command inside that goes on; to be ended by whoever started it."""
        return subprocess.Popen([*self._enter(), *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def path(self, inside: str) -> Path:
        """A file inside, seen from outside; for files on its disk, not for those in /run or /tmp."""
        return self.root / inside.lstrip("/")

    def write(self, inside: str, text: str, mode: int = 0o644) -> None:
        """Put a file there."""
        path = self.path(inside)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)

    def show(self, unit: str, *names: str) -> dict[str, str]:
        """Properties of a unit, as systemd has them."""
        shown = self.run("systemctl", "show", unit, *(f"-p{name}" for name in names))
        return dict(line.split("=", 1) for line in shown.splitlines())

    def shut_down(self) -> None:
        """End it, as a machine ends: by its PID 1."""
        _signal(self._leader, signal.SIGRTMIN + 4)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            _signal(self._leader, signal.SIGKILL)
            self._process.wait(10)
        _remove(self._groups)

    def _enter(self) -> list[str]:
        into = ["nsenter", "-t", str(self._leader), "-m", "-u", "-i", "-n", "-p", "-C", "-r", "-w", "--"]
        words = ("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LANG=C.UTF-8")
        return [*into, "/usr/bin/env", "-i", *words, "SYSTEMD_PAGER=", "SYSTEMD_COLORS=0"]


def end(nspawn: subprocess.Popen[bytes]) -> None:
    """End a container at once, with all that is in it: what systemd-nspawn started outlives it."""
    for child in children(nspawn.pid):
        _signal(child, signal.SIGKILL)
    nspawn.kill()
    nspawn.wait(10)


def _signal(process: int, number: int) -> None:
    try:
        os.kill(process, number)
    except ProcessLookupError:
        return  # it was faster


# -- making one -------------------------------------------------------------------------------------------------------


def root_file_system(suite: str, purpose: str = "root") -> Path:
    """A fresh one, with the repository in /root/ib-supervisor and a pip that installs from a folder."""
    image = debian(suite)
    root = STORE / f"{purpose}-{suite}-{os.getpid()}"
    root.mkdir()
    _mount_memory(root)
    subprocess.run(["tar", "-xf", str(image), "-C", str(root), "--numeric-owner"], check=True, timeout=120)
    for unit in _MASKED:
        (root / "etc/systemd/system" / unit).symlink_to("/dev/null")
    (root / "etc/hosts").write_text("127.0.0.1 localhost\n127.0.1.1 lab\n")
    (root / "etc/hostname").write_text("lab\n")
    shutil.copytree(wheels(), root / "srv/wheels")
    (root / "etc/pip.conf").write_text("[global]\nno-index = true\nfind-links = /srv/wheels\n")
    shutil.copytree(REPOSITORY, root / "root/ib-supervisor", ignore=shutil.ignore_patterns(*_LEFT_OUT), symlinks=True)
    return root


def debian(suite: str, packages: str = _PACKAGES) -> Path:
    """An archive of that Debian with these packages; by default, with what the README asks for."""
    STORE.mkdir(parents=True, exist_ok=True)
    image = STORE / f"{suite}-{zlib.crc32(packages.encode()):08x}.tar"
    if not image.exists():
        new = image.with_suffix(".new.tar")
        make = ["mmdebstrap", "--quiet", "--variant=minbase", f"--include={packages}", suite, str(new), mirror()]
        work = STORE / f"making-{image.stem}-{os.getpid()}"
        work.mkdir()
        _mount_memory(work)
        try:
            subprocess.run(make, check=True, timeout=240, env={**os.environ, "TMPDIR": str(work)})
        finally:
            discard(work)
        new.rename(image)
    return image


def _mount_memory(folder: Path) -> None:
    """Let it be in memory, if there is enough: dpkg waits for the disk after each package."""
    if _available_memory() > _IN_MEMORY:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "lab", str(folder)], check=True, timeout=20)


def wheels() -> Path:
    """A folder with all that the lock files name, for every Python of `SUITES`."""
    locks = [REPOSITORY / "deploy/docker" / name for name in ("build.lock", "requirements.lock")]
    folder = STORE / "wheels"
    stamp = folder / ".locks"
    wanted = "".join(lock.read_text() for lock in locks)
    if stamp.exists() and stamp.read_text() == wanted:
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    download = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "download", "--no-deps"]
    requirements = [word for lock in locks for word in ("-r", str(lock))]
    # What is the same for every Python, and source archives, which only the own one may look into;
    subprocess.run([*download, "--require-hashes", *requirements, "-d", str(folder)], check=True, timeout=240)
    # and what was compiled, once more for the others.
    compiled = [file.name for file in folder.glob("*.whl") if not file.name.endswith("-none-any.whl")]
    names = ["==".join(name.split("-")[:2]) for name in compiled]
    for python in SUITES.values():
        if names and not any(f"-cp{python.replace('.', '')}-" in name for name in compiled):
            other = ["--only-binary=:all:", f"--python-version={python}", "-d", str(folder)]
            subprocess.run([*download, *other, *names], check=True, timeout=240)
    stamp.write_text(wanted)
    return folder


def boot(root: Path) -> Machine:
    """Start it, and wait until its systemd has settled. Raises AssertionError if it does not."""
    console = root.with_suffix(".console")
    groups = _control_groups(root.name)
    join = "".join(f"echo $$ >{group}/cgroup.procs; " for group in groups)
    environment: Mapping[str, str] = os.environ
    if Path("/sys/fs/cgroup/unified").exists():  # a host of two hierarchies, of which new systemds want one
        environment = {**os.environ, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"}
    with console.open("wb") as output:
        process = subprocess.Popen(
            [
                *("sh", "-euc", f'{join}exec "$@"', "sh"),
                *("systemd-nspawn", "--quiet", "-D", str(root), f"--machine=lab{os.getpid()}", "--boot"),
                *("--register=no", "--keep-unit", "--private-network", "--link-journal=no", "--console=pipe"),
                f"--kill-signal={signal.SIGRTMIN + 4}",
            ],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,
        )
    machine: list[Machine] = []

    def leading() -> bool:
        assert process.poll() is None, f"systemd-nspawn ended:\n{console.read_text(errors='replace')}"
        machine[:] = [
            Machine(root, process, child, groups) for child in children(process.pid) if program(child).endswith(_INIT)
        ]
        return bool(machine)

    def settled() -> bool:
        return machine[0].run("systemctl", "is-system-running", check=False) in ("running", "degraded")

    try:
        wait_until(leading, 30, what="PID 1 of the container")
        wait_until(settled, 60, every=0.1, what="a booted systemd")
    except BaseException:
        end(process)
        _remove(groups)
        raise
    return machine[0]


def discard(root: Path) -> None:
    """Remove a root file system that is not running any more."""
    if root.is_mount():
        subprocess.run(["umount", "--lazy", str(root)], check=True, timeout=20)
    subprocess.run(["rm", "-rf", "--one-file-system", str(root), str(root.with_suffix(".console"))], timeout=120)


def _control_groups(name: str) -> list[Path]:
    """A control group of its own in each hierarchy that a systemd uses: two machines in one would kill each other's."""
    mine = dict(line.split(":", 2)[1:] for line in Path("/proc/self/cgroup").read_text().splitlines())
    mounts = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    groups = []
    for _, place, kind, options, *_ in mounts:
        hierarchy = "" if kind == "cgroup2" else "name=systemd"
        if kind == "cgroup2" or (kind == "cgroup" and hierarchy in options.split(",")):
            groups.append(Path(place, mine[hierarchy].lstrip("/"), f"lab-{name}"))
            groups[-1].mkdir(exist_ok=True)
    return groups


def _remove(groups: Sequence[Path]) -> None:
    for group in groups:
        for path in [*sorted(group.rglob("*"), reverse=True), group]:
            if path.is_dir():
                with contextlib.suppress(OSError):  # one that still has a process; it costs nothing
                    path.rmdir()


def _available_memory() -> int:
    """Bytes."""
    return next(int(line.split()[1]) * 1024 for line in _MEMORY.read_text().splitlines() if line.startswith("MemAv"))


def children(process: int) -> list[int]:
    """Processes that this one started."""
    try:
        return [int(word) for word in Path(f"/proc/{process}/task/{process}/children").read_text().split()]
    except OSError:
        return []


def program(process: int) -> str:
    """What a process runs, by its first word; empty if it is gone."""
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")[0].decode(errors="replace")
    except OSError:
        return ""


def seconds_since(began: float) -> float:
    """Monotonic seconds since then."""
    return time.monotonic() - began


if __name__ == "__main__":  # fill the store, so that machines can be made side by side
    if why_not() is not None:
        sys.exit(why_not())
    wheels()
    for wanted_suite in sys.argv[1:]:
        debian(wanted_suite)
