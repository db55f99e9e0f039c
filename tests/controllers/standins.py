"""Stand-ins for controllers, with the answers of the real ones and with their defects."""

import json
import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class _CommandServer(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


@contextmanager
def ibc(manner: str = "ok") -> Iterator[tuple[int, list[str]]]:
    """IBC's command server; the port, and the commands that came.

    `ok`: as it is by default; `chatty`: with a greeting, a prompt and INFO lines; `refuses`: closes without a byte;
    `mute`: accepts and never answers; `error`: ERROR to everything; `crlf`: as on Windows; `dies`: ends at a command.
    """
    heard: list[str] = []

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            if manner == "refuses":
                return
            if manner == "chatty":
                self.wfile.write(b"INFO IBC Command Server\nIBC> ")
            line = self.rfile.readline().decode().strip()
            heard.append(line)
            if manner == "mute":
                self.rfile.readline()
                return
            if manner == "dies":
                server.shutdown()
                server.socket.close()
                return
            answer = {"ok": "OK Goodbye\n", "chatty": "INFO bye\nOK Goodbye\n", "crlf": "OK Goodbye\r\n"}
            self.wfile.write(answer.get(manner, "ERROR Command invalid\n").encode())

    with _CommandServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield server.server_address[1], heard
        finally:
            server.shutdown()


@contextmanager
def ibg(said: dict[str, object], manner: str = "ok") -> Iterator[str]:
    """ibg-controller's health page, which says what `said` holds at the moment; its URL.

    `ok`: JSON, 503 if not healthy; `html`: something else; `moved`: a redirect; `mute`: accepts and says nothing.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if manner == "moved":
                self.send_response(302)
                self.send_header("Location", "http://127.0.0.1:1/")
                self.end_headers()
                return
            body = b"<html>" if manner == "html" else json.dumps(said).encode()
            self.send_response(200 if said.get("status") == "healthy" else 503)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing: tests are quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/health"
        finally:
            server.shutdown()


@contextmanager
def deaf() -> Iterator[int]:
    """A port that accepts in the kernel, and behind which nobody is."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]
