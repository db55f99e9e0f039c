"""The sessions of an `ib_async.IB`, for the core: actions in, events out, all on one event loop.

- The IB is the program's own and is used again for each session, as its authors mean it.
- What it is told on the way is heard by its events; where it has none, by a handler put in front of its own.
- The handshake is read a second time for the gateway's clock, which `ib_async` does not keep.
- The heartbeat goes past the queue in which `ib_async` paces the program's messages.
- An attempt that was given up is over before the next one begins. Else it could connect later and keep the client id,
  or fail later and take the connection of the next one with it.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any

from ib_async import IB, Forex

from supervisor.core.model.actions import Close, Connect, Ping, Probe, SessionAction
from supervisor.core.model.events import (
    AccountsReceived,
    Ending,
    HandshakeDone,
    MessageUndecodable,
    NextIdReceived,
    NoticeReceived,
    PortOpened,
    ProbeAnswered,
    SessionClosed,
    SessionEvent,
    TimeAnswered,
    TrafficSeen,
)
from supervisor.core.program.busy import Work
from supervisor.core.program.pacing import SPAN, THEIRS
from supervisor.frozen import dataclass
from supervisor.host.aio.breath import Breath
from supervisor.host.aio.doubts import library

_CURRENT_TIME = 49
_REQ_CURRENT_TIME = b"49\x001\x00"
_GREETING = 128
"""Bytes of which the handshake is the first part."""
TRAFFIC_INTERVAL = 0.2
BAD_MESSAGE = 506
"""With this code a program is told of a message that cannot be decoded, as `ibapi` does."""
Synchronise = Callable[[Connect], Coroutine[Any, Any, object]]


@dataclass(frozen=True, slots=True)
class AioSession:
    """The session of now, for the gate and for the deadlines."""

    epoch: int
    ib: IB
    breath: Breath
    began: float
    """How long the loop had stood when it began."""

    @property
    def work(self) -> Work:
        """Whether the program holds the loop."""
        return self.breath.work

    def connected(self) -> bool:
        """Whether requests go."""
        return bool(self.ib.client.isReady())

    def stood(self, now: float) -> float:
        """Seconds for which the loop stood."""
        return self.work.total(now) - self.began


class AioLink:
    """The connection of one IB.

    Args:
        ib: the program's.
        breath: of the event loop.
        post: takes events.
        connect: connects the IB by `connectAsync`, and returns when it has its accounts, orders and positions.
        synchronised: called with the epoch when it has.
    """

    def __init__(
        self,
        ib: IB,
        breath: Breath,
        post: Callable[[SessionEvent], None],
        connect: Synchronise,
        synchronised: Callable[[int], None],
    ) -> None:
        self._ib = ib
        self._breath = breath
        self.session: AioSession | None = None
        self._post = post
        self._connect_ib = connect
        self._synchronised = synchronised
        self._epoch = 0
        self._over = True
        self._opened = False
        self._greeted = False
        self._greeting = b""
        """What came first: the server version and the gateway's clock."""
        self._next_traffic = 0.0
        self._tasks: set[asyncio.Task[None]] = set()
        self._attempt: asyncio.Task[None] | None = None
        self._listen()

    def carry_out(self, action: SessionAction) -> None:
        """Do it without blocking. What follows comes as events."""
        if isinstance(action, Connect):
            self._epoch, self._over, self._opened, self._greeted = action.epoch, False, False, False
            self._greeting = b""
            stood = self._breath.work.total(time.monotonic())
            self.session = AioSession(action.epoch, self._ib, self._breath, stood)
            self._attempt = self._begin(self._live(action, self._attempt))
            return
        if self._over or action.epoch != self._epoch:
            return
        match action:
            case Close():
                self._leave()
            case Ping():
                self._ib.client.conn.sendMsg(len(_REQ_CURRENT_TIME).to_bytes(4, "big") + _REQ_CURRENT_TIME)
            case Probe(request_id=request_id):
                self._begin(self._probe(action.epoch, request_id))

    def close(self, timeout: float) -> bool:
        """End the session and all that is under way."""
        self._leave()
        for task in self._tasks:
            task.cancel()
        return True

    async def ended(self) -> None:
        """Wait for the end of what was under way."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _leave(self) -> None:
        """End it as if the gateway had: what waits for an answer must not wait for ever."""
        self._end(Ending.ASKED, "")
        ib = self._ib
        ready = ib.client.isReady()
        if ready:
            ib.wrapper.setEventsDone()
            ib.wrapper.connectionClosed()
        ib.client.disconnect()
        if self._attempt is not None:
            self._attempt.cancel()
        if ready:
            ib.disconnectedEvent.emit()

    # -- what is under way ---------------------------------------------------------------------------------------------

    def _begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _live(self, order: Connect, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            before.cancel()
            await asyncio.gather(before, return_exceptions=True)
        try:
            await self._connect_ib(order)
        except ConnectionRefusedError as error:
            self._end_of(order.epoch, Ending.REFUSED, str(error))
        except TimeoutError:
            self._end_of(order.epoch, Ending.TIMEOUT, "")
        except (OSError, ConnectionError) as error:
            self._end_of(order.epoch, Ending.ERROR, str(error))
        except Exception as error:
            self._end_of(order.epoch, Ending.CALLBACK, f"{type(error).__name__}: {error}")
        else:
            if order.epoch == self._epoch and not self._over:
                self._synchronised(order.epoch)

    async def _probe(self, epoch: int, request_id: int) -> None:
        try:
            rows = await self._ib.reqContractDetailsAsync(Forex("EURUSD"))
        except Exception:
            return  # no answer is no evidence
        if rows:
            self._tell(ProbeAnswered(epoch, request_id))

    def _end(self, ending: Ending, detail: str) -> None:
        if not self._over:
            self._over = True
            self._post(SessionClosed(self._epoch, ending, detail))

    def _end_of(self, epoch: int, ending: Ending, detail: str) -> None:
        if epoch == self._epoch:
            self._end(ending, detail)

    def _tell(self, event: SessionEvent) -> None:
        if not self._over and event.epoch == self._epoch:
            self._post(event)

    # -- what the IB says ----------------------------------------------------------------------------------------------

    def _listen(self) -> None:
        client = self._ib.client
        usual = type(client)
        if (client.MaxRequests, client.RequestsInterval) == (usual.MaxRequests, usual.RequestsInterval):
            client.MaxRequests, client.RequestsInterval = THEIRS, SPAN  # `ib_async` itself counts 45 within a second
        connect, answered = client.conn.connectAsync, client.decoder.handlers[_CURRENT_TIME]

        async def connected(host: str, port: int) -> None:
            await connect(host, port)
            self._opened = True
            self._tell(PortOpened(self._epoch))

        def told_time(fields: list[str]) -> None:
            answered(fields)
            self._tell(TimeAnswered(self._epoch, int(fields[2])))

        client.conn.connectAsync = connected
        client.decoder.handlers[_CURRENT_TIME] = told_time
        client.conn.hasData += self._heard
        client.conn.disconnected += self._disconnected
        client.apiStart += self._started
        self._ib.errorEvent += self._error

    def _heard(self, data: bytes) -> None:
        if not self._greeted:
            self._greeting += data[:_GREETING]
        self._greet()
        now = asyncio.get_running_loop().time()
        if now >= self._next_traffic:
            self._next_traffic = now + TRAFFIC_INTERVAL
            self._tell(TrafficSeen(self._epoch))

    def _greet(self) -> None:
        version = self._ib.client.serverVersion()
        if version and not self._greeted:
            self._greeted = True
            clock = self._greeting[4:].split(b"\0")[1:2]
            self._tell(HandshakeDone(self._epoch, version, clock[0].decode(errors="replace") if clock else ""))

    def _started(self) -> None:
        client = self._ib.client
        self._greet()
        self._tell(AccountsReceived(self._epoch, tuple(client.getAccounts())))
        self._tell(NextIdReceived(self._epoch, client._reqIdSeq))

    def _disconnected(self, message: str) -> None:
        if self._opened:  # else it is the end of the connection before this one
            self._end(Ending.RESET if message else Ending.CLOSED, message)

    def undecodable(self, number: int, name: str, error: str) -> None:
        """`ib_async` could not decode a message."""
        self._tell(MessageUndecodable(self._epoch, number, name, library(), error))

    def _error(self, request_id: int, code: int, text: str, contract: object) -> None:
        if code == BAD_MESSAGE:
            return  # our own word to the program; the core has heard it as what it is
        self._greet()
        self._tell(NoticeReceived(self._epoch, request_id, code, text))
