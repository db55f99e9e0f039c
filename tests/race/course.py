"""One run of the script, and what it says of each racer.

- A fault is done to all gateways within a few milliseconds, and its figures count from the moment of each.
- A fault is over for the run when everybody claims to be up and lets orders through, or after `PATIENCE`; who is not
  back by then is started anew, so that one fault costs nobody the next.
- "Back" is when a claim to be up began that then held.
- A fault that ends sessions comes when ours are `OLD` at least: real sessions last for hours, and the loss of a young
  one is another matter for us, a gateway that grants sessions and drops them.
"""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from tests.race.faults import SCRIPT, Fault
from tests.race.orders import fill
from tests.race.racers import Racer
from tests.race.scoring import Moments, Result, judged, missed, sending
from tests.race.wall import Wall

PATIENCE = 45.0
"""Seconds after a fault's end in which one can come back."""
IN_TIME = 1.4
"""Seconds after a burst of messages in which each should have been heard: the gateway is quiet for 1.5 s."""
AFTERMATH = 3.0
"""Seconds after everybody is up in which a claim must hold."""
OLD = 61.0
"""Seconds. A session counts as stable after 60 s."""
FIRST_FILL = 1
"""The number of the first execution."""

Results = dict[tuple[str, str], Result]
"""By fault and racer."""


def run(
    racers: Sequence[Racer],
    chance: random.Random,
    progress: Callable[[str], None],
    script: Sequence[Fault] = SCRIPT,
) -> Results:
    """Play the script once."""
    results: Results = {}
    since = 0.0
    for number, fault in enumerate(script, FIRST_FILL):
        _all_up(racers, progress)
        since = since or _up_since(racers)
        time.sleep(chance.uniform(1.0, 5.0))
        if fault.broken and not fault.sound:
            _until(since + OLD)
        progress(fault.name)
        length = fault.seconds + chance.uniform(0.0, fault.spread)
        for racer, result in zip(racers, _play(fault, number, racers, length), strict=True):
            results[fault.name, racer.name] = result
        if fault.broken and not fault.sound:
            since = 0.0
    return results


def _play(fault: Fault, number: int, racers: Sequence[Racer], length: float) -> list[Result]:
    for racer in racers:
        racer.prepare(fault)
    ready = [racer.claims.up for racer in racers]
    accepted = [racer.gateway.connections_accepted for racer in racers]
    counted = [racer.messages() for racer in racers]
    begun, ended, sent, in_time = [], [], [], [0.0] * len(racers)
    for racer in racers:
        begun.append(time.monotonic())
        told = fault.begin(racer.gateway)
        if fault.killed:
            racer.kill()
        sent.append(int(str(told.get("frames", 0))) if isinstance(told, dict) else 0)
    if fault.messages:
        _until(begun[-1] + IN_TIME)
        in_time = [racer.messages() for racer in racers]
    with Wall([racer.gateway.port for racer in racers] if fault.walled else []):
        if fault.broken:
            _until(begun[0] + length / 2)
            for racer in racers:
                fill(racer.gateway, number)
                racer.numbers.append(number)
        _until(begun[0] + length)
    for racer in racers:
        ended.append(time.monotonic())
        fault.end(racer.gateway)
        if fault.killed:
            racer.revive()
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and not all(racer.well for racer in racers):
        time.sleep(0.05)
    time.sleep(AFTERMATH)
    now = time.monotonic()
    found = []
    for turn, racer in enumerate(racers):
        moments = Moments(begun[turn], racer.cause_ended(begun[turn], ended[turn]), now)
        counts = Result(
            ready=ready[turn],
            reconnects=racer.gateway.connections_accepted - accepted[turn],
            sent=sent[turn],
            heard_in_time=int(in_time[turn] - counted[turn]),
            heard=int(racer.messages() - counted[turn]) - 1,
        )
        found.append(_result(fault, racer, moments, counts))
    return found


def _result(fault: Fault, racer: Racer, moments: Moments, counts: Result) -> Result:
    begun, until = moments.begun, moments.until
    in_time, heard = racer.heard(begun, begun + IN_TIME), racer.heard(begun, until)
    seen = replace(
        counts,
        restarts=racer.restarts(begun, until),
        heard_in_time=counts.heard_in_time if in_time is None else in_time,
        heard=counts.heard if heard is None else heard - 1,
        filled=len(racer.numbers) if racer.trades else 0,
        missed=missed(racer.claims, racer.numbers, until) if racer.trades else 0,
        doors={name: sending(door, moments, broken=fault.broken) for name, door in racer.doors.items()},
    )
    return judged(racer.claims, moments, seen, broken=fault.broken)


def _until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.monotonic()))


def _up_since(racers: Sequence[Racer]) -> float:
    """When the last of ours came up."""
    now = time.monotonic()
    return max((racer.claims.last_edge(True, 0.0, now) or 0.0 for racer in racers if racer.ours), default=0.0) or now


def _all_up(racers: Sequence[Racer], progress: Callable[[str], None]) -> None:
    """Everybody up; who is not is started anew."""
    for racer in racers:
        if not racer.claims.up and racer.claims.count("up", 0.0, time.monotonic()):
            progress(f"{racer.name} was not back after {PATIENCE:.0f} s, and is started anew")
            racer.again()
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and not all(racer.well for racer in racers):
        time.sleep(0.05)
