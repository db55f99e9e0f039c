"""A day of a trading program, in two minutes: a 1100, a hang, a restart, and a daemon that is killed.

Two programs send an order every quarter of a second to one gateway: one asks the gate before, the other goes by what
ib_async calls connected. Counted are the orders that went out while the link was dead.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from supervisor.observe.gate.reader import Gate
from supervisor.simulator import SimulatedGateway
from tests.daemon.running import Running, free_port
from tests.judges.environments import python_of
from tests.race.figures import ROOT
from tests.waiting import wait_until

EVERY = 0.25
FOUND = 2.1
"""Seconds until a hang is found at worst, and some: the gate cannot know it before."""
LEASE = 2.0
CONFIG = """
gateways:
  - name: live
    port: {port}
    client_id: 911
    server_reset: none
    daily_restart: {{time: "{time}", timezone: UTC, lead: 5s, grace: 1m}}
    gate: {{before_restart: 4s}}
    timing: {{settle: 1s}}
journal: {{path: journal.db}}
gate: {{directory: gate}}
"""


@dataclass
class Program:
    """One of the two."""

    process: subprocess.Popen[str]
    log: Path

    def times(self, word: str) -> list[float]:
        """When it said this."""
        lines = self.log.read_text().splitlines(keepends=True)
        said = [json.loads(line) for line in lines if line.endswith("\n")]
        return [each["at"] for each in said if each["says"] == word]

    def sent(self, begins: float, ends: float) -> int:
        """Orders that it sent between these moments."""
        return sum(begins <= at < ends for at in self.times("sent"))


@dataclass
class Dead:
    """A time in which no order can arrive."""

    what: str
    begins: float
    ends: float = field(default=0.0)


@contextmanager
def program(folder: Path, port: int, client_id: int, gate: Path | None) -> Iterator[Program]:
    log = folder / f"{client_id}.log"
    command = [str(python_of("ib_async-2.1.0")), str(Path(__file__).with_name("order_sender.py"))]
    arguments = [str(port), str(client_id), str(EVERY), *([str(gate)] if gate is not None else [])]
    with log.open("w") as out:
        process = subprocess.Popen(
            [*command, *arguments],
            stdout=out,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
    try:
        yield Program(process, log)
    finally:
        process.terminate()
        process.wait()


def after(moment: float) -> None:
    wait_until(lambda: time.monotonic() >= moment, 120)


@pytest.mark.timeout(280)
def test_with_the_gate_orders_go_into_a_dead_link_only_until_a_hang_is_found(tmp_path: Path) -> None:
    restart = datetime.now(UTC) + timedelta(seconds=100)
    restart = restart.replace(second=0, microsecond=0)
    dead: list[Dead] = []
    with SimulatedGateway() as simulated:
        daemon = Running(tmp_path, CONFIG.format(port=simulated.port, time=f"{restart:%H:%M}"))
        file = tmp_path / "gate" / "live.json"
        gate = Gate(file)
        try:
            wait_until(lambda: gate.check().open, 30)
            with (
                program(tmp_path, simulated.port, 17, file) as careful,
                program(tmp_path, simulated.port, 18, None) as careless,
            ):

                def both_send() -> None:
                    counts = [len(one.times("sent")) for one in (careful, careless)]
                    wait_until(
                        lambda: all(
                            len(one.times("sent")) > count + 2
                            for one, count in zip((careful, careless), counts, strict=True)
                        ),
                        40,
                        what=f"{gate.check()}",
                    )

                both_send()
                dead.append(Dead("a 1100", time.monotonic()))
                simulated.do("notice", code=1100, text="Connectivity between IB and TWS has been lost.")
                after(dead[-1].begins + 5)
                dead[-1].ends = time.monotonic()
                simulated.do("notice", code=1102, text="Connectivity restored - data maintained.")
                both_send()

                dead.append(Dead("a hang", time.monotonic()))
                simulated.do("freeze")
                after(dead[-1].begins + 5)
                dead[-1].ends = time.monotonic()
                simulated.do("thaw")
                both_send()

                wait_until(lambda: datetime.now(UTC) >= restart, 110)
                closed_before = not gate.check().open
                dead.append(Dead("the restart", time.monotonic()))
                simulated.do("refuse")
                after(dead[-1].begins + 5)
                dead[-1].ends = time.monotonic()
                simulated.do("accept_again")
                both_send()

                daemon.kill()
                killed = time.monotonic()
                after(killed + LEASE + 0.2)
                state = gate.check().state
                dead.append(Dead("a hang after kill -9 of the daemon", time.monotonic()))
                simulated.do("freeze")
                after(dead[-1].begins + 5)
                dead[-1].ends = time.monotonic()
                simulated.do("thaw")
        finally:
            daemon.kill()
        rows = [(one.what, careless.sent(one.begins, one.ends), careful.sent(one.begins, one.ends)) for one in dead]
        late = careful.sent(dead[1].begins + FOUND, dead[1].ends)
    for row in rows:
        print("{:<36} without {:>3}  with {:>3}".format(*row), file=sys.stderr)
    assert closed_before
    assert state == "unknown"
    assert [with_it for _, _, with_it in rows][0::2] == [0, 0]
    assert rows[3][2] == 0
    assert late == 0, "a hang is found within two seconds"
    assert all(without >= 10 for what, without, _ in rows if what != "the restart")
    assert careful.sent(0.0, dead[0].begins) > 0


STALLS = """
import os, signal, sys, time
from pathlib import Path
from supervisor.config.load import load
from supervisor.daemon.process import Process

process = Process(load(Path(sys.argv[1]), os.environ), os.environ, sys.stderr)
signal.signal(signal.SIGUSR1, lambda *_: process.daemon.mailbox.submit(lambda: time.sleep(5)))
process.run()
"""
"""A daemon whose loop, and nothing else of it, stands still for five seconds when it gets a signal."""


def test_when_the_loop_alone_stands_still_every_door_closes_within_two_seconds(tmp_path: Path) -> None:
    with SimulatedGateway() as simulated:
        file, port = tmp_path / "supervisor.yaml", free_port()
        listen = f'http: {{listen: "127.0.0.1:{port}"}}'
        file.write_text(f"{listen}\n{CONFIG.format(port=simulated.port, time='03:00')}")
        process = subprocess.Popen([sys.executable, "-c", STALLS, str(file)], stderr=subprocess.DEVNULL)
        gate, url = Gate(tmp_path / "gate" / "live.json"), f"http://127.0.0.1:{port}/api/v1/gates/live"
        try:
            wait_until(lambda: gate.check().open, 30)
            wait_until(lambda: status_of(url) == 200, 20)
            process.send_signal(signal.SIGUSR1)
            stalled = time.monotonic()
            wait_until(lambda: gate.check().state == "unknown", 2.2)
            wait_until(lambda: status_of(url) == 503, 2.2)
            assert time.monotonic() - stalled < 2.6
            assert status_of(f"{url}?wait=1s") == 503
            assert gate.check().state == "unknown"
            wait_until(lambda: gate.check().open and status_of(url) == 200, 20, what="it turns again")
        finally:
            process.terminate()
            process.wait(10)


def status_of(url: str) -> int:
    """The status of an answer; 0 without one."""
    try:
        return httpx.get(url, timeout=5).status_code
    except httpx.HTTPError:
        return 0
