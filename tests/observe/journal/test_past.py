"""Sessions, restarts, words and events of a period, read back from a journal."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from supervisor.core.explain.report import Level
from supervisor.observe.journal import past
from supervisor.observe.journal.journal import Journal
from supervisor.observe.journal.past import Wanted
from supervisor.observe.journal.place import HistoryError, place_of
from tests.observe.journal_help import told

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    found = Journal(tmp_path / "journal.db")
    found.open()
    yield found
    found.close(5.0)


def place(journal: Journal, tmp_path: Path) -> str:
    assert journal.close(5.0)
    return place_of(tmp_path / "journal.db")


def wanted(*gateways: str, limit: int = 100, level: Level = Level.INFO) -> Wanted:
    return Wanted(NOON, NOON + 60 * MINUTE, gateways or None, limit, level)


def test_sessions_are_newest_first_each_with_its_end(journal: Journal, tmp_path: Path) -> None:
    journal.record("live", NOON, told("ready", "session_ready", epoch=1, server_version=187))
    journal.record("paper", NOON + MINUTE, told("ready", "session_ready", epoch=9, server_version=187))
    journal.record("live", NOON + 5 * MINUTE, told("lost", "session_lost", reason="reset", planned=True))
    journal.record("live", NOON + 6 * MINUTE, told("ready", "session_ready", epoch=2, server_version=187))
    journal.record("live", NOON + 9 * MINUTE, told("ready", "session_ready", epoch=3, server_version=187))
    found = past.sessions(place(journal, tmp_path), wanted("live"))
    assert [(session.epoch, session.lost, session.reason, session.planned) for session in found] == [
        (3, None, None, None),
        (2, None, None, None),
        (1, NOON + 5 * MINUTE, "reset", True),
    ]


def test_lists_have_at_most_as_many_rows_as_are_asked_for_the_newest(journal: Journal, tmp_path: Path) -> None:
    for minute in range(5):
        journal.record("live", NOON + minute * MINUTE, told("x", "restart", result="in_time"))
    found = past.restarts(place(journal, tmp_path), wanted("live", limit=2))
    assert [restart.at for restart in found] == [NOON + 4 * MINUTE, NOON + 3 * MINUTE]


def test_what_a_gateway_said_is_counted(journal: Journal, tmp_path: Path) -> None:
    for minute in range(3):
        journal.heard("live", NOON + minute * MINUTE, 1100, "lost")
    journal.heard("paper", NOON, 2104, "fine")
    (said,) = past.said(place(journal, tmp_path), wanted("live"))
    assert (said.code, said.text, said.times) == (1100, "lost", 3)
    assert (said.began, said.last) == (NOON, NOON + 2 * MINUTE)


def test_events_have_a_lowest_level_and_those_of_the_daemon_are_of_no_gateway(journal: Journal, tmp_path: Path) -> None:
    journal.record("live", NOON, told("quiet", level=Level.DEBUG))
    journal.record("live", NOON + MINUTE, told("loud", level=Level.WARNING))
    journal.record("", NOON + 2 * MINUTE, told("reloaded"))
    journal.record("live", NOON + 90 * MINUTE, told("later"))
    where = place(journal, tmp_path)

    def texts(asked: Wanted) -> list[str]:
        return [record.text for record, _ in past.events(where, asked)]

    assert texts(wanted()) == ["reloaded", "loud"]
    assert texts(wanted("live", level=Level.DEBUG)) == ["loud", "quiet"]
    assert texts(wanted("live", level=Level.ERROR)) == []


def test_a_journal_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(HistoryError, match="cannot be read"):
        past.events(f"file:{tmp_path}/none.db?mode=ro", wanted())
