"""Every address over a real socket: what it answers, and to whom."""

import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families as parse_text

from supervisor.observe.web.backend import ReloadResult
from supervisor.observe.web.listen import BindError, bind
from supervisor.observe.web.server import WebServer
from tests.observe import rich
from tests.observe.stage import Stage, served


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
    assert int(head.headers["content-length"]) > 0


def test_metrics_are_compressed_for_who_asks_and_for_nobody_else(shared: Shared) -> None:
    client, _ = shared
    plain = client.get("/metrics", headers={"Accept-Encoding": "identity"})
    smaller = client.get("/metrics", headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in plain.headers
    for no in ("gzip;q=0", "br, gzip; q=0.0, identity", "*;q=0"):
        assert "content-encoding" not in client.get("/metrics", headers={"Accept-Encoding": no}).headers, no
    for yes in ("br, gzip;q=0.5", "gzip;q=1.0"):
        assert client.get("/metrics", headers={"Accept-Encoding": yes}).headers["content-encoding"] == "gzip", yes
    assert smaller.headers["content-encoding"] == "gzip"
    assert int(smaller.headers["content-length"]) < len(plain.content) / 4
    assert smaller.text.splitlines()[:20] == plain.text.splitlines()[:20]


def test_metrics_say_since_when_the_process_runs(shared: Shared) -> None:
    client, _ = shared
    names = {family.name for family in parse_text(client.get("/metrics").text)}
    assert {"process_start_time_seconds", "python_info", "python_gc_collections"} <= names


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
    assert set(re.findall(r"\w+://[\w.]+", answer.text)) <= {"http://www.w3.org"}, "a name of XML, no address"
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


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

        assert numbers(since="", limit="") == [1, 2, 3, 4, 5]
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
