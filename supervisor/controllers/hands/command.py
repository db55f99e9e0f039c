"""A command of the operator's own: no shell, our user, little environment, and never a SIGKILL."""

import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Final

from supervisor.controllers.hands.answers import Answer
from supervisor.controllers.hands.output import LOOKS_EVERY, Output

GRACE: Final = 90.0
"""Seconds that the command gets: a gateway that is asked to end needs time to log out and keep its token."""
LAST_WORD: Final = 5.0
"""Seconds after SIGTERM."""
PASSED_ON: Final = ("PATH", "HOME", "USER", "LOGNAME", "LANG", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS")
"""Of the environment; the rest may hold secrets, or is between systemd and the daemon."""
SHOWN: Final = 200
"""Characters of the end of its output that are shown."""


def run(argv: Sequence[str], gateway: str, environment: Mapping[str, str], grace: float = GRACE) -> Answer:
    """Run it, and wait for at most `grace` seconds. The exit status is its answer."""
    said = {name: environment[name] for name in PASSED_ON if name in environment}
    try:
        output = Output()
        try:
            process = subprocess.Popen(
                list(argv),
                stdin=subprocess.DEVNULL,
                stdout=output.file,
                stderr=output.file,
                cwd=os.sep,
                env={**said, "IB_SUPERVISOR_GATEWAY": gateway},
                start_new_session=True,
            )
        except OSError:
            output.file.close()
            raise
    except OSError as error:
        return Answer(False, f"{argv[0]} could not be started: {error.strerror or error}")
    answer = _awaited(process, output, grace)
    name = f"output-{gateway}"
    threading.Thread(target=output.bound_while_written, args=(process.pid,), name=name, daemon=True).start()
    return answer


def _awaited(process: "subprocess.Popen[bytes]", output: Output, grace: float) -> Answer:
    deadline = time.monotonic() + grace
    while (left := deadline - time.monotonic()) > 0:
        try:
            status = process.wait(min(left, LOOKS_EVERY))
        except subprocess.TimeoutExpired:
            output.bound()
            continue
        words = _shown(output.end())
        end = f"exit status {status}" if status >= 0 else f"ended by signal {-status}"
        return Answer(status == 0, f"{end}: {words}" if words else end)
    return _overdue(process, grace)


def _overdue(process: "subprocess.Popen[bytes]", grace: float) -> Answer:
    """It alone is asked to end, not what it started. What does not end is left alone."""
    process.terminate()
    try:
        process.wait(LAST_WORD)
    except subprocess.TimeoutExpired:
        return Answer(None, f"it still runs after {grace:.0f} s and SIGTERM, and is left alone")
    return Answer(None, f"it was not done after {grace:.0f} s and was asked to end")


def _shown(output: bytes) -> str:
    lines = output.decode("utf-8", "replace").strip().splitlines()
    text = " / ".join(line.strip() for line in lines[-3:])[-SHOWN:]
    return "".join(character if character.isprintable() else "?" for character in text)
