"""What gateways say is counted in the journal, however often it is told."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from supervisor.observe.journal.journal import WAITING_AT_MOST, Journal
from supervisor.observe.journal.notices import DISTINCT, OTHER_WORDS
from supervisor.observe.journal.schema import MIGRATIONS
from tests.observe.journal_help import AT, rows, told
from tests.waiting import wait_until

COUNTED = "SELECT gateway, code, text, times FROM notices ORDER BY gateway, code, text"
SECOND = timedelta(seconds=1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture
def journal(path: Path) -> Iterator[Journal]:
    opened = Journal(path, retry=0.05)
    opened.open()
    yield opened
    opened.close(5.0)


def test_a_night_of_833_times_1100_is_one_row(path: Path, journal: Journal) -> None:
    for number in range(833):
        journal.heard("live", AT + number * SECOND, 1100, "lost")
    assert journal.close(5.0)
    assert rows(path, COUNTED) == [("live", 1100, "lost", 833)]
    assert rows(path, "SELECT at, last_at FROM notices") == [
        ("2026-11-21T04:33:39.123456Z", "2026-11-21T04:47:31.123456Z")
    ]


def test_words_gateways_and_codes_are_told_apart(path: Path, journal: Journal) -> None:
    for gateway, code, text in (
        ("a", 2103, "x"),
        ("a", 2103, "y"),
        ("a", 2105, "x"),
        ("b", 2103, "x"),
        ("a", 2103, "x"),
    ):
        journal.heard(gateway, AT, code, text)
    assert journal.close(5.0)
    assert rows(path, COUNTED) == [("a", 2103, "x", 2), ("a", 2103, "y", 1), ("a", 2105, "x", 1), ("b", 2103, "x", 1)]


def test_text_is_one_short_line_without_account_numbers(path: Path, journal: Journal) -> None:
    journal.heard("live", AT, 321, "account U1234567\n" + "x" * 10_000_000 + "\ud800")
    assert journal.close(5.0)
    ((text,),) = rows(path, "SELECT text FROM notices")
    assert text.startswith("account U***67 xxx")
    assert len(text) <= 300


def test_ever_other_words_do_not_fill_the_disk(path: Path, journal: Journal) -> None:
    for number in range(DISTINCT + 5):
        journal.heard("live", AT, 399, f"order {number}")
    journal.heard("live", AT, 200, "no such contract")
    journal.heard("paper", AT, 200, "no such contract")
    assert journal.close(5.0)
    assert rows(path, "SELECT count(*) FROM notices WHERE code = 399") == [(DISTINCT + 1,)]
    assert rows(path, f"SELECT code, times FROM notices WHERE text = '{OTHER_WORDS}' ORDER BY code") == [
        (200, 1),
        (399, 5),
    ]
    assert ("paper", 200, "no such contract", 1) in rows(path, COUNTED)


def test_what_was_heard_while_the_file_was_locked_is_counted_after_it(path: Path, journal: Journal) -> None:
    journal.heard("live", AT, 1100, "lost")
    wait_until(lambda: rows(path, COUNTED))
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        journal.heard("live", AT + SECOND, 1100, "lost")
        wait_until(lambda: journal.errors)
        journal.heard("live", AT + 2 * SECOND, 1100, "lost")
        other.execute("ROLLBACK")
    wait_until(lambda: rows(path, COUNTED) == [("live", 1100, "lost", 3)])


def test_memory_is_bounded_while_the_file_cannot_be_written(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "missing" / "journal.db")
    for number in range(WAITING_AT_MOST + 7):
        journal.heard("live", AT, 399, str(number))
    journal.heard("live", AT, 399, "0")
    assert journal.lost == 7
    assert not journal.close()


def test_retention_covers_what_was_heard(path: Path, journal: Journal) -> None:
    journal.heard("live", AT, 1100, "lost")
    journal.heard("live", AT + 10 * SECOND, 1101, "back")
    journal.prune(AT + SECOND)
    wait_until(lambda: rows(path, COUNTED) == [("live", 1101, "back", 1)])


def test_the_notices_of_an_older_file_are_kept(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as older:
        for statements in MIGRATIONS[:2]:
            for statement in statements:
                older.execute(statement)
        older.execute("PRAGMA user_version = 2")
        older.execute(
            "INSERT INTO events (at, gateway, level, kind, text, fields, times, last_at)"
            " VALUES (1, 'live', 20, 'notice', '2119: connecting', '{\"code\": 2119}', 3, 5)"
        )
    journal = Journal(path)
    journal.open()
    journal.record("live", AT, told("x"))
    assert journal.close(5.0)
    assert rows(path, COUNTED) == [("live", 2119, "2119: connecting", 3)]
