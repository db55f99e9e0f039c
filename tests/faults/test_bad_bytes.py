"""Bytes that no gateway should send cost at most the session, and no good message is ever lost."""

import pytest

from tests.faults.site import Place, Site

MEMORY = 50 * 1024 * 1024
"""How much the daemon's memory may differ from where it was."""
ANOTHER_PROTOCOL = ("length_prefix", "http", "bad_protobuf")
NOT_NEEDED = {"truncated": "TICK_PRICE", "decimal": "HISTORICAL_DATA"}
"""What cannot be decoded, and what ibapi calls it."""
HARMLESS = ("zero_length", "unknown_id")


@pytest.mark.parametrize("mode", ANOTHER_PROTOCOL)
def test_what_is_no_message_costs_the_session_at_once(at: Place, mode: str) -> None:
    at.do("garbage", mode=mode)
    at.until(lambda: at.losses == {"protocol": 1})
    at.wait_up()
    assert (at.epoch, at.failures) == (2, {})
    assert "not the protocol of TWS" in " ".join(at.said("session lost"))


def test_a_needed_message_that_cannot_be_decoded_costs_the_session_and_is_named(at: Place) -> None:
    at.do("garbage", mode="non_numeric")
    at.until(lambda: at.losses == {"protocol": 1})
    at.wait_up()
    (line,) = at.said("session lost")
    assert "cannot decode message 49 (CURRENT_TIME)" in line
    assert "another program listens there" not in line


@pytest.mark.parametrize(("mode", "name"), NOT_NEEDED.items())
def test_a_message_that_nobody_needs_and_that_cannot_be_decoded_is_counted_and_costs_nothing(
    at: Place, mode: str, name: str
) -> None:
    for _ in range(3):
        at.do("garbage", mode=mode)
    at.until(lambda: at.counted("ib_messages_undecodable_total", "message") == {name: 3})
    assert (at.epoch, at.losses, at.metric("ib_up")) == (1, {}, 1)
    (line,) = at.said("cannot decode message", name)
    assert "is not needed and was dropped" in line


@pytest.mark.parametrize("mode", HARMLESS)
def test_what_says_nothing_costs_nothing(at: Place, mode: str) -> None:
    for _ in range(10):
        at.do("garbage", mode=mode)
    at.notice(2104, "Market data farm connection is OK:afterwards")
    at.until(lambda: at.metric("ib_farm_up", farm="afterwards") == 1)
    assert (at.epoch, at.losses) == (1, {})


def test_a_message_without_its_end_costs_at_most_the_session(at: Place) -> None:
    at.do("garbage", mode="no_nul")
    at.notice(2104, "Market data farm connection is OK:afterwards")
    at.until(lambda: at.losses == {"protocol": 1} or at.metric("ib_farm_up", farm="afterwards") == 1)
    at.wait_up()


def test_a_message_of_17_megabytes_costs_the_session_and_no_memory(site: Site, at: Place) -> None:
    for turn in range(1, 5):
        at.do("oversize", size=17_000_000)
        at.until(lambda turn=turn: at.losses == {"protocol": turn})  # type: ignore[misc]
        at.wait_up()
    assert abs(at.daemon.memory() - site.memory) < MEMORY
    assert max(len(line) for line in at.log) < 2000, "nor does its payload reach the log"


def test_the_longest_message_that_is_allowed_is_read(site: Site, at: Place) -> None:
    at.notice(2104, "x" * 4_000_000)
    at.notice(2104, "Market data farm connection is OK:afterwards")
    at.until(lambda: at.metric("ib_farm_up", farm="afterwards") == 1)
    assert (at.epoch, at.losses) == (1, {})
    assert abs(at.daemon.memory() - site.memory) < MEMORY


def test_no_message_is_lost_by_reads_of_exactly_4096_bytes(at: Place) -> None:
    heard = at.messages
    sent = 0
    for _ in range(5):
        sent += int(at.do("burst_4096", quiet=0.3)["frames"])
    at.until(lambda: at.messages == heard + sent)
    assert (at.epoch, at.losses, at.metric("ib_up")) == (1, {}, 1)


def test_a_flood_of_notices_costs_nothing(site: Site, at: Place) -> None:
    heard = at.messages
    at.do("notice", code=2104, text="Market data farm connection is OK:usfarm", times=8_000, every=0)
    dropped = site.daemon.metric("ib_supervisor_events_dropped_total") or 0
    at.until(lambda: at.messages + (site.daemon.metric("ib_supervisor_events_dropped_total") or 0) >= heard + 8_000)
    assert (at.epoch, at.losses, at.metric("ib_up")) == (1, {}, 1)
    assert dropped >= 0
    assert abs(at.daemon.memory() - site.memory) < MEMORY


def test_a_handshake_in_two_pieces_is_a_handshake(site: Site) -> None:
    gateway = site.gateway()
    gateway.do("split_handshake", gap=0.3)
    at = site.add(site.new_name(), gateway)
    assert at.failures == {}


def test_what_comes_with_the_handshake_is_heard(site: Site) -> None:
    gateway = site.gateway()
    gateway.do("greeting_with_handshake")
    at = site.add(site.new_name(), gateway)
    assert at.failures == {}
    assert set(at.metrics("ib_farm_up", "farm")) == {"usfarm", "ushmds", "secdefnj"}


def test_a_notice_before_the_handshake_does_no_harm(site: Site) -> None:
    gateway = site.gateway()
    gateway.do("error_before_handshake")
    at = site.add(site.new_name(), gateway)
    assert at.failures == {}


def test_answers_that_come_byte_by_byte_are_answers(site: Site) -> None:
    gateway = site.gateway()
    gateway.do("slow_writes", gap=0.001, bytes=7)
    at = site.add(site.new_name(), gateway)
    assert at.failures == {}


def test_odd_texts_never_become_odd_labels(site: Site, at: Place) -> None:
    texts = [
        "",
        ":",
        "Market data farm connection is broken:" + "y" * 5000,
        'Market data farm connection is broken:a"b\\c\n',
        "\x00\x1b[31m" + "ü" * 300,
        "市场数据农场连接中断：usfarm",
    ]
    for code in (2103, 2105, 2157, 1100, 1102, 2172, 10197, 162, 326, 501, 99999):
        for text in texts:
            at.notice(code, text.replace("\x00", " "))
    at.until(lambda: at.metric("ib_messages_total", code="other") == len(texts))
    assert (at.epoch, at.losses) == (1, {})
    at.notice(1300, texts[2])
    at.until(lambda: at.losses == {"port_change": 1})
    at.wait_up()
    assert max(map(len, at.metrics("ib_farm_up", "farm")), default=0) <= 64
    assert not [line for line in site.daemon.log if "\x1b" in line]


def test_three_hundred_farms_are_two_hundred_and_a_count(at: Place) -> None:
    for number in range(300):
        at.notice(2104, f"Market data farm connection is OK:farm{number}")
    at.until(lambda: at.metric("ib_farms_untracked_total") == 103, what="three were there before")
    assert len(at.metrics("ib_farm_up", "farm")) == 200
