"""One API client of the simulated gateway: hello, START_API, requests, and how each goes wrong.

Rules
- Lives on the gateway's loop. What is wrong is asked of `Behaviour` at the moment it matters; a session that met a
  fault of the handshake stays as it is when the fault is healed, as a real one would.
- Nothing is sent between the handshake and START_API, unless that is the fault.
- Answers keep their order, also when they are delayed.
"""

import asyncio
import socket
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Protocol, assert_never

from supervisor.simulator.answers.desk import Broker, Desk, Moment
from supervisor.simulator.answers.table import UNREADABLE, answer, refused
from supervisor.simulator.behaviour.faults import Fault
from supervisor.simulator.behaviour.pacing import HISTORY_VIOLATION, TOO_FAST, Consequence, Pacing
from supervisor.simulator.clock import Clock, Timer
from supervisor.simulator.connection.link import Link
from supervisor.simulator.says import session as says
from supervisor.simulator.wire.frames import FrameReader, WireError, frame, text_fields
from supervisor.simulator.wire.ids import OLDEST_VERSION, Ask
from supervisor.simulator.wire.message import Message, encode
from supervisor.simulator.wire.requests import API_PREFIX, Request, read_hello, read_request

CLIENT_ID_IN_USE = (326, "Unable to connect as the client id is already in use. Retry with a unique client id.")
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

    @property
    def clock(self) -> Clock:
        """The gateway's time."""

    @property
    def broker(self) -> Broker:
        """Where orders go."""

    def greeting(self, client_id: int) -> list[Message]:
        """What a client is told once it has sent START_API: the session is ready with the first two."""

    def moment(self) -> Moment:
        """The gateway as it is now."""

    def claim(self, session: "ClientSession", client_id: int) -> bool:
        """Take the client id for this session; False if it is in use."""

    def ended(self, session: "ClientSession") -> None:
        """The session is over."""

    def heard(self, session: "ClientSession", number: int) -> None:
        """A request with this message id has come."""

    def stirred(self) -> None:
        """A request was answered."""

    def refused(self, session: "ClientSession", name: str) -> None:
        """A request of a kind that is not done was refused."""

    def tell(self, text: str) -> None:
        """Note an event for people."""


