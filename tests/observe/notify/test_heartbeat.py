"""The sign of life: fetched after the loop's work, and where the service has it, told of failures."""

import socket
import time
from pathlib import Path

import pytest

from supervisor.observe.notify.heartbeat import Heartbeat, failure_of, fetched
from tests.observe.notify.receivers import HANGS, Receiver, receiving, self_signed
from tests.waiting import wait_until


def beating(receiver: Receiver, path: str = "/ping/uuid", every: float = 0.1) -> Heartbeat:
    heartbeat = Heartbeat(f"http://127.0.0.1:{receiver.port}{path}", every)
    heartbeat.start()
    return heartbeat


@pytest.mark.parametrize(
    ("url", "failure"),
    [
        ("https://hc-ping.com/uuid", "https://hc-ping.com/uuid/fail"),
        ("https://hc-ping.com/key/slug?create=1", "https://hc-ping.com/key/slug/fail?create=1"),
        ("https://health.example.org/ping/uuid", "https://health.example.org/ping/uuid/fail"),
        (
            "https://kuma.example.org/api/push/token?status=up&msg=OK&ping=",
            "https://kuma.example.org/api/push/token?status=down",
        ),
        ("https://nosnch.in/token", None),
        ("https://example.org/alive", None),
    ],
)
def test_which_services_have_an_address_for_failures(url: str, failure: str | None) -> None:
    assert failure_of(url) == failure


def test_it_is_fetched_while_the_loop_works_and_not_before() -> None:
    with receiving() as receiver:
        heartbeat = beating(receiver)
        assert receiver.paths == []
        heartbeat.beat(True)
        wait_until(lambda: heartbeat.sent >= 3)
        heartbeat.end()
    assert set(receiver.paths) == {"/ping/uuid"}


def test_while_something_urgent_lasts_the_address_for_failures_is_fetched() -> None:
    with receiving() as receiver:
        heartbeat = beating(receiver)
        heartbeat.beat(False)
        wait_until(lambda: receiver.paths)
        heartbeat.beat(True)
        wait_until(lambda: len(set(receiver.paths)) == 2)
        heartbeat.end()
    assert receiver.paths[0] == "/ping/uuid/fail"


def test_a_service_without_one_goes_on_hearing_that_the_supervisor_lives() -> None:
    with receiving() as receiver:
        heartbeat = beating(receiver, "/alive")
        heartbeat.beat(False)
        wait_until(lambda: receiver.paths)
        heartbeat.end()
    assert set(receiver.paths) == {"/alive"}


@pytest.mark.parametrize(("path", "paths"), [("/ping/uuid", ["/ping/uuid/fail"]), ("/alive", [])])
def test_a_loop_that_stands_still_is_silence_or_one_failure(path: str, paths: list[str]) -> None:
    clock = [time.monotonic()]
    with receiving() as receiver:
        heartbeat = Heartbeat(f"http://127.0.0.1:{receiver.port}{path}", 0.05, lambda: clock[0])
        heartbeat.beat(True)
        clock[0] += 11.0
        heartbeat.start()
        if paths:
            wait_until(lambda: receiver.paths)
        clock[0] += 2.0
        heartbeat.end()
    assert receiver.paths == paths


def test_what_fails_is_told_once_counted_and_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    with receiving(500) as receiver:
        heartbeat = beating(receiver)
        heartbeat.beat(True)
        wait_until(lambda: heartbeat.failed >= 3)
        receiver.answer = 200
        wait_until(lambda: heartbeat.sent >= 1)
        heartbeat.end()
    said = [record.getMessage() for record in caplog.records if "heartbeat" in record.name]
    assert len([line for line in said if "status 500" in line]) == 1
    assert "uuid" not in "".join(said)


def test_a_service_that_hangs_or_is_not_there_or_not_trusted_costs_a_bounded_time(tmp_path: Path) -> None:
    with receiving(HANGS) as receiver:
        began = time.monotonic()
        assert fetched(f"http://127.0.0.1:{receiver.port}/x", 0.3) in ("no answer within 0.3 s", "timed out")
        assert time.monotonic() - began < 5
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        assert fetched(f"http://127.0.0.1:{nobody.getsockname()[1]}/secret") == "Connection refused"
    with receiving(context=self_signed(tmp_path)) as receiver:
        assert fetched(f"https://127.0.0.1:{receiver.port}/secret") == "its TLS certificate is not valid"
    assert fetched("http://127.0.0.1:x/secret") == "InvalidURL"
