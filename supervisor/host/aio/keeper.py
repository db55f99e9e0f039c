"""Keeps an `ib_async.IB` connected, by the same rules as `Host`, on the program's own event loop.

- The IB stays the program's. Only its connecting is ours: `connectAsync` is called here, after each loss again.
- Trades, fills and tickers that the program holds live on over a loss, and streams are made again.
- Hooks are functions or coroutine functions, called one after the other. One that raises is told and costs nothing
  else.
- A callback that blocks the event loop blocks everything, as ever with asyncio; answers that came meanwhile are read
  before any deadline is judged.
"""

import asyncio
import inspect
import logging
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self

from ib_async import IB, StartupFetch, StartupFetchALL

from supervisor.core.calendar.clock import Now
from supervisor.core.explain.narrator import Narrator
from supervisor.core.explain.sentences import report_of
from supervisor.core.model.actions import Announce, Connect
from supervisor.core.model.facts import Facts
from supervisor.core.model.gate import GatePolicy
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
from supervisor.core.program.concerns import DEAD_STREAMS
from supervisor.core.program.reconcile import LIMIT, Heard, Reconcile, result
from supervisor.host.aio.driver import Driver
from supervisor.host.aio.link import AioLink
from supervisor.host.aio.memory import Memory
from supervisor.host.settings import Restart, policy_of
from supervisor.host.told import Loss, Ready, Reconciled

LOG = logging.getLogger("supervisor.host")
HOOKS = (
    "on_ready",
    "on_lost",
    "on_suspect",
    "on_upstream",
    "on_data_lost",
    "on_data_maintained",
    "on_stream_dead",
    "on_farm",
    "on_reconciled",
)
_OURS = StartupFetch.ORDERS_OPEN | StartupFetch.EXECUTIONS
"""What the keeper asks for itself, because it must know whether all of it came."""


