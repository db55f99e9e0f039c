"""One run of the script, and what it says of each racer.

- A fault is done to all gateways within a few milliseconds, and its figures count from the moment of each.
- A fault is over for the run when everybody claims to be up, or after `PATIENCE`; who is not back by then is started
  anew, so that one fault costs nobody the next.
- "Back" is when a claim to be up began that then held.
"""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.race.faults import SCRIPT, Fault
from tests.race.racers import Racer

PATIENCE = 45.0
"""Seconds after a fault's end in which one can come back."""
IN_TIME = 1.4
"""Seconds after a burst of messages in which each should have been heard: the gateway is quiet for 1.5 s."""
AFTERMATH = 3.0
"""Seconds after everybody is up in which a claim must hold."""


@dataclass(frozen=True, slots=True)
class Result:
    """What one fault did to one racer; seconds, None is never."""

    ready: bool
    """Whether it was up when the fault began; if not, nothing else means anything."""
    found: float | None = None
    back: float | None = None
    noticed: bool = False
    """Whether it ever said that anything was wrong."""
    early: bool = False
    """Whether it claimed to be back before it could be."""
    false: float = 0.0
    """Seconds for which it claimed to be connected and was not."""
    reconnects: int = 0
    """Connections made at its gateway."""
    restarts: int = 0
    """Gateway restarts asked for."""
    heard_in_time: int = 0
    heard: int = 0
    sent: int = 0


Results = dict[tuple[str, str], Result]
"""By fault and racer."""


def run(racers: Sequence[Racer], chance: random.Random, progress: Callable[[str], None]) -> Results:
    """Play the script once."""
    results: Results = {}
    for fault in SCRIPT:
        _all_up(racers, progress)
        time.sleep(chance.uniform(1.0, 5.0))
        progress(fault.name)
        for racer, result in zip(
            racers, _play(fault, racers, fault.seconds + chance.uniform(0.0, fault.spread)), strict=True
        ):
            results[fault.name, racer.name] = result
    return results


def _play(fault: Fault, racers: Sequence[Racer], length: float) -> list[Result]:
    for racer in racers:
        racer.prepare(fault)
    ready = [racer.claims.up for racer in racers]
    accepted = [racer.gateway.connections_accepted for racer in racers]
    counted = [racer.messages() for racer in racers]
    begun, ended, sent, in_time = [], [], [], [0.0] * len(racers)
    for racer in racers:
        begun.append(time.monotonic())
        told = fault.begin(racer.gateway)
        sent.append(int(str(told.get("frames", 0))) if isinstance(told, dict) else 0)
    if fault.messages:
        time.sleep(max(0.0, begun[-1] + IN_TIME - time.monotonic()))
        in_time = [racer.messages() for racer in racers]
    time.sleep(max(0.0, begun[0] + length - time.monotonic()))
    for racer in racers:
        ended.append(time.monotonic())
        fault.end(racer.gateway)
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and not all(racer.claims.up for racer in racers):
        time.sleep(0.05)
    time.sleep(AFTERMATH)
    now = time.monotonic()
    return [
        _judged(
            fault,
            racer,
            (begun[turn], ended[turn], now),
            Result(
                ready=ready[turn],
                reconnects=racer.gateway.connections_accepted - accepted[turn],
                sent=sent[turn],
                heard_in_time=int(in_time[turn] - counted[turn]),
                heard=int(racer.messages() - counted[turn]) - 1,
            ),
        )
        for turn, racer in enumerate(racers)
    ]


def _judged(fault: Fault, racer: Racer, moments: tuple[float, float, float], seen: Result) -> Result:
    begun, ended, now = moments
    claims = racer.claims
    found = claims.edge(False, begun)
    up = claims.last_edge(True, ended, now)
    back = None if not claims.up else 0.0 if up is None else up - ended
    in_time, heard = racer.heard(begun, begun + IN_TIME), racer.heard(begun, now)
    return Result(
        ready=seen.ready,
        found=found - begun if found is not None and found <= ended else None,
        back=back,
        noticed=found is not None,
        early=fault.broken and found is not None and found < ended and claims.up_at(ended),
        false=claims.seconds(True, begun, ended) if fault.broken else 0.0,
        reconnects=seen.reconnects,
        restarts=claims.count("restart", begun, now),
        sent=seen.sent,
        heard_in_time=seen.heard_in_time if in_time is None else in_time,
        heard=seen.heard if heard is None else heard - 1,
    )


def _all_up(racers: Sequence[Racer], progress: Callable[[str], None]) -> None:
    """Everybody up; who is not is started anew."""
    for racer in racers:
        if not racer.claims.up and racer.claims.count("up", 0.0, time.monotonic()):
            progress(f"{racer.name} was not back after {PATIENCE:.0f} s, and is started anew")
            racer.again()
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and not all(racer.claims.up for racer in racers):
        time.sleep(0.05)
