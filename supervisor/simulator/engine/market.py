"""The market of one gateway: its world, its broker, and the pulse that moves both.

Rules
- It moves four times a second while anybody looks at it or an order waits for it, and costs nothing else.
- A frozen gateway's market goes on: its fills are told after the thaw; its streams say nothing meanwhile.
"""

from collections.abc import Sequence
from typing import Protocol

from supervisor.simulator.answers.accounts import after_fill
from supervisor.simulator.answers.broker import OrderBroker
from supervisor.simulator.answers.desk import Moment
from supervisor.simulator.behaviour.faults import Behaviour, Fault
from supervisor.simulator.clock import Clock, Timer
from supervisor.simulator.connection.session import ClientSession
from supervisor.simulator.scenario.files import Scenario
from supervisor.simulator.settings import Settings
from supervisor.simulator.state.instruments import Instrument
from supervisor.simulator.state.orders import Key
from supervisor.simulator.state.prices import STEP
from supervisor.simulator.state.world import World
from supervisor.simulator.wire.message import Message


class Gateway(Protocol):
    """What the market needs of its gateway."""

    clock: Clock
    settings: Settings
    behaviour: Behaviour

    @property
    def started(self) -> Sequence[ClientSession]:
        """Every client that has started."""

    def moment(self) -> Moment:
        """The gateway as it is now."""


class Market:
    """World and broker of one gateway."""

    def __init__(self, gateway: Gateway, scenario: Scenario) -> None:
        began = gateway.clock.wall()
        self._gateway = gateway
        self._timer: Timer | None = None
        self._closed = False
        self.world = World(scenario.accounts, began, scenario.seed, scenario.cash, scenario.instruments)
        for held in scenario.positions:
            self.world.hold(held.contract, held.quantity, held.cost, held.account or scenario.accounts[0], began)
        self.broker = OrderBroker(gateway.moment, self._tell_of_order, self._tell_of_fill)

    def close(self) -> None:
        """It moves no more."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()

    def agree(self) -> None:
        """Make the exchange agree with settings and faults."""
        exchange, settings, behaviour = self.world.exchange, self._gateway.settings, self._gateway.behaviour
        exchange.fills = settings.fills
        code, text = behaviour.number(Fault.REJECT_ORDERS, "code"), behaviour.choice(Fault.REJECT_ORDERS, "text")
        exchange.rejecting = (int(code), text) if Fault.REJECT_ORDERS in behaviour else None
        if settings.market == "closed":
            exchange.open = False
        elif not exchange.open:
            self.broker.from_ibkr(exchange.opens(self._gateway.clock.wall()))
        self.wake()

    def wake(self) -> None:
        """See to it that it moves while it is looked at."""
        if self._timer is None and not self._closed and self._looked_at():
            clock = self._gateway.clock
            self._timer = clock.call_at(clock.time() + STEP, self._pulse)

    def _looked_at(self) -> bool:
        sessions = self._gateway.started
        return self.world.exchange.working or any(each.desk and each.desk.streams for each in sessions)

    def _pulse(self) -> None:
        self._timer = None
        self.broker.pulse()
        if Fault.FREEZE not in self._gateway.behaviour:
            now = self._gateway.moment()
            for session in self._gateway.started:
                session.pulse(now)
        self.wake()

    def _tell_of_order(self, key: Key, messages: list[Message]) -> None:
        heard_by = (key.client_id, self._gateway.settings.master_client_id)
        for session in self._gateway.started:
            if session.client_id in heard_by:
                session.tell(messages)

    def _tell_of_fill(self, account: str, row: Instrument) -> None:
        now = self._gateway.moment()
        for session in self._gateway.started:
            if session.desk is not None:
                session.tell(after_fill(session.desk, self.world.account(account), row, now))
