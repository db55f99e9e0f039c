"""What else the gateway says, and what follows."""

from datetime import UTC, datetime
from functools import partial

import pytest

from supervisor.core.explain.narrator import REMEMBERED, Narrator
from supervisor.core.explain.report import Level
from supervisor.core.model.cause import CauseKey
from supervisor.core.model.events import Ending, MessageUndecodable, PortOpened, SessionClosed
from supervisor.core.model.policy import Timing
from supervisor.core.model.records import NoticeHeard
from supervisor.core.model.vocabulary import Phase
from tests.core.driver import World, policy

SLOW = policy(timing=Timing(heartbeat_interval=60.0))
OLD = "Your version of the application 10.19.2 will be desupported on 20270301. Please upgrade to 10.30 or higher."


def test_every_code_is_counted_under_its_number_and_unknown_ones_as_other() -> None:
    world = World().up()
    for code in (1100, 1100, 2104, 987654, 2199, 987654):
        world.notice(code, "x")
    assert world.snapshot.counters.messages == {"1100": 2, "2104": 1, "other": 3}


@pytest.mark.parametrize(("code", "level"), [(2199, Level.INFO), (987654, Level.WARNING)])
def test_an_unknown_code_changes_nothing_and_is_told_once_an_hour(code: int, level: Level) -> None:
    world = World(SLOW).up()
    for _ in range(3):
        world.notice(code, "what is this")
    assert world.word() == "up"
    assert [tell.level for tell in world.tells("notice")] == [level]
    world.run(3601)
    world.notice(code, "what is this")
    assert len(world.tells("notice")) == 2


def test_how_many_codes_are_remembered_is_bounded() -> None:
    narrator = Narrator()
    codes = range(500000, 500000 + REMEMBERED + 1)
    assert all(narrator.tell(NoticeHeard(code, -1, "x"), 0.0) for code in codes)
    assert narrator.tell(NoticeHeard(codes[-1], -1, "x"), 1.0) is None
    assert narrator.tell(NoticeHeard(codes[0], -1, "x"), 1.0) is not None, "the oldest was forgotten"


def test_an_undecodable_message_is_counted_and_told_once_an_hour_and_changes_nothing() -> None:
    world = World(SLOW).up()
    before = world.snapshot.epoch
    for _ in range(3):
        world.say(MessageUndecodable, 5, "OPEN_ORDER", "ibapi 10.30.1", "ValueError")
    assert (world.word(), world.snapshot.epoch) == ("up", before)
    assert world.snapshot.counters.undecodable == {"OPEN_ORDER": 3}
    (told,) = world.tells("undecodable")
    assert told.text == (
        "ibapi 10.30.1 cannot decode message 5 (OPEN_ORDER), which is not needed and was dropped: ValueError"
    )
    world.run(3601)
    world.say(MessageUndecodable, 5, "OPEN_ORDER", "ibapi 10.30.1", "ValueError")
    assert len(world.tells("undecodable")) == 2


def test_undecodable_messages_have_at_most_forty_names_and_the_others_are_other() -> None:
    world = World(SLOW).up()
    for number in (*range(1000, 1050), 1000):
        world.say(MessageUndecodable, number, "", "ibapi 10.30.1", "ValueError")
    counts = world.snapshot.counters.undecodable
    assert (counts["1000"], counts["1039"], counts["other"], len(counts)) == (2, 1, 10, 41)


def test_a_needed_message_that_cannot_be_decoded_is_not_told_as_another_program() -> None:
    world = World(SLOW).up()
    what = "message 49, CURRENT_TIME, by ibapi 10.30.1"
    world.say(SessionClosed, Ending.PROTOCOL, "cannot", CauseKey.UNDECODABLE, what)
    (lost,) = world.tells("session_lost")
    assert f"cannot be decoded ({what})" in lost.text
    assert lost.fields["reason"] == "protocol"


def test_a_request_that_cannot_be_encoded_is_told_as_a_fault_of_this_side() -> None:
    world = World(SLOW).up()
    world.say(SessionClosed, Ending.CALLBACK, "cannot", CauseKey.UNENCODABLE, "ibapi 10.46.1")
    (lost,) = world.tells("session_lost")
    assert "cannot be made (ibapi 10.46.1): the fault is on this side" in lost.text
    assert lost.fields["reason"] == "callback"


def test_an_end_on_this_machine_is_not_told_as_the_gateways_doing() -> None:
    world = World(SLOW).up()
    world.say(SessionClosed, Ending.ERROR, "Bad file descriptor")
    (lost,) = world.tells("session_lost")
    assert "failed on this machine" in lost.text
    assert "closed the session" not in lost.text


