"""A systemd unit, by `systemctl show`.

- `systemctl` is asked, and not D-Bus by a library: it comes with systemd, needs no rights and no session of ours, and a
  program that hangs can be killed. It costs some milliseconds every 5 s.
- The main process of the unit is often a script, and the gateway its child, which restarts without the unit. So the
  gateway is looked for in the unit's control group.
"""

import subprocess
from pathlib import Path

from supervisor.controllers import ibc, ibg, processes
from supervisor.controllers.base import MOST_BYTES, unknown
from supervisor.core.model.behind import controller as settings
from supervisor.core.model.behind.sight import GatewayProcess, LoginState, Sight
from supervisor.platform import end_group, in_own_group

ANSWER = 3.0
CGROUPS = Path("/sys/fs/cgroup")
MAIN_CLASSES = (*ibc.MAIN_CLASSES, *ibg.MAIN_CLASSES, "ibcontroller.agent.AgentMain")
"""The main class of a gateway, as the launchers of controllers name it."""
_ASKED = (
    "LoadState",
    "ActiveState",
    "SubState",
    "Result",
    "MainPID",
    "ExecMainStatus",
    "NRestarts",
    "InvocationID",
    "ControlGroup",
)


class Unit:
    """Asks systemd."""

    every = 5.0
    patience = ANSWER + 1.0

    def __init__(self, asked: settings.Unit, systemctl: str = "systemctl", cgroups: Path = CGROUPS) -> None:
        scope = ("--user",) if asked.user else ()
        self._argv = (systemctl, *scope, "show", "-p", ",".join(_ASKED), "--", asked.unit)
        self._name = asked.unit
        self._cgroups = cgroups
        self._found_in_group = False
        self._invocation = ""
        self._restarts = 0

    def look(self) -> Sight:
        """Ask once."""
        try:
            program = subprocess.Popen(
                self._argv,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                **in_own_group(),
            )
        except OSError as error:
            return unknown(f"systemctl cannot be started: {error}")
        try:
            output, _ = program.communicate(timeout=ANSWER)
        except subprocess.TimeoutExpired:
            return unknown("systemd does not answer in time")
        finally:
            end_group(program)
        if program.returncode != 0:
            return unknown(f"systemctl ended with status {program.returncode}")
        lines = output[:MOST_BYTES].decode("utf-8", "replace").splitlines()
        return self._read(dict(line.partition("=")[::2] for line in lines))

    def _read(self, said: dict[str, str]) -> Sight:
        if said.get("LoadState") != "loaded":
            return unknown(f"systemd has no unit {self._name}")
        invocation = said.get("InvocationID", "")
        if invocation:
            self._restarts += bool(self._invocation) and invocation != self._invocation
            self._invocation = invocation
        status = _number(said.get("ExecMainStatus"))
        active = said.get("ActiveState", "")
        if active in ("active", "reloading"):
            return self._active(said)
        if active == "activating" and said.get("SubState") != "auto-restart":
            return Sight(LoginState.STARTING, running=True, restarts=self._restarts)
        if active not in ("activating", "inactive", "failed"):
            return unknown(f"the unit is {active}")
        result = said.get("Result", "")
        words = "" if result in ("", "success") else f"systemd says: {result}"
        if active == "activating":
            words = "systemd starts it again"
        return Sight(running=False, restarts=self._restarts, exit_status=status, words=words)

    def _active(self, said: dict[str, str]) -> Sight:
        group = self._cgroups / said.get("ControlGroup", "").lstrip("/")
        gateways = processes.in_group(group, MAIN_CLASSES) if said.get("ControlGroup") else []
        self._found_in_group = self._found_in_group or bool(gateways)
        process: GatewayProcess | None = gateways[0] if len(gateways) == 1 else None
        if not self._found_in_group:  # no launcher that is known: the main process is all there is
            main = _number(said.get("MainPID"))
            process = processes.identify(main) if main else None
        running = bool(gateways) or not self._found_in_group
        return Sight(process=process, running=running, restarts=self._restarts if process is None else None)


def _number(said: str | None) -> int | None:
    return int(said) if said is not None and said.isdecimal() else None
