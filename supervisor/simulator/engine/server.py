"""The simulated gateway itself: listener, sessions, what is wrong, and the steps that change it. On one asyncio loop.

Rules
- `Behaviour` says what is wrong, `agree` makes listener and connections agree with it: after every change, nothing
  else does.
- A fault with `for` heals itself after that time; beginning it again replaces the time; `heal` cancels all.
- A step is done when its effect is on its way; how long it lasts is not waited for.
"""

import asyncio
import socket
from collections import Counter
from collections.abc import Callable, Mapping

from supervisor.frozen import dataclass, replace
from supervisor.simulator.answers.desk import Moment
from supervisor.simulator.answers.general import next_id
from supervisor.simulator.answers.orders import executions, open_orders, working
from supervisor.simulator.behaviour.faults import Behaviour, Fault
from supervisor.simulator.clock import Clock, sleep
from supervisor.simulator.connection.link import Link
from supervisor.simulator.connection.listening import Listener
from supervisor.simulator.connection.session import ClientSession
from supervisor.simulator.engine import states
from supervisor.simulator.engine.market import Market
from supervisor.simulator.engine.timers import Timers
from supervisor.simulator.says import session as says
from supervisor.simulator.scenario.files import Scenario
from supervisor.simulator.scenario.words import SETTING_OF, Step
from supervisor.simulator.state.orders import Fills
from supervisor.simulator.wire.message import Message

