"""What a living session hears: no message is lost, none ends more than the session, and nothing comes after the end.

Runs under every supported `ibapi`.
"""

import logging
import struct
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from supervisor.core.model.cause import CauseKey
from supervisor.core.model.events import (
    AccountsReceived,
    CallbackFailed,
    Ending,
    HandshakeDone,
    MessageUndecodable,
    NextIdReceived,
    NoticeReceived,
    PortOpened,
    ProbeAnswered,
    SessionClosed,
    SessionEvent,
    TimeAnswered,
    TrafficSeen,
)
from supervisor.gateway.versions import LIBRARY
from supervisor.gateway.wrapper import MAX_TEXT
from supervisor.simulator import SimulatedGateway
from tests.gateway.heard import Heard, open_session
from tests.gateway.peers import CURRENT_TIME, Line, Peer, framed, notice, text
from tests.waiting import wait_until


def then(*data: bytes, close: bool = False) -> Callable[[Line], None]:
    """A ready session to which these bytes are sent, each in a segment of its own."""

    def script(line: Line) -> None:
        line.ready()
        for part in data:
            line.send(part)
            line.pause(0.002)
        if not close:
            line.until_gone()

    return script


MARK = notice(2108, "the mark")


def marked(heard: Heard) -> None:
    """Wait until everything sent before `MARK` was dealt with."""
    wait_until(lambda: [event for event in heard.all(NoticeReceived) if event.code == 2108] or heard.all(SessionClosed))
    assert [event for event in heard.all(NoticeReceived) if event.code == 2108], heard.events


# -- no message is lost ----------


