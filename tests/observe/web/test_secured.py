"""HTTP with TLS and users, over real sockets."""

import asyncio
import contextlib
import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import bcrypt
import httpx
import pytest

from supervisor.config.reading.faults import Faults
from supervisor.config.web_file import read_web_file, server_context
from supervisor.core.model.events import PauseAsked
from supervisor.observe.web.access.users import Users
from supervisor.observe.web.listen import bind
from supervisor.observe.web.protocol import Limits
from supervisor.observe.web.server import WebServer
from tests.config.web_files import HASH, PASSWORD, TLS, USERS, a_web_file
from tests.observe import rich
from tests.observe.asking import Somebody, basic
from tests.observe.stage import Stage
from tests.observe.wire import wired

RIGHT = ("prometheus", PASSWORD)
LOOKS = ("/", "/metrics", "/-/healthy", "/-/ready", "/api/v1/status", "/api/v1/events", "/nothing")


def here() -> Stage:
    """A daemon with one gateway."""
    return Stage([rich.fresh("live").snapshot])


@pytest.fixture
def with_users() -> Iterator[str]:
    """A server that knows one user; its address."""
    server = WebServer(here(), bind("127.0.0.1", 0), admit=Users({"prometheus": HASH}).admit)
    server.start()
    yield f"http://127.0.0.1:{server.port}"
    assert server.stop(10)


def test_a_wrong_password_is_told_apart_from_a_missing_one(with_users: str) -> None:
    assert httpx.get(f"{with_users}/metrics", timeout=20).text == "this needs a name and a password\n"
    wrong = httpx.get(f"{with_users}/metrics", auth=("prometheus", "wrong"), timeout=20)
    assert (wrong.status_code, wrong.text) == (401, "the name or the password is wrong\n")


def test_who_pauses_is_known_by_name() -> None:
    stage = here()
    server = WebServer(stage, bind("127.0.0.1", 0), admit=Users({"prometheus": HASH}).admit)
    server.start()
    place = f"http://127.0.0.1:{server.port}/api/v1/gateways/live/pause"
    assert httpx.post(place, auth=("prometheus", PASSWORD), timeout=20).status_code == 204
    assert server.stop(10)
    assert stage.heard == [("live", PauseAsked(by="prometheus"))]


@contextlib.contextmanager
def speaking_tls(folder: Path, limits: Limits) -> Iterator[tuple[WebServer, ssl.SSLContext]]:
    """A server that speaks TLS, and what a client needs to trust it."""
    faults = Faults("web.yaml")
    security = read_web_file(a_web_file(folder, TLS + USERS), faults)
    assert security.tls is not None, faults.told()
    context = server_context(security.tls)
    server = WebServer(here(), bind("127.0.0.1", 0), limits=limits, tls=context)
    server.start()
    yield server, ssl.create_default_context(cafile=str(folder / "tls.crt"))
    assert server.stop(10)


@pytest.fixture
def with_tls(tmp_path: Path) -> Iterator[tuple[WebServer, ssl.SSLContext]]:
    """One for which a second is long."""
    with speaking_tls(tmp_path, Limits(request=1.0)) as server:
        yield server


@pytest.mark.parametrize("path", LOOKS)
def test_nobody_is_answered_without_a_name_and_a_password(with_users: str, path: str) -> None:
    answer = httpx.get(with_users + path, timeout=20)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Basic ")
    assert answer.headers["x-frame-options"] == "DENY"


@pytest.mark.parametrize(
    "auth",
    [
        ("prometheus", "wrong"),
        ("nobody", PASSWORD),
        ("", ""),
        ("prometheus", ""),
        ("prometheus", "x" * 100),
        ("pro", "a\0b"),
    ],
)
def test_wrong_names_and_passwords_are_refused(with_users: str, auth: tuple[str, str]) -> None:
    assert httpx.get(f"{with_users}/metrics", auth=auth, timeout=20).status_code == 401


@pytest.mark.parametrize("header", ["", "Basic", "Basic ?", "Basic Zm9v", "Bearer x", "Basic /w==", "basic \xe9"])
def test_headers_that_are_none(with_users: str, header: str) -> None:
    answer = httpx.get(f"{with_users}/metrics", headers={b"authorization": header.encode("latin-1")}, timeout=20)
    assert answer.status_code == 401


