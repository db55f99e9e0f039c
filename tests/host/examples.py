"""The examples of the documentation as processes, and the executions that their gateway knows."""

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from supervisor.simulator import SimulatedGateway
from tests.simulator.client import RawClient
from tests.waiting import wait_until

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs" / "examples"


class Program:
    """A running example and the lines that it printed."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: list[str] = []
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip())

    def count(self, beginning: str) -> int:
        return sum(line.startswith(beginning) for line in list(self.lines))

    def until(self, beginning: str, times: int = 1, timeout: float = 30.0) -> None:
        wait_until(lambda: self.count(beginning) >= times, timeout, what="\n".join(self.lines))


@contextmanager
def running(name: str, *arguments: object) -> Iterator[Program]:
    command = [sys.executable, str(EXAMPLES / name), *map(str, arguments)]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=ROOT,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background job ignores it
    ) as process:
        program = Program(process)
        try:
            yield program
            process.send_signal(signal.SIGINT)
            process.wait(10)
        finally:
            process.kill()
            program.reader.join(10)


def executed(gateway: SimulatedGateway) -> list[str]:
    """The ids of all executions that the gateway knows."""
    with RawClient(gateway.port) as client:
        client.ready(99)
        client.ask(7, 3, 1, 0, "", "", "", "", "", "")
        found = []
        while (message := client.message())[0] != "55":
            if message[0] == "11":
                found.append(message[14])
    return sorted(found)


def heard(program: Program) -> list[str]:
    """The ids of all fills that the program noted, each as often as it did."""
    return sorted(line.split()[1] for line in program.lines if line.startswith("fill"))
