"""A container, by a file that its host writes: the state as `docker inspect` and `podman inspect` have it.

- The docker socket is root's power over the machine. So nothing here asks it: a timer of the host does, and writes what
  `--format '{{json .State}}'` prints, in which no environment and so no password is. docs/controllers.md has it.
- A file that is not written any more says nothing.
- A container that runs proves little: it may hold two gateways, of which one is dead, or a script that waits.
"""

import json
import os
import time
from datetime import datetime
from typing import Any

from supervisor.controllers.base import MOST_BYTES, opened, unknown
from supervisor.core.model.behind import controller as settings
from supervisor.core.model.behind.sight import GatewayProcess, LoginState, Sight

STALE = 60.0


class Container:
    """Reads the file."""

    every = 2.0
    patience = 1.0

    def __init__(self, asked: settings.Container) -> None:
        self._path = asked.status

    def look(self) -> Sight:
        """Read it once."""
        try:
            with opened(self._path) as file:
                age = time.time() - os.fstat(file.fileno()).st_mtime
                said = json.loads(file.read(MOST_BYTES))
        except OSError as error:
            return unknown(f"the state of the container cannot be read: {error.strerror or error}")
        except (ValueError, RecursionError):
            return unknown("the state of the container is not JSON")
        if age > STALE:
            return unknown(f"the state of the container was written {age:.0f} s ago")
        if not isinstance(said, dict) or not isinstance(said.get("Running"), bool):
            return unknown("the state of the container has no Running")
        return _read(said)


def _read(said: dict[str, Any]) -> Sight:
    status = said.get("Status")
    if status == "paused":
        return unknown("the container is paused: its processes are frozen")
    if not said["Running"] or status == "restarting":
        code = said.get("ExitCode")
        words = "the system ended a process of it for want of memory" if said.get("OOMKilled") is True else ""
        state = LoginState.RESTARTING if status == "restarting" else None
        return Sight(state, running=False, exit_status=code if isinstance(code, int) else None, words=words)
    pid, started = said.get("Pid"), _instant(said.get("StartedAt"))
    process = GatewayProcess(pid, started) if isinstance(pid, int) and pid > 0 and started is not None else None
    return Sight(process=process, running=True)


def _instant(said: object) -> float | None:
    """Seconds; the engines write nanoseconds, of which Python reads the first six digits."""
    try:
        return datetime.fromisoformat(str(said)[:26].rstrip("Z") + "+00:00").timestamp()
    except (ValueError, OverflowError):
        return None
