"""The wire log: readable, masked, rotated, and in nobody's way."""

import logging
import os
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from supervisor.core.model.events import Ending, HandshakeDone, PortOpened, SessionClosed, TrafficSeen
from supervisor.observe.logs.wire import KEPT, LONGEST, WireLogs, as_line
from supervisor.simulator import SimulatedGateway
from tests.daemon.running import gateways, quick, running
from tests.waiting import wait_until


@pytest.fixture
def logs(tmp_path: Path) -> Iterator[WireLogs]:
    found = WireLogs(tmp_path / "wire")
    yield found
    found.close(5.0)


def lines(folder: Path, name: str = "live") -> list[str]:
    path = folder / "wire" / f"{name}.log"
    return path.read_text("utf-8").splitlines() if path.exists() else []


def test_a_message_is_a_line_with_its_direction_its_instant_and_its_fields() -> None:
    assert as_line(0.25, "<", b"9\x001\x0042\x00") == "< 1970-01-01T00:00:00.250000Z 9;1;42"
    assert as_line(0.0, ">", b"71\x002\x00\x00") == "> 1970-01-01T00:00:00.000000Z 71;2;"


def test_what_is_no_text_is_escaped_and_stays_one_line() -> None:
    line = as_line(0.0, "<", b"a\nb\x1b[31m\xff\x00\xc3\xa9")
    assert line.endswith(r" a\nb\x1b[31m\xff;é")
    assert len(line.splitlines()) == 1


def test_account_numbers_are_masked_and_long_messages_cut() -> None:
    assert "U***67;DU***22" in as_line(0.0, "<", b"15\x00U1234567\x00DU1111122\x00")
    assert len(as_line(0.0, "<", b"x" * 100_000)) < LONGEST + 100


def test_what_becomes_of_a_session_has_signs_of_its_own(logs: WireLogs, tmp_path: Path) -> None:
    wire = logs.of("live")
    for event in (
        PortOpened(3),
        HandshakeDone(3, 187, "20261123 10:00:00 EST"),
        TrafficSeen(3),
        SessionClosed(3, Ending.ASKED),
        SessionClosed(4, Ending.RESET, "Connection reset by peer"),
    ):
        wire.event(event)
    wait_until(lambda: len(lines(tmp_path)) == 4)
    assert [(line[0], line[30:]) for line in lines(tmp_path)] == [
        ("=", "session 3: TCP is connected"),
        ("=", "session 3: server version 187, clock 20261123 10:00:00 EST"),
        ("=", "session 3 ended: asked"),
        ("!", "session 4 ended: reset (Connection reset by peer)"),
    ]


def test_each_gateway_has_a_file_of_its_own_that_others_may_not_read(logs: WireLogs, tmp_path: Path) -> None:
    logs.of("live").line("<", b"1")
    logs.of("paper").line(">", b"2")
    wait_until(lambda: lines(tmp_path) and lines(tmp_path, "paper"))
    assert (tmp_path / "wire" / "live.log").stat().st_mode & 0o007 == 0


def test_files_are_rotated_by_size_and_the_oldest_goes(tmp_path: Path) -> None:
    logs = WireLogs(tmp_path / "wire", size=2000)
    wire = logs.of("live")
    for number in range(KEPT + 3):
        wire.line("<", b"%d" % number * 1500)
        wait_until(lambda n=number: f" {n}" in (lines(tmp_path) or [""])[-1])  # type: ignore[misc]
    logs.close(5.0)
    names = sorted(path.name for path in (tmp_path / "wire").iterdir())
    assert names == ["live.log", *(f"live.log.{number}" for number in range(1, KEPT + 1))]


def test_off_costs_nothing_and_it_can_be_switched_while_running(tmp_path: Path) -> None:
    logs = WireLogs()
    wire = logs.of("live")
    wire.line("<", b"before")
    logs.change(tmp_path / "wire")
    wire.line("<", b"while")
    wait_until(lambda: lines(tmp_path))
    logs.change(None)
    wire.line("<", b"after")
    logs.close(5.0)
    assert [line[30:] for line in lines(tmp_path)] == ["while"]


def test_a_folder_that_cannot_be_made_is_told_once_and_holds_nobody_up(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "wire").write_text("a file")
    logs = WireLogs(tmp_path / "wire")
    wire = logs.of("live")
    with caplog.at_level(logging.ERROR):
        begun = time.monotonic()
        for _ in range(1000):
            wire.line("<", b"x")
        assert time.monotonic() - begun < 1.0
        wait_until(lambda: "cannot be written" in caplog.text)
    logs.close(0.1)
    assert caplog.text.count("cannot be written") == 1


def test_large_messages_that_wait_for_the_disk_cost_no_more_than_their_lines(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "live.log")
    logs = WireLogs(tmp_path)
    wire = logs.of("live")
    tracemalloc.start()
    for _ in range(100):
        wire.line("<", bytes(b"x" * 1_000_000))
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 10_000_000
    with open(tmp_path / "live.log", encoding="utf-8") as pipe:
        assert pipe.readline().endswith("xxx ... 1000000 bytes\n")
    logs.close(5.0)


def test_messages_that_the_disk_was_too_slow_for_are_counted_in_the_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "live.log")
    logs = WireLogs(tmp_path, waiting=10)
    wire = logs.of("live")
    for _ in range(10):
        wire.line("<", b"x")
    for _ in range(5):
        wire.line("<", b"too many")
    with open(tmp_path / "live.log", encoding="utf-8") as pipe:
        found = [pipe.readline() for _ in range(11)]
    logs.close(5.0)
    assert found[-1].startswith("! ")
    assert found[-1].endswith("5 messages are missing here\n")


def test_the_daemon_writes_what_it_hears_and_says(tmp_path: Path) -> None:
    with SimulatedGateway() as gateway:
        config = gateways(quick(gateway.port, "live"))
        with running(tmp_path, f"{config}log: {{wire: wire}}\n") as daemon:
            daemon.wait_up()
            daemon.until(lambda: any(line.startswith("> ") and line.endswith(" 49;1") for line in lines(tmp_path)))
            said = lines(tmp_path)
            assert {line[0] for line in said} == {"<", ">", "="}
            assert "= " in said[0]
            daemon.reload(f"{config}log: {{wire: null}}\n")
            daemon.until(lambda: len(daemon.said("config reloaded")) == 1)
