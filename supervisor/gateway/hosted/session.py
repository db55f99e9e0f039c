"""One session of a hosted program: `Session`, with the user's own client, and with the program's code on its thread.

Rules
- `live` runs on the thread that the host gives, from the attempt to the end. The program's callbacks and hooks run
  there, and nowhere else.
- What the host wants done there comes by `called`, between two messages.
- The time that the program's code takes is known at every moment (`work`), so that nobody takes a slow program for a
  hung gateway.
- A message that `ibapi` cannot decode costs the session only if there is no session without it.
"""

import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, Protocol

from ibapi.client import EClient
from ibapi.execution import ExecutionFilter
from ibapi.message import IN

from supervisor.core.model.actions import Connect
from supervisor.core.model.cause import CauseKey
from supervisor.core.model.events import Ending, MessageUndecodable, ProgramEvent, SessionEvent, TimeAsked
from supervisor.core.program.busy import Work
from supervisor.core.program.concerns import DEAD_STREAMS
from supervisor.core.program.pacing import Pacing, Priority, Waiting
from supervisor.gateway.addresses import Addresses
from supervisor.gateway.client import Messages
from supervisor.gateway.connection import SupervisedConnection, WireLog
from supervisor.gateway.hosted.connection import PacedConnection, ThreadContext
from supervisor.gateway.hosted.ears import OWN_REQUESTS, Ears
from supervisor.gateway.hosted.errors import NotSent
from supervisor.gateway.hosted.program import Program, adopt
from supervisor.gateway.lookup import Lookups
from supervisor.gateway.session import ApiSession
from supervisor.platform import Bell

UNKNOWN = -1
LOG = logging.getLogger("supervisor.host")
NEEDED_FOR_READY = frozenset({IN.MANAGED_ACCTS, IN.NEXT_VALID_ID})


class House(Protocol):
    """The host, as its sessions see it. What has no other note is called on the session's thread."""

    def program(self) -> Program:
        """A program that has not had a session yet. Raises whatever the factory raises."""
        ...

    def called(self) -> None:
        """Do what waits for this thread."""
        ...

    def call(self, act: Callable[[], None]) -> None:
        """Let this be done on the thread of the sessions. From any thread."""
        ...

    def waits(self, connection: PacedConnection) -> None:
        """Something waits in the queue of this connection."""
        ...

    def down(self, name: str, args: tuple[Any, ...], named: dict[str, Any], *, order: bool) -> Any:
        """A request came while no session lives: do what the user chose for that. Raises NotSent."""
        ...

    def leave(self, error: BaseException | None = None) -> None:
        """The program wants to end, or `error` is to end the process."""
        ...

    def knows(self, order_id: int) -> bool:
        """Whether the gateway may know an order of this id."""
        ...

    def sends(self, order_id: int) -> None:
        """An order goes."""
        ...

    def id_told(self, order_id: int) -> None:
        """`nextValidId` came."""
        ...

    def order_seen(self, client_id: int, order_id: int) -> None:
        """The gateway told of an order."""
        ...

    def open_orders_end(self) -> None:
        """The open orders that the host asked for are told."""
        ...

    def executions_end(self, request_id: int) -> None:
        """The executions that the host asked for are told."""
        ...

    def question_refused(self, request_id: int, code: int, text: str) -> None:
        """The gateway told an error about a question of the host."""
        ...

    def undecodable(self, message: MessageUndecodable, raw: bytes) -> None:
        """A message was lost."""
        ...

    def callback_failed(self, name: str, error: BaseException) -> None:
        """A callback or a hook raised."""
        ...


class _Marked(Messages):
    """Messages, with a note of when the program's code has the thread."""

    def __init__(self, connection: SupervisedConnection, handled: Callable[[], None], session: "HostedSession") -> None:
        super().__init__(connection, handled)
        self._session = session

    def get(self, block: bool = True, timeout: float | None = None) -> bytes:
        session = self._session
        work = session.work
        if work.since is not None:
            session.work = Work(work.seconds + time.monotonic() - work.since)
        message = super().get(block, timeout)
        session.work = Work(session.work.seconds, time.monotonic())
        return message


