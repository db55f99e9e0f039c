"""`python -m tests.simulation.mutants`: faults planted in the core on purpose, and how soon the simulation finds each.

Each is an exact replacement of text in a temporary copy of the package; one whose text is gone, or stands there twice,
is refused loudly. Exit status 0 if all were found, 1 if one was not, 2 if one does not fit any more.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.simulation import record

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Mutant:
    """One planted fault."""

    name: str
    file: str
    old: str
    new: str


class Misfit(Exception):
    """The text of a mutant is not there exactly once."""


MUTANTS = (
    Mutant(
        "an outage in a window never turns unplanned",
        "outages.py",
        "    if explained or outage is None or not judgeable(books):",
        "    if explained or outage is None or outage is not None or not judgeable(books):",
    ),
    Mutant(
        "held-back seconds are lost when an outage turns",
        "outages.py",
        "        seconds=added(books.seconds, (outage.cause, False), outage.held),\n",
        "",
    ),
    Mutant(
        "an edge of a window is no deadline",
        "machine.py",
        "    edges = (state.spell.ends, state.paused_until)",
        "    edges = (None, state.paused_until)",
    ),
    Mutant(
        "the five minutes of a server reset have no deadline",
        "machine.py",
        "        state.low_since + RESET_PATIENCE if state.low_since is not None else None,",
        "        None,",
    ),
    Mutant(
        "an outage goes on whatever broke first",
        "outages.py",
        "        if outage.cause is broken and outage.planned is explained:",
        "        if outage.planned is explained:",
    ),
    Mutant(
        "a loss in a window counts as unplanned",
        "turn.py",
        "        planned = self.explained(Layer.SESSION)",
        "        planned = False and self.explained(Layer.SESSION)",
    ),
    Mutant(
        "late words of an earlier session are heard",
        "machine.py",
        "    if event.epoch == live.epoch and live.phase in OPEN:",
        "    if live.phase in OPEN:",
    ),
    Mutant(
        "an overdue attempt is not closed before the next",
        "due.py",
        "turn.fail(session.overdue(live), close=True)",
        "turn.fail(session.overdue(live))",
    ),
    Mutant(
        "one miss ends the session",
        "heartbeat.py",
        "misses >= timing.heartbeat_misses",
        "misses >= 1",
    ),
    Mutant(
        "other messages keep a hung session for ever",
        "heartbeat.py",
        "    return min(heartbeat.last_traffic + timing.heartbeat_timeout, heartbeat.last_miss + PATIENCE)",
        "    return heartbeat.last_traffic + timing.heartbeat_timeout",
    ),
    Mutant(
        "a missed answer leaves the heartbeat up",
        "heartbeat.py",
        "        missed = replace(heartbeat, up=False, misses=misses, last_miss=last_miss)",
        "        missed = replace(heartbeat, misses=misses, last_miss=last_miss)",
    ),
    Mutant(
        "no delay has a floor",
        "backoff.py",
        "    return min(max(FLOOR, chance * step), limit)",
        "    return chance * step",
    ),
    Mutant(
        "a hung gateway is asked as often as any",
        "backoff.py",
        "    if mute >= MUTE_LIMIT:",
        "    if mute >= 10 * MUTE_LIMIT:",
    ),
    Mutant(
        "the wait for a ghost's id has jitter",
        "session.py",
        "        return _wait_for_id(session, policy, now)",
        "        return _draw(session, policy, now)",
    ),
    Mutant(
        "an id in use is answered with another id",
        "session.py",
        "== policy.client_id_fallback else policy.client_id,",
        "== policy.client_id_fallback else policy.client_id + (session.conflicts > 0),",
    ),
    Mutant(
        "a new session begins with upstream up",
        "upstream.py",
        "        return replace(fresh, evidence=Evidence.CARRIED)",
        "        return replace(fresh, up=True, evidence=Evidence.CARRIED)",
    ),
    Mutant(
        "a farm that is connecting counts as healed",
        "farms.py",
        "    elif farm.state is state or (state is FarmState.CONNECTING and farm.state is FarmState.BROKEN):",
        "    elif farm.state is state:",
    ),
    Mutant(
        "with a session the counts of its farms are forgotten",
        "farms.py",
        "replace(farm, state=FarmState.UNKNOWN, since=wall)",
        "Farm(FarmState.UNKNOWN, wall)",
    ),
    Mutant(
        "a restart is counted at every ready",
        "restarts.py",
        "        if watch.armed and watch.lost_at and not watch.judged:",
        "        if watch.armed and watch.lost_at:",
    ),
    Mutant(
        "a login is asked for without any grace",
        "reauth.py",
        "    begins = at.mono + patience.total_seconds() if restart_windows(policy) else None",
        "    begins = at.mono + 0 * patience.total_seconds() if restart_windows(policy) else None",
    ),
    Mutant(
        "a mute gateway is no evidence of a missing login",
        "reauth.py",
        "or not (login.closed or login.mute):",
        "or not login.closed:",
    ),
    Mutant(
        "five of six layers are called up",
        "machine.py",
        "        up=state.height == TOP,",
        "        up=state.height >= TOP - 1,",
    ),
)


def planted(mutant: Mutant, package: Path) -> None:
    """Plant it in this copy of the package. Raises Misfit."""
    path = package / "core" / mutant.file
    text = path.read_text(encoding="utf-8")
    if text.count(mutant.old) != 1:
        raise Misfit(f"{mutant.name}: {path.name} has its text {text.count(mutant.old)} times")
    path.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Found:
    """What the simulation said of a mutant; `promise` is empty if it said nothing."""

    mutant: Mutant
    promise: str
    when: str
    seconds: float


def hunted(mutant: Mutant, years: float) -> Found:
    """Play seeds on a copy with this fault until a promise is broken."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        copy = Path(folder)
        shutil.copytree(ROOT / "supervisor", copy / "supervisor", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copytree(ROOT / "tests/simulation", copy / "tests/simulation")
        shutil.copy(ROOT / "tests/__init__.py", copy / "tests")
        planted(mutant, copy / "supervisor")
        began = time.monotonic()
        command = [sys.executable, "-m", "tests.simulation.soak", "--years", str(years), "--first-failure"]
        environment = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
        said = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, check=False)
    if said.returncode not in (0, 1):
        raise RuntimeError(said.stderr)
    failure = re.search(r"^FAILED seed (\d+), day (\d+): ([^:]+):", said.stdout, re.MULTILINE)
    seconds = time.monotonic() - began
    if failure is None:
        return Found(mutant, "", "", seconds)
    return Found(mutant, failure[3], f"day {failure[2]} of seed {failure[1]}", seconds)


