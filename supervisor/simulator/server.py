"""The simulated gateway itself: listener, sessions, what is wrong, and the steps that change it. On one asyncio loop.

Rules
- `Behaviour` says what is wrong, `_agree` makes listener and connections agree with it: after every change, nothing
  else does.
- A fault with `for` heals itself after that time; beginning it anew replaces the time; `heal` cancels all.
- A step is done when its effect is on its way; how long it lasts is not waited for.
"""

import asyncio
import socket
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from supervisor.simulator.answers import Moment
from supervisor.simulator.badbytes import exact_read, garbage, oversize
from supervisor.simulator.behaviour import Behaviour, Fault
from supervisor.simulator.link import Link
from supervisor.simulator.listening import Listener
from supervisor.simulator.scenario import Scenario
from supervisor.simulator.session import Session
from supervisor.simulator.words import SETTING_OF, Step

MOST_CLIENTS = 32
"""API clients a gateway takes; further ones are accepted and closed at once."""

PORT_CHANGED = 1300
_PORT_TEXT = (
    "Socket port has been reset and this connection is being dropped.\nPlease reconnect on the new port -{port}"
)

Arguments = Mapping[str, object]
Result = dict[str, object]


@dataclass(frozen=True, slots=True)
class Client:
    """A connected API client; `client_id` is None until START_API, `server_version` until the hello."""

    client_id: int | None
    server_version: int | None
    ready: bool