class ClientSession:
    """A client's session on an accepted connection."""

    def __init__(self, host: Host, loop: asyncio.AbstractEventLoop, sock: socket.socket, links: set[Link]) -> None:
        self._host = host
        self._loop = loop
        self._reader = FrameReader()
        self._prefixed = False
        self._pacing = Pacing()
        self._silent = self._greeted = False
        self._due = 0.0  # when the last delayed answer goes
        self._timers: set[Timer] = set()
        self.stage = Stage.HELLO
        self.client_id: int | None = None
        self.server_version: int | None = None
        self.desk: Desk | None = None
        """What it remembers; None until START_API."""
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
        """Tell a message code, at once."""
        self.link.send(self._bytes([self._host.moment().notice(request, code, text)]))

    def tell(self, messages: Sequence[Message]) -> None:
        """Tell something, after what is still delayed."""
        if self.ready and messages:
            self._reply(messages)

    def pulse(self, now: Moment) -> None:
        """Tell what the streams have to say, in one write."""
        if self.desk is not None and self.ready:
            said = [message for stream in list(self.desk.streams.values()) for message in stream.pulse(now)]
            if said:
                self._send_later([self._bytes(said)])

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
        self.stage = Stage.HANDSHAKEN
        clock = now.settings.clock_text(now.wall)
        hello = says.handshake(version, clock)
        self._silent = now.behaviour.door is Fault.NEVER_READY
        self._greet(now.behaviour.door, hello, clock, now)

    def _greet(self, fault: Fault | None, hello: bytes, clock: str, now: Moment) -> None:
        """The handshake, as it goes wrong."""
        match fault:
            case Fault.MUTE:
                self.stage = Stage.DEAF
            case Fault.HALF_HANDSHAKE:
                self._send_later([hello[: len(hello) // 2]])
                self.stage = Stage.DEAF
            case Fault.SPLIT_HANDSHAKE:
                self._send_later([hello[:7]])
                self._later(now.behaviour.number(fault, "gap"), lambda: self._send_later([hello[7:]]))
            case Fault.GREETING_WITH_HANDSHAKE:
                self._greeted = True
                self._send_later([hello + self._bytes(self._host.greeting(0))])
            case Fault.ERROR_BEFORE_HANDSHAKE:
                code, text = int(now.behaviour.number(fault, "code")), now.behaviour.choice(fault, "text")
                self._send_later([frame(text_fields(4, 2, -1, code, text)), hello])
            case Fault.BAD_VERSION:
                self._send_later([says.handshake("abc", clock)])
            case Fault.NOT_TWS:
                self._send_later([NO_TWS])
                self.stage = Stage.DEAF
            case _:
                self._send_later([hello])

    def _request(self, payload: bytes, version: int) -> None:
        now = self._host.moment()
        try:
            request = read_request(version, payload)
            self._host.heard(self, request.number)
            if request.number == Ask.START_API and self.stage is Stage.HANDSHAKEN:
                self._start(request, version)
            elif self.desk is not None and self.ready:
                self._answer(request, payload, self.desk, now)
        except WireError as error:
            self._host.tell(f"{self} sent {error}")
            self._reply([now.notice(-1, *UNREADABLE)])

    def _answer(self, request: Request, payload: bytes, desk: Desk, now: Moment) -> None:
        if now.settings.pacing:
            verdict = self._pacing.message(now.mono)
            match verdict:
                case Consequence.FINE:
                    pass
                case Consequence.TOLD:
                    self._reply([now.notice(-1, *TOO_FAST)])
                case Consequence.ENDED:
                    self._host.tell(f"{self} is dropped: more than 50 messages a second")
                    self._reply([now.notice(-1, *TOO_FAST)])
                    self.link.finish()
                    return
                case _:
                    assert_never(verdict)
            number = request.integer(0, 1)
            if request.number == Ask.HISTORY and not self._pacing.history(_without_id(payload, number), now.mono):
                self._reply([now.notice(number, *HISTORY_VIOLATION)])
                return
        name = refused(request.number)
        if name is not None:
            self._host.refused(self, name)
        self._reply(answer(request, desk, now))
        self._host.stirred()

    def _start(self, request: Request, version: int) -> None:
        # text: version, client id, capabilities; protobuf: client id, capabilities
        client_id = request.integer(1, 1)
        if not self._host.claim(self, client_id):
            self._host.tell(f"{self} refused: client id {client_id} is in use")
            self._reply([self._host.moment().notice(-1, *CLIENT_ID_IN_USE)])
            self.stage = Stage.DEAF
            self._later(REFUSED_ID_LINGER, self.link.finish)
            return
        self.client_id = client_id
        self.desk = Desk(client_id, version, self._host.broker)
        self.stage = Stage.STARTED
        if self._silent:
            self._host.tell(f"{self} started, and is told nothing")
            return
        self._host.tell(f"{self} is ready, server version {self.server_version}")
        if not self._greeted:
            self._reply(self._host.greeting(client_id))

    def _bytes(self, messages: Sequence[Message]) -> bytes:
        return b"".join(self._frames(messages))

    def _frames(self, messages: Sequence[Message]) -> list[bytes]:
        version = self.server_version or OLDEST_VERSION
        return [encode(message, version) for message in messages]

    def _reply(self, messages: Sequence[Message]) -> None:
        """Send the messages, one write each; later, if answers are delayed now."""
        self._send_later(self._frames(messages))

    def _send_later(self, frames: list[bytes]) -> None:
        if not frames:
            return
        delay = self._host.moment().behaviour.number(Fault.DELAY, "by")
        now = self._host.clock.time()
        due = max(self._due + 1e-6 if self._due > now else now, now + delay)  # the same instant would have no order
        if due <= now:
            self._send(frames)
        else:
            self._due = due
            self._at(due, lambda: self._send(frames))

    def _send(self, frames: list[bytes]) -> None:
        for each in frames:
            self.link.send(each)

    def _later(self, seconds: float, act: Callable[[], None]) -> None:
        self._at(self._host.clock.time() + seconds, act)

    def _at(self, instant: float, act: Callable[[], None]) -> None:
        def due() -> None:
            self._timers.discard(timer)
            act()

        timer = self._host.clock.call_at(instant, due)
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


def _without_id(payload: bytes, number: int) -> bytes:
    """The bytes of a request for bars without its id, near enough to tell two of them apart."""
    return payload.replace(str(number).encode() + b"\0", b"", 1)
