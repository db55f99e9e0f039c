"""A model of the gateway and of IBKR: what a session would see, whatever goes wrong.

- The gateway's end of a connection and ours are two things: a process that hangs does not see our FIN, and a network
  that swallows packets tells neither side. Out of that come ghosts (326), late answers and sessions that look alive.
- A gateway answers a ping after the same round trip each time, and ignores one within a second of its last answer.
- What the gateway sends while it hangs, or while the network is away, comes later, all at once.
- `troubles` is the truth. A trouble that the daemon is not meant to see as a fault (a farm that is not required, an
  account of the other kind where any will do) is none.
"""

from functools import partial
from typing import Protocol

from supervisor.core.calendar.tokens import next_expiry
from supervisor.core.codes.farm_kinds import FarmKind
from supervisor.core.model.actions import Close, Connect, Ping, Probe
from supervisor.core.model.behind.canary import CanaryConnect
from supervisor.core.model.events import (
    AccountsReceived,
    CanaryEvent,
    CanaryHeard,
    Ending,
    HandshakeDone,
    NextIdReceived,
    NoticeReceived,
    PortOpened,
    ProbeAnswered,
    SessionClosed,
    SessionEvent,
    TimeAnswered,
    TrafficSeen,
)
from supervisor.core.model.policy import AccountMode, Policy
from tests.simulation.world import words
from tests.simulation.world.connection import Connection, Said
from tests.simulation.world.keeper import Keeper
from tests.simulation.world.scenario import FARMS, Scenario
from tests.simulation.world.timeline import Doing, Timeline
from tests.simulation.world.troubles import Troubles

WARMING = 1.0
"""Seconds after its return in which a gateway still drops new connections (docs/facts/ib.md#the-daily-restart)."""


class Delivery(Protocol):
    """Where events go."""

    def __call__(self, event: SessionEvent | CanaryEvent) -> None: ...


