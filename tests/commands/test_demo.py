"""`demo`: how its story begins, and how it ends early."""

import io
import os
import pty
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator

import pytest

from supervisor.commands.demonstration.demo import ends


@pytest.fixture
def demo() -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-W", "error", "-m", "supervisor", "demo", "--once"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def told_until(process: "subprocess.Popen[str]", *words: str) -> str:
    """What it says until all the words have come, whichever thread of it is first."""
    assert process.stdout is not None
    told = ""
    for line in process.stdout:
        told += line
        if all(word in told for word in words):
            return told
    raise AssertionError(told)


def test_it_names_its_url_and_is_up_within_seconds(demo: "subprocess.Popen[str]") -> None:
    told = told_until(demo, "status page: ", "(2104, 2106, 2158)", "down -> up")
    url = told.split("status page: ")[1].split()[0]
    with urllib.request.urlopen(f"{url}/metrics", timeout=10) as page:
        assert 'ib_up{gateway="demo"} 1.0' in page.read().decode()
    demo.send_signal(signal.SIGINT)
    assert demo.wait(20) == 0


@pytest.mark.timeout(400)
def test_the_week_is_played_and_sunday_night_waits_for_what_the_controller_said(demo: "subprocess.Popen[str]") -> None:
    told, _ = demo.communicate(timeout=360)
    assert demo.returncode == 0, told
    _, _, sunday = told.partition("Sunday night: ")
    assert "The gateway at 127.0.0.1:" in sunday
    assert "waits for the second factor since 23:4" in sunday
    assert "outages: each was found and healed" in told


def test_it_stays_only_where_somebody_watches() -> None:
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as terminal:
        assert not ends(False, terminal)
        assert ends(True, terminal)
    os.close(ours)
    assert ends(False, io.StringIO())


def test_it_ends_when_nobody_reads_its_story_any_more(demo: "subprocess.Popen[str]") -> None:
    told_until(demo, "session ready")
    assert demo.stdout is not None
    assert demo.stderr is not None
    demo.stdout.close()
    assert demo.wait(20) == 1
    assert demo.stderr.read() == ""