def test_who_has_the_right_password_may_look_and_ask(with_users: str) -> None:
    with httpx.Client(base_url=with_users, auth=RIGHT, timeout=20) as client:
        assert client.get("/metrics").status_code == 200
        assert client.post("/api/v1/gateways/live/pause").status_code == 204
        assert client.post("/-/reload", headers={"host": "b.example:14000"}).status_code == 403, "no name of loopback"
        foreign = client.post("/-/reload", headers={"origin": "http://evil.example"})
        assert foreign.status_code == 403, "the password of a browser is no consent"


def test_who_listens_beyond_this_machine_does_not_know_all_its_names() -> None:
    server = WebServer(here(), bind("0.0.0.0", 0), admit=Users({"prometheus": HASH}).admit)
    server.start()
    with httpx.Client(base_url=f"http://127.0.0.1:{server.port}", auth=RIGHT, timeout=20) as client:
        assert client.post("/-/reload", headers={"host": "b.example:14000"}).status_code == 200
        foreign = {"host": "b.example", "origin": "http://evil.example"}
        assert client.post("/-/reload", headers=foreign).status_code == 403
    assert server.stop(10)


def test_a_password_is_paid_for_once_right_or_wrong() -> None:
    paid: list[bytes] = []

    def check(password: bytes, known: bytes) -> bool:
        paid.append(password)
        return bcrypt.checkpw(password, known)

    users = Users({"prometheus": HASH}, check)

    async def asked() -> list[bool]:
        said = (PASSWORD, "wrong", PASSWORD, "wrong", "other")
        return [await users.admit(basic("prometheus", password), Somebody()) for password in said]

    assert asyncio.run(asked()) == [True, False, True, False, False]
    assert paid == [PASSWORD.encode(), b"wrong", b"other"]


def test_tls_is_spoken_and_nothing_else(with_tls: tuple[WebServer, ssl.SSLContext]) -> None:
    server, trust = with_tls
    assert httpx.get(f"https://127.0.0.1:{server.port}/-/healthy", verify=trust, timeout=20).status_code == 200
    with pytest.raises(httpx.HTTPError):
        httpx.get(f"http://127.0.0.1:{server.port}/-/healthy", timeout=20)


def test_a_client_that_begins_no_handshake_delays_nobody_and_is_closed(
    with_tls: tuple[WebServer, ssl.SSLContext],
) -> None:
    server, trust = with_tls
    with socket.create_connection(("127.0.0.1", server.port), 10) as idle:
        began = time.monotonic()
        assert httpx.get(f"https://127.0.0.1:{server.port}/metrics", verify=trust, timeout=20).status_code == 200
        idle.settimeout(10)
        assert idle.recv(1) == b""
        assert time.monotonic() - began < 8


def test_connections_without_a_handshake_are_connections_too(tmp_path: Path) -> None:
    """Else any number of them could take all file descriptors, those of the gateways' sessions too."""
    with speaking_tls(tmp_path, Limits(connections=4)) as (server, trust), wired(server.port) as connect:
        mutes = [connect() for _ in range(8)]
        assert all(wire.closes_within(5) for wire in mutes[:4])
        answer = httpx.get(f"https://127.0.0.1:{server.port}/metrics", verify=trust, timeout=20)
        assert answer.status_code == 200
        assert mutes[4].closes_within(5)
        assert not mutes[-1].closed


def test_a_request_that_comes_with_the_end_of_the_handshake_is_answered(
    with_tls: tuple[WebServer, ssl.SSLContext],
) -> None:
    server, trust = with_tls
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = trust.wrap_bio(incoming, outgoing, server_hostname="127.0.0.1")
    with socket.create_connection(("127.0.0.1", server.port), 20) as wire:
        while True:
            try:
                client.do_handshake()
                break
            except ssl.SSLWantReadError:
                wire.sendall(outgoing.read())
                incoming.write(wire.recv(65536))
        client.write(b"GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n")
        wire.sendall(outgoing.read())
        answer = b""
        while b"the loop turns" not in answer:
            more = wire.recv(65536)
            assert more, "closed without an answer"
            incoming.write(more)
            with contextlib.suppress(ssl.SSLWantReadError):
                while record := client.read():
                    answer += record
        assert answer.startswith(b"HTTP/1.1 200 ")
