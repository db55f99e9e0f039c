"""Receivers on loopback: HTTP servers that take a message, or do what servers of other people do; a mail server."""

import http.server
import json
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

HANGS = 0
"""An answer that never comes."""


@dataclass
class Receiver:
    """An HTTP server; `answer` is what it does with a message: a status, or something of its own."""

    answer: int | Callable[[http.server.BaseHTTPRequestHandler], None] = 200
    bodies: list[dict[str, Any]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    port: int = 0
    ending: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        """For apprise."""
        return f"json://127.0.0.1:{self.port}/hook"

    @property
    def messages(self) -> list[dict[str, Any]]:
        """What was said in messages of the format json."""
        return [json.loads(body["message"]) for body in self.bodies]


@contextmanager
def receiving(answer: int | Callable[[Any], None] = 200, context: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """A receiver from here to the end of the block."""
    receiver = Receiver(answer)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            receiver.paths.append(self.path)
            if body:
                receiver.bodies.append(json.loads(body))
            if callable(receiver.answer):
                receiver.answer(self)
            elif receiver.answer == HANGS:
                receiver.ending.wait(60)
            else:
                self.send_response(receiver.answer)
                self.send_header("Content-Length", "0")
                if receiver.answer == 429:
                    self.send_header("Retry-After", "1")
                self.end_headers()

        do_GET = do_POST

        def log_message(self, format: str, *args: object) -> None:
            pass

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            pass

    server = Server(("127.0.0.1", 0), Handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    receiver.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.ending.set()
        server.shutdown()
        server.server_close()
        thread.join(5)


@contextmanager
def mail_server() -> Iterator[tuple[int, list[str]]]:
    """An SMTP server, its port and the letters that it got."""
    letters: list[str] = []

    class Handler:
        async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
            content = envelope.content
            letters.append(content.decode() if isinstance(content, bytes) else str(content))
            return "250 ok"

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    controller = Controller(Handler(), hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield port, letters
    finally:
        controller.stop()


def self_signed(folder: Path) -> ssl.SSLContext:
    """TLS with a certificate that nobody has signed."""
    key, cert = folder / "key.pem", folder / "cert.pem"
    request = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost"
    subprocess.run(
        ["openssl", *request.split(), "-keyout", str(key), "-out", str(cert)], check=True, capture_output=True
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return context
