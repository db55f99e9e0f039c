"""The web server: uvicorn on a thread of its own, on a socket that was bound before.

- Nothing here touches the deciding loop; what a request wants of it goes through the `Backend`.
- `stop` is done within a second whatever clients do: streams end, and who has not taken an answer by then loses it.
"""

import asyncio
import contextlib
import logging
import socket
import ssl
import threading
from collections.abc import Iterable
from functools import partial
from typing import Any

import uvicorn

from supervisor.observe.metrics.exposition import Exposition
from supervisor.observe.metrics.ourselves import ourselves
from supervisor.observe.web.access.guard import Admit, is_loopback
from supervisor.observe.web.app import Site
from supervisor.observe.web.backend import Backend
from supervisor.observe.web.listen import BACKLOG
from supervisor.observe.web.protocol import LIMITS, Connection, Limits

LOG = logging.getLogger("supervisor.web")
AT_ONCE = 8
"""Connections accepted before the requests of the last ones are read. Otherwise a storm closes them all unread."""
PATIENCE = 0.3
"""Seconds for which `stop` lets answers under way be taken."""


class WebServer:
    """Serves one daemon on a listening socket (`supervisor.observe.web.listen.bind`), which it closes in the end.

    `hosts` are the names, beside the loopback's, under which a browser may reach it: the host it was told to listen on.
    With `tls` it speaks HTTPS alone; `admit` says whom an `Authorization` header lets in, if there are users.
    """

    def __init__(
        self,
        backend: Backend,
        listener: socket.socket,
        hosts: Iterable[str] = (),
        limits: Limits = LIMITS,
        *,
        tls: ssl.SSLContext | None = None,
        admit: Admit | None = None,
    ) -> None:
        self._backend = backend
        self._listener = listener
        self._hosts = tuple(hosts)
        self._limits = limits
        self._tls = tls
        self._admit = admit
        self._loop = asyncio.SelectorEventLoop()
        self._stopping = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="ib-web", daemon=True)
        self.port: int = listener.getsockname()[1]

    @property
    def alive(self) -> bool:
        """Whether it serves."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Serve from now on."""
        self._thread.start()

    def stop(self, timeout: float = 1.0) -> bool:
        """End, within `timeout` seconds; whether it did."""
        with contextlib.suppress(RuntimeError):  # the loop has ended by itself
            self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
                runner.run(self._serve())
        except Exception:
            LOG.exception("the web server has ended")

    async def _serve(self) -> None:
        asyncio.get_running_loop().set_exception_handler(_told)
        backend = self._backend
        site = Site(backend, Exposition(backend.snapshots, backend.internals, ourselves()), self._limits)
        certified = self._tls is not None and self._tls.verify_mode is ssl.CERT_REQUIRED
        wide = not is_loopback(self._listener.getsockname()[:2])
        config = uvicorn.Config(
            site.app(self._hosts, self._admit, certified, wide),
            interface="asgi3",
            loop="asyncio",
            http=partial(  # type: ignore[arg-type]
                Connection, limits=self._limits, tls=self._tls, users=self._admit is not None
            ),
            ws="none",
            lifespan="off",
            backlog=AT_ONCE,
            log_config=None,
            log_level="error",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=self._limits.idle,
            timeout_graceful_shutdown=1,
            h11_max_incomplete_event_size=self._limits.head,
        )
        server = _Server(config)
        serving = asyncio.ensure_future(server.serve(sockets=[self._listener]))
        asked = asyncio.ensure_future(self._stopping.wait())
        await asyncio.wait({serving, asked}, return_when=asyncio.FIRST_COMPLETED)
        asked.cancel()
        site.streams.close()
        site.gates.close()
        server.should_exit = True
        await asyncio.wait({serving}, timeout=PATIENCE)
        server.force_exit = True
        for connection in tuple(server.server_state.connections):
            if isinstance(connection, Connection):
                connection.abort()
        await serving


def _told(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log what asyncio reports. An OSError is one line, because a row of tracebacks would bury the log."""
    error = context.get("exception")
    if isinstance(error, OSError):
        LOG.warning("%s: %s", str(context.get("message")).partition("\n")[0], error.strerror or error)
    else:
        loop.default_exception_handler(context)


class _Server(uvicorn.Server):
    """asyncio uses one number for the kernel's backlog and for the connections accepted at once. Here they differ."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve from now on."""
        await super().startup(sockets)
        for listener in sockets or ():
            listener.listen(BACKLOG)
