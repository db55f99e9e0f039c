"""The command line, run as a process as a person or a script would."""

import os
import subprocess
import sys
from dataclasses import dataclass


@dataclass(frozen=True)
class Output:
    """What one command printed."""

    command: str
    status: int
    out: str
    err: str


def run(*arguments: str) -> Output:
    """Run `ib-supervisor` with these arguments, 100 columns wide and without colour."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("IB_SUPERVISOR")}
    environment |= {"COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb", "TZ": "UTC", "no_proxy": "*"}
    environment.pop("STATE_DIRECTORY", None)
    done = subprocess.run(
        [sys.executable, "-m", "supervisor", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        env=environment,
        check=False,
    )
    return Output(" ".join(arguments), done.returncode, done.stdout, done.stderr)
