"""The scheduler: it rings at the instants it is set to, and nothing depends on it."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from supervisor.daemon.edge_scheduler import EdgeScheduler
from tests.waiting import wait_until


class Rung:
    """Counts the rings."""

    def __init__(self) -> None:
        self.times = 0
        self.stopped = False
        self.scheduler = EdgeScheduler(self.ring, lambda: None)

    def ring(self) -> None:
        self.times += 1


@pytest.fixture
def rung() -> Iterator[Rung]:
    found = Rung()
    yield found
    if not found.stopped:
        found.scheduler.stop()


def soon(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


def test_it_rings_at_the_instant(rung: Rung) -> None:
    rung.scheduler.set("live", soon(0.1))
    wait_until(lambda: rung.times == 1)


def test_an_instant_that_has_passed_rings_at_once_however_late(rung: Rung) -> None:
    rung.scheduler.set("live", soon(-7200))
    wait_until(lambda: rung.times == 1)


def test_each_gateway_has_one_instant_and_the_last_one_counts(rung: Rung) -> None:
    rung.scheduler.set("live", soon(3600))
    rung.scheduler.set("live", soon(0.1))
    rung.scheduler.set("paper", soon(0.1))
    wait_until(lambda: rung.times == 2)


def test_the_same_instant_again_does_not_ring_twice(rung: Rung) -> None:
    at = soon(0.1)
    rung.scheduler.set("live", at)
    rung.scheduler.set("live", at)
    wait_until(lambda: rung.times == 1)
    rung.scheduler.set("live", at)
    rung.scheduler.set("other", soon(0.1))
    wait_until(lambda: rung.times == 2)
    assert rung.times == 2


def test_an_instant_may_be_taken_back(rung: Rung) -> None:
    rung.scheduler.set("live", soon(0.3))
    rung.scheduler.set("live", None)
    rung.scheduler.set("never", None)
    rung.scheduler.set("paper", soon(0.5))
    wait_until(lambda: rung.times >= 1)
    assert rung.times == 1


def test_after_its_end_no_thread_is_left(rung: Rung) -> None:
    rung.scheduler.set("live", soon(0.01))
    wait_until(lambda: rung.times == 1)
    rung.scheduler.stop()
    rung.stopped = True
    wait_until(lambda: not [thread for thread in threading.enumerate() if "APScheduler" in thread.name])


def test_the_upkeep_is_done_soon_after_the_start() -> None:
    done = threading.Event()
    scheduler = EdgeScheduler(lambda: None, done.set, first_upkeep=timedelta(seconds=0.1))
    try:
        assert done.wait(10)
    finally:
        scheduler.stop()
