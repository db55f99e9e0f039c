"""The gate over HTTP: `/api/v1/gates`, and `/api/v1/gates/{name}` with a long poll.

- 200 is open. 503 is closed, or a lease that has ended because the loop stands still.
- `?wait=30s` waits for open. At most `MOST` requests wait at a time, and one whose client has left waits no more.
- The lease is passed on as it was decided. Waiting makes no answer older than its sending.
"""

import asyncio
import contextlib
import json

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from supervisor.core.calendar.durations import seconds_of
from supervisor.core.model.snapshot import Snapshot
from supervisor.observe.gate.body import body, left
from supervisor.observe.gate.reader import since_boot
from supervisor.observe.web.backend import Backend
from supervisor.observe.web.protocol import Connection

LONGEST = 60.0
"""Seconds that a request may wait."""
MOST = 128
"""Requests that wait at a time."""
STALLED = 0.1
"""Seconds between two looks at a gate that is open without a lease: that the loop turns again is told by nobody."""
RETRY = "1"
"""Seconds after which a client that was one too many should ask again."""


class Gates:
    """The answers, and all requests that wait. Made and used on the web server's loop."""

    def __init__(self, backend: Backend, most: int = MOST) -> None:
        self._backend = backend
        self._most = most
        self._loop = asyncio.get_running_loop()
        self._news = asyncio.Event()
        self._waiting = 0
        self._announcing = False
        self._closed = False
        backend.gates.watch(self._told)

    def close(self) -> None:
        """Answer all that wait."""
        self._closed = True
        self._backend.gates.unwatch(self._told)
        self._announce()

    async def all(self, request: Request) -> Response:
        """Every gate."""
        boot = since_boot()
        return _answer({"gates": [body(snapshot, boot) for snapshot in self._backend.snapshots()]}, 200)

    async def one(self, request: Request) -> Response:
        """One gate, at once or when it is open."""
        name: str = request.path_params["name"]
        patience = _patience(request.query_params.get("wait"))
        snapshot = self._snapshot(name)
        if patience > 0 and not _is_open(snapshot):
            if self._waiting >= self._most:
                raise HTTPException(503, f"{self._most} requests wait already", headers={"Retry-After": RETRY})
            snapshot = await self._opened(name, patience, request)
        fields = body(snapshot, since_boot())
        return _answer(fields, 200 if fields["open"] else 503)

    async def _opened(self, name: str, patience: float, request: Request) -> Snapshot:
        """The gate when it is open, or when the time is over. Raises HTTPException if the gateway leaves."""
        connection: Connection = request.scope["state"]["connection"]
        connection.wait()
        deadline = self._loop.time() + patience
        gone = asyncio.ensure_future(_disconnected(request))
        self._waiting += 1
        try:
            while True:
                news, snapshot = self._news, self._snapshot(name)
                rest = deadline - self._loop.time()
                if self._closed or gone.done() or rest <= 0 or _is_open(snapshot):
                    return snapshot
                told = asyncio.ensure_future(news.wait())
                await asyncio.wait(
                    {told, gone},
                    timeout=min(rest, STALLED) if snapshot.gate.open else rest,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                told.cancel()
        finally:
            self._waiting -= 1
            gone.cancel()

    def _snapshot(self, name: str) -> Snapshot:
        for snapshot in self._backend.snapshots():
            if snapshot.policy.name == name:
                return snapshot
        raise HTTPException(404, f"there is no gateway {name!r}")

    def _told(self) -> None:
        if self._announcing or not self._waiting:  # to wake this loop is dear
            return
        self._announcing = True
        with contextlib.suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self._announce)

    def _announce(self) -> None:
        self._announcing = False  # first, so that what is told from now on is announced again
        news, self._news = self._news, asyncio.Event()
        news.set()


def _is_open(snapshot: Snapshot) -> bool:
    return snapshot.gate.open and left(snapshot, since_boot()) > 0


def _patience(said: str | None) -> float:
    if not said:
        return 0.0
    seconds = seconds_of(said)
    if seconds is None or not 0 <= seconds <= LONGEST:
        raise HTTPException(400, f"wait is a duration such as 30s, at most {LONGEST:.0f}s")
    return seconds


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _answer(fields: object, code: int) -> Response:
    headers = {"Cache-Control": "no-store"}
    return Response(f"{json.dumps(fields)}\n", code, media_type="application/json", headers=headers)
