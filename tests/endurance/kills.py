"""A daemon that is killed at any moment: it starts again, and has forgotten nothing older than one second.

Two kinds of records are judged. Facts: the reason of the last maintenance and whether it is paused, each with the
moment at which the daemon had confirmed it. Events: every line of the log that the daemon had written by then.
"""

import json
import random
import re
import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from supervisor.simulator import SimulatedGateway
from tests.daemon.running import Running, free_port, gateways, quick
from tests.endurance.sampling import Row
from tests.waiting import wait_until

LOSS = 1.0
"""Seconds before a kill that may be lost."""
YOUNG, OLD = 1.2, 2.5
"""Seconds within which a daemon is killed: after its start, or after it was up."""
_LINE = re.compile(r"(\S+ \S+) (?:INFO|WARNING|ERROR) +live: (.*)")


@dataclass
class Truth:
    """What the journal must know: the last value confirmed long enough ago, or one that came after it."""

    said: list[tuple[float, object]] = field(default_factory=list)
    """Wall-clock instants before which the value was in force for the daemon, and the values; the first is known."""

    def allowed(self, killed: float) -> list[object]:
        """What may be read after a kill at that instant."""
        old = [place for place, (at, _) in enumerate(self.said) if at < killed - LOSS]
        return [value for _, value in self.said[old[-1] if old else 0 :]]


@dataclass
class Toll:
    """What many kills cost."""

    kills: int = 0
    while_starting: int = 0
    starts: list[float] = field(default_factory=list)
    """Seconds from the start of a process to up."""
    facts: int = 0
    events: int = 0
    lost: list[str] = field(default_factory=list)


def kills(folder: Path, count: int, seed: int = 9) -> list[Row]:
    """Kill it so many times, every second time while it starts."""
    chance, toll = random.Random(seed), Toll()
    reason, paused = Truth([(0.0, "")]), Truth([(0.0, False)])
    port = free_port()
    with SimulatedGateway() as gateway:
        config = gateways(quick(gateway.port))
        for turn in range(count):
            daemon = Running(folder, config, port=port)
            try:
                if turn % 2:
                    _live(daemon, gateway, chance, toll, reason, paused)
                else:
                    _pause(chance.uniform(0, YOUNG))
                    toll.while_starting += 1
                killed = time.time()
            finally:
                daemon.kill()
            toll.kills += 1
            _judge(folder / "journal.db", daemon, killed, toll, reason, paused)
        daemon = Running(folder, config, port=port)
        try:
            daemon.until(daemon.answers, what="an answer")
            daemon.post("/api/v1/gateways/live/resume")
            daemon.wait_up()
        finally:
            status = daemon.end()
    slowest = max(toll.starts, default=0.0)
    return [
        Row(
            "kill -9 at a random moment",
            f"{toll.kills} times, {toll.while_starting} of them in the first {YOUNG:g} s of a process",
            f"started again each time (up after {slowest:.1f} s at worst); {toll.facts} facts and {toll.events:,} "
            f"events older than {LOSS:g} s looked up, {len(toll.lost)} lost"
            + "".join(f"; {one}" for one in toll.lost[:3]),
            "always starts again; no record older than 1 s lost",
            not toll.lost and status == 0,
        )
    ]


def _live(
    daemon: Running, gateway: SimulatedGateway, chance: random.Random, toll: Toll, reason: Truth, paused: Truth
) -> None:
    """A life in which things are recorded, of random length."""
    began = time.monotonic()
    daemon.until(lambda: daemon.status("live")["phase"] in ("ready", "stopped"), what="a session, or the pause kept")
    toll.starts.append(time.monotonic() - began)
    end = time.monotonic() + chance.uniform(0, OLD)
    while time.monotonic() < end:
        match chance.choice(("maintenance", "pause", "resume", "reset", "farm")):
            case "maintenance":
                word = f"number {len(reason.said)}"
                assert daemon.post(f"/api/v1/gateways/live/maintenance?for=1h&reason={word.replace(' ', '+')}") == 204
                reason.said.append((time.time(), word))
            case "pause" | "resume" as word:
                assert daemon.post(f"/api/v1/gateways/live/{word}") == 204
                paused.said.append((time.time(), word == "pause"))
            case "reset":
                gateway.do("rst")
            case _:
                gateway.do("notice", code=2103, text="Market data farm connection is broken:usfarm")
                gateway.do("notice", code=2104, text="Market data farm connection is OK:usfarm")
        _pause(chance.uniform(0, 0.15))


def _judge(journal: Path, daemon: Running, killed: float, toll: Toll, reason: Truth, paused: Truth) -> None:
    """Look everything up, with the file as the next process finds it."""
    facts, written = _read(journal)
    for name, truth in (("maintenance_reason", reason), ("paused", paused)):
        allowed = truth.allowed(killed)
        found = facts.get(name, truth.said[0][1])
        toll.facts += 1
        if found not in allowed:
            toll.lost.append(f"kill {toll.kills}: {name} is {found!r}, not of {allowed}")
        else:
            truth.said = [(0.0, found)]  # what came later is gone for good, and that is allowed
    for line in daemon.log:
        match = _LINE.match(line)
        if match is not None and (at := datetime.fromisoformat(match[1]).timestamp()) < killed - LOSS:
            toll.events += 1
            if written.get(match[2], 0.0) < at - 0.5:
                toll.lost.append(f"kill {toll.kills}: not in the journal: {line}")


def _read(journal: Path) -> tuple[dict[str, object], dict[str, float]]:
    """The facts of the gateway, and when each text was told for the last time."""
    if not journal.exists():
        return {}, {}
    with closing(sqlite3.connect(journal)) as file:
        tables = {name for (name,) in file.execute("SELECT name FROM sqlite_master")}
        if "facts" not in tables or "events" not in tables:
            return {}, {}
        assert file.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        rows = file.execute("SELECT text, MAX(COALESCE(last_at, at)) FROM events GROUP BY text")
        texts = {text: at / 1e6 for text, at in rows}
        facts = file.execute("SELECT facts FROM facts WHERE gateway = 'live'").fetchone()
        return json.loads(facts[0]) if facts else {}, texts


def _pause(seconds: float) -> None:
    end = time.monotonic() + seconds
    wait_until(lambda: time.monotonic() >= end, seconds + 10, every=0.005)