def of_hunt(found: Iterable[Found]) -> str:
    """The table of the documentation."""
    rows = ((one.mutant.name, f"`{one.mutant.file}`", one.promise or "NOT FOUND", one.when) for one in found)
    return record.table(("planted fault", "in", "found as", "on"), rows)


def main() -> int:
    parser = argparse.ArgumentParser(description="Plant faults in the core and hunt them.")
    parser.add_argument("--years", type=float, default=20.0, help="gateway-years after which a hunt is given up")
    parser.add_argument("--only", default="", help="mutants whose names contain this")
    parser.add_argument("--record", action="store_true", help="write the table into docs/simulation.md")
    asked = parser.parse_args()
    found = []
    for mutant in MUTANTS:
        if asked.only not in mutant.name:
            continue
        try:
            one = hunted(mutant, asked.years)
        except Misfit as misfit:
            print(f"does not fit any more: {misfit}", file=sys.stderr)
            return 2
        print(f"{mutant.name:<58} {one.promise or 'NOT FOUND':<36} {one.when:<18} {one.seconds:>6.1f} s", flush=True)
        found.append(one)
    print(f"{sum(bool(one.promise) for one in found)} of {len(found)} found")
    if asked.record:
        record.write("mutants", of_hunt(found))
    return 0 if all(one.promise for one in found) else 1


if __name__ == "__main__":
    sys.exit(main())
