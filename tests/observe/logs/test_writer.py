"""The log as a whole: real streams, real pipes, a thread of its own."""

import io
import json
import logging
import os
import pty
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import pytest

from supervisor.core.explain.report import Level, Report
from supervisor.observe.logs import writer as logs
from supervisor.observe.logs.flood import Rates
from tests.waiting import wait_until

LOG = logging.getLogger("supervisor.some.module")
LOST = Report(Level.WARNING, "upstream_lost", "upstream lost (1100)", {"code": 1100, "layer": "upstream"})

UNBOUND = Rates(1e9, 1e9, 1e9, 1e9)
"""As many lines as come: what is slow here is who reads them."""
Setup = Callable[..., logs.LogWriter]


@pytest.fixture
def setup() -> Iterator[Setup]:
    """`logs.setup`, undone afterwards."""
    root = logging.getLogger()
    levels = {
        name: logging.getLogger(name).level for name in ("", "ibapi", "apscheduler", "uvicorn", "asyncio", "tzlocal")
    }
    writers: list[logs.LogWriter] = []

    def begin(*args: Any, **more: Any) -> logs.LogWriter:
        more.setdefault("journald", "/nonexistent/socket")
        writers.append(logs.setup(*args, **more))
        return writers[-1]

    yield begin
    for writer in writers:
        writer.end(0.0)
        writer.close()
    assert not [handler for handler in root.handlers if isinstance(handler, logs.LogWriter)]
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


