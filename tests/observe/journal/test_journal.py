"""The journal in good weather: what is handed over is in the file soon, and read back at the next start."""

import json
import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from supervisor.core.explain.report import Level
from supervisor.core.model.facts import Facts
from supervisor.observe.journal.journal import Journal
from supervisor.observe.journal.place import APPLICATION_ID
from supervisor.observe.journal.schema import MIGRATIONS, migrate
from tests.observe.journal_help import AT, kept, rows, texts, told
from tests.waiting import wait_until

Begin = Callable[..., Journal]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture
def begin() -> Iterator[Begin]:
    """Makes journals that end with the test."""
    journals: list[Journal] = []

    def make(path: Path | None, **more: Any) -> Journal:
        journals.append(Journal(path, **more))
        return journals[-1]

    yield make
    for journal in journals:
        journal.close(5.0)


def test_facts_survive_a_restart(path: Path, begin: Begin) -> None:
    facts = Facts(known=True, highest_order_id=42, login_proven_at=AT)
    first = begin(path)
    assert first.open() == {}
    first.keep("live", facts)
    first.keep("paper", Facts(paused=True))
    assert first.close()
    assert begin(path).open() == {"live": facts, "paper": Facts(paused=True)}


def test_the_newest_facts_win(path: Path, begin: Begin) -> None:
    journal = begin(path)
    journal.open()
    for number in range(1000):
        journal.keep("live", Facts(highest_order_id=number))
    assert journal.close()
    assert kept(path) == {"live": Facts(highest_order_id=999)}


def test_what_is_kept_or_told_is_in_the_file_within_a_second(path: Path, begin: Begin) -> None:
    journal = begin(path)
    journal.open()
    begun = time.monotonic()
    for number in range(5):
        journal.keep("live", Facts(highest_order_id=number))
        journal.record("live", AT, told(f"event {number}"))
        wait_until(lambda n=number: kept(path) == {"live": Facts(highest_order_id=n)})  # type: ignore[misc]
        wait_until(lambda n=number: len(texts(path)) == n + 1)  # type: ignore[misc]
    assert time.monotonic() - begun < 5.0


def test_an_event_is_readable_for_people_and_for_programs(path: Path, begin: Begin) -> None:
    journal = begin(path)
    journal.open()
    journal.record("live", AT, told("of DU1234567", "notice", Level.WARNING, code=1100, account="U7654321", x=None))
    journal.record("live", datetime(1969, 7, 20, tzinfo=UTC), told("before all clocks"))
    assert journal.close()
    (said,) = rows(path, "SELECT at, gateway, level, kind, text, fields, times FROM log WHERE id = 1")
    assert said[:5] == ("2026-11-21T04:33:39.123456Z", "live", "warning", "notice", "of DU***67")
    assert json.loads(said[5]) == {"code": 1100, "account": "U***21", "x": None}
    assert said[6] == 1
    assert rows(path, "SELECT at FROM events WHERE id = 1") == [(int(AT.timestamp()) * 1_000_000 + 123456,)]


def test_an_id_is_never_used_twice(path: Path, begin: Begin) -> None:
    first = begin(path)
    first.open()
    first.record("live", AT, told("old"))
    assert first.close()
    second = begin(path)
    second.open()
    second.prune(AT + timedelta(seconds=1))
    wait_until(lambda: texts(path) == [])
    second.record("live", AT, told("new"))
    assert second.close()
    assert rows(path, "SELECT id, text FROM events") == [(2, "new")]


def test_pruning_forgets_old_events_bit_by_bit_and_no_facts(path: Path, begin: Begin) -> None:
    journal = begin(path)
    journal.open()
    journal.keep("live", Facts(known=True))
    for number in range(5000):
        journal.record("live", AT - timedelta(days=1), told(f"old {number}"))
    journal.record("live", AT, told("at the edge"))
    journal.prune(AT)
    wait_until(lambda: texts(path) == ["at the edge"])
    assert kept(path) == {"live": Facts(known=True)}
    assert journal.errors == 0


