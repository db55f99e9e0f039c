"""One API client of the simulated gateway: hello, START_API, requests, and how each goes wrong.

Rules
- Lives on the gateway's loop. What is wrong is asked of `Behaviour` at the moment it matters; a session that met a
  fault of the handshake stays as it is when the fault is healed, as a real one would.
- Nothing is sent between the handshake and START_API, unless that is the fault.
- Answers keep their order, also when they are delayed.
"""

import asyncio
import socket
from collections.abc import Callable
from enum import Enum
from typing import Protocol

from supervisor.simulator.answers import CLIENT_ID_IN_USE, UNREADABLE, Answerer, Moment
from supervisor.simulator.behaviour import Fault
from supervisor.simulator.link import Link
from supervisor.simulator.messages import Dialect, handshake
from supervisor.simulator.requests import API_PREFIX, Ask, Request, read_hello, read_request
from supervisor.simulator.wire import FrameReader, WireError, frame, text_fields

OLDEST_VERSION = 100
"""The oldest server version; a client that stops before it is dropped."""
REFUSED_ID_LINGER = 0.2
"""Seconds from code 326 to the end of the connection."""
NO_TWS = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Stage(Enum):
    """How far a client has come."""

    HELLO = "waiting for the hello"
    HANDSHAKEN = "waiting for START_API"
    STARTED = "started"
    DEAF = "never answered again"
    ENDED = "ended"


class Host(Protocol):
    """What a session needs of the gateway it belongs to."""

    def moment(self) -> Moment:
        """The gateway as it is now."""

    def claim(self, session: "Session", client_id: int) -> bool:
        """Take the client id for this session; False if it is in use."""

    def ended(self, session: "Session") -> None:
        """The session is over."""

    def heard(self, session: "Session", number: int) -> None:
        """A request with this message id has come."""

    def tell(self, text: str) -> None:
        """Note an event for people."""


