"""Every address of the web side, and what it answers.

- What takes time (a page of metrics) or waits (the loop) is done beside the web server's own loop.
- Errors are plain sentences.
"""

import base64
import gzip
import json
import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import partial
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from supervisor.core.model.events import OperatorEvent, RungApproved, RungAsked
from supervisor.frozen import replace
from supervisor.observe.journal.place import HistoryError
from supervisor.observe.metrics.exposition import Exposition, gzip_accepted
from supervisor.observe.web.access.guard import MAY_CHANGE, Admit, Guard, who
from supervisor.observe.web.backend import Backend
from supervisor.observe.web.control import ASKS, BadRequest, event_of, fields_of
from supervisor.observe.web.gates import Gates
from supervisor.observe.web.history_json import BadPeriod, history_json, period
from supervisor.observe.web.pages import details
from supervisor.observe.web.pages.overview import overview
from supervisor.observe.web.pages.shell import ICON, OPENAPI, POLICY
from supervisor.observe.web.past_json import More, more, with_more
from supervisor.observe.web.protocol import Limits
from supervisor.observe.web.status_json import instant, status
from supervisor.observe.web.stream import Streams, as_json
from supervisor.observe.web.threads import BoundedExecutor

LONGEST_BODY = 64 * 1024
EVENTS = 100
MOST_EVENTS = 1000
CHUNK = 64 * 1024
"""Bytes of a page of metrics handed to a client at a time."""
GZIP_LEVEL = 1
"""This level already gives a tenth of the size. A higher one takes several times as long and saves little."""


