"""Hundreds of sessions of one program leave nothing behind: neither threads nor descriptors nor objects."""

import gc
import os
import threading
import weakref

from supervisor.host import Host
from supervisor.simulator import SimulatedGateway
from tests.host.programs import QUICK, Book, Hello, hosted
from tests.waiting import wait_until

REBUILDS = 200


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


class Counted(Hello):
    """Counts the sessions, and is not held by the test."""

    alive: "weakref.WeakSet[Counted]" = weakref.WeakSet()

    def __init__(self, book: Book) -> None:
        super().__init__(book)
        book.apps.clear()
        self.alive.add(self)

    def on_ready(self, ready: object) -> None:
        self.book.heard = [("on_ready", ready)]
        self.book.note("session", len(self.book.threads))


def rebuild(host: Host, gateway: SimulatedGateway, times: int) -> None:
    """Lose the session so many times."""
    for _ in range(times):
        epoch = host.wait_ready(20).epoch
        gateway.do("rst")
        wait_until(lambda epoch=epoch: host.ready is not None and host.ready.epoch > epoch, 20)  # type: ignore[misc]


def test_threads_descriptors_and_programs_stay_the_same_over_many_sessions(
    gateway: SimulatedGateway, book: Book
) -> None:
    quick = {**QUICK, "stable_after": 0.001}
    with hosted(book, gateway.port, Counted, timing=quick, upstream_probe=False) as host:
        rebuild(host, gateway, 20)
        gc.collect()
        before = threading.active_count(), descriptors()
        rebuild(host, gateway, REBUILDS)
        gc.collect()
        after = threading.active_count(), descriptors()
        assert after[0] <= before[0]
        assert after[1] <= before[1] + 2
        assert len(Counted.alive) <= 3
    assert len(book.threads) == 1