class Server:
    """One simulated gateway on `loop`; make it, `start` it, `do` steps, `close` it, all on that loop.

    `wall` gives the true time in Unix seconds; `on_event` gets a line for people about each step and client.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        scenario: Scenario,
        host: str,
        port: int,
        wall: Callable[[], float] = time.time,
        on_event: Callable[[str], None] = lambda text: None,
    ) -> None:
        self._loop = loop
        self._scenario = scenario
        self._host = host
        self._wall = wall
        self._on_event = on_event
        self._settings = scenario.settings
        self._behaviour = Behaviour()
        self._links: set[Link] = set()
        self._sessions: dict[Session, None] = {}  # in the order they came
        self._ids: dict[int, Session | float] = {}  # who has a client id, or until when its ghost has it
        self._timers: dict[str, asyncio.TimerHandle] = {}  # what heals itself, by its word
        self._home = Listener(loop, host, port, self._accept)
        self._listeners = [self._home]  # every port it ever had; the last one is in use
        self._steps: asyncio.Task[None] | None = None
        self._closed = False
        self.received: Counter[int] = Counter()
        self.connections_accepted = 0

    def start(self) -> None:
        """Listen, and begin to play the scenario's steps."""
        self._agree()
        if self._scenario.steps:
            self._steps = self._loop.create_task(self._play())

    def close(self) -> None:
        """Give back the port, every connection and every timer."""
        self._closed = True
        if self._steps is not None:
            self._steps.cancel()
        self._cancel_timers()
        for listener in self._listeners:
            listener.close()
        for link in list(self._links):
            link.close()

    @property
    def port(self) -> int:
        """The port it listens on, or would if it did not refuse."""
        return self._listeners[-1].port

    @property
    def clients(self) -> list[Client]:
        """Everybody connected, whatever their stage."""
        return [Client(each.client_id, each.server_version, each.ready) for each in self._sessions]

    # What sessions need of their gateway

    def moment(self) -> Moment:
        """The gateway as it is now."""
        return Moment(self._settings, self._behaviour, self._wall(), self._loop.time())

    def claim(self, session: Session, client_id: int) -> bool:
        """Take the client id, unless another session or a ghost has it."""
        holder = self._ids.get(client_id)
        if isinstance(holder, Session) or (holder is not None and holder > self._loop.time()):
            return False
        self._ids[client_id] = session
        return True

    def ended(self, session: Session) -> None:
        """Forget the session; its client id is free, or a ghost's."""
        self._sessions.pop(session, None)
        if session.client_id is not None and self._ids.get(session.client_id) is session:
            del self._ids[session.client_id]
            if Fault.GHOST in self._behaviour:
                self._haunt(session.client_id, self._behaviour.number(Fault.GHOST, "for"))
        if not self._closed:
            self.tell(f"{session} is gone")

    def heard(self, session: Session, number: int) -> None:
        """Count a request."""
        self.received[number] += 1

    def tell(self, text: str) -> None:
        """Hand an event to whoever listens."""
        self._on_event(text)

    # Steps

    async def do(self, step: Step) -> Result:
        """Carry out a step with all its repetitions, `after` included; raises OSError if a port cannot be had."""
        await asyncio.sleep(step.after)
        result: Result = {}
        begun = self._loop.time()
        for turn in range(step.times):
            await asyncio.sleep(max(0.0, begun + turn * step.every - self._loop.time()) if turn else 0.0)
            result = self._carry_out(step.do, step.arguments)
        return result

    async def _play(self) -> None:
        turn = 0
        while self._scenario.repeat is None or turn < self._scenario.repeat:
            for step in self._scenario.steps:
                try:
                    await self.do(step)
                except OSError as error:
                    self.tell(f"{step.do} failed: {error}")
            turn += 1
            await asyncio.sleep(0)

    def _carry_out(self, word: str, arguments: Arguments) -> Result:
        if word == "state":
            return self.state()
        shown = ", ".join(f"{key}={value}" for key, value in arguments.items() if value is not None)
        self.tell(f"{word} {shown}".rstrip())
        special = self._special.get(word)
        if special is not None:
            result = special(self, arguments) or {}
        elif word in SETTING_OF:
            result = {}
            self._change(word, arguments)
        else:
            result = {}
            self._begin(Fault(word), arguments)
        self._agree()
        return result

    def state(self) -> Result:
        """What it is like now, as plain values for JSON."""
        return {
            "port": self.port,
            "listening": self._listeners[-1].listening,
            "server_version": self._settings.server_version,
            "accounts": list(self._settings.accounts),
            "next_valid_id": self._settings.next_valid_id,
            "clock": self._settings.clock_text(self._wall()),
            "faults": {word: dict(arguments) for word, arguments in self._behaviour.active.items()},
            "clients": [
                {"client_id": each.client_id, "server_version": each.server_version, "ready": each.ready}
                for each in self.clients
            ],
            "connections_accepted": self.connections_accepted,
            "received": {str(number): count for number, count in sorted(self.received.items())},
        }

    def _begin(self, fault: Fault, arguments: Arguments, then: Callable[[], None] = lambda: None) -> None:
        client_id = arguments.get("client_id")
        if fault is Fault.GHOST and isinstance(client_id, int):
            if not isinstance(self._ids.get(client_id), Session):
                self._haunt(client_id, _seconds(arguments, "for"))
            return
        for ended in self._behaviour.begin(fault, arguments):
            self._cancel_timer(ended)
        if fault is Fault.REFUSE and arguments.get("sessions") != "keep":
            self._reset_all()
        if fault is Fault.GHOST:  # its `for` is how long an id is kept, not how long this goes on
            return

        def heal() -> None:
            self._behaviour.end(fault)
            self.tell(f"{fault} is over")
            then()

        self._for(fault, _seconds(arguments, "for"), heal)

    def _change(self, word: str, arguments: Arguments) -> None:
        before = self._settings
        changed = {
            SETTING_OF[word][name]: value for name, value in arguments.items() if name != "for" and value is not None
        }
        self._settings = replace(before, **changed)  # type: ignore[arg-type]  # the vocabulary has checked the types

        def undo() -> None:
            self._settings = replace(self._settings, **{name: getattr(before, name) for name in changed})
            self.tell(f"{word} is over")

        self._for(word, _seconds(arguments, "for"), undo)

    def _for(self, word: str, seconds: float, over: Callable[[], None]) -> None:
        """Do `over` after so many seconds, unless the word is said again before; 0: never."""
        self._cancel_timer(word)
        if seconds:

            def due() -> None:
                del self._timers[word]
                over()
                self._agree()

            self._timers[word] = self._loop.call_later(seconds, due)

    def _cancel_timer(self, word: str) -> None:
        timer = self._timers.pop(word, None)
        if timer is not None:
            timer.cancel()

    def _cancel_timers(self) -> None:
        for word in list(self._timers):
            self._cancel_timer(word)

    def _agree(self) -> None:
        """Make listener and connections agree with what is wrong."""
        for old in self._listeners[:-1]:
            old.refuse()
        listener = self._listeners[-1]
        frozen = Fault.FREEZE in self._behaviour
        if Fault.REFUSE in self._behaviour:
            listener.refuse()
        else:
            listener.open()
        (listener.freeze if frozen else listener.thaw)()
        slow = Fault.SLOW_WRITES in self._behaviour
        number = self._behaviour.number
        pace = (int(number(Fault.SLOW_WRITES, "bytes")), number(Fault.SLOW_WRITES, "gap")) if slow else None
        for link in list(self._links):
            link.pace = pace
            (link.freeze if frozen else link.thaw)()

    def _accept(self, sock: socket.socket) -> None:
        self.connections_accepted += 1
        if len(self._sessions) >= MOST_CLIENTS:
            self.tell(f"a client more than {MOST_CLIENTS} is dropped")
            sock.close()
            return
        session = Session(self, self._loop, sock, self._links)
        self._sessions[session] = None
        if self._behaviour.door is Fault.CLOSE_ON_ACCEPT:
            how = self._behaviour.choice(Fault.CLOSE_ON_ACCEPT, "how")
            (session.link.reset if how == "rst" else session.link.finish)()
        self._agree()

    def _use(self, listener: Listener) -> None:
        self._listeners = [other for other in self._listeners if other is not listener] + [listener]

    def _haunt(self, client_id: int, seconds: float) -> None:
        self._ids[client_id] = self._loop.time() + seconds

    def _reset_all(self) -> None:
        for link in list(self._links):
            link.reset()

    def _started(self) -> list[Session]:
        return [session for session in self._sessions if session.started]

    # Words that are done at once

    def _notice(self, arguments: Arguments) -> Result:
        told = self._started()
        for session in told:
            session.notice(_whole(arguments, "request"), _whole(arguments, "code"), str(arguments["text"]))
        return {"clients": len(told)}

    def _garbage(self, arguments: Arguments) -> None:
        for session in self._started():
            session.link.send(garbage(str(arguments["mode"]), session.dialect))

    def _oversize(self, arguments: Arguments) -> None:
        for session in self._started():
            session.link.send(oversize(_whole(arguments, "size"), session.dialect, self.moment().millis))

    def _burst(self, arguments: Arguments) -> Result:
        frames = 0
        for session in self._started():
            burst, frames = exact_read(session.dialect, self.moment().millis)
            session.link.send(burst)
            session.link.hold(_seconds(arguments, "quiet"))
        return {"frames": frames}

    def _accept_again(self, _: Arguments) -> None:
        self._end(Fault.REFUSE)

    def _thaw(self, _: Arguments) -> None:
        self._end(Fault.FREEZE)

    def _end(self, fault: Fault) -> None:
        self._behaviour.end(fault)
        self._cancel_timer(fault)

    def _move(self, arguments: Arguments) -> Result:
        """Tell code 1300, end the sessions, listen elsewhere; the old port stays ours and refuses."""
        port = _whole(arguments, "port")
        kept = [listener for listener in self._listeners if listener.port == port]
        moved = kept[0] if kept else Listener(self._loop, self._host, port, self._accept)
        self._use(moved)
        for session in self._started():
            session.notice(-1, PORT_CHANGED, _PORT_TEXT.format(port=moved.port))
        self._finish(arguments)
        return {"port": moved.port}

    def _restart(self, arguments: Arguments) -> None:
        then = arguments["then"]

        def up_again() -> None:
            if then is not None:
                self._begin(Fault(str(then)), {"for": arguments["then_for"], "how": "fin"})

        self._begin(Fault.REFUSE, {"for": arguments["for"], "sessions": "drop"}, up_again)

    def _reset(self, _: Arguments) -> None:
        self._reset_all()

    def _finish(self, _: Arguments) -> None:
        for session in list(self._sessions):
            session.link.finish()

    def _half_open(self, _: Arguments) -> None:
        for session in list(self._sessions):
            session.go_deaf()

    def _heal(self, _: Arguments) -> None:
        """Everything as the head of the scenario says, on the first port."""
        self._behaviour.clear()
        self._cancel_timers()
        self._ids = {client_id: holder for client_id, holder in self._ids.items() if isinstance(holder, Session)}
        self._settings = self._scenario.settings
        self._use(self._home)

    _special: Mapping[str, Callable[["Server", Arguments], Result | None]] = {
        "notice": _notice,
        "garbage": _garbage,
        "oversize": _oversize,
        "burst_4096": _burst,
        "accept_again": _accept_again,
        "thaw": _thaw,
        "port_changed": _move,
        "restart": _restart,
        "rst": _reset,
        "fin": _finish,
        "half_open": _half_open,
        "heal": _heal,
    }


def _seconds(arguments: Arguments, name: str) -> float:
    value = arguments.get(name)
    return float(value) if isinstance(value, int | float) else 0.0


def _whole(arguments: Arguments, name: str) -> int:
    value = arguments[name]
    return value if isinstance(value, int) else 0