class Session:
    """A client's session on an accepted connection."""

    def __init__(self, host: Host, loop: asyncio.AbstractEventLoop, sock: socket.socket, links: set[Link]) -> None:
        self._host = host
        self._loop = loop
        self._reader = FrameReader()
        self._prefixed = False
        self._answerer = Answerer(Dialect(OLDEST_VERSION))
        self._silent = self._greeted = False
        self._due = 0.0  # when the last delayed answer goes
        self._timers: set[asyncio.TimerHandle] = set()
        self.stage = Stage.HELLO
        self.client_id: int | None = None
        self.server_version: int | None = None
        self.dialect = Dialect(OLDEST_VERSION)
        self.link = Link(loop, sock, links, self._received, self._ended)

    @property
    def ready(self) -> bool:
        """Whether it has been told its accounts and its next valid id."""
        return self.started and not self._silent

    @property
    def started(self) -> bool:
        """Whether it has sent START_API and is not given up: notices reach it."""
        return self.stage is Stage.STARTED

    def notice(self, request: int, code: int, text: str) -> None:
        """Tell a message code."""
        self.link.send(self._answerer.notice(request, code, text, self._host.moment()))

    def go_deaf(self) -> None:
        """Read over everything from now on and answer nothing, for good."""
        if self.stage is not Stage.ENDED:
            self.stage = Stage.DEAF
            self._cancel_timers()

    def _received(self, data: bytes) -> None:
        self._reader.feed(data)
        try:
            if not self._prefixed:
                prefix = self._reader.take(len(API_PREFIX))
                if prefix is None:
                    return
                if prefix != API_PREFIX:
                    raise WireError("not an API client")
                self._prefixed = True
            for payload in self._reader.payloads():
                self._payload(payload)
        except WireError as error:
            self._host.tell(f"{self} dropped: {error}")
            self.link.finish()

    def _payload(self, payload: bytes) -> None:
        if self.stage is Stage.HELLO:
            self._hello(read_hello(payload))
        elif self.stage is not Stage.ENDED and self.server_version is not None:
            self._request(payload, self.server_version)

    def _hello(self, newest: int) -> None:
        now = self._host.moment()
        version = min(newest, now.settings.server_version)
        if version < OLDEST_VERSION:
            raise WireError(f"a client for server versions up to {newest}")
        self.server_version = version
        self.dialect = Dialect(version)
        self._answerer = Answerer(self.dialect)
        self.stage = Stage.HANDSHAKEN
        clock = now.settings.clock_text(now.wall)
        answer = handshake(version, clock)
        fault = now.behaviour.door
        self._silent = fault is Fault.NEVER_READY
        if fault is Fault.MUTE:
            self.stage = Stage.DEAF
        elif fault is Fault.HALF_HANDSHAKE:
            self._reply([answer[: len(answer) // 2]])
            self.stage = Stage.DEAF
        elif fault is Fault.SPLIT_HANDSHAKE:
            gap = now.behaviour.number(fault, "gap")
            self._reply([answer[:7]])
            self._later(gap, lambda: self._reply([answer[7:]]))
        elif fault is Fault.GREETING_WITH_HANDSHAKE:
            self._greeted = True
            self._reply([answer + b"".join(self._answerer.greeting(now))])
        elif fault is Fault.ERROR_BEFORE_HANDSHAKE:
            code, text = int(now.behaviour.number(fault, "code")), now.behaviour.choice(fault, "text")
            self._reply([frame(text_fields(4, 2, -1, code, text)), answer])
        elif fault is Fault.BAD_VERSION:
            self._reply([handshake("abc", clock)])
        elif fault is Fault.NOT_TWS:
            self._reply([NO_TWS])
            self.stage = Stage.DEAF
        else:
            self._reply([answer])

    def _request(self, payload: bytes, version: int) -> None:
        now = self._host.moment()
        try:
            request = read_request(version, payload)
            self._host.heard(self, request.number)
            if request.number == Ask.START_API and self.stage is Stage.HANDSHAKEN:
                self._start(request, now)
            elif self.ready:
                self._reply(self._answerer.answer(request, now))
        except WireError as error:
            self._host.tell(f"{self} sent {error}")
            self._reply([self._answerer.notice(-1, *UNREADABLE, now)])

    def _start(self, request: Request, now: Moment) -> None:
        # text: version, client id, capabilities; protobuf: client id, capabilities
        client_id = request.integer(1, 1)
        if not self._host.claim(self, client_id):
            self._host.tell(f"{self} refused: client id {client_id} is in use")
            self._reply([self._answerer.notice(-1, *CLIENT_ID_IN_USE, now)])
            self.stage = Stage.DEAF
            self._later(REFUSED_ID_LINGER, self.link.finish)
            return
        self.client_id = client_id
        self.stage = Stage.STARTED
        if self._silent:
            self._host.tell(f"{self} started, and is told nothing")
            return
        self._host.tell(f"{self} is ready, server version {self.server_version}")
        if not self._greeted:
            self._reply(self._answerer.greeting(now))

    def _reply(self, frames: list[bytes]) -> None:
        """Send the frames, one write each; later, if answers are delayed now."""
        delay = self._host.moment().behaviour.number(Fault.DELAY, "by")
        now = self._loop.time()
        due = max(self._due + 1e-6, now + delay)  # timers of the same instant would have no order
        if due <= now:
            self._send(frames)
        else:
            self._due = due
            self._at(due, lambda: self._send(frames))

    def _send(self, frames: list[bytes]) -> None:
        for each in frames:
            self.link.send(each)

    def _later(self, seconds: float, act: Callable[[], None]) -> None:
        self._at(self._loop.time() + seconds, act)

    def _at(self, instant: float, act: Callable[[], None]) -> None:
        def due() -> None:
            self._timers.discard(timer)
            act()

        timer = self._loop.call_at(instant, due)
        self._timers.add(timer)

    def _cancel_timers(self) -> None:
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()

    def _ended(self) -> None:
        self.stage = Stage.ENDED
        self._cancel_timers()
        self._host.ended(self)

    def __str__(self) -> str:
        return "a new client" if self.client_id is None else f"client {self.client_id}"
