"""Incidents, from the first moment to the last. Each says in words what happens, and what may be told of it.

A story runs on the real core, in virtual time, and is scraped every 15 seconds. docs/alerts.md has the results.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from supervisor.core.model.events import MaintenanceAsked, PauseAsked, ResumeAsked
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
    *gateways: Policy, at: str = "2027-01-07T15:00:00Z", accounts: tuple[str, ...] = ("U1234567",), **labels: str
) -> Stage:
    """A quiet stage, on a Thursday morning in New York if nothing else is said."""
    return Stage(*gateways, at=at, accounts=accounts, labels=labels)


def refuse(stage: Stage, seconds: float) -> None:
    """The gateway is gone for so long."""
    stage.live.restart(None)
    stage.run(seconds)
    stage.live.peer.port = "open"


def farm(world: World, code: int, name: str) -> None:
    """A notice about a farm."""
    kind = {2103: "Market data farm", 2104: "Market data farm"}.get(code, "HMDS data farm")
    state = "OK" if code in {2104, 2106} else "broken"
    world.notice(code, f"{kind} connection is {state}:{name}")


# -- the gateway ------------------------------------------------------------------------------------------------------


@story("The session is cut and back within a second")
def flap() -> Stage:
    stage = begin()
    stage.mark()
    stage.live.drop()
    stage.run(1200)
    return stage


@story("The gateway is gone for 40 s", "warning IBBriefOutage")
def brief() -> Stage:
    stage = begin()
    stage.mark()
    refuse(stage, 40)
    stage.run(3600)
    return stage


@story("The gateway is gone for 20 minutes", "critical IBGatewayDown")
def down() -> Stage:
    stage = begin()
    stage.mark()
    refuse(stage, 1200)
    stage.run(1800)
    return stage


@story("The gateway hangs with its port open, for an hour", "critical IBGatewayDown")
def hang() -> Stage:
    stage = begin()
    stage.mark()
    stage.live.peer.answers, stage.live.peer.port = False, "mute"
    stage.run(3600)
    stage.live.peer.answers, stage.live.peer.port = True, "open"
    stage.run(900)
    return stage


@story("A paper gateway is gone for 20 minutes", "warning IBGatewayDown")
def paper_down() -> Stage:
    stage = begin(PAPER, accounts=("DU1234567",))
    stage.mark()
    refuse(stage, 1200)
    stage.run(900)
    return stage


@story("Down for 45 s in every 3 minutes, for an hour", "critical IBSessionFlapping")
def down_in_pieces() -> Stage:
    stage = begin()
    stage.mark()
    for _ in range(20):
        refuse(stage, 45)
        stage.run(135)
    stage.run(1800)
    return stage


@story("Down for 45 s in every 10 minutes, for 2 hours", "critical IBSessionFlapping")
def down_in_rare_pieces() -> Stage:
    stage = begin()
    stage.mark()
    for _ in range(12):
        refuse(stage, 45)
        stage.run(555)
    stage.run(1800)
    return stage


@story("The session is cut every minute for half an hour", "critical IBSessionFlapping")
def flapping() -> Stage:
    stage = begin()
    stage.mark()
    for _ in range(30):
        stage.live.drop()
        stage.run(60)
    stage.run(1800)
    return stage


@story("Every heartbeat takes 2 s, for an hour", "warning IBHeartbeatSlow")
def slow() -> Stage:
    stage = begin()
    stage.mark()
    stage.live.peer.round_trip = 2.0
    stage.run(3600)
    stage.live.peer.round_trip = 0.001
    stage.run(1200)
    return stage


# -- the calendar -----------------------------------------------------------------------------------------------------


@story("The daily restart, 82 s")
def restart() -> Stage:
    stage = begin(NIGHTLY, at="2027-01-08T04:30:00Z")
    stage.until("2027-01-07 23:45 NY")
    stage.mark()
    refuse(stage, 82)
    stage.run(3600)
    return stage


@story("The daily restart hangs until somebody comes after an hour", "critical IBRestartOverdue")
def overdue() -> Stage:
    stage = begin(NIGHTLY, at="2027-01-08T04:30:00Z")
    stage.until("2027-01-07 23:45 NY")
    stage.mark()
    refuse(stage, 3600)
    stage.run(1800)
    return stage


@story("Auto-restart is off: the restart does not come", "warning IBRestartNotSeen")
def not_seen() -> Stage:
    stage = begin(NIGHTLY, at="2027-01-08T04:30:00Z")
    stage.until("2027-01-07 23:45 NY")
    stage.mark()
    stage.run(3 * 3600)
    return stage


@story("The restart comes 90 s after its window, and takes 2 minutes", "warning IBRestartNotSeen")
def late() -> Stage:
    stage = begin(NIGHTLY, at="2027-01-08T04:30:00Z")
    stage.until("2027-01-07 23:45 NY")
    stage.mark()
    stage.run(390)
    refuse(stage, 120)
    stage.run(3600)
    return stage


@story(
    "Sunday: nobody logs in at the restart, until an hour later",
    "warning IBReauthDueSoon",
    "critical IBReauthRequired",
)
def login() -> Stage:
    stage = begin(NIGHTLY, at="2027-01-11T04:30:00Z")
    stage.until("2027-01-10 23:45 NY")
    stage.mark()
    refuse(stage, 3600)
    stage.run(1800)
    return stage


@story("Sunday: the weekly login is due at 23:45, and made at noon, in a maintenance", "warning IBReauthDueSoon")
def login_due() -> Stage:
    stage = begin(NIGHTLY, at="2027-01-10T13:00:00Z")
    stage.mark()
    stage.until("2027-01-10 12:00 NY")
    stage.live.step(MaintenanceAsked(stage.live.now.wall + timedelta(minutes=10), "login"))
    refuse(stage, 60)
    stage.run(1800)
    return stage


@story("Maintenance of 30 minutes from the command line; the gateway is gone for 20")
def maintenance() -> Stage:
    stage = begin()
    stage.mark()
    stage.live.step(MaintenanceAsked(stage.live.now.wall + timedelta(minutes=30), "new version"))
    refuse(stage, 1200)
    stage.run(1800)
    return stage


@story("Maintenance of 30 minutes; the gateway is gone for an hour", "critical IBGatewayDown")
def maintenance_overrun() -> Stage:
    stage = begin()
    stage.mark()
    stage.live.step(MaintenanceAsked(stage.live.now.wall + timedelta(minutes=30), "new version"))
    refuse(stage, 3600)
    stage.run(900)
    return stage


# -- IBKR -------------------------------------------------------------------------------------------------------------


@story("1100 for 90 s at 03:00, outside every reset that is known", "warning IBBriefOutage")
def night_loss() -> Stage:
    stage = begin(NIGHTLY, at="2027-01-07T08:00:00Z")
    stage.mark()
    stage.live.notice(*LOST)
    stage.run(90)
    stage.live.notice(*BACK)
    stage.run(3600)
    return stage


@story("1100 for 30 minutes at noon", "critical IBUpstreamLost")
def upstream() -> Stage:
    stage = begin(NIGHTLY)
    stage.mark()
    stage.live.notice(*LOST)
    stage.run(1800)
    stage.live.notice(*BACK)
    stage.run(1800)
    return stage


@story("1100 for 20 minutes in the server reset")
def reset() -> Stage:
    stage = begin(NIGHTLY, at="2027-01-07T05:20:00Z")
    stage.mark()
    stage.live.notice(*LOST)
    stage.run(1200)
    stage.live.notice(*BACK)
    stage.run(3600)
    return stage


@story("A server reset from 00:20 that does not end until 03:00", "critical IBUpstreamLost")
def reset_overrun() -> Stage:
    stage = begin(NIGHTLY, at="2027-01-07T05:15:00Z")
    stage.mark()
    stage.live.notice(*LOST)
    stage.until("2027-01-07 03:00 NY")
    stage.live.notice(*BACK)
    stage.run(1800)
    return stage


@story("1100 for 45 s in every 2 minutes, for an hour", "critical IBUpstreamFlapping")
def upstream_in_pieces() -> Stage:
    stage = begin()
    stage.mark()
    for _ in range(30):
        stage.live.notice(*LOST)
        stage.run(45)
        stage.live.notice(*BACK)
        stage.run(75)
    stage.run(2700)
    return stage


@story("`usfarm` breaks on Thursday at 11:00 New York, for half an hour", "critical IBFarmDown")
def farm_by_day() -> Stage:
    stage = begin(at="2027-01-07T15:55:00Z")
    stage.mark()
    farm(stage.live, 2103, "usfarm")
    stage.run(1800)
    farm(stage.live, 2104, "usfarm")
    stage.run(900)
    return stage


@story("`usfarm` breaks half an hour before the close and is back two hours later", "critical IBFarmDown")
def farm_over_the_close() -> Stage:
    stage = begin(at="2027-01-07T21:00:00Z")
    stage.mark()
    farm(stage.live, 2103, "usfarm")
    stage.run(7200)
    farm(stage.live, 2104, "usfarm")
    stage.run(900)
    return stage


@story("`ushmds` breaks on Saturday at 03:00, with `required_farms: all`", "warning IBFarmDown")
def farm_at_night() -> Stage:
    stage = begin(at="2027-01-09T07:55:00Z")
    stage.mark()
    farm(stage.live, 2105, "ushmds")
    stage.run(3600)
    farm(stage.live, 2106, "ushmds")
    stage.run(900)
    return stage


@story("`usfarm` breaks for a minute, ten times in half an hour", "warning IBFarmFlapping")
def farm_flapping() -> Stage:
    stage = begin()
    farm(stage.live, 2104, "usfarm")
    stage.run(60)
    stage.mark()
    for _ in range(10):
        farm(stage.live, 2103, "usfarm")
        stage.run(60)
        farm(stage.live, 2104, "usfarm")
        stage.run(120)
    stage.run(3600)
    return stage


@story("A competing login takes the data for 20 minutes", "warning IBCompetingSession")
def competing() -> Stage:
    stage = begin()
    stage.mark()
    for _ in range(20):
        stage.live.notice(10197, "No market data during competing live session")
        stage.run(60)
    stage.run(1800)
    return stage


# -- how it is set up -------------------------------------------------------------------------------------------------


@story("Another daemon takes the client id, for an hour", "warning IBClientIdConflict")
def conflict() -> Stage:
    stage = begin()
    stage.mark()
    stage.live.peer.taken = {911}
    stage.live.drop()
    stage.run(3600)
    stage.live.peer.taken = set()
    stage.run(1200)
    return stage


@story("The gateway comes back with the wrong login, for half an hour", "critical IBAccountMismatch")
def mismatch() -> Stage:
    stage = begin(policy(account_mode=AccountMode.LIVE))
    stage.mark()
    stage.live.peer.accounts = ("DU1234567",)
    stage.live.drop()
    stage.run(1800)
    stage.live.peer.accounts = ("U1234567",)
    stage.run(1200)
    return stage


@story("The supervisor starts beside a gateway with the wrong login", "critical IBAccountMismatch")
def mismatch_from_the_start() -> Stage:
    stage = begin(policy(account_mode=AccountMode.LIVE), accounts=("DU1234567",))
    stage.marked = 0
    stage.run(1200)
    stage.live.peer.accounts = ("U1234567",)
    stage.run(1200)
    return stage


@story("An operator pauses the gateway and forgets it", "warning IBGatewayPausedLong")
def paused() -> Stage:
    stage = begin()
    stage.mark()
    stage.live.step(PauseAsked(None))
    stage.run(3 * 3600)
    stage.live.step(ResumeAsked())
    stage.run(900)
    return stage


@story("A standby with `labels: {role: standby}` stays paused")
def standby() -> Stage:
    stage = begin(label_role="standby")
    stage.mark()
    stage.live.step(PauseAsked(None))
    stage.run(3 * 3600)
    return stage


@story("A gateway is dropped from the config by mistake", "warning IBGatewayUnwatched")
def dropped() -> Stage:
    stage = begin(policy(), policy(name="paper", port=4002))
    stage.mark()
    gone = stage.worlds.pop("paper")
    stage.run(3600)
    stage.worlds["paper"] = gone.heir(after=3600).start()
    stage.run(900)
    return stage


# -- the supervisor ---------------------------------------------------------------------------------------------------


@story("The supervisor is upgraded: away for 20 s")
def upgrade() -> Stage:
    stage = begin()
    stage.mark()
    stage.kill()
    stage.run(15)
    stage.born(pause=5)
    stage.run(1800)
    return stage


@story("The supervisor dies, and is started after half an hour", "critical IBSupervisorDown")
def killed() -> Stage:
    stage = begin()
    stage.mark()
    stage.kill()
    stage.run(1800)
    stage.born(pause=1800)
    stage.run(900)
    return stage


@story(
    "The gateway is down; 10 minutes later the supervisor dies too; both are back after an hour",
    "critical IBGatewayDown",
    "critical IBSupervisorDown",
)
def blind() -> Stage:
    stage = begin()
    stage.mark()
    stage.live.restart(None)
    stage.run(600)
    stage.kill()
    stage.run(3000)
    stage.live.peer.port = "open"
    stage.born(pause=3000)
    stage.run(900)
    return stage


@story("The supervisor crashes every 15 s, and lives at each scrape", "critical IBSupervisorCrashLoop")
def crash_loop() -> Stage:
    stage = begin()
    stage.mark()
    for _ in range(120):
        stage.kill()
        stage.born(pause=1)
        stage.run(15)
    stage.run(1800)
    return stage


@story("The supervisor lives one minute of two, for an hour", "critical IBSupervisorDown")
def half_alive() -> Stage:
    stage = begin()
    stage.mark()
    for _ in range(30):
        stage.kill()
        stage.run(60)
        stage.born(pause=60)
        stage.run(60)
    stage.run(1800)
    return stage


@story("Service discovery loses one of two supervisors", "critical IBSupervisorDown")
def vanished() -> Stage:
    stage = begin()
    stage.neighbour()
    stage.run(300)
    stage.mark()
    stage.forget_target()
    stage.run(3600)
    stage.find_target()
    stage.run(900)
    return stage


@story("The loop hangs while a gateway is paused", "critical IBSupervisorDown")
def hung() -> Stage:
    stage = begin(policy(), policy(name="paper", port=4002))
    stage.worlds["paper"].step(PauseAsked(None))
    stage.run(300)
    stage.mark()
    stage.hang()
    stage.run(1800)
    stage.born()
    stage.run(900)
    return stage
