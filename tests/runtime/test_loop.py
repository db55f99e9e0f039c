"""The loop: one thread decides, nothing it is given can stop it."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import pairwise

import pytest

from supervisor.core.calendar.clock import Now
from supervisor.core.model.events import (
    Ending,
    Event,
    NoticeReceived,
    SessionClosed,
    Started,
    Ticked,
    TimeAnswered,
)
from supervisor.core.model.vocabulary import Failure, Phase
from supervisor.runtime.clocks import Clock, SuspendWatch
from supervisor.runtime.gateway_runtime import Due
from supervisor.runtime.loop import BATCH, Loop
from supervisor.runtime.mailbox import Mailbox
from tests.runtime.stage import RuntimeStage, SetClock, policy
from tests.waiting import wait_until

NOTICE = NoticeReceived(1, -1, 2104, "Market data farm connection is OK:usfarm")


def made(clock: Clock | None = None, look: float = 1.0) -> tuple[Mailbox, Loop]:
    clock = clock or Clock()
    mailbox = Mailbox(clock.now)
    return mailbox, Loop(mailbox, clock, look)


@contextmanager
def turning(mailbox: Mailbox, loop: Loop, after: Callable[[Now], None] = lambda now: None) -> Iterator[None]:
    """The loop on a thread of its own, until the end of the block."""
    thread = threading.Thread(target=loop.run, args=(after,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        mailbox.submit(loop.stop)
        thread.join(10)
        assert not thread.is_alive()


def test_units_begin_when_they_are_arranged_and_only_once() -> None:
    _, loop = made()
    first, second = RuntimeStage(), RuntimeStage(of=policy("paper"))
    loop.arrange([first.runtime])
    loop.arrange([second.runtime, first.runtime])
    assert first.link.words == ["Connect"]
    assert second.link.words == ["Connect"]
    assert [snapshot.policy.name for snapshot in loop.snapshots()] == ["paper", "live"]
    assert loop.gateway("live") is first.runtime
    assert loop.gateway("other") is None


def test_a_letter_reaches_its_gateway_with_the_time_at_which_it_was_posted() -> None:
    clock = SetClock()
    mailbox, loop = made(clock)
    staged = RuntimeStage(clock)
    loop.arrange([staged.runtime])
    staged.ready()
    mailbox.post("live", NOTICE)
    heard_at = clock.now()
    clock.pass_(0.5)
    with turning(mailbox, loop):
        wait_until(lambda: staged.runtime.snapshot.counters.messages)
    assert staged.runtime.snapshot.last_message == heard_at.wall


def test_a_letter_for_a_gateway_that_has_left_is_nobodys() -> None:
    mailbox, loop = made()
    mailbox.post("gone", NOTICE)
    done = threading.Event()
    with turning(mailbox, loop):
        mailbox.submit(done.set)
        assert done.wait(10)


def test_a_deadline_passes_though_nobody_writes() -> None:
    mailbox, loop = made()
    staged = RuntimeStage(of=policy())
    loop.arrange([staged.runtime])
    with turning(mailbox, loop):
        wait_until(lambda: staged.runtime.snapshot.phase is Phase.BACKOFF, 20)
    assert staged.runtime.snapshot.cause is not None


def test_it_looks_at_the_clocks_once_a_second_or_as_often_as_it_is_told() -> None:
    rounds: list[float] = []
    mailbox, loop = made(look=0.05)
    with turning(mailbox, loop, lambda now: rounds.append(now.mono)):
        wait_until(lambda: len(rounds) > 20, 20)


def test_a_defect_of_a_decision_costs_that_decision(caplog: pytest.LogCaptureFixture) -> None:
    class Faulty:
        policy = policy("faulty")
        due = Due(0.0, None)

        def step(self, event: Event, now: Now, late: float = 0.0) -> None:
            raise ZeroDivisionError("ours")

    mailbox, loop = made(look=0.02)
    staged = RuntimeStage()
    loop.arrange([Faulty(), staged.runtime])  # type: ignore[list-item]
    assert staged.link.words == ["Connect"]
    with turning(mailbox, loop):
        wait_until(lambda: caplog.text.count("a decision failed on Ticked") > 3)
        assert loop.alive()


def test_a_defect_of_a_task_or_of_what_follows_a_round_costs_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    mailbox, loop = made(look=0.02)

    def broken(*_: object) -> None:
        raise ZeroDivisionError("ours")

    done = threading.Event()
    with turning(mailbox, loop, broken):
        mailbox.submit(broken)
        mailbox.submit(done.set)
        assert done.wait(10)
    assert "a task of the daemon failed" in caplog.text
    assert "what follows a round failed" in caplog.text


def test_a_flood_is_taken_in_batches_so_that_deadlines_are_kept() -> None:
    rounds = 0

    def after(now: Now) -> None:
        nonlocal rounds
        rounds += 1

    mailbox, loop = made()
    staged = RuntimeStage()
    loop.arrange([staged.runtime])
    for _ in range(BATCH * 10):
        mailbox.post("live", NOTICE)
    with turning(mailbox, loop, after):
        wait_until(lambda: rounds >= 10)
    assert sum(loop.decisions.counts) >= BATCH * 10


def test_an_answer_that_came_in_time_is_in_time_however_late_the_loop_is() -> None:
    clock = SetClock()
    mailbox, loop = made(clock)
    staged = RuntimeStage(clock)
    loop.arrange([staged.runtime])
    staged.ready()
    clock.pass_(2.5)
    loop.step(staged.runtime, Ticked())
    assert staged.link.words == ["Connect", "Ping", "Ping"]
    clock.pass_(0.5)
    mailbox.post("live", TimeAnswered(1, int(clock.now().wall.timestamp())))
    for _ in range(BATCH * 3):
        mailbox.post("loud", NOTICE)
    clock.pass_(30)  # the loop was away: for its own clock the answer is far too late
    with turning(mailbox, loop):
        wait_until(lambda: len(staged.link.words) > 3)
    assert staged.runtime.snapshot.counters.misses == 0
    assert staged.runtime.snapshot.phase is Phase.READY


def test_a_loop_that_stalled_for_minutes_ends_no_session_of_a_gateway_that_kept_talking() -> None:
    clock = SetClock()
    mailbox, loop = made(clock)
    staged = RuntimeStage(clock)
    loop.arrange([staged.runtime])
    staged.ready()
    for _ in range(100):  # five minutes in which the readers heard a notice each three seconds
        clock.pass_(3)
        mailbox.post("live", NOTICE)
    with turning(mailbox, loop):
        wait_until(lambda: staged.runtime.snapshot.counters.messages == {"2104": 100})
    assert staged.link.words == ["Connect", "Ping", "Ping"]
    assert staged.runtime.snapshot.counters.misses == 0
    clock.pass_(0.2)
    staged.runtime.step(TimeAnswered(1, int(clock.now().wall.timestamp())), clock.now())
    assert staged.runtime.snapshot.up
    assert staged.runtime.snapshot.heartbeat_seconds == pytest.approx(0.2)


def test_a_gateway_that_does_not_answer_after_a_stall_is_found_out_from_then_on() -> None:
    clock = SetClock()
    mailbox, loop = made(clock)
    staged = RuntimeStage(clock)
    loop.arrange([staged.runtime])
    staged.ready()
    clock.pass_(300)
    mailbox.post("live", NOTICE)
    loop.catch_up(staged.runtime)
    for seconds, misses in ((3.4, 0), (0.2, 1)):
        clock.pass_(seconds)
        loop.step(staged.runtime, Ticked())
        assert staged.runtime.snapshot.counters.misses == misses


def test_an_attempt_that_a_stalled_loop_began_late_has_its_whole_time() -> None:
    clock = SetClock()
    mailbox, loop = made(clock)
    staged = RuntimeStage(clock)
    loop.arrange([staged.runtime])
    staged.ready()
    mailbox.post("live", SessionClosed(1, Ending.RESET))
    clock.pass_(1)
    mailbox.post("live", NOTICE)  # of the session that is gone: it lets time pass, and the wait is over
    for _ in range(30):
        clock.pass_(3)
        mailbox.post("live", NOTICE)
    loop.catch_up(staged.runtime)
    assert staged.link.words == ["Connect", "Ping", "Connect"]
    assert staged.runtime.snapshot.counters.failures == {}
    clock.pass_(3.1)
    loop.step(staged.runtime, Ticked())
    assert staged.runtime.snapshot.counters.failures == {Failure.TIMEOUT: 1}


def test_what_is_asked_of_a_gateway_comes_after_what_it_said() -> None:
    clock = SetClock()
    mailbox, loop = made(clock)
    staged = RuntimeStage(clock)
    loop.arrange([staged.runtime])
    staged.ready()
    mailbox.post("live", NOTICE)
    loop.catch_up(staged.runtime)
    assert staged.runtime.snapshot.counters.messages == {"2104": 1}
    loop.catch_up(staged.runtime)
    assert staged.runtime.snapshot.counters.messages == {"2104": 1}


def test_a_gateway_that_leaves_takes_its_letters_with_it() -> None:
    mailbox, loop = made()
    staged = RuntimeStage()
    loop.arrange([staged.runtime])
    mailbox.post("live", NOTICE)
    loop.arrange([])
    assert not mailbox.waiting("live")


def test_a_loop_that_hangs_is_seen_from_outside() -> None:
    mailbox, loop = made(look=0.02)
    free = threading.Event()
    with turning(mailbox, loop):
        wait_until(loop.alive)

        def hang() -> None:
            free.wait(30)

        mailbox.submit(hang)
        wait_until(lambda: not loop.alive(0.2))
        assert loop.alive()
        free.set()
        wait_until(lambda: loop.alive(0.2))


def test_a_suspend_is_told_to_every_gateway() -> None:
    clock = Clock()
    mailbox = Mailbox(clock.now)
    ahead = iter([0.0, 7.0])
    loop = Loop(mailbox, clock, 0.02, SuspendWatch(lambda: next(ahead, 7.0)))
    one, two = RuntimeStage(), RuntimeStage(of=policy("paper"))
    loop.arrange([one.runtime, two.runtime])
    with turning(mailbox, loop):
        wait_until(lambda: "slept" in one.notes.kinds and "slept" in two.notes.kinds)


def test_a_suspend_comes_after_what_was_heard_before_it_and_before_what_was_heard_since() -> None:
    clock = SetClock()
    mailbox = Mailbox(clock.now)
    asleep = [0.0]
    loop = Loop(mailbox, clock, 0.02, SuspendWatch(lambda: asleep[0]))
    staged, other = RuntimeStage(clock), RuntimeStage(clock, of=policy("paper"))
    loop.arrange([staged.runtime, other.runtime])
    staged.ready()
    clock.pass_(1)
    mailbox.post("live", NOTICE)
    clock.at = Now(clock.at.mono, clock.at.wall + timedelta(hours=8))
    asleep[0] = 8 * 3600.0
    mailbox.post("live", SessionClosed(1, Ending.RESET))
    with turning(mailbox, loop):
        wait_until(lambda: "session_lost" in staged.notes.kinds and "slept" in other.notes.kinds)
    told = [kind for kind in staged.notes.kinds if kind in ("slept", "session_lost")]
    assert told == ["slept", "session_lost"]
    assert staged.runtime.snapshot.counters.messages == {"2104": 1}


def test_an_order_that_waits_at_a_suspend_is_carried_out() -> None:
    clock = SetClock()
    mailbox = Mailbox(clock.now)
    asleep = iter([0.0])
    loop = Loop(mailbox, clock, 0.02, SuspendWatch(lambda: next(asleep, 60.0)))
    staged = RuntimeStage(clock)
    loop.arrange([staged.runtime])
    done = threading.Event()
    mailbox.submit(done.set)
    with turning(mailbox, loop):
        assert done.wait(10)
        wait_until(lambda: "slept" in staged.notes.kinds)


def test_at_the_end_every_gateway_is_released() -> None:
    _, loop = made()
    staged = RuntimeStage()
    loop.arrange([staged.runtime])
    loop.end()
    assert staged.link.words == ["Connect", "Close"]
    assert staged.runtime.snapshot.phase is Phase.STOPPED


def test_decisions_are_timed() -> None:
    _, loop = made()
    staged = RuntimeStage()
    began = time.perf_counter()
    for _ in range(10):
        loop.step(staged.runtime, Ticked())
    loop.step(staged.runtime, Started())
    assert sum(loop.decisions.counts) == 11
    assert 0 < loop.decisions.total <= time.perf_counter() - began


def test_about_every_gateway_something_is_decided_at_least_once_a_second_whatever_the_others_do() -> None:
    """The lease of the gate lives on it: half of it is left when the next decision comes."""
    mailbox, loop = made()
    busy, silent = RuntimeStage(), RuntimeStage(of=policy("paper"))
    loop.arrange([busy.runtime, silent.runtime])
    seen: list[float] = []

    def look(now: Now) -> None:
        at = silent.runtime.snapshot.at.mono
        if not seen or at != seen[-1]:
            seen.append(at)

    with turning(mailbox, loop, look):
        for count in range(1, 9):
            mailbox.post("live", NOTICE)
            began = time.monotonic()
            wait_until(lambda began=began: time.monotonic() - began > 0.37, what=str(count))  # type: ignore[misc]
    assert max(after - before for before, after in pairwise(seen)) < 1.3
