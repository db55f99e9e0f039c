"""The mailbox: bounded, ordered, and never in the way of who posts."""

import signal
import threading
import time
from datetime import UTC, datetime

import pytest

from supervisor.core.calendar.clock import Now
from supervisor.core.model.events import (
    AccountsReceived,
    Ending,
    NextIdReceived,
    NoticeReceived,
    ProbeAnswered,
    SessionClosed,
    SessionEvent,
    TimeAnswered,
    TrafficSeen,
)
from supervisor.runtime.mailbox import CAPACITY, RESERVE, Envelope, Mailbox, Task

AT = Now(5.0, datetime(2026, 1, 1, tzinfo=UTC))
NOTICE = NoticeReceived(1, -1, 2104, "Market data farm connection is OK:usfarm")


def test_an_event_keeps_its_order_and_the_time_at_which_it_was_received() -> None:
    moments = iter([Now(1.0, AT.wall), Now(2.0, AT.wall)])
    mailbox = Mailbox(lambda: next(moments))
    mailbox.post("live", NOTICE)
    mailbox.post("live", TrafficSeen(3))
    assert mailbox.get(1) == Envelope(Now(1.0, AT.wall), "live", NOTICE)
    assert mailbox.get(1) == Envelope(Now(2.0, AT.wall), "live", TrafficSeen(3))


def test_gateways_take_turns_so_that_a_flood_of_one_delays_no_other() -> None:
    mailbox = Mailbox(lambda: AT)
    for _ in range(1000):
        mailbox.post("loud", NOTICE)
    mailbox.post("quiet", TimeAnswered(1, 7))
    names = []
    for _ in range(1001):
        letter = mailbox.get(0)
        assert isinstance(letter, Envelope)
        names.append(letter.gateway)
    assert names.index("quiet") <= 1
    assert mailbox.get(0) is None


def test_what_waits_can_be_taken_out_of_turn_or_forgotten() -> None:
    mailbox = Mailbox(lambda: AT)
    mailbox.post("live", NOTICE)
    mailbox.post("live", TrafficSeen(1))
    mailbox.post("paper", NOTICE)
    assert mailbox.waiting("live")
    assert [letter.event for letter in mailbox.taken("live")] == [NOTICE, TrafficSeen(1)]
    assert mailbox.taken("live") == mailbox.taken("nobody") == []
    assert not mailbox.waiting("live")
    mailbox.submit(lambda: None)
    taken = [mailbox.get(0) for _ in range(4)]
    assert Envelope(AT, "paper", NOTICE) in taken
    assert isinstance(taken[0], Task)
    mailbox.post("live", NOTICE)
    mailbox.get(0)
    mailbox.post("live", NOTICE)
    mailbox.forget("live")
    mailbox.forget("nobody")
    assert mailbox.get(0) is None
    assert not mailbox.waiting("live")


def test_an_empty_mailbox_gives_nothing_at_once_or_after_the_patience() -> None:
    mailbox = Mailbox(lambda: AT)
    assert mailbox.get(0) is None
    began = time.monotonic()
    assert mailbox.get(0.05) is None
    assert time.monotonic() - began >= 0.05
    assert mailbox.get(-1) is None


def test_a_full_mailbox_drops_notices_and_traffic_and_counts_them() -> None:
    mailbox = Mailbox(lambda: AT, capacity=3)
    for _ in range(5):
        mailbox.post("live", NOTICE)
    mailbox.post("live", TrafficSeen(1))
    assert mailbox.dropped == 3


def test_sessions_answers_and_orders_have_a_reserve() -> None:
    mailbox = Mailbox(lambda: AT, capacity=1)
    mailbox.post("live", NOTICE)
    ending = SessionClosed(1, Ending.CLOSED)
    mailbox.post("live", ending)
    mailbox.post("live", TimeAnswered(1, 7))
    done: list[int] = []
    mailbox.submit(lambda: done.append(1))
    taken = [mailbox.get(0) for _ in range(4)]
    assert isinstance(taken[0], Task), "orders come first"
    assert [letter.event for letter in taken if isinstance(letter, Envelope)] == [NOTICE, ending, TimeAnswered(1, 7)]
    assert mailbox.dropped == 0


@pytest.mark.parametrize(
    "unasked",
    [TimeAnswered(1, 7), NextIdReceived(1, 7), AccountsReceived(1, ("DU1",)), ProbeAnswered(1, 7)],
    ids=lambda event: type(event).__name__,
)
def test_a_flood_of_answers_is_bounded_too(unasked: SessionEvent) -> None:
    mailbox = Mailbox(lambda: AT, capacity=3)
    for _ in range(RESERVE + 10):
        mailbox.post("live", unasked)
    assert mailbox.dropped == 7
    mailbox.post("live", SessionClosed(1, Ending.CLOSED))
    assert len(mailbox.taken("live")) == 3 + RESERVE + 1


def test_ten_thousand_notices_fit() -> None:
    mailbox = Mailbox(lambda: AT)
    for _ in range(CAPACITY):
        mailbox.post("live", NOTICE)
    assert mailbox.dropped == 0


def test_a_letter_wakes_who_waits() -> None:
    mailbox = Mailbox(lambda: AT)
    waker = threading.Timer(0.05, lambda: mailbox.submit(lambda: None))
    waker.start()
    assert isinstance(mailbox.get(30), Task)
    waker.join()


def test_a_signal_handler_may_order_while_the_main_thread_takes() -> None:
    mailbox = Mailbox(lambda: AT)
    before = signal.signal(signal.SIGUSR1, lambda *_: mailbox.submit(lambda: None))
    try:
        main = threading.main_thread().ident
        assert main is not None
        sender = threading.Timer(0.05, lambda: signal.pthread_kill(main, signal.SIGUSR1))
        sender.start()
        assert isinstance(mailbox.get(30), Task)
        sender.join()
        for _ in range(200):
            signal.raise_signal(signal.SIGUSR1)
            assert isinstance(mailbox.get(0), Task)
    finally:
        signal.signal(signal.SIGUSR1, before)
