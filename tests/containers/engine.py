"""A container engine for the lab: podman with runc, its images made from Debian's packages, everything removed again.

- Nothing is pulled. Debian stands in for what others publish, under the name that a file asks for: `python:3.13-slim`,
  `prom/prometheus`, `prom/alertmanager`. The gateway's image is the simulated gateway behind socat.
- What pip installs in a build comes from a folder that was filled outside, and fits the lock files' hashes.
- Only what was made here is removed, by its name: all names of one run begin alike.
"""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.lab.machine import REPOSITORY, STORE, mirror, wheels

BASE = "docker.io/library/python:3.13-slim-bookworm"
"""The name that the Dockerfile asks for, without its digest. Here it is a Debian 13, whose Python is 3.13 too."""
IMAGE = "localhost/ib-supervisor"
GATEWAY = "ghcr.io/gnzsnz/ib-gateway:lab"
OTHERS = "localhost/ib-supervisor-lab-others"
PROMETHEUS, ALERTMANAGER = "localhost/prom/prometheus:v3.5.0", "localhost/prom/alertmanager:v0.28.1"
_TOOLS = ("podman", "buildah", "runc", "mmdebstrap")
_SUITE = "trixie"
_CONF = """[engine]
runtime = "runc"
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
"""
_PIP = "[global]\nno-index = true\nfind-links = /srv/wheels\n"
_OTHERS = f"""FROM {BASE}
RUN apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \\
    socat prometheus prometheus-alertmanager >/dev/null \\
    && ln -s /usr/bin/prometheus-alertmanager /bin/alertmanager
"""
_GATEWAY = f"""FROM {OTHERS}
COPY --from={IMAGE} /opt/ib-supervisor /opt/ib-supervisor
ENTRYPOINT ["/bin/sh", "-c", "socat TCP-LISTEN:4004,fork,reuseaddr TCP:127.0.0.1:4002 & \\
exec /opt/ib-supervisor/bin/ib-supervisor simulate --port 4002 --control 4999"]
"""


def why_not() -> str | None:
    """Why no container can be run here; None if one can."""
    if os.geteuid() != 0:
        return "needs root"
    missing = [tool for tool in _TOOLS if shutil.which(tool) is None]
    return f"not installed: {', '.join(missing)}" if missing else None


class CommandFailed(AssertionError):
    """The engine said no."""


@dataclass(frozen=True)
class Done:
    """An ended command."""

    status: int
    said: str
    """Both its outputs."""