@pytest.fixture
def stuck() -> Iterator[tuple[int, IO[str]]]:
    """A pipe that is full: its reading end, and the stream that nobody reads."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    try:
        while True:
            os.write(writing, b"." * 4096)
    except BlockingIOError:
        pass
    os.set_blocking(writing, True)
    stream = open(writing, "w", encoding="utf-8")  # noqa: SIM115
    yield reading, stream
    os.close(reading)
    stream.close()


def everything(reading: int, into: bytearray) -> threading.Thread:
    def read() -> None:
        while data := os.read(reading, 65536):
            into.extend(data)

    thread = threading.Thread(target=read)
    thread.start()
    return thread


def test_what_the_core_tells_is_a_line_with_gateway_and_sentence(setup: Setup) -> None:
    stream = io.StringIO()
    writer = setup("info", "console", stream)
    logs.tell("live", LOST)
    assert writer.end()
    assert stream.getvalue().endswith(" WARNING live: upstream lost (1100)\n")


def test_json_lines_carry_kind_and_fields(setup: Setup) -> None:
    stream = io.StringIO()
    writer = setup("info", "json", stream, clock=lambda: 1795244996.5)
    logs.tell("live", LOST)
    LOG.info("loop turns")
    assert writer.end()
    told, own = map(json.loads, stream.getvalue().splitlines())
    assert told == {
        "ts": "2026-11-21T07:09:56.500Z",
        "level": "warning",
        "gateway": "live",
        "kind": "upstream_lost",
        "text": "upstream lost (1100)",
        "fields": {"code": 1100, "layer": "upstream"},
        "logger": "supervisor.told",
    }
    assert (own["gateway"], own["kind"], own["fields"], own["logger"]) == (None, None, {}, LOG.name)


def test_a_percent_sign_in_a_sentence_is_only_a_percent_sign(setup: Setup) -> None:
    stream = io.StringIO()
    writer = setup("info", "console", stream)
    logs.tell("live", Report(Level.INFO, "x", "100%s %d"))
    assert writer.end()
    assert "live: 100%s %d\n" in stream.getvalue()


def test_arguments_that_do_not_fit_cost_only_the_beauty_of_the_line(
    setup: Setup, capfd: pytest.CaptureFixture[str]
) -> None:
    stream = io.StringIO()
    writer = setup("info", "console", stream)
    # To the writer alone: pytest's own handlers would raise
    writer.handle(logging.LogRecord("x", logging.INFO, __file__, 1, "a number: %d", ("none",), None))
    assert writer.end()
    assert "a number: %d ('none',)" in stream.getvalue()
    assert capfd.readouterr().err == ""


def test_a_field_that_cannot_be_shown_costs_one_line_not_the_log(setup: Setup) -> None:
    class Odd:
        def __str__(self) -> str:
            raise RuntimeError

    stream = io.StringIO()
    writer = setup("info", "console", stream)
    LOG.info("odd", extra={"fields": {"x": Odd()}})
    wait_until(lambda: writer.dropped == 1)
    LOG.info("even")
    assert writer.end()
    assert "even" in stream.getvalue()
    assert "1 line of the log could not be written" in stream.getvalue()


def test_the_level_decides_and_other_libraries_speak_from_warning_on(setup: Setup) -> None:
    stream = io.StringIO()
    writer = setup("debug", "console", stream)
    LOG.debug("mine")
    for name in ("ibapi.client", "apscheduler.scheduler", "uvicorn"):
        logging.getLogger(name).info("%s chats", name)
    logging.getLogger("apscheduler.scheduler").warning("apscheduler warns")
    writer.change("error", "console")
    LOG.warning("too quiet")
    logging.getLogger("apscheduler.scheduler").warning("too quiet")
    LOG.error("loud")
    assert writer.end()
    said = stream.getvalue()
    assert [word for word in ("mine", "chats", "apscheduler warns", "too quiet", "loud") if word in said] == [
        "mine",
        "apscheduler warns",
        "loud",
    ]


def test_a_reload_may_change_the_form(setup: Setup) -> None:
    stream = io.StringIO()
    writer = setup("info", "console", stream)
    LOG.info("first")
    wait_until(lambda: "first" in stream.getvalue())
    writer.change("info", "json")
    LOG.info("second")
    assert writer.end()
    assert json.loads(stream.getvalue().splitlines()[1])["text"] == "second"


@pytest.mark.parametrize(("level", "format"), [("loud", "console"), ("info", "yaml"), ("", "console")])
def test_another_level_or_form_is_refused_and_changes_nothing(setup: Setup, level: str, format: str) -> None:
    writer = setup("error", "json", io.StringIO())
    with pytest.raises(ValueError, match="no such log"):
        writer.change(level, format)
    assert logging.getLogger().level == logging.ERROR


def test_a_second_set_up_ends_the_first_and_no_line_is_written_twice(setup: Setup) -> None:
    first, second = io.StringIO(), io.StringIO()
    setup("info", "console", first)
    LOG.info("one")
    writer = setup("info", "console", second)
    LOG.info("two")
    assert writer.end()
    assert ("one" in first.getvalue(), "two" in first.getvalue()) == (True, False)
    assert ("one" in second.getvalue(), "two" in second.getvalue()) == (False, True)


def test_an_exception_brings_its_traceback_without_account_numbers(setup: Setup) -> None:
    stream = io.StringIO()
    writer = setup("info", "console", stream)
    try:
        raise RuntimeError("no account DU1234567")
    except RuntimeError:
        LOG.exception("a fault")
    assert writer.end()
    lines = stream.getvalue().splitlines()
    assert lines[0].endswith("ERROR   a fault")
    assert all(line.startswith("    ") for line in lines[1:])
    assert lines[-1] == "    RuntimeError: no account DU***67"


# -- a reader that is stuck -------------------------------------------------------------------------------------------


def test_a_full_pipe_blocks_nobody_and_what_was_lost_is_told_when_it_flows_again(
    setup: Setup, stuck: tuple[int, IO[str]]
) -> None:
    reading, stream = stuck
    writer = setup("info", "console", stream, rates=UNBOUND)
    begun = time.monotonic()
    for number in range(logs.WAITING_AT_MOST + 1000):
        logs.tell("live", Report(Level.INFO, "x", f"line {number}."))
    assert time.monotonic() - begun < 10.0
    assert writer.dropped in (999, 1000)  # one line may be in the writer's hand
    lost = writer.dropped
    said = bytearray()
    reader = everything(reading, said)
    wait_until(lambda: f"{lost} lines of the log could not be written".encode() in said)
    LOG.info("on we go")
    assert writer.end(10.0)
    stream.close()
    reader.join(10.0)
    assert b"on we go" in said
    assert said.count(b"of the log could not be written") == 1
    assert said.index(b"line 0.") < said.index(b"line 1.") < said.index(b"line 4000.")


def test_the_end_does_not_wait_for_a_full_pipe(setup: Setup, stuck: tuple[int, IO[str]]) -> None:
    writer = setup("info", "console", stuck[1])
    LOG.info("never read")
    begun = time.monotonic()
    assert not writer.end(0.2)
    assert time.monotonic() - begun < 2.0
    wait_until(lambda: not [thread for thread in threading.enumerate() if thread.name == "log"])


def test_a_process_with_a_full_standard_error_works_on_and_exits(stuck: tuple[int, IO[str]]) -> None:
    script = (
        "import logging\n"
        "from supervisor.observe.logs import writer as logs\n"
        "logs.setup('info', 'console')\n"
        "for n in range(10000): logging.getLogger('x').info('line %d', n)\n"
        "print('done', flush=True)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=stuck[1], text=True, timeout=60, check=False
    )
    assert (done.stdout, done.returncode) == ("done\n", 0)


def test_a_standard_error_that_nobody_has_any_more_costs_lines_only(setup: Setup) -> None:
    reading, writing = os.pipe()
    with open(writing, "w", encoding="utf-8") as stream:
        os.close(reading)
        writer = setup("info", "console", stream)
        LOG.info("to nobody")
        wait_until(lambda: writer.dropped == 1)
        assert writer.end()


def test_a_closed_stream_costs_lines_only(setup: Setup) -> None:
    stream = io.StringIO()
    writer = setup("info", "console", stream)
    stream.close()
    LOG.info("to nobody")
    wait_until(lambda: writer.dropped == 1)
    assert writer.end()


def test_the_descriptor_is_given_back(setup: Setup, tmp_path: Path) -> None:
    def descriptors() -> set[str]:
        return set(os.listdir("/proc/self/fd"))

    with (tmp_path / "log").open("w") as stream:
        before = descriptors()
        writer = setup("info", "console", stream)
        assert len(descriptors()) == len(before) + 1
        assert writer.end()
        assert len(descriptors()) == len(before)


# -- a terminal, and journald -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("environment", "coloured"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"TERM": "dumb"}, False)],
)
def test_colour_only_on_a_terminal_that_wants_it(setup: Setup, environment: dict[str, str], coloured: bool) -> None:
    main, terminal = pty.openpty()
    with open(terminal, "w", encoding="utf-8") as stream:
        writer = setup("info", "console", stream, environment=environment)
        LOG.warning("look")
        assert writer.end()
        assert (b"\x1b[33m" in os.read(main, 4096)) is coloured
    os.close(main)


def test_no_colour_in_a_file(setup: Setup, tmp_path: Path) -> None:
    with (tmp_path / "log").open("w") as stream:
        writer = setup("info", "console", stream, environment={})
        LOG.error("look")
        assert writer.end()
    assert "\x1b" not in (tmp_path / "log").read_text()


def test_journald_hears_fields_on_its_own_socket(setup: Setup, tmp_path: Path) -> None:
    stream = io.StringIO()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journald:
        journald.bind(str(tmp_path / "socket"))
        journald.settimeout(10.0)
        writer = setup("info", "journald", stream, journald=str(tmp_path / "socket"))
        logs.tell("live", LOST)
        fields = dict(line.split("=", 1) for line in journald.recv(65536).decode().splitlines())
        assert writer.end()
    assert fields == {
        "MESSAGE": "live: upstream lost (1100)",
        "PRIORITY": "4",
        "SYSLOG_IDENTIFIER": "ib-supervisor",
        "GATEWAY": "live",
        "KIND": "upstream_lost",
        "LOGGER": "supervisor.told",
        "CODE": "1100",
        "LAYER": "upstream",
    }
    assert stream.getvalue() == ""


def test_a_journald_that_was_restarted_hears_the_next_line(setup: Setup, tmp_path: Path) -> None:
    path = tmp_path / "socket"
    writer = setup("info", "journald", io.StringIO(), journald=str(path))
    for number in range(2):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journald:
            journald.bind(str(path))
            journald.settimeout(10.0)
            LOG.info("line %d", number)
            assert f"MESSAGE=line {number}\n".encode() in journald.recv(65536)
        path.unlink()
    assert writer.end()


def test_without_journald_lines_have_its_priority_prefix(setup: Setup) -> None:
    stream = io.StringIO()
    writer = setup("info", "journald", stream)
    logs.tell("live", LOST)
    LOG.info("loop turns")
    assert writer.end()
    assert stream.getvalue() == ("<4>live: upstream lost (1100) GATEWAY=live CODE=1100 LAYER=upstream\n<6>loop turns\n")


def test_a_journald_that_is_stuck_blocks_nobody(setup: Setup, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journald:
        journald.bind(str(tmp_path / "socket"))
        writer = setup("info", "journald", io.StringIO(), journald=str(tmp_path / "socket"), rates=UNBOUND)
        begun = time.monotonic()
        for number in range(logs.WAITING_AT_MOST * 2):
            LOG.info("line %d", number)
        assert time.monotonic() - begun < 10.0
        assert writer.dropped > 0
        assert not writer.end(0.2)