class HostedSession(ApiSession):
    """Session `order.epoch` of a program.

    Args:
        order: where to connect, with which client id, and the time limits.
        post: takes every event, from any thread. It must not block and must not raise.
        house: the host.
        bell: calls the thread of all sessions of the host.
        desk: what each thread of the process asks for, common to all sessions of the host.
        pacing: an empty queue.
        lookups: where names are looked up.
        addresses: the order of the gateway's addresses.
        wire: gets every message, if given.
    """

    _needed = NEEDED_FOR_READY

    def __init__(
        self,
        order: Connect,
        post: Callable[[SessionEvent | ProgramEvent], None],
        *,
        house: House,
        bell: Bell,
        desk: ThreadContext,
        pacing: Pacing,
        lookups: Lookups,
        addresses: Addresses,
        wire: WireLog | None = None,
    ) -> None:
        self.desk = desk
        self.work = Work()
        """How long the program's code has had the thread. It may be read from any thread."""
        self.running = ""
        """The callback that runs, or ran last."""
        self.asked_time = 0
        """How often the program asked for the time since the last answer."""
        self._waiting_since = time.monotonic()
        self._house = house
        self._bell = bell
        self._pacing = pacing
        self._open_orders: list[bool] = []
        """Who asked for open orders and awaits their end, in order: True is the program."""
        self._own_thread: int | None = None
        self._process = os.getpid()
        self.program: Program | None = None
        self._ears: Ears | None = None
        self._over = threading.Event()
        super().__init__(order, post, lookups=lookups, addresses=addresses, wire=wire)
        self._post_more: Callable[[ProgramEvent], None] = post

    # -- for the host --------------------------------------------------------------------------------------------------

    def live(self) -> None:
        """From the attempt to the end, on this thread."""
        self._own_thread = threading.get_ident()
        waited = time.monotonic() - self._waiting_since
        self.work = Work(waited)  # nothing could be tried while the program had the thread
        self._connection.connect_deadline += waited
        try:
            self._live()
        finally:
            if self.program is not None and self._callbacks.connected:
                self.program.used = True
            self._over.set()

    def join(self, timeout: float) -> bool:
        """Wait for the end of `live`. False if it did not end within `timeout` seconds."""
        return self._own_thread is None or self._over.wait(max(0.0, timeout))

    def stood(self, now: float) -> float:
        """Seconds for which this session could not go on, because the program's code had the thread."""
        if self._own_thread is None:
            return now - self._waiting_since
        return self.work.total(now)

    def went(self, now: float) -> float:
        """The same instant on a clock that stands still while this session does."""
        return now - self.stood(now)

    @property
    def paced(self) -> PacedConnection:
        """The connection, with its queue."""
        assert isinstance(self._connection, PacedConnection)
        return self._connection

    def ask_what_was_missed(self, request_id: int) -> None:
        """Ask for open orders and executions, as the host."""
        wanted = ExecutionFilter()
        wanted.clientId = self._order.client_id
        self._open_orders.append(False)
        # As client 0, reqOpenOrders would also bind the orders of TWS itself.
        ask = EClient.reqOpenOrders if self._order.client_id else EClient.reqAllOpenOrders
        self._request(lambda: ask(self._client))
        self._request(lambda: EClient.reqExecutions(self._client, request_id, wanted))

    def probe(self, request_id: int) -> None:
        super().probe(OWN_REQUESTS + request_id)

    def tell(self, hook: str, *args: object) -> None:
        """Call a hook of the program, if it has one. On the session's thread."""
        if self._ears is None:
            return
        if self.work.since is not None:  # within a callback
            self._ears.tell(hook, *args)
            return
        self.work = Work(self.work.seconds, time.monotonic())
        try:
            self._ears.tell(hook, *args)
        finally:
            self.work = Work(self.work.total(time.monotonic()))

    def has(self, hook: str) -> bool:
        """Whether the program has this hook."""
        return self.program is not None and callable(getattr(self.program.wrapper, hook, None))

    def tell_error(self, request_id: int, code: int, text: str) -> None:
        """Call the program's `error`."""
        if self._ears is not None:
            self._ears.tell_error(request_id, code, text)

    def end(self, detail: str) -> None:
        """End it as if the gateway had: a new session follows."""
        self._connection.finish(Ending.CLOSED, detail)

    # -- on the session's own thread -----------------------------------------------------------------------------------

    def _new_connection(self, lookups: Lookups, wire: WireLog | None) -> SupervisedConnection:
        return PacedConnection(
            self._order.host,
            self._order.port,
            desk=self.desk,
            bell=self._bell,
            called=self._house.called,
            pacing=self._pacing,
            removed=self.removed,
            waits=self._house.waits,
            **self._connecting(lookups, wire),
        )

    def _new_client(self) -> Any:
        return None  # the factory is called on the session's thread

    def _begin(self) -> None:
        if self._connection.over is not None:
            return
        try:
            program = self._house.program()
            self._ears = Ears(self._callbacks, program.wrapper, self)
            adopt(program, self, self._ears)
        except Exception as error:
            self._connection.finish(Ending.CALLBACK, f"the factory raised {type(error).__name__}", CauseKey.CALLBACK)
            raise
        self.program = program
        client = self._client = program.client
        messages = _Marked(self._connection, self._callbacks.handled, self)
        client._ib_supervisor_join(self._connection, messages, self._judge)

    def _request(self, send: Callable[[], None]) -> None:
        self.desk.ours = True
        try:
            super()._request(send)
        finally:
            self.desk.ours = False

    def _drop(self, message: MessageUndecodable) -> None:
        super()._drop(message)
        self._house.undecodable(message, self._connection.message)

    # -- for the program's requests, on any thread ---------------------------------------------------------------------

    def connected(self) -> bool:
        # In a fork of the process the socket is the same one, and what it sends would break the stream.
        return self._callbacks.connected and self._connection.isConnected() and os.getpid() == self._process

    def knows(self, order_id: int) -> bool:
        return self._house.knows(order_id)

    def sends(self, order_id: int) -> None:
        self._house.sends(order_id)

    def ask_time(self) -> None:
        self.asked_time += 1
        self._post_more(TimeAsked(self.epoch))

    def asks_open_orders(self) -> None:
        self._open_orders.append(True)

    def down(self, name: str, args: tuple[Any, ...], named: dict[str, Any], *, order: bool) -> Any:
        return self._house.down(name, args, named, order=order)

    def leave(self) -> None:
        self._house.leave()
        self._connection.finish(Ending.ASKED, "the program called disconnect()")

    def interrupted(self) -> None:
        self._house.leave(sys.exception())
        self._connection.finish(Ending.ASKED, "the program was interrupted")

    def is_own_thread(self) -> bool:
        return threading.get_ident() == self._own_thread and not self.running

    def removed(self, orders: tuple[Waiting, ...], why: str, *, cancelled: bool = False) -> None:
        """Orders were taken out of the queue. The program is told as of an order that the gateway refused."""
        self._house.call(lambda: self._tell_removed(orders, why, cancelled=cancelled))

    def _tell_removed(self, orders: tuple[Waiting, ...], why: str, *, cancelled: bool) -> None:
        for order in orders:
            number = UNKNOWN if order.order_id is None else order.order_id
            if order.known:
                self.tell_error(number, 399, f"Order Message: this change of the order was not sent: {why}")
            elif cancelled:
                self.tell_error(number, 202, f"Order Canceled - reason: {why}")
            else:
                self.tell_error(number, 201, f"Order rejected - reason: {why}")

    # -- for the ears --------------------------------------------------------------------------------------------------

    def is_asking(self) -> bool:
        return self.desk.ours

    def said_of_request(self, text: str) -> bool | None:
        asking = self.desk.asking
        if asking is None:
            return None
        asking.said.append(text[:200])
        return asking.failed is not None

    def callback_failed(self, name: str, error: BaseException) -> None:
        LOG.exception("%s() of the program raised %s; the session goes on", name, type(error).__name__)
        self._house.callback_failed(name, error)

    def refused_quietly(self, name: str, error: NotSent) -> None:
        LOG.info("%s() of the program: %s", name, error)

    def closed(self) -> None:
        """The connection is closed, and the program is about to hear it: first of what will never go."""
        left = self.paced.abandon()
        orders = tuple(each for each in left if each.kind is Priority.ORDER)
        if left:
            LOG.warning("the session ended while %d messages waited; they were never sent", len(left))
        why = "the session ended while it waited in the queue: it was never sent"
        self._tell_removed(orders, why, cancelled=False)

    def id_told(self, order_id: int) -> None:
        self._house.id_told(order_id)

    def order_seen(self, client_id: int, order_id: int) -> None:
        self._house.order_seen(client_id, order_id)

    def open_orders_end(self) -> bool:
        program = self._open_orders.pop(0) if self._open_orders else True
        if not program:
            self._house.open_orders_end()
        return program

    def executions_end(self, request_id: int) -> None:
        self._house.executions_end(request_id)

    def question_refused(self, request_id: int, code: int, text: str) -> None:
        self._house.question_refused(request_id, code, text)

    def stream_told(self, request_id: int, code: int) -> None:
        if code in DEAD_STREAMS:
            self.tell("on_stream_dead", request_id, code)
