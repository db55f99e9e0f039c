"""Targets with a real way to a receiver: storms, pace, retries, what an earlier process left, reloads."""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from supervisor.core.explain.messages import Message
from supervisor.core.model.pages import Severity
from supervisor.core.model.vocabulary import Stage
from supervisor.core.parts.telling.outbox import Pace, Rules
from supervisor.observe.journal.letters import Delivery, Letter
from supervisor.observe.notify.apprise_target import AppriseTarget
from supervisor.observe.notify.draft import Draft
from supervisor.observe.notify.notifier import Address, Notifier
from supervisor.observe.notify.text import Text, to_json
from supervisor.observe.notify.transport import Outcome
from supervisor.runtime.clocks import Clock
from tests.observe.notify.receivers import HANGS, Receiver, receiving
from tests.waiting import wait_until

QUICK = Pace(gather=0.05, apart=0.3, retry=0.05, retry_most=0.2)
NOW = datetime(2027, 1, 6, 12, tzinfo=UTC)


class Book:
    """A journal in memory, which keeps every state in its order."""

    def __init__(self) -> None:
        self.letters: list[Letter] = []

    def letter(self, letter: Letter) -> None:
        self.letters.append(letter)

    def stored(self, timeout: float) -> str:
        return ""

    def states(self, key: str) -> list[str]:
        return [letter.state.value for letter in self.letters if letter.key == key]


def message(gateway: str = "live", key: str = "1", severity: Severity = Severity.CRITICAL) -> Message:
    title, text = f"{gateway}: does not answer", "Account U1234567 is away."
    whole = f"{gateway}/{key}"
    return Message(gateway, key, whole, "IBGatewayDown", Stage.BEGAN, severity, NOW, NOW, 60.0, title, text)


def notifier(book: Book, open_way: Callable[[str, str], AppriseTarget] | None = None) -> Notifier:
    way = open_way if open_way is not None else lambda name, url: AppriseTarget(name, url, 0.5)
    return Notifier(book, Clock().now, "http://127.0.0.1:14000/", way)


def address(receiver: Receiver, form: str = "json", **rules: object) -> Address:
    return Address(replace(Rules("phone", pace=QUICK), **rules), form, receiver.url)  # type: ignore[arg-type]


def test_a_message_arrives_masked_with_every_field_and_is_kept_as_sent() -> None:
    book = Book()
    with receiving() as receiver:
        told = notifier(book)
        told.arrange([address(receiver)])
        told.announce(message())
        wait_until(lambda: told.counts()["phone"].results["sent"] == 1)
        told.end(0.0)
    said = receiver.messages[0]
    assert said["messages"][0]["gateway"] == "live"
    assert said["messages"][0]["text"] == "Account U***67 is away."
    assert (said["again"], said["link"], said["severity"]) == (False, "http://127.0.0.1:14000/", "critical")
    assert book.states("live/1") == ["waiting", "sending", "sent"]


def test_a_storm_of_a_hundred_gateways_is_one_message_that_names_them() -> None:
    with receiving() as receiver:
        told = notifier(Book())
        told.arrange([address(receiver, "short")])
        names = [f"gw{number:03}" for number in range(100)]
        for name in names:
            told.announce(message(name))
        wait_until(lambda: receiver.bodies)
        told.end(0.5)
    assert len(receiver.bodies) == 1
    assert receiver.bodies[0]["title"] == "100 messages about 100 gateways"
    assert all(name in receiver.bodies[0]["message"] for name in names)


def test_what_comes_within_a_minute_waits_and_goes_as_one() -> None:
    with receiving() as receiver:
        told = notifier(Book())
        told.arrange([address(receiver)])
        told.announce(message(key="1"))
        wait_until(lambda: told.counts()["phone"].results["sent"] == 1)
        told.announce(message(key="2"))
        told.announce(message(key="3"))
        wait_until(lambda: told.counts()["phone"].results["sent"] == 2)
        told.end(0.0)
    assert [len(said["messages"]) for said in receiver.messages] == [1, 2]


@pytest.mark.parametrize("status", [500, 429, 401])
def test_a_target_that_refuses_gets_it_later_unmarked_and_one_line_of_the_log(
    status: int, caplog: pytest.LogCaptureFixture
) -> None:
    with receiving(status) as receiver:
        told = notifier(Book())
        told.arrange([address(receiver)])
        told.announce(message())
        wait_until(lambda: told.counts()["phone"].results["failed"] >= 3)
        assert told.counts()["phone"].retrying == 1
        receiver.answer = 200
        wait_until(lambda: told.counts()["phone"].results["sent"] == 1)
        told.end(0.0)
    assert not any(said["again"] for said in receiver.messages)
    lines = [record.getMessage() for record in caplog.records if record.name.endswith("courier")]
    assert len([line for line in lines if "does not take messages" in line]) == 1


def test_a_target_that_hangs_gets_it_again_marked_and_holds_up_nobody_else() -> None:
    with receiving(HANGS) as hanging, receiving() as other:
        told = notifier(Book())
        told.arrange([address(hanging), replace(address(other), rules=Rules("mail", pace=QUICK))])
        told.announce(message())
        wait_until(lambda: other.bodies)
        wait_until(lambda: told.counts()["phone"].results["failed"] >= 1)
        hanging.answer = 200
        hanging.ending.set()
        wait_until(lambda: told.counts()["phone"].results["sent"] == 1)
        told.end(0.0)
    assert [said["again"] for said in hanging.messages] == [False, True]
    assert hanging.messages[1]["title"].startswith("again: ")