@pytest.mark.parametrize("multiple", [1, 2, 16])
def test_a_read_of_exactly_4096_bytes_loses_nothing(multiple: int) -> None:
    burst = CURRENT_TIME * (4096 * multiple // len(CURRENT_TIME) - 1)
    burst += notice(2104, "x" * (4096 * multiple - len(burst) - len(notice(2104, ""))))
    assert len(burst) == 4096 * multiple
    with Peer(then(burst)) as peer, open_session(peer.port) as (_, heard):
        assert heard.first(NoticeReceived).code == 2104
        assert len(heard.all(TimeAnswered)) == burst.count(CURRENT_TIME)


def test_messages_cut_at_every_byte_arrive_whole() -> None:
    messages = notice(2104, "one") + CURRENT_TIME + notice(2106, "two")
    with (
        Peer(then(*(messages[i : i + 1] for i in range(len(messages))))) as peer,
        open_session(peer.port) as (_, heard),
    ):
        wait_until(lambda: len(heard.all(NoticeReceived)) == 2)
        assert [event.text for event in heard.all(NoticeReceived)] == ["one", "two"]
        assert len(heard.all(TimeAnswered)) == 1


def test_what_came_before_the_fin_is_heard() -> None:
    with Peer(then(CURRENT_TIME * 300 + MARK, close=True)) as peer, open_session(peer.port) as (_, heard):
        assert heard.closed().ending is Ending.CLOSED
        assert len(heard.all(TimeAnswered)) == 300
        marked(heard)


def test_a_large_message_arrives_with_its_text_cut() -> None:
    with Peer(then(notice(2104, "y" * 3_000_000), MARK)) as peer, open_session(peer.port) as (_, heard):
        marked(heard)
        assert heard.all(NoticeReceived)[0].text == "y" * MAX_TEXT


def test_texts_that_utf_8_cannot_carry_are_mended() -> None:
    lone = b"4\x002\x00-1\x002104\x00half \\ud800 a pair, and \xff\xfe\x00"
    with Peer(then(framed(lone), MARK)) as peer, open_session(peer.port) as (_, heard):
        marked(heard)
        heard.all(NoticeReceived)[0].text.encode("utf-8")


# -- what is no message of ours ----------


@pytest.mark.parametrize(
    "harmless",
    [
        b"\0\0\0\0",
        text(9999, 1, "no such message"),
        text(9, 1),  # an order id without its field
        text(15, 1, "DU1", "DU2"),
        text(58, 1, 9, 3),  # marketDataType
        text(1, 6, 9, 66, 189.25, 300, 1),  # tickPrice
    ],
    ids=["empty", "unknown", "short", "long", "market data type", "tick"],
)
def test_a_message_that_is_not_ours_costs_nothing(harmless: bytes) -> None:
    with Peer(then(harmless, MARK)) as peer, open_session(peer.port) as (_, heard):
        marked(heard)
        assert heard.all(CallbackFailed) == []
        assert len(heard.all(NextIdReceived)) == len(heard.all(AccountsReceived)) == 1


def test_other_traffic_is_told_but_not_every_message_of_a_flood() -> None:
    tick = text(1, 6, 9, 66, 189.25, 300, 1)
    with Peer(then(tick * 2000 + MARK)) as peer, open_session(peer.port) as (_, heard):
        marked(heard)
        assert 1 <= len(heard.all(TrafficSeen)) <= 30


def test_messages_of_ours_are_not_told_as_traffic_too() -> None:
    with Peer(then(CURRENT_TIME, MARK)) as peer, open_session(peer.port) as (_, heard):
        marked(heard)
        assert heard.all(TrafficSeen) == []


# -- bad bytes cost the session and nothing else ----------

BAD = {
    "a length of 2 GB": b"\x7f\xff\xff\xff",
    "a length one too long": struct.pack(">I", 0x1000000),
    "http": b"HTTP/1.1 200 OK\r\n\r\n",
    "no field": framed(b"no zero byte"),
    "no id": text("xyz", 1),
    "a word for a number": text(9, 1, "eleven"),
    "a notice of no code": text(4, 2, -1, "x", "y"),
    "a number of 5000 digits": text(9, 1, "9" * 5000),
    "an order id of 64 bits": text(9, 1, 2**63),
    "a code of 40 bits": notice(2**40, "x"),
    "a time before time": text(49, 1, -5),
    "a time after time": text(49, 1, 10**18),
    "a time in milliseconds": text(49, 1, 1767632400000),
    "contract details cut short": text(10, 8, 5, "EUR"),
    "millions of fields": framed(b"4\0002\0-1\0002104\0" + b"xy\0" * 5_000_000),
}


UNDECODABLE = {
    "a word for a number": 9,
    "a notice of no code": 4,
    "a number of 5000 digits": 9,
    "a code of 40 bits": 4,
    "an order id of 64 bits": 9,
    "a time before time": 49,
    "a time after time": 49,
    "a time in milliseconds": 49,
    "contract details cut short": 10,
}
"""Those that are messages of TWS, each with its id."""


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
def test_bad_bytes_end_the_session_as_protocol(bad: bytes) -> None:
    with Peer(then(CURRENT_TIME + bad)) as peer, open_session(peer.port) as (_, heard):
        closed = heard.closed()
        assert closed.ending is Ending.PROTOCOL, closed
        assert closed.detail
        assert len(closed.detail) < 400
        assert len(heard.all(TimeAnswered)) == 1
        wait_until(lambda: peer.left, what="our socket is closed")


@pytest.mark.parametrize(("kind", "number"), UNDECODABLE.items())
def test_a_needed_message_that_cannot_be_decoded_is_told_apart_from_another_protocol(kind: str, number: int) -> None:
    with Peer(then(BAD[kind])) as peer, open_session(peer.port) as (_, heard):
        closed = heard.closed()
        assert closed.key is CauseKey.UNDECODABLE
        assert closed.what.startswith(f"message {number}, ")
        assert f"{LIBRARY} cannot decode message {number} (" in closed.detail


@pytest.mark.parametrize("kind", sorted(BAD.keys() - UNDECODABLE.keys()))
def test_what_is_no_message_of_tws_has_no_other_cause(kind: str) -> None:
    with Peer(then(BAD[kind])) as peer, open_session(peer.port) as (_, heard):
        assert heard.closed().key is None


OPEN_ORDER = text(5, 7, 756733, "SPY", "STK", "", 0, "?", "", "SMART", "USD", "SPY", "SPY", "BUY", "DU1234567")
"""Cut short in the middle, as by a gateway of another age."""


@pytest.mark.parametrize(("bad", "number", "name"), [(OPEN_ORDER, 5, "OPEN_ORDER"), (text(1, 6), 1, "TICK_PRICE")])
def test_a_message_that_nobody_needs_and_that_cannot_be_decoded_is_dropped_and_told(
    bad: bytes, number: int, name: str
) -> None:
    with Peer(then(bad * 3, CURRENT_TIME, MARK)) as peer, open_session(peer.port) as (_, heard):
        marked(heard)
        dropped = heard.all(MessageUndecodable)
        assert [(event.number, event.name, event.library) for event in dropped] == [(number, name, LIBRARY)] * 3
        assert dropped[0].error
        assert "1234567" not in repr(heard.events[-5:])
        assert len(heard.all(TimeAnswered)) == 1
        assert not heard.all(CallbackFailed)
        assert not heard.all(SessionClosed)
        assert {told.code for told in heard.all(NoticeReceived)} == {2108}, "ibapi's 506 would quote the message"


def test_an_oversize_message_ends_the_session_before_it_is_received() -> None:
    def oversize(line: Line) -> None:
        line.ready()
        line.send(struct.pack(">I", 17_000_000) + b"4\0")
        line.until_gone()

    with Peer(oversize) as peer, open_session(peer.port) as (_, heard):
        closed = heard.closed(2.0)
        assert closed.ending is Ending.PROTOCOL
        assert "17000000 bytes" in closed.detail


# -- losing the gateway ----------


def test_a_fin_is_seen_at_once() -> None:
    def leave(line: Line) -> None:
        line.ready()
        line.frame()  # until asked

    with Peer(leave) as peer, open_session(peer.port) as (session, heard):
        heard.first(NextIdReceived)
        session.ping()
        closed = heard.closed(2.0)
        assert closed.ending is Ending.CLOSED
        assert closed.detail == "the gateway closed the connection"


def test_a_fin_inside_a_message_says_so() -> None:
    with Peer(then(CURRENT_TIME[:7], close=True)) as peer, open_session(peer.port) as (_, heard):
        assert heard.closed() == SessionClosed(1, Ending.CLOSED, "the gateway closed the connection inside a message")


def test_an_rst_is_a_reset() -> None:
    def reset(line: Line) -> None:
        line.ready()
        line.frame()
        line.reset()

    with Peer(reset) as peer, open_session(peer.port) as (session, heard):
        heard.first(NextIdReceived)
        session.ping()
        assert heard.closed(2.0).ending is Ending.RESET


def test_a_silent_gateway_is_left_alone_until_it_is_closed_and_then_the_fin_leaves_at_once() -> None:
    gone = threading.Event()

    def freeze(line: Line) -> None:
        line.ready()
        line.until_gone()
        gone.set()

    with Peer(freeze) as peer, open_session(peer.port) as (session, heard):
        heard.first(NextIdReceived)
        session.close()
        assert gone.wait(0.5), "the FIN left late"
        assert heard.closed(1.0).ending is Ending.ASKED


# -- our own faults ----------


def test_an_exception_in_a_callback_is_told_and_the_session_goes_on() -> None:
    def fail_on_time(heard: Heard, event: SessionEvent) -> None:
        if isinstance(event, TimeAnswered):
            raise KeyError("ours")

    with Peer(then(CURRENT_TIME, MARK)) as peer, open_session(peer.port, post=fail_on_time) as (_, heard):
        marked(heard)
        assert heard.all(CallbackFailed) == [CallbackFailed(1, "currentTime", "KeyError: 'ours'")]


@pytest.mark.parametrize(
    "kind", [PortOpened, HandshakeDone, TrafficSeen, NoticeReceived, AccountsReceived, ProbeAnswered]
)
def test_an_exception_at_any_telling_is_survived(kind: type[SessionEvent]) -> None:
    def fail(heard: Heard, event: SessionEvent) -> None:
        if isinstance(event, kind) and not heard.all(CallbackFailed):
            raise RuntimeError("ours")

    with SimulatedGateway() as gateway, open_session(gateway.port, post=fail) as (session, heard):
        heard.first(NextIdReceived)
        session.probe(5)
        session.ping()
        heard.first(TimeAnswered)
        wait_until(lambda: len(heard.all(CallbackFailed)) == 1)


def test_a_fault_that_cannot_be_told_ends_the_session_as_callback(caplog: pytest.LogCaptureFixture) -> None:
    def broken(heard: Heard, event: SessionEvent) -> None:
        if not isinstance(event, SessionClosed):
            raise RuntimeError("ours")

    with Peer(then()) as peer, open_session(peer.port, post=broken) as (_, heard):
        assert heard.closed().ending is Ending.CALLBACK


def test_an_end_that_cannot_be_told_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    def broken(heard: Heard, event: SessionEvent) -> None:
        if isinstance(event, SessionClosed) and not caplog.records:
            heard.post(event)  # for the checks of `open_session`
            raise RuntimeError("ours")

    with (
        Peer(then(close=True)) as peer,
        caplog.at_level(logging.ERROR),
        open_session(peer.port, post=broken) as (_, heard),
    ):
        heard.closed()
        wait_until(lambda: "could not be told" in caplog.text)


# -- the cost ----------


def test_a_session_is_one_thread() -> None:
    with Peer(then()) as peer:
        before = threading.active_count()
        with open_session(peer.port) as (_, heard):
            heard.first(NextIdReceived)
            assert [thread.name for thread in threading.enumerate() if thread.name.startswith("session-")] == [
                "session-gateway-1"
            ]
            assert threading.active_count() == before + 2  # the other one is the peer's


def test_an_idle_session_does_not_wake() -> None:
    with Peer(then()) as peer, open_session(peer.port) as (_, heard):
        heard.first(NextIdReceived)
        (thread,) = (thread for thread in threading.enumerate() if thread.name.startswith("session-"))
        status = Path(f"/proc/self/task/{thread.native_id}/status")

        def switches() -> int:
            return sum(int(line.split()[1]) for line in status.read_text().splitlines() if "ctxt_switches" in line)

        wait_until(lambda: "S (sleeping)" in status.read_text())
        before = switches()
        threading.Event().wait(1.0)  # in which ibapi alone would wake 5 times and more
        assert switches() - before <= 1


def test_a_value_that_cannot_be_decoded_is_not_quoted() -> None:
    with Peer(then(text(9, 1, "DU1234567 and more"))) as peer, open_session(peer.port) as (_, heard):
        closed = heard.closed()
        assert closed.ending is Ending.PROTOCOL
        said = f"{LIBRARY} cannot decode message 9 (NEXT_VALID_ID): ValueError: invalid literal for int()"
        assert closed.detail == f"{said} with base 10"
