"""What a host does on the program's thread: the factory, the hooks, and the questions after a loss.

- The loop's thread says what happened (`happened`). What follows for the program is called on its thread, in order.
- Hooks are methods of the program, all optional. They are guarded like callbacks.
- `on_ready` comes once for each session, when the questions are answered or their time is over. `on_lost` comes for
  each session that had it.
"""

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from supervisor.core.calendar.clock import Now
from supervisor.core.calendar.gateway_clock import likely_ahead
from supervisor.core.explain.narrator import Narrator
from supervisor.core.explain.sentences import report_of
from supervisor.core.model.actions import Announce
from supervisor.core.model.events import Event, GateTold, MessageUndecodable
from supervisor.core.model.facts import Facts
from supervisor.core.model.gate import GateReason
from supervisor.core.model.policy import Policy
from supervisor.core.model.records import (
    FarmChanged,
    Record,
    SessionLost,
    SessionReady,
    SuspectChanged,
    UpstreamLost,
    UpstreamRestored,
    UpstreamUnknown,
)
from supervisor.core.model.snapshot import Snapshot
from supervisor.core.model.vocabulary import Evidence, Planning
from supervisor.core.program import order_ids, reconcile
from supervisor.core.program.busy import is_busy, is_to_be_told
from supervisor.core.program.concerns import concerns_money
from supervisor.core.program.order_ids import OrderIds
from supervisor.core.program.pacing import Priority
from supervisor.core.program.reconcile import Reconcile
from supervisor.gateway.hosted.connection import PacedConnection
from supervisor.gateway.hosted.ears import OWN_REQUESTS, UNASKED
from supervisor.gateway.hosted.program import Program, program_of
from supervisor.gateway.hosted.session import HostedSession
from supervisor.host.doorway import Doorway
from supervisor.host.pacer import Pacer
from supervisor.host.runtime import is_undecided
from supervisor.host.seat import Seat
from supervisor.host.settings import WhenDown
from supervisor.host.state_file import StateFile
from supervisor.host.subscriptions import Subscriptions
from supervisor.host.told import Loss, Queue, Ready, Reconciled

LOG = logging.getLogger("supervisor.host")
_QUESTIONS = OWN_REQUESTS + 100_000_000
"""Request ids of the questions after a loss count from here; those of probes are lower."""
_BAD_MESSAGE = 506


