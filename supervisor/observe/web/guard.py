"""Who may ask for what, and what every answer carries.

- A request that changes something (any method but GET, HEAD and OPTIONS) must come from this machine, and from no web
  page of somebody else: a browser may be led here by a foreign page (`Origin`), or by a foreign name that was made to
  point here (`Host`: DNS rebinding).
- Answers are never kept, framed, sniffed or mixed with anything from elsewhere.
"""

import ipaddress
from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HARMLESS = frozenset({"GET", "HEAD", "OPTIONS"})
LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
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
    """Stands before the app. `hosts` are names, beside those of the loopback, under which we are reached."""

    def __init__(self, app: ASGIApp, hosts: Iterable[str] = ()) -> None:
        self._app = app
        self._hosts = LOCAL_HOSTS | {host.lower() for host in hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or let pass with our headers on the answer."""

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        refusal = self._refusal(scope)
        answer = self._app if refusal is None else PlainTextResponse(f"{refusal}\n", 403)
        try:
            await answer(scope, receive, guarded)
        except ClientDisconnect:
            return  # nobody is left to be answered

    def _refusal(self, scope: Scope) -> str | None:
        if scope["method"] in HARMLESS:
            return None
        if not is_loopback(scope["client"]):
            return "this is only for clients on the daemon's own machine"
        headers = Headers(scope=scope)
        host, origin = headers.get("host"), headers.get("origin")
        if host is not None and host_name(host) not in self._hosts:
            return "the Host header names another host: use the address the daemon listens on"
        if origin is not None and (host is None or not _same_origin(origin, host)):
            return "this may not be asked from a page of another origin"
        return None


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


def host_name(host: str) -> str | None:
    """The name in a `Host` header, without its port; None if it is none."""
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


def _same_origin(origin: str, host: str) -> bool:
    scheme, separator, rest = origin.partition("://")
    return bool(separator) and scheme in ("http", "https") and rest.lower() == host.lower()
