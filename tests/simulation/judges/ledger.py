"""What the core was told and what it did, kept apart from it: from this follows what it must report.

A second, plain account of the contract's sections 3 and 6, made of events and actions alone. It never looks into the
state of the core but to learn that a deadline of the core (checked elsewhere) has passed.
"""

from supervisor.core.calendar.clock import Now
from supervisor.core.codes.farm_kinds import FarmKind
from supervisor.core.model.actions import Action, Close, Connect, Ping, Probe
from supervisor.core.model.events import (
    AccountsReceived,
    CallbackFailed,
    Ending,
    Event,
    HandshakeDone,
    NextIdReceived,
    NoticeReceived,
    PauseAsked,
    PortOpened,
    ProbeAnswered,
    Reloaded,
    SessionClosed,
    SessionEvent,
    ShutdownAsked,
    Slept,
    Ticked,
    TimeAnswered,
)
from supervisor.core.model.layers import Layer
from supervisor.core.step.state import State
from tests.simulation.judges.standing import Standing
from tests.simulation.judges.violation import holds

QUIET = 120.0
THROTTLE = 1.2
_FARM_CODES = {
    2103: (FarmKind.MARKET_DATA, True),
    2104: (FarmKind.MARKET_DATA, False),
    2105: (FarmKind.HISTORICAL, True),
    2106: (FarmKind.HISTORICAL, False),
    2157: (FarmKind.SEC_DEF, True),
    2158: (FarmKind.SEC_DEF, False),
}


