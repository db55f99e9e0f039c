"""A gateway under recovery, and what befalls it."""

from dataclasses import replace

from supervisor.core.model.actions import Heal
from supervisor.core.model.behind.controller import Ibc
from supervisor.core.model.behind.sight import GatewayProcess, LoginState, Sight
from supervisor.core.model.events import Sighted
from supervisor.core.model.facts import Facts
from supervisor.core.model.policy import Policy, Timing
from supervisor.core.model.recovery.rules import (
    Block,
    MarketHours,
    NeedsLogin,
    RecoveryPolicy,
    Result,
    Rung,
    RungPolicy,
)
from supervisor.core.model.recovery.views import RecoveryView
from supervisor.core.model.vocabulary import Phase
from tests.core.driver import NEW_YORK, RELAXED, RESTART, World, instant, policy

DATA = RungPolicy(Rung.RECONNECT_DATA, 300.0, 6, NeedsLogin.NEVER)
ACCOUNT = RungPolicy(Rung.RECONNECT_ACCOUNT, 600.0, 1, NeedsLogin.NEVER)
ANEW = RungPolicy(Rung.RESTART, 120.0, 2, NeedsLogin.MAYBE, unattended=True)
COMMAND = RungPolicy(Rung.COMMAND, 900.0, 1, NeedsLogin.YES, unattended=True, argv=("restart",))
JVM = GatewayProcess(4711, 100.0)
NEXT_JVM = GatewayProcess(4712, 900.0)
BROKEN, OK = (2103, "Market data farm connection is broken:usfarm"), (2104, "Market data farm connection is OK:usfarm")


def allowed(*rungs: RungPolicy, **changes: object) -> Policy:
    recovery = RecoveryPolicy(rungs, market_hours=MarketHours.IGNORE)
    recovery = replace(recovery, **changes)  # type: ignore[arg-type]
    timing = Timing() if any(each.rung is Rung.RESTART for each in rungs) else RELAXED
    return policy(recovery=recovery, controller=Ibc(), windows=(RESTART,), timezone=NEW_YORK, timing=timing)


def world_of(settings: Policy, at: str = "2027-01-06T12:00:00Z", process: GatewayProcess | None = JVM) -> World:
    """A gateway that is up, logged in since Monday, and whose process is known."""
    facts = Facts(known=True, login_proven_at=instant("2027-01-04T12:00:00Z"))
    world = World(settings, at=at, facts=facts).up()
    see(world, process)
    return world


def see(world: World, process: GatewayProcess | None, state: LoginState | None = None) -> None:
    world.step(Sighted(Sight(state, process=process, running=True if process else None), 1e9))


def heals(world: World) -> list[Rung]:
    return [action.rung for _, action in world.log if isinstance(action, Heal)]


def view(world: World) -> RecoveryView:
    shown = world.snapshot.recovery
    assert shown is not None
    return shown


def blocks(world: World) -> dict[Rung, Block | None]:
    return {each.policy.rung: each.block for each in view(world).rungs}


def steps(world: World) -> list[object]:
    return [report.fields["step"] for report in world.tells("recovery")]


def results(world: World) -> dict[tuple[Rung, Result], int]:
    return dict(view(world).counts)


def gone(world: World) -> World:
    """The gateway's process ends, and nobody starts it."""
    world.restart(None)
    world.step(Sighted(Sight(running=False), 1e9))
    return world


def back(world: World, process: GatewayProcess = NEXT_JVM) -> World:
    """The gateway is there, and a session is ready."""
    thaw(world)
    world.wait(lambda world: world.phase is Phase.READY)
    see(world, process)
    return world.run(15)


def hang(world: World) -> World:
    world.peer.answers, world.peer.port = False, "mute"
    return world


def thaw(world: World) -> World:
    world.peer.answers, world.peer.port = True, "open"
    return world


def replaced(world: World, process: GatewayProcess = NEXT_JVM) -> World:
    """The gateway restarts, and is back."""
    world.peer.port = "refuse"
    world.run(40)
    return back(world, process)


def view_number(world: World) -> int:
    return world.state.recovery.number


def broken_at(moment: str, settings: Policy) -> World:
    world = world_of(settings, at=moment)
    world.notice(*BROKEN)
    return world


def waiting() -> World:
    world = hang(world_of(allowed(replace(ANEW, unattended=False))))
    world.run(140)
    assert steps(world) == ["proposed"]
    return world