class Household:
    """The program's side of a host: `gateway.hosted.session.House`, and the listener of the loop.

    Args:
        factory: makes the program.
        policy: of its gateway.
        seat: the program's thread.
        snapshot: how the gateway stands.
        state: what survives the process.
        when_down: what a request does that comes while no session lives.
        wait_timeout: how long it waits, if it waits, in seconds.
        end: ends the host, for an exception if one is given.
        post: takes events for the core.
    """

    def __init__(
        self,
        factory: Callable[[], object],
        policy: Policy,
        seat: Seat,
        snapshot: Callable[[], Snapshot],
        state: StateFile,
        *,
        when_down: WhenDown,
        wait_timeout: float,
        end: Callable[[BaseException | None], None],
        post: Callable[[Event], None],
    ) -> None:
        self._factory = factory
        self._policy = policy
        self._seat = seat
        self._snapshot = snapshot
        self._state = state
        self._end = end
        self._post = post
        self._gate_told: frozenset[GateReason] = frozenset()
        """The reasons that only a host sees, as the core was told them."""
        self._narrator = Narrator()
        self._pacer = Pacer(policy.name)
        self._next: Program | None = None
        self._made_one = False
        self._round: Reconcile | None = None
        self._questions = 0
        self._lost_at: datetime | None = state.kept.last_alive
        self._sessions = 0
        self._pending: tuple[int, int, float] | None = None
        """Epoch, server version and seconds away of a session of which the program has not heard."""
        self._upstream_told = True
        self._away_since: float | None = None
        self.doorway = Doorway(seat, when_down, wait_timeout)
        self._taking = threading.Lock()
        self.undecoded: tuple[str, ...] = ()
        """Messages of this session about money that were lost, and not acknowledged."""
        self.ids = OrderIds(state.kept.highest)
        self._known: set[int] = set()
        self.callback_errors = 0
        self.slow_callbacks = 0
        self._slow_told: tuple[int, float] | None = None
        self.subscriptions = Subscriptions(self.doorway.client, self.doorway.is_open, seat.call)

    # -- for every thread ----------------------------------------------------------------------------------------------

    @property
    def session(self) -> HostedSession | None:
        """The session that lives, or lived last."""
        return self._seat.session

    def down(self, name: str, args: tuple[Any, ...], named: dict[str, Any], *, order: bool) -> Any:
        return self.doorway.down(name, args, named, order=order)

    def knows(self, order_id: int) -> bool:
        return order_id in self._known

    def sends(self, order_id: int) -> None:
        self._known.add(order_id)
        self._set_ids(order_ids.used(self.ids, order_id))

    def take_id(self) -> int:
        """The next order id, for one caller alone."""
        with self._taking:
            found = self.ids.next
            self._set_ids(order_ids.used(self.ids, found))
        return found

    def queue(self) -> Queue:
        """What waits for its turn."""
        session = self._seat.session
        if session is None:
            return Queue(0, 0, 0.0, 0)
        pacing = session.paced.pacing
        waiting = pacing.waiting
        oldest = time.monotonic() - min(each.since for each in waiting) if waiting else 0.0
        return Queue(len(waiting), sum(each.kind is Priority.ORDER for each in waiting), oldest, pacing.paced)

    def acknowledge(self) -> tuple[str, ...]:
        """What was lost is dealt with."""
        found, self.undecoded = self.undecoded, ()
        return found

    def waits(self, connection: PacedConnection) -> None:
        self._pacer.waits(connection)

    def call(self, act: Callable[[], None]) -> None:
        self._seat.call(act)

    def leave(self, error: BaseException | None = None) -> None:
        self._end(error)

    def ended(self) -> None:
        """The host has ended: nobody waits any longer."""
        self._pacer.end()
        self.doorway.close()
        self._state.close()

    # -- on the loop's thread ------------------------------------------------------------------------------------------

    def announce(self, gateway: str, message: Announce) -> None:
        """Nobody is told by this side."""

    def keep(self, gateway: str, facts: Facts) -> None:
        """Nothing of the core's facts is kept but what the state file has."""

    def happened(self, gateway: str, at: Now, record: Record) -> None:
        """Tell it, and let the program hear what follows for it."""
        report = self._narrator.tell(record, at.mono)
        if report is not None:
            LOG.log(report.level, "%s: %s", gateway, report.text)
        match record:
            case SessionReady(epoch=epoch, server_version=version):
                away = 0.0 if self._away_since is None else at.mono - self._away_since
                self._seat.call(lambda: self._became_ready(epoch, version, away))
            case SessionLost(reason=reason, planning=planning, lasted=lasted, epoch=epoch):
                self._away_since = at.mono
                words = report_of(record)
                planned = planning is Planning.PLANNED
                loss = Loss(reason.value, planned, "" if words is None else words.text, lasted)
                self._seat.call(lambda: self._lost(epoch, loss, at.wall))
            case SuspectChanged(suspect=suspect):
                self._hook("on_suspect", suspect)
            case UpstreamLost():
                self._seat.call(lambda: self._upstream(up=False, at=at.wall))
            case UpstreamUnknown():
                self._seat.call(lambda: self._upstream(up=False, at=at.wall))
            case UpstreamRestored(evidence=evidence, outstanding=outstanding):
                self._seat.call(lambda: self._restored(evidence, outstanding=outstanding))
            case FarmChanged(kind=kind, name=name, state=state):
                self._hook("on_farm", kind.value, name, state.value)
            case _:
                pass

    def look(self, now: Now) -> None:
        """Once in each round of the loop."""
        round_, session = self._round, self._seat.session
        if session is None:
            return
        if round_ is not None and reconcile.is_over(round_, session.went(now.mono)):
            self._seat.call(self._perhaps_over)
        if self.doorway.is_open():
            self._state.alive(now.wall.timestamp())
        work = session.work
        self._tell_gate(GateReason.PROGRAM_BUSY, holds=is_busy(work, now.mono))
        self._tell_gate(GateReason.UNDECODABLE, holds=bool(self.undecoded))
        lasts, mark = work.lasts(now.mono), (session.epoch, work.since or 0.0)
        if is_to_be_told(work, now.mono) and mark != self._slow_told:
            self._slow_told = mark
            self.slow_callbacks += 1
            LOG.warning("%s() of the program runs for %.1f s; nothing is heard meanwhile", session.running, lasts)

    def _tell_gate(self, reason: GateReason, *, holds: bool) -> None:
        if holds is not (reason in self._gate_told):
            self._gate_told ^= {reason}
            self._post(GateTold(reason, holds))

    def _hook(self, name: str, *args: object) -> None:
        self._seat.call(lambda: self._tell(name, *args))

    # -- on the program's thread ---------------------------------------------------------------------------------------

    def called(self) -> None:
        self._seat.do_calls()

    def program(self) -> Program:
        self.undecoded = ()  # of another session
        if self._next is not None and not self._next.used:
            return self._next
        try:
            self._next = program_of(self._factory())
        except Exception as error:
            if not self._made_one:
                self._end(error)
            raise
        self._made_one = True
        return self._next

    def _tell(self, hook: str, *args: object) -> None:
        session = self._seat.session
        if session is not None and session.epoch == self.doorway.epoch:
            session.tell(hook, *args)

    def _became_ready(self, epoch: int, version: int, away: float) -> None:
        session = self._seat.session
        if session is None or session.epoch != epoch or session.program is None:
            return
        self._sessions += 1
        self.doorway.epoch = epoch
        self._pending = (epoch, version, away)
        self._ask(session)

    def _ask(self, session: HostedSession) -> None:
        self._questions += 1
        request_id = _QUESTIONS + self._questions
        self._round = Reconcile(request_id, session.went(time.monotonic()) + reconcile.LIMIT, self._lost_at)
        session.ask_what_was_missed(request_id)

    def _perhaps_over(self) -> None:
        round_, session = self._round, self._seat.session
        snapshot = self._snapshot()
        undecided = is_undecided(snapshot, told=not self._upstream_told)
        if round_ is None or session is None:
            return
        if not reconcile.is_over(round_, session.went(time.monotonic()), undecided=undecided):
            return
        self._round = None
        heard = reconcile.result(
            round_,
            datetime.now(UTC),
            likely_ahead(snapshot.clock.ahead, self._policy.timezone, datetime.now().astimezone()),
            upstream=snapshot.upstream_up is not False,
            undecodable=self.undecoded,
        )
        if not heard.complete:
            LOG.warning("%s: what was missed is not wholly known: %s", self._policy.name, heard.reason)
        if heard.complete or snapshot.upstream_up is not False:
            self._lost_at = None
        pending, self._pending = self._pending, None
        if pending is None:
            session.tell("on_reconciled", Reconciled(heard.complete, heard.reason))
            return
        epoch, version, away = pending
        if epoch != session.epoch or not session.connected():
            return
        lost = self._sessions > 1
        if lost:
            session.tell("on_data_lost")
        self.subscriptions.renew_all()
        ready = Ready(epoch, self.ids.next, away, lost, heard.complete, heard.reason, version)
        session.tell("on_ready", ready)
        self._state.alive(time.time())
        self.doorway.opened(ready)

    def _lost(self, epoch: int, loss: Loss, at: datetime) -> None:
        self._lost_at = self._lost_at or at
        self._round = self._pending = None
        ready = self.doorway.ready
        for session in (self._seat.session, self._seat.before):
            if session is not None and session.epoch == epoch and ready is not None and ready.epoch == epoch:
                session.tell("on_lost", loss)

    def _upstream(self, *, up: bool, at: datetime | None = None) -> None:
        if not up:
            self._lost_at = self._lost_at or at
        if up is not self._upstream_told:
            self._upstream_told = up
            self._tell("on_upstream", up)

    def _restored(self, evidence: Evidence, *, outstanding: bool) -> None:
        self._upstream(up=True)
        if evidence is Evidence.NOTICE_1101:
            self._tell("on_data_lost")
            if self.doorway.is_open():  # else they are made before on_ready
                self.subscriptions.renew_all()
        elif evidence is Evidence.NOTICE_1102:
            self._tell("on_data_maintained")
        session = self._seat.session
        if session is not None and session.epoch == self.doorway.epoch and session.connected():
            self._ask(session)

    def order_seen(self, client_id: int, order_id: int) -> None:
        if client_id == self._policy.client_id:
            self._known.add(order_id)
            self._set_ids(order_ids.used(self.ids, order_id))

    def id_told(self, order_id: int) -> None:
        """`nextValidId` came."""
        self.ids = order_ids.told(self.ids, order_id)

    def _set_ids(self, after: OrderIds) -> None:
        if after is not self.ids:
            self.ids = after
            self._state.keep(highest=after.highest)

    def open_orders_end(self) -> None:
        if self._round is not None:
            self._round = reconcile.orders_heard(self._round)
            self._perhaps_over()

    def executions_end(self, request_id: int) -> None:
        if self._round is not None:
            self._round = reconcile.executions_heard(self._round, request_id)
            self._perhaps_over()

    def question_refused(self, request_id: int, code: int, text: str) -> None:
        if self._round is not None:
            self._round = reconcile.refused(self._round, request_id, code, text)
            self._perhaps_over()

    def undecodable(self, message: MessageUndecodable, raw: bytes) -> None:
        name = message.name or str(message.number)
        if concerns_money(message.number):
            self.undecoded = (*self.undecoded, name)
            self._post(GateTold(GateReason.UNDECODABLE, holds=True))
            self._gate_told |= {GateReason.UNDECODABLE}
        session = self._seat.session
        if session is not None:
            session.tell("on_undecodable", name, raw)
            text = f"{message.library} cannot decode message {message.number} ({name}): {message.error}"
            session.tell_error(UNASKED, _BAD_MESSAGE, text)

    def callback_failed(self, name: str, error: BaseException) -> None:
        self.callback_errors += 1