def test_a_competing_session_is_shown_while_it_is_heard_of_and_five_minutes_more() -> None:
    world = World().up()
    assert world.snapshot.competing is None
    world.notice(10197, "No market data during competing live session")
    assert world.snapshot.competing is True
    assert "logged in elsewhere" in world.tells("notice")[0].text
    world.run(299)
    assert world.snapshot.competing is True
    world.run(2)
    assert world.snapshot.competing is False
    assert world.word() == "up"


@pytest.mark.parametrize("code", [162, 420, 10189])
def test_another_ip_address_is_a_competing_session_too(code: int) -> None:
    world = World().up()
    world.notice(code, "Trading TWS session is connected from a different IP address")
    assert world.snapshot.competing is True


@pytest.mark.parametrize(
    ("code", "text", "words"),
    [
        (100, "Max rate of messages per second has been exceeded", "too many messages"),
        (0, "Warning: Approaching max rate of 50 messages per second", "too many messages"),
        (321, "The API interface is currently in Read-Only mode.", "read-only mode"),
    ],
)
def test_warnings_are_told_with_their_cause(code: int, text: str, words: str) -> None:
    world = World().up()
    world.notice(code, text)
    assert words in world.tells("notice")[0].text
    assert world.word() == "up"


def test_desupport_is_a_day_and_survives_a_restart_of_the_daemon() -> None:
    world = World().up()
    world.notice(2172, OLD)
    assert world.snapshot.desupported_on == datetime(2027, 3, 1, tzinfo=UTC)
    assert "10.30" in world.tells("notice")[0].text
    heir = world.heir(after=60).start().run(1)
    assert heir.snapshot.desupported_on == datetime(2027, 3, 1, tzinfo=UTC)


def test_desupport_without_a_day_is_told_but_no_day_is_shown() -> None:
    world = World().up()
    world.notice(2172, "bald nicht mehr")
    assert world.snapshot.desupported_on is None
    assert len(world.tells("notice")) == 1


def test_desupport_is_cleared_by_a_later_server_version() -> None:
    world = World().up()
    world.notice(2172, OLD)
    world.run(100)
    world.drop()
    world.run(1)
    assert world.snapshot.desupported_on is not None
    world.run(100)
    world.peer.server_version = 203
    world.drop()
    world.run(1)
    assert world.snapshot.desupported_on is None


def test_desupport_is_cleared_by_a_restart_and_a_day_without_2172() -> None:
    world = World(SLOW).up()
    world.notice(2172, OLD)
    world.run(100000)
    assert world.snapshot.desupported_on is not None, "the same session: nothing was restarted"
    world.drop()
    world.run(1)
    assert world.snapshot.desupported_on is None
    world = World(SLOW).up()
    world.notice(2172, OLD)
    world.run(3600)
    world.drop()
    world.run(80000)
    assert world.snapshot.desupported_on is not None
    world.run(3600)
    assert world.snapshot.desupported_on is None


def test_326_in_the_handshake_ends_the_attempt() -> None:
    world = World()
    world.peer.taken = {911}
    world.start().run(0.01)
    assert world.failures() == {"client_id_in_use": 1}
    assert world.phase is Phase.BACKOFF
    assert world.closes()
    assert "Another program" in world.tells("attempt_failed")[0].text


@pytest.mark.parametrize("code", [501, 507, 531, 593])
def test_what_the_client_library_says_is_counted_and_is_no_word_of_the_gateway(code: int) -> None:
    world = World().up()
    world.run(1)
    heard = world.state.last_message
    world.run(0.4)
    world.notice(code, "x" * 100000)
    assert world.state.last_message == heard
    assert sum(world.snapshot.counters.messages.values()) == 1
    assert len(world.tells("notice")) == 1
    assert len(world.tells("notice")[0].text) < 1000


def test_165_and_other_talk_change_nothing() -> None:
    world = World().up()
    world.notice(165, "Historical Market Data Service query message:HMDS server disconnect occurred.")
    world.notice(202, "Order Canceled")
    assert world.word() == "up"


def test_the_last_message_is_the_last_word_of_the_gateway() -> None:
    world = World().up()
    world.run(1)
    world.traffic()
    assert world.snapshot.last_message == world.now.wall


def test_the_cause_names_each_address_of_a_name_and_its_end() -> None:
    world = World(SLOW)
    world.peer.port = "lost"
    world.start()
    refused = "192.0.2.1 (Connection refused), 192.0.2.2 (Connection refused)"
    world.say(partial(SessionClosed, tried=refused), Ending.REFUSED)
    assert f"Tried were {refused}." in world.why
    world.run(2)
    world.say(PortOpened, "192.0.2.1 (Connection timed out), 192.0.2.2", False)
    world.say(SessionClosed, Ending.CLOSED)
    assert "Tried were 192.0.2.1 (Connection timed out), 192.0.2.2 (closed)." in world.why
    assert world.failures() == {"refused": 1, "closed": 1}
