"""What the commands believe of an answer, and what they give away of a password."""

import json
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from supervisor.commands.main import app
from supervisor.commands.shared.api_client import Client, Unreachable

COMMANDS = (
    ["status"],
    ["status", "--json"],
    ["history"],
    ["pause", "live"],
    ["resume", "live"],
    ["maintenance", "live", "--for", "5m"],
    ["confirm-login", "live"],
    ["confirm-ids", "live"],
    ["wait", "--gateway", "live", "--timeout", "0s"],
)
Asked = list[tuple[str, str, str | None]]
"""Method, path and Authorization of each question."""


@contextmanager
def answering(status: int, body: bytes = b"", location: str | None = None) -> Iterator[tuple[str, Asked]]:
    """Something that answers everything alike; its URL, and what it was asked."""
    asked: Asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append((self.command, self.path, self.headers["Authorization"]))
            self.send_response(status)
            if location is not None:
                self.send_header("Location", location)
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET

        def log_message(self, *_: Any) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
        server.shutdown()


@pytest.fixture
def auth(tmp_path: Path) -> Path:
    file = tmp_path / "auth"
    file.write_text("ann:secret\n")
    file.chmod(0o600)
    return file


def said(*words: str) -> Result:
    return CliRunner().invoke(app, list(words), env={"IB_SUPERVISOR_URL": "", "COLUMNS": "100"})


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed_and_no_password_goes_elsewhere(words: list[str], status: int, auth: Path) -> None:
    with answering(200, json.dumps({"gateways": []}).encode()) as (elsewhere, stolen):
        with answering(status, location=f"{elsewhere}/api/v1/status") as (url, asked):
            result = said(*words, "--url", url, "--auth-file", str(auth))
        assert stolen == []
    assert result.exit_code == 1
    assert "done" not in result.output
    assert elsewhere in result.stderr, "where it leads is said"
    assert {authorization for _, _, authorization in asked} == {"Basic YW5uOnNlY3JldA=="}


@pytest.mark.parametrize("status", [200, 202, 205])
def test_done_is_said_only_for_the_answer_that_means_it(status: int) -> None:
    with answering(status, b"<html>welcome</html>") as (url, _):
        result = said("pause", "live", "--url", url)
    assert result.exit_code == 1
    assert "done" not in result.output
    assert "is not ib-supervisor" in result.stderr
    with answering(204) as (url, asked):
        assert said("pause", "live", "--url", url).exit_code == 0
    assert asked[0][:2] == ("POST", "/api/v1/gateways/live/pause")


def test_a_file_with_a_password_that_others_may_read_is_warned_of(auth: Path) -> None:
    with answering(204) as (url, _):
        assert said("pause", "live", "--url", url, "--auth-file", str(auth)).stderr == ""
        auth.chmod(0o644)
        result = said("pause", "live", "--url", url, "--auth-file", str(auth))
    assert result.exit_code == 0
    assert "may read" in result.stderr
    assert "secret" not in result.output


def test_an_answer_that_comes_byte_by_byte_is_no_answer_in_time() -> None:
    began = time.monotonic()
    with dripping() as url:
        result = said("wait", "--gateway", "live", "--timeout", "300ms", "--url", url)
        for ask in (Client.status, lambda client, within: client.gate("/", within), Client.healthy):
            with pytest.raises(Unreachable, match="no answer in time"):
                ask(Client(url), 0.3)
        with pytest.raises(Unreachable, match="no answer in time"):
            Client(url).post("/", timeout=0.3)
    assert (result.exit_code, "no answer in time" in result.stderr) == (1, True)
    assert time.monotonic() - began < 4.0


@contextmanager
def dripping() -> Iterator[str]:
    """The URL of something that never comes to the end of its answer, and is never silent."""
    over = threading.Event()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):
                self.request.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
                while not over.wait(0.1):
                    self.request.sendall(b"x")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        over.set()
        server.shutdown()


def test_json_without_end_is_no_daemon() -> None:
    with answering(200, b"[" * 100_000) as (url, _):
        assert said("status", "--url", url).exit_code == 1


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_wrong_password_a_missing_one_and_a_wrong_path_are_three_errors_and_each_has_its_cure(
    words: list[str], auth: Path
) -> None:
    with answering(401, b"this needs a name and a password\n") as (url, _):
        missing = said(*words, "--url", url)
        wrong = said(*words, "--url", url, "--auth-file", str(auth))
    assert (missing.exit_code, wrong.exit_code) == (2, 2)
    assert missing.stderr == f"{url} asks for a name and a password: give a file with user:password by --auth-file\n"
    assert "does not accept the name ann with this password: correct the file" in wrong.stderr
    assert "secret" not in wrong.output
    with answering(404, b"nothing at /api/api/v1/status\n") as (url, _):
        path = said(*words, "--url", f"{url}/api")
    assert path.exit_code == 2
    assert f"(404): leave /api out: --url {url}\n" in path.stderr


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_daemon_that_is_down_is_told_without_numbers_and_with_the_next_step(words: list[str]) -> None:
    result = said(*words, "--url", "http://127.0.0.1:1")
    assert result.exit_code == 1
    assert "no daemon answers at http://127.0.0.1:1: connection refused." in result.stderr
    assert "ib-supervisor run --config FILE" in result.stderr
    assert "Errno" not in result.output


@pytest.mark.parametrize(
    ("url", "words"),
    [("http://nobody.invalid:14000", "this name is not known"), ("https://127.0.0.1:{port}", "it does not speak TLS")],
)
def test_a_name_that_is_not_known_and_a_wrong_scheme_are_told_as_such(url: str, words: str) -> None:
    with answering(204) as (found, _):
        result = said("status", "--url", url.format(port=found.rpartition(":")[2]))
    assert (result.exit_code, words in result.stderr) == (1, True), result.output


@pytest.mark.parametrize("status", [401, 403, 404])
def test_wait_ends_at_once_where_waiting_cannot_help(status: int) -> None:
    with answering(status) as (url, asked):
        result = said("wait", "--gateway", "live", "--timeout", "12h", "--url", url)
    assert result.exit_code == 2
    assert len(asked) == 1


def test_wait_goes_on_while_the_daemon_is_busy_and_says_once_what_it_waits_for() -> None:
    with answering(503, b"busy") as (url, asked):
        result = said("wait", "--gateway", "live", "--timeout", "1200ms", "--url", url)
    assert result.exit_code == 1
    assert len(asked) > 2
    assert result.stderr.count("waiting for live to be up") == 1
