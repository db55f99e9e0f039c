"""Incidents, from the first moment to the last. Each says in words what happens, and what may be told of it.

A story runs on the real core, in virtual time, and is scraped every 15 seconds. docs/alerts.md has the results.
"""

from collections.abc import Callable
from dataclasses import dataclass

from supervisor.core.model.policy import AccountMode, Policy
from tests.core.driver import RESET, RESTART, World, policy
from tests.deploy.stories.stage import Stage

LOST, BACK = (
    (1100, "Connectivity between IBKR and Trader Workstation has been lost."),
    (
        1102,
        "Connectivity between IBKR and Trader Workstation has been restored - data maintained.",
    ),
)
PAPER = policy(account_mode=AccountMode.PAPER)
NIGHTLY = policy(windows=(RESTART, RESET))
"""A restart at 23:45, and North America's daily reset."""


@dataclass(frozen=True)
class Story:
    """One incident."""

    what: str
    told: tuple[str, ...]
    """Severity and name of each message, in order."""
    play: Callable[[], Stage]


STORIES: list[Story] = []


def story(what: str, *told: str) -> Callable[[Callable[[], Stage]], Callable[[], Stage]]:
    """Register an incident."""

    def register(play: Callable[[], Stage]) -> Callable[[], Stage]:
        STORIES.append(Story(what, told, play))
        return play

    return register


def begin(
    *gateways: Policy,
    at: str = "2027-01-07T15:00:00Z",
    accounts: tuple[str, ...] = ("U1234567",),
    world: type[World] = World,
    **labels: str,
) -> Stage:
    """A quiet stage, on a Thursday morning in New York if nothing else is said."""
    return Stage(*gateways, at=at, accounts=accounts, labels=labels, world=world)


def refuse(stage: Stage, seconds: float) -> None:
    """The gateway is gone for so long."""
    stage.live.restart(None)
    stage.run(seconds)
    stage.live.peer.port = "open"


def lose_ibkr(stage: Stage) -> None:
    """IBKR is lost: the gateway says so, and answers no probe."""
    stage.live.peer.probes = False
    stage.live.notice(*LOST)


def regain_ibkr(stage: Stage) -> None:
    """IBKR is back."""
    stage.live.peer.probes = True
    stage.live.notice(*BACK)


def farm(world: World, code: int, name: str) -> None:
    """A notice about a farm."""
    kind = {2103: "Market data farm", 2104: "Market data farm"}.get(code, "HMDS data farm")
    state = "OK" if code in {2104, 2106} else "broken"
    world.notice(code, f"{kind} connection is {state}:{name}")
