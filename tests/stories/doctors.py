"""What recovery does for a gateway, beside what the rules of two other watchdogs would have done for the same fault.

Recovery is the core's own, on a virtual clock. The others are not run: their rules are replayed, as they are public.

- ib_async's `Watchdog` (2.1, `ibcontroller.py`): the process is ended if the connection is lost, if error 100 or 1100
  comes, or if nothing came for 20 s and then a question for a bar of EURUSD is not answered within 4 s.
- ibc2's watchdog (0.1.0, `supervisor.py`): every 30 s an API handshake; after 600 s without an answered one the process
  group is ended: SIGTERM, and SIGKILL after 10 s.

A gateway whose process is ended from outside has no time to keep its login, so a live account needs the second factor.
`python -m tests.stories.doctors` prints the table of docs/recovery.md.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from supervisor.core.explain.messages import lasting
from supervisor.core.model.actions import Heal
from supervisor.core.model.events import DeedAnswered
from supervisor.core.model.policy import Policy, Timing
from supervisor.core.model.recovery.rules import NeedsLogin, Result, Rung
from tests.core.driver import RESTART, World
from tests.core.parts.recovery.scenes import (
    ACCOUNT,
    ANEW,
    BROKEN,
    DATA,
    JVM,
    NEXT_JVM,
    OK,
    allowed,
    hang,
    replaced,
    see,
    thaw,
    view,
    world_of,
)

IDLE, PROBE = 20.0, 4.0
"""Seconds of ib_async's Watchdog: `appTimeout`, `probeTimeout`."""
EVERY, UNHEALTHY = 30.0, 600.0
"""Seconds of ibc2's watchdog: `health_check_interval`, `unhealthy_after`."""


@dataclass(frozen=True)
class Fault:
    """What befalls a gateway, in seconds since it began."""

    name: str
    mute: float = 0.0
    """So long nothing is answered; `inf` until somebody helps."""
    lost: bool = False
    """The connection is lost at the beginning,"""
    codes: tuple[int, ...] = ()
    """and these codes come."""
    lasts: float = 0.0
    """How long what they tell of lasts."""


FOREVER = float("inf")
HANGS = Fault("it hangs, logged in, and does not come back by itself", mute=FOREVER)
STALLS = Fault("it hangs for a minute, and comes back by itself", mute=60.0)
AWAY = Fault("IBKR's servers are away for 20 minutes (1100, 1102)", codes=(1100,), lasts=1200.0)
FARM = Fault("a required data farm is broken for 20 minutes", codes=(2103,), lasts=1200.0)
NIGHTLY = Fault("its nightly restart takes 90 s", lost=True, mute=90.0)
FAULTS = (HANGS, STALLS, AWAY, FARM, NIGHTLY)


def watchdog_of_ib_async(fault: Fault) -> float | None:
    """Seconds after which it ends the process; None if it does not. The gateway is silent but for its answers."""
    if fault.lost or 100 in fault.codes or 1100 in fault.codes:
        return 0.0
    return IDLE + PROBE if fault.mute >= IDLE + PROBE else None


def watchdog_of_ibc2(fault: Fault) -> float | None:
    """The same. IBKR's servers and farms are nothing that a handshake shows."""
    return UNHEALTHY if fault.mute > UNHEALTHY + EVERY else None


@dataclass(frozen=True)
class Done:
    """What recovery did."""

    deeds: tuple[tuple[Rung, float], ...]
    """Each with its second after the fault."""
    results: dict[tuple[Rung, Result], int]
    costs: frozenset[NeedsLogin]

    @property
    def words(self) -> str:
        """For the table."""
        rungs = dict.fromkeys(rung for rung, _ in self.deeds)
        times = {rung: ", ".join(lasting(at) for which, at in self.deeds if which is rung) for rung in rungs}
        return "; ".join(f"`{rung}` after {at}" for rung, at in times.items()) or "nothing"


USED: Policy = replace(allowed(DATA, ACCOUNT, replace(ANEW, patience=120.0)), timing=Timing())
"""The rungs that docs/recovery.md says to switch on first, without approval, with their usual patience."""


def recovery(fault: Fault) -> Done:
    """What recovery does for a gateway under IBC, which takes a command and does it."""
    night = fault is NIGHTLY
    world = world_of(USED, at="2027-01-06 23:40 NY" if night else "2027-01-06T12:00:00Z")
    world.run(300 if night else 60)
    began = world.elapsed
    _ACTS.get(fault, _says)(world, fault)
    deeds = tuple((action.rung, at - world.began - began) for at, action in world.log if isinstance(action, Heal))
    costs = frozenset(of.needs_login for rung, _ in deeds if (of := USED.recovery and USED.recovery.of(rung)))
    return Done(deeds, dict(view(world).counts), costs)


def _hangs(world: World, fault: Fault) -> None:
    hang(world)
    world.wait(lambda world: any(isinstance(action, Heal) for _, action in world.log), 3600)
    world.step(DeedAnswered(1, True, "RESTART in progress; RESTART at 03:21 PM"))
    world.run(60)
    replaced(world, NEXT_JVM)
    world.run(900)


def _stalls(world: World, fault: Fault) -> None:
    hang(world).run(fault.mute)
    thaw(world).run(900)


def _restarts(world: World, fault: Fault) -> None:
    world.restart(fault.mute)
    world.run(20)
    see(world, NEXT_JVM)
    world.run(900)


def _says(world: World, fault: Fault) -> None:
    (code,) = fault.codes
    world.notice(code, BROKEN[1] if code == BROKEN[0] else "")
    world.run(fault.lasts)
    world.notice(*(OK if code == BROKEN[0] else (1102, "")))
    see(world, JVM)
    world.run(900)


_ACTS: dict[Fault, Callable[[World, Fault], None]] = {HANGS: _hangs, STALLS: _stalls, NIGHTLY: _restarts}
assert RESTART in USED.windows, "the nightly restart is a planned one"


def table() -> str:
    """The table of docs/recovery.md."""
    lines = [
        "| what befalls a gateway | recovery | second factors | ib_async's Watchdog | ibc2's watchdog |",
        "| --- | --- | ---: | --- | --- |",
    ]
    for fault in FAULTS:
        done = recovery(fault)
        logins = sum(cost is NeedsLogin.YES for cost in done.costs)
        others = [_ended(rules(fault)) for rules in (watchdog_of_ib_async, watchdog_of_ibc2)]
        lines.append(f"| {fault.name} | {done.words} | {logins} | {others[0]} | {others[1]} |")
    return "\n".join(lines) + "\n"


def _ended(after: float | None) -> str:
    if after is None:
        return "nothing"
    return f"ends the process {'at once' if not after else f'after {lasting(after)}'}: 1 second factor"


if __name__ == "__main__":
    print(table(), end="")