class Counterpart:
    """One gateway, its network and IBKR behind it."""

    def __init__(self, scenario: Scenario, line: Timeline, deliver: Delivery) -> None:
        self.policy: Policy = scenario.policy
        self.troubles = Troubles()
        self.other_farms = Troubles()
        self.port = scenario.policy.port
        self.token_ends = next_expiry(line.truth()).at
        self.order_id = 100
        self.connections: list[Connection] = []
        self._trip = scenario.round_trip
        self._line = line
        self._deliver = deliver
        self.away_door = self.waiting_door = "refuses"
        self.back_at = -10.0
        self.linger = 0.0
        self.keeper: Keeper | None = None
        self.canary_id_taken = False

    # -- what the daemon does -----------------------------------------------------------------------------------------

    def carry_out(self, action: Connect | Close | Ping | Probe) -> None:
        match action:
            case Connect():
                self._connect(action)
            case Close():
                for connection in self._of(action.epoch):
                    self.close(connection)
            case Ping():
                for connection in self._of(action.epoch):
                    self._ping(connection)
            case Probe():
                for connection in self._of(action.epoch):
                    self._probe(connection, action.request_id)

    def answers_pings(self, epoch: int) -> bool:
        """Whether nothing that has begun would keep a ping of this session from its answer."""
        if self._deaf():
            return False
        return any(connection.alive and connection.ours for connection in self._of(epoch))

    def skipped_until(self, epoch: int, last_answer: float) -> None:
        """Pings of this session were skipped; the last one was answered then."""
        for connection in self._of(epoch):
            connection.last_answer = last_answer

    def _of(self, epoch: int) -> list[Connection]:
        return [each for each in self.connections if each.epoch == epoch and not each.canary]

    def _connect(self, action: Connect) -> None:
        self.open(Connection(action.epoch, action.client_id), action)

    def open(self, connection: Connection, action: Connect | CanaryConnect) -> None:
        """An attempt begins."""
        self.connections = [other for other in self.connections if other.alive or other.ours]
        self.connections.append(connection)
        door = self._door(action.port)
        if door == "lost":
            connection.alive = False
            self._own_end(connection, Ending.TIMEOUT, action.connect_timeout)
            return
        if door == "refuses":
            connection.alive = False
            self._own_end(connection, Ending.REFUSED, 0.001)
            return
        self._line.later(0.001, partial(self.say, connection, PortOpened(action.epoch)))
        if door == "closes":
            self._line.later(0.003, partial(self.drop, connection, Ending.CLOSED))
        elif door == "open":
            self._line.later(0.002, partial(self._greet, connection))

    def _door(self, port: int) -> str:
        """How a new connection fares; behind `mute` it waits to be greeted."""
        troubles = self.troubles
        if "lost" in troubles:
            return "lost"
        if port != self.port:
            return "refuses"
        if "away" in troubles:
            return self.away_door
        if "login" in troubles:
            return self.waiting_door
        if self._line.t - self.back_at < WARMING:
            return "closes"
        return "mute" if "hung" in troubles or "mute" in troubles else "open"

    def _greet(self, connection: Connection) -> None:
        if not (connection.alive and connection.ours) or connection.shaken:
            return
        if "mute" in self.troubles or self._deaf():
            return  # greeted when that is over
        connection.shaken = True
        epoch = connection.epoch
        clock = f"{self._line.truth():%Y%m%d %H:%M:%S} UTC"
        self.say(connection, HandshakeDone(epoch, 176, clock))
        rivals = (other for other in self.connections if other is not connection and other.alive and other.accepted)
        rival = self.canary_id_taken if connection.canary else "rival" in self.troubles
        if rival or any(other.client_id == connection.client_id for other in rivals):
            in_use = NoticeReceived(epoch, -1, 326, words.IN_USE)
            self._line.later(0.001, partial(self.say, connection, in_use))
            self._line.later(0.003, partial(self.drop, connection, Ending.CLOSED))
            return
        connection.accepted = True
        self._line.later(0.002, partial(self._welcome, connection))

    def _welcome(self, connection: Connection) -> None:
        epoch = connection.epoch
        paper = (self.policy.account_mode is AccountMode.PAPER) is not ("wrong" in self.troubles)
        self.say(connection, NextIdReceived(epoch, self.order_id))
        self.say(connection, AccountsReceived(epoch, ("DU1234567" if paper else "U1234567",)))
        for position, (kind, name) in enumerate(FARMS):
            # A gateway connects to a farm when somebody asks for its data: not all are told of.
            if position == 0 or self.farm_is_broken(name):
                self.say(connection, self.farm_notice(epoch, kind, name))

    def farm_notice(self, epoch: int, kind: FarmKind, name: str) -> NoticeReceived:
        return NoticeReceived(epoch, -1, *words.of_farm(kind, name, broken=self.farm_is_broken(name)))

    def farm_is_broken(self, name: str) -> bool:
        return f"farm {name}" in self.other_farms or f"farm {name}" in self.troubles

    def close(self, connection: Connection) -> None:
        """We close: our end is gone at once, the gateway's end when it learns of it."""
        if not connection.ours:
            return
        if connection.epoch % 4 == 0:  # of no interest to anybody; now and then it is looked whether that is so
            self._own_end(connection, Ending.ASKED, 0.001)
        connection.ours = False
        if not self._deaf():
            connection.alive = False

    def _own_end(self, connection: Connection, ending: Ending, seconds: float) -> None:
        """Our own side tells the end."""
        self._line.later(seconds, partial(self._end, connection, ending))

    def _end(self, connection: Connection, ending: Ending) -> None:
        if connection.ours or ending is Ending.ASKED:
            connection.ours = False
            self._tell(connection, SessionClosed(connection.epoch, ending))

    def _ping(self, connection: Connection) -> None:
        if not connection.ours:
            return
        if self._deaf():
            connection.unanswered += connection.alive
        elif not connection.alive:
            self._own_end(connection, Ending.RESET, 0.001)
        elif self._line.t - connection.last_answer >= 1.0:
            connection.last_answer = self._line.t + self._trip
            self._line.later(self._trip, partial(self._answer, connection))

    def _answer(self, connection: Connection) -> None:
        self.say(connection, TimeAnswered(connection.epoch, int(self._line.truth().timestamp())))

    def _probe(self, connection: Connection, request_id: int) -> None:
        self._line.later(0.1, partial(self._answer_probe, connection, request_id))

    def _answer_probe(self, connection: Connection, request_id: int) -> None:
        """Only IBKR's servers know the contract; without them an error comes, which is no answer."""
        if "upstream" in self.troubles:
            self.say(connection, NoticeReceived(connection.epoch, request_id, 200, "No security definition found"))
        else:
            self.say(connection, ProbeAnswered(connection.epoch, request_id))

    # -- how words travel ---------------------------------------------------------------------------------------------

    def say(self, connection: Connection, event: Said) -> None:
        """The gateway says something: it comes if both ends are open, at once or when the way is free again."""
        if not (connection.alive and connection.ours):
            return
        if "lost" in self.troubles or ("hung" in self.troubles and not isinstance(event, PortOpened | TrafficSeen)):
            connection.held.append(event)
        else:
            self._tell(connection, event)

    def _tell(self, connection: Connection, event: Said) -> None:
        self._deliver(CanaryHeard(event) if connection.canary and isinstance(event, SessionEvent) else event)

    def drop(self, connection: Connection, ending: Ending) -> None:
        """The gateway's end closes: we hear of it if the network carries it."""
        if not connection.alive:
            return
        connection.alive = False
        if "lost" in self.troubles:
            self.troubles.unheard_at = self._line.t
        else:
            self._own_end(connection, ending, 0.001)

    def drop_all(self, ending: Ending) -> None:
        for connection in self.connections:
            self.drop(connection, ending)

    def notice(self, code: int, text: str) -> None:
        for connection in self.connections:
            if connection.shaken:
                self.say(connection, NoticeReceived(connection.epoch, -1, code, text))

    def flowing_again(self) -> None:
        """What was held comes now; connections that wait are greeted; ghosts fade."""
        if self._deaf():
            return
        ghosts = [connection for connection in self.connections if connection.alive and not connection.ours]
        if ghosts:
            self.span("ghost", self.linger, partial(self._fade, ghosts))
        for connection in self.connections:
            for event in connection.held:
                self._line.later(0.001, partial(self.say, connection, event))
            for _ in range(connection.unanswered):
                self._line.later(0.002, partial(self._answer, connection))
            connection.held, connection.unanswered = [], 0
            self._line.later(0.003, partial(self._greet, connection))
        self.linger = 0.0

    def _fade(self, ghosts: list[Connection]) -> None:
        for ghost in ghosts:
            self.drop(ghost, Ending.CLOSED)

    def _deaf(self) -> bool:
        """The gateway hears nothing, not even that we closed."""
        return "lost" in self.troubles or "hung" in self.troubles

    def span(self, name: str, seconds: float, after: Doing | None = None) -> None:
        self.troubles.begin(name, self._line.t)

        def over() -> None:
            self.troubles.end(name, self._line.t)
            if after is not None:
                after()

        self._line.later(seconds, over)

    def talk(self) -> None:
        for connection in self.connections:
            if connection.shaken and not connection.canary:
                self.say(connection, TrafficSeen(connection.epoch))

    def chatter_until(self, end: float) -> None:
        """A busy gateway: traffic every two seconds."""
        self.talk()
        if self._line.t < end:
            self._line.later(2.0, partial(self.chatter_until, end))

    def port_back(self) -> None:
        """The operator set the port right."""
        if self.port != self.policy.port:
            self.port = self.policy.port
            self.drop_all(Ending.CLOSED)
            self.troubles.disturbed(self._line.t)
