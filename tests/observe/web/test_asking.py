"""What changes something: who may ask it, from where, and what comes of it."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from supervisor.core.model.events import LoginConfirmed, MaintenanceEnded, PauseAsked, ResumeAsked
from supervisor.observe.web.access.guard import Guard, is_loopback
from supervisor.observe.web.access.hosts import Names, host_name
from supervisor.observe.web.backend import ReloadResult
from tests.observe import rich
from tests.observe.stage import Stage, served
from tests.waiting import wait_until


@contextmanager
def visited(stage: Stage) -> Iterator[httpx.Client]:
    with served(stage) as server, httpx.Client(base_url=f"http://127.0.0.1:{server.port}", timeout=10) as client:
        yield client


def stage() -> Stage:
    return Stage([rich.fresh("live").snapshot, rich.paused().snapshot])


@pytest.fixture(scope="module")
def shared() -> Iterator[tuple[httpx.Client, Stage]]:
    """One server for all the tests that only look, or are refused."""
    here = stage()
    with visited(here) as client:
        yield client, here


Shared = tuple[httpx.Client, Stage]


# -- asking -----------------------------------------------------------------------------------------------------------


def test_what_an_operator_asks_reaches_the_gateway() -> None:
    here = stage()
    with visited(here) as client:
        for asked in ("pause", "resume", "maintenance?end=true", "confirm-login"):
            answer = client.post(f"/api/v1/gateways/live/{asked}")
            assert (answer.status_code, answer.content) == (204, b"")
        assert client.post("/api/v1/gateways/paper/pause", data={"for": "15m"}).status_code == 204
        assert client.post("/api/v1/gateways/paper/pause", json={"for": "15m"}).status_code == 204
    assert [name for name, _ in here.heard] == ["live"] * 4 + ["paper"] * 2
    assert [event for _, event in here.heard[:4]] == [
        PauseAsked(by="loopback"),
        ResumeAsked(),
        MaintenanceEnded(),
        LoginConfirmed(),
    ]


@pytest.mark.parametrize("asked", ["pause", "pause?for=x", "resume", "maintenance", "confirm-login?a=b"])
def test_an_unknown_gateway_is_404_whatever_is_asked_of_it(asked: str, shared: Shared) -> None:
    client, _ = shared
    answer = client.post(f"/api/v1/gateways/nobody/{asked}")
    assert (answer.status_code, answer.text) == (404, "there is no gateway 'nobody'\n")


def test_bad_input_is_400_with_a_sentence_and_changes_nothing() -> None:
    here = stage()
    with visited(here) as client:
        answer = client.post("/api/v1/gateways/live/maintenance?for=5h")
        assert (answer.status_code, answer.text) == (400, "'for' is at most 4h\n")
    assert not here.heard


def test_a_body_of_more_than_64_kb_is_413() -> None:
    here = stage()
    with visited(here) as client:
        assert client.post("/api/v1/gateways/live/pause", content=b"x" * 65_537).status_code == 413
    assert not here.heard


def test_a_reload_says_what_the_operator_should_know() -> None:
    here = stage()
    with visited(here) as client:
        assert client.post("/-/reload").text == "reloaded\n"
        here.reloading = lambda: ReloadResult(True, notes=("http: needs a restart",))
        assert client.post("/-/reload").text == "reloaded\nhttp: needs a restart\n"
        here.reloading = lambda: ReloadResult(False, faults=("a.yaml:3: gateways[0].port: is missing", "a.yaml:9: x"))
        refused = client.post("/-/reload")
        assert (refused.status_code, refused.text) == (400, "a.yaml:3: gateways[0].port: is missing\na.yaml:9: x\n")


def test_a_loop_that_does_not_come_to_it_is_503() -> None:
    def late() -> ReloadResult:
        raise TimeoutError

    here = stage()
    here.reloading = late
    with visited(here) as client:
        answer = client.post("/-/reload")
        assert answer.status_code == 503
        assert "did not come to it in time" in answer.text


def test_while_the_loop_hangs_pages_are_served_and_what_is_asked_does_not_pile_up() -> None:
    release, entered = threading.Event(), threading.Semaphore(0)

    def hang() -> ReloadResult:
        entered.release()
        release.wait(20)
        return ReloadResult(True)

    here = stage()
    here.reloading = hang
    with visited(here) as client:
        answers: list[int] = []

        def ask() -> None:
            answers.append(httpx.post(f"{client.base_url}/-/reload", timeout=20).status_code)

        askers = [threading.Thread(target=ask) for _ in range(4)]
        for asker in askers:
            asker.start()
        for _ in askers:
            assert entered.acquire(timeout=10)
        assert client.get("/metrics").status_code == 200
        assert client.get("/-/healthy").status_code == 200
        assert client.post("/-/reload").status_code == 503
        release.set()
        for asker in askers:
            asker.join()
        assert answers == [200] * 4
        wait_until(lambda: client.post("/-/reload").status_code == 200)


# -- from where -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1:14000", "[::1]:14000"])
def test_our_own_names_are_no_foreign_host(host: str, shared: Shared) -> None:
    client, _ = shared
    assert client.post("/-/reload", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example:14000",
        "localhost.evil.example",
        "[",
        "a b",
        "0",
        "evil@127.0.0.1",
        "127.0.0.1/evil",
    ],
)
def test_a_foreign_host_is_refused_whatever_is_asked(host: str, shared: Shared) -> None:
    client, here = shared
    for path in ("/-/reload", "/api/v1/gateways/live/pause", "/nope", "/metrics"):
        answer = client.post(path, headers={"Host": host})
        assert answer.status_code == 403
        assert "http: {names:" in answer.text
    for path in ("/", "/api/v1/status", "/api/v1/events", "/api/v1/events/stream", "/api/v1/history", "/nope"):
        answer = client.get(path, headers={"Host": host})
        assert answer.status_code == 403
        assert "http: {names:" in answer.text
    for path in ("/metrics", "/-/healthy", "/-/ready"):
        assert client.get(path, headers={"Host": host}).status_code == 200, "scraped under any name"
    assert not here.heard


@pytest.mark.parametrize(
    "host", ["10.1.2.3:14000", "[2001:db8::1]", "box", "box.lan.example", "BOX.local", "gw.example"]
)
def test_an_address_this_machine_s_names_and_those_listed_are_not_foreign(host: str) -> None:
    assert not Names(["gw.example"], machine="box.lan.example").foreign(host)
    assert Names(["gw.example"], machine="box.lan.example").foreign("lan.example")


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "", "http://localhost:3000", "file://", "127.0.0.1"])
def test_a_foreign_origin_is_refused(origin: str, shared: Shared) -> None:
    client, here = shared
    answer = client.post("/api/v1/gateways/live/pause", headers={"Origin": origin})
    assert answer.status_code == 403
    assert "another origin" in answer.text
    assert not here.heard


def test_our_own_page_may_ask(shared: Shared) -> None:
    client, _ = shared
    own = str(client.base_url).rstrip("/")
    assert client.post("/-/reload", headers={"Origin": own}).status_code == 200


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP"])
def test_whoever_comes_through_a_proxy_is_not_taken_for_this_machine(header: str, shared: Shared) -> None:
    client, here = shared
    for answer in (
        client.post("/api/v1/gateways/live/pause", headers={header: "203.0.113.9"}),
        client.get("/api/v1/status", headers={header: "127.0.0.1"}),
    ):
        assert answer.status_code == 403
        assert "proxy" in answer.text
    assert client.get("/metrics", headers={header: "203.0.113.9"}).status_code == 200
    assert not here.heard


@pytest.mark.parametrize(
    ("client", "ours"),
    [
        (("127.0.0.1", 1), True),
        (("127.8.8.8", 1), True),
        (("::1", 1), True),
        (("::ffff:127.0.0.1", 1), True),
        (("::ffff:10.0.0.1", 1), False),
        (("10.0.0.1", 1), False),
        (("fe80::1%lo", 1), False),
        (("testclient", 1), False),
        (None, False),
    ],
)
def test_loopback_is_this_machine(client: tuple[str, int] | None, ours: bool) -> None:
    assert is_loopback(client) is ours


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("a.example:1", "a.example"),
        ("A.Example.", "a.example"),
        ("a.example:", "a.example"),
        ("[::1]:80", "::1"),
        ("[::ffff:127.0.0.1]", "::ffff:127.0.0.1"),
        ("127.0.0.1:14000", "127.0.0.1"),
        ("[::1", None),
        ("[evil]", None),
        ("::1", None),
        ("", None),
        ("user@localhost", None),
        ("evil@127.0.0.1", None),
        ("127.0.0.1/evil", None),
        ("127.0.0.1#@evil", None),
        ("127.0.0.1?evil", None),
        ("127.0.0.1\\evil", None),
        ("localhost:1:2", None),
        ("localhost:port", None),
        ("localhost,evil", None),
        ("loc\u2028alhost", None),
        ("ｌocalhost", None),
        ("a" * 1000, None),
    ],
)
def test_the_name_in_a_host_header(host: str, name: str | None) -> None:
    assert host_name(host) == name


def test_who_asks_from_another_machine_is_refused() -> None:
    async def nothing_behind(*_: object) -> None:
        raise AssertionError

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(Guard(nothing_behind), client=("203.0.113.9", 50_000))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:14000") as client:
            return await client.post("/-/reload")

    answer = asyncio.run(ask())
    assert (answer.status_code, answer.text) == (403, "this is only for clients on the daemon's own machine\n")
