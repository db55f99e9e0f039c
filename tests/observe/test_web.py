"""Every address over a real socket: what it answers, and to whom."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families as parse_text

from supervisor.core.causes import Cause
from supervisor.core.events import LoginConfirmed, MaintenanceEnded, PauseAsked, ResumeAsked
from supervisor.observe.web.backend import ReloadResult
from supervisor.observe.web.guard import host_name, is_loopback
from supervisor.observe.web.listen import BindError, bind
from supervisor.observe.web.server import WebServer
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


# -- looking ----------------------------------------------------------------------------------------------------------


def test_metrics_in_the_text_format_and_in_openmetrics(shared: Shared) -> None:
    client, _ = shared
    text = client.get("/metrics")
    assert text.status_code == 200
    assert text.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert "ib_up" in {family.name for family in parse_text(text.text)}
    opened = client.get("/metrics", headers={"Accept": "application/openmetrics-text;version=1.0.0"})
    assert opened.headers["content-type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    assert opened.text.endswith("# EOF\n")


def test_head_has_the_headers_alone(shared: Shared) -> None:
    client, _ = shared
    head = client.head("/metrics")
    assert (head.status_code, head.content) == (200, b"")
    assert int(head.headers["content-length"]) == len(client.get("/metrics").content)


def test_healthy_while_the_loop_turns() -> None:
    here = stage()
    with visited(here) as client:
        assert client.get("/-/healthy").status_code == 200
        here.turns = False
        sick = client.get("/-/healthy")
        assert (sick.status_code, sick.text) == (503, "the loop does not turn\n")


def test_ready_says_what_is_missing() -> None:
    here = stage()
    with visited(here) as client:
        assert client.get("/-/ready").status_code == 200
        here.is_ready = (False, "not yet tried: live")
        waiting = client.get("/-/ready")
        assert (waiting.status_code, waiting.text) == (503, "not yet tried: live\n")


def test_status_is_json(shared: Shared) -> None:
    client, _ = shared
    answer = client.get("/api/v1/status")
    assert answer.headers["content-type"] == "application/json"
    assert [gateway["name"] for gateway in answer.json()["gateways"]] == ["live", "paper"]
    assert answer.json()["now"] == "2026-11-23T15:00:00.000Z"


def test_the_page_names_each_gateway_and_asks_nobody_else(shared: Shared) -> None:
    client, _ = shared
    answer = client.get("/")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "live" in answer.text
    assert "paper" in answer.text
    assert "://" not in answer.text
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_the_page_escapes_what_it_shows() -> None:
    snapshot = rich.fresh("live").snapshot
    odd = replace(snapshot, cause=Cause("<script>alert(1)</script>", "a & b, U1234567"))
    with visited(Stage([odd])) as client:
        text = client.get("/").text
        assert "<script>" not in text
        assert "&lt;script&gt;" in text
        assert "a &amp; b, U***67" in text


def test_events_are_the_last_ones_or_those_since() -> None:
    here = stage()
    with visited(here) as client:
        assert client.get("/api/v1/events").json() == {"events": []}
        for number in range(1, 6):
            here.tell(f"event {number}")
        (first, *_, last) = client.get("/api/v1/events").json()["events"]
        assert first == {
            "id": 1,
            "time": "2026-11-23T15:00:00.000Z",
            "gateway": "live",
            "kind": "status",
            "level": "info",
            "text": "event 1",
            "fields": {"n": 1},
        }
        assert last["id"] == 5

        def numbers(**query: str) -> list[int]:
            return [event["id"] for event in client.get("/api/v1/events", params=query).json()["events"]]

        assert numbers(limit="2") == [4, 5]
        assert numbers(since="3") == [4, 5]
        assert numbers(since="1", limit="2") == [2, 3]
        assert numbers(since="2026-11-23T15:00:00Z") == [1, 2, 3, 4, 5]
        assert numbers(since="2026-11-23T16:00:01+01:00") == []


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=1001", "limit=x", "limit=-1", "limit=" + "9" * 5000, "since=yesterday", "since=-1"]
)
def test_a_question_for_events_that_makes_no_sense_is_refused(query: str, shared: Shared) -> None:
    client, _ = shared
    answer = client.get(f"/api/v1/events?{query}")
    assert answer.status_code == 400
    assert answer.text.endswith("\n")


@pytest.mark.parametrize(
    "path", ["/nope", "/metrics/", "/-/", "/api/v1/gateways/live", "/api/v1/gateways/live/explode"]
)
def test_an_unknown_path_is_404_in_a_sentence(path: str, shared: Shared) -> None:
    client, _ = shared
    for method in ("GET", "POST"):
        answer = client.request(method, path)
        assert answer.status_code == 404
        assert answer.text.startswith("there is nothing at /")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/metrics", {"GET", "HEAD"}),
        ("DELETE", "/", {"GET", "HEAD"}),
        ("OPTIONS", "/metrics", {"GET", "HEAD"}),
        ("GET", "/-/reload", {"POST"}),
        ("GET", "/api/v1/gateways/live/pause", {"POST"}),
        ("PUT", "/api/v1/gateways/live/pause", {"POST"}),
    ],
)
def test_a_wrong_method_is_405_and_says_which_is_right(
    method: str, path: str, allowed: set[str], shared: Shared
) -> None:
    client, _ = shared
    answer = client.request(method, path)
    assert answer.status_code == 405
    assert set(answer.headers["allow"].split(", ")) == allowed
    assert answer.text == f"{method} is not possible here\n"


def test_every_answer_has_the_security_headers(shared: Shared) -> None:
    client, _ = shared
    for method, path in (("GET", "/"), ("GET", "/metrics"), ("GET", "/nope"), ("POST", "/-/reload"), ("PUT", "/")):
        headers = client.request(method, path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "server" not in headers


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
    assert [event for _, event in here.heard[:4]] == [PauseAsked(), ResumeAsked(), MaintenanceEnded(), LoginConfirmed()]


def test_an_unknown_gateway_is_404(shared: Shared) -> None:
    client, _ = shared
    answer = client.post("/api/v1/gateways/nobody/pause")
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
    "host", ["evil.example", "127.0.0.1.evil.example:14000", "localhost.evil.example", "[", "a b", "0"]
)
def test_a_foreign_host_is_refused_whatever_is_asked(host: str, shared: Shared) -> None:
    client, here = shared
    for path in ("/-/reload", "/api/v1/gateways/live/pause", "/nope"):
        answer = client.post(path, headers={"Host": host})
        assert answer.status_code == 403
        assert "Host header" in answer.text
    assert client.get("/metrics", headers={"Host": host}).status_code == 200
    assert client.get("/nope", headers={"Host": host}).status_code == 404
    assert not here.heard


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


def test_forwarded_headers_are_not_believed(shared: Shared) -> None:
    client, _ = shared
    answer = client.post("/-/reload", headers={"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https"})
    assert answer.status_code == 200


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
    [("a.example:1", "a.example"), ("[::1]:80", "::1"), ("[::1", None), ("", None), ("user@localhost", "localhost")],
)
def test_the_name_in_a_host_header(host: str, name: str | None) -> None:
    assert host_name(host) == name


# -- the server -------------------------------------------------------------------------------------------------------


def test_a_taken_port_is_named() -> None:
    listener = bind("127.0.0.1", 0)
    port = listener.getsockname()[1]
    try:
        with pytest.raises(BindError, match=rf"cannot listen on 127\.0\.0\.1:{port}: Address already in use"):
            bind("127.0.0.1", port)
    finally:
        listener.close()


def test_an_address_that_is_not_ours_is_named() -> None:
    with pytest.raises(BindError, match=r"cannot listen on 192\.0\.2\.1:14000: "):
        bind("192.0.2.1", 14000)
    with pytest.raises(BindError, match=r"cannot listen on \[2001:db8::1\]:14000: "):
        bind("2001:db8::1", 14000)


def test_who_connects_before_the_server_starts_is_answered_once_it_has() -> None:
    listener = bind("127.0.0.1", 0)
    server = WebServer(stage(), listener)
    answers: list[int] = []

    def ask() -> None:
        answers.append(httpx.get(f"http://127.0.0.1:{server.port}/-/healthy", timeout=10).status_code)

    asker = threading.Thread(target=ask)
    asker.start()
    server.start()
    asker.join()
    assert server.stop(10)
    assert answers == [200]


def test_a_server_stopped_as_soon_as_it_was_started_stops_and_frees_its_port() -> None:
    listener = bind("127.0.0.1", 0)
    server = WebServer(stage(), listener)
    port = server.port
    server.start()
    assert server.stop(10)
    assert not server.alive
    bind("127.0.0.1", port).close()
    assert server.stop(), "stopping twice does no harm"


def test_the_server_stops_within_a_second_while_a_request_hangs() -> None:
    release, entered = threading.Event(), threading.Event()

    def hang() -> ReloadResult:
        entered.set()
        release.wait(20)
        return ReloadResult(True)

    here = stage()
    here.reloading = hang
    server = WebServer(here, bind("127.0.0.1", 0))
    server.start()

    def ask() -> None:
        with pytest.raises(httpx.HTTPError):
            httpx.post(f"http://127.0.0.1:{server.port}/-/reload", timeout=20)

    asker = threading.Thread(target=ask)
    asker.start()
    assert entered.wait(10)
    began = time.monotonic()
    assert server.stop()
    assert time.monotonic() - began < 1
    release.set()
    asker.join()


def test_a_defect_of_ours_is_500_and_the_server_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    here = stage()

    def broken() -> ReloadResult:
        raise RuntimeError("left is right")

    here.reloading = broken
    with visited(here) as client:
        answer = client.post("/-/reload")
        assert answer.status_code == 500
        assert answer.text == "a defect of the supervisor; its log says more\n"
        assert client.get("/-/healthy").status_code == 200
    assert "left is right" in caplog.text


def test_status_has_no_account_number() -> None:
    with visited(Stage([rich.eventful().snapshot])) as client:
        for path in ("/", "/api/v1/status", "/metrics"):
            assert rich.ACCOUNT not in client.get(path).text
        assert json.loads(client.get("/api/v1/status").text)