class Engine:
    """podman and buildah with settings of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.name = f"ibs{os.getpid()}"
        """How every name of this run begins."""
        (folder / "containers.conf").write_text(_CONF)
        (folder / "pip.conf").write_text(_PIP)
        self.environment = {**os.environ, "CONTAINERS_CONF": str(folder / "containers.conf")}
        self.times: dict[str, float] = {}

    def tried(self, *command: str, timeout: float = 120, **environment: str) -> Done:
        """Run a command of the engine, whatever comes of it."""
        done = subprocess.run(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout,
            env={**self.environment, **environment},
            stdin=subprocess.DEVNULL,
            cwd=self.folder,  # conmon leaves a file `oom` where it was started
        )
        return Done(done.returncode, done.stdout)

    def said(self, *command: str, timeout: float = 120, **environment: str) -> str:
        """What it says. Raises CommandFailed if it does not end with 0."""
        done = self.tried(*command, timeout=timeout, **environment)
        if done.status != 0:
            raise CommandFailed(f"{' '.join(command)} ended with {done.status}:\n{done.said}")
        return done.said.strip()

    def podman(self, *command: str, timeout: float = 120) -> str:
        """A command of podman."""
        return self.said("podman", *command, timeout=timeout)

    def inspect(self, name: str) -> dict[str, Any]:
        """What podman knows about a container."""
        (found,) = json.loads(self.podman("inspect", name))
        return dict(found)

    def logs(self, name: str) -> str:
        """What a container has written."""
        return self.tried("podman", "logs", name).said

    def exit_status(self, name: str) -> int | None:
        """With what a container ended; None while it runs."""
        state = self.inspect(name)["State"]
        return None if state["Running"] else int(state["ExitCode"])

    def inside(self, name: str, *command: str) -> Done:
        """A command in a container that runs."""
        return self.tried("podman", "exec", name, *command)

    def get(self, name: str, path: str, user: str = "") -> tuple[int, str]:
        """The status and the body that the supervisor in a container answers, asked by the Python in it."""
        script = (
            "import sys, base64, urllib.request as r, urllib.error as e\n"
            "q = r.Request('http://127.0.0.1:14000' + sys.argv[1])\n"
            "u = sys.argv[2]\n"
            "u and q.add_header('Authorization', 'Basic ' + base64.b64encode(u.encode()).decode())\n"
            "try: a = r.urlopen(q, timeout=5)\n"
            "except e.HTTPError as error: a = error\n"
            "print(a.status); print(a.read().decode())"
        )
        done = self.inside(name, "python", "-c", script, path, user)
        status, _, body = done.said.partition("\n")
        return (int(status), body.strip()) if status.isdigit() else (0, done.said)

    def status(self, name: str) -> dict[str, Any]:
        """What the supervisor says of its one gateway; empty while it says nothing."""
        code, body = self.get(name, "/api/v1/status")
        return dict(json.loads(body)["gateways"][0]) if code == 200 else {}

    def order(self, gateway: str, **step: object) -> None:
        """Let the simulated gateway in a container do something."""
        script = (
            "import socket, sys; s = socket.create_connection(('127.0.0.1', 4999), 5)\n"
            "s.sendall(sys.argv[1].encode() + b'\\n'); print(s.makefile().readline())"
        )
        done = self.inside(gateway, "/opt/ib-supervisor/bin/python", "-c", script, json.dumps(step))
        assert '"ok": true' in done.said, done.said

    # -- making images -------------------------------------------------------------------------------------------------

    def build_all(self) -> None:
        """The images of the lab. What comes from Debian is kept between two runs, as archives and as an image."""
        STORE.mkdir(parents=True, exist_ok=True)
        base = STORE / f"container-{_SUITE}.tar"
        if not base.exists():
            new = base.with_suffix(".new.tar")
            packages = "--include=python3,python3-venv,ca-certificates"
            make = ["mmdebstrap", "--quiet", "--variant=minbase", packages, _SUITE, str(new), mirror()]
            subprocess.run(make, check=True, timeout=240)
            new.rename(base)
        self.podman("import", "--quiet", str(base), BASE)
        began = time.monotonic()
        self._build(IMAGE, REPOSITORY / "deploy/docker/Dockerfile", REPOSITORY)
        self.times["build"] = time.monotonic() - began
        if self.tried("podman", "image", "exists", OTHERS).status != 0:
            self._build(OTHERS, self._file("others", _OTHERS), self.folder)
        self._build(GATEWAY, self._file("gateway", _GATEWAY), self.folder)
        for name, program in ((PROMETHEUS, "/usr/bin/prometheus"), (ALERTMANAGER, "/bin/alertmanager")):
            text = f'FROM {OTHERS}\nENTRYPOINT ["{program}"]\n'
            self._build(name, self._file("program", text), self.folder)

    def _file(self, name: str, text: str) -> Path:
        path = self.folder / f"Dockerfile.{name}"
        path.write_text(text)
        return path

    def _build(self, name: str, file: Path, context: Path) -> None:
        # The format is Docker's, because OCI's knows no HEALTHCHECK.
        command = [
            "buildah",
            "bud",
            "--quiet",
            "--isolation",
            "chroot",
            "--format",
            "docker",
            "--pull-never",
            "--layers",
        ]
        command += ["--volume", f"{wheels()}:/srv/wheels:ro", "--volume", f"{self.folder}/pip.conf:/etc/pip.conf:ro"]
        command += ["--build-arg", f"BASE={BASE}", "--file", str(file), "--tag", name, str(context)]
        self.said(*command, timeout=300)


@contextmanager
def engine_in(folder: Path) -> Iterator[Engine]:
    """An engine with its images; all containers, volumes, networks and secrets of this run are removed at the end."""
    engine = Engine(folder)
    engine.build_all()
    try:
        yield engine
    finally:
        for kind, force in (("container", ["-f", "-v"]), ("volume", ["-f"]), ("network", ["-f"]), ("secret", [])):
            listed = ["ls", "--format", "{{.Names}}" if kind == "container" else "{{.Name}}"]
            listed += ["--all"] if kind == "container" else []
            for name in engine.tried("podman", kind, *listed).said.split():
                if name.startswith(engine.name):
                    engine.tried("podman", kind, "rm", *force, name)