@pytest.mark.parametrize("state", [Delivery.WAITING, Delivery.SENDING])
def test_what_an_earlier_process_left_is_sent_and_marked_if_it_was_on_its_way(state: Delivery) -> None:
    left = message()
    with receiving() as receiver:
        told = notifier(Book())
        told.recall([Letter("phone", left.key, state, NOW, Draft(left).json)])
        told.arrange([address(receiver)])
        told.announce(left)  # the core of this process decides it anew
        wait_until(lambda: told.counts()["phone"].results["sent"] == 1)
        told.end(0.5)
    assert [said["again"] for said in receiver.messages] == [state is Delivery.SENDING]
    assert len(receiver.messages[0]["messages"]) == 1


@pytest.mark.parametrize("state", [Delivery.SENT, Delivery.SENDING])
def test_at_most_one_message_a_minute_is_sent_over_a_restart_too(state: Delivery) -> None:
    told, apart = message(key="1"), timedelta(seconds=1)
    with receiving() as receiver:
        began = datetime.now(UTC)
        again = notifier(Book())
        again.recall([Letter("phone", told.key, state, NOW, Draft(told).json, began)])
        again.arrange([address(receiver, pace=replace(QUICK, apart=apart.total_seconds()))])
        again.announce(message(key="2"))
        wait_until(lambda: receiver.bodies)
        assert datetime.now(UTC) - began >= apart
        again.end(0.5)


def test_at_most_one_message_a_minute_is_sent_over_a_reload_too() -> None:
    with receiving() as receiver:
        told = notifier(Book())
        target = address(receiver, pace=replace(QUICK, apart=1.0))
        told.arrange([target])
        told.announce(message(key="1"))
        wait_until(lambda: told.counts()["phone"].results["sent"] == 1)
        began = time.monotonic()
        told.arrange([replace(target, form="short")])
        told.announce(message(key="2"))
        wait_until(lambda: len(receiver.bodies) == 2)
        assert time.monotonic() - began >= 0.9
        told.end(0.5)


def test_what_was_sent_is_not_sent_by_another_process_and_what_is_broken_costs_nothing() -> None:
    old = message()
    with receiving() as receiver:
        told = notifier(Book())
        told.recall(
            [
                Letter("phone", old.key, Delivery.SENT, NOW, Draft(old).json),
                Letter("phone", "x", Delivery.WAITING, NOW, lambda: "{}"),
            ]
        )
        told.arrange([address(receiver)])
        told.announce(old)
        told.announce(message(key="2"))
        wait_until(lambda: told.counts()["phone"].results["sent"] == 1)
        told.end(0.0)
    assert [each["key"] for each in receiver.messages[0]["messages"]] == ["live/2"]


def test_a_target_hears_what_it_wants() -> None:
    with receiving() as receiver:
        told = notifier(Book())
        told.arrange([address(receiver, gateways=frozenset({"live"}))])
        told.announce(message("paper"))
        told.announce(message(severity=Severity.INFO, key="2"))
        told.announce(message(key="3"))
        wait_until(lambda: receiver.bodies)
        told.end(0.0)
    assert [each["key"] for each in receiver.messages[0]["messages"]] == ["live/3"]


def test_a_target_that_a_reload_changes_keeps_what_waits_and_one_that_goes_does_not() -> None:
    with receiving(503) as bad, receiving() as good:
        told = notifier(Book())
        told.arrange([address(bad), replace(address(bad), rules=Rules("gone", pace=QUICK))])
        told.announce(message())
        wait_until(lambda: told.counts()["phone"].results["failed"] >= 1)
        told.arrange([address(good)])
        wait_until(lambda: good.bodies)
        told.end(0.0)
    assert set(told.counts()) == {"phone"}


def test_a_way_that_cannot_be_opened_is_a_failure_and_tried_again() -> None:
    tried = []

    class Way:
        def send(self, text: Text, severity: Severity) -> Outcome:
            return Outcome(True)

    def open_way(name: str, url: str) -> Way:
        tried.append(name)
        if len(tried) < 3:
            raise ValueError("not today")
        return Way()

    told = Notifier(Book(), Clock().now, "link", open_way)
    told.arrange([Address(Rules("phone", pace=QUICK), "short", "json://x")])
    told.announce(message())
    wait_until(lambda: told.counts()["phone"].results["sent"] == 1)
    told.end(0.0)
    assert told.counts()["phone"].results == {"sent": 1, "failed": 2, "dropped": 0}


def test_handing_over_never_waits_and_what_is_too_much_is_counted() -> None:
    stuck = threading.Event()

    class Stuck:
        def send(self, text: Text, severity: Severity) -> Outcome:
            stuck.wait(60)
            return Outcome(True)

    book = Book()
    told = Notifier(book, Clock().now, "link", lambda name, url: Stuck())
    told.arrange([Address(Rules("phone", pace=QUICK), "short", "json://x")])
    told.announce(message(key="first"))
    wait_until(lambda: book.states("live/first")[-1] == "sending")
    for number in range(1200):
        told.announce(message(key=str(number)))
    counts = told.counts()["phone"]
    assert (counts.results["dropped"], counts.waiting) == (200, 1001)
    assert book.states("live/0") == ["waiting", "dropped"]
    stuck.set()
    told.end(0.0)


def test_the_json_of_a_message_is_public() -> None:
    assert sorted(json.loads(to_json(message()))) == [
        "alert",
        "at",
        "began",
        "cure",
        "due",
        "gateway",
        "id",
        "key",
        "seconds",
        "severity",
        "stage",
        "text",
        "title",
    ]
