"""A container engine for the lab: podman with runc, in a store of its own, everything but the images removed again.

- What the machine's own podman has, is neither seen nor changed. The images stay for the next run, in `artefacts/lab`.
- Only what was made here is removed, by its name: all names of one run begin alike, and say which process it was.
"""

import json
import os
import re
import shutil
import subprocess
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.lab.machine import STORE

_TOOLS = ("podman", "buildah", "runc", "mmdebstrap", "ip")
_KEPT = STORE / "containers"
_RUN = Path("/run/ib-supervisor-lab") / f"{zlib.crc32(str(STORE).encode()):08x}"
"""What belongs to one boot of the machine, and to this working copy."""
_CONF = f"""[engine]
runtime = "runc"
tmp_dir = "{_RUN}/libpod"
lock_type = "file"
[network]
network_backend = "netavark"
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
"""
_STORAGE = f"""[storage]
driver = "overlay"
graphroot = "{_KEPT}"
runroot = "{_RUN}/storage"
"""
_KINDS = {  # in the order in which they can be removed, with what each command needs
    "pod": (["--format", "{{.Name}}"], ["--force", "--time", "0"]),
    "container": (["--all", "--format", "{{.Names}}"], ["--force", "--volumes", "--time", "0"]),
    "volume": (["--format", "{{.Name}}"], ["--force"]),
    "network": (["--format", "{{.Name}}"], ["--force"]),
    "secret": (["--format", "{{.Name}}"], []),
}


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
        self.environment = dict(os.environ)
        for variable, text in (("CONTAINERS_CONF", _CONF), ("CONTAINERS_STORAGE_CONF", _STORAGE)):
            path = folder / variable.lower()
            path.write_text(text)
            self.environment[variable] = str(path)

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

    def steady(self, network: str) -> None:
        """Let the bridge of a network, which has a container now, keep its address.

        By itself it takes the lowest of its ports' addresses. When one comes or goes, the other containers ask for
        names at the old address, for up to 50 s.
        """
        (found,) = json.loads(self.podman("network", "inspect", network))
        bridge = found["network_interface"]
        address = Path("/sys/class/net", bridge, "address").read_text().strip()
        self.said("ip", "link", "set", "dev", bridge, "address", address)

    def order(self, gateway: str, **step: object) -> None:
        """Let the simulated gateway in a container do something."""
        script = (
            "import socket, sys; s = socket.create_connection(('127.0.0.1', 4999), 5)\n"
            "s.sendall(sys.argv[1].encode() + b'\\n'); print(s.makefile().readline())"
        )
        done = self.inside(gateway, "/opt/ib-supervisor/bin/python", "-c", script, json.dumps(step))
        assert '"ok": true' in done.said, done.said

    def remove_rests(self) -> None:
        """What this run made, and what others made whose process is gone."""
        for kind, (listed, force) in _KINDS.items():
            for name in self.tried("podman", kind, "ls", *listed).said.split():
                made = re.match(r"ibs(\d+)", name)
                if made and (int(made[1]) == os.getpid() or not Path("/proc", made[1]).exists()):
                    self.tried("podman", kind, "rm", *force, name)


@contextmanager
def engine_in(folder: Path) -> Iterator[Engine]:
    """An engine; all containers, volumes, networks and secrets of this run are removed at the end."""
    engine = Engine(folder)
    try:
        yield engine
    finally:
        engine.remove_rests()
