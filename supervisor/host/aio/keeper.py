"""Keeps an `ib_async.IB` connected, by the same rules as `Host`, on the program's own event loop.

- The IB stays the program's. Only its connecting is ours: `connectAsync` is called here, after each loss again.
- Trades, fills and tickers that the program holds live on over a loss, and streams are made again.
- Hooks are functions or coroutine functions, called one after the other. One that raises is told and costs nothing
  else.
- A callback that holds the event loop holds everything, as ever with asyncio. Meanwhile deadlines stand still, and
  after half a second the gate is closed.
- A message that `ib_async` cannot decode is told and counted. One that concerns money keeps the gate closed until the
  program has dealt with it.
"""

import asyncio
import inspect
import logging
import os
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ib_async import IB, StartupFetch, StartupFetchALL

from supervisor.core.calendar.clock import Now
from supervisor.core.calendar.gateway_clock import likely_ahead
from supervisor.core.calendar.windows import Window
from supervisor.core.explain.narrator import Narrator
from supervisor.core.explain.sentences import report_of
from supervisor.core.model.actions import Announce, Connect
from supervisor.core.model.events import GateTold, IdsConfirmed
from supervisor.core.model.facts import Facts
from supervisor.core.model.gate import GatePolicy, GateReason
from supervisor.core.model.records import (
    FarmChanged,
    Record,
    SessionLost,
    SuspectChanged,
    UpstreamLost,
    UpstreamRestored,
    UpstreamUnknown,
)
from supervisor.core.model.snapshot import Snapshot
from supervisor.core.model.vocabulary import Evidence, Planning
from supervisor.core.program.concerns import DEAD_STREAMS, concerns_money
from supervisor.core.program.reconcile import LIMIT, Heard, Reconcile, refused, result
from supervisor.frozen import replace
from supervisor.host.aio.breath import BEAT, Breath
from supervisor.host.aio.calls import Calls
from supervisor.host.aio.doubts import Doubts, library
from supervisor.host.aio.driver import Driver
from supervisor.host.aio.link import BAD_MESSAGE, AioLink
from supervisor.host.aio.memory import Memory
from supervisor.host.aio.orders import Orders
from supervisor.host.aio.subscriptions import AioSubscription, Make
from supervisor.host.gate import HostGate
from supervisor.host.runtime import is_undecided
from supervisor.host.settings import Restart, policy_of
from supervisor.host.state_file import StateFile, facts_of
from supervisor.host.told import Loss, Ready, Reconciled
from supervisor.observe.gate.files import GateFiles
from supervisor.observe.gate.reader import Gate

LOG = logging.getLogger("supervisor.host")
_OURS = StartupFetch.ORDERS_OPEN | StartupFetch.EXECUTIONS
"""What the keeper asks for itself, because it must know whether all of it came."""
_UNASKED = -1


