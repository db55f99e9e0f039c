"""The control socket: steps as JSON lines on loopback, carried out while the gateway runs.

```
> {"do": "notice", "code": 1100, "text": "Connectivity between IBKR and Trader Workstation has been lost."}
< {"ok": true, "clients": 1}
> {"do": "refuse", "for": "10s"}
< {"ok": true}
> {"do": "state"}
< {"ok": true, "port": 4002, "listening": true, ...}
> {"do": "dance"}
< {"ok": false, "error": "do: \"dance\" is unknown; known are ..."}
```

Rules
- One step a line, one answer a line, in order; an answer comes when the step is carried out.
- Lines of a client that leaves, or half-closes as `nc -N` does, are carried out all the same; the last line needs no
  end.
- A bad line costs an answer, a line over 1 MiB its connection; nothing ends the gateway.
- Listens on 127.0.0.1 alone: a client that may connect may do everything.
"""

import asyncio
import json
import socket
from collections import deque

from supervisor.simulator.connection.link import Link
from supervisor.simulator.connection.listening import Listener
from supervisor.simulator.engine.server import Result, Server
from supervisor.simulator.scenario.files import ScenarioError, checked_step

LOOPBACK = "127.0.0.1"
_LONGEST = 1 << 20


class Control:
    """The control socket of one gateway, on its loop; raises OSError if the port is taken."""

    def __init__(self, loop: asyncio.AbstractEventLoop, server: Server, port: int) -> None:
        self._loop = loop
        self._server = server
        self._links: set[Link] = set()
        self._visits: set[_Visit] = set()
        self._listener = Listener(loop, LOOPBACK, port, self._accept)
        self._listener.open()
        self.port = self._listener.port

    def close(self) -> None:
        """Give back the port and end every visit."""
        self._listener.close()
        for link in list(self._links):
            link.close()
        for visit in list(self._visits):
            visit.abandon()

    def _accept(self, sock: socket.socket) -> None:
        visit = _Visit(self._loop, self._server, self._visits)
        visit.link = Link(self._loop, sock, self._links, visit.received, visit.ended, visit.no_more)


class _Visit:
    """One connection to the control socket."""

    link: Link

    def __init__(self, loop: asyncio.AbstractEventLoop, server: Server, visits: "set[_Visit]") -> None:
        self._loop = loop
        self._server = server
        self._visits = visits
        self._pending = bytearray()
        self._lines: deque[bytes] = deque()
        self._task: asyncio.Task[None] | None = None
        self._leaving = False  # no more lines come
        visits.add(self)

    def received(self, data: bytes) -> None:
        self._pending += data
        *lines, rest = bytes(self._pending).split(b"\n")
        self._pending = bytearray(rest)
        self._lines += lines
        if len(rest) > _LONGEST:
            self._say({"ok": False, "error": f"a line of more than {_LONGEST} bytes"})
            self.link.finish()
        else:
            self._work_on()

    def no_more(self) -> None:
        """The visitor has said everything; what it said is still to be done and answered."""
        self._leaving = True
        self._lines.append(bytes(self._pending))
        self._work_on()

    def ended(self) -> None:
        """Nobody hears the answers any more."""
        self._leaving = True
        self._work_on()

    def abandon(self) -> None:
        """Leave undone what is not done."""
        if self._task is not None:
            self._task.cancel()

    def _work_on(self) -> None:
        if self._task is None and (self._lines or self._leaving):
            self._task = self._loop.create_task(self._work())

    async def _work(self) -> None:
        while self._lines:
            line = self._lines.popleft()
            if line.strip():
                self._say(await self._answer(line))
        self._task = None
        if self._leaving:
            self._visits.discard(self)
            self.link.finish()

    async def _answer(self, line: bytes) -> Result:
        try:
            step = checked_step(json.loads(line))
            return {"ok": True, **await self._server.do(step)}
        except ScenarioError as error:
            return {"ok": False, "error": "; ".join(error.faults)}
        except (ValueError, RecursionError):
            return {"ok": False, "error": "not JSON; write a line such as " + '{"do": "state"}'}
        except OSError as error:
            return {"ok": False, "error": str(error)}

    def _say(self, answer: Result) -> None:
        self.link.send(json.dumps(answer).encode() + b"\n")