class Site:
    """The answers. Made on the web server's loop."""

    def __init__(self, backend: Backend, exposition: Exposition, limits: Limits) -> None:
        self._backend = backend
        self._exposition = exposition
        self._pages = BoundedExecutor("ib-web-page", 2)
        self._asks = BoundedExecutor("ib-web-ask", 4)
        self._past = BoundedExecutor("ib-web-history", 1)
        self._named = False
        """Whether whoever asks has proved a name."""
        self.streams = Streams(backend.events, limits)
        self.gates = Gates(backend)
        self._scraped: datetime | None = None

    def app(
        self, hosts: Iterable[str] = (), admit: Admit | None = None, certified: bool = False, wide: bool = False
    ) -> ASGIApp:
        """The whole application behind its `Guard`, which explains what it is given."""
        asks = [
            Route(f"/api/v1/gateways/{{name}}/{what}", partial(self._control, what), methods=["POST"]) for what in ASKS
        ]
        routes = [
            Route("/", self._page),
            Route("/gateways/{name}", self._details),
            Route("/favicon.svg", self._icon),
            Route("/metrics", self._metrics),
            Route("/-/healthy", self._healthy),
            Route("/-/ready", self._ready),
            Route("/-/reload", self._reload, methods=["POST"]),
            Route("/api/v1/openapi.json", self._description),
            Route("/api/v1/status", self._status),
            Route("/api/v1/gates", self.gates.all),
            Route("/api/v1/gates/{name}", self.gates.one),
            Route("/api/v1/history", self._history),
            Route("/api/v1/events", self._events),
            Route("/api/v1/events/stream", self._stream),
            Route("/api/v1/scrape", self._scrape),
            *asks,
        ]
        self._named = admit is not None
        app = Starlette(routes=routes, exception_handlers={HTTPException: _refused, Exception: _defect})
        app.router.redirect_slashes = False
        return Guard(app, hosts, admit, certified, wide)

    # -- looking ------------------------------------------------------------------------------------------------------

    async def _metrics(self, request: Request) -> Response:
        accept, smaller = request.headers.get("accept"), _takes_gzip(request.headers.get("accept-encoding", ""))

        def answer() -> tuple[bytes, str]:
            body, content_type = self._exposition.page(accept)
            return (gzip.compress(body, GZIP_LEVEL) if smaller else body), content_type

        if "prometheus" in request.headers.get("user-agent", "").lower():
            self._scraped = self._backend.now()
        body, content_type = await self._pages.do(answer)
        chunks = (body[begin : begin + CHUNK] for begin in range(0, len(body), CHUNK))
        headers = {"content-type": content_type, "content-length": str(len(body)), "vary": "Accept, Accept-Encoding"}
        headers |= {"content-encoding": "gzip"} if smaller else {}
        return StreamingResponse(_each(chunks), headers=headers)

    async def _scrape(self, request: Request) -> Response:
        """When Prometheus came last. A person who looks at /metrics does not count."""
        return _json(json.dumps({"prometheus": instant(self._scraped)}))

    async def _healthy(self, request: Request) -> Response:
        if self._backend.alive():
            return _said("the loop turns")
        return _said("the loop does not turn", 503)

    async def _ready(self, request: Request) -> Response:
        ready, reason = self._backend.ready()
        return _said(reason, 200 if ready else 503)

    async def _status(self, request: Request) -> Response:
        return _json(await self._pages.do(lambda: json.dumps(self._shown(status))))

    async def _page(self, request: Request) -> Response:
        how = partial(overview, may_change=request.scope[MAY_CHANGE])
        return _html(await self._pages.do(lambda: self._shown(how)))

    async def _details(self, request: Request) -> Response:
        name, backend = request.path_params["name"], self._backend
        found = next((snapshot for snapshot in backend.snapshots() if snapshot.policy.name == name), None)
        if found is None:
            raise HTTPException(404, f"there is no gateway {name!r}")
        if "table" in request.query_params:
            until = backend.now()
            asked = more({"include": details.INCLUDE})
            past = await self._read(until - details.PERIOD, until, name, asked)
            return _html(details.as_table(found, past or {}))
        may_change = request.scope[MAY_CHANGE]
        return _html(details.details(backend.internals().version, found, may_change=may_change))

    async def _icon(self, request: Request) -> Response:
        return Response(ICON, media_type="image/svg+xml")

    async def _description(self, request: Request) -> Response:
        return Response(OPENAPI, media_type="application/json")

    def _shown(self, how: Callable[..., Any]) -> Any:
        backend = self._backend
        return how(backend.internals().version, backend.now(), backend.snapshots())

    async def _events(self, request: Request) -> Response:
        since, limit = request.query_params.get("since"), _limit(request.query_params.get("limit"))
        events = self._backend.events
        if not since:
            found = events.last(limit)
        elif (number := _number(since)) is not None:
            found = events.after(number, limit)
        else:
            found = events.since(_instant(since), limit)
        return _json(await self._pages.do(lambda: json.dumps({"events": [as_json(record) for record in found]})))

    async def _history(self, request: Request) -> Response:
        asked = request.query_params
        try:
            since, until = period(asked.get("since"), asked.get("until"), self._backend.now())
            also = more(asked)
        except BadPeriod as error:
            raise HTTPException(400, str(error)) from None
        name = asked.get("gateway")
        found = await self._read(since, until, name, also)
        if found is None:
            raise HTTPException(404, f"there is no gateway {name!r}")
        return _json(await self._past.do(lambda: json.dumps(found)))

    async def _read(self, since: datetime, until: datetime, name: str | None, also: More) -> dict[str, Any] | None:
        """What happened; None if nothing is known of a gateway of this name."""
        backend = self._backend

        def answer() -> dict[str, Any] | None:
            snapshots = backend.snapshots()
            known = [snapshot.policy.name for snapshot in snapshots]
            found = backend.history(since, until, known if name is None else [name])
            if name is not None and name not in known and not found.outages and not found.totals[0].observed:
                return None
            told = history_json(found, snapshots)
            return with_more(backend.place(), found, None if name is None else [name], also, told)

        try:
            return await self._past.do(answer)
        except HistoryError as error:
            raise HTTPException(503, str(error)) from None

    async def _stream(self, request: Request) -> Response:
        said = request.headers.get("last-event-id") or request.query_params.get("since")
        seen = _number(said) if said is not None else None
        if said is not None and seen is None:
            raise HTTPException(400, "Last-Event-ID is the number of an event")
        listening = self.streams.listen(request.scope["state"]["connection"], seen)
        return StreamingResponse(listening, media_type="text/event-stream")

    # -- asking -------------------------------------------------------------------------------------------------------

    async def _reload(self, request: Request) -> Response:
        result = await self._ask(self._backend.reload)
        if result.ok:
            return _said("\n".join(("reloaded", *result.notes)))
        return _said("\n".join(result.faults), 400)

    async def _control(self, what: str, request: Request) -> Response:
        name: str = request.path_params["name"]
        unknown = HTTPException(404, f"there is no gateway {name!r}")
        if all(snapshot.policy.name != name for snapshot in self._backend.snapshots()):
            raise unknown
        event = await self._event(what, request)
        if isinstance(event, RungApproved | RungAsked):
            await self._recovery(name, replace(event, by=_who(request) if self._named else "loopback"), unknown)
        elif not await self._ask(lambda: self._backend.control(name, event)):  # it has left meanwhile
            raise unknown
        why = await self._ask(self._backend.not_stored)
        return (
            _said(f"done, but not stored: a restart of the daemon forgets it ({why})") if why else Response(None, 204)
        )

    async def _recovery(self, name: str, event: RungApproved | RungAsked, unknown: HTTPException) -> None:
        """What is refused says why: 409, because it may be right in a moment."""
        refused = await self._ask(lambda: self._backend.recovery(name, event))
        if refused is None:
            raise unknown
        if refused:
            raise HTTPException(409, f"not done: {refused}")

    async def _event(self, what: str, request: Request) -> OperatorEvent:
        body = await _body(request)
        try:
            fields = fields_of(
                request.scope["query_string"].decode("latin-1"), body, request.headers.get("content-type", "")
            )
            return event_of(what, fields, self._backend.now(), who(request.scope))
        except BadRequest as error:
            raise HTTPException(400, str(error)) from None

    async def _ask(self, work: Callable[[], Any]) -> Any:
        if self._asks.full:
            raise HTTPException(503, "too much is being asked at once")
        try:
            return await self._asks.do(work)
        except TimeoutError:
            raise HTTPException(503, "the loop did not come to it in time; it may still do it") from None