class Ledger(Standing):
    """Follows the steps of one process."""

    def follow(self, before: State, event: Event, actions: tuple[Action, ...], now: Now, late: float) -> None:
        """One step of the core happened, `late` seconds after its `now`."""
        self.ended = ""
        acts_at = now.mono + late
        asked = self.epoch if self.ready else None
        heard = self._time_passed(before, event, actions, now.mono)
        for action in actions:
            if isinstance(action, Ping) and self.ready and action.epoch == self.epoch:
                self._pinged(acts_at)
        self.acted_at = max(self.acted_at, acts_at)
        for action in actions:
            # A probe was due before the event was heard: no event makes one due at once.
            if isinstance(action, Probe) and self.ready and action.epoch == self.epoch:
                self._probed(action, now.mono)
        if isinstance(event, SessionEvent):
            if heard and self.open and event.epoch == self.epoch:
                self._hear(event, now.mono, acts_at)
        else:
            self._ordered(event, now.mono)
            if isinstance(event, Slept) and any(isinstance(action, Ping) for action in actions):
                self._pinged(acts_at)  # it asked at once: what it asks next is no new question
        if isinstance(event, SessionClosed):
            self.sockets.discard(event.epoch)
        for action in actions:
            if isinstance(action, Close):
                self.sockets.discard(action.epoch)
            if isinstance(action, Connect):
                self._connected(action)
            elif isinstance(action, Close) and self.open and not isinstance(event, SessionEvent | Ticked):
                self._over()  # a wait ended in the moment in which the daemon was told to stop
                self.stopped = True
            elif isinstance(action, Ping | Probe):
                may = action.epoch == asked or (self.ready and action.epoch == self.epoch)
                holds(may, "only a ready session is asked", action)

    def _pinged(self, at: float) -> None:
        """A second request within one deadline, which tells an ignored one, does not move that deadline."""
        timeout = self.policy.timing.heartbeat_timeout
        if self.pinged_at is None or self.asks_anew or at >= self.pinged_at + timeout - 1e-6:
            self.pinged_at, self.asks_anew = at, False

    # -- what passes by itself ----------------------------------------------------------------------------------------

    def _time_passed(self, before: State, event: Event, actions: tuple[Action, ...], now: float) -> bool:
        """Deadlines fall due before the event is heard. False if they ended its session."""
        deadline = before.session.deadline
        if self.open and not self.ready and deadline is not None and now >= deadline:
            self._failed(self._overdue(), now)
            return False
        if not self.ready:
            return True
        if self.pinged_at is not None and now >= self.pinged_at + self.policy.timing.heartbeat_timeout:
            self.beats = False
            self.tried = True
        if self._died(event, actions):
            self._check_death(now)
            self._lost(now)
            return False
        self._silence(now)
        return True

    def _died(self, event: Event, actions: tuple[Action, ...]) -> bool:
        """Our own end, and no word that asks for it."""
        if not any(isinstance(action, Close) and action.epoch == self.epoch for action in actions):
            return False
        if isinstance(event, SessionEvent):
            asked = isinstance(event, CallbackFailed | AccountsReceived)
            asked = asked or (isinstance(event, NoticeReceived) and event.code == 1300)
            return not (asked and event.epoch == self.epoch)
        return not isinstance(event, PauseAsked | Reloaded | ShutdownAsked)

    def _check_death(self, now: float) -> None:
        timing = self.policy.timing
        patience = timing.heartbeat_timeout * timing.heartbeat_misses
        holds(
            not self.beats and now - max(self.ready_at, self.answered_at) >= patience - 1e-6,
            "a short stall costs no session",
            lambda: f"{now - max(self.ready_at, self.answered_at):.3f} s after the last answer",
        )

    def _silence(self, now: float) -> None:
        if self.upstream_up or self.policy.upstream_probe or self.by_1100:
            return
        since = max(self.ready_at, self.heard_at if self.heard_at is not None else 0.0)
        if now >= since + QUIET:
            self._restored()

    # -- what is said -------------------------------------------------------------------------------------------------

    def _hear(self, event: SessionEvent, now: float, acts_at: float) -> None:
        match event:
            case PortOpened():
                self.opened = True
            case HandshakeDone():
                self.shaken = True
                self.mutes = 0
            case AccountsReceived() if self.shaken:
                self.accounts = event.accounts or self.accounts
                if self.ready and event.accounts and not self.policy.account_mode.fits(event.accounts):
                    self._lost(now)
                self._perhaps_ready(now, acts_at)
            case NextIdReceived() if self.shaken:
                self.order_id = event.order_id
                self._perhaps_ready(now, acts_at)
            case TimeAnswered() if self.ready:
                self.tried, self.waited_for = self.tried or not self.undecided, ""
                if self.pinged_at is not None:
                    self.beats = now <= self.pinged_at + self.policy.timing.heartbeat_timeout
                    self.answered_at, self.pinged_at, self.asks_anew = now, None, False
            case ProbeAnswered() if event.request_id in self.probes:
                self._restored()
            case NoticeReceived() if self.shaken:
                self._notice(event, now)
            case SessionClosed():
                if self.ready:
                    self._lost(now)
                elif event.ending is Ending.REFUSED:
                    self._failed("refused", now)
                elif event.ending is Ending.TIMEOUT:
                    self._failed(self._overdue(), now)
                else:
                    self._failed("closed" if event.ending in (Ending.CLOSED, Ending.RESET) else "other", now)
            case CallbackFailed() if self.ready:
                self._lost(now)
            case CallbackFailed():
                self._failed("other", now)
            case _:
                pass

    def _notice(self, event: NoticeReceived, now: float) -> None:
        name = event.text.rsplit(":", 1)[-1]
        if event.code in (1100, 2110):
            self.by_1100 = event.code == 1100 or (self.by_1100 and not self.upstream_up)
            self.upstream_up, self.heard_at, self.undecided = False, now, False
            self.probes.clear()
        elif event.code in (1101, 1102):
            self._restored()
            connected = event.text.partition("farms are connected:")[2].partition(".")[0]
            for farm in connected.split(";"):
                self.broken = {key for key in self.broken if key[1] != farm.strip()}
        elif event.code in _FARM_CODES:
            kind, broken = _FARM_CODES[event.code]
            (self.broken.add if broken else self.broken.discard)((kind, name))
        elif event.code == 326 and not self.ready:
            self._failed("in_use", now)
        elif event.code == 1300:
            self.home = 0
            if self.ready:
                self._lost(now)

    def _perhaps_ready(self, now: float, acts_at: float) -> None:
        if self.ready or not self.open or self.accounts is None or self.order_id is None:
            return
        if not self.policy.account_mode.fits(self.accounts):
            self._failed("mismatch", now)
            return
        self.ready, self.ready_at, self.reached = True, now, Layer.SESSION
        self.waited_for, self.failure = self.failure, ""
        self.unready_since = None
        self.mutes = self.conflicts = 0
        self.beats, self.pinged_at = False, acts_at
        self.was_gone, self.gone, self.home = self.gone and self.port == self.home, False, self.port
        if self.upstream_up and self.resetting:
            self.upstream_up, self.undecided = False, self.policy.upstream_probe
        self.known = True

    def _restored(self) -> None:
        self.tried = self.tried or self.undecided
        self.upstream_up, self.heard_at, self.by_1100, self.undecided = True, None, False, False
        self.probes.clear()

    # -- what ends ----------------------------------------------------------------------------------------------------

    def _lost(self, now: float) -> None:
        self.ended, self.lasted = "lost", now - self.ready_at
        self._parted(now)
        self.tried, self.unready_since = True, now
        stable = self.lasted >= self.policy.timing.stable_after
        self.early_from = now if stable else None
        if stable:
            self.debt = 0
        self._over()

    def _parted(self, now: float) -> None:
        self.ended_at[self.client_id] = now

    def _failed(self, how: str, now: float) -> None:
        if self.shaken and how != "in_use":
            self._parted(now)
        self.ended, self.failure, self.tried = "failed", how, True
        self.reached = Layer.SESSION if self.shaken else Layer.HANDSHAKE if self.opened else Layer.PORT
        self.mutes = self.mutes + (not self.is_early(now)) if how == "mute" else 0
        self.gone = self.gone or (self.port == self.home and self.closed)
        self._over()

    def _overdue(self) -> str:
        return "other" if self.shaken else "mute" if self.opened else "timeout"

    def _over(self) -> None:
        self.open = self.ready = self.beats = self.asks_anew = self.probed = False
        self.upstream_up = self.upstream_up or self.undecided
        self.undecided = False
        self.waited_for = ""
        self.pinged_at = self.heard_at = None
        self.by_1100 = False
        self.probes.clear()
        self.broken.clear()

    # -- what is ordered and done -------------------------------------------------------------------------------------

    def _ordered(self, event: Event, now: float) -> None:
        anew = isinstance(event, Reloaded) and not self.policy.same_session(event.before)
        if isinstance(event, PauseAsked | ShutdownAsked) or anew:
            if self.open and self.shaken:
                self._parted(now)
            if self.open:
                self._over()
            self.stopped = self.stopped if anew else True
            self.tried = False
        if anew:
            self._forgive()
            if isinstance(event, Reloaded) and self.policy.port != event.before.port:
                self.gone = False
        if isinstance(event, Slept):
            self.beats, self.asks_anew = False, True
            answered = self.answered_at if self.answered_at > self.ready_at else now - THROTTLE
            if self.pinged_at is not None:
                self.pinged_at = max(now, answered + THROTTLE)

    def _connected(self, action: Connect) -> None:
        holds(not self.sockets, "one session of a gateway at a time", lambda: f"{action} while {self.sockets} are open")
        self.sockets.add(action.epoch)
        holds(action.epoch > self.epoch, "epochs go up", action)
        ids = (self.policy.client_id, self.policy.client_id_fallback)
        holds(action.client_id in ids, "no client id but the configured ones", action)
        if self.stopped:
            self._forgive()
        self.stopped, self.open, self.epoch, self.client_id = False, True, action.epoch, action.client_id
        self.port = action.port
        self.opened = self.shaken = False
        self.accounts = self.order_id = None

    def _forgive(self) -> None:
        """As on the first day."""
        self.debt = self.mutes = self.conflicts = 0
        self.tried = False

    def _probed(self, action: Probe, now: float) -> None:
        holds(not self.upstream_up, "no probe without need", action)
        holds(self.heard_at is None or now >= self.heard_at + QUIET, "no probe while 1100 repeats", action)
        self.probes = [*self.probes, action.request_id][-8:]
        if self.undecided and self.probed:  # the first one was not answered in time
            self.undecided, self.tried = False, True
        self.probed = True
