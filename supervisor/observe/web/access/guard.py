"""Who may ask for what, and what every answer carries.

- Where there are users, nobody is answered without a right name and password, wherever they are.
- Without users, a request under a foreign name is refused. Otherwise a web page whose name was made to point here (DNS
  rebinding) could read everything. Scrapes and health checks have nothing private and are answered under any name.
- Without users, a request through a proxy that says so is refused, because all its clients look like this machine.
- A request that changes something (any method but GET, HEAD and OPTIONS) must come from this machine, or from a client
  that has proved who it is, and from no web page of somebody else: a browser may be led here by a foreign page
  (`Origin`), or by a foreign name that was made to point here (`Host`: DNS rebinding). Who listens beyond this machine
  cannot know all its names; there, of clients that have proved who they are, any `Host` will do: a browser has no
  password for a name that is not ours.
- Answers are never kept, framed, sniffed or mixed with anything from elsewhere.
"""

import asyncio
import base64
import ipaddress
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from supervisor.observe.web.access.checks import Asker, Busy
from supervisor.observe.web.access.hosts import Names

Admit = Callable[[str | None, Asker], Awaitable[bool]]
"""Whether the client with this `Authorization` header may come in. Raises Busy."""
REALM = 'Basic realm="ib-supervisor", charset="UTF-8"'
HARMLESS = frozenset({"GET", "HEAD", "OPTIONS"})
OPEN = frozenset({"/metrics", "/-/healthy", "/-/ready"})
"""Paths that are answered under any name."""
MAY_CHANGE = "may_change"
"""In the scope of a request: whether this client may ask for a change."""
FORWARDED = ("x-forwarded-for", "forwarded", "x-real-ip")
"""Headers in which a proxy names its client."""
FOREIGN = (
    "the Host header names another host: use an address or a name of the daemon's machine, or list this name under "
    "`http: {names: [...]}`"
)
PROXIED = (
    "this came through a proxy, behind which everybody looks like this machine: give the daemon users (http.web_config)"
)
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""On every answer that does not say otherwise itself."""


class Guard:
    """Stands before the app.

    `hosts` are names, beside this machine's own, under which we are reached; `admit` asks the `Authorization` header
    who it is, if there are users; `certified` clients have shown a certificate of theirs. `wide` is whether we listen
    beyond this machine.
    """

    def __init__(
        self,
        app: ASGIApp,
        hosts: Iterable[str] = (),
        admit: Admit | None = None,
        certified: bool = False,
        wide: bool = False,
    ) -> None:
        self._app = app
        self._names = Names(hosts)
        self._admit = admit
        self._known = certified or admit is not None
        self._by_any_name = wide and self._known

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or let pass with our headers on the answer."""

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            answer = await self._answer(scope, receive)
            await answer(scope, receive, guarded)
        except ClientDisconnect:
            return  # nobody is left to be answered

    async def _answer(self, scope: Scope, receive: Receive) -> ASGIApp:
        if self._admit is not None and (stopped := await self._stopped(self._admit, scope)) is not None:
            await _hold(receive, scope["state"]["connection"].patience)
            return stopped
        scope[MAY_CHANGE] = self._known or is_loopback(scope["client"])
        refusal = self._refusal(scope)
        return self._app if refusal is None else PlainTextResponse(f"{refusal}\n", 403)

    async def _stopped(self, admit: Admit, scope: Scope) -> ASGIApp | None:
        """The answer for a stranger; None for a known client."""
        try:
            if await admit(Headers(scope=scope).get("authorization"), scope["state"]["connection"]):
                return None
        except Busy:
            return PlainTextResponse("too many ask to be let in: try again\n", 429, {"Retry-After": "10"})
        said = "authorization" in Headers(scope=scope)
        words = "the name or the password is wrong" if said else "this needs a name and a password"
        return PlainTextResponse(f"{words}\n", 401, {"WWW-Authenticate": REALM})

    def _refusal(self, scope: Scope) -> str | None:
        harmless = scope["method"] in HARMLESS
        if harmless and (self._known or scope["path"] in OPEN):
            return None
        headers = Headers(scope=scope)
        if not self._known and any(name in headers for name in FORWARDED):
            return PROXIED
        if not harmless and not self._known and not is_loopback(scope["client"]):
            return "this is only for clients on the daemon's own machine"
        host, origin = headers.get("host"), headers.get("origin")
        if not self._by_any_name and host is not None and self._names.foreign(host):
            return FOREIGN
        if harmless:
            return None
        if origin is not None and (host is None or not _same_origin(origin, host)):
            return "this may not be asked from a page of another origin"
        return None


async def _hold(receive: Receive, seconds: float) -> None:
    """Let a client wait, unless it leaves. In a crowd, each answer would bring the next request."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while seconds and (await receive())["type"] != "http.disconnect":
                pass


def who(scope: Scope) -> str:
    """Who has come in: the name that was proved, or where it comes from."""
    if scope["state"]["connection"].proved:
        said = Headers(scope=scope).get("authorization", "").partition(" ")[2]
        return base64.b64decode(said).decode(errors="replace").partition(":")[0]
    return "loopback" if is_loopback(scope["client"]) else "a client with a certificate"


def is_loopback(client: tuple[str, int] | None) -> bool:
    """Whether a client's address is one of this machine's own."""
    if client is None:
        return False
    try:
        address = ipaddress.ip_address(client[0].partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)


def _same_origin(origin: str, host: str) -> bool:
    scheme, separator, rest = origin.partition("://")
    return bool(separator) and scheme in ("http", "https") and rest.lower() == host.lower()