MOST_CLIENTS = 32
"""API clients a gateway takes; further ones are accepted and closed at once."""

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

    `on_event` gets a line for people about each step and client. `acts` are the words that are neither faults nor
    settings.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        scenario: Scenario,
        host: str,
        port: int,
        clock: Clock,
        on_event: Callable[[str], None],
        acts: Mapping[str, "Act"],
    ) -> None:
        self._loop = loop
        self.scenario = scenario
        self.host = host
        self.clock = clock
        self._on_event = on_event
        self._acts = acts
        self.settings = scenario.settings
        self.behaviour = Behaviour()
        self.market = Market(self, scenario)
        self.world, self.broker = self.market.world, self.market.broker
        self.timers = Timers(clock, self.agree)
        self._links: set[Link] = set()
        self._sessions: dict[ClientSession, None] = {}  # in the order they came
        self._ids: dict[int, ClientSession | float] = {}  # who has a client id, or until when its ghost has it
        self._home = Listener(loop, host, port, self.accept)
        self.listeners = [self._home]  # every port it ever had; the last one is in use
        self._steps: asyncio.Task[None] | None = None
        self._closed = False
        self._said: set[str] = set()
        self.received: Counter[int] = Counter()
        self.connections_accepted = 0

    def start(self) -> None:
        """Listen, and begin to play the scenario's steps."""
        self.agree()
        if self.scenario.steps:
            self._steps = self._loop.create_task(self._play())

    def close(self) -> None:
        """Give back the port, every connection and every timer."""
        self._closed = True
        self.market.close()
        if self._steps is not None:
            self._steps.cancel()
        self.timers.cancel_all()
        for listener in self.listeners:
            listener.close()
        for link in list(self._links):
            link.close()

    @property
    def port(self) -> int:
        """The port it listens on, or would if it did not refuse."""
        return self.listeners[-1].port

    @property
    def clients(self) -> list[Client]:
        """Everybody connected, whatever their stage."""
        return [Client(each.client_id, each.server_version, each.ready) for each in self._sessions]

    # What sessions need of their gateway

    def moment(self) -> Moment:
        """The gateway as it is now."""
        return Moment(self.settings, self.behaviour, self.world, self.clock.wall(), self.clock.time())

    def greeting(self, client_id: int) -> list[Message]:
        """What a client is told once it has sent START_API: the session is ready with the first two."""
        now = self.moment()
        said = [says.managed_accounts(self.settings.accounts), says.next_valid_id(next_id(client_id, now))]
        said += [now.notice(-1, *each) for each in states.greeting(self.settings, self.behaviour)]
        if self.settings.push_orders or client_id == self.settings.master_client_id:
            said += open_orders(working(now)) + executions(-1, self.world.executions, now)
        return said

    def claim(self, session: ClientSession, client_id: int) -> bool:
        """Take the client id, unless another session or a ghost has it."""
        holder = self._ids.get(client_id)
        if isinstance(holder, ClientSession) or (holder is not None and holder > self.clock.time()):
            return False
        self._ids[client_id] = session
        return True

    def ended(self, session: ClientSession) -> None:
        """Forget the session; its client id is free, or a ghost's."""
        self._sessions.pop(session, None)
        if session.client_id is not None and self._ids.get(session.client_id) is session:
            del self._ids[session.client_id]
            if Fault.GHOST in self.behaviour:
                self.haunt(session.client_id, self.behaviour.number(Fault.GHOST, "for"))
        if not self._closed:
            self.tell(f"{session} is gone")

    def heard(self, session: ClientSession, number: int) -> None:
        """Count a request."""
        self.received[number] += 1

    def stirred(self) -> None:
        """A request was answered: the market may have something to do."""
        self.market.wake()

    def refused(self, session: ClientSession, name: str) -> None:
        """Say once of each kind of request that it is not done."""
        if name not in self._said:
            self._said.add(name)
            self.tell(f"{session} asked for {name}, which the simulated gateway does not do")

    def tell(self, text: str) -> None:
        """Hand an event to all that listen."""
        self._on_event(text)

    # Steps

    async def do(self, step: Step) -> Result:
        """Carry out a step with all its repetitions, `after` included; raises OSError if a port cannot be had."""
        await sleep(self.clock, step.after)
        result: Result = {}
        begun = self.clock.time()
        for turn in range(step.times):
            await sleep(self.clock, begun + turn * step.every - self.clock.time() if turn else 0.0)
            result = self._carry_out(step.do, step.arguments)
        return result

    async def _play(self) -> None:
        turn = 0
        while self.scenario.repeat is None or turn < self.scenario.repeat:
            for step in self.scenario.steps:
                try:
                    await self.do(step)
                except (OSError, ValueError) as error:
                    self.tell(f"{step.do} failed: {error}")
            turn += 1
            await asyncio.sleep(0)

    def _carry_out(self, word: str, arguments: Arguments) -> Result:
        if word == "state":
            return self.state()
        shown = ", ".join(f"{key}={value}" for key, value in arguments.items() if value is not None)
        self.tell(f"{word} {shown}".rstrip())
        result: Result = {}
        act = self._acts.get(word)
        if act is not None:
            result = act(self, arguments) or {}
        elif word in SETTING_OF or word == "fills":
            self._change(word, arguments)
        else:
            self.begin(Fault(word), arguments)
        self.agree()
        return result

    def state(self) -> Result:
        """What it is like now, as plain values for JSON."""
        return {
            "port": self.port,
            "listening": self.listeners[-1].listening,
            "server_version": self.settings.server_version,
            "accounts": list(self.settings.accounts),
            "next_valid_id": self.settings.next_valid_id,
            "clock": self.settings.clock_text(self.clock.wall()),
            "faults": {word: dict(arguments) for word, arguments in self.behaviour.active.items()},
            "clients": [
                {"client_id": each.client_id, "server_version": each.server_version, "ready": each.ready}
                for each in self.clients
            ],
            "orders": [
                {"client": key.client_id, "order": key.order_id, "status": str(report.status), "filled": report.filled}
                for key, report in self.world.reports.items()
            ],
            "positions": [
                {"account": account, "contract": row.local_symbol, "quantity": quantity}
                for account, row, quantity in self.world.holdings
            ],
            "connections_accepted": self.connections_accepted,
            "received": {str(number): count for number, count in sorted(self.received.items())},
        }

    def begin(self, fault: Fault, arguments: Arguments, then: Callable[[], None] = lambda: None) -> None:
        """Something goes wrong; `then` is called when its `for` is over."""
        client_id = arguments.get("client_id")
        if fault is Fault.GHOST and isinstance(client_id, int):
            if not isinstance(self._ids.get(client_id), ClientSession):
                self.haunt(client_id, seconds(arguments, "for"))
            return
        if fault in self.behaviour:
            self.end(fault)
        for ended in self.behaviour.begin(fault, arguments):
            self.timers.cancel(ended)
        if fault is Fault.REFUSE and arguments.get("sessions") != "keep":
            self.listeners[-1].refuse()  # first, or a client that comes back at once is accepted, and then reset
            self.reset_all()
        states.begin(fault, self)
        if fault is Fault.GHOST:  # its `for` is how long an id is kept, not how long this goes on
            return

        def heal() -> None:
            self.end(fault)
            self.tell(f"{fault} is over")
            then()

        self.timers.after(fault, seconds(arguments, "for"), heal)

    def end(self, fault: Fault) -> None:
        """It is right again."""
        if fault in self.behaviour:
            states.end(fault, self)
            self.behaviour.end(fault)
            states.ended(fault, self)
        self.timers.cancel(fault)

    def _change(self, word: str, arguments: Arguments) -> None:
        before = self.settings
        changed: dict[str, object] = {
            SETTING_OF[word][name]: value
            for name, value in arguments.items()
            if word in SETTING_OF and name != "for" and value is not None
        }
        if word == "fills":
            changed["fills"] = Fills(str(arguments["mode"]), whole(arguments, "parts"), seconds(arguments, "apart"))
        self.settings = replace(before, **changed)  # type: ignore[arg-type]  # the vocabulary has checked the types
        if word == "next_valid_id":
            self.world.exchange.forget_ids()

        def undo() -> None:
            self.settings = replace(self.settings, **{name: getattr(before, name) for name in changed})
            self.tell(f"{word} is over")

        self.timers.after(word, seconds(arguments, "for"), undo)

    def agree(self) -> None:
        """Make listener, connections and market agree with what is wrong."""
        self.market.agree()
        for old in self.listeners[:-1]:
            old.refuse()
        listener = self.listeners[-1]
        frozen = Fault.FREEZE in self.behaviour
        if Fault.REFUSE in self.behaviour:
            listener.refuse()
        else:
            listener.open()
        (listener.freeze if frozen else listener.thaw)()
        slow = Fault.SLOW_WRITES in self.behaviour
        number = self.behaviour.number
        pace = (int(number(Fault.SLOW_WRITES, "bytes")), number(Fault.SLOW_WRITES, "gap")) if slow else None
        for link in list(self._links):
            link.pace = pace
            (link.freeze if frozen else link.thaw)()

    def accept(self, sock: socket.socket) -> None:
        """A new connection."""
        self.connections_accepted += 1
        if len(self._sessions) >= MOST_CLIENTS:
            self.tell(f"a client more than {MOST_CLIENTS} is dropped")
            sock.close()
            return
        session = ClientSession(self, self._loop, sock, self._links)
        self._sessions[session] = None
        if self.behaviour.door is Fault.CLOSE_ON_ACCEPT:
            how = self.behaviour.choice(Fault.CLOSE_ON_ACCEPT, "how")
            (session.link.reset if how == "rst" else session.link.finish)()
        self.agree()

    def listen(self, port: int) -> Listener:
        """A further port of this gateway; raises OSError if it is taken."""
        return Listener(self._loop, self.host, port, self.accept)

    def use(self, listener: Listener) -> None:
        """This is the port from now on."""
        self.listeners = [other for other in self.listeners if other is not listener] + [listener]

    def haunt(self, client_id: int, seconds: float) -> None:
        """A client id stays occupied for so long."""
        self._ids[client_id] = self.clock.time() + seconds

    def reset_all(self) -> None:
        """Every connection ends with an RST."""
        for link in list(self._links):
            link.reset()

    @property
    def sessions(self) -> list[ClientSession]:
        """Everybody connected."""
        return list(self._sessions)

    @property
    def started(self) -> list[ClientSession]:
        """Every client that has started."""
        return [session for session in self._sessions if session.started]

    def notice(self, request: int, code: int, text: str) -> int:
        """Tell a code to every client that has started; returns how many there are."""
        told = self.started
        for session in told:
            session.notice(request, code, text)
        return len(told)

    def go_home(self) -> None:
        """Everything as the head of the scenario says, on the first port."""
        for fault in Fault:
            self.end(fault)
        self.timers.cancel_all()
        self._ids = {client_id: holder for client_id, holder in self._ids.items() if isinstance(holder, ClientSession)}
        self.settings = self.scenario.settings
        self.world.prices.unpin()
        self.use(self._home)


Act = Callable[[Server, Arguments], Result | None]
"""A word that is done at once."""


def seconds(arguments: Arguments, name: str) -> float:
    """A duration among the arguments; 0 if it is not there."""
    value = arguments.get(name)
    return float(value) if isinstance(value, int | float) else 0.0


def whole(arguments: Arguments, name: str) -> int:
    """A whole number among the arguments; 0 if it is not there."""
    value = arguments.get(name)
    return value if isinstance(value, int) else 0
