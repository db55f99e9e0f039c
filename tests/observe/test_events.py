"""The ring of events: numbers that only grow, the last ones kept, and writers that wait for nobody."""

import threading
from datetime import timedelta

from supervisor.core.explain.report import Level, Report
from supervisor.observe.events import EventRing
from tests.observe.played import BEGIN


def fill(ring: EventRing, count: int) -> None:
    for number in range(count):
        at = BEGIN + timedelta(seconds=number)
        ring.append("live", at, Report(Level.WARNING, "farms", f"event {number}", {"n": number}))


def test_a_record_has_all_that_was_told() -> None:
    ring = EventRing()
    fill(ring, 1)
    (record,) = ring.last(10)
    assert (record.id, record.time, record.gateway) == (1, BEGIN, "live")
    assert (record.kind, record.level, record.text, record.fields) == ("farms", "warning", "event 0", {"n": 0})


def test_numbers_grow_by_one_and_go_on_where_they_are_told_to() -> None:
    ring = EventRing()
    ring.resume((), 500)
    assert ring.newest == 500
    fill(ring, 3)
    assert [record.id for record in ring.last(10)] == [501, 502, 503]
    assert ring.newest == 503


def test_the_oldest_go_first() -> None:
    ring = EventRing(capacity=3)
    fill(ring, 5)
    assert [record.id for record in ring.last(10)] == [3, 4, 5]


def test_after_a_number_come_those_that_are_newer_oldest_first() -> None:
    ring = EventRing(capacity=4)
    fill(ring, 6)
    assert [record.id for record in ring.after(4, 10)] == [5, 6]
    assert [record.id for record in ring.after(0, 2)] == [3, 4]
    assert ring.after(6, 10) == ()


def test_since_an_instant() -> None:
    ring = EventRing()
    fill(ring, 5)
    assert [record.id for record in ring.since(BEGIN + timedelta(seconds=3), 10)] == [4, 5]
    assert [record.id for record in ring.since(BEGIN, 2)] == [1, 2]


def test_watchers_are_called_until_they_are_taken_off() -> None:
    ring = EventRing()
    calls: list[int] = []

    def watch() -> None:
        calls.append(ring.newest)

    ring.watch(watch)
    fill(ring, 2)
    ring.unwatch(watch)
    fill(ring, 1)
    assert calls == [1, 2]


def test_writers_and_readers_at_the_same_time_lose_nothing() -> None:
    ring = EventRing(capacity=2000)
    done = threading.Event()
    gaps: list[tuple[int, ...]] = []

    def read() -> None:
        while not done.is_set():
            numbers = tuple(record.id for record in ring.last(2000))
            if numbers and numbers != tuple(range(numbers[0], numbers[0] + len(numbers))):
                gaps.append(numbers)

    readers = [threading.Thread(target=read) for _ in range(2)]
    writers = [threading.Thread(target=fill, args=(ring, 400)) for _ in range(4)]
    for thread in (*readers, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    for thread in readers:
        thread.join()
    assert not gaps
    assert [record.id for record in ring.last(2000)] == list(range(1, 1601))


def test_account_numbers_are_masked() -> None:
    ring = EventRing()
    ring.append("live", BEGIN, Report(Level.ERROR, "lost", "serves DU1234567", {"login": "U7654321", "n": 7}))
    (record,) = ring.last(1)
    assert (record.text, record.fields) == ("serves DU***67", {"login": "U***21", "n": 7})