class Keeper:
    """Keeps `ib` connected from `start` to `stop`; an asynchronous context manager.

    Args:
        ib: the program's, not connected.
        port, client_id, host, name, daily_restart, weekly_restart, windows, account_mode, required_farms,
        upstream_probe, state, daemon_gate, gate_directory, gate_before_restart, timing: as for `Host`.
        fetch: what `ib_async` asks for at each connect.
        hooks: `on_ready`, `on_lost` and the others, as functions or coroutine functions.

    Raises:
        ValueError: an argument is wrong.
        TypeError: there is no such hook, or it cannot be called.
        OSError: the state file cannot be opened.
    """

    def __init__(
        self,
        ib: IB,
        *,
        port: int,
        client_id: int,
        host: str = "127.0.0.1",
        name: str | None = None,
        daily_restart: Restart | None = None,
        weekly_restart: Restart | None = None,
        windows: tuple[Window, ...] = (),
        account_mode: str = "any",
        required_farms: tuple[str, ...] | None = None,
        upstream_probe: bool = True,
        state: str | os.PathLike[str] | None = None,
        daemon_gate: Gate | None = None,
        gate_directory: str | os.PathLike[str] | None = None,
        gate_before_restart: float = 60.0,
        timing: Mapping[str, float] | None = None,
        fetch: StartupFetch = StartupFetchALL,
        **hooks: Callable[..., Any],
    ) -> None:
        Doubts(ib, self._undecodable)
        self.ib = ib
        self._fetch = fetch & ~_OURS
        self._calls = Calls(hooks)
        self._memory = Memory(ib)
        self._narrator = Narrator()
        policy = policy_of(
            host=host,
            port=port,
            client_id=client_id,
            name=name,
            daily=daily_restart,
            weekly=weekly_restart,
            windows=windows,
            account_mode=account_mode,
            required_farms=required_farms,
            upstream_probe=upstream_probe,
            gate=GatePolicy(before_restart=gate_before_restart, order_ids=True),
            timing=timing,
        )
        self._state = StateFile(state, client_id, host, port)
        self._orders = Orders(ib, client_id, self._state)
        self._breath = Breath(self._beat)
        self._link = AioLink(
            ib, self._breath, lambda event: self._driver.post(event), self._connect, self._synchronised
        )
        self._driver = Driver(policy, facts_of(self._state.kept), self._link, self)
        self.gate = HostGate(lambda: self.snapshot, lambda: self._link.session, daemon_gate)
        """Whether orders are safe now: `keeper.gate.check().open`. From any thread."""
        self._gate_files = None
        if gate_directory is not None:
            self._gate_files = GateFiles(lambda: (self.snapshot,), Path(gate_directory))
        self._gate_shown = self.snapshot.gate
        self._undecoded: tuple[str, ...] = ()
        self._subscriptions: dict[AioSubscription, None] = {}
        self._begun = False
        self._ready = asyncio.Event()
        self._stopped = asyncio.Event()
        self._last: Ready | None = None
        self._sessions = 0
        self._lost_mono: float | None = None
        self._lost_at: datetime | None = self._state.kept.last_alive
        self._upstream_told = True
        self._round = Reconcile(_UNASKED - 1, 0.0)
        """What is being asked for, or was asked for last."""
        self._heard = Heard(False, "")
        ib.errorEvent += self._error

    # -- its life ------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Begin; `wait_ready` waits for the first session. Raises RuntimeError: it has begun before."""
        if self._begun:
            raise RuntimeError("a keeper runs once: make another one, with an IB of its own")
        self._begun = True
        self._calls.start()
        self._breath.start()
        if self._gate_files is not None:
            self._gate_files.start()
        self._driver.start()

    async def stop(self) -> None:
        """End the session and everything that is under way. A hook may call it."""
        self._begun = True
        self._driver.stop()
        self._link.close(0.0)
        self._ready.clear()
        self._stopped.set()
        await self._calls.end()
        await self._link.ended()
        self._breath.stop()
        self._state.close()
        if self._gate_files is not None:
            await asyncio.to_thread(self._gate_files.close, 1.0)

    async def run(self) -> None:
        """Keep it connected until `stop` is called or the task is cancelled."""
        async with self:
            await self._stopped.wait()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def wait_ready(self, timeout: float | None = None) -> Ready:
        """Wait for a session; `timeout` in seconds.

        Raises:
            TimeoutError: there was none in time, or the keeper has ended.
        """
        waits = [asyncio.create_task(each.wait()) for each in (self._ready, self._stopped)]
        try:
            await asyncio.wait(waits, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waits:
                each.cancel()
            await asyncio.gather(*waits, return_exceptions=True)
        if not self._ready.is_set() or self._last is None:
            cause = self.snapshot.cause
            raise TimeoutError(f"no session is ready{'' if cause is None else f' ({cause.key.value})'}")
        return self._last

    @property
    def snapshot(self) -> Snapshot:
        """All that is known of the gateway."""
        return self._driver.snapshot

    @property
    def slow_callbacks(self) -> int:
        """How often the program held the event loop for more than two seconds."""
        return self._breath.slow

    def subscribe(self, make: Make) -> AioSubscription:
        """Let a request be made now, and again after each loss of data. `make(ib)` may be a coroutine function."""
        found = AioSubscription(make, lambda each: self._subscriptions.pop(each, None))
        self._subscriptions[found] = None
        if self._ready.is_set():
            self._make(found)
        return found

    def acknowledge(self) -> tuple[str, ...]:
        """The program has dealt with messages that could not be decoded: the gate may open. Which they were."""
        found, self._undecoded = self._undecoded, ()
        self._driver.post(GateTold(GateReason.UNDECODABLE, holds=False))
        return found

    def confirm_ids(self) -> None:
        """The program knows that the gateway's order ids went back: the gate may open."""
        self._driver.post(IdsConfirmed())

    # -- the loop's listener -------------------------------------------------------------------------------------------

    def keep(self, gateway: str, facts: Facts) -> None:
        """Nothing survives the process."""

    def announce(self, gateway: str, message: Announce) -> None:
        """A program sends no messages to people."""

    def happened(self, gateway: str, at: Now, record: Record) -> None:
        """Tell it, and let the program hear what follows for it."""
        report = self._narrator.tell(record, at.mono)
        if report is not None:
            LOG.log(report.level, "%s: %s", gateway, report.text)
        match record:
            case SessionLost(reason=reason, planning=planning, lasted=lasted):
                self._lost_mono, self._lost_at = at.mono, self._lost_at or at.wall
                self._memory.keep()
                if self._ready.is_set():
                    words = report_of(record)
                    text = "" if words is None else words.text
                    self._calls.hook("on_lost", Loss(reason.value, planning is Planning.PLANNED, text, lasted))
                self._ready.clear()
            case SuspectChanged(suspect=suspect):
                self._calls.hook("on_suspect", suspect)
            case UpstreamLost() | UpstreamUnknown():
                self._lost_at = self._lost_at or at.wall
                self._tell_upstream(up=False)
            case UpstreamRestored(evidence=evidence):
                self._tell_upstream(up=True)
                self._restored(evidence)
            case FarmChanged(kind=kind, name=name, state=state):
                self._calls.hook("on_farm", kind.value, name, state.value)
            case _:
                pass

    # -- inside --------------------------------------------------------------------------------------------------------

    async def _connect(self, order: Connect) -> None:
        self._memory.keep()
        self.acknowledge()  # what was of another session
        timing = self.snapshot.policy.timing
        limit = order.connect_timeout + timing.handshake_timeout + timing.session_timeout
        self._memory.give_back()
        await self.ib.connectAsync(order.host, order.port, order.client_id, timeout=limit, fetchFields=self._fetch)
        self._heard = await self._ask_what_was_missed()

    async def _ask_what_was_missed(self) -> Heard:
        """Open orders and executions; each fill that is new is told by the events of its trade."""
        known = self._memory.fills()
        began, lost_at = time.monotonic(), self._lost_at
        orders = await self._in_time(self.ib.reqOpenOrdersAsync(), began)
        self._round = Reconcile(self.ib.client._reqIdSeq, 0.0, lost_at, orders)  # the id that the next line draws
        executions = await self._in_time(self.ib.reqExecutionsAsync(), began)
        round_ = replace(self._round, executions=executions)  # `ib_async` takes a refusal for an answer
        wrapper = self.ib.wrapper
        for exec_id, fill in list(wrapper.fills.items()):
            trade = wrapper.permId2Trade.get(fill.execution.permId)
            if exec_id not in known and trade is not None:
                self.ib.execDetailsEvent.emit(trade, fill)
                trade.fillEvent.emit(trade, fill)
        self._memory.keep()
        while is_undecided(self.snapshot, told=not self._upstream_told) and time.monotonic() < began + LIMIT:
            await asyncio.sleep(BEAT)
        snapshot = self.snapshot
        ahead = likely_ahead(snapshot.clock.ahead, snapshot.policy.timezone, datetime.now().astimezone())
        heard = result(
            round_,
            datetime.now(UTC),
            ahead,
            upstream=snapshot.upstream_up is not False,
            undecodable=self._undecoded,
        )
        if self.snapshot.upstream_up is not False:
            self._lost_at = None
        return heard

    async def _in_time(self, asked: Any, began: float) -> bool:
        try:
            await asyncio.wait_for(asked, max(0.0, began + LIMIT - time.monotonic()))
        except TimeoutError:
            return False
        return True

    def _synchronised(self, epoch: int) -> None:
        self._sessions += 1
        lost = self._sessions > 1
        next_id = self._orders.agree()
        if lost:
            self._memory.stream_again()
            self._calls.hook("on_data_lost")
        for subscription in self._subscriptions:
            self._make(subscription)
        away = 0.0 if self._lost_mono is None else time.monotonic() - self._lost_mono
        client = self.ib.client
        heard = self._heard
        self._last = Ready(epoch, next_id, away, lost, heard.complete, heard.reason, client.serverVersion())
        self._ready.set()
        self._state.alive(time.time())
        self._calls.hook("on_ready", self._last)

    def _restored(self, evidence: Evidence) -> None:
        if not self._ready.is_set():
            return
        if evidence is Evidence.NOTICE_1101:
            self._memory.stream_again()
            self._calls.hook("on_data_lost")
            for subscription in self._subscriptions:
                self._make(subscription)
        elif evidence is Evidence.NOTICE_1102:
            self._calls.hook("on_data_maintained")
        self._calls.put("asking again", self._ask_again)

    def _tell_upstream(self, *, up: bool) -> None:
        if up is not self._upstream_told:
            self._upstream_told = up
            self._calls.hook("on_upstream", up)

    def _error(self, request_id: int, code: int, text: str, contract: object) -> None:
        self._round = refused(self._round, request_id, code, text)
        if code in DEAD_STREAMS:
            self._calls.hook("on_stream_dead", request_id, code)

    def _undecodable(self, number: int, name: str, error: str, raw: bytes) -> None:
        """A message was lost."""
        called = name or str(number)
        if concerns_money(number):
            self._undecoded = (*self._undecoded, called)
            self._driver.post(GateTold(GateReason.UNDECODABLE, holds=True))
        self._link.undecodable(number, name, error)
        self._calls.hook("on_undecodable", called, raw)
        text = f"{library()} cannot decode message {number} ({called}): {error}"
        self.ib.errorEvent.emit(_UNASKED, BAD_MESSAGE, text, None)

    def _beat(self) -> None:
        """The event loop turns."""
        if self._ready.is_set():
            self._state.alive(time.time())
        gate = self.snapshot.gate
        if self._gate_files is not None and gate is not self._gate_shown:
            self._gate_shown = gate
            self._gate_files.news()

    def _make(self, subscription: AioSubscription) -> None:
        async def make() -> None:
            made = subscription.make(self.ib)
            subscription.made = await made if inspect.isawaitable(made) else made

        self._calls.put("a subscription", make)

    async def _ask_again(self) -> None:
        """IBKR is back: what happened meanwhile?"""
        heard = await self._ask_what_was_missed()
        self._calls.hook("on_reconciled", Reconciled(heard.complete, heard.reason))
