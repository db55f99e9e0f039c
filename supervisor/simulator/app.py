"""The simulated gateway as a program: what `ib-supervisor simulate` runs.

Rules
- Prints plain lines: first where it listens, then where the control socket does, then each step and client event with
  the local time.
- What is wrong is said to `err`, as by every other command.
- A reader who is gone or does not keep up costs lines, never the gateway: a test that reads only the first line is
  welcome.
- Scenarios and clients are other people's. `clean` makes one harmless line of what they say.
- SIGINT and SIGTERM end it cleanly.
"""

import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TextIO

from supervisor.frozen import replace
from supervisor.platform import until_ended, wait_writable
from supervisor.simulator.fleet import Fleet, SimulatedGateway
from supervisor.simulator.recorder.replay import Replay
from supervisor.simulator.recorder.transcript import RecordingError
from supervisor.simulator.recorder.transcript import load as recorded
from supervisor.simulator.scenario.files import Scenario, ScenarioError, load

OK, FAILED, BAD_CONFIG = 0, 1, 78
Clean = Callable[[str], str]
_LONGEST_LINE = 1000
"""Characters: less than a pipe that is ready takes without waiting."""


def run(
    port: int,
    host: str,
    scenario_path: Path | None,
    control_port: int | None,
    server_version: int | None,
    out: TextIO,
    err: TextIO,
    clean: Clean,
) -> int:
    """Run one simulated gateway until SIGINT or SIGTERM, on the main thread; returns the exit status.

    0 after a signal, 1 if a port is taken, 78 if the scenario is wrong (all faults are printed). `server_version`
    overrides the scenario's; port 0, of the gateway or of the control socket, is any free one, and is printed.
    """
    try:
        scenario = Scenario() if scenario_path is None else load(scenario_path)
    except ScenarioError as error:
        for fault in error.faults:
            _print(err, clean(fault))
        return BAD_CONFIG
    if server_version is not None:
        scenario = replace(scenario, server_version=server_version)
    with until_ended() as wait:
        return _serve(host, port, control_port, scenario, out, err, wait, clean)


def replay(port: int, host: str, recording: Path, out: TextIO, err: TextIO, clean: Clean) -> int:
    """Play a recording back until SIGINT or SIGTERM; returns the exit status: 78 if it is no recording."""
    try:
        entries = recorded(recording)
        with until_ended() as wait, Fleet() as fleet:
            played = fleet.call(lambda: Replay(fleet.loop, entries, host, port, lambda text: _print(out, clean(text))))
            _print(out, f"listening on {host}:{played.port}, plays {recording}, server version {played.version}")
            wait()
            fleet.call(played.close)
        return OK
    except RecordingError as error:
        _print(err, clean(str(error)))
        return BAD_CONFIG
    except OSError as error:
        return _taken(err, f"{host}:{port}", error)


def _serve(
    host: str,
    port: int,
    control_port: int | None,
    scenario: Scenario,
    out: TextIO,
    err: TextIO,
    wait: Callable[[], None],
    clean: Clean,
) -> int:
    def tell(text: str) -> None:
        _print(out, f"{datetime.now().astimezone():%H:%M:%S.%f}"[:-3] + f"  {clean(text)}")

    try:
        gateway = SimulatedGateway(scenario, host=host, port=port, on_event=tell)
    except OSError as error:
        return _taken(err, f"{host}:{port}", error)
    with gateway:
        _print(out, f"listening on {host}:{gateway.port}, server version {scenario.server_version}")
        if control_port is not None:
            try:
                _print(out, f"control on 127.0.0.1:{gateway.open_control(control_port)}")
            except OSError as error:
                return _taken(err, f"127.0.0.1:{control_port}", error)
        wait()
        tell("stopping")
    return OK


def _taken(err: TextIO, address: str, error: OSError) -> int:
    _print(err, f"cannot listen on {address}: {error.strerror or error}")
    return FAILED


def _print(out: TextIO, text: str) -> None:
    try:
        if wait_writable(out.fileno(), 0.0):
            shown = text[:_LONGEST_LINE].encode(out.encoding, "backslashreplace").decode(out.encoding)
            out.write(shown + "\n")
            out.flush()
    except BrokenPipeError:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), out.fileno())  # what is still in the buffer must not fail at the exit