class Keeper:
    """Keeps `ib` connected from `start` to `stop`; an asynchronous context manager.

    Args:
        ib: the program's, not connected.
        port, client_id, host, daily_restart, weekly_restart, account_mode, timing: as for `Host`.
        fetch: what `ib_async` asks for at each connect.
        hooks: `on_ready`, `on_lost` and the others, as functions or coroutine functions.

    Raises:
        ValueError: an argument is wrong.
        TypeError: there is no such hook.
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
        account_mode: str = "any",
        upstream_probe: bool = True,
        timing: Mapping[str, float] | None = None,
        fetch: StartupFetch = StartupFetchALL,
        **hooks: Callable[..., Any],
    ) -> None:
        unknown = hooks.keys() - set(HOOKS)
        if unknown:
            raise TypeError(f"no such hook: {', '.join(sorted(unknown))}; there are {', '.join(HOOKS)}")
        self.ib = ib
        self._fetch = fetch & ~_OURS
        self._hooks = hooks
        self._calls: asyncio.Queue[tuple[str, tuple[Any, ...]]] = asyncio.Queue()
        self._memory = Memory(ib)
        self._narrator = Narrator()
        policy = policy_of(
            host=host,
            port=port,
            client_id=client_id,
            name=name,
            daily=daily_restart,
            weekly=weekly_restart,
            windows=(),
            account_mode=account_mode,
            required_farms=None,
            upstream_probe=upstream_probe,
            gate=GatePolicy(order_ids=True),
            timing=timing,
        )
        self._link = AioLink(ib, lambda event: self._driver.post(event), self._connect, self._synchronised)
        self._driver = Driver(policy, self._link, self)
        self._worker: asyncio.Task[None] | None = None
        self._ready = asyncio.Event()
        self._stopped = asyncio.Event()
        self._last: Ready | None = None
        self._sessions = 0
        self._lost_mono: float | None = None
        self._lost_at: datetime | None = None
        self._upstream_told = True
        self._heard = Heard(False, "")
        ib.errorEvent += self._error

    # -- its life ------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Begin; `wait_ready` waits for the first session."""
        self._worker = asyncio.create_task(self._call_hooks())
        self._driver.start()

    async def stop(self) -> None:
        """End the session and everything that is under way."""
        self._driver.stop()
        self._link.close(0.0)
        self._stopped.set()
        if self._worker is not None:
            self._worker.cancel()
            await asyncio.gather(self._worker, return_exceptions=True)
        await self._link.ended()

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
        """Wait for a session. Raises TimeoutError."""
        await asyncio.wait_for(self._ready.wait(), timeout)
        assert self._last is not None
        return self._last

    @property
    def snapshot(self) -> Snapshot:
        """All that is known of the gateway."""
        return self._driver.snapshot

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
                    self._hook("on_lost", Loss(reason.value, planning is Planning.PLANNED, text, lasted))
                self._ready.clear()
            case SuspectChanged(suspect=suspect):
                self._hook("on_suspect", suspect)
            case UpstreamLost() | UpstreamUnknown():
                self._lost_at = self._lost_at or at.wall
                self._tell_upstream(up=False)
            case UpstreamRestored(evidence=evidence):
                self._tell_upstream(up=True)
                self._restored(evidence)
            case FarmChanged(kind=kind, name=name, state=state):
                self._hook("on_farm", kind.value, name, state.value)
            case _:
                pass

    # -- inside --------------------------------------------------------------------------------------------------------

    async def _connect(self, order: Connect) -> None:
        self._memory.keep()
        timing = self.snapshot.policy.timing
        limit = order.connect_timeout + timing.handshake_timeout + timing.session_timeout
        self._memory.give_back()
        await self.ib.connectAsync(order.host, order.port, order.client_id, timeout=limit, fetchFields=self._fetch)
        self._heard = await self._ask_what_was_missed()

    async def _ask_what_was_missed(self) -> Heard:
        """Open orders and executions; each fill that is new is told by the events of its trade."""
        known = self._memory.fills()
        round_ = Reconcile(0, 0.0, self._lost_at)
        began = time.monotonic()
        orders = await self._in_time(self.ib.reqOpenOrdersAsync(), began)
        executions = await self._in_time(self.ib.reqExecutionsAsync(), began)
        wrapper = self.ib.wrapper
        for exec_id, fill in list(wrapper.fills.items()):
            trade = wrapper.permId2Trade.get(fill.execution.permId)
            if exec_id not in known and trade is not None:
                self.ib.execDetailsEvent.emit(trade, fill)
                trade.fillEvent.emit(trade, fill)
        self._memory.keep()
        offset = self.snapshot.clock.offset or datetime.now().astimezone().utcoffset() or timedelta(0)
        heard = result(
            Reconcile(0, 0.0, round_.lost_at, orders, executions),
            datetime.now(UTC),
            offset,
            upstream=self.snapshot.upstream_up is not False,
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
        if lost:
            self._memory.stream_again()
            self._hook("on_data_lost")
        away = 0.0 if self._lost_mono is None else time.monotonic() - self._lost_mono
        client = self.ib.client
        heard = self._heard
        self._last = Ready(epoch, client._reqIdSeq, away, lost, heard.complete, heard.reason, client.serverVersion())
        self._ready.set()
        self._hook("on_ready", self._last)

    def _restored(self, evidence: Evidence) -> None:
        if not self._ready.is_set():
            return
        if evidence is Evidence.NOTICE_1101:
            self._memory.stream_again()
            self._hook("on_data_lost")
        elif evidence is Evidence.NOTICE_1102:
            self._hook("on_data_maintained")
        self._calls.put_nowait(("", ()))

    def _tell_upstream(self, *, up: bool) -> None:
        if up is not self._upstream_told:
            self._upstream_told = up
            self._hook("on_upstream", up)

    def _error(self, request_id: int, code: int, text: str, contract: object) -> None:
        if code in DEAD_STREAMS:
            self._hook("on_stream_dead", request_id, code)

    def _hook(self, name: str, *args: Any) -> None:
        if name in self._hooks:
            self._calls.put_nowait((name, args))

    async def _call_hooks(self) -> None:
        while True:
            name, args = await self._calls.get()
            try:
                if not name:  # IBKR is back: ask again
                    heard = await self._ask_what_was_missed()
                    self._hook("on_reconciled", Reconciled(heard.complete, heard.reason))
                    continue
                done = self._hooks[name](*args)
                if inspect.isawaitable(done):
                    await done
            except Exception:
                LOG.exception("%s of the program raised; the session goes on", name or "asking again")
