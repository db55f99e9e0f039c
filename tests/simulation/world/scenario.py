"""From a seed to one gateway's quarter of a year: its policy, its habits, and everything that will go wrong.

Most days are quiet: a restart, perhaps a server reset that is felt. Now and then there is a bad day with many faults at
once, because two faults that overlap are what nobody thought of. Hours of outage are rare, and most gateways try again
more slowly than the default, or a year would be spent in refused attempts.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta

from supervisor.core.calendar.rules import FRIDAY, SUNDAY, Daily, Weekly
from supervisor.core.calendar.windows import (
    RESTARTS,
    Explains,
    Window,
    WindowKind,
    custom,
    daily_restart,
    occurrences,
    server_reset,
    weekly_restart,
)
from supervisor.core.codes.farm_kinds import FarmKind
from supervisor.core.model.events import Ending
from supervisor.core.model.gate import GateFarms, GatePolicy
from supervisor.core.model.policy import AccountMode, Policy, Reauth, RequiredFarm, Timing
from tests.simulation.world import behind as behind_the_port
from tests.simulation.world import faults as f
from tests.simulation.world.behind import Behind

DAYS = 91.25
"""Of one run: four make a gateway-year."""
DAY = 86400.0
NEAR_MISSES = 1_000_003
"""Apart from the other dice, so that a scenario keeps what it had before these came."""
GATES, BEHIND = 2 * NEAR_MISSES, 3 * NEAR_MISSES
"""What the gate of a seed is drawn by, and what is looked at behind its port."""
FARMS = (
    (FarmKind.MARKET_DATA, "usfarm"),
    (FarmKind.MARKET_DATA, "eufarm"),
    (FarmKind.HISTORICAL, "ushmds"),
    (FarmKind.SEC_DEF, "secdefil"),
)
ENDINGS = (Ending.RESET, Ending.CLOSED, Ending.PROTOCOL, Ending.CALLBACK, Ending.ERROR)


@dataclass(frozen=True, slots=True)
class Scenario:
    """All there is to one run."""

    seed: int
    days: float
    begins: datetime
    policy: Policy
    round_trip: float
    """Of a ping, in seconds; the same for all, so that answered pings can be skipped."""
    faults: tuple[f.Fault, ...]
    behind: Behind = Behind()


def of_seed(seed: int, days: float = DAYS) -> Scenario:
    """The same seed is the same scenario, for ever."""
    rng = random.Random(seed)
    begins = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=rng.randrange(1826), seconds=rng.randrange(86400))
    policy = _policy(rng, seed)
    apart = random.Random(seed + BEHIND)
    equipped, behind = behind_the_port.equipped(apart, policy)
    trip = rng.choice(
        (0.0005, 0.001, 0.02, 0.02, 0.4)
    )  # a slower one is a suspicion, which no ping may be skipped over
    faults = (
        *_restarts(rng, policy, begins, days),
        *_resets(rng, policy, begins, days),
        *_misfortunes(rng, policy, days),
        *_near_misses(random.Random(seed + NEAR_MISSES), policy, begins, days),
        *behind_the_port.misfortunes(apart, equipped, days),
    )
    in_order = tuple(sorted(faults, key=lambda fault: fault.at))
    return Scenario(seed, days, begins, equipped, trip, in_order, behind)


# -- the policy -------------------------------------------------------------------------------------------------------


def _policy(rng: random.Random, seed: int) -> Policy:
    mode = rng.choice((AccountMode.ANY, AccountMode.LIVE, AccountMode.PAPER))
    windows = _windows(rng)
    zones = [window.rule.zone for window in windows if isinstance(window.rule, Daily) and window.kind in RESTARTS]
    required = rng.choice(
        (None, None, (RequiredFarm("usfarm"), RequiredFarm("ushmds", FarmKind.HISTORICAL)), (RequiredFarm("nofarm"),))
    )
    return Policy(
        name="live",
        host="127.0.0.1",
        port=4001,
        client_id=911,
        client_id_fallback=rng.choice((None, None, None, 913)),
        account_mode=mode,
        required_farms=required,
        timezone=zones[0] if zones else None,
        windows=windows,
        reauth=Reauth.AUTOMATIC if mode is AccountMode.PAPER else Reauth.MANUAL,
        follow_port_change=rng.random() < 0.3,
        upstream_probe=rng.random() < 0.8,
        timing=_timing(rng),
        gate=_gate(random.Random(seed + GATES)),
    )


def _gate(rng: random.Random) -> GatePolicy:
    """Drawn apart, so that a seed means otherwise what it did before there was a gate."""
    return GatePolicy(
        before_restart=rng.choice((60.0, 60.0, 0.0, 20.0, 600.0)),
        quiet=rng.choice((1.0, 1.0, 0.0, 5.0)),
        farms=rng.choice((GateFarms.MARKET_DATA, *GateFarms)),
    )


def _windows(rng: random.Random) -> tuple[Window, ...]:
    found: list[Window] = []
    shape = rng.random()
    if shape < 0.8:
        at, zone = rng.choice(
            (
                (time(23, 45), "America/New_York"),
                (time(23, 45), "UTC"),
                (time(1, 30), "America/New_York"),
                (time(2, 30), "America/New_York"),
                (time(0, 15), "America/New_York"),
                (time(5, 50), "Europe/Berlin"),
                (time(4, 0), "Asia/Hong_Kong"),
            )
        )
        grace = timedelta(minutes=rng.choice((5, 5, 2, 10)))
        found.append(daily_restart(at, zone, grace=grace))
    if 0.7 < shape < 0.9:
        found.append(weekly_restart(SUNDAY, time(12, 0), "America/New_York", grace=timedelta(minutes=30)))
    region = rng.random()
    if region < 0.45:
        found.append(_daily_reset(time(0, 15), "America/New_York", 90))
    elif region < 0.7:
        found.append(_daily_reset(time(6, 25), "Europe/Zurich", 80))
    if region < 0.85:
        rule = Weekly(FRIDAY, time(23, 0), "America/New_York")
        found.append(server_reset(rule, timedelta(hours=4), Explains.EVERY_LAYER))
    if rng.random() < 0.2:
        found.append(custom("saturday", Weekly(5, time(4, 0), "Europe/London"), timedelta(hours=2)))
    return tuple(found)


def _daily_reset(at: time, zone: str, minutes: int) -> Window:
    days = (0, 1, 2, 3, 4, 6)
    return server_reset(Daily(at, zone, days), timedelta(minutes=minutes), Explains.UPSTREAM_FARMS)


def _timing(rng: random.Random) -> Timing:
    if rng.random() < 0.15:
        return Timing()
    patient = replace(
        Timing(),
        restart_retry=rng.choice((2.0, 3.0, 5.0)),
        retry_max=rng.choice((20.0, 30.0, 60.0)),
        retry_max_early=rng.choice((2.0, 5.0, 10.0)),
    )
    if rng.random() < 0.3:
        patient = replace(patient, heartbeat_interval=5.0, heartbeat_timeout=rng.choice((2.0, 5.0)), outage_merge=10.0)
    return patient


# -- what comes by the calendar ---------------------------------------------------------------------------------------


def _restarts(rng: random.Random, policy: Policy, begins: datetime, days: float) -> Iterator[f.Fault]:
    """The restart that the gateway makes by itself: late now and then, failing, or not at all."""
    windows = [window for window in policy.windows if window.kind in RESTARTS]
    for occurrence in occurrences(windows, begins, begins + timedelta(days=days)):
        at = (occurrence.at - begins).total_seconds()
        luck = rng.random()
        if at < 0 or luck < 0.04:
            continue  # it does not come
        late = rng.uniform(0.0, 2.0) if luck < 0.93 else rng.uniform(20.0, 900.0)
        yield replace(_leave(rng, policy, at + late), revoked=luck > 0.99)


def _near_misses(rng: random.Random, policy: Policy, begins: datetime, days: float) -> Iterator[f.Fault]:
    """What looks like a restart and is none, hides one, or keeps us from seeing it; and stalls of a busy loop."""
    windows = [window for window in policy.windows if window.kind in RESTARTS]
    for occurrence in occurrences(windows, begins, begins + timedelta(days=days)):
        at = (occurrence.at - begins).total_seconds()
        luck = rng.random()
        if at < 200 or luck < 0.85:
            continue
        if luck < 0.92:  # blips in its window
            for _ in range(rng.randrange(1, 4)):
                yield f.Cut(at + rng.uniform(-29.0, 100.0), rng.choice((Ending.RESET, Ending.CLOSED)))
        elif luck < 0.94:
            yield f.BlackHole(at + rng.uniform(-20.0, 60.0), rng.uniform(5.0, 60.0), 0.0)
        elif luck < 0.98:
            begins_at, lasts = at - rng.uniform(5.0, 100.0), rng.choice((20.0, 90.0, 900.0, 8 * 3600.0))
            yield f.Suspend(begins_at, lasts, rng.random() < 0.5)
            yield f.Suspend(begins_at + lasts + 10.0, 20.0, False)  # a lid that is opened for a moment
        else:
            yield f.Typo(at - rng.uniform(0.0, 100.0), rng.uniform(20.0, 400.0))
    at = 0.0
    while (at := at + rng.expovariate(1 / (20 * DAY))) < days * DAY:
        if rng.random() < 0.3:
            yield f.Typo(at, rng.uniform(20.0, 400.0))
        elif rng.random() < 0.5:
            yield f.Stall(at, rng.uniform(10.0, 400.0), chatty=True)
        else:  # a connection that comes and goes
            for number in range(rng.randrange(5, 40)):
                yield f.UpstreamLoss(at + number * 25.0, 4.0, 60.0)


def _leave(rng: random.Random, policy: Policy, at: float) -> f.Leave:
    """Where four attempts are made in a second, long absences are rarer still."""
    hasty = policy.timing.restart_retry < 1.0 and rng.random() < 0.8
    luck = 0.0 if hasty else rng.random()
    away = rng.uniform(0.5, 2.5) if luck < 0.87 else rng.uniform(5.0, 30.0) if luck < 0.97 else rng.uniform(30.0, 150.0)
    luck = 0.0 if hasty else rng.random()
    login = rng.uniform(2, 15) if luck < 0.8 else rng.uniform(60, 400) if luck < 0.96 else rng.uniform(600, 7200)
    return f.Leave(
        at=at,
        away=away,
        login=login,
        door=rng.choice(("refuses", "refuses", "closes")),
        waiting_door=rng.choice(("refuses", "refuses", "closes", "mute")),
        ending=rng.choice((Ending.RESET, Ending.RESET, Ending.CLOSED)),
        order_id_back=rng.random() < 0.1,
    )


def _resets(rng: random.Random, policy: Policy, begins: datetime, days: float) -> Iterator[f.Fault]:
    """IBKR resets its servers: mostly unnoticed, mostly short, sometimes something stays stuck."""
    windows = [window for window in policy.windows if window.kind is WindowKind.SERVER_RESET]
    for occurrence in occurrences(windows, begins, begins + timedelta(days=days)):
        length = (occurrence.end - occurrence.at).total_seconds()
        at = (occurrence.at - begins).total_seconds() + rng.uniform(0.0, length)
        luck = rng.random()
        if at < 0 or luck < 0.6:
            continue
        if luck < 0.82:
            yield _upstream_loss(rng, at, rng.uniform(5.0, 180.0))
        elif luck < 0.9:
            for farm in FARMS:
                yield f.FarmBreak(at + rng.uniform(0.0, 60.0), rng.uniform(1.0, 240.0), farm[1], rng.random() < 0.5)
        elif luck < 0.94:
            yield f.Cut(at, rng.choice(ENDINGS))
        elif luck < 0.97:
            yield f.Hang(at, rng.uniform(1.0, 900.0))
        else:
            yield _upstream_loss(rng, at, rng.uniform(600.0, 4 * 3600.0))


def _upstream_loss(rng: random.Random, at: float, lasts: float) -> f.UpstreamLoss:
    every = rng.uniform(15.0, 60.0) if lasts < 600 else rng.uniform(30.0, 100.0)
    return f.UpstreamLoss(at, lasts, every, rng.choice((1100, 1100, 2110)), rng.choice((1101, 1102, 1102, None)))


# -- what comes without warning ---------------------------------------------------------------------------------------


def _misfortunes(rng: random.Random, policy: Policy, days: float) -> Iterator[f.Fault]:
    at = 0.0
    while True:
        at += rng.expovariate(1 / (2.5 * DAY))
        if at >= days * DAY:
            return
        yield _any(rng, policy, at)
        if rng.random() < 0.06:  # a bad day
            for _ in range(rng.randrange(4, 14)):
                yield _any(rng, policy, at + rng.uniform(0.0, 1800.0))


def _span(rng: random.Random, short: float = 20.0, long: float = 600.0) -> float:
    """Mostly short, and all orders of magnitude above."""
    luck = rng.random()
    return rng.uniform(0.05, short) if luck < 0.6 else rng.uniform(short, short * 6) if luck < 0.93 else long


def _any(rng: random.Random, policy: Policy, at: float) -> f.Fault:
    makers = (
        (10, lambda: _leave(rng, policy, at)),
        (8, lambda: f.Hang(at, _span(rng), rng.random() < 0.3)),
        (6, lambda: f.BlackHole(at, _span(rng), rng.uniform(0.0, 90.0))),
        (4, lambda: f.MuteDoor(at, _span(rng, 60.0))),
        (10, lambda: f.Cut(at, rng.choice(ENDINGS))),
        (5, lambda: f.Rival(at, _span(rng, 60.0))),
        (8, lambda: _upstream_loss(rng, at, _span(rng, 100.0, 3600.0))),
        (8, lambda: f.FarmBreak(at, _span(rng, 60.0, 3600.0), rng.choice(FARMS)[1], rng.random() < 0.5)),
        (2, lambda: f.PortMove(at, _span(rng, 60.0, 300.0))),
        (2, lambda: f.WrongLogin(at, rng.uniform(30.0, 600.0))),
        (4, lambda: _chaos(rng, at)),
        (3, lambda: f.Stall(at, rng.choice((0.5, 2.0, 8.0, 40.0, 400.0)) * rng.uniform(0.5, 1.5))),
        (3, lambda: _clock_step(rng, at)),
        (3, lambda: f.Suspend(at, rng.choice((6.0, 60.0, 3600.0, 8 * 3600.0)), rng.random() < 0.6)),
        (3, lambda: f.Pause(at, _span(rng, 60.0, 3600.0), rng.random() < 0.5)),
        (3, lambda: f.Upkeep(at, _span(rng, 300.0, 3600.0), rng.random() < 0.4)),
        (3, lambda: f.Reload(at, rng.choice(("same", "retries", "client_id", "heartbeat")))),
        (1, lambda: f.Confirm(at)),
        (5, lambda: f.DaemonDown(at, _span(rng, 30.0, 8 * 3600.0), rng.random() < 0.5, rng.random() < 0.3)),
        (4, lambda: f.Noise(at, *rng.choice(NOISE))),
    )
    chosen: f.Fault = rng.choices([make for _, make in makers], [weight for weight, _ in makers])[0]()
    return chosen


NOISE = (
    (10197, "No market data during competing live session"),
    (2172, "Version 10.19 will be desupported on 20270101, use 10.30 or later"),
    (321, "Error validating request: the API interface is currently in Read-Only mode."),
    (100, "Max rate of messages per second has been exceeded"),
    (2104, "Market data farm connection is OK:cashfarm"),
    (9999, "something new"),
    (-1, "a callback failed"),
)


def _chaos(rng: random.Random, at: float) -> f.Chaos:
    lose, double, delay = rng.choice(((0.3, 0, 0), (0, 0.5, 0), (0, 0, 0.5), (0.15, 0.2, 0.3)))
    longest = rng.choice((0.05, 1.0, 10.0))
    return f.Chaos(at, rng.uniform(20.0, 240.0), lose, double, delay, longest, rng.randrange(1 << 30))


def _clock_step(rng: random.Random, at: float) -> f.ClockStep:
    by = rng.choice((-1.0, 1.0)) * rng.choice((3.0, 90.0, 1800.0, 3600.0, 7200.0, 90000.0))
    return f.ClockStep(at, rng.uniform(10.0, 4 * 3600.0), by)
