"""Where Alertmanager's messages arrive: a small HTTP server that keeps them, and also serves a page of metrics."""

import json
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

ANSWER = b'{"ok": true, "status": "success", "result": {"message_id": 1, "date": 1, "chat": {"id": 123456}}}'
"""What Telegram and PagerDuty say on success; Alertmanager 0.25 panics at an answer of Telegram's without a chat."""


@dataclass(frozen=True)
class Message:
    """One POST: monotonic time, path, and the body as text."""

    at: float
    path: str
    body: str


@dataclass(frozen=True)
class Told:
    """One alert in a message of Alertmanager's own webhook form."""

    at: float
    status: str
    labels: dict[str, str]
    annotations: dict[str, str]

    @property
    def name(self) -> str:
        """The alert's name."""
        return self.labels["alertname"]


class Webhook:
    """A receiver; a context manager. `metrics` is what a GET of any path answers."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.metrics = ""
        webhook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
                webhook.messages.append(Message(time.monotonic(), self.path, body))
                self._answer(ANSWER)

            def do_GET(self) -> None:
                self._answer(webhook.metrics.encode(), "text/plain; version=0.0.4")

            def _answer(self, body: bytes, kind: str = "application/json") -> None:
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self._server.server_port}"
        self.url = f"http://{self.address}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def told(self, path: str = "/alerts") -> list[Told]:
        """Every alert that arrived there, in order."""
        return [
            Told(message.at, alert["status"], alert["labels"], alert["annotations"])
            for message in list(self.messages)
            if message.path == path
            for alert in json.loads(message.body)["alerts"]
        ]

    def find(self, name: str, status: str = "firing", **labels: str) -> Told | None:
        """The first such alert that arrived."""
        return next(
            (
                told
                for told in self.told()
                if (told.name, told.status) == (name, status)
                and all(told.labels.get(label) == value for label, value in labels.items())
            ),
            None,
        )

    def close(self) -> None:
        """End it."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
