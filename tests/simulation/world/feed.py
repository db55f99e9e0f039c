"""The canary at the modelled gateway: hours, data that comes, ends or stays away, and a rival for its id."""

from functools import partial

from supervisor.core.model.behind.canary import (
    CanaryAction,
    CanaryClose,
    CanaryConnect,
    CanaryHoursAsk,
    CanarySubscribe,
    DataType,
)
from supervisor.core.model.events import CanaryHours, CanaryTicked, Ending, NoticeReceived
from tests.simulation.world import faults as f
from tests.simulation.world.connection import Connection
from tests.simulation.world.counterpart import Counterpart
from tests.simulation.world.market import Market
from tests.simulation.world.timeline import Timeline
from tests.simulation.world.troubles import Troubles

ENDED = "A subscription was ended by the gateway"
COMPETING = "No market data during competing live session"
OPENING = 0.5
"""Seconds from an opening to its first data."""


class Feed:
    """Of one contract. Data comes `every` seconds."""

    def __init__(self, world: Counterpart, line: Timeline, market: Market, every: float) -> None:
        self.market = market
        self._world, self._line, self._every = world, line, every
        self._troubles = Troubles()
        self._request = 0
        self._ended = False
        """The gateway ended the subscription: nothing comes before it is made again."""

    def carry_out(self, action: CanaryAction) -> None:
        """What the daemon does with its canary."""
        match action:
            case CanaryConnect():
                self._world.open(Connection(action.epoch, action.client_id, canary=True), action)
            case CanaryClose():
                for connection in self._mine(action.epoch):
                    self._world.close(connection)
            case CanaryHoursAsk():
                for connection in self._mine(action.epoch):
                    self._line.later(0.05, partial(self._hours, connection, action.request_id))
            case CanarySubscribe():
                for connection in self._mine(action.epoch):
                    self._request, self._ended = action.request_id, False
                    self._line.later(0.1, partial(self._begins, connection, action.request_id))
                    if action.instead_of:  # data of the one before was on its way
                        late = CanaryTicked(action.epoch, action.instead_of)
                        self._line.later(0.05, partial(self._world.say, connection, late))

    def suffer(self, fault: f.Fault) -> bool:
        """Begin this fault; False if it is none of the canary's."""
        match fault:
            case f.DeadStream():
                self._span("dead", fault.lasts)
            case f.StreamEnds():
                self._ended = True
                self._notice(self._request, fault.code, ENDED)
            case f.Competing():
                self._span("dead", fault.lasts)
                self._notice(self._request, 10197, COMPETING)
            case f.CanaryRival():
                self._world.canary_id_taken = True
                for connection in self._all():
                    self._world.drop(connection, Ending.CLOSED)
                self._line.later(fault.lasts, self._rival_leaves)
            case _:
                return False
        return True

    def data_lost(self) -> None:
        """1101: subscriptions are gone."""
        self._ended = True

    def _rival_leaves(self) -> None:
        self._world.canary_id_taken = False

    def _span(self, name: str, seconds: float) -> None:
        self._troubles.begin(name, self._line.t)
        self._line.later(seconds, partial(self._over, name))

    def _over(self, name: str) -> None:
        """It would come again, if it were asked for again."""
        self._troubles.end(name, self._line.t)
        self._ended = True

    def calm_for(self) -> float:
        """Seconds for which nothing has kept data from who asks for it."""
        return self._troubles.calm_for(self._line.t)

    def _notice(self, request: int, code: int, text: str) -> None:
        for connection in self._all():
            if connection.shaken:
                self._world.say(connection, NoticeReceived(connection.epoch, request, code, text))

    def _all(self) -> list[Connection]:
        return [connection for connection in self._world.connections if connection.canary]

    def _mine(self, epoch: int) -> list[Connection]:
        return [connection for connection in self._all() if connection.epoch == epoch]

    def _hours(self, connection: Connection, request: int) -> None:
        """Only IBKR's servers know the contract."""
        if "upstream" not in self._world.troubles:
            text = self.market.liquid_hours(self._line.truth())
            self._world.say(connection, CanaryHours(connection.epoch, request, text, self.market.zone))

    def _begins(self, connection: Connection, request: int) -> None:
        self._world.say(connection, CanaryTicked(connection.epoch, request, DataType.LIVE, ticked=False))
        self._tick(connection, request)

    def _tick(self, connection: Connection, request: int) -> None:
        if not (connection.alive and connection.ours) or request != self._request:
            return
        truth = self._line.truth()
        if self.market.opened(truth) is None:
            ahead = (self.market.opens_next(truth) - truth).total_seconds() + OPENING
            self._line.later(ahead, partial(self._tick, connection, request))
            return
        if not self._ended and not len(self._troubles) and "upstream" not in self._world.troubles:
            self._world.say(connection, CanaryTicked(connection.epoch, request))
        self._line.later(self._every, partial(self._tick, connection, request))
