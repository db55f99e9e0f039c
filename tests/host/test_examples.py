"""The examples of the documentation run as they stand, each through a restart of the gateway."""

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

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
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT) as process:
        program = Program(process)
        try:
            yield program
            process.send_signal(signal.SIGINT)
            process.wait(10)
        finally:
            process.kill()
            program.reader.join(10)


def test_hello_world_is_answered_again_after_a_restart(gateway: SimulatedGateway) -> None:
    with running("hello_world.py", gateway.port) as program:
        program.until("that is all")
        gateway.do("restart", for_=1.0)
        program.until("that is all", 2)
    assert program.count("DU1234567 NetLiquidation") == 2


def test_the_quote_recorder_goes_on_after_a_restart_and_a_loss_of_data(
    gateway: SimulatedGateway, tmp_path: Path
) -> None:
    path = tmp_path / "quotes.csv"

    def recorded() -> list[list[str]]:
        return [line.split(",") for line in path.read_text().splitlines()] if path.exists() else []

    def prices() -> int:
        return sum(row[1] == "AAPL" for row in recorded())

    with running("quote_recorder.py", gateway.port, path):
        wait_until(lambda: prices() > 2, 20)
        gateway.do("restart", for_=0.5)
        wait_until(lambda: sum(row[1] == "ready" for row in recorded()) == 2, 20)
        before = prices()
        wait_until(lambda: prices() > before + 2, 20)
        gateway.do("upstream_lost", for_=0.5, data="lost")
        wait_until(lambda: gateway.received[1] == 6, 20)
        before = prices()
        wait_until(lambda: prices() > before + 2, 20)
    assert [row[1] for row in recorded()].count("lost") == 1


def test_every_fill_of_the_minute_trader_is_heard_once_through_losses_of_all_kinds(
    gateway: SimulatedGateway, tmp_path: Path
) -> None:
    with running("order_a_minute.py", gateway.port, tmp_path / "state", 0.2) as program:
        program.until("fill", 3)
        faults: list[tuple[str, dict[str, Any]]] = [
            ("restart", {"for_": 0.5}),
            ("rst", {}),
            ("upstream_lost", {"for_": 0.5, "data": "maintained"}),
        ]
        for times, (word, more) in enumerate(faults, 1):
            gateway.do(word, **more)
            fills = program.count("fill")
            program.until("fill", fills + 2, 40)
            assert program.count("ready") >= min(times, 2) + 1
        gateway.do("fills", mode="never")
        wait_until(lambda: executed(gateway) == heard(program), 20)
    assert program.count("some fills may be missing") == 0


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


def test_the_asyncio_program_goes_on_after_a_restart(gateway: SimulatedGateway) -> None:
    with running("asyncio_program.py", gateway.port) as program:
        program.until("AAPL", 3)
        gateway.do("restart", for_=0.5)
        program.until("ready", 2)
        before = program.count("AAPL")
        program.until("AAPL", before + 3)
    assert program.count("lost") == 1
