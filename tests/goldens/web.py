"""Questions over HTTP, with the answer as it came."""

import http.client
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Answer:
    """One answer."""

    asked: str
    status: int
    headers: tuple[tuple[str, str], ...]
    body: str


def ask(url: str, method: str, path: str, accept: str = "*/*") -> Answer:
    """Ask once, on a connection of its own."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
    try:
        connection.request(method, path, headers={"Accept": accept})
        answer = connection.getresponse()
        return _answer(f"{method} {path}", answer, answer.read().decode())
    finally:
        connection.close()


def stream(url: str, last: int) -> Answer:
    """The stream of events from the first one to the one with this number."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
    try:
        connection.request("GET", "/api/v1/events/stream", headers={"Last-Event-ID": "0"})
        answer = connection.getresponse()
        lines: list[str] = []
        while f"id: {last}\n" not in lines[-3:] or lines[-1] != "\n":
            line = answer.readline().decode()
            assert line, "the stream ended early"
            lines.append(line)
        return _answer("GET /api/v1/events/stream", answer, "".join(lines))
    finally:
        connection.close()


def _answer(asked: str, answer: http.client.HTTPResponse, body: str) -> Answer:
    headers = sorted((name.lower(), value) for name, value in answer.getheaders())
    return Answer(asked, answer.status, tuple(headers), body)
