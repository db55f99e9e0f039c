"""Three things that a gateway goes through: IBKR's servers lost, a farm broken, another session with the live data.

Rules
- Lost: 1100 is told (again every `repeat`), requests that cross to IBKR are not answered, streams stand still, orders
  wait. A client that comes meanwhile is told nothing of it, and hears the farms as they were: a gateway keeps those.
- Back: 1102 if data was maintained, and all goes on; 1101 if it was lost, and every stream is dead. Then orders and
  fills that were not heard.
- A broken farm tells 2103, 2105 or 2157 by its name, to new clients too; 2104, 2106 or 2158 when it is back. Bars
  that were kept up to date are dead for good (10182).
- Another session: 10197 for each live subscription, which goes on afterwards.
"""

from collections.abc import Sequence
from typing import Protocol

from supervisor.simulator.answers.broker import OrderBroker
from supervisor.simulator.answers.desk import StreamKind
from supervisor.simulator.answers.history import LIVE_UPDATES_DEAD
from supervisor.simulator.answers.quotes import COMPETING
from supervisor.simulator.behaviour.faults import Behaviour, Fault
from supervisor.simulator.connection.session import ClientSession
from supervisor.simulator.engine.timers import Timers
from supervisor.simulator.settings import Notice, Settings

_LINK = "Connectivity between IBKR and Trader Workstation has been "
_REPEAT = "1100 again"
_MARKET = {StreamKind.QUOTES, StreamKind.DEPTH, StreamKind.TICKS, StreamKind.REALTIME_BARS, StreamKind.HISTORY}
_FARMS = {
    "market_data": (2104, 2103, "Market data farm connection is "),
    "historical": (2106, 2105, "HMDS data farm connection is "),
    "sec_def": (2158, 2157, "Sec-def data farm connection is "),
}


class Gateway(Protocol):
    """What the states need of their gateway."""

    broker: OrderBroker
    timers: Timers

    @property
    def behaviour(self) -> Behaviour:
        """What is wrong."""

    @property
    def settings(self) -> Settings:
        """What it is like."""

    @property
    def started(self) -> Sequence[ClientSession]:
        """Every client that has started."""

    def notice(self, request: int, code: int, text: str) -> int:
        """Tell a code to every client that has started."""


def farm_notice(farm: str, broken: bool) -> Notice:
    """What is told of a farm; its kind follows from its name."""
    kind = "historical" if "hmds" in farm else "sec_def" if farm.startswith("secdef") else "market_data"
    ok, wrong, words = _FARMS[kind]
    return (wrong, f"{words}broken:{farm}") if broken else (ok, f"{words}OK:{farm}")


def greeting(settings: Settings, behaviour: Behaviour) -> tuple[Notice, ...]:
    """The notices for a new client: broken farms are told as broken."""
    told = []
    for code, text in settings.greeting:
        farm = text.rpartition(":")[2]
        known = code in (2104, 2106, 2158)
        told.append(farm_notice(farm, True) if known and behaviour.broken(farm) else (code, text))
    return tuple(told)


def begin(fault: Fault, gateway: Gateway) -> None:
    """A state has begun; it is active already."""
    match fault:
        case Fault.UPSTREAM_LOST:
            gateway.broker.lose()
            _lost(gateway)
        case Fault.FARM_BROKEN:
            farms = _broken(gateway)
            for farm in farms:
                gateway.notice(-1, *farm_notice(farm, True))
            if any("hmds" in farm for farm in farms):
                _kill(gateway, {StreamKind.HISTORY}, LIVE_UPDATES_DEAD)
        case Fault.COMPETING_SESSION:
            for session in gateway.started:
                for kind, number in list(session.desk.streams if session.desk else ()):
                    if kind is StreamKind.QUOTES:
                        session.notice(number, *COMPETING)
        case _:
            pass


def _lost(gateway: Gateway) -> None:
    gateway.notice(-1, 1100, _LINK + "lost.")
    repeat = gateway.behaviour.number(Fault.UPSTREAM_LOST, "repeat")
    gateway.timers.after(_REPEAT, repeat, lambda: _lost(gateway))


def end(fault: Fault, gateway: Gateway) -> None:
    """A state is about to end; it is active still."""
    match fault:
        case Fault.UPSTREAM_LOST:
            gateway.timers.cancel(_REPEAT)
            if gateway.behaviour.choice(fault, "data") == "lost":
                gateway.notice(-1, 1101, _LINK + "restored - data lost.")
                _kill(gateway, _MARKET, None)
            else:
                farms = "; ".join(_farms(gateway.settings))
                gateway.notice(-1, 1102, f"{_LINK}restored - data maintained. All data farms are connected: {farms}.")
                _kill(gateway, {StreamKind.HISTORY}, LIVE_UPDATES_DEAD)
        case Fault.FARM_BROKEN:
            for farm in _broken(gateway):
                gateway.notice(-1, *farm_notice(farm, False))
        case _:
            pass


def ended(fault: Fault, gateway: Gateway) -> None:
    """A state is over."""
    if fault is Fault.UPSTREAM_LOST:
        gateway.broker.regain()


def _farms(settings: Settings) -> list[str]:
    return [text.rpartition(":")[2] for code, text in settings.greeting if code in (2104, 2106, 2158)]


def _broken(gateway: Gateway) -> list[str]:
    named = gateway.behaviour.broken_farms
    return _farms(gateway.settings) if "all" in named else list(named)


def _kill(gateway: Gateway, kinds: set[StreamKind], notice: Notice | None) -> None:
    for session in gateway.started:
        for kind, number in list(session.desk.streams if session.desk else ()):
            if kind in kinds and session.desk is not None:
                session.desk.end(kind, number)
                if notice is not None:
                    session.notice(number, *notice)
