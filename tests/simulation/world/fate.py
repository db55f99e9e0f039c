"""What befalls the modelled gateway, its network and IBKR: each fault, from its beginning to its end."""

from functools import partial

from supervisor.core.calendar.tokens import next_expiry
from supervisor.core.codes.farm_kinds import FarmKind
from supervisor.core.model.behind.sight import LoginState
from supervisor.core.model.events import CallbackFailed, Ending
from supervisor.core.model.policy import AccountMode
from supervisor.core.parts.farms import is_required
from tests.simulation.world import faults as f
from tests.simulation.world import words
from tests.simulation.world.counterpart import Counterpart
from tests.simulation.world.feed import Feed
from tests.simulation.world.scenario import FARMS
from tests.simulation.world.timeline import Timeline

MOVED_PORT = 4100
DIALOGS = (LoginState.SECOND_FACTOR, LoginState.LOGIN_DIALOG)
KIND_OF = {name: kind for kind, name in FARMS}


class Fate:
    """Of one gateway."""

    def __init__(self, world: Counterpart, line: Timeline, feed: Feed) -> None:
        self._world, self._line, self._feed = world, line, feed

    def suffer(self, fault: f.Fault) -> bool:
        """Begin this fault; False if it is none of the world's."""
        match fault:
            case f.Leave():
                self._leave(fault)
            case f.Hang():
                self._world.span("hung", fault.lasts, self._world.flowing_again)
                if fault.chatty:
                    self._chatter()
            case f.BlackHole():
                self._world.linger = max(self._world.linger, fault.linger)
                self._world.span("lost", fault.lasts, self._world.flowing_again)
            case f.MuteDoor():
                self._world.span("mute", fault.lasts, self._world.flowing_again)
            case f.Cut():
                self._world.troubles.disturbed(self._line.t)
                self._world.drop_all(fault.ending)
            case f.Rival():
                self._world.span("rival", fault.lasts)
                self._world.drop_all(Ending.CLOSED)
            case f.UpstreamLoss():
                self._world.span("upstream", fault.lasts, partial(self._upstream_back, fault))
                self._storm(fault, self._line.t + fault.lasts)
            case f.FarmBreak():
                self._farm_breaks(fault)
            case f.PortMove():
                self._port_moves(fault)
            case f.KeeperLies():
                if self._world.keeper is not None:
                    self._world.keeper.lies(fault.sight, fault.lasts)
            case f.KeeperHangs():
                if self._world.keeper is not None:
                    self._world.keeper.hangs(fault.lasts)
            case f.WrongLogin():
                if self._world.policy.account_mode is not AccountMode.ANY:
                    self._world.span("wrong", fault.lasts, partial(self._world.drop_all, Ending.CLOSED))
                    self._world.drop_all(Ending.CLOSED)
            case f.Noise(code=-1):
                self._world.troubles.disturbed(self._line.t)
                for connection in self._world.connections:
                    self._world.say(connection, CallbackFailed(connection.epoch, "tickPrice", "KeyError"))
            case f.Noise():
                self._world.notice(fault.code, fault.text)
            case _:
                return False
        return True

    def _changed(self) -> None:
        if self._world.keeper is not None:
            self._world.keeper.changed()

    def _leave(self, fault: f.Leave) -> None:
        self._world.away_door = fault.door
        self._world.troubles.begin("away", self._line.t)
        self._changed()
        self._world.drop_all(fault.ending)
        self._line.later(fault.away, partial(self._return, fault))

    def _return(self, fault: f.Leave) -> None:
        line = self._line
        self._world.back_at = line.t
        self._world.order_id += -4 if fault.order_id_back else 100
        if fault.revoked or line.truth() >= self._world.token_ends:
            self._world.waiting_door = fault.waiting_door
            self._world.troubles.begin("login", line.t)
            line.later(fault.login, self._logged_in)
        self._world.troubles.end("away", line.t)
        if self._world.keeper is not None:
            self._world.keeper.process += 1
            self._world.keeper.dialog = DIALOGS[self._world.order_id % 2]
        self._changed()

    def _logged_in(self) -> None:
        self._world.token_ends = next_expiry(self._line.truth()).at
        self._world.back_at = self._line.t
        self._world.troubles.end("login", self._line.t)
        self._changed()
        self._world.drop_all(Ending.CLOSED)

    def _chatter(self) -> None:
        if "hung" in self._world.troubles:
            self._world.talk()
            self._line.later(2.0, self._chatter)

    def _storm(self, fault: f.UpstreamLoss, until: float) -> None:
        if self._line.t >= until or "upstream" not in self._world.troubles:
            return
        self._world.notice(fault.code, words.LOST)
        self._line.later(fault.every, partial(self._storm, fault, until))

    def _upstream_back(self, fault: f.UpstreamLoss) -> None:
        if "upstream" in self._world.troubles or fault.ends is None:
            return
        broken = [name for _, name in FARMS if self._world.farm_is_broken(name)]
        text = words.of_return(fault.ends, [name for _, name in FARMS if name not in broken], broken)
        self._world.notice(fault.ends, text)
        if fault.ends == 1101:
            self._feed.data_lost()

    def _farm_breaks(self, fault: f.FarmBreak) -> None:
        kind = KIND_OF[fault.farm]
        matters = is_required((kind, fault.farm), self._world.policy)
        where = self._world.troubles if matters else self._world.other_farms
        name = f"farm {fault.farm}"
        where.begin(name, self._line.t)
        self._tell_farm(kind, fault.farm)

        def over() -> None:
            if fault.connecting and kind is FarmKind.MARKET_DATA:
                self._world.notice(2119, f"Market data farm is connecting:{fault.farm}")
            where.end(name, self._line.t)
            self._tell_farm(kind, fault.farm)

        self._line.later(fault.lasts, over)

    def _tell_farm(self, kind: FarmKind, name: str) -> None:
        for connection in self._world.connections:
            if connection.shaken:
                self._world.say(connection, self._world.farm_notice(connection.epoch, kind, name))

    def _port_moves(self, fault: f.PortMove) -> None:
        # A daemon that follows must hear of it; if it cannot, this person waits for another day.
        if (
            self._world.troubles
            or self._world.port != self._world.policy.port
            or not any(c.accepted and c.alive for c in self._world.connections)
        ):
            return
        self._world.port = MOVED_PORT
        self._world.notice(1300, f"{words.MOVED} {MOVED_PORT}")
        self._line.later(0.05, partial(self._world.drop_all, Ending.CLOSED))
        self._world.troubles.disturbed(self._line.t)
        if not self._world.policy.follow_port_change:
            self._world.span("moved", fault.lasts, self._world.port_back)
