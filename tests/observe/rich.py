"""Gateways in many states, each played on the real core: something to show for every metric."""

from datetime import UTC, datetime, time, timedelta

from supervisor.core.calendar.windows import daily_restart, weekly_restart
from supervisor.core.codes.farm_kinds import FarmKind
from supervisor.core.model.behind.canary import CanaryContract, CanaryPolicy, DataType
from supervisor.core.model.behind.controller import Process
from supervisor.core.model.behind.sight import GatewayProcess, Sight, Sockets
from supervisor.core.model.events import (
    AccountsReceived,
    CanaryHeard,
    CanaryHours,
    CanaryTicked,
    Ending,
    HandshakeDone,
    MaintenanceAsked,
    MessageUndecodable,
    NextIdReceived,
    PauseAsked,
    PortOpened,
    Sighted,
    SocketsSeen,
)
from supervisor.core.model.policy import AccountMode, Policy, RequiredFarm
from supervisor.core.model.recovery.rules import RecoveryPolicy, Rung, RungPolicy
from supervisor.core.model.snapshot import Snapshot
from tests.observe.played import Played

NEW_YORK = "America/New_York"
ACCOUNT = "U7654321"


def policy(name: str = "live", port: int = 4001) -> Policy:
    """A gateway with a restart each night, and a login each week."""
    return Policy(
        name=name,
        host="127.0.0.1",
        port=port,
        client_id=911,
        account_mode=AccountMode.LIVE,
        timezone=NEW_YORK,
        windows=(daily_restart(time(23, 45), NEW_YORK), weekly_restart(6, time(12), NEW_YORK)),
        controller=Process(("ibcalpha.ibc.IbcGateway",)),
        kernel=True,
        recovery=RecoveryPolicy((RungPolicy(Rung.COMMAND, 900.0, argv=("restart-gateway",)),)),
        canary=CanaryPolicy((CanaryContract("EUR", "CASH", "IDEALPRO", "USD"),)),
        required_farms=(RequiredFarm("usfarm"), RequiredFarm("ushmds", FarmKind.HISTORICAL)),
    )


def eventful() -> Played:
    """Refused, up, farms of every state, 1100 and 1102, lost and back, and the restart of the night."""
    gateway = Played(policy(), datetime(2026, 11, 24, 4, 38, tzinfo=UTC))
    gateway.begin()
    gateway.refuse()
    gateway.until_connecting()
    gateway.connect(ACCOUNT, order_id=100, clock="20261123 23:38:00 EST")
    gateway.answer()
    gateway.wait(70)
    for code, name in ((2104, "usfarm"), (2106, "ushmds"), (2158, "secdefnj"), (2108, "eufarm"), (2119, "cashfarm")):
        gateway.farm(code, name)
    gateway.farm(2103, "usfarm")
    gateway.wait(5)
    gateway.farm(2104, "usfarm")
    gateway.notice(1100, "Connectivity between IB and Trader Workstation has been lost.")
    gateway.wait(5)
    gateway.notice(1102, "Connectivity between IB and Trader Workstation has been restored - data maintained.")
    gateway.notice(10197, "No market data during competing live session")
    gateway.notice(31337, "what nobody knows")
    gateway.hear(MessageUndecodable(gateway.epoch, 5, "OPEN_ORDER", "ibapi 9.81.1.post1", "ValueError"))
    gateway.notice(2172, "TWS version will be desupported on 20270301. Please upgrade.")
    gateway.wait(65)
    gateway.lose(Ending.RESET)
    gateway.until_connecting()
    gateway.connect(ACCOUNT, order_id=3, clock="20261123 23:40:00 EST")
    gateway.answer()
    gateway.farm(2103, "eufarm")
    restart = datetime(2026, 11, 24, 4, 45, 20, tzinfo=UTC)
    gateway.wait((restart - gateway.now.wall).total_seconds())
    gateway.lose(Ending.CLOSED)
    gateway.wait(0.5)
    gateway.refuse()
    gateway.wait(40)
    gateway.connect(ACCOUNT, order_id=3, clock="20261123 23:46:00 EST")
    gateway.answer()
    gateway.wait(400)
    gateway.farm(2104, "usfarm")
    gateway.farm(2103, "eufarm")
    hear_canary(gateway)
    gateway.hear(Sighted(Sight(process=GatewayProcess(4711, 12.5), running=True), 60.0))
    states = (("established", 2), ("listen", 1))
    gateway.hear(SocketsSeen(Sockets(states, unaccepted=0, unread=0, unacknowledged=0)))
    gateway.hear(MaintenanceAsked(gateway.now.wall + timedelta(hours=1), "disks"))
    return gateway


def hear_canary(gateway: Played) -> None:
    """The canary's connection is ready, and data comes."""
    before = gateway.canary_epoch
    while (epoch := gateway.canary_epoch) == before:
        gateway.wait(0.5)
    for said in (
        PortOpened(epoch),
        HandshakeDone(epoch, 176, ""),
        AccountsReceived(epoch, (ACCOUNT,)),
        NextIdReceived(epoch, 1),
    ):
        gateway.hear(CanaryHeard(said))
    gateway.hear(CanaryHours(epoch, 1, "20261122:1715-20261123:1700;20261123:1715-20261124:1700", "US/Eastern"))
    gateway.hear(CanaryTicked(epoch, 2, DataType.LIVE, ticked=False))
    gateway.wait(61)
    gateway.hear(CanaryTicked(epoch, 2))


def fresh(name: str = "fresh", port: int = 4002) -> Played:
    """Nothing was ever heard of it."""
    return Played(policy(name, port))


def paused() -> Played:
    """The operator has paused it."""
    gateway = Played(Policy("paper", "192.0.2.7", 4003, 912))
    gateway.begin()
    gateway.up()
    gateway.hear(PauseAsked())
    return gateway


def snapshots() -> list[Snapshot]:
    """One of each."""
    return [played.snapshot for played in (eventful(), fresh(), paused())]
