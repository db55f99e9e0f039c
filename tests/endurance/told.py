"""A daemon that is killed at any moment of an outage: no message to people is lost, and one that comes twice says so.

The daemon is a real process with a real journal, a real target by HTTP and a real simulated gateway. Only its pace is
quicker than it is elsewhere: messages are a fraction of a second apart. The gateway's account is wrong now and then,
which is an outage that is told at once.
"""

import random
import sqlite3
import sys
import time
from collections import Counter
from contextlib import closing
from functools import partial
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from supervisor.simulator import Scenario, SimulatedGateway
from tests.daemon.running import Running, free_port, gateways, quick
from tests.endurance.sampling import Row
from tests.observe.notify.receivers import Receiver, receiving
from tests.waiting import wait_until

LONGEST = 2.0
"""Seconds of a life."""
HURRIED = """
import os, sys
from pathlib import Path
from supervisor.config.load import load
from supervisor.core.parts.telling.outbox import Pace
from supervisor.daemon.process import Process
pace = Pace(gather=0.05, apart=0.1, retry=0.05, retry_most=0.2)
Process(load(Path(sys.argv[1]), os.environ), os.environ, sys.stderr, pace=pace).run()
"""


def told(folder: Path, count: int, seed: int = 11) -> list[Row]:
    """Kill it so many times, in and out of outages, with a target that now and then does not answer at once."""
    chance, port = random.Random(seed), free_port()
    right, wrong = "U1234567", "DU1234567"
    account = right
    with receiving() as receiver, SimulatedGateway(Scenario(accounts=(right,))) as gateway:
        receiver.answer = partial(_late, random.Random(seed))
        config = _config(gateway.port, receiver)
        for _ in range(count):
            daemon = _life(folder, config, port)
            try:
                _pause(chance.uniform(0.2, LONGEST))
                if chance.random() < 0.8:
                    account = right if account == wrong else wrong
                    gateway.do("accounts", accounts=[account])
                    gateway.do("rst")
                    _pause(chance.uniform(0.0, 1.0))
            finally:
                daemon.kill()
        gateway.do("accounts", accounts=[right])
        gateway.do("rst")
        daemon = _life(folder, config, port)
        try:
            daemon.wait_up(60)
            daemon.until(lambda: _waiting(folder) == 0, 60, "nothing waits for the target")
        finally:
            daemon.end()
        return [_judged(folder, receiver, count)]


def _late(chance: random.Random, handler: BaseHTTPRequestHandler) -> None:
    """Take the message, and say so only after a while: time in which the daemon may be killed."""
    _pause(chance.uniform(0.0, 0.5))
    handler.send_response(200)
    handler.end_headers()


def _life(folder: Path, config: str, port: int) -> Running:
    program = folder / "hurried.py"
    program.write_text(HURRIED)
    return Running(folder, config, port=port, program=[sys.executable, str(program), str(folder / "supervisor.yaml")])


def _config(port: int, receiver: Receiver) -> str:
    target = f'notify: [{{name: phone, url: "{receiver.url}", format: json}}]\n'
    return target + gateways(quick(port, account_mode="live"))


def _judged(folder: Path, receiver: Receiver, count: int) -> Row:
    came: Counter[str] = Counter()
    unmarked: Counter[str] = Counter()
    for said in receiver.messages:
        for message in said["messages"]:
            came[message["key"]] += 1
            unmarked[message["key"]] += not said["again"]
    decided = {key for key, _ in _letters(folder)}
    begun = {key.rsplit("/", 2)[0] for key in came if key.endswith("/began") and "/outage-" in key}
    over = {key.rsplit("/", 2)[0] for key in came if key.endswith("/over")}
    closed = _closed(folder)
    lost = sorted((decided - set(came)) | {f"{talk}: no end" for talk in (begun & closed) - over})
    lost += sorted(f"{talk}: not told" for talk in closed - begun)
    twice = [key for key, times in unmarked.items() if times > 1]
    doubled = sum(times - 1 for times in came.values())
    return Row(
        "kill -9 at a random moment, with messages to people",
        f"{count} times",
        f"{len(came)} messages of {len(begun)} outages arrived, {doubled} of them more than once and marked `again`; "
        f"{len(lost)} lost, {len(twice)} doubled without the mark" + "".join(f"; {one}" for one in [*lost, *twice][:3]),
        "none is lost; none is doubled unmarked",
        bool(came) and not lost and not twice,
    )


def _closed(folder: Path) -> set[str]:
    """The outages of a wrong account that the journal has as closed."""
    with closing(sqlite3.connect(folder / "journal.db")) as file:
        rows = file.execute("SELECT began, words FROM outages WHERE planned = 0").fetchall()
    return {
        f"live/outage-{began.replace('-', '').replace(':', '')}" for began, words in rows if "other accounts" in words
    }


def _letters(folder: Path) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(folder / "journal.db")) as file:
        found: list[Any] = file.execute("SELECT key, state FROM letters").fetchall()
    return [(str(key), str(state)) for key, state in found]


def _waiting(folder: Path) -> int:
    return sum(state != "sent" for _, state in _letters(folder))


def _pause(seconds: float) -> None:
    end = time.monotonic() + seconds
    wait_until(lambda: time.monotonic() >= end, seconds + 10, every=0.005)
