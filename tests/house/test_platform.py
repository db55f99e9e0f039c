"""What the daemon does where a system lacks a name: each is taken away here, on Linux.

On macOS and Windows themselves nothing of this was tried.
"""

import importlib.util
import os
import select
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import ModuleType

import pytest

from supervisor import platform
from supervisor.runtime.clocks import SuspendWatch, boot_ahead

LACKING = [
    (time, "CLOCK_BOOTTIME"),
    (signal, "SIGHUP"),
    (select, "poll"),
    (select, "PIPE_BUF"),
    (socket, "MSG_DONTWAIT"),
    (socket, "AF_UNIX"),
    (os, "O_NONBLOCK"),
]


def loaded_without(names: list[tuple[ModuleType, str]], patch: pytest.MonkeyPatch) -> ModuleType:
    """Another copy of the module, made while these names are gone; they stay gone until the test ends."""
    for module, name in names:
        patch.delattr(module, name)
    assert platform.__file__ is not None
    spec = importlib.util.spec_from_file_location("lacking", platform.__file__)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    near, far = socket.socketpair()
    with near, far:
        near.settimeout(5.0)
        yield near, far


def fill(near: socket.socket) -> None:
    """Send until the other side's buffer is full."""
    near.setblocking(False)
    with suppress(BlockingIOError):
        while near.send(b"x" * 65536):
            pass
    near.settimeout(5.0)


def test_here_nothing_is_lacking() -> None:
    seconds = platform.boot_seconds()
    assert seconds is not None
    assert seconds >= time.monotonic() - 1.0
    assert platform.RELOAD_SIGNAL == signal.SIGHUP
    assert platform.PIPE_AT_ONCE == select.PIPE_BUF
    assert platform.OPEN_AT_ONCE & os.O_NONBLOCK
    with platform.unix_datagrams() as made:
        assert made.family is socket.AF_UNIX
        assert not made.getblocking()


def test_without_any_of_the_names_there_is_an_answer_to_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    lacking = loaded_without(LACKING, monkeypatch)
    assert lacking.boot_seconds() is None
    assert lacking.RELOAD_SIGNAL is None
    assert lacking.PIPE_AT_ONCE == 512
    with pytest.raises(OSError, match="not supported"):
        lacking.unix_datagrams()


@pytest.mark.parametrize("lacks", [[], [(select, "poll"), (socket, "MSG_DONTWAIT")]])
def test_a_socket_is_written_to_at_once_or_not_at_all(
    lacks: list[tuple[ModuleType, str]], pair: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = loaded_without(lacks, monkeypatch)
    near, far = pair
    assert made.wait_writable(near, 0.0)
    assert made.send_at_once(near, b"hello") == 5
    assert far.recv(5) == b"hello"
    fill(near)
    assert not made.wait_writable(near, 0.01)
    began = time.monotonic()
    with pytest.raises(BlockingIOError):
        made.send_at_once(near, b"hello")
    assert time.monotonic() - began < 1.0


def test_without_a_clock_of_the_boot_no_suspend_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(time, "CLOCK_BOOTTIME")
    assert boot_ahead() == 0.0
    assert SuspendWatch().slept() == 0.0


def test_a_file_is_locked_for_one_at_a_time_and_until_it_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    first, second = (os.open(path, os.O_RDWR | os.O_CREAT) for _ in range(2))
    assert platform.lock_at_once(first)
    assert not platform.lock_at_once(second)
    os.close(first)
    assert platform.lock_at_once(second)
    os.close(second)
    with pytest.raises(OSError, match="Bad file descriptor"):
        platform.lock_at_once(second)
