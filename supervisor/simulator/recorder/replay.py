"""A recording played back: the gateway's side of it, by message and request id.

Rules
- The first connection gets the first recorded session, the next the next, and all later ones the last.
- A request is answered with what the recording says after the same request: same message and same words but for its id,
  else the next one of the same message. The answer carries the id of the live request.
- What follows a request is everything with its id, and what has no id and came before the next request.
- A request that was never recorded is answered with code 320 and a text that says so.
- The session has the recorded server version; a client that does not speak it is dropped.
"""

import asyncio
import socket
from collections.abc import Callable

from supervisor.simulator.connection.link import Link
from supervisor.simulator.connection.listening import Listener
from supervisor.simulator.recorder.places import number_of, request_of, with_request
from supervisor.simulator.recorder.transcript import Entry, RecordingError
from supervisor.simulator.says import session as says
from supervisor.simulator.wire.frames import FrameReader, WireError, frame, split_text
from supervisor.simulator.wire.message import encode
from supervisor.simulator.wire.requests import API_PREFIX, read_hello

UNRECORDED = "Server error when reading an API client request. the recording has no request {}"


class Script:
    """One recorded session: what is said to which request."""

    def __init__(self, entries: list[Entry]) -> None:
        said = [entry.payload for entry in entries if not entry.client]
        fields = split_text(said[0]) if said else []
        if len(fields) != 2 or not fields[0].isdigit():
            raise RecordingError("a session without a handshake")
        self.version = int(fields[0])
        self.handshake = said[0]
        self._entries = [entry for entry in entries if entry.payload is not said[0]]
        asked = [place for place, entry in enumerate(self._entries) if entry.client]
        self._asked = asked[1:]  # the first is the hello
        self._used: set[int] = set()

    def answer(self, payload: bytes) -> list[bytes] | None:
        """What was said to this request, with its id; None if it was never made."""
        number = number_of(payload, self.version)
        alike = [place for place in self._asked if number_of(self._entries[place].payload, self.version) == number]
        if not alike:
            return None
        same = [place for place in alike if self._words(self._entries[place].payload) == self._words(payload)]
        fresh = [place for place in same or alike if place not in self._used]
        place = (fresh or same or alike)[0]
        self._used.add(place)
        request = request_of(payload, self.version, asked=True)
        told = self._after(place)
        return told if request is None else [with_request(each, self.version, request, asked=False) for each in told]

    def _after(self, place: int) -> list[bytes]:
        """What follows the request at this place."""
        request = request_of(self._entries[place].payload, self.version, asked=True)
        told, before_next = [], True
        for entry in self._entries[place + 1 :]:
            if entry.client:
                before_next = False
                if request is not None and request_of(entry.payload, self.version, asked=True) == request:
                    break
                continue
            said = request_of(entry.payload, self.version, asked=False)
            if (request is not None and said == request) or (said in (None, -1) and before_next):
                told.append(entry.payload)
        return told

    def _words(self, payload: bytes) -> bytes:
        return with_request(payload, self.version, 0, asked=True)


class Replay:
    """A recording on a port, on `loop`; `close` it. Raises `RecordingError` if nothing can be played."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, entries: list[Entry], host: str, port: int, tell: Callable[[str], None]
    ) -> None:
        sessions = sorted({entry.session for entry in entries})
        self._sessions = [[entry for entry in entries if entry.session == number] for number in sessions]
        if not self._sessions:
            raise RecordingError("a recording without a session")
        self._scripts = [Script(each) for each in self._sessions]
        self._loop = loop
        self._tell = tell
        self._turn = 0
        self._links: set[Link] = set()
        self._listener = Listener(loop, host, port, self._accept)
        self._listener.open()
        self.port = self._listener.port
        self.version = self._scripts[0].version

    def close(self) -> None:
        """Give the port back and end every connection."""
        self._listener.close()
        for link in list(self._links):
            link.close()

    def _accept(self, sock: socket.socket) -> None:
        place = min(self._turn, len(self._sessions) - 1)
        self._turn += 1
        visit = _Visit(Script(self._sessions[place]), self._tell)
        visit.link = Link(self._loop, sock, self._links, visit.received, lambda: None)


class _Visit:
    """One connection."""

    link: Link

    def __init__(self, script: Script, tell: Callable[[str], None]) -> None:
        self._script = script
        self._tell = tell
        self._reader = FrameReader()
        self._prefixed = self._greeted = False

    def received(self, data: bytes) -> None:
        self._reader.feed(data)
        try:
            if not self._prefixed:
                if self._reader.take(len(API_PREFIX)) is None:
                    return
                self._prefixed = True
            for payload in self._reader.payloads():
                self._payload(payload)
        except WireError as error:
            self._tell(f"a client is dropped: {error}")
            self.link.finish()

    def _payload(self, payload: bytes) -> None:
        script = self._script
        if not self._greeted:
            newest = read_hello(payload)
            if newest < script.version:
                raise WireError(f"it speaks up to {newest}, the recording is of {script.version}")
            self._greeted = True
            self.link.send(frame(script.handshake))
            return
        told = script.answer(payload)
        if told is None:
            number = number_of(payload, script.version)
            self._tell(f"request {number} was never recorded")
            told_now = says.error(-1, 320, UNRECORDED.format(number), 0)
            self.link.send(encode(told_now, script.version))
            return
        for each in told:
            self.link.send(frame(each))
