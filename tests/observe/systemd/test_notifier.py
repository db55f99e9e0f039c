"""What systemd hears of us, on a real socket."""

import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from supervisor.observe.systemd.notifier import Notifier, ascii_line


class Systemd:
    """PID 1's end of the notify socket."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("\0" + address[1:] if address.startswith("@") else address)
        self.socket.settimeout(0.0)

    def heard(self) -> list[str]:
        """The datagrams since the last time: a datagram is there as soon as it was sent."""
        datagrams = []
        while True:
            try:
                datagrams.append(self.socket.recv(65536).decode("ascii"))
            except BlockingIOError:
                return datagrams

    def fill(self) -> int:
        """Other services talk until the kernel has no room; how many words it took."""
        words = 0
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as other:
            other.connect("\0" + self.address[1:] if self.address.startswith("@") else self.address)
            while True:
                try:
                    other.send(b"X=1")
                    words += 1
                except BlockingIOError:
                    return words

    def environment(self, **more: str) -> dict[str, str]:
        return {"NOTIFY_SOCKET": self.address, **more}

    def close(self) -> None:
        self.socket.close()
        if not self.address.startswith("@"):
            os.unlink(self.address)


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[Systemd]:
    listener = Systemd(str(tmp_path / "notify"))
    yield listener
    listener.close()


@pytest.fixture
def notifier(systemd: Systemd) -> Iterator[Notifier]:
    made = Notifier(systemd.environment(WATCHDOG_USEC="30000000"))
    yield made
    made.close()


def test_a_whole_life_in_order_each_word_in_a_datagram_of_its_own(systemd: Systemd, notifier: Notifier) -> None:
    before = time.monotonic_ns() // 1000
    notifier.ready()
    notifier.status("1/1 up")
    notifier.watchdog()
    notifier.reloading()
    notifier.ready()
    notifier.stopping()
    heard = systemd.heard()
    assert [word.split("\n")[0] for word in heard] == [
        "READY=1",
        "STATUS=1/1 up",
        "WATCHDOG=1",
        "RELOADING=1",
        "READY=1",
        "STOPPING=1",
    ]
    name, _, stamp = heard[3].split("\n")[1].partition("=")
    assert name == "MONOTONIC_USEC"
    assert before <= int(stamp) <= time.monotonic_ns() // 1000


def test_an_abstract_address_is_understood() -> None:
    listener = Systemd(f"@ib-supervisor-test-{os.getpid()}")
    notifier = Notifier(listener.environment())
    notifier.ready()
    assert listener.heard() == ["READY=1"]
    notifier.close()
    listener.close()


def test_without_systemd_every_word_does_nothing() -> None:
    notifier = Notifier({})
    notifier.ready()
    notifier.status("x")
    notifier.watchdog()
    notifier.reloading()
    notifier.stopping()
    notifier.close()
    assert notifier.watchdog_interval is None


def test_an_address_where_nobody_listens_raises_nothing_and_is_tried_again(tmp_path: Path) -> None:
    notifier = Notifier({"NOTIFY_SOCKET": str(tmp_path / "notify")})
    notifier.ready()
    listener = Systemd(str(tmp_path / "notify"))
    notifier.status("up")
    assert listener.heard() == ["READY=1", "STATUS=up"]
    notifier.close()
    listener.close()


def test_a_listener_that_was_replaced_hears_the_next_words(tmp_path: Path) -> None:
    first = Systemd(str(tmp_path / "notify"))
    notifier = Notifier(first.environment())
    notifier.ready()
    first.close()
    second = Systemd(str(tmp_path / "notify"))
    notifier.stopping()
    notifier.watchdog()
    assert second.heard() == ["STOPPING=1"]
    notifier.close()
    second.close()


def test_a_full_queue_blocks_nobody_and_loses_only_what_is_stale(systemd: Systemd, notifier: Notifier) -> None:
    filled = systemd.fill()
    begun = time.monotonic()
    notifier.reloading()
    notifier.status("an old status")
    notifier.watchdog()
    notifier.ready()
    notifier.status("the newest status")
    assert time.monotonic() - begun < 5.0
    assert len(systemd.heard()) == filled
    notifier.watchdog()
    assert [word.split("\n")[0] for word in systemd.heard()] == [
        "RELOADING=1",
        "READY=1",
        "STATUS=the newest status",
        "WATCHDOG=1",
    ]


def test_the_same_status_is_not_sent_again(systemd: Systemd, notifier: Notifier) -> None:
    notifier.status("1/1 up")
    notifier.status("1/1 up")
    assert systemd.heard() == ["STATUS=1/1 up"]


def test_a_status_is_one_line_of_ascii_whatever_is_in_it(systemd: Systemd, notifier: Notifier) -> None:
    notifier.status("réseau – ✓\nREADY=1\x1b[2J → “down”…")
    assert systemd.heard() == ['STATUS=reseau - ? READY=1 [2J -> "down"...']


@pytest.mark.parametrize("text", ["", "plain", "a  b", "\x00", "中文", "\ud800"])
def test_every_text_has_an_ascii_form(text: str) -> None:
    assert ascii_line(text).isascii()
    assert "\n" not in ascii_line(text)


@pytest.mark.parametrize(
    ("environment", "interval"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "30000000"}, 10.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 10.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid() + 1)}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({"WATCHDOG_USEC": "²"}, None),
        ({"WATCHDOG_USEC": ""}, None),
    ],
)
def test_the_watchdog_is_fed_thrice_in_its_time_if_it_is_ours(
    environment: dict[str, str], interval: float | None
) -> None:
    assert Notifier(environment).watchdog_interval == interval


def test_a_watchdog_that_does_not_watch_us_hears_nothing(systemd: Systemd) -> None:
    notifier = Notifier(systemd.environment())
    notifier.watchdog()
    assert systemd.heard() == []
    notifier.close()
