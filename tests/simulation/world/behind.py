"""What some gateways have besides: a controller, a canary, targets of messages; and what goes wrong with each.

Drawn apart from the rest, so that a seed means otherwise what it did before these came.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace

from supervisor.core.model.behind.canary import CanaryContract, CanaryPolicy
from supervisor.core.model.behind.controller import Ibc
from supervisor.core.model.behind.sight import GatewayProcess, LoginState, Sight
from supervisor.core.model.policy import Policy
from tests.simulation.world import faults as f
from tests.simulation.world.market import MARKETS, STOCKS, Market

DAY = 86400.0
CANARY_ID = 914
CONTRACT = CanaryContract("EUR", "CASH", "IDEALPRO", "USD")
LIES = (
    Sight(LoginState.LOGGED_IN, process=GatewayProcess(1, 1.0), running=True),
    Sight(LoginState.SECOND_FACTOR, running=True),
    Sight(LoginState.LOCKED_OUT),
    Sight(LoginState.NOT_RUNNING, running=False, exit_status=1),
    Sight(LoginState.RESTARTING, running=False, exit_status=0),
    Sight(None, running=True, restarts=7),
    Sight(words="what it wrote cannot be read"),
)


@dataclass(frozen=True, slots=True)
class Behind:
    """What one gateway has."""

    keeper: bool = False
    speaks: bool = False
    """Its controller tells dialogs apart."""
    market: Market = STOCKS
    every: float = 1500.0
    """Seconds between two pieces of the canary's data."""


def equipped(rng: random.Random, policy: Policy) -> tuple[Policy, Behind]:
    """The policy with what is looked at behind the port."""
    if rng.random() < 0.4:
        policy = replace(policy, controller=Ibc(), kernel=rng.random() < 0.5)
    age = rng.choice((1800.0, 3600.0, 7200.0))
    if rng.random() < 0.4:
        policy = replace(policy, canary=CanaryPolicy((CONTRACT,), CANARY_ID, age))
    behind = Behind(policy.controller is not None, rng.random() < 0.7, rng.choice(MARKETS), age * 0.45)
    return policy, behind


def misfortunes(rng: random.Random, policy: Policy, days: float) -> Iterator[f.Fault]:
    """What goes wrong with them."""
    if policy.controller is not None:
        for at in _moments(rng, 4.0, days):
            lasts = rng.choice((20.0, 600.0, 7200.0, 86400.0))
            yield f.KeeperLies(at, lasts, rng.choice(LIES)) if rng.random() < 0.7 else f.KeeperHangs(at, lasts)
    if policy.canary is not None:
        for at in _moments(rng, 3.0, days):
            lasts, luck = rng.choice((600.0, 7200.0, 30000.0)), rng.random()
            if luck < 0.5:
                yield f.DeadStream(at, lasts)
            elif luck < 0.75:
                yield f.StreamEnds(at, rng.choice((10182, 10225)))
            elif luck < 0.85:
                yield f.Competing(at, lasts)
            else:
                yield f.CanaryRival(at, rng.choice((60.0, 900.0)))
    for at in _moments(rng, 15.0, days):
        lasts, after = rng.choice((2.0, 40.0, 600.0)), rng.choice((0.0, 0.5, 10.0))
        yield f.DaemonDown(at, lasts, killed=True, reboot=False, after_its_word=after)
    for at in _moments(rng, 8.0, days):
        yield f.TargetDown(at, rng.choice((30.0, 400.0, 8000.0)), rng.random() < 0.5)


def _moments(rng: random.Random, apart: float, days: float) -> Iterator[float]:
    """At random, so many days apart on average."""
    at = rng.expovariate(1 / (apart * DAY))
    while at < days * DAY:
        yield at
        at += rng.expovariate(1 / (apart * DAY))