def test_a_journal_in_memory_leaves_no_file(tmp_path: Path, begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    journal = begin(None)
    assert journal.open() == {}
    journal.keep("live", Facts(known=True))
    journal.record("live", AT, told("x"))
    journal.prune(AT)
    assert journal.close()
    assert journal.errors == 0
    assert list(tmp_path.iterdir()) == []


def test_handing_over_is_fast(path: Path, begin: Begin) -> None:
    journal = begin(path)
    journal.open()
    begun = time.monotonic()
    for number in range(10_000):
        journal.keep("live", Facts(highest_order_id=number))
        journal.record("live", AT, told("x", code=1100))
    assert time.monotonic() - begun < 5.0  # 50 times what it takes


def test_threads_may_hand_over_at_once(path: Path, begin: Begin) -> None:
    journal = begin(path)
    journal.open()

    def hand_over(gateway: str) -> None:
        for number in range(500):
            journal.keep(gateway, Facts(highest_order_id=number))
            journal.record(gateway, AT, told(f"{gateway} {number}"))

    threads = [threading.Thread(target=hand_over, args=(f"gateway-{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert journal.close(30.0)
    assert kept(path) == {f"gateway-{n}": Facts(highest_order_id=499) for n in range(8)}
    assert sorted(texts(path)) == sorted(f"gateway-{n} {number}" for n in range(8) for number in range(500))


def test_readers_see_whole_commits_and_hold_nothing_up(path: Path, begin: Begin) -> None:
    journal = begin(path)
    journal.open()
    journal.record("live", AT, told("0"))
    wait_until(lambda: texts(path) == ["0"])
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM events").fetchone() == (1,)
        for number in range(1, 6):
            journal.record("live", AT, told(str(number)))
            wait_until(lambda n=number: len(texts(path)) == n + 1)  # type: ignore[misc]
        assert reader.execute("SELECT count(*) FROM events").fetchone() == (1,)
    assert journal.errors == 0


def test_closing_before_opening_and_twice_is_no_fault(path: Path, begin: Begin) -> None:
    assert begin(path).close()
    journal = begin(path)
    journal.open()
    journal.keep("live", Facts(known=True))
    assert journal.close()
    assert journal.close()


def test_what_is_handed_over_before_the_opening_is_written_after_it(path: Path, begin: Begin) -> None:
    journal = begin(path)
    journal.keep("live", Facts(known=True))
    journal.record("live", AT, told("early"))
    journal.open()
    wait_until(lambda: texts(path) == ["early"])
    assert kept(path) == {"live": Facts(known=True)}


def test_a_fact_or_an_event_without_a_form_is_left_out_alone(
    path: Path, begin: Begin, caplog: pytest.LogCaptureFixture
) -> None:
    journal = begin(path)
    journal.open()
    journal.record("live", AT.replace(tzinfo=None), told("at no instant"))
    journal.record("live", AT, told("half a sign: \ud800", number=float("nan"), half="\ud800"))
    journal.record("live", AT, told("good"))
    journal.keep("live", Facts(reauth_due=AT.replace(tzinfo=None)))
    journal.keep("paper", Facts(known=True))
    assert journal.close()
    assert texts(path) == ["half a sign: \\ud800", "good"]
    assert kept(path) == {"paper": Facts(known=True)}
    assert journal.errors == 0
    assert len([record for record in caplog.records if record.levelno == logging.ERROR]) == 2


def test_a_broken_record_is_skipped_with_a_warning_and_the_others_are_read(
    path: Path, begin: Begin, caplog: pytest.LogCaptureFixture
) -> None:
    first = begin(path)
    first.open()
    for gateway in ("live", "broken", "odd", "paper"):
        first.keep(gateway, Facts(known=True))
    assert first.close()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE facts SET facts = '{\"known\": 3}' WHERE gateway = 'broken'")
        connection.execute("UPDATE facts SET facts = x'ff00' WHERE gateway = 'odd'")
    assert begin(path).open() == {"live": Facts(known=True), "paper": Facts(known=True)}
    assert {"broken", "odd"} <= {word for record in caplog.records for word in record.getMessage().split()}


# -- the schema -------------------------------------------------------------------------------------------------------


def test_the_file_says_whose_it_is_and_how_far_it_was_migrated(path: Path, begin: Begin) -> None:
    begin(path).open()
    assert rows(path, "PRAGMA application_id") == [(APPLICATION_ID,)]
    assert rows(path, "PRAGMA user_version") == [(len(MIGRATIONS),)]
    assert rows(path, "PRAGMA journal_mode") == [("wal",)]
    assert rows(path, "SELECT key FROM meta") == [("created",), ("running",)]


def test_a_file_of_a_newer_daemon_is_read_and_written_as_it_is(path: Path, begin: Begin) -> None:
    first = begin(path)
    first.open()
    first.keep("live", Facts(known=True))
    assert first.close()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("ALTER TABLE events ADD COLUMN mood TEXT NOT NULL DEFAULT 'good'")
        connection.execute("CREATE TABLE moods (id INTEGER PRIMARY KEY)")
        connection.execute("PRAGMA user_version = 99")
    second = begin(path)
    assert second.open() == {"live": Facts(known=True)}
    second.record("live", AT, told("x"))
    assert second.close()
    assert texts(path) == ["x"]
    assert rows(path, "PRAGMA user_version") == [(99,)]


def test_a_migration_that_fails_leaves_the_file_as_it_was(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.set_authorizer(
            lambda action, name, *_: sqlite3.SQLITE_DENY if name == "events_kind" else sqlite3.SQLITE_OK
        )
        with pytest.raises(sqlite3.DatabaseError):
            migrate(connection)
        connection.set_authorizer(None)
        assert connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
        migrate(connection)
        migrate(connection)
        assert connection.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)


def test_facts_that_did_not_change_are_not_written_again(path: Path, begin: Begin) -> None:
    first = begin(path)
    first.open()
    first.keep("live", Facts(known=True))
    assert first.close()
    before = rows(path, "SELECT updated FROM facts")
    journal = begin(path)
    journal.open()
    journal.keep("live", Facts(known=True))
    assert journal.close()
    assert rows(path, "SELECT updated FROM facts") == before
