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
from supervisor.core.model.events import (
    AccountsReceived,
    CallbackFailed,
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
from supervisor.core.parts.farms import is_required
from tests.simulation import faults as f
from tests.simulation import words
from tests.simulation.connection import Connection
from tests.simulation.scenario import FARMS, Scenario
from tests.simulation.timeline import Doing, Timeline
from tests.simulation.troubles import Troubles

MOVED_PORT = 4100
WARMING = 1.0
"""Seconds after its return in which a gateway still drops new connections (docs/facts/ib.md#the-daily-restart)."""
KIND_OF = {name: kind for kind, name in FARMS}


class Delivery(Protocol):
    """Where events go."""

    def __call__(self, event: SessionEvent) -> None: ...


class Counterpart:
    """One gateway, its network and IBKR behind it."""

    def __init__(self, scenario: Scenario, line: Timeline, deliver: Delivery) -> None:
        self.policy: Policy = scenario.policy
        self.troubles = Troubles()
        self._farms = Troubles()
        self.port = scenario.policy.port
        self.token_ends = next_expiry(line.truth()).at
        self.order_id = 100
        self.connections: list[Connection] = []
        self._trip = scenario.round_trip
        self._line = line
        self._deliver = deliver
        self._away_door = self._waiting_door = "refuses"
        self._back_at = -10.0
        self._linger = 0.0

    # -- what the daemon does -----------------------------------------------------------------------------------------

    def carry_out(self, action: Connect | Close | Ping | Probe) -> None:
        match action:
            case Connect():
                self._connect(action)
            case Close():
                for connection in self._of(action.epoch):
                    self._close(connection)
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
        return [connection for connection in self.connections if connection.epoch == epoch]

    def _connect(self, action: Connect) -> None:
        self.connections = [other for other in self.connections if other.alive or other.ours]
        connection = Connection(action.epoch, action.client_id)
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
        self._line.later(0.001, partial(self._say, connection, PortOpened(action.epoch)))
        if door == "closes":
            self._line.later(0.003, partial(self._drop, connection, Ending.CLOSED))
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
            return self._away_door
        if "login" in troubles:
            return self._waiting_door
        if self._line.t - self._back_at < WARMING:
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
        self._say(connection, HandshakeDone(epoch, 176, clock))
        rivals = (other for other in self.connections if other is not connection and other.alive and other.accepted)
        if "rival" in self.troubles or any(other.client_id == connection.client_id for other in rivals):
            in_use = NoticeReceived(epoch, -1, 326, words.IN_USE)
            self._line.later(0.001, partial(self._say, connection, in_use))
            self._line.later(0.003, partial(self._drop, connection, Ending.CLOSED))
            return
        connection.accepted = True
        self._line.later(0.002, partial(self._welcome, connection))

    def _welcome(self, connection: Connection) -> None:
        epoch = connection.epoch
        paper = (self.policy.account_mode is AccountMode.PAPER) is not ("wrong" in self.troubles)
        self._say(connection, NextIdReceived(epoch, self.order_id))
        self._say(connection, AccountsReceived(epoch, ("DU1234567" if paper else "U1234567",)))
        for position, (kind, name) in enumerate(FARMS):
            # A gateway connects to a farm when somebody asks for its data: not all are told of.
            if position == 0 or self._farm_is_broken(name):
                self._say(connection, self._farm_notice(epoch, kind, name))

    def _farm_notice(self, epoch: int, kind: FarmKind, name: str) -> NoticeReceived:
        return NoticeReceived(epoch, -1, *words.of_farm(kind, name, broken=self._farm_is_broken(name)))

    def _farm_is_broken(self, name: str) -> bool:
        return f"farm {name}" in self._farms or f"farm {name}" in self.troubles

    def _close(self, connection: Connection) -> None:
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
            self._deliver(SessionClosed(connection.epoch, ending))

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
        self._say(connection, TimeAnswered(connection.epoch, int(self._line.truth().timestamp())))

    def _probe(self, connection: Connection, request_id: int) -> None:
        self._line.later(0.1, partial(self._answer_probe, connection, request_id))

    def _answer_probe(self, connection: Connection, request_id: int) -> None:
        """Only IBKR's servers know the contract; without them an error comes, which is no answer."""
        if "upstream" in self.troubles:
            self._say(connection, NoticeReceived(connection.epoch, request_id, 200, "No security definition found"))
        else:
            self._say(connection, ProbeAnswered(connection.epoch, request_id))

    # -- how words travel ---------------------------------------------------------------------------------------------

    def _say(self, connection: Connection, event: SessionEvent) -> None:
        """The gateway says something: it comes if both ends are open, at once or when the way is free again."""
        if not (connection.alive and connection.ours):
            return
        if "lost" in self.troubles or ("hung" in self.troubles and not isinstance(event, PortOpened | TrafficSeen)):
            connection.held.append(event)
        else:
            self._deliver(event)

    def _drop(self, connection: Connection, ending: Ending) -> None:
        """The gateway's end closes: we hear of it if the network carries it."""
        if not connection.alive:
            return
        connection.alive = False
        if "lost" in self.troubles:
            self.troubles.unheard_at = self._line.t
        else:
            self._own_end(connection, ending, 0.001)

    def _drop_all(self, ending: Ending) -> None:
        for connection in self.connections:
            self._drop(connection, ending)

    def _notice(self, code: int, text: str) -> None:
        for connection in self.connections:
            if connection.shaken:
                self._say(connection, NoticeReceived(connection.epoch, -1, code, text))

    def _flowing_again(self) -> None:
        """What was held comes now; connections that wait are greeted; ghosts fade."""
        if self._deaf():
            return
        ghosts = [connection for connection in self.connections if connection.alive and not connection.ours]
        if ghosts:
            self._span("ghost", self._linger, partial(self._fade, ghosts))
        for connection in self.connections:
            for event in connection.held:
                self._line.later(0.001, partial(self._say, connection, event))
            for _ in range(connection.unanswered):
                self._line.later(0.002, partial(self._answer, connection))
            connection.held, connection.unanswered = [], 0
            self._line.later(0.003, partial(self._greet, connection))
        self._linger = 0.0

    def _fade(self, ghosts: list[Connection]) -> None:
        for ghost in ghosts:
            self._drop(ghost, Ending.CLOSED)

    def _deaf(self) -> bool:
        """The gateway hears nothing, not even that we closed."""
        return "lost" in self.troubles or "hung" in self.troubles

    # -- what goes wrong ----------------------------------------------------------------------------------------------

    def suffer(self, fault: f.Fault) -> bool:
        """Begin this fault; False if it is none of the world's."""
        match fault:
            case f.Leave():
                self._leave(fault)
            case f.Hang():
                self._span("hung", fault.lasts, self._flowing_again)
                if fault.chatty:
                    self._chatter()
            case f.BlackHole():
                self._linger = max(self._linger, fault.linger)
                self._span("lost", fault.lasts, self._flowing_again)
            case f.MuteDoor():
                self._span("mute", fault.lasts, self._flowing_again)
            case f.Cut():
                self.troubles.disturbed(self._line.t)
                self._drop_all(fault.ending)
            case f.Rival():
                self._span("rival", fault.lasts)
                self._drop_all(Ending.CLOSED)
            case f.UpstreamLoss():
                self._span("upstream", fault.lasts, partial(self._upstream_back, fault))
                self._storm(fault, self._line.t + fault.lasts)
            case f.FarmBreak():
                self._farm_breaks(fault)
            case f.PortMove():
                self._port_moves(fault)
            case f.WrongLogin():
                if self.policy.account_mode is not AccountMode.ANY:
                    self._span("wrong", fault.lasts, partial(self._drop_all, Ending.CLOSED))
                    self._drop_all(Ending.CLOSED)
            case f.Noise(code=-1):
                self.troubles.disturbed(self._line.t)
                for connection in self.connections:
                    self._say(connection, CallbackFailed(connection.epoch, "tickPrice", "KeyError"))
            case f.Noise():
                self._notice(fault.code, fault.text)
            case _:
                return False
        return True

    def _span(self, name: str, seconds: float, after: Doing | None = None) -> None:
        self.troubles.begin(name, self._line.t)

        def over() -> None:
            self.troubles.end(name, self._line.t)
            if after is not None:
                after()

        self._line.later(seconds, over)

    def _leave(self, fault: f.Leave) -> None:
        self._away_door = fault.door
        self.troubles.begin("away", self._line.t)
        self._drop_all(fault.ending)
        self._line.later(fault.away, partial(self._return, fault))

    def _return(self, fault: f.Leave) -> None:
        line = self._line
        self._back_at = line.t
        self.order_id += -4 if fault.order_id_back else 100
        if fault.revoked or line.truth() >= self.token_ends:
            self._waiting_door = fault.waiting_door
            self.troubles.begin("login", line.t)
            line.later(fault.login, self._logged_in)
        self.troubles.end("away", line.t)

    def _logged_in(self) -> None:
        self.token_ends = next_expiry(self._line.truth()).at
        self._back_at = self._line.t
        self.troubles.end("login", self._line.t)
        self._drop_all(Ending.CLOSED)

    def _chatter(self) -> None:
        if "hung" in self.troubles:
            self._talk()
            self._line.later(2.0, self._chatter)

    def chatter_until(self, end: float) -> None:
        """A busy gateway: traffic every two seconds."""
        self._talk()
        if self._line.t < end:
            self._line.later(2.0, partial(self.chatter_until, end))

    def _talk(self) -> None:
        for connection in self.connections:
            if connection.shaken:
                self._say(connection, TrafficSeen(connection.epoch))

    def _storm(self, fault: f.UpstreamLoss, until: float) -> None:
        if self._line.t >= until or "upstream" not in self.troubles:
            return
        self._notice(fault.code, words.LOST)
        self._line.later(fault.every, partial(self._storm, fault, until))

    def _upstream_back(self, fault: f.UpstreamLoss) -> None:
        if "upstream" in self.troubles or fault.ends is None:
            return
        broken = [name for _, name in FARMS if self._farm_is_broken(name)]
        text = words.of_return(fault.ends, [name for _, name in FARMS if name not in broken], broken)
        self._notice(fault.ends, text)

    def _farm_breaks(self, fault: f.FarmBreak) -> None:
        kind = KIND_OF[fault.farm]
        matters = is_required((kind, fault.farm), self.policy)
        where = self.troubles if matters else self._farms
        name = f"farm {fault.farm}"
        where.begin(name, self._line.t)
        self._tell_farm(kind, fault.farm)

        def over() -> None:
            if fault.connecting and kind is FarmKind.MARKET_DATA:
                self._notice(2119, f"Market data farm is connecting:{fault.farm}")
            where.end(name, self._line.t)
            self._tell_farm(kind, fault.farm)

        self._line.later(fault.lasts, over)

    def _tell_farm(self, kind: FarmKind, name: str) -> None:
        for connection in self.connections:
            if connection.shaken:
                self._say(connection, self._farm_notice(connection.epoch, kind, name))

    def _port_moves(self, fault: f.PortMove) -> None:
        # A daemon that follows must hear of it; if it cannot, this person waits for another day.
        if self.troubles or self.port != self.policy.port or not any(c.accepted and c.alive for c in self.connections):
            return
        self.port = MOVED_PORT
        self._notice(1300, f"{words.MOVED} {MOVED_PORT}")
        self._line.later(0.05, partial(self._drop_all, Ending.CLOSED))
        self.troubles.disturbed(self._line.t)
        if not self.policy.follow_port_change:
            self._span("moved", fault.lasts, self.port_back)

    def port_back(self) -> None:
        """The operator set the port right."""
        if self.port != self.policy.port:
            self.port = self.policy.port
            self._drop_all(Ending.CLOSED)
            self.troubles.disturbed(self._line.t)