def _who(request: Request) -> str:
    """The name that a password has proved."""
    said = request.headers.get("authorization", "")
    scheme, _, coded = said.partition(" ")
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(coded, validate=True).decode().partition(":")[0][:64] or "loopback"
        except ValueError:
            return "loopback"
    return "loopback"


def _takes_gzip(said: str) -> bool:
    """Whether the client takes gzip. prometheus_client reads no quality: `gzip;q=0` is a no."""
    return gzip_accepted(said) and re.search(r"\bgzip\s*;\s*q=0(\.0*)?\s*(,|$)", said) is None


async def _each(chunks: Iterable[bytes]) -> Any:
    for chunk in chunks:
        yield chunk


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LONGEST_BODY:
            raise HTTPException(413, f"a request has at most {LONGEST_BODY} bytes")
    return bytes(body)


def _limit(said: str | None) -> int:
    if not said:
        return EVENTS
    limit = _number(said)
    if limit is None or not 1 <= limit <= MOST_EVENTS:
        raise HTTPException(400, f"limit is a number from 1 to {MOST_EVENTS}")
    return limit


def _number(said: str) -> int | None:
    return int(said) if said.isascii() and said.isdigit() and len(said) < 19 else None


def _instant(said: str) -> datetime:
    try:
        moment = datetime.fromisoformat(said)
    except ValueError:
        raise HTTPException(
            400, "since is the number of an event, or an instant such as 2026-11-23T15:00:00Z"
        ) from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _said(text: str, code: int = 200) -> Response:
    return PlainTextResponse(f"{text}\n", code)


def _html(text: str) -> Response:
    return HTMLResponse(text, headers={"Content-Security-Policy": POLICY})


def _json(text: str) -> Response:
    return Response(f"{text}\n", media_type="application/json")


async def _refused(request: Request, error: Exception) -> Response:
    """What the routes or we refused, as a sentence."""
    if not isinstance(error, HTTPException):  # pragma: no cover - registered for HTTPException alone
        raise error
    text = {
        404: error.detail if error.detail != "Not Found" else f"there is nothing at {request.scope['path']}",
        405: f"{request.method} is not possible here",
    }.get(error.status_code, error.detail)
    return PlainTextResponse(f"{text}\n", error.status_code, headers=dict(error.headers or {}))


async def _defect(request: Request, error: Exception) -> Response:
    """A fault of ours: uvicorn logs it, and closes the connection."""
    return PlainTextResponse("a defect of the supervisor; its log says more\n", 500, headers={"Connection": "close"})
