"""The container image without a container engine: its Dockerfile in a chroot, its command as PID 1 of a container."""

import os
import re
import shlex
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab import machine as lab
from tests.waiting import wait_until

pytestmark = [pytest.mark.root, pytest.mark.timeout(400)]

DOCKERFILE = lab.REPOSITORY / "deploy/docker/Dockerfile"
SUITE = os.environ.get("LAB_SUITES", "bookworm").split()[0]


class Image:
    """What the Dockerfile makes on top of a Debian that stands in for python:slim."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.environment: dict[str, str] = {"PATH": "/usr/local/bin:/usr/bin:/bin"}
        self.words: dict[str, list[str]] = {}
        self.user = ""
        self._folder = Path("/")
        for instruction, rest in instructions(DOCKERFILE.read_text()):
            self._follow(instruction, rest)

    def _follow(self, instruction: str, rest: str) -> None:
        match instruction:
            case "WORKDIR":
                self._folder = Path(rest)
            case "COPY" if not rest.startswith("--from"):
                *sources, target = rest.split()
                for source in sources:
                    self._copy(source, target)
            case "RUN":
                self._run("sh", "-c", f"mkdir -p {self._folder} && cd {self._folder} && {rest}")
            case "ENV":
                for word in shlex.split(rest):
                    name, value = word.split("=", 1)
                    self.environment[name] = value.replace("$PATH", self.environment["PATH"])
            case "USER":
                self.user = rest
            case "ENTRYPOINT" | "CMD" | "HEALTHCHECK":
                self.words[instruction] = re.findall(r'"([^"]*)"', rest)

    def _copy(self, source: str, target: str) -> None:
        there = lab.REPOSITORY / source
        path = self.root / (self._folder / target).relative_to("/")
        if there.is_dir():
            shutil.copytree(there, path, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            path = path / there.name if target.endswith("/") or path.is_dir() else path
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(there, path)

    def _run(self, *command: str) -> None:
        environment = [f"{name}={value}" for name, value in self.environment.items()]
        done = subprocess.run(
            ["chroot", str(self.root), "env", "-i", *environment, *command], capture_output=True, text=True, timeout=300
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"


def instructions(text: str) -> list[tuple[str, str]]:
    """The lines of a Dockerfile."""
    whole = re.sub(r"\\\n", " ", re.sub(r"^#.*\n", "", text, flags=re.M))
    return [(line.split(None, 1)[0], line.split(None, 1)[1]) for line in whole.splitlines() if line.strip()]


@pytest.fixture(scope="module")
def image() -> Iterator[Image]:
    """The built image."""
    reason = lab.why_not()
    if reason is not None:
        if os.environ.get("LAB_REQUIRED"):
            pytest.fail(reason)
        pytest.skip(reason)
    root = lab.root_file_system(SUITE, "image")
    try:
        yield Image(root)
    finally:
        lab.discard(root)


def contained(nspawn: int) -> list[int]:
    """The command in the container, once it is more than systemd-nspawn on the way there."""
    return [child for child in lab.children(nspawn) if lab.program(child).endswith("python")]


def test_it_runs_as_nobody_on_a_read_only_file_system_and_ends_on_sigterm(image: Image, tmp_path: Path) -> None:
    user, group = image.user.split(":")
    settings = {**image.environment, "IB_PORT": "4002", "IB_MODE": "paper", "IB_REGION": "none"}
    output = tmp_path / "output"
    with output.open("wb") as stream:
        process = subprocess.Popen(
            [
                *("systemd-nspawn", "--quiet", "-D", str(image.root), f"--machine=image{os.getpid()}", "--read-only"),
                *("--register=no", "--keep-unit", "--private-network", "--link-journal=no", "--console=pipe"),
                f"--tmpfs=/var/lib/ib-supervisor:uid={user},gid={group},mode=0700",
                *(f"--setenv={name}={value}" for name, value in settings.items()),
                *("setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups", "--no-new-privs"),
                *("--bounding-set=-all", "--inh-caps=-all", "--"),
                *(image.words["ENTRYPOINT"] + image.words["CMD"]),
            ],
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        wait_until(lambda: contained(process.pid), 30, what="the command in its container")
        (leader,) = contained(process.pid)
        inside = ["nsenter", "-t", str(leader), "-m", "-n", "-r", "--", "env", "-i"]
        inside += [f"{name}={value}" for name, value in settings.items()]

        def healthy() -> bool:
            assert process.poll() is None, output.read_text()
            check = [*inside, *image.words["HEALTHCHECK"]]
            done = subprocess.run(check, capture_output=True, text=True, timeout=20)
            said[:] = [done.stderr]
            return done.returncode == 0

        said: list[str] = []
        try:
            wait_until(healthy, 60, every=0.5)
        except AssertionError:
            pytest.fail(f"never healthy: {said}\n{output.read_text()}")
        status = Path(f"/proc/{leader}/status").read_text()
        assert f"Uid:\t{user}\t" in status
        assert re.search(r"^CapEff:\t0+$", status, re.M)
        assert re.search(r"^NSpid:\t\d+\t1$", status, re.M), "it is PID 1, which ignores signals it does not handle"
        assert subprocess.run([*inside, "test", "-s", "/var/lib/ib-supervisor/journal.db"]).returncode == 0
        os.kill(leader, signal.SIGTERM)
        assert process.wait(10) == 0, output.read_text()
        assert '"ib-supervisor ends"' in output.read_text(), "the log is JSON, and was written to its end"
    finally:
        lab.end(process)
