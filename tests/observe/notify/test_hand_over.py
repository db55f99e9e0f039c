"""Handing a message over costs the loop as good as nothing: words are made elsewhere, and nothing is waited for."""

import json
import threading

from supervisor.observe.notify.apprise_target import AppriseTarget
from supervisor.observe.notify.notifier import Notifier
from supervisor.runtime.clocks import Clock
from tests.observe.notify.receivers import HANGS, receiving
from tests.observe.notify.test_notifier import Book, address, message, notifier
from tests.waiting import wait_until


def test_no_word_is_masked_on_the_thread_that_hands_over() -> None:
    masked_by: list[int] = []

    def words(text: str) -> str:
        masked_by.append(threading.get_ident())
        return text

    with receiving() as receiver:
        told = Notifier(Book(), Clock().now, "", lambda name, url: AppriseTarget(name, url, 5.0), words)
        told.arrange([address(receiver)])
        told.announce(message())
        wait_until(lambda: told.counts()["phone"].results["sent"] == 1)
        told.end(0.0)
    assert masked_by
    assert threading.get_ident() not in masked_by


def test_what_was_handed_over_and_not_looked_at_is_not_lost_at_the_end() -> None:
    with receiving(HANGS) as receiver:
        told = notifier(Book())
        told.arrange([address(receiver, "short")])
        told.announce(message(key="first"))
        wait_until(lambda: receiver.bodies)
        told.announce(message(key="second"))
        counts = told.counts()["phone"]
        assert counts.waiting + counts.retrying == 2
        told.arrange([address(receiver, "json")])  # a reload: what waits goes to the new courier
        receiver.answer = 200
        receiver.ending.set()
        wait_until(lambda: told.counts()["phone"].results["sent"] >= 1)
        told.end(0.0)
    bodies = [json.loads(body["message"]) for body in receiver.bodies[1:]]
    keys = [said["key"] for body in bodies for said in body["messages"]]
    assert set(keys) == {"live/first", "live/second"}
